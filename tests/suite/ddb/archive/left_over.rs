//! What is on the disk afterwards.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use cruddur::state_file::StateFile;

use super::{with_items, with_table};
use crate::support::{Proxy, Sandbox, files_below, scratch};

fn state(sandbox: &Sandbox) -> PathBuf {
    sandbox.path().join("state")
}

fn with_state(sandbox: &Sandbox, words: &[&str]) -> crate::support::Run {
    crate::support::Run::of(sandbox.command(words).env("CRUDDUR_STATE_DIR", state(sandbox)))
}

#[test]
fn a_dry_run_of_an_export_reads_and_writes_nothing() {
    let sandbox = with_items(20);
    let proxy = Proxy::new(sandbox.endpoint(), "Scan", |_| None);
    let before = files_below(sandbox.path());
    let dry = |more: &[&str]| {
        let words = ["ddb", "export", "all.ndjson", "--dry-run", "--endpoint-url", proxy.url()];
        sandbox.cruddur(words.iter().chain(more))
    };
    dry(&[]).succeeds().says("would export \"cruddur-messages\" to all.ndjson").says("20 items");
    assert_eq!(files_below(sandbox.path()), before);

    sandbox.write("all.ndjson", "not an export");
    dry(&[]).exits_with(3).says("all.ndjson already exists");
    dry(&["--force"]).succeeds().says("would replace all.ndjson, which exists");
    let document = dry(&["--force", "-o", "json"]).succeeds().json();
    assert_eq!((&document["dry_run"], &document["replaces"]), (&true.into(), &true.into()));
    assert_eq!(fs::read_to_string(sandbox.path().join("all.ndjson")).unwrap(), "not an export");

    let gone = ["ddb", "export", "gone/all.ndjson", "--dry-run"];
    sandbox.cruddur(gone).exits_with(1).says("cannot write gone/all.ndjson");
    assert_eq!(proxy.calls(), 0, "nothing was read");
}

#[test]
fn imports_leave_no_file_behind_and_dry_runs_none_at_all() {
    let (from, to) = (with_items(20), with_table());
    from.cruddur(["ddb", "export", "all.ndjson"]).succeeds();
    let path = from.path().join("all.ndjson").display().to_string();
    with_state(&to, &["ddb", "import", &path, "--dry-run"]).succeeds();
    assert!(!state(&to).exists());
    with_state(&to, &["ddb", "import", &path]).succeeds();
    assert_eq!(files_below(&state(&to)), Vec::<PathBuf>::new());
    with_state(&to, &["ddb", "import", &path]).exits_with(3);
    assert_eq!(files_below(&state(&to)), Vec::<PathBuf>::new());
}

#[test]
fn a_dry_run_of_the_streams_handler_leaves_no_file() {
    let sandbox = Sandbox::seeded();
    sandbox.cruddur(["ddb", "stream", "enable"]).succeeds();
    let run = ["ddb", "stream", "run", "--once"];
    let dry: Vec<&str> = run.iter().copied().chain(["--dry-run"]).collect();
    with_state(&sandbox, &dry).succeeds().says("would keep its place in ");
    assert!(!state(&sandbox).exists());
    with_state(&sandbox, &run).succeeds();
    let left = files_below(&state(&sandbox));
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(left[0].ends_with("checkpoint.json"));
}

/// The lock's file goes while others have it open: they must not lock what is gone.
#[test]
fn a_lock_that_is_removed_is_still_held_by_one_at_a_time() {
    let folder = scratch();
    let path = folder.path().join("place.json");
    let (inside, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while taken.load(Ordering::SeqCst) < 2_000 {
                    let Some(file) = StateFile::open(&path).unwrap() else { continue };
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    taken.fetch_add(1, Ordering::SeqCst);
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(file);
                }
            });
        }
    });
    assert_eq!(files_below(folder.path()), Vec::<PathBuf>::new());
}
