//! `cruddur config`: the settings.

mod show;

use clap::Subcommand;

use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;

/// `cruddur config …`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show every setting: its value, where it comes from, and what it shadows
    ///
    /// Secrets are masked, and nothing is contacted. With --prod: what counts in production.
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
