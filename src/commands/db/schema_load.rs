//! `cruddur db schema-load`

use std::path::PathBuf;

use clap::Args;

use super::load::{LoadArgs, SCHEMA, load};
use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # the built-in schema
  cruddur db schema-load
  # a file of your own
  cruddur db schema-load db/schema.sql";

#[derive(Debug, Args)]
pub struct SchemaLoadArgs {
    /// The SQL file [default: the built-in db/schema.sql]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    load: LoadArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &SchemaLoadArgs) -> Result<()> {
    load(cx, ui, (args.file.as_deref(), &SCHEMA), &args.load).await
}
