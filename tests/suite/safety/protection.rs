//! Deletion protection.

use aws_sdk_dynamodb::types::{ProjectionType, StreamViewType};

use super::on_prod;
use crate::support::{Run, Sandbox, Shape, TABLE, typed_at};

fn is_protected(sandbox: &Sandbox) -> bool {
    sandbox.describe(TABLE).unwrap().deletion_protection_enabled() == Some(true)
}

#[test]
fn a_production_table_is_protected_and_a_local_one_is_not() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    assert!(!is_protected(&sandbox));
    // One that is there, too.
    let load = || on_prod(&sandbox, &["ddb", "schema-load"]);
    Run::of(&mut load()).succeeds().says("done: switch on deletion protection");
    assert!(is_protected(&sandbox));
    Run::of(&mut load()).succeeds().says("already matches its definition");
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    assert!(is_protected(&sandbox));
    let other = Sandbox::new();
    Run::of(&mut on_prod(&other, &["ddb", "schema-load"]))
        .succeeds()
        .says("ACTIVE, protected against deletion");
    assert!(is_protected(&other));
    let other = Sandbox::new();
    Run::of(&mut on_prod(&other, &["ddb", "schema-load", "--no-deletion-protection"])).succeeds();
    assert!(!is_protected(&other));
}

#[test]
fn a_drop_explains_the_refusal_and_says_how_to_lift_it() {
    let sandbox = Sandbox::new();
    Run::of(&mut on_prod(&sandbox, &["ddb", "schema-load"])).succeeds();
    let confirmed = ["--yes", "--confirm", TABLE];
    // Before anybody is asked for anything, and in a dry run.
    for more in [&[][..], &confirmed, &["--dry-run"]] {
        Run::of(on_prod(&sandbox, &["ddb", "drop", TABLE]).args(more))
            .exits_with(1)
            .says("is protected against deletion; nothing was done")
            .says("Hint: to switch the protection off run: cruddur ddb schema-load --no-deletion-protection --prod\n");
    }
    sandbox.cruddur(["ddb", "drop", TABLE]).exits_with(1).says("schema-load --no-deletion-protection\n");
    let lift = || on_prod(&sandbox, &["ddb", "schema-load", "--no-deletion-protection"]);
    Run::of(&mut lift()).exits_with(3).says("--yes --confirm cruddur-messages");
    typed_at(&lift(), "Type cruddur-messages to confirm:", b"\x03").exits_with(3);
    assert!(is_protected(&sandbox));
    Run::of(lift().args(confirmed)).succeeds().says("done: switch off deletion protection");
    assert!(!is_protected(&sandbox));
    Run::of(&mut lift()).succeeds();
    Run::of(on_prod(&sandbox, &["ddb", "drop", TABLE]).args(confirmed)).succeeds();
    assert!(sandbox.describe(TABLE).is_none());
}

#[test]
fn a_change_that_takes_something_away_is_asked_for() {
    let sandbox = Sandbox::new();
    let index = Some(("message_group_uuid", ProjectionType::KeysOnly));
    let units = Some([6, 5, 5, 5]);
    sandbox.create_messages_table(&Shape {
        index,
        units,
        stream: Some(StreamViewType::KeysOnly),
        ..Shape::default()
    });
    let before = sandbox.describe(TABLE);
    let apply = || on_prod(&sandbox, &["ddb", "schema-load", "--apply", "--stream"]);
    let run = Run::of(&mut apply()).exits_with(3).says("--yes --confirm cruddur-messages");
    for lost in [
        "queries of the index message-group-sk-index fail until it is recreated",
        "more than 5 read, 5 write units a second are throttled",
        "readers of the stream get no more records",
    ] {
        assert!(run.stderr.contains(lost), "{lost}: {}", run.stderr);
    }
    typed_at(&apply(), "Type cruddur-messages to confirm:", b"\x03").exits_with(3);
    assert_eq!(sandbox.describe(TABLE), before);
    Run::of(apply().args(["--yes", "--confirm", TABLE])).succeeds().says("now matches its definition");
    // What only adds is not.
    let other = Sandbox::new();
    other.create_messages_table(&Shape { index: None, units: Some([4, 5, 5, 5]), ..Shape::default() });
    Run::of(&mut on_prod(&other, &["ddb", "schema-load", "--apply", "--stream"])).succeeds();
    assert!(is_protected(&other));
}

#[test]
fn a_table_that_differs_is_not_protected_and_can_be_released() {
    let sandbox = Sandbox::new();
    sandbox.create_messages_table(&Shape { sort_key: "when", ..Shape::default() });
    Run::of(&mut on_prod(&sandbox, &["ddb", "schema-load"])).exits_with(1).says("nothing was changed");
    assert!(!is_protected(&sandbox));
}
