//! A progress bar on stderr, for slow work.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, WeakProgressBar};

use super::Ui;
use super::text::safe;

/// How often a spinner moves.
const TICK: Duration = Duration::from_millis(100);

/// The current bar, if any.
pub(super) type Drawn = Arc<Mutex<WeakProgressBar>>;

/// Prints something with the bar hidden, and then draws the bar again below it.
pub(super) fn aside(drawn: &Drawn, print: impl FnOnce()) {
    let bar = drawn.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
    match bar {
        Some(bar) => bar.suspend(print),
        None => print(),
    }
}

/// A progress bar, removed when dropped. Print nothing else while it is drawn.
pub struct Progress {
    bar: ProgressBar,
}

impl Ui {
    /// Begins a bar of `total` steps on a terminal. Shows nothing elsewhere, or with `--quiet` or `-v`.
    pub fn progress(&mut self, what: &str, total: usize) -> Progress {
        self.bar(what, total as u64, "{msg} [{wide_bar}] {pos}/{len}, {eta} left")
    }

    /// Begins a bar that also shows steps per second, and the note from [`Progress::reach`].
    pub fn progress_with_rate(&mut self, what: &str, total: u64) -> Progress {
        self.bar(what, total, "{msg} [{wide_bar}] {human_pos}/{human_len}, {per_sec}{prefix}, {eta} left")
    }

    /// Begins a spinner with the elapsed time, for work of unknown length.
    pub fn waiting(&mut self, what: &str) -> Progress {
        let waiting = self.bar(what, 0, "{spinner} {elapsed} {wide_msg}");
        if waiting.is_drawn() {
            waiting.bar.enable_steady_tick(TICK);
        }
        waiting
    }

    fn bar(&mut self, what: &str, total: u64, template: &str) -> Progress {
        // It hides itself when stderr is not a terminal.
        let target = if self.bars { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            let whole = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                // A bar that cannot be drawn does not matter.
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
    /// Adds finished steps. Extends the bar if there are more than expected.
    pub fn advance(&self, steps: usize) {
        let position = self.bar.position() + steps as u64;
        if self.bar.length().is_some_and(|length| length < position) {
            self.bar.set_length(position);
        }
        self.bar.set_position(position);
    }

    /// Whether it is visible.
    pub fn is_drawn(&self) -> bool {
        !self.bar.is_hidden()
    }

    /// Changes the text to what is being waited for now.
    pub fn tell(&self, what: &str) {
        self.bar.set_message(safe(what).into_owned());
    }

    /// Starts at `step`, which an earlier run reached, so that the rate counts only steps from here on.
    pub fn begin_at(&self, step: u64) {
        self.bar.set_position(step);
        self.bar.reset_eta();
    }

    /// Moves to `step`; `note` is shown after the rate.
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
