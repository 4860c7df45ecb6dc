//! Arguments and helpers that commands share.

use std::fmt::Display;
use std::io::Read as _;

use clap::Args;

use crate::config::{Target, UserPoolId};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::Format;

/// How a command that shows data prints it.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct OutputArgs {
    /// Output format of the data on stdout
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub(super) output: Format,
}

/// Which user pool.
#[derive(Debug, Clone, Args)]
pub(super) struct PoolArgs {
    /// The Cognito user pool [env: AWS_COGNITO_USER_POOL_ID, AWS_COGNITO_USER_POOL]
    #[arg(long, value_name = "ID")]
    user_pool_id: Option<String>,
}

impl PoolArgs {
    /// The pool, if one is configured.
    pub(super) fn configured(&self, cx: &Context) -> Result<Option<UserPoolId>> {
        cx.config().user_pool(self.user_pool_id.as_deref())
    }

    /// The pool, which must be configured.
    pub(super) fn needed(&self, cx: &Context) -> Result<UserPoolId> {
        cx.config().needed_user_pool(self.user_pool_id.as_deref())
    }

    /// The pool, whose users are to be changed. On AWS that takes `--prod`.
    pub(super) fn to_change(&self, cx: &Context) -> Result<UserPoolId> {
        let pool = self.needed(cx)?;
        if cx.target() == Target::Local && !cx.config().cognito(&pool)?.is_emulated() {
            return Err(Error::usage(format!("the user pool {} is on AWS", pool.id()))
                .hint("to change it, add: --prod")
                .hint("name an emulator with --endpoint-url or AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"));
        }
        Ok(pool)
    }
}

/// Quotes `text` as one word of a shell command line.
pub(super) fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Checks a new handle, which `argument` gives.
pub(super) fn check_handle(argument: &str, handle: &str) -> Result<()> {
    let is_wrong = |c: char| c.is_whitespace() || c.is_control() || c == '@';
    if handle.is_empty() || handle.contains(is_wrong) {
        let why = "is empty, or holds white space, control characters or \"@\"";
        return Err(Error::usage(format!("{argument} {why}")));
    }
    Ok(())
}

/// Checks a new display name, which `argument` gives.
pub(super) fn check_display_name(argument: &str, name: &str) -> Result<()> {
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        return Err(Error::usage(format!("{argument} is empty or holds control characters")));
    }
    Ok(())
}

/// The text of a file that the user named.
///
/// # Errors
/// [`crate::error::Kind::Failed`] when it cannot be read, or is not UTF-8. The latter names the line.
pub(super) fn read_text(file: &std::path::Path) -> Result<String> {
    utf8(&file.display().to_string(), read_bytes(file)?)
}

/// Decodes `bytes`, read from `name`, as text.
pub(super) fn utf8(name: &str, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let good = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
        let line = good.matches('\n').count() + 1;
        Error::failed(format!("{name}:{line}: not UTF-8 text"))
    })
}

/// The bytes of a file that the user named. `-` is stdin.
pub(super) fn read_bytes(file: &std::path::Path) -> Result<Vec<u8>> {
    let read = if file == std::path::Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    read.map_err(|cause| Error::failed(format!("cannot read {}", file.display())).because(cause))
}

/// Formats as `1 user`, `2 users`.
pub(super) fn count<N: Copy + From<u8> + PartialEq + Display>(number: N, noun: &str) -> String {
    let ending = if number == N::from(1) { "" } else { "s" };
    format!("{number} {noun}{ending}")
}
