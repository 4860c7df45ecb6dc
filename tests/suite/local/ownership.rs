//! A data directory that is not the user's own, or that holds what others have put there.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::process::Command;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use nix::unistd::geteuid;

use crate::support::{Run, Spawned, World, names};

fn chmod(path: &std::path::Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn down_ends_no_process_that_a_file_names() {
    let world = World::new();
    world.up(&[]).succeeds();
    world.down().succeeds();
    let mut stranger = Spawned::new(Command::new("sleep").arg("600"));
    let path = world.data().join("lock");
    fs::write(&path, stranger.id().to_string()).unwrap();
    let report = serde_json::json!({
        "pid": stranger.id(), "ephemeral": false, "data_dir": world.data(), "services": []
    });
    fs::write(world.data().join("stack.json"), report.to_string()).unwrap();
    // Whoever may read a file can hold this kind of lock on it.
    let lock = File::open(&path).unwrap();
    lock.lock().unwrap();

    world.down().succeeds();
    world.up(&[]).succeeds();
    world.down().succeeds().says("stopped");
    assert!(stranger.is_running(), "the stranger was ended");
}

#[test]
fn down_ends_no_process_that_only_reads_the_lock() {
    let world = World::new();
    world.up(&[]).succeeds();
    world.down().succeeds();
    let lock = File::open(world.data().join("lock")).unwrap();
    let shared = libc::flock {
        l_type: i16::try_from(libc::F_RDLCK).unwrap(),
        l_whence: i16::try_from(libc::SEEK_SET).unwrap(),
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    fcntl(&lock, FcntlArg::F_SETLK(&shared)).unwrap();
    // This process would be the one that is ended.
    world.down().exits_with(1).says("is not a stack");
    drop(lock);
    world.down().succeeds().says("no stack was running");
}

#[test]
fn links_are_not_followed() {
    for name in ["lock", "stack.log", "postgres.log", "dynamodb.sqlite", "dynamodb.sqlite-wal"] {
        let world = World::new();
        fs::create_dir(world.data()).unwrap();
        chmod(&world.data(), 0o700);
        let victim = world.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        chmod(&victim, 0o644);
        symlink(&victim, world.data().join(name)).unwrap();

        let path = world.data().join(name);
        world
            .up(&[])
            .exits_with(4)
            .says(&format!("{} is a symbolic link", path.display()))
            .says("choose another data directory");
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious", "{name}");
        assert_eq!(victim.metadata().unwrap().permissions().mode() & 0o777, 0o644);
    }
}

#[test]
fn a_file_that_is_elsewhere_too_is_not_written() {
    let world = World::new();
    fs::create_dir(world.data()).unwrap();
    let victim = world.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    fs::hard_link(&victim, world.data().join("postgres.log")).unwrap();
    world.up(&[]).exits_with(4).says("postgres.log is not a regular file, or has other links");
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
}

#[test]
fn a_folder_that_others_may_write_is_refused() {
    for mode in [0o777, 0o1777, 0o775] {
        let world = World::new();
        fs::create_dir(world.data()).unwrap();
        chmod(&world.data(), mode);
        for run in [world.up(&[]), world.down(), Run::of(&mut world.on_ports("up", &[]))] {
            run.exits_with(4)
                .says(&format!("{} can be written by other users", world.data().display()))
                .says(&format!("Hint: run: chmod go-w {}", world.data().display()));
        }
        assert_eq!(names(&world.data()), [""; 0]);
        chmod(&world.data(), 0o755);
        world.up(&[]).succeeds();
    }
}

#[test]
fn a_folder_in_one_that_others_may_write_is_refused() {
    let world = World::new();
    let parent = world.path().join("shared");
    fs::create_dir(&parent).unwrap();
    let flag = format!("--data-dir={}", parent.join("data").display());
    chmod(&parent, 0o777);
    world.up(&[&flag]).exits_with(4).says(&format!("{} can be written by other users", parent.display()));
    // Nobody but its owner can put another in its place there, as in /tmp.
    chmod(&parent, 0o1777);
    world.up(&[&flag]).succeeds();
    world.cruddur(["local", "down", &flag]).succeeds().says("stopped");
}

#[test]
fn a_folder_of_another_user_is_refused() {
    let world = World::new();
    // Everybody but root finds one of root's.
    let folder = if geteuid().is_root() { world.data() } else { "/usr".into() };
    let owner = if geteuid().is_root() { 65_534 } else { 0 };
    if geteuid().is_root() {
        fs::create_dir(&folder).unwrap();
        chown(&folder, Some(owner), None).unwrap();
    }
    let flag = format!("--data-dir={}", folder.display());
    let says = format!("{} belongs to another user (uid {owner})", folder.display());
    world.up(&[&flag]).exits_with(4).says(&says).says("choose another data directory");
    world.cruddur(["local", "down", &flag]).exits_with(4).says(&says);
    world.status(&[&flag]).exits_with(4).says(&says);
    assert!(!folder.join("lock").exists());
}

#[test]
fn a_link_in_the_place_of_the_folder_is_refused() {
    let world = World::new();
    let elsewhere = world.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, world.data()).unwrap();
    world.up(&[]).exits_with(4).says("is a symbolic link");
    world.down().exits_with(4).says("is a symbolic link");
    assert_eq!(names(&elsewhere), [""; 0]);
}

#[test]
fn no_folder_is_removed_because_a_report_names_it() {
    let world = World::new();
    world.up(&[]).succeeds();
    world.down().succeeds();
    let victim = world.path().join("precious");
    fs::create_dir(&victim).unwrap();
    let report = serde_json::json!({ "pid": 1, "ephemeral": true, "data_dir": victim, "services": [] });
    fs::write(world.data().join("stack.json"), report.to_string()).unwrap();
    world.down().succeeds();
    assert!(victim.exists());
}
