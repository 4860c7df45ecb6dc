//! What can be wrong with PostgreSQL.

use super::Examined;
use crate::support::{Certificate, DOCTOR, Sandbox, silent_port, stack, tls_server};

#[test]
fn nobody_on_the_port_leads_to_local_up() {
    let sandbox = Sandbox::healthy();
    let url = format!("postgresql://nina:s3cr%40t@127.0.0.1:{}/cruddur", silent_port());
    let examined = Examined::of(sandbox.command(DOCTOR).env("CONNECTION_URL", url), 1);
    examined.only_failure("postgresql", "Connection refused").is("fail", "cruddur local up");
    assert_eq!(examined.finding("local stack", "postgresql on port").status(), "warn");
    // The others have gone on.
    examined.finding("dynamodb", "matches its definition");
}

#[test]
fn a_wrong_password_is_a_matter_of_configuration() {
    let sandbox = Sandbox::healthy();
    let url = stack().url_of("cruddurroot:s3cr%40t", sandbox.database());
    let examined = Examined::of(sandbox.command(DOCTOR).env("CONNECTION_URL", url), 4);
    examined
        .only_failure("postgresql", "refuses the role \"cruddurroot\"")
        .is("fail", "check the user and the password in CONNECTION_URL");
}

#[test]
fn a_url_that_cannot_be_read_is_a_matter_of_configuration_and_not_shown() {
    let sandbox = Sandbox::healthy();
    let url = "postgresql://nina:s3cr@t@localhost/cruddur";
    let examined = Examined::of(sandbox.command(DOCTOR).env("CONNECTION_URL", url), 4);
    examined.only_failure("postgresql", "CONNECTION_URL is not a PostgreSQL connection URL");
}

#[test]
fn a_missing_database_leads_to_db_create() {
    let sandbox = Sandbox::healthy();
    sandbox.cruddur(["db", "drop"]).succeeds();
    let examined = sandbox.doctor(1);
    examined.only_failure("postgresql", "there is no database").is("fail", "cruddur db create");
    assert!(!sandbox.database_exists());
}

#[test]
fn missing_tables_lead_to_schema_load() {
    let sandbox = Sandbox::healthy();
    sandbox.cruddur(["db", "drop"]).succeeds();
    sandbox.cruddur(["db", "create"]).succeeds();
    let examined = sandbox.doctor(1);
    let finding = examined.only_failure("postgresql", "the tables users and activities are missing");
    finding.is("fail", "cruddur db schema-load");
    assert_eq!(finding.value("missing_tables"), &serde_json::json!(["users", "activities"]));
}

#[test]
fn one_table_or_column_that_is_missing_is_named() {
    let sandbox = Sandbox::healthy();
    sandbox.sql("DROP TABLE activities; ALTER TABLE users DROP COLUMN email");
    let examined = sandbox.doctor(1);
    let finding = examined.only_failure("postgresql", "missing: activities, users.email");
    assert_eq!(finding.value("missing_tables"), &serde_json::json!(["activities"]));
    assert_eq!(finding.value("missing_columns"), &serde_json::json!(["users.email"]));
    // The schema file would drop what is there: it is no cure by itself.
    assert!(!finding.0["mend"].to_string().contains("schema-load\""), "{finding:?}");
    examined.finding("postgresql", "3 users");
}

#[test]
fn an_empty_users_table_leads_to_seed() {
    let sandbox = Sandbox::healthy();
    sandbox.sql("DELETE FROM users");
    sandbox.doctor(0).finding("postgresql", "the users table is empty").is("warn", "cruddur db seed");
}

#[test]
fn encryption_is_by_the_servers_word() {
    let sandbox = Sandbox::healthy();
    let server = tls_server(Certificate::Good);
    let url = server.url("localhost", "sslmode=require");
    let examined = Examined::of(sandbox.command(DOCTOR).env("CONNECTION_URL", url), 1);
    let finding = examined.finding("postgresql", ", TLSv1.");
    assert!(finding.value("tls").as_str().unwrap().starts_with("TLSv1."));
}

#[test]
fn what_the_scripts_would_have_made_of_the_url_is_said_only_where_it_is_so() {
    let sandbox = Sandbox::healthy();
    // The role of the tests is the one that their sed mangled.
    let examined = sandbox.doctor(0);
    examined.finding("old scripts", "db/create and db/drop would have mangled CONNECTION_URL");
    let plain =
        |url: &str| Examined::of(sandbox.command(DOCTOR).env("CONNECTION_URL", url), 1).with_status("note");
    let port = silent_port();
    let notes = plain(&format!("postgresql://nina:x@127.0.0.1:{port}/cruddur"));
    assert!(notes.iter().any(|note| note.contains("a database named after the role, \"nina\"")), "{notes:?}");
    let notes = plain(&format!("postgresql://postgres:x@127.0.0.1:{port}/cruddur"));
    assert!(!notes.iter().any(|note| note.contains("db/create")), "{notes:?}");
    let notes = plain(&format!("postgresql://postgres:x@127.0.0.1:{port}/other"));
    assert!(notes.iter().any(|note| note.contains("mangled")), "{notes:?}");
}
