//! Signals that reach `local exec` reach its command.

use crate::support::{World, eventually};

/// Notes every signal in a file, and ends with a code of its own on the first
/// that asks for an end.
const SCRIPT: &str = r#"
    note() { echo "$1" >> "$HOME/signals"; }
    trap 'note INT; exit 41' INT
    trap 'note TERM; exit 42' TERM
    trap 'note HUP; exit 43' HUP
    trap 'note QUIT; exit 44' QUIT
    trap 'note USR1' USR1
    trap 'note USR2' USR2
    note ready
    while :; do sleep 0.02; done
"#;

fn signals(world: &World) -> Vec<String> {
    let text = std::fs::read_to_string(world.path().join("signals")).unwrap_or_default();
    text.lines().map(ToOwned::to_owned).collect()
}

#[track_caller]
fn is_forwarded(name: &str, code: i32) {
    let world = World::new();
    let mut exec = world.exec(&["--", "sh", "-c", SCRIPT]);
    eventually("the command runs", || (!signals(&world).is_empty()).then_some(()));
    exec.signal(name);
    assert_eq!(exec.code(), code);
    assert_eq!(signals(&world), ["ready", name]);
    world.assert_nothing_left();
}

#[test]
fn sigint_is_forwarded() {
    is_forwarded("INT", 41);
}

#[test]
fn sigterm_is_forwarded() {
    is_forwarded("TERM", 42);
}

#[test]
fn sighup_is_forwarded() {
    is_forwarded("HUP", 43);
}

#[test]
fn sigquit_is_forwarded() {
    is_forwarded("QUIT", 44);
}

#[test]
fn user_signals_are_forwarded_and_end_nothing() {
    let world = World::new();
    let mut exec = world.exec(&["--", "sh", "-c", SCRIPT]);
    for (count, name) in ["USR1", "USR2", "USR1"].into_iter().enumerate() {
        eventually("the command is ready", || (signals(&world).len() > count).then_some(()));
        exec.signal(name);
    }
    eventually("the last one is noted", || (signals(&world).len() == 4).then_some(()));
    exec.signal("TERM");
    assert_eq!(exec.code(), 42);
    assert_eq!(signals(&world), ["ready", "USR1", "USR2", "USR1", "TERM"]);
    world.assert_nothing_left();
}

#[test]
fn a_command_without_a_trap_ends_with_128_and_the_signal() {
    let world = World::new();
    let script = "echo ready > \"$HOME/signals\"; exec sleep 600";
    let mut exec = world.exec(&["--", "sh", "-c", script]);
    eventually("the command runs", || (!signals(&world).is_empty()).then_some(()));
    exec.signal("TERM");
    assert_eq!(exec.code(), 143);
    world.assert_nothing_left();
}

#[test]
fn a_command_may_go_on_after_a_signal() {
    let world = World::new();
    let script = r#"trap 'echo INT >> "$HOME/signals"' INT
        echo ready >> "$HOME/signals"
        until [ -e "$HOME/go" ]; do sleep 0.02; done
        exit 5"#;
    let mut exec = world.exec(&["--", "sh", "-c", script]);
    eventually("the command runs", || (!signals(&world).is_empty()).then_some(()));
    exec.signal("INT");
    eventually("the signal is noted", || (signals(&world).len() == 2).then_some(()));
    std::fs::write(world.path().join("go"), "").unwrap();
    assert_eq!(exec.code(), 5);
    world.assert_nothing_left();
}
