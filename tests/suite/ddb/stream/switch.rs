//! `ddb stream enable`, `disable` and `status`.

use aws_sdk_dynamodb::types::StreamViewType;

use crate::support::{Sandbox, Shape, TABLE};

fn view(sandbox: &Sandbox) -> Option<StreamViewType> {
    let table = sandbox.describe(TABLE).unwrap();
    table
        .stream_specification
        .filter(|stream| stream.stream_enabled)
        .and_then(|stream| stream.stream_view_type)
}

#[test]
fn a_stream_of_new_images_is_switched_on_and_off() {
    let sandbox = Sandbox::new();
    sandbox.create_messages_table(&Shape::default());
    sandbox.cruddur(["ddb", "stream", "enable"]).succeeds().says("now has a stream: NEW_IMAGE");
    assert_eq!(view(&sandbox), Some(StreamViewType::NewImage));
    let arn = sandbox.describe(TABLE).unwrap().latest_stream_arn;
    sandbox.cruddur(["ddb", "stream", "enable"]).succeeds().says("already has this stream: NEW_IMAGE");
    assert_eq!(sandbox.describe(TABLE).unwrap().latest_stream_arn, arn);
    sandbox.cruddur(["ddb", "stream", "disable"]).succeeds().says("is now off");
    assert_eq!(view(&sandbox), None);
    sandbox.cruddur(["ddb", "stream", "disable"]).succeeds().says("nothing was changed");
}

#[test]
fn a_stream_of_another_view_type_is_left_as_it_is() {
    let sandbox = Sandbox::new();
    sandbox.create_messages_table(&Shape { stream: Some(StreamViewType::KeysOnly), ..Shape::default() });
    sandbox
        .cruddur(["ddb", "stream", "enable"])
        .exits_with(1)
        .says("of KEYS_ONLY, not NEW_IMAGE")
        .says("cruddur ddb stream disable");
    assert_eq!(view(&sandbox), Some(StreamViewType::KeysOnly));
    sandbox.cruddur(["ddb", "stream", "enable", "--view", "keys-only"]).succeeds();
}

#[test]
fn a_table_that_is_not_there_is_said_so() {
    let sandbox = Sandbox::new();
    for verb in ["enable", "disable", "status", "run", "tail"] {
        sandbox
            .cruddur(["ddb", "stream", verb])
            .exits_with(1)
            .says("there is no table \"cruddur-messages\"")
            .says("cruddur ddb schema-load --stream");
    }
}

#[test]
fn a_table_without_a_stream_is_said_so() {
    let sandbox = Sandbox::new();
    sandbox.create_messages_table(&Shape::default());
    for verb in ["run", "tail"] {
        sandbox
            .cruddur(["ddb", "stream", verb])
            .exits_with(1)
            .says("has no stream")
            .says("run: cruddur ddb stream enable");
    }
}

#[test]
fn the_status_tells_the_stream_and_its_shards() {
    let sandbox = Sandbox::new();
    sandbox.create_messages_table(&Shape::default());
    let off = sandbox.cruddur(["ddb", "stream", "status", "-o", "json"]).succeeds().json();
    assert_eq!(off["streams"][0]["enabled"], false);
    assert_eq!(off["streams"][0]["arn"], serde_json::Value::Null);
    sandbox.cruddur(["ddb", "stream", "enable", "--view", "new-and-old-images"]).succeeds();
    sandbox.put(&[("pk", "MSG#a"), ("sk", "b")]);
    let table = sandbox.describe(TABLE).unwrap();
    let on = &sandbox.cruddur(["ddb", "stream", "status", "-o", "ndjson"]).succeeds().ndjson()[0];
    assert_eq!(on["enabled"], true);
    assert_eq!(on["view_type"], "NEW_AND_OLD_IMAGES");
    assert_eq!(on["arn"].as_str(), table.latest_stream_arn.as_deref());
    assert_eq!(on["label"].as_str(), table.latest_stream_label.as_deref());
    assert_eq!(on["shards"].as_array().unwrap().len(), 1);
    assert_eq!(on["shards"][0]["open"], true);
    let shown = sandbox.cruddur(["ddb", "stream", "status"]).succeeds().stdout;
    assert!(shown.contains("enabled") && shown.contains("1 open, 0 closed"), "{shown}");
}

#[test]
fn in_production_a_stream_is_not_switched_off_without_a_word() {
    let sandbox = Sandbox::new();
    sandbox.create_messages_table(&Shape { stream: Some(StreamViewType::NewImage), ..Shape::default() });
    let disable = |flags: &[&str]| {
        let mut command = sandbox.command(["ddb", "stream", "disable", "--prod", "--endpoint-url"]);
        command.arg(sandbox.endpoint()).args(["--region", "us-east-1"]).args(flags);
        command.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "example");
        crate::support::Run::of(&mut command)
    };
    disable(&[]).exits_with(3).says("--yes --confirm cruddur-messages");
    assert_eq!(view(&sandbox), Some(StreamViewType::NewImage));
    disable(&["--yes", "--confirm", TABLE]).succeeds();
    assert_eq!(view(&sandbox), None);
}
