//! `cruddur config`: the settings.

mod show;

use clap::Subcommand;

use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;

/// `cruddur config …`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show every setting: its value, its source, and what it overrides
    ///
    /// Masks secrets and contacts nothing. With --prod, shows the production settings.
    #[command(after_help = show::EXAMPLES)]
    Show(show::ShowArgs),
}

impl Command {
    pub(super) async fn run(&self, cx: &Context, ui: &mut Ui) -> Result<()> {
        match self {
            Self::Show(args) => show::run(cx, ui, args).await,
        }
    }
}
