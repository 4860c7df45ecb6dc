//! Reads a line from a terminal. Ctrl-C cancels the question and nothing else.

use std::io::{self, BufRead as _};

/// The character that Ctrl-C types when it sends no signal.
const CTRL_C: u8 = 3;

pub(super) use self::keyboard::Keyboard;

/// Reads a line, without its end; `None` at the end of input, or on Ctrl-C. The keyboard must be
/// [`Keyboard::without_interrupt`] since before the question.
pub(super) fn read_line(_keyboard: &Keyboard) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let mut stdin = io::stdin().lock();
    loop {
        let bytes = stdin.fill_buf()?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let end = bytes.iter().position(|byte| matches!(byte, b'\n' | &CTRL_C));
        let taken = end.map_or(bytes.len(), |end| end + 1);
        line.extend_from_slice(&bytes[..taken]);
        stdin.consume(taken);
        match line.last() {
            Some(&CTRL_C) => return Ok(None),
            Some(b'\n') => break,
            _ => {}
        }
    }
    let text = String::from_utf8_lossy(&line);
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

#[cfg(unix)]
mod keyboard {
    use std::io;

    use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

    /// The value for "no key".
    const NO_KEY: u8 = if cfg!(target_os = "linux") { 0 } else { 0xff };

    /// A terminal whose Ctrl-C ends the line instead of the process, so that the caller can report
    /// that nothing was done. Shows what is typed, or not. Restored when dropped.
    pub(in super::super) struct Keyboard(Option<Termios>);

    impl Keyboard {
        pub(in super::super) fn without_interrupt(shows: bool) -> Self {
            let Ok(before) = tcgetattr(io::stdin()) else { return Self(None) };
            let mut changed = before.clone();
            changed.special_codes[SpecialCodeIndex::VINTR] = NO_KEY;
            changed.special_codes[SpecialCodeIndex::VEOL] = super::CTRL_C;
            if !shows {
                changed.local_modes.remove(LocalModes::ECHO);
            }
            let changed = tcsetattr(io::stdin(), OptionalActions::Now, &changed);
            Self(changed.is_ok().then_some(before))
        }
    }

    impl Drop for Keyboard {
        fn drop(&mut self) {
            if let Some(before) = &self.0 {
                let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
            }
        }
    }
}

#[cfg(not(unix))]
mod keyboard {
    pub(in super::super) struct Keyboard;

    impl Keyboard {
        pub(in super::super) fn without_interrupt(_shows: bool) -> Self {
            Self
        }
    }
}
