//! `cruddur doctor`: a healthy stack, and each fault that it knows.

mod clock;
mod cognito;
mod dynamodb;
mod healthy;
mod postgres;
mod production;
mod security_group;
mod silence;
mod stack;

use std::process::Command;

use serde_json::Value;

use crate::support::{DOCTOR, Run, Sandbox};

/// A finding, as JSON has it.
#[derive(Debug)]
pub struct Finding(Value);

impl Finding {
    fn text(&self) -> &str {
        self.0["finding"].as_str().unwrap()
    }

    fn status(&self) -> &str {
        self.0["status"].as_str().unwrap()
    }

    fn value(&self, name: &str) -> &Value {
        &self.0["values"][name]
    }

    /// It has this status, and one of the commands that mend it is `command`.
    #[track_caller]
    fn is(&self, status: &str, command: &str) -> &Self {
        assert_eq!(self.status(), status, "{self:?}");
        let mends = self.0["mend"].as_array().unwrap();
        assert!(mends.iter().any(|mend| mend == command), "{self:?}");
        self
    }
}

/// What doctor has found.
pub struct Examined {
    pub run: Run,
    findings: Vec<Finding>,
}

impl Examined {
    /// Runs `command`, a doctor, to its end.
    #[track_caller]
    fn of(command: &mut Command, code: i32) -> Self {
        let run = Run::of(command.args(["-o", "json"])).exits_with(code);
        let mut document = run.json();
        let findings: Vec<Finding> = match document["findings"].take() {
            Value::Array(rows) => rows.into_iter().map(Finding).collect(),
            other => panic!("{other}"),
        };
        let count = |status: &str| findings.iter().filter(|finding| finding.status() == status).count();
        assert_eq!(document["count"], findings.len());
        assert_eq!(document["failures"], count("fail"));
        assert_eq!(document["warnings"], count("warn"));
        Self { run, findings }
    }

    /// The only finding of `check` that says `text`.
    #[track_caller]
    fn finding(&self, check: &str, text: &str) -> &Finding {
        self.of_target(check, None, text)
    }

    #[track_caller]
    fn of_target(&self, check: &str, target: Option<&str>, text: &str) -> &Finding {
        let is_it = |finding: &&Finding| {
            finding.0["check"] == check
                && target.is_none_or(|target| finding.0["target"] == target)
                && finding.text().contains(text)
        };
        let found: Vec<&Finding> = self.findings.iter().filter(is_it).collect();
        let [one] = found.as_slice() else { panic!("{check}: {text:?} in {:#?}", self.findings) };
        one
    }

    /// The texts of the findings of this status, with their checks.
    fn with_status(&self, status: &str) -> Vec<String> {
        let found = self.findings.iter().filter(|finding| finding.status() == status);
        found.map(|finding| format!("{}: {}", finding.0["check"].as_str().unwrap(), finding.text())).collect()
    }

    /// The only failure is of `check` and says `text`.
    #[track_caller]
    fn only_failure(&self, check: &str, text: &str) -> &Finding {
        assert_eq!(self.with_status("fail").len(), 1, "{:#?}", self.findings);
        self.finding(check, text)
    }
}

impl Sandbox {
    /// Everything as it should be, the stream included.
    fn healthy() -> Self {
        let sandbox = Self::set_up();
        sandbox.cruddur(["ddb", "stream", "enable"]).succeeds();
        sandbox
    }

    #[track_caller]
    fn doctor(&self, code: i32) -> Examined {
        Examined::of(&mut self.command(DOCTOR), code)
    }
}
