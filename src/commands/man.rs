//! `cruddur man`

use std::path::{Path, PathBuf};

use clap::Args;
use clap_mangen::Man;

use crate::context::Context;
use crate::error::{Context as _, Error, Result};
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # one command's page; man -l shows it
  cruddur man ddb scan > cruddur-ddb-scan.1
  # all pages, where man finds them
  cruddur man --dir ~/.local/share/man/man1";

#[derive(Debug, Args)]
pub struct ManArgs {
    /// The command whose page to print [default: cruddur itself]
    #[arg(value_name = "COMMAND", conflicts_with = "dir")]
    command: Vec<String>,
    /// Write the pages of all commands to this folder, creating it if needed
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(super) async fn run(_cx: &Context, ui: &mut Ui, args: &ManArgs) -> Result<()> {
    let mut command = crate::cli::command().disable_help_subcommand(true);
    command.build();
    match &args.dir {
        None => ui.data(&page(super::find(&command, &args.command)?)?),
        Some(dir) => {
            std::fs::create_dir_all(dir)
                .or_failed(|| format!("cannot create the folder {}", dir.display()))?;
            let written = write_all(&command, dir)?;
            ui.status(format!("wrote {written} pages to {}", dir.display()));
            Ok(())
        }
    }
}

/// Writes the pages of `command` and all its subcommands. Returns how many.
fn write_all(command: &clap::Command, dir: &Path) -> Result<usize> {
    let file = dir.join(Man::new(command.clone()).get_filename());
    std::fs::write(&file, page(command)?).or_failed(|| format!("cannot write {}", file.display()))?;
    let mut written = 1;
    for subcommand in command.get_subcommands().filter(|command| !command.is_hide_set()) {
        written += write_all(subcommand, dir)?;
    }
    Ok(written)
}

fn page(command: &clap::Command) -> Result<String> {
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let mut page = Vec::new();
    Man::new(command.clone().after_help(None))
        .manual("cruddur")
        .render(&mut page)
        .or_failed(|| "cannot write the page".to_owned())?;
    let mut page =
        String::from_utf8(page).map_err(|cause| Error::failed("the page is not UTF-8").because(cause))?;
    if let Some((_, examples)) = after.split_once("Examples:\n") {
        page.push_str(".SH EXAMPLES\n.nf\n");
        for line in examples.lines() {
            page.push_str(&roff(line.strip_prefix("  ").unwrap_or(line)));
            page.push('\n');
        }
        page.push_str(".fi\n");
    }
    Ok(page)
}

/// Escapes a line that roff would otherwise interpret or typeset differently.
fn roff(line: &str) -> String {
    let mut text = String::from(if line.starts_with(['.', '\'']) { "\\&" } else { "" });
    for c in line.chars() {
        match c {
            '\\' => text.push_str("\\e"),
            '-' => text.push_str("\\-"),
            '\'' => text.push_str("\\(aq"),
            '`' => text.push_str("\\(ga"),
            '^' => text.push_str("\\(ha"),
            '~' => text.push_str("\\(ti"),
            _ => text.push(c),
        }
    }
    text
}
