//! `ddb rename-user`, broken off, throttled, and among other writers.

use super::rename_user::{NEW, assert_names, bare, busy, words};
use crate::support::{Fault, GROUP, Proxy, Sandbox, Spawned, text};

/// nina's new names, through a proxy.
fn rename(proxy: &Proxy) -> Vec<&str> {
    words("nina", &[&NEW[..], &["--endpoint-url", proxy.url()]].concat())
}

fn proxy(sandbox: &Sandbox, plan: impl Fn(usize) -> Option<Fault> + Send + Sync + 'static) -> Proxy {
    Proxy::new(sandbox.endpoint(), "UpdateItem", plan)
}

#[track_caller]
fn assert_renamed(sandbox: &Sandbox, copies: usize) {
    assert_eq!(assert_names(sandbox, "nina-b", "Nina O'Brien ⚓"), copies);
}

#[test]
fn killed_at_any_update_the_same_command_goes_on() {
    // From its first update on, in the middle, at the last ones.
    for first in [0, 7, 20, 34] {
        let sandbox = busy();
        let before = bare(&sandbox);
        let holding = proxy(&sandbox, move |call| (call >= first).then_some(Fault::Hold));
        let mut run = Spawned::new(&mut sandbox.command(rename(&holding)));
        holding.holds(1);
        run.signal("KILL");
        assert_eq!(run.code(), 128 + 9);
        drop(holding);
        // PostgreSQL has the new names, and some copies still have the old.
        assert_eq!(sandbox.user("nina-b").display_name, "Nina O'Brien ⚓");
        let old = sandbox.items().iter().filter(|item| text(item, "user_handle") == "nina").count();
        assert!(old >= 1, "{first}");
        let run = sandbox.cruddur(words("nina", &NEW)).succeeds();
        run.says("nina is already nina-b (Nina O'Brien ⚓); copies remain");
        assert_renamed(&sandbox, 35);
        assert_eq!(bare(&sandbox), before);
    }
}

#[test]
fn killed_before_it_writes_nothing_is_changed() {
    let sandbox = busy();
    let holding = Proxy::new(sandbox.endpoint(), "Query", |call| (call == 4).then_some(Fault::Hold));
    let mut run = Spawned::new(&mut sandbox.command(rename(&holding)));
    holding.holds(1);
    run.signal("KILL");
    assert_eq!(run.code(), 128 + 9);
    assert_eq!(assert_names(&sandbox, "nina", "Nina Okafor"), 35);
}

#[test]
fn ctrl_c_says_how_far_it_came_and_how_to_go_on() {
    let sandbox = busy();
    let holding = proxy(&sandbox, |call| (call >= 10).then_some(Fault::Hold));
    let mut command = sandbox.command(rename(&holding));
    let running = Spawned::new(command.args(["--timeout", "1h"]));
    // All that may be under way are.
    holding.holds(16);
    running.signal("INT");
    let run = running.ends().exits_with(130);
    run.says("interrupted; the user and 10 of 35 copies are renamed").says(
        r"to resume run: cruddur ddb rename-user nina --display-name 'Nina O'\''Brien ⚓' --new-handle nina-b",
    );
    sandbox.cruddur(words("nina", &NEW)).succeeds();
    assert_renamed(&sandbox, 35);
}

#[test]
fn a_failure_in_between_is_a_job_done_in_part() {
    let sandbox = busy();
    let failing = proxy(&sandbox, |call| (call == 12).then_some(Fault::Error(400, "ValidationException")));
    let run = sandbox.cruddur(rename(&failing)).exits_with(5);
    run.says("cannot rename a copy on http://127.0.0.1").says("the user and ").says("of 35 copies are renamed").says(
        r"to resume run: cruddur ddb rename-user nina --display-name 'Nina O'\''Brien ⚓' --new-handle nina-b",
    );
    sandbox.cruddur(words("nina", &NEW)).succeeds();
    assert_renamed(&sandbox, 35);
}

#[test]
fn a_throttled_table_and_a_busy_item_are_waited_for() {
    let sandbox = busy();
    let codes =
        ["ThrottlingException", "ProvisionedThroughputExceededException", "TransactionConflictException"];
    let throttling = proxy(&sandbox, move |call| {
        (call < 60 && call % 2 == 0).then_some(Fault::Error(400, codes[call / 2 % 3]))
    });
    sandbox.cruddur(rename(&throttling)).succeeds();
    assert_renamed(&sandbox, 35);
}

#[test]
fn an_update_whose_answer_is_lost_is_only_repeated() {
    let sandbox = busy();
    let before = bare(&sandbox);
    let losing = proxy(&sandbox, |call| call.is_multiple_of(5).then_some(Fault::LoseAnswer));
    sandbox.cruddur(rename(&losing)).succeeds();
    assert_renamed(&sandbox, 35);
    assert_eq!(bare(&sandbox), before);
}

#[test]
fn rows_that_move_and_messages_that_come_meanwhile_are_renamed_too() {
    let sandbox = busy();
    let holding = proxy(&sandbox, |_| Some(Fault::Hold));
    let mut command = sandbox.command(rename(&holding));
    let run = Spawned::new(command.args(["--timeout", "1h"]));
    holding.holds(16);
    // From somebody who has read the old names: the library takes what it is given.
    let mut nina = sandbox.user("nina-b");
    (nina.handle, nina.display_name) = ("nina".to_owned(), "Nina Okafor".to_owned());
    let group = GROUP.parse().unwrap();
    let now = cruddur::messaging::Timestamp::now();
    crate::support::runtime()
        .block_on(sandbox.messages_table().create_message(group, &nina, "late", now))
        .unwrap();
    let moved = bare(&sandbox);
    holding.release();
    let run = run.ends().succeeds();
    assert_renamed(&sandbox, 36);
    assert_eq!(bare(&sandbox), moved, "no item is created, none is moved back");
    assert!(run.stdout.contains("33"), "{}", run.stdout);
}

#[test]
fn an_item_that_is_gone_is_not_created_again() {
    let sandbox = busy();
    let holding = proxy(&sandbox, |_| Some(Fault::Hold));
    let mut command = sandbox.command(rename(&holding));
    let run = Spawned::new(command.args(["--timeout", "1h"]));
    holding.holds(16);
    for message in sandbox.items_of("MSG#") {
        sandbox.delete(&text(&message, "pk"), &text(&message, "sk"));
    }
    holding.release();
    run.ends().succeeds();
    assert_eq!(sandbox.items_of("MSG#").len(), 0);
    assert_renamed(&sandbox, 3);
}

#[test]
fn the_same_user_is_renamed_by_one_at_a_time() {
    let sandbox = busy();
    let holding = proxy(&sandbox, |_| Some(Fault::Hold));
    let mut command = sandbox.command(rename(&holding));
    let run = Spawned::new(command.args(["--timeout", "1h"]));
    holding.holds(1);
    sandbox
        .cruddur(words("nina-b", &["--new-handle", "other"]))
        .exits_with(1)
        .says("another run is renaming nina-b");
    sandbox.cruddur(words("oscar", &["--new-handle", "oscar"])).succeeds();
    holding.release();
    run.ends().succeeds();
    assert_renamed(&sandbox, 35);
}

#[test]
fn broken_off_with_the_handle_given_to_somebody_else_it_stops() {
    let sandbox = busy();
    let failing = proxy(&sandbox, |call| (call == 0).then_some(Fault::Error(400, "ValidationException")));
    sandbox.cruddur(rename(&failing)).exits_with(5);
    sandbox.sql(
        "INSERT INTO users (display_name, handle, email, cognito_user_id) VALUES ('N', 'nina', 'n@example.com', 'MOCK')",
    );
    sandbox.cruddur(words("nina", &NEW)).exits_with(1).says("the handle \"nina-b\" is taken");
    assert_eq!(sandbox.user("nina").display_name, "N");
    // By her new handle it goes on.
    sandbox.cruddur(words("nina-b", &["--new-handle", "nina-b"])).succeeds();
    assert_renamed(&sandbox, 35);
}
