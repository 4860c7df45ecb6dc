//! Ctrl-C: the first stops what can be stopped, the second ends the process.

use std::io::{BufRead as _, BufReader};

use aws_sdk_dynamodb::types::AttributeValue;

use crate::support::{Fault, Proxy, Sandbox, Session, Spawned, Stall, StatementRecorder, eventually, sql};

/// Presses Ctrl-C until it is seen twice; the exit code.
#[track_caller]
fn ends_by_the_second(run: &mut Spawned) -> i32 {
    eventually("the second Ctrl-C ends it", || {
        run.signal("INT");
        (!run.is_running()).then_some(())
    });
    run.code()
}

#[test]
fn a_statement_is_cancelled_and_the_file_rolled_back() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "create"]).succeeds();
    sandbox.sql("CREATE TABLE notes (n int)");
    let url = sandbox.connection_url();
    let holder = Session::having_run(&url, "holder", "LOCK TABLE notes");
    sandbox.write("file.sql", "CREATE TABLE more (n int);\nINSERT INTO notes VALUES (1);\n");
    let run = Spawned::new(&mut sandbox.command(["db", "seed", "file.sql"]));
    let ours = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() \
                AND query LIKE 'INSERT INTO notes%' AND wait_event_type = 'Lock'";
    eventually("the statement waits", || (!sql(&url, ours).is_empty()).then_some(()));
    run.signal("INT");
    run.ends()
        .exits_with(130)
        .says("stopping file.sql; Ctrl-C again quits now")
        .says("file.sql:2: canceling statement due to user request")
        .says("this file was rolled back");
    // The holder has never let go: it was the server that stopped.
    assert!(sql(&url, ours).is_empty());
    drop(holder);
    assert!(sql(&url, "SELECT n FROM notes").is_empty());
    assert!(sql(&url, "SELECT 1 FROM pg_class WHERE relname = 'more'").is_empty());
}

#[test]
fn a_server_that_answers_no_more_does_not_hold_up_the_second() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "create"]).succeeds();
    let url = sandbox.connection_url();
    let (before, after) = url.rsplit_once(':').unwrap();
    let (port, path) = after.split_once('/').unwrap();
    let proxy = StatementRecorder::stalling(port.parse().unwrap(), Some(Stall::AllAt("4711")));
    sandbox.write("file.sql", "SELECT 4711;\n");
    let mut command = sandbox.command(["db", "seed", "file.sql"]);
    command.env("CONNECTION_URL", format!("{before}:{}/{path}", proxy.port()));
    let mut run = Spawned::new(&mut command);
    eventually("it is sent", || proxy.statements().iter().any(|one| one.contains("4711")).then_some(()));
    assert_eq!(ends_by_the_second(&mut run), 130);
}

#[test]
fn a_reader_that_reads_no_more_does_not_hold_up_the_second() {
    let sandbox = Sandbox::set_up();
    // More than a pipe holds.
    sandbox.put_all((0..100).map(|number| {
        let text = |text: String| AttributeValue::S(text);
        [
            ("pk", text("NOTE".to_owned())),
            ("sk", text(number.to_string())),
            ("text", text("x".repeat(10_000))),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }));
    let mut run = Spawned::piped(&mut sandbox.command(["ddb", "export", "-"]));
    let mut stdout = BufReader::with_capacity(1, run.child.stdout.take().unwrap());
    stdout.read_line(&mut String::new()).unwrap();
    assert_eq!(ends_by_the_second(&mut run), 130);
}

#[test]
fn a_write_that_is_never_answered_does_not_hold_up_the_second() {
    let sandbox = Sandbox::set_up();
    sandbox.write("items.ndjson", "{\"Item\":{\"pk\":{\"S\":\"NOTE#9\"},\"sk\":{\"S\":\"1\"}}}\n");
    let proxy = Proxy::new(sandbox.endpoint(), "BatchWriteItem", |_| Some(Fault::Hold));
    let mut command = sandbox.command(["ddb", "import", "items.ndjson", "--replace"]);
    let mut run = Spawned::new(command.env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url()));
    proxy.holds(1);
    assert_eq!(ends_by_the_second(&mut run), 130);
}
