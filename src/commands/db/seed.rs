//! `cruddur db seed`

use std::path::PathBuf;

use clap::Args;

use super::load::{SEED, VariableArgs, load_confirmed};
use crate::commands::common::ConfirmArgs;
use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;

#[derive(Debug, Args)]
pub struct SeedArgs {
    /// The SQL file [default: the built-in db/seed.sql]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    variables: VariableArgs,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &SeedArgs) -> Result<()> {
    let file = (args.file.as_deref(), &SEED);
    load_confirmed(cx, ui, file, &args.variables, &args.confirm).await
}
