//! `cruddur db seed`

use std::path::PathBuf;

use clap::Args;

use super::load::{LoadArgs, load};
use crate::commands::project::{BuiltInArgs, SEED};
use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # the project's own db/seed.sql, or three invented people if it has none
  cruddur db seed
  # a file that uses psql variables
  cruddur db seed db/people.sql --set user1_name='Quinn Abara' --set user1_username=quinn";

#[derive(Debug, Args)]
pub struct SeedArgs {
    /// The SQL file [default: db/seed.sql here or in the nearest parent folder, else the built-in
    /// one]
    #[arg(value_name = "FILE", conflicts_with = "built_in")]
    file: Option<PathBuf>,
    #[command(flatten)]
    built_in: BuiltInArgs,
    #[command(flatten)]
    load: LoadArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &SeedArgs) -> Result<()> {
    let source = SEED.read(args.file.as_deref(), args.built_in)?;
    load(cx, ui, source, &args.load).await
}
