//! What a check has found, and what mends it.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::config::{Sign, Standing, Target};
use crate::error::{Error, Kind};
use crate::output::{Layout, Record};

/// The check under which comes what the scripts before cruddur would have done.
const OLD_SCRIPTS: &str = "old scripts";

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Note,
    /// Nothing stops working yet.
    Warn,
    /// A command that needs it fails.
    Fail,
    /// Not looked at; the finding says why.
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

/// One thing that was found.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    check: &'static str,
    target: Option<&'static str>,
    pub(super) status: Status,
    #[serde(rename = "finding")]
    text: String,
    values: Map<String, Value>,
    /// Commands, or what to do where there is none.
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
    /// What was measured, for programs.
    pub(super) fn value(&mut self, name: &str, value: impl Serialize) -> &mut Self {
        self.values.insert(name.to_owned(), serde_json::to_value(value).unwrap_or(Value::Null));
        self
    }

    /// A command that mends it.
    pub(super) fn mend(&mut self, command: impl Into<String>) -> &mut Self {
        self.mend.push(command.into());
        self
    }

    /// Whether a setting or credentials are at fault.
    pub(super) fn is_config(&self) -> bool {
        self.status == Status::Fail && matches!(self.kind, Kind::Config | Kind::Usage)
    }
}

/// What one check has found so far. It outlives the check, so that one that is cut off
/// keeps what it had.
pub(super) struct Findings {
    check: &'static str,
    target: Option<&'static str>,
    /// Whom an answer is waited for from.
    waiting_for: String,
    pub(super) list: Vec<Finding>,
    pub(super) scripts: Vec<Finding>,
}

impl Findings {
    pub(super) fn new(check: &'static str, target: Option<Target>) -> Self {
        let target = target.map(Target::name);
        Self { check, target, waiting_for: check.to_owned(), list: Vec::new(), scripts: Vec::new() }
    }

    /// From now on the findings are about this, and the first says what it is and why.
    pub(super) fn stands(&mut self, standing: &Standing) {
        self.target = Some(standing.name());
        let finding = match standing {
            Standing::Local => {
                self.ok("LOCAL: here or at a private address, with nothing of production about it")
            }
            // Who gives the flag knows.
            Standing::Production(Sign::Flag) => return,
            Standing::Remote(sign) => self.warn(format!("REMOTE: {sign}, so what destroys data asks first")),
            Standing::Production(sign) => {
                self.warn(format!("PROD without --prod: {sign}; what destroys data asks first"))
            }
        };
        finding.value("standing", standing.name()).value("sign", standing.sign().map(ToString::to_string));
    }

    /// From now on the check waits for this.
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

    /// What the scripts before cruddur would have done otherwise here, and the command
    /// in their place.
    pub(super) fn script(&mut self, text: impl Into<String>, command: impl Into<String>) {
        push(&mut self.scripts, OLD_SCRIPTS, None, Status::Note, text.into()).mend(command);
    }

    /// What stopped the check.
    pub(super) fn error(&mut self, error: &Error) -> &mut Finding {
        self.add_error(Status::Fail, error)
    }

    pub(super) fn add_error(&mut self, status: Status, error: &Error) -> &mut Finding {
        let mut text = error.message().to_owned();
        // The innermost says most, and of a list of attempts the first line.
        if let Some(cause) = error.causes().last() {
            text = format!("{text}: {}", cause.lines().next().unwrap_or_default());
        }
        let finding = push(&mut self.list, self.check, self.target, status, text);
        finding.kind = error.kind();
        for hint in error.hints() {
            finding.mend(hint.strip_prefix("run: ").unwrap_or(hint));
        }
        finding
    }

    /// The check took longer than `limit`.
    pub(super) fn cut_off(&mut self, limit: Duration) {
        let text = format!(
            "{} does not answer: the check was cut off after {} s",
            self.waiting_for,
            limit.as_secs_f64()
        );
        self.fail(text).value("cut_off", true).mend("to wait longer add: --timeout 30s");
    }

    /// Nothing of it is needed for what is worked on.
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
