//! `ddb seed` over a group that is there already: replaced, never doubled.

use std::collections::{BTreeSet, HashSet};

use super::seed::{group_rows, messages_of, numbered, strings};
use crate::support::{Fault, GROUP, Item, Proxy, Sandbox, Spawned, text};

const OTHER_GROUP: &str = "11111111-2222-4333-8444-555555555555";

fn transcript(sandbox: &Sandbox, messages: usize) -> String {
    sandbox.write(&format!("{messages}.txt"), numbered(messages, "")).to_str().unwrap().to_owned()
}

fn uuids(items: &[Item]) -> HashSet<String> {
    items.iter().map(|item| text(item, "message_uuid")).collect()
}

fn owners(sandbox: &Sandbox) -> BTreeSet<String> {
    let rows = group_rows(sandbox);
    let owners: BTreeSet<String> = rows.iter().map(|row| text(row, "pk")).collect();
    assert_eq!(owners.len(), rows.len(), "one row a participant");
    owners
}

fn inboxes(sandbox: &Sandbox, handles: [&str; 2]) -> BTreeSet<String> {
    let query = format!("SELECT uuid FROM public.users WHERE handle IN ('{}', '{}')", handles[0], handles[1]);
    sandbox.sql(&query).iter().map(|row| format!("GRP#{}", row[0])).collect()
}

/// Seeds `first` messages, then `second`: nothing of the first is left.
fn replaces(first: usize, second: usize) {
    let sandbox = Sandbox::set_up();
    sandbox.cruddur(["ddb", "seed", &transcript(&sandbox, first)]).succeeds();
    let old = messages_of(&sandbox, GROUP);
    assert_eq!(old.len(), first);
    sandbox
        .cruddur(["ddb", "seed", &transcript(&sandbox, second)])
        .succeeds()
        .says(&format!("deleted {} items", first + 2));
    let new = messages_of(&sandbox, GROUP);
    assert_eq!(new.len(), second);
    assert!(uuids(&new).is_disjoint(&uuids(&old)), "an old message is left");
    assert_eq!(sandbox.items().len(), second + 2);
    assert_eq!(owners(&sandbox), inboxes(&sandbox, ["nina", "oscar"]));
    let last = new.last().unwrap();
    for row in group_rows(&sandbox) {
        assert_eq!((text(&row, "sk"), text(&row, "message")), (text(last, "sk"), text(last, "message")));
    }
}

#[test]
fn as_many_messages_replace_the_old_ones() {
    replaces(3, 3);
}

#[test]
fn a_shorter_transcript_leaves_none_of_the_longer() {
    replaces(30, 1);
}

#[test]
fn a_longer_transcript_replaces_a_shorter() {
    replaces(2, 120);
}

#[test]
fn more_than_a_hundred_items_are_replaced() {
    replaces(130, 110);
}

#[test]
fn the_batch_limit_is_no_limit() {
    // With the two rows: one full batch, and one item more.
    replaces(23, 24);
}

#[test]
fn a_group_larger_than_a_page_is_replaced_whole() {
    let sandbox = Sandbox::set_up();
    // 24 × 60 KB: more than the 1 MB of a Query's page.
    let file = sandbox.write("long.txt", numbered(24, &"x".repeat(60_000)));
    sandbox.cruddur(["ddb", "seed", file.to_str().unwrap()]).succeeds();
    assert_eq!(sandbox.items().len(), 26);
    sandbox.cruddur(["ddb", "seed", &transcript(&sandbox, 2)]).succeeds().says("deleted 26 items");
    assert_eq!(sandbox.items().len(), 4);
}

#[test]
fn another_partner_takes_the_formers_row() {
    let sandbox = Sandbox::seeded();
    assert_eq!(owners(&sandbox), inboxes(&sandbox, ["nina", "oscar"]));
    let count = sandbox.items().len();
    sandbox.cruddur(["ddb", "seed", "--other-handle", "petra"]).succeeds();
    assert_eq!(owners(&sandbox), inboxes(&sandbox, ["nina", "petra"]));
    assert_eq!(sandbox.items().len(), count);
    let senders: BTreeSet<String> =
        messages_of(&sandbox, GROUP).iter().map(|item| text(item, "user_handle")).collect();
    assert_eq!(senders, BTreeSet::from(["nina".to_owned(), "petra".to_owned()]));
}

#[test]
fn exchanged_roles_leave_one_row_each() {
    let sandbox = Sandbox::seeded();
    let count = sandbox.items().len();
    sandbox.cruddur(["ddb", "seed", "--my-handle", "oscar", "--other-handle", "nina"]).succeeds();
    assert_eq!(owners(&sandbox), inboxes(&sandbox, ["nina", "oscar"]));
    assert_eq!(sandbox.items().len(), count);
    assert_eq!(text(&messages_of(&sandbox, GROUP)[0], "user_handle"), "oscar");
}

#[test]
fn users_with_new_uuids_leave_no_rows_of_the_old() {
    let sandbox = Sandbox::seeded();
    let old = owners(&sandbox);
    sandbox.sql("UPDATE users SET uuid = gen_random_uuid()");
    sandbox.cruddur(["ddb", "seed"]).succeeds();
    let new = owners(&sandbox);
    assert_eq!(new, inboxes(&sandbox, ["nina", "oscar"]));
    assert!(new.is_disjoint(&old));
}

#[test]
fn what_the_app_wrote_since_is_replaced_too() {
    let sandbox = Sandbox::seeded();
    let count = sandbox.items().len();
    let message = |sk: &str| {
        sandbox.put(&[
            ("pk", &format!("MSG#{GROUP}")),
            ("sk", sk),
            ("message", "later"),
            ("user_handle", "nina"),
        ]);
    };
    for sk in ["2019-01-01T00:00:00", "2099-12-31T23:59:59Z", "2023-03-29T09:45:13.050615-05:00"] {
        message(sk);
    }
    let owner = owners(&sandbox).pop_first().unwrap();
    sandbox.put(&[("pk", &owner), ("sk", "2098-01-01T00:00:00Z"), ("message_group_uuid", GROUP)]);
    sandbox.cruddur(["ddb", "seed"]).succeeds();
    assert_eq!(sandbox.items().len(), count);
    assert_eq!(owners(&sandbox), inboxes(&sandbox, ["nina", "oscar"]));
}

#[test]
fn another_group_is_left_alone() {
    let sandbox = Sandbox::set_up();
    sandbox
        .cruddur(["ddb", "seed", &transcript(&sandbox, 30), "--message-group-uuid", OTHER_GROUP])
        .succeeds();
    // A group whose uuid begins like the seeded one's, and an item of no group.
    sandbox.put(&[("pk", &format!("MSG#{GROUP}-2")), ("sk", "2023-01-01T00:00:00Z"), ("message", "mine")]);
    sandbox.put(&[("pk", "CONFIG"), ("sk", "1"), ("message", "not yours")]);
    let before = sandbox.items();
    for _ in 0..2 {
        sandbox.cruddur(["ddb", "seed"]).succeeds();
        let after = sandbox.items();
        let after: Vec<_> = after.iter().map(strings).collect();
        for item in &before {
            assert!(after.contains(&strings(item)), "gone or changed: {item:?}");
        }
    }
    let seeded = messages_of(&sandbox, GROUP).len() + 2;
    assert_eq!(sandbox.items().len(), before.len() + seeded);
}

/// Seeds three messages over a group, and runs another command while one of the batches waits.
fn seeded_beside(
    command: &[&str],
    fault: impl Fn(usize) -> Option<Fault> + Send + Sync + 'static,
) -> Sandbox {
    let sandbox = Sandbox::seeded();
    let proxy = Proxy::new(sandbox.endpoint(), "BatchWriteItem", fault);
    let file = transcript(&sandbox, 3);
    let seed = &mut sandbox.command(["ddb", "seed", &file, "--endpoint-url", proxy.url()]);
    let mut run = Spawned::new(seed.args(["--timeout", "1h"]));
    proxy.holds(1);
    sandbox.cruddur(command).succeeds();
    proxy.release();
    assert_eq!(run.code(), 0);
    assert_eq!(sandbox.items().len(), 5);
    sandbox.cruddur(["ddb", "check"]).succeeds();
    sandbox
}

/// A message is sent meanwhile: the group is the transcript all the same.
fn replaces_what_is_sent_meanwhile(fault: impl Fn(usize) -> Option<Fault> + Send + Sync + 'static) {
    let words =
        ["ddb", "patterns", "create-message", "--from", "nina", "--message-group-uuid", GROUP, "sent"];
    let sandbox = seeded_beside(&words, fault);
    let texts: Vec<String> = messages_of(&sandbox, GROUP).iter().map(|item| text(item, "message")).collect();
    assert_eq!(texts, ["number 0", "number 1", "number 2"]);
    assert_eq!(owners(&sandbox), inboxes(&sandbox, ["nina", "oscar"]));
}

#[test]
fn what_is_sent_before_the_first_batch_is_replaced_too() {
    replaces_what_is_sent_meanwhile(|call| (call == 0).then_some(Fault::Hold));
}

#[test]
fn what_is_sent_after_the_last_batch_is_replaced_too() {
    // The messages, the rows, and 64 items to delete.
    replaces_what_is_sent_meanwhile(|call| (call == 4).then_some(Fault::HoldAnswer));
}

#[test]
fn a_rename_meanwhile_is_followed() {
    let words = ["ddb", "rename-user", "nina", "--display-name", "Nina Later"];
    let sandbox = seeded_beside(&words, |call| (call == 0).then_some(Fault::Hold));
    for item in sandbox.items() {
        let name = if text(&item, "user_handle") == "nina" { "Nina Later" } else { "Oscar Lindqvist" };
        assert_eq!(text(&item, "user_display_name"), name);
    }
}

#[test]
fn a_group_that_is_never_left_alone_is_an_error() {
    let sandbox = Sandbox::seeded();
    let before = sandbox.items();
    // As if others undid every batch.
    let proxy = Proxy::new(sandbox.endpoint(), "BatchWriteItem", |_| Some(Fault::Answer("{}")));
    sandbox
        .cruddur(["ddb", "seed", "--endpoint-url", proxy.url()])
        .exits_with(1)
        .says(&format!("other writers changed the group {GROUP}"))
        .says("Hint: stop them, then run the same command again");
    assert_eq!(sandbox.items(), before);
}
