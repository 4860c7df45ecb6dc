//! Whether the table keeps its promises: read once, judged group by group, and
//! what looks broken read again, consistently, before it is called so.
//!
//! `survey` reads the table and folds each item into a `trace` of a few bytes;
//! `suspects` brings a group's traces together and passes those that are sound;
//! `reread` reads what is left again, `verdict` judges it, `repair` mends it, and
//! `examine` sees to that for one group after the other.

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
