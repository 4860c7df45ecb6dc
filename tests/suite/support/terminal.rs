//! A terminal, which `script` provides.

use std::process::Command;

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
