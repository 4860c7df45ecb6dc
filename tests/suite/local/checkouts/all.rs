//! All stacks of the machine.

use std::fs;

use serde_json::Value;

use super::{Checkouts, SERVICES};
use crate::support::{names, signal};

/// The stacks by `local status --all`, by the ends of their names.
fn listed(checkouts: &Checkouts) -> Vec<Value> {
    let run = checkouts.cruddur("one", &["local", "status", "--all", "-o", "ndjson"]).succeeds();
    run.ndjson()
}

/// The stack of a checkout in the list.
#[track_caller]
fn of<'a>(stacks: &'a [Value], project: &str) -> &'a Value {
    let is_its = |stack: &&Value| stack["project"].as_str().is_some_and(|path| path.ends_with(project));
    stacks.iter().find(is_its).unwrap_or_else(|| panic!("{project} in {stacks:#?}"))
}

#[test]
fn every_stack_is_listed_with_its_ports_and_ended() {
    let checkouts = Checkouts::new();
    let empty = checkouts.cruddur("one", &["local", "status", "--all"]).succeeds();
    empty.says("there are no stacks in");
    assert!(!checkouts.world.data().exists(), "asking creates nothing");
    checkouts.up("one", &[]).succeeds();
    checkouts.up("two", &["--ephemeral"]).succeeds();
    checkouts.up("three", &[]).succeeds();
    checkouts.down("three");
    let elsewhere = checkouts.folder("elsewhere");
    checkouts.up("one", &["--data-dir", elsewhere.to_str().unwrap()]).succeeds();

    let stacks = listed(&checkouts);
    assert_eq!(stacks.len(), 4, "{stacks:#?}");
    let [one, two, three] = ["/one", "/two", "/three"].map(|name| of(&stacks, name));
    for (stack, state, ports) in [
        (one, "running", checkouts.asked()),
        (two, "running", checkouts.instead(0)),
        (three, "stopped", checkouts.instead(1)),
    ] {
        assert_eq!(stack["state"], state);
        for (service, port) in SERVICES.iter().zip(ports) {
            assert_eq!(stack["ports"][*service]["port"], port, "{stack}");
        }
        assert_eq!(stack["pid"].is_u64(), state == "running");
        assert_eq!(stack["orphaned"], false);
    }
    assert_eq!((&one["ephemeral"], &two["ephemeral"]), (&false.into(), &true.into()));
    assert!(one["bytes"].as_u64().unwrap() > 1 << 20, "{one}");
    let other = stacks.iter().find(|stack| stack["data_dir"] == elsewhere.to_str().unwrap()).unwrap();
    assert_eq!((&other["project"], &other["state"]), (&Value::Null, &"running".into()));
    assert_eq!(other["ports"]["dynamodb"]["port"], checkouts.instead(2)[0], "its ports are its own");

    // A project that is gone; its data may go, too.
    fs::remove_dir_all(checkouts.folder("three")).unwrap();
    let run = checkouts.cruddur("one", &["local", "status", "--all"]).succeeds();
    assert!(run.stdout.contains("/three (gone)  stopped"), "{}", run.stdout);
    run.says(&format!("rm -r {}", checkouts.stack("three").display()));
    // And a stack that was killed.
    signal(one["pid"].as_u64().unwrap().try_into().unwrap(), "KILL");
    let is_left = || of(&listed(&checkouts), "/one")["state"] == "leftover";
    crate::support::eventually("it is gone", || is_left().then_some(()));

    let down = checkouts.cruddur("two", &["local", "down", "--all"]).succeeds();
    let down = down.says(&format!("stopped      {}", checkouts.named("one")));
    let down = down.says(&format!("stopped      {}", checkouts.named("two")));
    let down = down.says(&format!("stopped      the stack in {}", elsewhere.display()));
    down.says("not running  the stack of ");
    checkouts.world.assert_nothing_left();
    assert!(listed(&checkouts).iter().all(|stack| stack["state"] == "stopped"));
}

#[test]
fn one_that_cannot_be_stopped_keeps_no_other_running() {
    let checkouts = Checkouts::new();
    for name in ["one", "two", "three"] {
        checkouts.up(name, &[]).succeeds();
    }
    let stack = checkouts.stack("one");
    let mode =
        |mode| fs::set_permissions(&stack, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    mode(0o777);
    let run = checkouts.cruddur("two", &["local", "down", "--all"]).exits_with(5);
    // What is in it is not trusted, so its name is that of its folder.
    run.says(&format!("failed       the stack in {}: ", stack.display()))
        .says("can be written by other users")
        .says(&format!("stopped      {}", checkouts.named("two")))
        .says(&format!("stopped      {}", checkouts.named("three")))
        .says("1 of 3 stacks could not be stopped");
    let list = checkouts.cruddur("two", &["local", "status", "--all"]).succeeds();
    list.says("can be written by other users");
    mode(0o710);
    assert_eq!(of(&listed(&checkouts), "/one")["state"], "running");
    checkouts.cruddur("two", &["local", "down", "--all"]).succeeds();
    checkouts.world.assert_nothing_left();
}

#[test]
fn the_first_stack_of_a_project_says_where_the_data_was_before() {
    let checkouts = Checkouts::new();
    let base = checkouts.world.data();
    checkouts.up("one", &["--data-dir", base.to_str().unwrap()]).succeeds();
    checkouts.cruddur("one", &["local", "down", "--data-dir", base.to_str().unwrap()]).succeeds();
    let says = format!("data from before each project had a stack is in {}\n", base.display());
    checkouts.up("two", &[]).succeeds().says(&says);
    checkouts.down("two");
    let again = checkouts.up("two", &[]).succeeds();
    assert!(!again.stderr.contains("from before"), "{}", again.stderr);
    assert!(names(&base).contains(&"postgres".to_owned()));
}

#[test]
fn a_stack_that_an_earlier_version_has_started_keeps_its_ports() {
    let checkouts = Checkouts::new();
    let home = checkouts.world.path();
    fs::write(home.join(".env"), checkouts.settings()).unwrap();
    checkouts.up("", &[]).succeeds();
    let base = checkouts.world.data();
    fs::remove_file(base.join("ports.json")).unwrap();
    // It is used where there is no other, as before.
    checkouts.cruddur("one", &["ddb", "schema-load"]).succeeds();
    checkouts.cruddur("", &["local", "env"]).succeeds();
    let says = format!("port {} belongs to the stack in {}", checkouts.asked()[0], base.display());
    checkouts.up("one", &[]).succeeds().says(&says);
    assert_eq!(checkouts.ports("one"), checkouts.instead(0));
    assert_eq!(checkouts.ports(""), checkouts.asked());
}
