//! Stacks that start at the same time.

use std::fs::{self, File};
use std::os::unix::fs::DirBuilderExt as _;

use super::Checkouts;
use crate::support::{Spawned, eventually, names};

/// Holds the lock under which stacks get their ports.
fn hold(checkouts: &Checkouts) -> File {
    let stacks = checkouts.world.data().join("stacks");
    fs::DirBuilder::new().recursive(true).mode(0o711).create(&stacks).unwrap();
    let lock = File::create(stacks.join("lock")).unwrap();
    lock.lock().unwrap();
    lock
}

/// Waits until `count` stacks are about to get their ports.
fn have_begun(checkouts: &Checkouts, count: usize) {
    let stacks = checkouts.world.data().join("stacks");
    eventually("the stacks begin", || {
        let has_begun = |name: &&String| stacks.join(name).join("lock").exists();
        (names(&stacks).iter().filter(has_begun).count() == count).then_some(())
    });
}

#[test]
fn two_first_starts_do_not_get_the_same_ports() {
    let checkouts = Checkouts::new();
    let lock = hold(&checkouts);
    let start = |name| Spawned::new(&mut checkouts.command(name, &["local", "up", "--detach"]));
    let starts = ["one", "two", "three"].map(start);
    have_begun(&checkouts, 3);
    drop(lock);
    for start in starts {
        start.ends().succeeds().says("ready");
    }
    let mut ports = ["one", "two", "three"].map(|name| checkouts.ports(name));
    ports.sort_unstable();
    let mut expected = [checkouts.asked(), checkouts.instead(0), checkouts.instead(1)];
    expected.sort_unstable();
    // Each got all of its ports before the next.
    assert_eq!(ports, expected);
}

#[test]
fn two_starts_in_one_checkout_end_with_one_stack() {
    let checkouts = Checkouts::new();
    checkouts.up("one", &[]).succeeds();
    let lock = hold(&checkouts);
    let start = |folder| Spawned::new(&mut checkouts.command(folder, &["local", "up", "--detach"]));
    let starts = ["two", "two/app"].map(start);
    have_begun(&checkouts, 2);
    drop(lock);
    let runs = starts.map(|start| start.ends().succeeds());
    let count = |text: &str| runs.iter().filter(|run| run.stderr.contains(text)).count();
    assert_eq!((count("ready; "), count("already running")), (1, 1), "{runs:?}");
    assert_eq!(checkouts.ports("two"), checkouts.instead(0));
}
