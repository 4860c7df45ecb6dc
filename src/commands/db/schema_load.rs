//! `cruddur db schema-load`

use std::path::PathBuf;

use clap::Args;

use super::load::{SCHEMA, VariableArgs, load_confirmed};
use crate::commands::common::ConfirmArgs;
use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;

#[derive(Debug, Args)]
pub struct SchemaLoadArgs {
    /// The SQL file [default: the built-in db/schema.sql]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    variables: VariableArgs,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &SchemaLoadArgs) -> Result<()> {
    let file = (args.file.as_deref(), &SCHEMA);
    load_confirmed(cx, ui, file, &args.variables, &args.confirm).await
}
