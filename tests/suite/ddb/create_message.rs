//! `ddb patterns create-message`

use serde_json::Value;

use crate::support::{Fault, GROUP, Item, Page, Proxy, Recorder, Run, Sandbox, Spawned, silent_port, text};

const CREATE: [&str; 5] = ["ddb", "patterns", "create-message", "--message-group-uuid", GROUP];

/// The words of a message from nina.
fn words<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&CREATE[..], &["--from", "nina"], more].concat()
}

/// The group's rows and messages, whose last `new` are not from the seed.
fn new_messages(sandbox: &Sandbox, new: usize) -> Vec<String> {
    let messages = sandbox.items_of("MSG#");
    assert_eq!(messages.len(), 62 + new);
    messages[62..].iter().map(|item| text(item, "message")).collect()
}

/// There are two rows, and both show the newest message.
#[track_caller]
fn assert_inboxes_are_true(sandbox: &Sandbox) {
    let shown = |item: &Item| (text(item, "sk"), text(item, "message"));
    let newest = shown(sandbox.items_of("MSG#").last().unwrap());
    let rows: Vec<_> = sandbox.items_of("GRP#").iter().map(shown).collect();
    assert_eq!(rows, [newest.clone(), newest]);
}

#[test]
fn what_is_written_is_shown_with_what_it_consumed() {
    let mut page = Page::default();
    let sandbox = Sandbox::seeded();
    let run = sandbox.cruddur(words(&["hello", "-o", "json"])).succeeds();
    let document = run.json();
    let item = sandbox.items_of("MSG#").pop().unwrap();
    let nina = sandbox.user("nina");
    let message = &document["messages"][0];
    for (name, expected) in [
        ("message_group_uuid", GROUP.to_owned()),
        ("sent_at", text(&item, "sk")),
        ("message_uuid", text(&item, "message_uuid")),
        ("message", "hello".to_owned()),
        ("user_uuid", nina.uuid.to_string()),
        ("user_handle", "nina".to_owned()),
        ("user_display_name", nina.display_name),
    ] {
        assert_eq!(message[name], expected, "{name}");
    }
    assert_eq!(document["count"], 1);
    assert_eq!(document["group_rows"], 2);
    assert_eq!(document["consumed_capacity"]["read"]["total"], 0.5);
    // Two units for each of five actions, and for each entry of the index that goes or comes.
    assert_eq!(document["consumed_capacity"]["write"]["table"], 10.0);
    assert_eq!(document["consumed_capacity"]["write"]["indexes"]["message-group-sk-index"], 4.0);
    page.add(run);
    assert_eq!(new_messages(&sandbox, 1), ["hello"]);
    assert_inboxes_are_true(&sandbox);

    let table = sandbox.cruddur(words(&["for people"])).succeeds();
    assert!(table.stdout.starts_with("FROM  SENT AT"), "{}", table.stdout);
    let line = sandbox.cruddur(words(&["for programs", "-o", "ndjson"])).succeeds().ndjson();
    assert_eq!(line[0]["message"], "for programs");
    assert_inboxes_are_true(&sandbox);
    page.matches("runs/ddb/create_message/what_is_written_is_shown_with_what_it_consumed");
}

#[test]
fn a_dash_reads_stdin_without_the_line_ends_after_it() {
    let mut page = Page::default();
    let sandbox = Sandbox::seeded();
    let send = |input: &[u8]| Run::with_input(&mut sandbox.command(words(&["-"])), input);
    send(b"  first line\nsecond line\r\n\n").succeeds();
    assert_eq!(new_messages(&sandbox, 1), ["  first line\nsecond line"]);
    page.add(send(b"").exits_with(2));
    page.add(send(b" \n\t\n").exits_with(2));
    page.add(send(b"caf\xe9").exits_with(1));
    page.add(sandbox.cruddur(words(&[""])).exits_with(2));
    new_messages(&sandbox, 1);
    page.matches("runs/ddb/create_message/a_dash_reads_stdin_without_the_line_ends_after_it");
}

#[test]
fn a_message_over_the_item_size_is_refused_before_any_call() {
    let sandbox = Sandbox::new();
    let (dynamodb, postgres) = (Recorder::start(), Recorder::start());
    let url = format!("postgresql://postgres@127.0.0.1:{}/cruddur", postgres.port());
    let send = |bytes: usize| {
        let mut command = sandbox.command(words(&["-"]));
        command.env("CONNECTION_URL", &url).env("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.url());
        Run::with_input(&mut command, vec![b'x'; bytes])
    };
    // The last is more than is ever read.
    for bytes in [400 * 1024 - 200, 400 * 1024, 3 * 1024 * 1024] {
        send(bytes).exits_with(1).says("the message").says("too long").says("400 KB");
    }
    assert_eq!((dynamodb.connections(), postgres.connections()), (0, 0));
}

#[test]
fn the_largest_message_fits_to_the_byte() {
    let sandbox = Sandbox::seeded();
    // Rows are larger than messages: by six bytes of an attribute's name, and
    // nina's hold the name of oscar, which is four bytes and one longer.
    let row = sandbox.items_of(&format!("GRP#{}", sandbox.user("nina").uuid)).remove(0);
    let rest: usize = row.iter().map(|(name, value)| name.len() + value.as_s().unwrap().len()).sum();
    let most = 400 * 1024 - (rest - text(&row, "message").len());
    let send = |bytes: usize| Run::with_input(&mut sandbox.command(words(&["-"])), vec![b'x'; bytes]);
    send(most + 1).exits_with(1).says("too long");
    new_messages(&sandbox, 0);
    send(most).succeeds();
    assert_eq!(new_messages(&sandbox, 1)[0].len(), most);
    assert_inboxes_are_true(&sandbox);
}

#[test]
fn who_is_not_in_the_group_does_not_write_into_it() {
    let mut page = Page::default();
    let sandbox = Sandbox::seeded();
    let before = sandbox.items().len();
    let send = |from: &str, group: &str| {
        sandbox.cruddur([
            "ddb",
            "patterns",
            "create-message",
            "--message-group-uuid",
            group,
            "--from",
            from,
            "hi",
        ])
    };
    let run =
        send("petra", GROUP).exits_with(1).says(&format!("petra is not in the group {GROUP} on http://"));
    assert!(run.stderr.contains("nina, oscar") || run.stderr.contains("oscar, nina"), "{}", run.stderr);
    page.add(send("olga", GROUP).exits_with(1));
    page.add(send("nina", "0b7e4f3c-9a51-4c8e-8f2d-6d1f6d3b2a10").exits_with(1));
    send("nina", "not-a-uuid").exits_with(2);
    assert_eq!(sandbox.items().len(), before);
    page.matches("runs/ddb/create_message/who_is_not_in_the_group_does_not_write_into_it");
}

#[test]
fn a_group_that_has_lost_a_row_is_left_to_the_check() {
    let mut page = Page::default();
    let sandbox = Sandbox::seeded();
    let row = sandbox.items_of("GRP#").remove(0);
    sandbox.delete(&text(&row, "pk"), &text(&row, "sk"));
    page.add(sandbox.cruddur(words(&["hello"])).exits_with(1));
    new_messages(&sandbox, 0);
    page.matches("runs/ddb/create_message/a_group_that_has_lost_a_row_is_left_to_the_check");
}

#[test]
fn in_production_it_says_where_and_writes_there() {
    let mut page = Page::default();
    let sandbox = Sandbox::seeded();
    let elsewhere = format!("http://127.0.0.1:{}", silent_port());
    page.add(
        Run::of(
            sandbox
                .command(words(&["hello", "--prod", "--endpoint-url", &sandbox.endpoint()]))
                .env("PROD_CONNECTION_URL", sandbox.production_url())
                .env("CONNECTION_URL", "postgresql://nobody@127.0.0.1:1/nothing")
                .env("AWS_ENDPOINT_URL_DYNAMODB", elsewhere)
                .env("AWS_ACCESS_KEY_ID", "test")
                .env("AWS_SECRET_ACCESS_KEY", "test")
                .env("AWS_REGION", "us-east-1"),
        )
        .succeeds(),
    );
    assert_eq!(new_messages(&sandbox, 1), ["hello"]);
    page.matches("runs/ddb/create_message/in_production_it_says_where_and_writes_there");
}

/// A seeded world behind a proxy in which TransactWriteItems fails as `plan` has it.
fn faulty(plan: impl Fn(usize) -> Option<Fault> + Send + Sync + 'static) -> (Sandbox, Proxy) {
    let sandbox = Sandbox::seeded();
    let proxy = Proxy::new(sandbox.endpoint(), "TransactWriteItems", plan);
    (sandbox, proxy)
}

fn tokens(proxy: &Proxy) -> Vec<Value> {
    proxy.called_with().iter().map(|body| body["ClientRequestToken"].clone()).collect()
}

#[test]
fn killed_before_the_transaction_nothing_is_written() {
    let (sandbox, proxy) = faulty(|_| Some(Fault::Hold));
    let before = sandbox.items_of("GRP#");
    let mut run = Spawned::new(&mut sandbox.command(words(&["hello", "--endpoint-url", proxy.url()])));
    proxy.holds(1);
    run.signal("KILL");
    assert_eq!(run.code(), 128 + 9);
    drop(proxy);
    new_messages(&sandbox, 0);
    assert_eq!(sandbox.items_of("GRP#"), before);
}

#[test]
fn killed_after_the_transaction_all_of_it_is_written() {
    let (sandbox, proxy) = faulty(|_| Some(Fault::HoldAnswer));
    let mut run = Spawned::new(&mut sandbox.command(words(&["hello", "--endpoint-url", proxy.url()])));
    proxy.holds(1);
    run.signal("KILL");
    assert_eq!(run.code(), 128 + 9);
    assert_eq!(new_messages(&sandbox, 1), ["hello"]);
    assert_inboxes_are_true(&sandbox);
}

#[test]
fn an_answer_that_is_lost_does_not_write_twice() {
    let (sandbox, proxy) = faulty(|call| (call < 2).then_some(Fault::LoseAnswer));
    sandbox.cruddur(words(&["hello", "--endpoint-url", proxy.url()])).succeeds();
    let tokens = tokens(&proxy);
    assert_eq!(tokens.len(), 3);
    assert!(tokens[0].is_string() && tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
    assert_eq!(new_messages(&sandbox, 1), ["hello"]);
    assert_inboxes_are_true(&sandbox);
}

#[test]
fn a_transaction_in_progress_is_asked_for_again_under_the_same_token() {
    // The first is carried out. More tries in vain than the SDK has patience for.
    let (sandbox, proxy) = faulty(|call| match call {
        0 => Some(Fault::LoseAnswer),
        1..5 => Some(Fault::Error(400, "TransactionInProgressException")),
        5..9 => Some(Fault::Error(400, "ThrottlingException")),
        _ => None,
    });
    sandbox.cruddur(words(&["hello", "--endpoint-url", proxy.url()])).succeeds();
    let tokens = tokens(&proxy);
    assert!(tokens.len() > 9 && tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
    assert_eq!(new_messages(&sandbox, 1), ["hello"]);
    assert_inboxes_are_true(&sandbox);
}

#[test]
fn without_any_answer_it_says_that_it_does_not_know() {
    let (sandbox, proxy) = faulty(|_| Some(Fault::LoseAnswer));
    sandbox
        .cruddur(words(&["hello", "--endpoint-url", proxy.url()]))
        .exits_with(1)
        .says("InternalServerError")
        .says("may have been written");
    assert_eq!(new_messages(&sandbox, 1), ["hello"]);
}

#[test]
fn when_another_writer_is_first_both_messages_are_there() {
    let (sandbox, proxy) = faulty(|call| (call == 0).then_some(Fault::Hold));
    let slow = sandbox.command(words(&["slow", "-o", "json", "--endpoint-url", proxy.url()]));
    let run = in_background(slow);
    proxy.holds(1);
    let quick = [&CREATE[..], &["--from", "oscar", "quick"]].concat();
    sandbox.cruddur(quick).succeeds();
    proxy.release();
    let run = run.ends().succeeds();
    assert_eq!(run.json()["overtaken"], 1);
    run.says("another writer was first once; tried again");
    let tokens = tokens(&proxy);
    assert_eq!(tokens.len(), 2);
    assert_ne!(tokens[0], tokens[1], "another transaction needs another token");
    let mut written = new_messages(&sandbox, 2);
    written.sort();
    assert_eq!(written, ["quick", "slow"]);
    assert_inboxes_are_true(&sandbox);
}

fn in_background(mut command: std::process::Command) -> Spawned {
    Spawned::new(command.args(["--timeout", "1h"]))
}

#[test]
fn a_rename_in_between_is_not_undone() {
    let (sandbox, proxy) = faulty(|call| (call == 0).then_some(Fault::Hold));
    let run = in_background(sandbox.command(words(&["hello", "--endpoint-url", proxy.url()])));
    proxy.holds(1);
    sandbox.cruddur(["ddb", "rename-user", "oscar", "--display-name", "Oscar the Second"]).succeeds();
    proxy.release();
    run.ends().succeeds();
    assert_eq!(new_messages(&sandbox, 1), ["hello"]);
    assert_inboxes_are_true(&sandbox);
    let names: Vec<String> =
        sandbox.items_of("GRP#").iter().map(|row| text(row, "user_display_name")).collect();
    assert!(names.contains(&"Oscar the Second".to_owned()), "{names:?}");
}

#[test]
fn a_conflict_passes_and_what_is_wrong_stays_wrong() {
    let (sandbox, proxy) = faulty(|call| match call {
        0 => Some(Fault::Cancel("TransactionConflict")),
        1 => Some(Fault::Cancel("ThrottlingError")),
        _ => None,
    });
    sandbox.cruddur(words(&["hello", "--endpoint-url", proxy.url()])).succeeds().says("first 2 times");
    assert_eq!(proxy.calls(), 3);
    assert_eq!(new_messages(&sandbox, 1), ["hello"]);

    let (sandbox, proxy) = faulty(|call| match call {
        0 => Some(Fault::Cancel("ValidationError")),
        _ => Some(Fault::Error(400, "ValidationException")),
    });
    let send = || sandbox.cruddur(words(&["hello", "--endpoint-url", proxy.url()])).exits_with(1);
    let run =
        send().says("cannot create the message on http://127.0.0.1").says("not like this [ValidationError]");
    assert!(!run.stderr.contains("may have been written"), "{}", run.stderr);
    let run = send().says("[ValidationException]");
    assert!(!run.stderr.contains("may have been written"), "{}", run.stderr);
    assert_eq!(proxy.calls(), 2, "what cannot get better is not tried again");
    new_messages(&sandbox, 0);
}

#[test]
fn a_new_group_that_the_index_does_not_show_yet_is_found_in_the_inboxes() {
    let sandbox = Sandbox::seeded();
    // An index that lags behind: its queries find nothing.
    let proxy = Proxy::new(sandbox.endpoint(), "Query", |_| None).with_empty_index();
    sandbox.cruddur(words(&["hello", "--endpoint-url", proxy.url()])).succeeds();
    assert_eq!(new_messages(&sandbox, 1), ["hello"]);
    assert_inboxes_are_true(&sandbox);
}
