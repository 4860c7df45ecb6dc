//! A progress bar on stderr, for what takes a while.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Ui, safe};

/// A bar under way; gone when dropped. Print nothing else meanwhile.
pub struct Progress {
    bar: ProgressBar,
}

impl Ui {
    /// Begins a bar of `total` steps, on a terminal; elsewhere, and with `--quiet`,
    /// nothing is shown.
    #[must_use]
    pub fn progress(&mut self, what: &str, total: usize) -> Progress {
        // It hides itself where stderr is no terminal.
        let target = if self.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(total as u64), target);
        if let Ok(style) = ProgressStyle::with_template("{msg} [{wide_bar}] {pos}/{len}, {eta} left") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(safe(what).into_owned());
        bar.tick();
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
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
