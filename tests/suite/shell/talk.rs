//! `--color`, `--quiet`: how much is said, and in which colours.

use std::process::Command;

use crate::support::{Run, Sandbox, at_a_terminal};

const ESCAPE: char = '\u{1b}';

/// Whether help on stdout and an error on stderr are coloured.
fn coloured(words: &[&str], variables: &[(&str, &str)], terminal: bool) -> [bool; 2] {
    let sandbox = Sandbox::new();
    let run = |more: &[&str]| {
        let mut command: Command = sandbox.command(words.iter().chain(more));
        command.envs(variables.iter().copied());
        if terminal {
            // stdout and stderr are one there.
            let text = Run::of(&mut at_a_terminal(&command, 80)).stdout;
            (text.clone(), text)
        } else {
            let run = Run::of(&mut command);
            (run.stdout, run.stderr)
        }
    };
    [run(&["db", "--help"]).0.contains(ESCAPE), run(&["ddb", "drop", "nothing"]).1.contains(ESCAPE)]
}

#[test]
fn colour_is_for_terminals_unless_told_otherwise() {
    assert_eq!(coloured(&[], &[], false), [false, false]);
    assert_eq!(coloured(&[], &[("TERM", "xterm")], true), [true, true]);
    assert_eq!(coloured(&[], &[("TERM", "xterm"), ("NO_COLOR", "1")], true), [false, false]);
    assert_eq!(coloured(&[], &[("TERM", "dumb")], true), [false, false]);
    assert_eq!(coloured(&[], &[("CLICOLOR_FORCE", "1")], false), [true, true]);
    // The flag goes first.
    assert_eq!(coloured(&["--color", "always"], &[("NO_COLOR", "1")], false), [true, true]);
    assert_eq!(coloured(&["--color=never"], &[("CLICOLOR_FORCE", "1")], false), [false, false]);
    assert_eq!(coloured(&["--color=never"], &[("TERM", "xterm")], true), [false, false]);
}

#[test]
fn a_usage_error_has_the_colour_asked_for() {
    let sandbox = Sandbox::new();
    for (words, expected) in [
        (&["--color=always", "frobnicate"][..], true),
        (&["frobnicate", "--color", "always"], true),
        (&["frobnicate"], false),
        (&["frobnicate", "--color=always", "--color=never"], false),
        // What follows belongs to somebody else.
        (&["frobnicate", "--", "--color=always"], false),
    ] {
        let run = sandbox.cruddur(words).exits_with(2);
        assert_eq!(run.stderr.contains(ESCAPE), expected, "{words:?}: {}", run.stderr);
    }
    sandbox.cruddur(["--color", "sometimes", "db", "create"]).exits_with(2).says("sometimes");
}

#[test]
fn quiet_says_nothing_when_all_is_well() {
    let sandbox = Sandbox::seeded();
    for words in [
        &["ddb", "scan", "--quiet"][..],
        &["-q", "ddb", "patterns", "list-conversations"],
        &["ddb", "seed", "-q"],
        &["db", "schema-load", "-q"],
        &["db", "seed", "-q"],
        &["db", "setup", "-q"],
    ] {
        let run = sandbox.cruddur(words).succeeds();
        assert_eq!(run.stderr, "", "{words:?}");
    }
    assert_eq!(sandbox.sql("SELECT count(*) FROM users"), [["3"]]);
    let run = sandbox.cruddur(["ddb", "patterns", "get-conversation", "--limit", "1", "-q", "-o", "json"]);
    assert_eq!(run.json()["count"], 1, "data stays");
}

#[test]
fn quiet_keeps_errors_with_what_helps_and_warnings() {
    let sandbox = Sandbox::set_up();
    let loud = sandbox.cruddur(["ddb", "scan", "--table", "nothing"]).exits_with(1);
    let quiet = sandbox.cruddur(["ddb", "scan", "--table", "nothing", "-q"]).exits_with(1);
    assert!(quiet.stderr.contains("Hint: "), "{}", quiet.stderr);
    assert_eq!(quiet.stderr, loud.stderr);
    let file = sandbox.write("one.sql", "SELECT 1;\n");
    let words = ["db", "seed", "-q", "--set", "unused=1", file.to_str().unwrap()];
    let run = sandbox.cruddur(words).succeeds();
    assert!(run.stderr.starts_with("Warning: --set unused"), "{}", run.stderr);
}
