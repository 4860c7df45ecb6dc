//! `local exec` at a terminal.

use std::fs::OpenOptions;
use std::io::Write as _;

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::support::{Spawned, World, at_a_terminal, eventually};

#[test]
fn one_ctrl_c_reaches_the_command_once() {
    let world = World::new();
    let file = world.path().join("signals");
    // It goes on, so that a second one would be noted, and starts nothing that could outlive it.
    let pipe = world.path().join("pipe");
    mkfifo(&pipe, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
    // Held open, so that nobody blocks in opening it.
    let _pipe = OpenOptions::new().read(true).write(true).open(pipe).unwrap();
    let counting = r#"trap "echo INT >> \"$HOME/signals\"" INT
        echo ready >> "$HOME/signals"
        while :; do read line < "$HOME/pipe"; done"#;
    let mut command = at_a_terminal(&world.command(["local", "exec", "--", "sh", "-c", counting]), 80);
    let mut script = Spawned::piped(&mut command);
    let read = || std::fs::read_to_string(&file).unwrap_or_default();
    eventually("the command runs", || read().contains("ready").then_some(()));
    let mut keyboard = script.child.stdin.take().unwrap();
    keyboard.write_all(b"\x03").unwrap();
    eventually("the first is noted", || read().contains("INT").then_some(()));
    // Forwarded after the first, so that by its arrival a second would have come.
    let exec = exec_pid(&world);
    crate::support::signal(exec, "USR1");
    eventually("the command has ended by it", || (!script.is_running()).then_some(()));
    assert_eq!(read(), "ready\nINT\n");
    assert_eq!(script.code(), 128 + Signal::SIGUSR1 as i32);
    world.assert_nothing_left();
}

#[test]
fn the_command_at_a_terminal_sees_a_terminal() {
    let world = World::new();
    let script = "test -t 0 && test -t 1 && test -t 2 && exit 6";
    let mut command = at_a_terminal(&world.command(["local", "exec", "--", "sh", "-c", script]), 80);
    let mut script = Spawned::piped(&mut command);
    let _keyboard = script.child.stdin.take();
    assert_eq!(script.code(), 6);
    world.assert_nothing_left();
}

/// The process of `local exec` itself.
fn exec_pid(world: &World) -> u32 {
    let cruddur = env!("CARGO_BIN_EXE_cruddur");
    let found = world.processes().into_iter().find(|(_, command)| command.starts_with(cruddur));
    found.expect("cruddur runs").0
}
