//! The clients of a dry run cannot write, whatever a command does.

use std::collections::BTreeMap;

use cruddur::config::{AwsConfig, PlanSize, Service, Setting, Source, Target};
use cruddur::dynamodb::streams::View;
use cruddur::dynamodb::{Billing, DynamoDb};
use cruddur::error::Reason;
use cruddur::messages_table::{Definition, MessagesTable, index_of_key};
use cruddur::messaging::{DEFAULT_GROUP, Timestamp};
use cruddur::postgres::{ConnectionUrl, Session, create_database, drop_database};

use crate::support::{Proxy, Sandbox, TABLE, loopback, runtime, sql};

fn dry(proxy: &Proxy) -> DynamoDb {
    let config = AwsConfig { dry_run: Some(PlanSize::First), ..loopback(Service::DynamoDb, proxy.port()) };
    runtime().block_on(DynamoDb::connect(&config)).unwrap().knowing(index_of_key)
}

#[test]
fn dynamodb_is_sent_what_reads_and_nothing_else() {
    let sandbox = Sandbox::seeded();
    let proxy = Proxy::new(sandbox.endpoint(), "", |_| None);
    let db = dry(&proxy);
    let before = sandbox.items();
    let nina = sandbox.user("nina");
    let definition = Definition { billing: Billing::OnDemand, ..Definition::default() };
    runtime().block_on(async {
        // Each of them without a word of its own about dry runs.
        for error in [
            db.drop_table(TABLE).await.unwrap_err(),
            MessagesTable::new(&db, "another").create_table(&definition).await.unwrap_err(),
            db.enable_stream(TABLE, View::NewImage).await.unwrap_err(),
        ] {
            assert!(error.is(&Reason::NotSent), "{error:?}");
            assert!(error.message().contains("a dry run sends no "), "{error:?}");
        }
        let plan = db.withheld();
        let operations: Vec<&str> = plan.operations.iter().map(|(operation, _)| operation.as_str()).collect();
        assert_eq!(operations, ["DeleteTable", "CreateTable", "UpdateTable"]);
        assert_eq!(plan.count(), 3);
        let messages = MessagesTable::new(&db, TABLE);
        let sent = messages.create_message(DEFAULT_GROUP, &nina, "hello", Timestamp::now());
        let plan = db.rehearse(TABLE, sent).await.unwrap();
        // A message, and two rows that are deleted and put again.
        let cost = &plan.cost;
        assert_eq!((plan.count(), cost.items, cost.table_units), (1, 5, 10));
        assert_eq!(cost.index_units, BTreeMap::from([("message-group-sk-index".to_owned(), 4)]));
        assert!(cost.at_least);
    });
    let sent = proxy.operations();
    assert!(
        !sent.is_empty() && sent.iter().all(|operation| operation == "Query" || operation == "DescribeTable"),
        "{sent:?}"
    );
    assert_eq!(sandbox.items().len(), before.len());
    assert!(sandbox.describe("another").is_none());
    assert!(sandbox.describe(TABLE).unwrap().stream_specification.is_none());
}

#[test]
fn postgresql_refuses_to_write_in_every_session() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "setup"]).succeeds();
    let setting = Setting { value: sandbox.connection_url(), source: Source::Default };
    let url = ConnectionUrl::parse(&setting, Target::Local).unwrap().reading_only(true);
    let nina = sandbox.user("nina");
    let renamed = cruddur::messaging::User { display_name: "Somebody".to_owned(), ..nina.clone() };
    runtime().block_on(async {
        let mut session = Session::open(&url).await.unwrap();
        for error in [
            session.rename_user(&nina, &renamed).await.unwrap_err(),
            create_database(&url.with_database("another"), None).await.unwrap_err(),
            drop_database(&url).await.unwrap_err(),
        ] {
            assert!(error.message().contains("read-only transaction"), "{error:?}");
        }
    });
    assert!(sandbox.database_exists());
    assert_eq!(sandbox.user("nina"), nina);
    assert_eq!(
        sql(&sandbox.connection_url(), "SELECT 1 FROM pg_database WHERE datname = 'another'"),
        [[""; 0]; 0]
    );
}
