//! `local exec` leaves no process and no file, however it ends.

use std::fs;

use crate::support::{Point, Run, World, bin_folder, eventually, real_bindir, script, signal};

#[test]
fn sigterm_right_after_the_start_leaves_nothing() {
    let world = World::new();
    let mut exec = world.exec(&["sleep", "600"]);
    exec.signal("TERM");
    assert_eq!(exec.code(), 143);
    world.assert_nothing_left();
}

#[test]
fn sigterm_during_the_start_leaves_nothing() {
    for point in [Point::Before, Point::After, Point::Server] {
        let world = World::new();
        let (mut exec, _gate) = world.exec_stopped_at(point);
        exec.signal("TERM");
        assert_eq!(exec.code(), 143);
        world.assert_nothing_left();
    }
}

#[test]
fn sigterm_once_the_server_has_begun_leaves_nothing() {
    // From here on at any moment.
    let world = World::new();
    let mut exec = world.exec(&["sleep", "600"]);
    world.scratch_with("postgres/postmaster.pid");
    exec.signal("TERM");
    assert_eq!(exec.code(), 143);
    world.assert_nothing_left();
}

#[test]
fn sigint_while_the_cluster_is_made_leaves_nothing() {
    let world = World::new();
    let (mut exec, _gate) = world.exec_stopped_at(Point::Before);
    exec.signal("INT");
    assert_eq!(exec.code(), 130);
    world.assert_nothing_left();
}

#[test]
fn a_start_that_fails_leaves_nothing() {
    // An initdb that works and a server that does not start.
    let world = World::new();
    let folder = bin_folder(&world);
    let real = real_bindir();
    for name in ["initdb", "pg_ctl"] {
        script(&folder.join(name), &format!("exec {}/{name} \"$@\"", real.display()));
    }
    let version = "case $* in *--version*) echo 'postgres (PostgreSQL) 99.9'; exit;; esac";
    script(&folder.join("postgres"), &format!("{version}\necho 'it is broken' >&2\nexit 1"));
    let mut command = world.command(["local", "exec", "sh", "-c", "echo it ran"]);
    let run = Run::of(command.env("CRUDDUR_POSTGRES_BINDIR", &folder));
    let run = run.exits_with(1).says("did not start").says("it is broken");
    assert_eq!(run.stdout, "");
    world.assert_nothing_left();
}

#[test]
fn a_cluster_that_cannot_be_made_leaves_nothing() {
    let world = World::new();
    let folder = bin_folder(&world);
    script(&folder.join("postgres"), "echo 'postgres (PostgreSQL) 99.9'");
    script(&folder.join("initdb"), "echo 'no space left' >&2; exit 1");
    script(&folder.join("pg_ctl"), "exit 1");
    let mut command = world.command(["local", "exec", "true"]);
    Run::of(command.env("CRUDDUR_POSTGRES_BINDIR", &folder))
        .exits_with(1)
        .says("cannot make a PostgreSQL cluster")
        .says("no space left");
    world.assert_nothing_left();
}

#[test]
fn the_next_exec_clears_away_a_killed_one() {
    let world = World::new();
    let mut exec = world.exec(&["sh", "-c", "echo $$ > \"$HOME/pid\"; exec sleep 600"]);
    let pid_file = world.path().join("pid");
    let command = eventually("the command runs", || fs::read_to_string(&pid_file).ok()?.trim().parse().ok());
    exec.signal("KILL");
    assert_eq!(exec.code(), 137);
    // Not ours to end: cruddur is gone and cannot know whose it is.
    signal(command, "KILL");
    assert_eq!(world.tmp_names().len(), 1);
    assert_ne!(world.processes(), []);

    world.cruddur(["local", "exec", "true"]).succeeds();
    world.assert_nothing_left();
}

#[test]
fn the_next_exec_clears_away_one_that_was_killed_while_it_started() {
    let world = World::new();
    let (mut exec, gate) = world.exec_stopped_at(Point::Middle);
    exec.signal("KILL");
    assert_eq!(exec.code(), 137);
    world.cruddur(["local", "exec", "true"]).succeeds();
    assert_eq!(world.tmp_names(), [""; 0]);
    gate.open();
    eventually("the old initdb is gone", || world.processes().is_empty().then_some(()));
    world.assert_nothing_left();
}

#[test]
#[cfg(target_os = "linux")]
fn shared_memory_goes_too() {
    for ready in ["postgres/postmaster.pid", "postgres/PG_VERSION"] {
        let world = World::new();
        let mut exec = world.exec(&["sleep", "600"]);
        world.scratch_with(ready);
        let segments = eventually("the server has shared memory", || {
            let found: Vec<_> = world.processes().iter().flat_map(|(pid, _)| segments(*pid)).collect();
            (!found.is_empty()).then_some(found)
        });
        exec.signal("TERM");
        assert_eq!(exec.code(), 143);
        for segment in segments {
            assert!(!segment.exists(), "{segment:?} is left");
        }
        world.assert_nothing_left();
    }
}

#[derive(Debug)]
#[cfg(target_os = "linux")]
enum Segment {
    File(std::path::PathBuf),
    SystemV(String),
}

#[cfg(target_os = "linux")]
impl Segment {
    fn exists(&self) -> bool {
        match self {
            Self::File(path) => path.exists(),
            Self::SystemV(id) => fs::read_to_string("/proc/sysvipc/shm")
                .unwrap()
                .lines()
                .any(|line| line.split_whitespace().nth(1) == Some(id)),
        }
    }
}

/// The shared memory of a process that has a name of its own.
#[cfg(target_os = "linux")]
fn segments(pid: u32) -> Vec<Segment> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    maps.lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace().skip(4);
            let (inode, path) = (fields.next()?, fields.next()?);
            if path.starts_with("/SYSV") {
                return Some(Segment::SystemV(inode.to_owned()));
            }
            path.starts_with("/dev/shm/PostgreSQL.").then(|| Segment::File(path.into()))
        })
        .collect()
}
