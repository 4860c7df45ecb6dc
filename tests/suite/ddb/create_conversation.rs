//! `ddb patterns create-conversation`

use std::collections::BTreeSet;

use crate::support::{Fault, GROUP, Item, Proxy, Recorder, Run, Sandbox, Spawned, runtime, text};

fn words<'a>(from: &'a str, to: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["ddb", "patterns", "create-conversation", "--from", from, "--to", to][..], more].concat()
}

/// The groups that rows name.
fn groups(sandbox: &Sandbox) -> BTreeSet<String> {
    sandbox.items_of("GRP#").iter().map(|row| text(row, "message_group_uuid")).collect()
}

/// Each group has two rows, which name each other's owner and show its newest message.
#[track_caller]
fn assert_whole(sandbox: &Sandbox) {
    for group in groups(sandbox) {
        let newest = sandbox.items_of(&format!("MSG#{group}")).pop().expect("a group has a message");
        let mut rows = sandbox.items_of("GRP#");
        rows.retain(|row| text(row, "message_group_uuid") == group);
        assert_eq!(rows.len(), 2, "{rows:?}");
        for (row, other) in [(&rows[0], &rows[1]), (&rows[1], &rows[0])] {
            assert_eq!(text(row, "pk"), format!("GRP#{}", text(other, "user_uuid")));
            assert_eq!(text(row, "message"), text(&newest, "message"));
            assert_eq!(text(row, "sk"), text(&newest, "sk"));
        }
    }
}

#[test]
fn two_rows_and_a_message_are_written_together() {
    let sandbox = Sandbox::set_up();
    let proxy = Proxy::new(sandbox.endpoint(), "TransactWriteItems", |_| None);
    let run = sandbox.cruddur(words("nina", "petra", &["Ahoy", "-o", "json", "--endpoint-url", proxy.url()]));
    let document = run.succeeds().says("wrote 1 message and 2 group rows").json();
    let group = document["messages"][0]["message_group_uuid"].as_str().unwrap().to_owned();
    assert_eq!(sandbox.items().len(), 3);
    assert_eq!(groups(&sandbox), BTreeSet::from([group.clone()]));
    assert_whole(&sandbox);
    let message = sandbox.items_of(&format!("MSG#{group}")).remove(0);
    assert_eq!((text(&message, "message"), text(&message, "user_handle")), ("Ahoy".into(), "nina".into()));
    assert_eq!(document["messages"][0]["message_uuid"], text(&message, "message_uuid"));
    assert_eq!(document["consumed_capacity"]["write"]["total"], 8.0);
    let bodies = proxy.called_with();
    assert_eq!(bodies.len(), 1);
    assert!(bodies[0]["ClientRequestToken"].is_string());
    assert_eq!(bodies[0]["TransactItems"].as_array().unwrap().len(), 3);
}

#[test]
fn two_who_have_a_conversation_get_no_other_unless_it_is_allowed() {
    let sandbox = Sandbox::seeded();
    let before = sandbox.items();
    for (from, to) in [("nina", "oscar"), ("oscar", "nina")] {
        sandbox
            .cruddur(words(from, to, &["Ahoy"]))
            .exits_with(1)
            .says("already have a conversation on http://")
            .says(&format!("create-message --message-group-uuid {GROUP} --from {from}"))
            .says("--allow-duplicate");
    }
    assert_eq!(sandbox.items().len(), before.len());
    sandbox.cruddur(words("nina", "oscar", &["Ahoy", "--allow-duplicate"])).succeeds();
    sandbox.cruddur(words("nina", "petra", &["Ahoy"])).succeeds();
    assert_eq!(groups(&sandbox).len(), 3);
    assert_whole(&sandbox);
}

#[test]
fn a_conversation_that_has_lost_one_row_still_counts() {
    let sandbox = Sandbox::seeded();
    let row = sandbox.items_of(&format!("GRP#{}", sandbox.user("nina").uuid)).remove(0);
    sandbox.delete(&text(&row, "pk"), &text(&row, "sk"));
    sandbox.cruddur(words("nina", "oscar", &["Ahoy"])).exits_with(1).says(GROUP);
    assert_eq!(groups(&sandbox).len(), 1);
}

#[test]
fn wrong_words_write_nothing() {
    let sandbox = Sandbox::set_up();
    let dynamodb = Recorder::start();
    let run = |from: &str, to: &str, text: &str| {
        Run::of(sandbox.command(words(from, to, &[text])).env("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.url()))
    };
    run("nina", "nina", "Ahoy").exits_with(2).says("the same user");
    run("nina", "petra", " ").exits_with(2).says("the message is empty");
    run("nina", "olga", "Ahoy").exits_with(1).says("no user has the handle \"olga\"");
    sandbox.cruddur(["ddb", "patterns", "create-conversation", "--from", "nina", "Ahoy"]).exits_with(2);
    let mut too_long = sandbox.command(words("nina", "petra", &["-"]));
    too_long.env("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.url());
    // With the names it is a few bytes too long, without them it would not be.
    Run::with_input(&mut too_long, vec![b'x'; 400 * 1024 - 215]).exits_with(1).says("too long");
    // The last one has asked what it is that answers there.
    assert_eq!(dynamodb.connections(), 1);
    assert!(dynamodb.header("x-amz-target").unwrap().ends_with(".ListTables"));
    assert_eq!(sandbox.items(), Vec::<Item>::new());
}

#[test]
fn killed_at_any_point_there_is_all_of_it_or_nothing() {
    for (fault, items) in [(Fault::Hold, 0), (Fault::HoldAnswer, 3)] {
        let sandbox = Sandbox::set_up();
        let proxy = Proxy::new(sandbox.endpoint(), "TransactWriteItems", move |_| Some(fault));
        let mut run = Spawned::new(&mut sandbox.command(words(
            "nina",
            "petra",
            &["Ahoy", "--endpoint-url", proxy.url()],
        )));
        proxy.holds(1);
        run.signal("KILL");
        assert_eq!(run.code(), 128 + 9);
        drop(proxy);
        assert_eq!(sandbox.items().len(), items, "{fault:?}");
        assert_whole(&sandbox);
    }
}

#[test]
fn an_answer_that_is_lost_does_not_write_twice() {
    let sandbox = Sandbox::set_up();
    let proxy =
        Proxy::new(sandbox.endpoint(), "TransactWriteItems", |call| (call < 2).then_some(Fault::LoseAnswer));
    sandbox.cruddur(words("nina", "petra", &["Ahoy", "--endpoint-url", proxy.url()])).succeeds();
    assert_eq!(proxy.calls(), 3);
    assert_eq!(sandbox.items().len(), 3);
    assert_whole(&sandbox);
}

#[test]
fn of_two_that_are_written_at_the_same_instant_one_stays() {
    let sandbox = Sandbox::set_up();
    // Both have looked and found nothing when the first is written.
    let proxy =
        Proxy::new(sandbox.endpoint(), "TransactWriteItems", |call| (call < 2).then_some(Fault::Hold));
    let runs = [("nina", "petra"), ("petra", "nina")].map(|(from, to)| {
        let mut command = sandbox.command(words(from, to, &[from, "--endpoint-url", proxy.url()]));
        Spawned::new(command.args(["--timeout", "1h"]))
    });
    proxy.holds(2);
    proxy.release();
    let mut runs = runs.map(Spawned::ends);
    runs.sort_by_key(|run| run.code);
    assert_eq!(runs.each_ref().map(|run| run.code), [0, 1], "{runs:?}");
    let group = groups(&sandbox).pop_first().unwrap();
    assert!(runs[0].stdout.contains(&group), "{runs:?}");
    assert!(runs[1].stderr.contains("already have a conversation on "), "{runs:?}");
    assert_eq!(sandbox.items().len(), 3, "nothing of the other is left");
    assert_whole(&sandbox);
}

#[test]
fn of_many_that_are_written_at_once_one_stays() {
    let sandbox = Sandbox::set_up();
    let (nina, petra) = (sandbox.user("nina"), sandbox.user("petra"));
    let at = "2031-05-06T07:08:09.000001+00:00".parse().unwrap();
    let writers: Vec<_> = (0..8)
        .map(|number| {
            let table = sandbox.messages_table();
            let (from, to) =
                if number % 2 == 0 { (nina.clone(), petra.clone()) } else { (petra.clone(), nina.clone()) };
            runtime().spawn(async move { table.create_only_conversation(&from, &to, "Ahoy", at).await })
        })
        .collect();
    let created = writers.into_iter().map(|writer| runtime().block_on(writer).unwrap().unwrap());
    let sent = created.filter(|created| matches!(created, cruddur::messages_table::Created::Sent(_))).count();
    assert_eq!(sent, 1);
    assert_eq!(sandbox.items().len(), 3);
    assert_whole(&sandbox);
}

#[test]
fn a_conversation_with_an_answer_is_not_withdrawn() {
    let sandbox = Sandbox::set_up();
    // Held between writing and looking again: the third query, after one inbox each.
    let proxy = Proxy::new(sandbox.endpoint(), "Query", |call| (call == 2).then_some(Fault::Hold));
    let mut command = sandbox.command(words("nina", "petra", &["Ahoy", "--endpoint-url", proxy.url()]));
    let run = Spawned::new(command.args(["--timeout", "1h"]));
    proxy.holds(1);
    let group = groups(&sandbox).pop_first().unwrap();
    let answer =
        ["ddb", "patterns", "create-message", "--message-group-uuid", &group, "--from", "petra", "Hi"];
    sandbox.cruddur(answer).succeeds();
    sandbox.cruddur(words("petra", "nina", &["Ahoy", "--allow-duplicate"])).succeeds();
    proxy.release();
    run.ends().exits_with(5).says(&format!("the conversation {group} was written"));
    assert_eq!(groups(&sandbox).len(), 2);
    assert_eq!(sandbox.items().len(), 7);
    assert_whole(&sandbox);
}
