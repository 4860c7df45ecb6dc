//! `cruddur db schema-load`

use std::path::PathBuf;

use clap::Args;

use super::load::{LoadArgs, load};
use crate::commands::project::{BuiltInArgs, SCHEMA};
use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # the project's own db/schema.sql, or the built-in one if it has none
  cruddur db schema-load
  # the built-in one, even if the project has its own
  cruddur db schema-load --built-in
  # any other file
  cruddur db schema-load db/schema.sql";

#[derive(Debug, Args)]
pub struct SchemaLoadArgs {
    /// The SQL file [default: db/schema.sql here or in the nearest parent folder, else the built-in
    /// one]
    #[arg(value_name = "FILE", conflicts_with = "built_in")]
    file: Option<PathBuf>,
    #[command(flatten)]
    built_in: BuiltInArgs,
    #[command(flatten)]
    load: LoadArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &SchemaLoadArgs) -> Result<()> {
    let source = SCHEMA.read(args.file.as_deref(), args.built_in)?;
    load(cx, ui, source, &args.load).await
}
