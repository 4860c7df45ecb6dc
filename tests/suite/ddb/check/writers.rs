//! A check while others write.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cruddur::messages_table::MessagesTable;
use cruddur::messaging::{Timestamp, User};
use tokio::task::block_in_place;

use super::*;
use crate::support::{Proxy, Spawned};

fn user(person: &Person) -> User {
    User {
        uuid: person.uuid.parse().unwrap(),
        display_name: person.name.to_owned(),
        handle: person.handle.to_owned(),
    }
}

fn write(table: &MessagesTable, sender: &Person, text: &str, at: &str) {
    let at: Timestamp = at.parse().unwrap();
    let group = GROUP.parse().unwrap();
    let sender = user(sender);
    let sent = table.create_message(group, &sender, text, at);
    runtime().block_on(sent).unwrap();
}

/// The check through a proxy that does `meanwhile` before each call of
/// `operation` that it names by its number.
fn check_while(
    sandbox: &Sandbox,
    flags: &[&str],
    operation: &'static str,
    meanwhile: impl Fn(usize) + Send + Sync + 'static,
) -> (Run, Proxy) {
    let proxy = Proxy::new(sandbox.endpoint(), operation, move |call| {
        block_in_place(|| meanwhile(call));
        None
    });
    let run = Run::of(command(sandbox, flags).env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url()));
    (run, proxy)
}

#[test]
fn a_suspect_that_is_sound_when_read_again_is_no_finding() {
    let behind = row(GROUP, &at(1), &NINA, &OSCAR, "text 1");
    let [nina, oscar] = rows();
    let sandbox = group_with([behind.clone(), oscar]);
    let dynamodb = sandbox.dynamodb();
    // By the time of the second look somebody has brought the row up to date.
    let (run, proxy) = check_while(&sandbox, &["--repair"], "Query", move |call| {
        if call == 0 {
            let put = dynamodb.put_item().table_name(TABLE).set_item(Some(nina.clone())).send();
            runtime().block_on(put).unwrap();
            let delete = dynamodb
                .delete_item()
                .table_name(TABLE)
                .key("pk", behind["pk"].clone())
                .key("sk", behind["sk"].clone())
                .send();
            runtime().block_on(delete).unwrap();
        }
    });
    assert!(proxy.calls() > 0, "the scan saw it behind");
    assert_eq!(promises(&run.succeeds()), [""; 0]);
}

#[test]
fn a_writer_between_any_two_reads_of_a_suspect_raises_no_alarm() {
    for between in 0..3 {
        let [_, oscar] = rows();
        let behind = row(GROUP, &at(1), &NINA, &OSCAR, "text 1");
        let sandbox = group_with([behind, oscar]);
        let table = sandbox.messages_table();
        let (run, _) = check_while(&sandbox, &[], "Query", move |call| {
            if call == between {
                write(&table, &NINA, "meanwhile", &at(10));
            }
        });
        run.succeeds();
        let shown: Vec<_> = sandbox.items_of("GRP#").iter().map(|row| text(row, "message")).collect();
        assert_eq!(shown, ["meanwhile"; 2]);
    }
}

#[test]
fn rows_that_follow_their_message_a_moment_later_raise_no_alarm() {
    let now = Timestamp::now().to_string();
    let sandbox = group_with(rows());
    sandbox.put_item(message(GROUP, &now, &NINA, "just now"));
    let table = sandbox.messages_table();
    // As the app's stream does it, once the check has looked at it twice.
    let (run, proxy) = check_while(&sandbox, &["--repair"], "Query", move |call| {
        if call == 6 {
            runtime().block_on(table.refresh_group(GROUP, &[])).unwrap();
        }
    });
    assert!(proxy.calls() > 6);
    assert_eq!(promises(&run.succeeds()), [""; 0]);
}

#[test]
fn checks_beside_busy_writers_find_nothing() {
    let sandbox = group_with(rows());
    let done = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = [&NINA, &OSCAR]
        .into_iter()
        .map(|sender| {
            let (table, done) = (sandbox.messages_table(), Arc::clone(&done));
            let sender = user(sender);
            std::thread::spawn(move || {
                let mut count = 0;
                while !done.load(Ordering::Relaxed) {
                    let group = GROUP.parse().unwrap();
                    let sent = table.create_message(group, &sender, "busy", Timestamp::now());
                    runtime().block_on(sent).unwrap();
                    count += 1;
                }
                count
            })
        })
        .collect();
    let runs: Vec<Run> = (0..6).map(|_| check(&sandbox, &["--repair"])).collect();
    done.store(true, Ordering::Relaxed);
    let written: usize = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
    for run in runs {
        assert_eq!(promises(&run.succeeds()), [""; 0]);
    }
    assert_eq!(sandbox.items_of("MSG#").len(), 4 + written);
    assert_clean(&sandbox);
}

#[test]
fn a_repair_that_a_writer_overtakes_starts_anew() {
    let [_, oscar] = rows();
    let first = row(GROUP, &at(0), &NINA, &OSCAR, "text 0");
    let second = row(GROUP, &at(1), &NINA, &OSCAR, "text 1");
    let sandbox = group_with([first, second, oscar]);
    let table = sandbox.messages_table();
    let (run, proxy) = check_while(&sandbox, &["--repair"], "TransactWriteItems", move |call| {
        if call == 0 {
            write(&table, &OSCAR, "meanwhile", &at(10));
        }
    });
    // The writer has mended it.
    assert_eq!(promises(&run.succeeds()), [""; 0]);
    assert_eq!(proxy.calls(), 1);
    let shown: Vec<_> = sandbox.items_of("GRP#").iter().map(|row| text(row, "message")).collect();
    assert_eq!(shown, ["meanwhile"; 2]);
    assert_eq!(sandbox.items_of("MSG#").len(), 5);
    assert_clean(&sandbox);
}

#[test]
fn a_repair_overtaken_by_a_rename_keeps_the_new_name() {
    let [nina, oscar] = rows();
    let behind = row(GROUP, &at(1), &NINA, &OSCAR, "text 1");
    let sandbox = group_with([behind.clone(), oscar.clone()]);
    let renamed = [("user_display_name", "Oscar L."), ("user_handle", "oscar_l")];
    let dynamodb = sandbox.dynamodb();
    let (run, proxy) = check_while(&sandbox, &["--repair"], "TransactWriteItems", move |call| {
        if call == 0 {
            let put = dynamodb.put_item().table_name(TABLE).set_item(Some(with(behind.clone(), &renamed)));
            runtime().block_on(put.send()).unwrap();
        }
    });
    assert_eq!(promises(&run.succeeds()), ["row-behind"]);
    assert_eq!(proxy.calls(), 2);
    assert_eq!(sorted(sandbox.items_of("GRP#")), sorted(vec![with(nina, &renamed), oscar]));
}

#[test]
fn two_repairs_at_once_mend_it_once() {
    let sandbox = group_with([]);
    let runs = [(); 2].map(|()| Spawned::new(&mut command(&sandbox, &["--repair"])));
    for run in runs {
        run.ends().succeeds();
    }
    assert_eq!(sorted(sandbox.items_of("GRP#")), sorted(rows().to_vec()));
}

#[test]
fn other_writers_that_are_always_first_leave_it_broken_and_said() {
    let [_, oscar] = rows();
    let behind = row(GROUP, &at(1), &NINA, &OSCAR, "text 1");
    let sandbox = group_with([behind.clone(), oscar]);
    let dynamodb = sandbox.dynamodb();
    let (run, proxy) = check_while(&sandbox, &["--repair"], "TransactWriteItems", move |call| {
        let renamed = with(behind.clone(), &[("user_handle", &format!("oscar_{call}"))]);
        let put = dynamodb.put_item().table_name(TABLE).set_item(Some(renamed)).send();
        runtime().block_on(put).unwrap();
    });
    let run = run.exits_with(1);
    assert_eq!(promises(&run), ["row-behind"]);
    let finding = &findings(&run)[0];
    assert_eq!(finding["mended"], false);
    assert!(finding["detail"].as_str().unwrap().ends_with("; other writers were always first"), "{finding}");
    assert!(proxy.calls() > 1);
    assert_eq!(text(&sandbox.items_of("GRP#")[0], "sk"), at(1));
    check(&sandbox, &["--repair"]).succeeds();
}
