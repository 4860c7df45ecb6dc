//! `cruddur local`: the stack.

mod exec;

use clap::Subcommand;

use crate::config::Target;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::Ui;

/// `cruddur local …`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a command with a stack of its own, gone when the command ends
    Exec(exec::ExecArgs),
}

impl Command {
    pub(super) async fn run(&self, cx: &Context, ui: &mut Ui) -> Result<()> {
        if cx.target() == Target::Prod {
            return Err(Error::usage(
                "cruddur local and --prod exclude each other: the local stack is local",
            ));
        }
        match self {
            Self::Exec(args) => exec::run(cx, ui, args).await,
        }
    }
}
