//! What can be wrong with the messages table.

use aws_sdk_dynamodb::types::{ProjectionType, ScalarAttributeType, StreamViewType};

use super::Examined;
use crate::support::{DOCTOR, Sandbox, Shape, TABLE, silent_port};

/// A PostgreSQL as it should be, and a messages table that is not.
fn with_table(shape: &Shape) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "setup"]).succeeds();
    sandbox.create_messages_table(shape);
    sandbox
}

#[test]
fn nobody_on_the_port_leads_to_local_up() {
    let sandbox = Sandbox::healthy();
    let endpoint = format!("http://127.0.0.1:{}", silent_port());
    let examined = Examined::of(sandbox.command(DOCTOR).env("AWS_ENDPOINT_URL_DYNAMODB", endpoint), 1);
    examined.only_failure("dynamodb", "cannot reach DynamoDB at ").is("fail", "cruddur local up");
}

#[test]
fn an_endpoint_that_is_none_is_a_matter_of_configuration() {
    let sandbox = Sandbox::healthy();
    let examined =
        Examined::of(sandbox.command(DOCTOR).env("AWS_ENDPOINT_URL_DYNAMODB", "localhost:8000"), 4);
    examined.finding("dynamodb", "AWS_ENDPOINT_URL_DYNAMODB is not an endpoint URL");
}

#[test]
fn a_missing_table_leads_to_schema_load_and_is_not_made() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "setup"]).succeeds();
    let examined = sandbox.doctor(1);
    examined
        .only_failure("dynamodb", "there is no table \"cruddur-messages\"")
        .is("fail", "cruddur ddb schema-load");
    assert_eq!(sandbox.describe("cruddur-messages"), None);
    sandbox.create_table("mesages");
    let examined = Examined::of(sandbox.command(DOCTOR).args(["--table", "messages"]), 1);
    examined
        .only_failure("dynamodb", "there is no table \"messages\"")
        .is("fail", "did you mean \"mesages\"?")
        .is("fail", "cruddur ddb schema-load --table messages");
    examined.finding("old scripts", "ddb/* would have worked on \"cruddur-messages\", not on \"messages\"");
}

#[test]
fn another_definition_is_shown_and_what_begins_anew() {
    let sandbox = with_table(&Shape {
        sort_type: ScalarAttributeType::N,
        index: Some(("message_group_uuid", ProjectionType::KeysOnly)),
        ..Shape::default()
    });
    let examined = sandbox.doctor(1);
    let finding = examined.only_failure("dynamodb", "differs from its definition");
    assert!(
        finding.text().contains("key: pk (S, HASH), sk (N, RANGE), expected pk (S, HASH), sk (S, RANGE)")
    );
    assert!(finding.text().contains("index message-group-sk-index, projection: KEYS_ONLY, expected ALL"));
    finding.is("fail", "cruddur ddb schema-load");
    assert_eq!(finding.value("differences").as_array().unwrap().len(), 3);
}

#[test]
fn a_missing_index_is_named() {
    let sandbox = with_table(&Shape { index: None, ..Shape::default() });
    let examined = sandbox.doctor(1);
    let finding = examined.only_failure("dynamodb", "differs from its definition");
    assert!(finding.text().contains("index message-group-sk-index, key: none, expected "), "{finding:?}");
}

#[test]
fn the_command_adds_the_index_and_leaves_how_the_table_is_paid_for() {
    for (units, flags) in [
        (Some([5; 4]), ""),
        (None, " --billing on-demand"),
        (Some([50, 20, 1, 1]), " --read-units 50 --write-units 20"),
    ] {
        let sandbox = with_table(&Shape { index: None, units, ..Shape::default() });
        let paid = || {
            let table = sandbox.describe(TABLE).unwrap();
            (table.billing_mode_summary, table.provisioned_throughput.map(|units| units.read_capacity_units))
        };
        let before = paid();
        let mend = format!("cruddur ddb schema-load --apply{flags}");
        sandbox.doctor(1).only_failure("dynamodb", "differs from its definition").is("fail", &mend);
        sandbox.cruddur(mend.split(' ').skip(1)).succeeds();
        sandbox.doctor(0).finding("dynamodb", "matches its definition");
        assert_eq!(paid(), before);
    }
}

#[test]
fn either_way_to_pay_is_right_and_other_units_are_a_note() {
    let sandbox = with_table(&Shape { units: None, ..Shape::default() });
    let examined = sandbox.doctor(0);
    assert_eq!(examined.finding("dynamodb", "on-demand, matches its definition").status(), "ok");
    let sandbox = with_table(&Shape { units: Some([7, 5, 5, 9]), ..Shape::default() });
    let examined = sandbox.doctor(0);
    let finding = examined.finding("dynamodb", "units differ from schema-load's");
    assert_eq!(finding.status(), "note");
    assert!(finding.text().contains("units 7 read, 5 write"), "{finding:?}");
}

#[test]
fn a_stream_that_is_off_or_of_another_view_is_a_warning() {
    let sandbox = Sandbox::set_up();
    sandbox.doctor(0).finding("dynamodb", "its stream is off").is("warn", "cruddur ddb stream enable");
    let sandbox = with_table(&Shape { stream: Some(StreamViewType::KeysOnly), ..Shape::default() });
    sandbox
        .doctor(0)
        .finding("dynamodb", "its stream gives KEYS_ONLY")
        .is("warn", "cruddur ddb stream disable")
        .is("warn", "cruddur ddb stream enable");
}

#[test]
fn what_the_scripts_would_have_left_out_is_said_only_where_it_is_so() {
    let sandbox = Sandbox::healthy();
    let notes = sandbox.doctor(0).with_status("note").join("\n");
    assert!(notes.contains("ddb/* would have gone to http://localhost:8000"), "{notes}");
    for absent in ["100 tables", "before", "megabyte"] {
        assert!(!notes.contains(absent), "{notes}");
    }
    let group = cruddur::messaging::DEFAULT_GROUP;
    sandbox.put(&[("pk", &format!("MSG#{group}")), ("sk", "2019-03-01T10:00:00.000000+00:00")]);
    let examined = sandbox.doctor(0);
    examined.finding("old scripts", "get-conversation would have shown no message from before ");
    for number in 0..100 {
        sandbox.create_table(&format!("table-{number:03}"));
    }
    sandbox.doctor(0).finding("old scripts", "ddb/list-tables would have shown 100 tables");
}
