//! Arguments and steps that commands share.

use std::fmt::Display;
use std::io::Read as _;
use std::time::Duration;

use clap::Args;
use jiff::{Span, SpanRelativeTo};

use crate::aws::Place;
use crate::config::{Target, UserPoolId};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::{Format, Ui};
use crate::postgres::ConnectionUrl;

/// How a command that shows data prints it.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct OutputArgs {
    /// How to print the data on stdout
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub(super) output: Format,
}

/// What a command writes to.
pub(super) enum Site<'a> {
    Aws(&'a Place),
    Postgres(&'a ConnectionUrl),
    Both(&'a ConnectionUrl, &'a Place),
}

impl<'a> From<&'a Place> for Site<'a> {
    fn from(place: &'a Place) -> Self {
        Self::Aws(place)
    }
}

impl<'a> From<&'a ConnectionUrl> for Site<'a> {
    fn from(url: &'a ConnectionUrl) -> Self {
        Self::Postgres(url)
    }
}

impl<'a> From<(&'a ConnectionUrl, &'a Place)> for Site<'a> {
    fn from((url, place): (&'a ConnectionUrl, &'a Place)) -> Self {
        Self::Both(url, place)
    }
}

/// Says where, in one line, before anything is written: every command that writes
/// calls this once, also in a dry run.
pub(super) async fn announce<'a>(cx: &Context, ui: &mut Ui, site: impl Into<Site<'a>>) {
    let (url, place) = match site.into() {
        Site::Aws(place) => (None, Some(place)),
        Site::Postgres(url) => (Some(url), None),
        Site::Both(url, place) => (Some(url), Some(place)),
    };
    let mut parts: Vec<String> = url.map(|url| format!("PostgreSQL at {url}")).into_iter().collect();
    parts.extend(place.map(Place::described));
    let account = match place {
        Some(place) => Box::pin(place.account(cx.config().state_dir().ok().as_deref())).await,
        None => None,
    };
    let account = match account {
        Some(Ok(account)) => format!(" · account {account}"),
        Some(Err(why)) => format!(" · account unknown ({why})"),
        None => String::new(),
    };
    ui.target(cx.target(), parts.join(", ") + &account);
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

    /// The pool, where there must be one.
    pub(super) fn needed(&self, cx: &Context) -> Result<UserPoolId> {
        cx.config().needed_user_pool(self.user_pool_id.as_deref())
    }
}

/// What must be given, or typed, before something is destroyed or changed all
/// over in production.
#[derive(Debug, Clone, Args)]
pub(super) struct ConfirmArgs {
    /// With --prod: do not ask; needs --confirm
    #[arg(long, requires = "confirm")]
    yes: bool,
    /// With --prod: the name of what is at stake, in place of typing it
    #[arg(long, value_name = "NAME", requires = "yes")]
    confirm: Option<String>,
}

impl ConfirmArgs {
    /// Lets local work pass. In production the `name` of what `consequence`
    /// befalls must be typed at a terminal, or given with `--yes --confirm`.
    ///
    /// # Errors
    /// [`crate::error::Kind::Refused`]; nothing has been done.
    pub(super) fn check(&self, cx: &Context, ui: &mut Ui, name: &str, consequence: &str) -> Result<()> {
        if cx.target() == Target::Local {
            return Ok(());
        }
        let given = match &self.confirm {
            Some(given) => Some(given.clone()),
            None if ui.is_interactive() => {
                ui.warn(format!("PROD: {consequence}"));
                ui.ask(&format!("Type {name} to go on:"))?
            }
            None => {
                return Err(Error::refused(format!(
                    "not done in production without a confirmation: {consequence}"
                ))
                .hint(format!("to go on add: --yes --confirm {name}")));
            }
        };
        match given {
            Some(given) if given == name => Ok(()),
            Some(_) => Err(Error::refused(format!("the name does not match {name:?}; nothing was done"))),
            None => Err(Error::refused("cancelled; nothing was done")),
        }
    }
}

/// `text` as a word of a shell's command line.
pub(super) fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The text of a file that the user named.
///
/// # Errors
/// [`crate::error::Kind::Failed`]; text that is not UTF-8 is named by its line.
pub(super) fn read_text(file: &std::path::Path) -> Result<String> {
    utf8(&file.display().to_string(), read_bytes(file)?)
}

/// `bytes`, which came from `name`, as text.
pub(super) fn utf8(name: &str, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let good = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
        let line = good.matches('\n').count() + 1;
        Error::failed(format!("{name}:{line}: not UTF-8 text"))
    })
}

/// The bytes of a file that the user named; `-` is stdin.
pub(super) fn read_bytes(file: &std::path::Path) -> Result<Vec<u8>> {
    let read = if file == std::path::Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    read.map_err(|cause| Error::failed(format!("cannot read {}", file.display())).because(cause))
}

/// A length of time on the command line: `500ms`, `30s`, `2m`, `1h 30m`, `7d` (days
/// of 24 hours), or a number of seconds.
///
/// # Errors
/// What is wrong with it, for clap to show.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Ok(Duration::from_secs(seconds));
    }
    let span: Span = text.parse().map_err(|_| "it looks like 500ms, 30s, 2m or 7d".to_owned())?;
    span.to_duration(SpanRelativeTo::days_are_24_hours())
        .map_err(|_| "a month or a year is no fixed time; say it in days".to_owned())
        .and_then(|duration| duration.try_into().map_err(|_| "it must not be negative".to_owned()))
}

/// `1 user`, `2 users`.
pub(super) fn count<N: Copy + From<u8> + PartialEq + Display>(number: N, noun: &str) -> String {
    let ending = if number == N::from(1) { "" } else { "s" };
    format!("{number} {noun}{ending}")
}
