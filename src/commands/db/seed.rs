//! `cruddur db seed`

use std::path::PathBuf;

use clap::Args;

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
    confirm: ConfirmArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &SeedArgs) -> Result<()> {
    let script = super::script(args.file.as_deref(), &super::SEED)?;
    super::load_confirmed(cx, ui, &script, &args.confirm).await
}
