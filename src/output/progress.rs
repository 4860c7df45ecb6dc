//! A progress bar on stderr, for what takes a while.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, WeakProgressBar};

use super::Ui;
use super::text::safe;

/// How often what is waited for shows that it lives.
const TICK: Duration = Duration::from_millis(100);

/// The bar that is drawn at the time, if any.
pub(super) type Drawn = Arc<Mutex<WeakProgressBar>>;

/// Prints something else than the bar, which stands below it again afterwards.
pub(super) fn aside(drawn: &Drawn, print: impl FnOnce()) {
    let bar = drawn.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
    match bar {
        Some(bar) => bar.suspend(print),
        None => print(),
    }
}

/// A bar under way; gone when dropped. Print nothing else meanwhile.
pub struct Progress {
    bar: ProgressBar,
}

impl Ui {
    /// Begins a bar of `total` steps, on a terminal; elsewhere, with `--quiet`
    /// and with `-v`, nothing is shown.
    #[must_use]
    pub fn progress(&mut self, what: &str, total: usize) -> Progress {
        self.bar(what, total as u64, "{msg} [{wide_bar}] {pos}/{len}, {eta} left")
    }

    /// The same with the steps of a second, and what else [`Progress::reach`] says.
    #[must_use]
    pub fn progress_with_rate(&mut self, what: &str, total: u64) -> Progress {
        self.bar(what, total, "{msg} [{wide_bar}] {human_pos}/{human_len}, {per_sec}{prefix}, {eta} left")
    }

    /// The same for what takes a while that nobody knows: how long it has taken so far.
    #[must_use]
    pub fn waiting(&mut self, what: &str) -> Progress {
        let waiting = self.bar(what, 0, "{spinner} {elapsed} {wide_msg}");
        if waiting.is_drawn() {
            waiting.bar.enable_steady_tick(TICK);
        }
        waiting
    }

    fn bar(&mut self, what: &str, total: u64, template: &str) -> Progress {
        // It hides itself where stderr is no terminal.
        let target = if self.bars { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            let whole = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                // A bar that cannot be drawn is none.
                let _ = write!(out, "{:.0}/s", state.per_sec());
            };
            bar.set_style(style.with_key("per_sec", whole).progress_chars("=> "));
        }
        bar.set_message(safe(what).into_owned());
        bar.tick();
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = bar.downgrade();
        Progress { bar }
    }
}

impl Progress {
    /// So many more steps are done; there may be more of them than were expected.
    pub fn advance(&self, steps: usize) {
        let position = self.bar.position() + steps as u64;
        if self.bar.length().is_some_and(|length| length < position) {
            self.bar.set_length(position);
        }
        self.bar.set_position(position);
    }

    /// Whether anybody sees it.
    #[must_use]
    pub fn is_drawn(&self) -> bool {
        !self.bar.is_hidden()
    }

    /// From now on it is this that is waited for.
    pub fn tell(&self, what: &str) {
        self.bar.set_message(safe(what).into_owned());
    }

    /// Begins at `step`, which others have reached: the rate is of what is done from here on.
    pub fn begin_at(&self, step: u64) {
        self.bar.set_position(step);
        self.bar.reset_eta();
    }

    /// Step `step` is reached; `note` is shown behind the rate.
    pub fn reach(&self, step: u64, note: String) {
        self.bar.set_prefix(note);
        self.bar.set_position(step);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
