//! Going on after Ctrl-C, SIGKILL and errors.

use super::{assert_same, with_items, with_pages, with_table};
use crate::support::{Fault, Proxy, Run, Sandbox, Spawned, eventually};

/// 10 MB in some 10 pages: a checkpoint is every 4 MB.
fn large() -> Sandbox {
    with_pages(160, 60 * 1024)
}

fn exporting(sandbox: &Sandbox, proxy: &Proxy, file: &str, flags: &[&str]) -> Vec<String> {
    let _ = sandbox;
    let words = ["ddb", "export", file, "--endpoint-url", proxy.url()];
    words.iter().chain(flags).map(|word| (*word).to_owned()).collect()
}

/// Ends an export of `file` when it has asked for page `page`, and goes on.
#[track_caller]
fn broken_off(file: &str, flags: &[&str], page: usize, signal: &str) -> (Run, Sandbox) {
    let sandbox = large();
    let proxy = Proxy::new(sandbox.endpoint(), "Scan", move |call| (call == page).then_some(Fault::Hold));
    let mut first = sandbox.command(exporting(&sandbox, &proxy, file, flags));
    let mut first = Spawned::new(&mut first);
    proxy.holds(1);
    // What came before it was read, and what was read is written soon.
    if page > 5 {
        let state = sandbox.path().join(format!("{file}.part.json"));
        eventually("a checkpoint", || state.exists().then_some(()));
    }
    first.signal(signal);
    assert_eq!(first.code(), if signal == "INT" { 130 } else { 137 });
    assert!(!sandbox.path().join(file).exists(), "it is not there before it is complete");
    let before = proxy.calls();
    let run = sandbox
        .cruddur(exporting(&sandbox, &proxy, file, &["--resume"]))
        .succeeds()
        .says("exported 160 items");
    assert!(proxy.calls() > before);
    for gone in [".part", ".part.json"] {
        assert!(!sandbox.path().join(format!("{file}{gone}")).exists(), "{gone}");
    }
    // Every item once: the import counts them, and looks for keys that come twice.
    let other = with_table();
    let import = other.cruddur(["ddb", "import", sandbox.path().join(file).to_str().unwrap()]);
    let import = import.succeeds().says("imported 160 items");
    assert!(!import.stderr.contains("more than once"), "{}", import.stderr);
    assert_same(&sandbox, &other);
    (run, sandbox)
}

#[test]
fn a_killed_export_goes_on_from_its_last_checkpoint() {
    let (run, _) = broken_off("all.ndjson", &[], 7, "KILL");
    run.says("resuming after ");
}

#[test]
fn a_killed_export_goes_on_in_gzip_and_in_several_segments() {
    broken_off("all.ndjson.gz", &["--segments", "3"], 8, "KILL").0.says("resuming after ");
}

#[test]
fn a_killed_export_goes_on_in_zstd() {
    broken_off("all.ndjson.zst", &[], 7, "KILL").0.says("resuming after ");
}

#[test]
fn killed_before_a_checkpoint_it_begins_anew() {
    broken_off("all.ndjson.gz", &[], 2, "KILL").0.says("nothing to resume");
}

#[test]
fn ctrl_c_keeps_what_was_read() {
    broken_off("all.ndjson.zst", &[], 3, "INT").0.says("resuming after ");
}

#[test]
fn an_error_says_how_to_go_on() {
    let sandbox = with_pages(60, 60 * 1024);
    let refused = Some(Fault::Error(400, "ValidationException"));
    let proxy = Proxy::new(sandbox.endpoint(), "Scan", move |call| if call == 2 { refused } else { None });
    let export = |flags: &[&str]| sandbox.cruddur(exporting(&sandbox, &proxy, "all.ndjson", flags));
    export(&[])
        .exits_with(5)
        .says("saved in all.ndjson.part")
        .says("to resume run: cruddur ddb export all.ndjson --resume");
    export(&[]).exits_with(3).says("all.ndjson.part is an unfinished export");
    // Of another world, or damaged, it is not gone on with.
    sandbox
        .cruddur(["ddb", "export", "all.ndjson", "--resume"])
        .exits_with(3)
        .says("was started from the table");
    let part = sandbox.path().join("all.ndjson.part");
    let whole = std::fs::read(&part).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    std::fs::write(&part, damaged).unwrap();
    export(&["--resume"]).exits_with(1).says("all.ndjson.part is damaged");
    std::fs::write(&part, &whole).unwrap();
    let state = sandbox.path().join("all.ndjson.part.json");
    let text = std::fs::read_to_string(&state).unwrap();
    std::fs::write(&state, text.replace("\"version\": 1", "\"version\": 9")).unwrap();
    export(&["--resume"])
        .exits_with(1)
        .says("all.ndjson.part.json has version 9; this cruddur reads version 1");
    std::fs::write(&state, text).unwrap();
    let calls = proxy.calls();
    export(&["--resume", "--dry-run"]).succeeds().says("would resume after ");
    assert_eq!((proxy.calls(), std::fs::read(&part).unwrap()), (calls, whole), "read or written");
    export(&["--resume"]).succeeds().says("exported 60 items");
}

#[test]
fn a_table_of_the_same_name_is_not_taken_for_the_one_that_was_begun() {
    let sandbox = with_pages(60, 60 * 1024);
    let refused = Some(Fault::Error(400, "ValidationException"));
    let proxy = Proxy::new(sandbox.endpoint(), "Scan", move |call| if call == 2 { refused } else { None });
    sandbox.cruddur(exporting(&sandbox, &proxy, "all.ndjson", &[])).exits_with(5);
    sandbox.cruddur(["ddb", "drop", "cruddur-messages"]).succeeds();
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    sandbox
        .cruddur(exporting(&sandbox, &proxy, "all.ndjson", &["--resume"]))
        .exits_with(3)
        .says("another table named \"cruddur-messages\", since deleted");
}

/// 1,000 items, exported: 40 batches.
fn exported() -> (Sandbox, Sandbox, String) {
    let (from, to) = (with_items(1000), with_table());
    from.cruddur(["ddb", "export", "all.ndjson.zst"]).succeeds();
    let path = from.path().join("all.ndjson.zst").to_str().unwrap().to_owned();
    (from, to, path)
}

#[test]
fn an_import_that_failed_goes_on_where_it_was() {
    let (from, to, path) = exported();
    let refused = Some(Fault::Error(400, "ValidationException"));
    let proxy =
        Proxy::new(to.endpoint(), "BatchWriteItem", move |call| if call == 20 { refused } else { None });
    let import = |flags: &[&str]| {
        to.cruddur(["ddb", "import", &path, "--endpoint-url", proxy.url()].iter().chain(flags))
    };
    import(&[]).exits_with(5).says("[ValidationException]").says("--resume");
    let written = to.items().len();
    assert!((1..1000).contains(&written), "{written}");
    // Nothing is done over it by mistake.
    import(&[]).exits_with(3).says("an import of this file was interrupted after").says("--resume");
    assert_eq!(to.items().len(), written);
    let calls = proxy.calls();
    import(&["--resume"]).succeeds().says("resuming after ");
    assert!(proxy.calls() - calls < 40, "what was written is not written again");
    assert_same(&from, &to);
    // It is over now: nothing is left to go on with.
    import(&["--resume"]).exits_with(3);
}

#[test]
fn a_killed_import_goes_on() {
    for flags in [&[][..], &["--keep-existing"]] {
        let (from, to, path) = exported();
        let operation = if flags.is_empty() { "BatchWriteItem" } else { "PutItem" };
        let at = if flags.is_empty() { 20 } else { 500 };
        let proxy = Proxy::new(to.endpoint(), operation, move |call| (call == at).then_some(Fault::Hold));
        let words = ["ddb", "import", &path, "--endpoint-url", proxy.url()];
        let mut first = Spawned::new(&mut to.command(words.iter().chain(flags)));
        proxy.holds(1);
        first.signal("KILL");
        assert_eq!(first.code(), 137);
        to.cruddur(words.iter().chain(&["--resume"])).succeeds().says("resuming after ");
        assert_same(&from, &to);
    }
}

#[test]
fn ctrl_c_stops_an_import_cleanly() {
    let (from, to, path) = exported();
    let proxy = Proxy::new(to.endpoint(), "BatchWriteItem", |call| (call == 20).then_some(Fault::HoldAnswer));
    let words = ["ddb", "import", &path, "--endpoint-url", proxy.url()];
    let mut command = to.command(words);
    let mut first = Spawned::new(command.args(["--timeout", "1h"]));
    proxy.holds(1);
    first.stops_writing("INT");
    proxy.release();
    first.ends().exits_with(130).says("stopped after ").says("to resume run: cruddur ddb import");
    to.cruddur(words.iter().chain(&["--resume"])).succeeds().says("resuming after ");
    assert_same(&from, &to);
}

#[test]
fn a_dry_run_counts_and_writes_nothing() {
    let (_from, to, path) = exported();
    let run = to
        .cruddur(["ddb", "import", &path, "--dry-run"])
        .succeeds()
        .says("would send 40 requests (BatchWriteItem), 1000 items");
    assert!(run.stdout.starts_with("DynamoDB BatchWriteItem {"), "{}", run.stdout);
    assert!(to.items().is_empty());
    let input = std::fs::read(&path).unwrap();
    Run::with_input(&mut to.command(["ddb", "import", "-", "--dry-run"]), input)
        .succeeds()
        .says("1000 items");
    assert!(to.items().is_empty());
    to.cruddur(["ddb", "import", &path, "--resume"]).succeeds().says("nothing to resume");
}

#[test]
fn what_came_through_a_pipe_cannot_be_gone_on_with() {
    let to = with_table();
    Run::with_input(&mut to.command(["ddb", "import", "-", "--resume"]), "x").exits_with(2);
    to.cruddur(["ddb", "export", "-", "--resume"]).exits_with(2);
}
