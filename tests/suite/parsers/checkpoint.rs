//! Checkpoints: what is saved is loaded again.

use cruddur::archive::{ImportCheckpoint, Policy};
use cruddur::dynamodb::streams::{Checkpoint, Positions, Saved};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{cases, scratch};

/// A position in a stream, as a file has it, and as a run that resumes takes it.
fn positions() -> impl Strategy<Value = Value> {
    let position = prop_oneof![
        Just(json!("trim_horizon")),
        Just(json!("done")),
        "[0-9]{1,40}|\\PC{0,9}".prop_map(|number| json!({ "after": number })),
    ];
    prop::collection::btree_map("shardId-[0-9]{1,20}|\\PC{0,9}", position, 0..5)
        .prop_map(|shards| json!(shards))
}

fn policy() -> impl Strategy<Value = Policy> {
    prop::sample::select(vec![Policy::Empty, Policy::Replace, Policy::Keep])
}

#[test]
fn an_import_that_would_skip_more_than_there_is_begins_anew() {
    let folder = scratch();
    for (version, done, is_resumed) in [(1, 2, true), (1, 3, false), (2, 1, false)] {
        let saved = json!({ "version": version, "policy": "keep", "done": done, "total": 2 });
        std::fs::write(folder.path().join("sum.json"), saved.to_string()).unwrap();
        let checkpoint = ImportCheckpoint::of(folder.path(), "sum", true).unwrap();
        assert_eq!(checkpoint.saved.is_some(), is_resumed, "{saved}");
    }
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn what_is_saved_is_loaded_again(
        shards in positions(), label in "\\PC{0,12}", policy in policy(), one in any::<u64>(), other in any::<u64>(),
    ) {
        let folder = scratch();
        let arn = format!("arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/{label}");
        let positions: Positions = serde_json::from_value(shards).unwrap();
        let checkpoint = Checkpoint::open(&folder.path().join("stream.json")).unwrap();
        checkpoint.save(&arn, &positions).unwrap();
        prop_assert_eq!(checkpoint.load(&arn).unwrap(), Saved::Here { positions, outdated: false });

        let (done, total) = (one.min(other), one.max(other));
        let mut checkpoint = ImportCheckpoint::of(folder.path(), "sum", false).unwrap();
        checkpoint.save(policy, done, total).unwrap();
        let saved = checkpoint.saved;
        prop_assert_eq!(ImportCheckpoint::of(folder.path(), "sum", true).unwrap().saved, saved);
        let saved = saved.unwrap();
        prop_assert_eq!((saved.policy, saved.done, saved.total), (policy, done, total));
    }
}
