//! `cruddur completions`

use clap::{Args, ValueEnum};

use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # for bash, where bash-completion finds it
  mkdir -p ~/.local/share/bash-completion/completions
  cruddur completions bash > ~/.local/share/bash-completion/completions/cruddur
  # for fish
  mkdir -p ~/.config/fish/completions
  cruddur completions fish > ~/.config/fish/completions/cruddur.fish";

/// A shell that completes command lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
}

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// bash, zsh, fish or powershell
    #[arg(value_name = "SHELL", hide_possible_values = true)]
    shell: Shell,
}

pub(super) async fn run(_cx: &Context, ui: &mut Ui, args: &CompletionsArgs) -> Result<()> {
    ui.data(match args.shell {
        Shell::Bash => include_str!("completions/cruddur.bash"),
        Shell::Zsh => include_str!("completions/cruddur.zsh"),
        Shell::Fish => include_str!("completions/cruddur.fish"),
        Shell::Powershell => include_str!("completions/cruddur.ps1"),
    })
}
