//! The findings of a check, and how to fix them.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::commands::hints;
use crate::config::{Sign, Standing, Target};
use crate::error::{Error, Hint, Kind};
use crate::output::{Layout, Record};

/// The check that lists what the scripts before cruddur would have done.
const OLD_SCRIPTS: &str = "old scripts";

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Note,
    /// Nothing fails yet.
    Warn,
    /// A command that needs it fails.
    Fail,
    /// Not checked; the finding says why.
    Skip,
}

impl Status {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
            Self::Skip => "skip",
        }
    }
}

/// A finding.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    check: &'static str,
    target: Option<&'static str>,
    pub(super) status: Status,
    #[serde(rename = "finding")]
    text: String,
    values: Map<String, Value>,
    /// Commands that fix it, or what to do when there is none.
    mend: Vec<String>,
    #[serde(skip)]
    kind: Kind,
}

impl Record for Finding {
    const LAYOUT: Layout = Layout::Checklist;

    fn cells(&self) -> Vec<String> {
        let check = match self.target {
            None | Some("LOCAL") => self.check.to_owned(),
            Some(target) => format!("{target} {}", self.check),
        };
        vec![self.status.word().to_owned(), check, self.text.clone(), self.mend.join("\n")]
    }
}

impl Finding {
    /// Adds a measured value, for programs.
    pub(super) fn value(&mut self, name: &str, value: impl Serialize) -> &mut Self {
        self.values.insert(name.to_owned(), serde_json::to_value(value).unwrap_or(Value::Null));
        self
    }

    /// Adds a command that fixes it.
    pub(super) fn mend(&mut self, command: impl Into<String>) -> &mut Self {
        self.mend.push(command.into());
        self
    }

    /// Whether a setting or the credentials are wrong.
    pub(super) fn is_config(&self) -> bool {
        self.status == Status::Fail && matches!(self.kind, Kind::Config | Kind::Usage)
    }
}

/// The findings of one check so far. They outlive the check, so that one that times out keeps them.
pub(super) struct Findings {
    check: &'static str,
    target: Option<&'static str>,
    /// What the check is waiting for.
    waiting_for: String,
    pub(super) list: Vec<Finding>,
    pub(super) scripts: Vec<Finding>,
}

impl Findings {
    pub(super) fn new(check: &'static str, target: Option<Target>) -> Self {
        let target = target.map(Target::name);
        Self { check, target, waiting_for: check.to_owned(), list: Vec::new(), scripts: Vec::new() }
    }

    /// Sets what the next findings are about. The first finding says what it is and why.
    pub(super) fn stands(&mut self, standing: &Standing) {
        self.target = Some(standing.name());
        let finding = match standing {
            Standing::Local => self.ok("LOCAL: here or at a private address, with no sign of production"),
            // The user gave the flag, so this is no news.
            Standing::Production(Sign::Flag) => return,
            Standing::Remote(sign) => self.warn(format!("REMOTE: {sign}, so destructive commands ask first")),
            Standing::Production(sign) => {
                self.warn(format!("PROD without --prod: {sign}; destructive commands ask first"))
            }
        };
        finding.value("standing", standing.name()).value("sign", standing.sign().map(ToString::to_string));
    }

    /// Sets what the check is waiting for.
    pub(super) fn wait_for(&mut self, what: impl Into<String>) {
        self.waiting_for = what.into();
    }

    pub(super) fn ok(&mut self, text: impl Into<String>) -> &mut Finding {
        self.add(Status::Ok, text)
    }

    pub(super) fn warn(&mut self, text: impl Into<String>) -> &mut Finding {
        self.add(Status::Warn, text)
    }

    pub(super) fn fail(&mut self, text: impl Into<String>) -> &mut Finding {
        self.add(Status::Fail, text)
    }

    pub(super) fn skip(&mut self, text: impl Into<String>) -> &mut Finding {
        self.add(Status::Skip, text)
    }

    pub(super) fn add(&mut self, status: Status, text: impl Into<String>) -> &mut Finding {
        push(&mut self.list, self.check, self.target, status, text.into())
    }

    /// Adds what the scripts before cruddur would have done differently here, and the command that
    /// replaces them.
    pub(super) fn script(&mut self, text: impl Into<String>, command: impl Into<String>) {
        push(&mut self.scripts, OLD_SCRIPTS, None, Status::Note, text.into()).mend(command);
    }

    /// Adds the error that stopped the check.
    pub(super) fn error(&mut self, error: &Error) -> &mut Finding {
        self.add_error(Status::Fail, error)
    }

    pub(super) fn add_error(&mut self, status: Status, error: &Error) -> &mut Finding {
        let mut text = error.message().to_owned();
        // The innermost cause says the most, and its first line is enough for a list of attempts.
        if let Some(cause) = error.causes().last() {
            text = format!("{text}: {}", cause.lines().next().unwrap_or_default());
        }
        let finding = push(&mut self.list, self.check, self.target, status, text);
        finding.kind = error.kind();
        for hint in hints::of(error) {
            finding.mend(match hint {
                Hint::Run(command) => command,
                words => words.to_string(),
            });
        }
        finding
    }

    /// Records that the check took longer than `limit`.
    pub(super) fn cut_off(&mut self, limit: Duration) {
        let text = format!("{} does not answer: gave up after {} s", self.waiting_for, limit.as_secs_f64());
        self.fail(text).value("cut_off", true).mend("to wait longer add: --timeout 30s");
    }

    /// Turns failures into skips, for a check that the current target does not need.
    pub(super) fn make_optional(&mut self) {
        for finding in self.list.iter_mut().filter(|finding| finding.status == Status::Fail) {
            finding.status = Status::Skip;
        }
    }
}

fn push<'l>(
    list: &'l mut Vec<Finding>,
    check: &'static str,
    target: Option<&'static str>,
    status: Status,
    text: String,
) -> &'l mut Finding {
    let (values, mend, kind) = (Map::new(), Vec::new(), Kind::Failed);
    let index = list.len();
    list.push(Finding { check, target, status, text, values, mend, kind });
    &mut list[index]
}
