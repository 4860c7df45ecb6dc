//! `up` and `down` at the same time, and after one that was killed.

use std::process::Command;

use crate::support::{Gate, Point, Run, Spawned, World, eventually, script, sql};

const STOPPED_EARLY: &str = "Error: cruddur local down stopped the stack before it was up\n";

fn up(world: &World) -> Command {
    world.on_ports("up", &["--detach"])
}

#[test]
fn down_ends_a_start_which_says_so() {
    for detach in [false, true] {
        for point in [Point::Before, Point::After, Point::Server] {
            let world = World::new();
            let gate = Gate::new(&world, point);
            let flags: &[&str] = if detach { &["--detach"] } else { &[] };
            let up = Spawned::new(gate.guard(&mut world.on_ports("up", flags)));
            gate.reached();
            world.down().succeeds().says("stopped");
            let up = up.ends().exits_with(1);
            assert_eq!(up.stderr, STOPPED_EARLY);
            world.assert_nothing_left();
            assert_eq!(world.states(), ["stopped", "stopped", "stopped"]);
        }
    }
}

#[test]
fn a_start_that_a_signal_ends_does_not_blame_down() {
    let world = World::new();
    let gate = Gate::new(&world, Point::Before);
    let up = Spawned::new(gate.guard(&mut world.on_ports("up", &[])));
    gate.reached();
    up.signal("TERM");
    let up = up.ends().exits_with(143);
    assert!(!up.stderr.contains("down"), "{}", up.stderr);
    world.assert_nothing_left();
}

/// `down`, stopped while it stops what a killed stack has left.
fn stopped_down(world: &World) -> (Spawned, Gate) {
    world.up(&[]).succeeds();
    world.kill_stack();
    let gate = Gate::new(world, Point::Stop);
    let down = Spawned::new(gate.guard(&mut world.command(["local", "down"])));
    gate.reached();
    (down, gate)
}

#[test]
fn up_waits_for_a_down_that_runs() {
    let world = World::new();
    let (down, gate) = stopped_down(&world);
    let up = Spawned::new(&mut up(&world));
    gate.open();
    down.ends().succeeds().says("stopped");
    up.ends().succeeds().says("ready; cruddur local down stops it");
    assert_eq!(sql(world.url(), "SELECT 1"), [["1"]]);
}

#[test]
fn a_second_down_leaves_the_first_alone() {
    let world = World::new();
    let (first, gate) = stopped_down(&world);
    let second = Spawned::new(&mut world.command(["local", "down"]));
    // Asking does not get in the way either.
    assert_eq!(world.status(&[]).code, 1);
    gate.open();
    first.ends().succeeds().says("stopped");
    second.ends().succeeds().says("no stack was running");
    world.assert_nothing_left();
}

#[test]
fn whatever_order_up_and_down_come_in_one_of_them_wins() {
    for down_first in [true, false] {
        for _ in 0..3 {
            let world = World::new();
            let mut commands = [up(&world), world.command(["local", "down"])];
            if down_first {
                commands.reverse();
            }
            let [one, other] = commands.each_mut().map(Spawned::new);
            let (up, down) = if down_first { (other, one) } else { (one, other) };
            let (up, down) = (up.ends(), down.ends().succeeds());
            let state = if up.code == 0 && !down.stderr.contains("stopped") {
                // `down` came before there was anything.
                assert!(down.stderr.contains("no stack was running"), "{down:?}");
                "running"
            } else if up.code == 0 {
                assert!(up.stderr.contains("ready"), "{up:?}");
                "stopped"
            } else {
                assert_eq!((up.code, up.stderr.as_str()), (1, STOPPED_EARLY), "{down:?}");
                assert!(down.stderr.contains("stopped"), "{down:?}");
                "stopped"
            };
            assert_eq!(world.states(), [state; 3], "{up:?} {down:?}");
        }
    }
}

#[test]
fn down_waits_for_a_restore_instead_of_ending_it() {
    let world = World::with_data(&[]);
    world.cruddur(["local", "snapshot", "before"]).succeeds();
    world.kill_stack();
    let gate = Gate::new(&world, Point::Stop);
    let restore = Spawned::new(gate.guard(&mut world.command(["local", "restore", "before"])));
    gate.reached();
    for words in [["snapshot", "another"], ["restore", "before"]] {
        let run = world.cruddur(["local"].into_iter().chain(words)).exits_with(1);
        assert_eq!(run.stderr, "Error: another cruddur is copying the stack's data\n");
    }
    let down = Spawned::new(&mut world.command(["local", "down"]));
    eventually("down has begun", || world.is_locked(1).then_some(()));
    gate.open();
    restore.ends().succeeds().says("restored the snapshot before");
    down.ends().succeeds();
    world.up(&[]).succeeds();
    world.assert_data();
}

#[test]
fn a_restore_whose_start_is_stopped_says_that_it_has_restored() {
    let world = World::with_data(&[]);
    world.cruddur(["local", "snapshot", "before"]).succeeds();
    sql(world.url(), "DROP TABLE kept");
    let gate = Gate::new(&world, Point::Server);
    let restore = Spawned::new(gate.guard(&mut world.command(["local", "restore", "before"])));
    gate.reached();
    world.down().succeeds().says("stopped");
    let run = restore.ends().exits_with(1);
    assert_eq!(run.stderr, format!("restored the snapshot before\n{STOPPED_EARLY}"));
    world.assert_nothing_left();
    world.up(&[]).succeeds();
    world.assert_data();
}

#[test]
fn up_waits_until_a_server_is_gone_that_a_killed_up_had_only_begun() {
    let world = World::new();
    let (mut killed, gate) = world.up_stopped_at(Point::Server, &[]);
    killed.signal("KILL");
    assert_eq!(killed.code(), 137);

    // The old server goes on as soon as the next `up` looks for PostgreSQL, and comes
    // before that one's own.
    let bindir = world.path().join("other-bin");
    std::fs::create_dir(&bindir).unwrap();
    let (real, here) = (crate::support::real_bindir(), gate.bindir().display().to_string());
    let real = real.display();
    for name in ["initdb", "pg_ctl"] {
        script(&bindir.join(name), &format!("exec {real}/{name} \"$@\""));
    }
    let lives = format!("grep -q . /proc/$(cat {here}/reached)/cmdline 2>/dev/null");
    script(
        &bindir.join("postgres"),
        &format!(
            "case $1 in\n\
             --version) [ -e {here}/opened ] || {{ : > {here}/opened; echo > {here}/pipe; }};;\n\
             -D) while [ ! -e \"$2/postmaster.pid\" ] && {lives}; do :; done;;\n\
             esac\n\
             exec {real}/postgres \"$@\""
        ),
    );
    Run::of(up(&world).env("CRUDDUR_POSTGRES_BINDIR", &bindir)).succeeds().says("ready");
    assert_eq!(world.states(), ["running", "running", "running"]);
    world.put_data();
    world.assert_data();
    world.down().succeeds().says("stopped");
    world.assert_nothing_left();
}

#[test]
fn up_succeeds_at_once_after_one_that_was_killed_at_any_moment() {
    for point in [Point::Before, Point::Middle, Point::After, Point::Server] {
        let world = World::new();
        let (killed, gate) = world.up_stopped_at(point, &[]);
        killed.signal("KILL");
        gate.open();
        world.up(&[]).succeeds().says("ready");
        world.put_data();
        world.assert_data();
    }
}

#[test]
fn a_start_that_nobody_waits_for_any_more_is_not_taken_for_a_stack_that_runs() {
    let world = World::new();
    let gate = Gate::new(&world, Point::After);
    let mut waiting = Spawned::new(gate.guard(&mut up(&world)));
    gate.reached();
    waiting.signal("KILL");
    assert_eq!(waiting.code(), 137);
    gate.open();
    // That one stops by itself, and this one is another.
    world.up(&[]).succeeds().says("ready; cruddur local down stops it");
    world.put_data();
    world.assert_data();
    world.down().succeeds().says("stopped");
    world.assert_nothing_left();
}
