//! `ddb seed --conversations N --messages M`: invented data, the same for the same numbers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;

use cruddur::messaging::{Invented, Invention, Timestamp};

use crate::support::{Fault, Item, Proxy, Run, Sandbox, Spawned, eventually, files_below, text};

fn seed(sandbox: &Sandbox, numbers: &[&str]) -> Run {
    let arguments = ["ddb", "seed"].iter().chain(numbers);
    Run::of(sandbox.command(arguments).env("CRUDDUR_STATE_DIR", sandbox.path().join("state")))
}

/// Every item as text, by its key.
fn contents(sandbox: &Sandbox) -> BTreeMap<(String, String), BTreeMap<String, String>> {
    let strings = |item: &Item| item.keys().map(|name| (name.clone(), text(item, name))).collect();
    let items = sandbox.items();
    let all: BTreeMap<_, _> =
        items.iter().map(|item| ((text(item, "pk"), text(item, "sk")), strings(item))).collect();
    assert_eq!(all.len(), items.len());
    all
}

fn users(sandbox: &Sandbox) -> Vec<Vec<String>> {
    sandbox.sql("SELECT uuid, handle, display_name, email, cognito_user_id, created_at FROM users WHERE handle ~ '_' ORDER BY handle")
}

fn invention() -> Invention {
    let until = "2026-01-01T00:00:00Z".parse().unwrap();
    Invention { seed: 1, users: 10, conversations: 12, messages: 7, until, years: 1 }
}

const NUMBERS: [&str; 6] = ["--conversations", "12", "--messages", "7", "--until", "2026-01-01"];

#[test]
fn the_same_numbers_make_the_same_data_anywhere_and_another_seed_makes_others() {
    let (one, other) = (Sandbox::set_up(), Sandbox::set_up());
    seed(&one, &NUMBERS)
        .succeeds()
        .says("wrote 12 conversations between 10 users to \"cruddur-messages\"\nwith 84 messages")
        .says("24 group rows");
    seed(&other, &NUMBERS).succeeds().says("added 10 users");
    assert_eq!(contents(&one), contents(&other));
    assert_eq!(contents(&one).len(), 12 * 9);
    assert_eq!(users(&one), users(&other));
    assert_eq!(users(&one).len(), 10);
    // Again, nothing is added; with another seed, all of it.
    let before = contents(&one);
    seed(&one, &NUMBERS).succeeds().says("added 0 users").says("10 there already");
    assert_eq!(contents(&one), before);
    seed(&one, &[&NUMBERS[..], &["--seed", "2"]].concat()).succeeds();
    assert_eq!(contents(&one).len(), 2 * 12 * 9);
    // The same users in other conversations; the check finds all of it sound.
    seed(&one, &["--conversations", "12", "--messages", "3"]).succeeds().says("added 0 users");
    one.cruddur(["ddb", "check"]).succeeds();
}

#[test]
fn what_is_invented_does_not_change_from_version_to_version() {
    let invention = invention();
    let user = invention.user(0);
    assert_eq!(
        (user.user.handle.as_str(), user.user.display_name.as_str(), user.email.as_str()),
        ("omer_kihn_0", "Omer Kihn", "omer_kihn_0@example.com")
    );
    assert_eq!(user.user.uuid.to_string(), "bf1d6423-63b7-4f21-ad3e-98d7dd5b931f");
    let known = HashMap::new();
    let Some(Invented::Message(first)) = invention.items_from(0, &known).next() else { panic!() };
    assert_eq!(
        [first.message_group_uuid, first.sent_at, first.message_uuid, first.message],
        [
            "a34de7a6-e4af-41a3-b68c-549a92fe6641",
            "2025-12-29T23:17:53.754276+00:00",
            "742e2480-6c37-4d66-b809-9708e0960265",
            "Consequatur aut."
        ]
    );
}

#[test]
fn any_item_can_be_had_without_those_before_it() {
    let (invention, known) = (invention(), HashMap::new());
    let all: Vec<Invented> = invention.items_from(0, &known).collect();
    assert_eq!(all.len() as u64, invention.items());
    for from in 0..all.len() {
        assert!(invention.items_from(from as u64, &known).eq(all[from..].iter().cloned()));
    }
    // With more conversations, the first ones stay what they are.
    let more = Invention { conversations: 40, ..invention };
    assert!(more.items_from(0, &known).take(all.len()).eq(all));
}

#[test]
fn handles_are_unique_emails_lead_nowhere_and_pairs_do_not_repeat() {
    let invention = Invention { users: 30, conversations: 435, messages: 1, ..invention() };
    let users: Vec<_> = (0..2000).map(|index| invention.user(index)).collect();
    let handles: BTreeSet<&str> = users.iter().map(|user| user.user.handle.as_str()).collect();
    assert_eq!(handles.len(), users.len());
    assert_eq!(users.iter().map(|user| user.user.uuid).collect::<BTreeSet<_>>().len(), users.len());
    for user in &users {
        assert!(user.email.ends_with("@example.com"), "{user:?}");
        assert!(user.user.handle.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
    }
    // All 435 pairs of 30 users, each once.
    let mut pairs = BTreeSet::new();
    let mut inboxes = BTreeSet::new();
    for item in invention.items_from(0, &HashMap::new()) {
        if let Invented::Row(row) = item {
            assert_ne!(row.owner_uuid, row.other.user_uuid);
            assert!(
                inboxes.insert((row.owner_uuid.clone(), row.last_message_at.clone())),
                "a row's key is its own"
            );
            pairs.insert((row.owner_uuid, row.other.user_uuid));
        }
    }
    assert_eq!(pairs.len(), 2 * 435);
}

#[test]
fn times_are_in_order_and_within_the_years() {
    for (messages, years) in [(1, 1), (2, 1), (50, 1), (5000, 1), (300, 20)] {
        let invention = Invention { messages, years, conversations: 8, ..invention() };
        let (mut last, mut group) = (None, String::new());
        for item in invention.items_from(0, &HashMap::new()) {
            let Invented::Message(message) = item else { continue };
            if message.message_group_uuid != group {
                (last, group) = (None, message.message_group_uuid);
            }
            let at: Timestamp = message.sent_at.parse().unwrap();
            assert!(at >= invention.since() && at < invention.until, "{at}");
            assert!(last < Some(at), "{last:?} before {at}");
            last = Some(at);
        }
    }
}

#[test]
fn users_who_are_there_under_another_name_or_uuid_are_written_as_they_are() {
    let sandbox = Sandbox::set_up();
    let [renamed, moved] = [0, 1].map(|index| invention().user(index));
    sandbox.sql(&format!(
        "INSERT INTO users (uuid, display_name, handle, email, cognito_user_id) VALUES \
         ('{}', 'Ada', 'ada', 'ada@example.com', 'MOCK'), \
         ('00000000-0000-4000-8000-000000000001', 'Moved', '{}', 'm@example.com', 'MOCK')",
        renamed.user.uuid, moved.user.handle
    ));
    seed(&sandbox, &NUMBERS).succeeds().says("added 8 users").says("2 there already");
    let items = sandbox.items();
    let of = |uuid: &str| {
        let own = items.iter().filter(|item| text(item, "user_uuid") == uuid);
        own.map(|item| (text(item, "user_handle"), text(item, "user_display_name"))).collect::<BTreeSet<_>>()
    };
    assert_eq!(of(&renamed.user.uuid.to_string()), BTreeSet::from([("ada".to_owned(), "Ada".to_owned())]));
    let there = of("00000000-0000-4000-8000-000000000001");
    assert_eq!(there, BTreeSet::from([(moved.user.handle, "Moved".to_owned())]));
    assert!(of(&moved.user.uuid.to_string()).is_empty());
    sandbox.cruddur(["ddb", "check"]).succeeds();
}

#[test]
fn a_handle_that_two_users_have_stops_it_before_anything_is_written() {
    let sandbox = Sandbox::set_up();
    sandbox.allow_twins();
    let handle = invention().user(3).user.handle;
    let row = format!("('x', '{handle}', 'x@example.com', 'MOCK')");
    sandbox.sql(&format!(
        "INSERT INTO users (display_name, handle, email, cognito_user_id) VALUES {row}, {row}"
    ));
    seed(&sandbox, &NUMBERS).exits_with(1).says("more than one user has the handle").says(&handle);
    assert_eq!(users(&sandbox).len(), 2);
    assert!(sandbox.items().is_empty());
}

#[test]
fn a_dry_run_shows_what_it_would_write_and_writes_nothing() {
    let sandbox = Sandbox::set_up();
    let run = seed(&sandbox, &[&NUMBERS[..], &["--dry-run"]].concat()).succeeds();
    let run = run
        .says("would add the missing ones of 10 users to PostgreSQL")
        .says("would send 5 requests (BatchWriteItem), 108 items");
    let run = run.says("132 write units (table 108, message-group-sk-index 24)").says("nothing was written");
    assert!(run.stdout.contains("BatchWriteItem"), "{}", run.stdout);
    assert!(sandbox.items().is_empty());
    assert_eq!(users(&sandbox).len(), 0);
    assert!(!sandbox.path().join("state").exists());
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    let sandbox = Sandbox::set_up();
    let refused = |numbers: &[&str], why: &str| {
        seed(&sandbox, numbers).exits_with(2).says(why);
    };
    refused(&["--conversations", "4", "--messages", "1", "--users", "3"], "--users 3");
    refused(&["--conversations", "1", "--messages", "1", "--users", "1"], "--users");
    refused(&["--conversations", "1", "--messages", "0"], "--messages");
    refused(&["--conversations", "1"], "--messages");
    refused(&["--seed", "3"], "--conversations");
    refused(&["--conversations", "1", "--messages", "1", "--until", "2999-01-01"], "--until 2999-01-01");
    refused(&["--conversations", "1", "--messages", "1", "--until", "yesterday"], "--until yesterday");
    refused(&["--conversations", "1", "--messages", "1", "--max-wcu", "0"], "--max-wcu");
    refused(&["talk.txt", "--conversations", "1", "--messages", "1"], "--conversations");
    refused(&["--conversations", "1", "--messages", "1", "--my-handle", "nina"], "--my-handle");
    assert!(sandbox.items().is_empty());
    assert_eq!(users(&sandbox).len(), 0);
}

/// A run of 400 items whose sixth batch and all after it are held, and the proxy that holds them.
fn held(sandbox: &Sandbox) -> (Proxy, Spawned) {
    let proxy = Proxy::new(sandbox.endpoint(), "BatchWriteItem", |call| (call >= 5).then_some(Fault::Hold));
    let mut command = sandbox.command(["ddb", "seed", "--endpoint-url", proxy.url()]);
    command.args(LONG).env("CRUDDUR_STATE_DIR", sandbox.path().join("state"));
    let run = Spawned::new(command.args(["--timeout", "1h"]));
    proxy.holds(1);
    eventually("the first batches are written", || (sandbox.items().len() >= 125).then_some(()));
    (proxy, run)
}

const LONG: [&str; 6] = ["--conversations", "20", "--messages", "18", "--until", "2026-01-01"];

/// The same run again, at the same endpoint.
fn again(sandbox: &Sandbox, proxy: &Proxy, numbers: &[&str], more: &[&str]) -> Run {
    seed(sandbox, &[numbers, &["--endpoint-url", proxy.url()], more].concat())
}

#[track_caller]
fn assert_all(sandbox: &Sandbox) {
    let whole = Sandbox::set_up();
    seed(&whole, &LONG).succeeds();
    assert_eq!(contents(sandbox), contents(&whole), "every item, exactly once");
    sandbox.cruddur(["ddb", "check"]).succeeds();
}

#[test]
fn ctrl_c_finishes_what_is_on_its_way_and_the_next_run_goes_on() {
    let sandbox = Sandbox::set_up();
    let (proxy, mut run) = held(&sandbox);
    run.stops_writing("INT");
    proxy.release();
    let said = run.ends().exits_with(130).stderr;
    let written = sandbox.items().len();
    assert!(said.contains(&format!("stopped: {written} of 400 items are written")), "{said}");
    assert!(said.contains("--users 10 --seed 1 --years 1 --until 2026-01-01 --resume"), "{said}");
    assert!(written < 400);
    // Other numbers cannot go on from there, nor can another version's data.
    let checkpoint = files_below(&sandbox.path().join("state")).remove(0);
    let start_over = format!("to start over leave out --resume, or delete it: rm {}", checkpoint.display());
    let refused = again(&sandbox, &proxy, &NUMBERS, &["--resume"]).exits_with(2);
    refused
        .says("the interrupted run had other numbers, so this one cannot resume it")
        .says("--conversations 20 --messages 18 --users 10 --seed 1 --years 1 --until 2026-01-01\n")
        .says(&start_over);
    let saved = fs::read_to_string(&checkpoint).unwrap();
    let mut other: serde_json::Value = serde_json::from_str(&saved).unwrap();
    other["version"] = 1.into();
    fs::write(&checkpoint, other.to_string()).unwrap();
    let refused = again(&sandbox, &proxy, &LONG, &["--resume"]).exits_with(2);
    refused.says("the interrupted run was another version's").says(&start_over);
    assert_eq!(sandbox.items().len(), written);
    fs::write(&checkpoint, saved).unwrap();
    again(&sandbox, &proxy, &LONG, &["--resume"]).succeeds().says("resuming: ");
    assert_all(&sandbox);
    // It is finished, and forgotten.
    again(&sandbox, &proxy, &LONG, &["--resume"]).exits_with(1).says("nothing to resume");
}

#[test]
fn a_second_ctrl_c_ends_it_at_once() {
    let sandbox = Sandbox::set_up();
    let (proxy, mut run) = held(&sandbox);
    run.signal("INT");
    eventually("the first one is seen, and the second one ends it", || {
        run.signal("INT");
        (!run.is_running()).then_some(())
    });
    assert_eq!(run.code(), 130);
    proxy.release();
    again(&sandbox, &proxy, &LONG, &["--resume"]).succeeds();
    assert_all(&sandbox);
}

#[test]
fn killed_in_the_middle_it_is_resumed_with_every_item_there_once() {
    let sandbox = Sandbox::set_up();
    let (proxy, mut run) = held(&sandbox);
    run.signal("KILL");
    run.code();
    assert!(sandbox.items().len() < 400);
    proxy.release();
    again(&sandbox, &proxy, &LONG, &["--resume"]).succeeds();
    assert_all(&sandbox);
}

#[test]
fn begun_anew_it_says_whether_it_could_have_gone_on() {
    let same = ["such a run was interrupted with", "to resume it add: --resume"];
    let other = [
        "another run of this kind was interrupted here and can no longer be resumed",
        "it had: --conversations 20 --messages 18 --users 10 --seed 1 --years 1 --until 2026-01-01\n",
    ];
    // Without --until, it may end when the interrupted one did.
    for (numbers, said) in [(&LONG[..], same), (&LONG[..4], same), (&NUMBERS[..], other)] {
        let sandbox = Sandbox::set_up();
        let (proxy, mut run) = held(&sandbox);
        run.stops_writing("TERM");
        proxy.release();
        assert_eq!(run.code(), 128 + 15);
        again(&sandbox, &proxy, numbers, &[]).succeeds().says(said[0]).says(said[1]);
        if numbers == LONG {
            assert_all(&sandbox);
        }
    }
}

#[test]
fn two_runs_on_one_table_do_not_meet() {
    let sandbox = Sandbox::set_up();
    let (proxy, mut run) = held(&sandbox);
    let mut second = sandbox.command(["ddb", "seed", "--endpoint-url", proxy.url()]);
    second.args(LONG).env("CRUDDUR_STATE_DIR", sandbox.path().join("state"));
    Run::of(&mut second).exits_with(3).says("another run is seeding");
    proxy.release();
    assert_eq!(run.code(), 0);
    assert_all(&sandbox);
}

#[test]
fn a_failure_in_the_middle_says_how_to_go_on() {
    let sandbox = Sandbox::set_up();
    let proxy = Proxy::new(sandbox.endpoint(), "BatchWriteItem", |call| {
        (call == 6).then_some(Fault::Error(400, "ValidationException"))
    });
    let endpoint = ["--endpoint-url", proxy.url()];
    seed(&sandbox, &[&LONG[..], &endpoint].concat())
        .exits_with(5)
        .says("of 400 writes are done")
        .says("--resume");
    seed(&sandbox, &[&LONG[..], &endpoint, &["--resume"]].concat()).succeeds();
    assert_all(&sandbox);
}
