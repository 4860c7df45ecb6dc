//! What a command is about to work on: finds it out, prints it, and asks for confirmation unless it
//! is local.

mod find;

use clap::Args;

pub(super) use self::find::{Ask, AskProduction, Found, of_dynamodb, of_postgres};
use crate::aws::Endpoint;
use crate::config::{Sign, Standing};
use crate::context::Context;
use crate::dynamodb::DynamoDb;
use crate::error::{Error, Result};
use crate::output::Ui;
use crate::postgres::{ConnectionUrl, Session};

/// Something that a command writes to.
#[derive(Clone, Copy)]
pub(super) enum WriteTarget<'a> {
    DynamoDb(&'a DynamoDb),
    /// An AWS service that has no local counterpart.
    Aws(&'a Endpoint),
    /// The command works inside the database.
    Postgres(&'a ConnectionUrl),
    /// The database itself is created or dropped, so none of our sessions may be connected to it.
    Server(&'a ConnectionUrl),
    /// The server is asked in this session.
    Session(&'a Session),
}

impl<'a> From<&'a DynamoDb> for WriteTarget<'a> {
    fn from(db: &'a DynamoDb) -> Self {
        Self::DynamoDb(db)
    }
}

impl<'a> From<&'a Endpoint> for WriteTarget<'a> {
    fn from(place: &'a Endpoint) -> Self {
        Self::Aws(place)
    }
}

impl<'a> From<&'a ConnectionUrl> for WriteTarget<'a> {
    fn from(url: &'a ConnectionUrl) -> Self {
        Self::Postgres(url)
    }
}

impl<'a> From<&'a Session> for WriteTarget<'a> {
    fn from(session: &'a Session) -> Self {
        Self::Session(session)
    }
}

impl WriteTarget<'_> {
    async fn find(self, cx: &Context) -> Found {
        match self {
            Self::DynamoDb(db) => of_dynamodb(db).await,
            Self::Aws(place) => Found { standing: place.signs().standing(), asked: Ok(None) },
            Self::Postgres(url) => of_postgres(cx, url, Ask::Database, AskProduction::Yes).await,
            Self::Server(url) => of_postgres(cx, url, Ask::Server, AskProduction::Yes).await,
            Self::Session(session) => {
                of_postgres(cx, session.url(), Ask::On(session), AskProduction::Yes).await
            }
        }
    }

    /// The line that describes it.
    async fn line(self, cx: &Context, standing: &Standing) -> String {
        let place = match self {
            Self::DynamoDb(db) => Ok(db.endpoint()),
            Self::Aws(place) => Ok(place),
            Self::Postgres(url) | Self::Server(url) => Err(url),
            Self::Session(session) => Err(session.url()),
        };
        let mut line = match place {
            Ok(place) => place.described(),
            Err(url) => format!("PostgreSQL at {url}"),
        };
        // The user gave the flag, so this is no news.
        if let Some(sign) = standing.sign().filter(|sign| **sign != Sign::Flag) {
            line = format!("{line}: {sign}");
        }
        if let (Ok(place), Standing::Production(_)) = (place, standing) {
            match Box::pin(place.account(cx.config().state_dir().ok().as_deref())).await {
                Some(Ok(account)) => line = format!("{line} · account {account}"),
                Some(Err(why)) => line = format!("{line} · account unknown ({why})"),
                None => {}
            }
        }
        line
    }
}

/// What a command works on, already printed. Every confirmation needs it.
pub(super) struct Announced {
    standing: Standing,
    /// The session on which the server was asked: on the database itself, or for
    /// [`WriteTarget::Server`] on another one.
    pub(super) session: Option<Session>,
}

impl Announced {
    /// Whether no confirmation is needed.
    pub(super) const fn is_local(&self) -> bool {
        self.standing.is_local()
    }

    /// Merges two, keeping the riskier one.
    pub(super) fn and(self, other: Self) -> Self {
        Self { standing: self.standing.max(other.standing), session: self.session.or(other.session) }
    }

    /// A session on the database. The first call returns the one on which the server was asked, if any.
    pub(super) async fn session(&mut self, cx: &Context) -> Result<Session> {
        match self.session.take() {
            Some(session) => Ok(session),
            None => cx.postgres().await,
        }
    }
}

/// Finds out what `site` is and prints that in one line, before anything is written. Every command
/// that writes calls this once per thing it writes to, in a dry run too.
///
/// # Errors
/// Fails if the server cannot be asked: then it cannot be worked on either.
pub(super) async fn announce<'a>(
    cx: &Context,
    ui: &mut Ui,
    site: impl Into<WriteTarget<'a>>,
) -> Result<Announced> {
    let (standing, asked) = announce_unasked(cx, ui, site).await;
    asked.map(|session| Announced { standing, session })
}

/// Like [`announce`], for callers that continue even if the server could not be asked.
pub(super) async fn announce_unasked<'a>(
    cx: &Context,
    ui: &mut Ui,
    site: impl Into<WriteTarget<'a>>,
) -> (Standing, Result<Option<Session>>) {
    let site = site.into();
    let Found { standing, asked } = site.find(cx).await;
    let line = site.line(cx, &standing).await;
    ui.target(&standing, line);
    (standing, asked)
}

/// What must be given, or typed, before something is destroyed or changed all
/// over where it is not local.
#[derive(Debug, Clone, Args)]
pub(super) struct ConfirmArgs {
    /// Do not ask in production or on another machine; needs --confirm
    #[arg(long, requires = "confirm")]
    yes: bool,
    /// The name to confirm, instead of typing it
    #[arg(long, value_name = "NAME", requires = "yes")]
    confirm: Option<String>,
}

impl ConfirmArgs {
    /// Whether [`Self::check`] would wait for the user to type the name.
    pub(super) fn asks(&self, ui: &Ui) -> bool {
        self.confirm.is_none() && ui.is_interactive()
    }

    /// Returns at once for local work. Elsewhere the user must type `name`, which `consequence`
    /// affects, at a terminal, or give it with `--yes --confirm`.
    ///
    /// # Errors
    /// [`crate::error::Kind::Refused`] without it; nothing has been done.
    pub(super) fn check(&self, ui: &mut Ui, at: &Announced, name: &str, consequence: &str) -> Result<()> {
        let not_done = match at.standing {
            Standing::Local => return Ok(()),
            Standing::Remote(_) => "needs confirmation on another machine",
            Standing::Production(_) => "needs confirmation in production",
        };
        let given = match &self.confirm {
            Some(given) => Some(given.clone()),
            None if self.asks(ui) => {
                ui.warn(format!("{}: {consequence}", at.standing.name()));
                ui.ask(&format!("Type {name} to confirm:"))?
            }
            None => {
                let error = Error::refused(format!("{not_done}: {consequence}"))
                    .hint(format!("to confirm add: --yes --confirm {name}"));
                let is_known = at.standing.sign() == Some(&Sign::Flag);
                return Err(if is_known {
                    error
                } else {
                    error.hint("to see which setting leads there run: cruddur config show")
                });
            }
        };
        match given {
            Some(given) if given == name => Ok(()),
            Some(_) => Err(Error::refused(format!("the name does not match {name:?}; nothing was done"))),
            None => Err(Error::refused("cancelled; nothing was done")),
        }
    }
}

/// The error of a command that works on local databases only. It lists the `steps` to run one by
/// one elsewhere.
pub(in crate::commands) fn local_only(cx: &Context, why: &str, steps: &[&str]) -> Error {
    let flag = cx.target().flag();
    let steps: Vec<String> = steps.iter().map(|step| format!("\n  cruddur {step}{flag}")).collect();
    Error::refused(why).hint(format!("run each step by hand, with its own confirmation:{}", steps.concat()))
}
