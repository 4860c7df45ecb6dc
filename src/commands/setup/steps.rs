//! Prints a line for each step, and sums them up.

use crate::aws::Plan;
use crate::commands::common::count;
use crate::commands::hints;
use crate::commands::plan::{show_plan, show_statements};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::Ui;

/// How a step ended.
pub(super) enum StepOutcome {
    /// It is done, or would be in a dry run.
    Done(String),
    /// There was nothing to do.
    Already(String),
    /// What it needs is missing or not configured.
    LeftOut(String),
}

/// The steps so far.
pub(super) struct Steps {
    dry_run: bool,
    done: usize,
    failed: usize,
    statements: Vec<String>,
    plans: Vec<Plan>,
}

impl Steps {
    pub(super) const fn new(dry_run: bool) -> Self {
        Self { dry_run, done: 0, failed: 0, statements: Vec::new(), plans: Vec::new() }
    }

    /// Prints how a step ended. Returns whether its result exists.
    pub(super) fn tell(&mut self, ui: &mut Ui, step: &str, outcome: Result<StepOutcome>) -> bool {
        let (word, text) = match &outcome {
            Ok(StepOutcome::Done(text)) if self.dry_run => ("would do", text.clone()),
            Ok(StepOutcome::Done(text)) => ("done", text.clone()),
            Ok(StepOutcome::Already(text)) => ("unchanged", text.clone()),
            Ok(StepOutcome::LeftOut(text)) => ("skipped", text.clone()),
            Err(error) => {
                let causes = error.causes().map(|cause| format!(": {cause}"));
                ("failed", causes.fold(error.message().to_owned(), |text, cause| text + &cause))
            }
        };
        let line = format!("{word:<10}  {step:<12}  {text}");
        match outcome {
            Ok(outcome) => {
                ui.status(line);
                let is_there = !matches!(outcome, StepOutcome::LeftOut(_));
                self.done += usize::from(is_there);
                is_there
            }
            Err(error) => {
                ui.notice(line);
                for hint in hints::of(&error) {
                    ui.hint(hint.to_string());
                }
                self.failed += 1;
                false
            }
        }
    }

    /// Adds statements that a dry run does not send.
    pub(super) fn statements<S: Into<String>>(&mut self, statements: impl IntoIterator<Item = S>) {
        self.statements.extend(statements.into_iter().map(Into::into));
    }

    /// Adds requests that a dry run does not send.
    pub(super) fn plan(&mut self, plan: Plan) {
        self.plans.push(plan);
    }

    /// Prints the plan of a dry run, and checks whether a step failed.
    ///
    /// # Errors
    /// [`crate::error::Kind::Partial`] when some steps failed and others are done, and
    /// [`crate::error::Kind::Failed`] when none is done.
    pub(super) fn conclude(self, cx: &Context, ui: &mut Ui) -> Result<()> {
        if self.dry_run {
            if !self.statements.is_empty() {
                show_statements(cx, ui, &self.statements)?;
            }
            self.plans.into_iter().try_for_each(|plan| show_plan(ui, plan))?;
        }
        let failed = count(self.failed, "step");
        match (self.failed, self.done) {
            (0, _) => Ok(()),
            (_, 0) => Err(Error::failed(format!("{failed} failed; none succeeded"))),
            _ => Err(Error::partial(format!("{failed} failed; those marked done succeeded"))
                .hint("fix that and run it again: it does what is left")),
        }
    }
}
