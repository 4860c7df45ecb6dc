//! What a command is about to work on: found out, said, and confirmed where it is not local.

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

/// One thing that a command writes to.
#[derive(Clone, Copy)]
pub(super) enum WriteTarget<'a> {
    DynamoDb(&'a DynamoDb),
    /// A service that local work does not have.
    Aws(&'a Endpoint),
    /// The database is worked in.
    Postgres(&'a ConnectionUrl),
    /// The database itself comes or goes, so that no session of ours may be on it.
    Server(&'a ConnectionUrl),
    /// It is asked on this one.
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

    /// The line that names it.
    async fn line(self, cx: &Context, standing: &Standing) -> String {
        let place = match self {
            Self::DynamoDb(db) => Ok(db.place()),
            Self::Aws(place) => Ok(place),
            Self::Postgres(url) | Self::Server(url) => Err(url),
            Self::Session(session) => Err(session.url()),
        };
        let mut line = match place {
            Ok(place) => place.described(),
            Err(url) => format!("PostgreSQL at {url}"),
        };
        // Who gives the flag knows.
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

/// What a command works on; it has been said. Nothing is confirmed without it.
pub(super) struct Announced {
    standing: Standing,
    /// On which the server was asked what it is.
    session: Option<Session>,
}

impl Announced {
    /// Whether work goes on without a confirmation.
    pub(super) const fn is_local(&self) -> bool {
        self.standing.is_local()
    }

    /// The worse of both.
    pub(super) fn and(self, other: Self) -> Self {
        Self { standing: self.standing.max(other.standing), session: self.session.or(other.session) }
    }

    /// A session on the database: at first the one on which the server was asked, if it was.
    pub(super) async fn session(&mut self, cx: &Context) -> Result<Session> {
        match self.session.take() {
            Some(session) => Ok(session),
            None => cx.postgres().await,
        }
    }
}

/// Finds out what `site` is, and says so in one line, before anything is written: every command
/// that writes calls this once for each thing that it writes to, also in a dry run.
///
/// # Errors
/// Those of asking the server: what cannot be reached cannot be worked on either.
pub(super) async fn announce<'a>(
    cx: &Context,
    ui: &mut Ui,
    site: impl Into<WriteTarget<'a>>,
) -> Result<Announced> {
    let (standing, asked) = announce_unasked(cx, ui, site).await;
    asked.map(|session| Announced { standing, session })
}

/// The same for what goes on whether or not the server could be asked.
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
    /// In production, and on any other machine: do not ask; needs --confirm
    #[arg(long, requires = "confirm")]
    yes: bool,
    /// The name of what is at stake, in place of typing it
    #[arg(long, value_name = "NAME", requires = "yes")]
    confirm: Option<String>,
}

impl ConfirmArgs {
    /// Whether [`Self::check`] would wait for somebody to type the name.
    pub(super) fn asks(&self, ui: &Ui) -> bool {
        self.confirm.is_none() && ui.is_interactive()
    }

    /// Lets local work pass. Elsewhere the `name` of what `consequence` befalls must be typed at
    /// a terminal, or given with `--yes --confirm`.
    ///
    /// # Errors
    /// [`crate::error::Kind::Refused`]; nothing has been done.
    pub(super) fn check(&self, ui: &mut Ui, at: &Announced, name: &str, consequence: &str) -> Result<()> {
        let not_done = match at.standing {
            Standing::Local => return Ok(()),
            Standing::Remote(_) => "not done on another machine without a confirmation",
            Standing::Production(_) => "not done in production without a confirmation",
        };
        let given = match &self.confirm {
            Some(given) => Some(given.clone()),
            None if self.asks(ui) => {
                ui.warn(format!("{}: {consequence}", at.standing.name()));
                ui.ask(&format!("Type {name} to go on:"))?
            }
            None => {
                let error = Error::refused(format!("{not_done}: {consequence}"))
                    .hint(format!("to go on add: --yes --confirm {name}"));
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

/// Why a command works on local databases only, and the `steps` to take one by one elsewhere.
pub(in crate::commands) fn local_only(cx: &Context, why: &str, steps: &[&str]) -> Error {
    let flag = cx.target().flag();
    let steps: Vec<String> = steps.iter().map(|step| format!("\n  cruddur {step}{flag}")).collect();
    Error::refused(why)
        .hint(format!("by hand, step by step, each with its own confirmation:{}", steps.concat()))
}
