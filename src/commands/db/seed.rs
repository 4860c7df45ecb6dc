//! `cruddur db seed`

use std::path::PathBuf;

use clap::Args;

use super::load::{LoadArgs, SEED, load};
use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # three invented people
  cruddur db seed
  # a file with psql's variables
  cruddur db seed db/people.sql --set user1_name='Quinn Abara' --set user1_username=quinn";

#[derive(Debug, Args)]
pub struct SeedArgs {
    /// The SQL file [default: the built-in db/seed.sql]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    load: LoadArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &SeedArgs) -> Result<()> {
    load(cx, ui, (args.file.as_deref(), &SEED), &args.load).await
}
