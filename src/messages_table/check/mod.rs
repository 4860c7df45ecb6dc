//! Checks the invariants of the table. It is read once and judged group by group. What looks broken is
//! read again, consistently, before it is reported.
//!
//! `survey` reads the table and folds each item into a `trace` of a few bytes. `suspects` collects the
//! traces of each group and drops the sound groups. `examine` runs the rest, group by group: `reread`
//! reads the group again, `verdict` judges it, and `repair` fixes it.

mod examine;
mod finding;
mod repair;
mod reread;
mod survey;
mod suspects;
mod trace;
mod verdict;

pub use examine::{Examined, Mode, Names};
pub use finding::{Finding, Invariant, Write};
pub use survey::Survey;
pub use suspects::{Counts, Mentioned, SurveyResult, Suspect};
