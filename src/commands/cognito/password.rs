//! Takes a password: from stdin, or typed at a terminal without being shown.

use std::path::Path;

use clap::Args;

use crate::commands::common::{read_bytes, utf8};
use crate::error::{Error, Result};
use crate::output::Ui;

#[derive(Debug, Clone, Args)]
pub(super) struct PasswordArgs {
    /// Read the password from stdin, where it is the only line
    #[arg(long)]
    pub(super) password_stdin: bool,
}

/// A password that is new to its user.
#[derive(Debug, Clone, Args)]
pub(super) struct NewPasswordArgs {
    #[command(flatten)]
    pub(super) given: PasswordArgs,
    /// The user must choose another password when signing in with this one
    #[arg(long)]
    pub(super) temporary: bool,
}

impl PasswordArgs {
    /// The password, from stdin or a terminal. No flag holds it, because other users of the machine
    /// can see those.
    ///
    /// # Errors
    /// [`crate::error::Kind::Usage`] if it is nowhere, and [`crate::error::Kind::Refused`] if it is not
    /// typed.
    pub(super) fn read(&self, ui: &mut Ui) -> Result<String> {
        let password = if self.password_stdin {
            let text = utf8("stdin", read_bytes(Path::new("-"))?)?;
            let line = text.strip_suffix('\n').unwrap_or(&text);
            line.strip_suffix('\r').unwrap_or(line).to_owned()
        } else if ui.is_interactive() {
            let typed = ui.ask_secret("Password:")?;
            typed.ok_or_else(|| Error::refused("cancelled; nothing was done"))?
        } else {
            return Err(Error::usage("the password is missing")
                .hint("give it on stdin with --password-stdin, or at a terminal"));
        };
        if password.is_empty() || password.contains(['\n', '\r']) {
            return Err(Error::usage("the password is empty, or has more than one line"));
        }
        Ok(password)
    }
}
