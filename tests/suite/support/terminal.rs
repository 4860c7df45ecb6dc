//! A terminal, which `script` provides.

use std::io::{Read as _, Write as _};
use std::process::Command;

use super::{Run, Spawned};

/// `command` under a terminal of its own, this many columns wide; what is written
/// to its input is typed.
pub fn at_a_terminal(command: &Command, columns: u16) -> Command {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<String> = words.map(|word| format!("'{}'", word.to_str().unwrap())).collect();
    let line = format!("stty rows 50 cols {columns}; exec {}", words.join(" "));
    let mut script = Command::new("script");
    if cfg!(target_os = "macos") {
        script.args(["-q", "/dev/null", "sh", "-c", &line]);
    } else {
        script.args(["-q", "-e", "-c", &line, "/dev/null"]);
    }
    script.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    script.current_dir(command.get_current_dir().unwrap()).env("SHELL", "/bin/sh");
    script
}

/// Runs `command` at a terminal, and types `keys` once `prompt` is there. What it
/// says is all on stdout.
#[track_caller]
pub fn typed_at(command: &Command, prompt: &str, keys: &[u8]) -> Run {
    typed_after(command, prompt, || (), keys)
}

/// The same, with something that happens while the prompt waits.
#[track_caller]
pub fn typed_after(command: &Command, prompt: &str, meanwhile: impl FnOnce(), keys: &[u8]) -> Run {
    let mut script = at_a_terminal(command, 200);
    let mut child = Spawned::piped(&mut script);
    let mut stdout = child.child.stdout.take().unwrap();
    let mut said = Vec::new();
    let says = |said: &[u8]| String::from_utf8_lossy(said).contains(prompt);
    while !says(&said) {
        let mut bytes = [0; 512];
        let length = stdout.read(&mut bytes).unwrap();
        assert!(length > 0, "no {prompt:?} in:\n{}", String::from_utf8_lossy(&said));
        said.extend_from_slice(&bytes[..length]);
    }
    meanwhile();
    // To the end of the input, `script` would type what ends one.
    let mut stdin = child.child.stdin.take().unwrap();
    stdin.write_all(keys).unwrap();
    stdout.read_to_end(&mut said).unwrap();
    let run = child.ends();
    drop(stdin);
    Run { stdout: String::from_utf8(said).unwrap(), ..run }.without_secrets()
}
