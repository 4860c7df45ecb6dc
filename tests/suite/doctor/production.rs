//! Production: looked at with `--prod` alone.

use std::process::Command;

use super::Examined;
use crate::support::{
    Answer, Certificate, DOCTOR, Fault, MoodyPostgres, Proxy, Recorder, Sandbox, moto, tls_server,
};

/// A doctor with `--prod`, whose AWS is `endpoint`.
fn on_prod(sandbox: &Sandbox, endpoint: &str) -> Command {
    let mut command = sandbox.command(DOCTOR);
    command
        .args(["--prod", "--endpoint-url", endpoint])
        .env_remove("AWS_ENDPOINT_URL_DYNAMODB")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ACCESS_KEY_ID", "AKIAPRODUCTION")
        .env("AWS_SECRET_ACCESS_KEY", "s3cr@t")
        .env("AWS_REGION", "eu-west-1")
        .env("PROD_CONNECTION_URL", sandbox.production_url());
    command
}

#[test]
fn without_the_flag_production_is_named_and_not_contacted() {
    let sandbox = Sandbox::healthy();
    let production = MoodyPostgres::start(vec![Answer::HangUp]);
    let url = format!("postgresql://nina:s3cr%40t@127.0.0.1:{}/people?sslmode=disable", production.port());
    let examined = Examined::of(sandbox.command(DOCTOR).env("PROD_CONNECTION_URL", url), 0);
    let text = format!("not contacted; PostgreSQL is at 127.0.0.1:{}/people", production.port());
    examined.finding("production", &text).is("skip", "cruddur doctor --prod");
    assert_eq!(production.connections(), 0);
    let examined = Examined::of(sandbox.command(DOCTOR).env("PROD_CONNECTION_URL", "nonsense"), 0);
    assert_eq!(examined.finding("production", "PROD_CONNECTION_URL is not a PostgreSQL").status(), "warn");
}

#[test]
fn with_the_flag_both_databases_are_looked_at_and_the_local_one_need_not_be_there() {
    let sandbox = Sandbox::healthy();
    // It would be production's own, were it the same server.
    let other = tls_server(Certificate::Good);
    let local = other.url("127.0.0.1", "sslmode=disable");
    let examined = Examined::of(on_prod(&sandbox, &sandbox.endpoint()).env("CONNECTION_URL", local), 0);
    drop(other);
    examined.of_target("postgresql", Some("LOCAL"), "no TLS, clock ");
    examined.of_target("postgresql", Some("LOCAL"), "with no sign of production");
    examined.of_target("postgresql", Some("PROD"), "no TLS, clock ");
    examined
        .of_target("postgresql", Some("PROD"), "3 users, 3 of them still MOCK")
        .is("warn", "cruddur db update-cognito-user-ids --prod");
    let nowhere = "postgresql://nina:s3cr%40t@127.0.0.1:1/cruddur";
    let examined = Examined::of(on_prod(&sandbox, &sandbox.endpoint()).env("CONNECTION_URL", nowhere), 0);
    let local = examined.of_target("postgresql", Some("LOCAL"), "cannot reach PostgreSQL");
    assert_eq!(local.status(), "skip");
}

#[test]
fn a_missing_production_url_is_a_matter_of_configuration() {
    let sandbox = Sandbox::healthy();
    let examined = Examined::of(on_prod(&sandbox, &sandbox.endpoint()).env_remove("PROD_CONNECTION_URL"), 4);
    examined.only_failure("postgresql", "PROD_CONNECTION_URL is not set");
}

#[test]
fn leftover_variables_are_named_with_what_takes_them_away() {
    let sandbox = Sandbox::healthy();
    let leftover = Recorder::start();
    sandbox.write(".env", "\nAWS_ENDPOINT_URL=http://dynamodb-local:8000\n");
    let mut command = on_prod(&sandbox, &sandbox.endpoint());
    command.env("AWS_ENDPOINT_URL_STS", leftover.url()).env("PGSSLMODE", "prefer");
    command.env("PROD_CONNECTION_URL", sandbox.connection_url());
    let examined = Examined::of(&mut command, 4);
    examined.finding("cruddur", "AWS_ENDPOINT_URL_STS is left over").is("warn", "unset AWS_ENDPOINT_URL_STS");
    examined.finding("cruddur", "PGSSLMODE is left over").is("warn", "unset PGSSLMODE");
    let file = examined.finding("cruddur", "AWS_ENDPOINT_URL (from ");
    assert_eq!(file.status(), "warn");
    examined.finding("old scripts", "every script would have gone to http://dynamodb-local:8000");
    examined.finding("old scripts", "db/setup prod would have dropped the local database");
    assert_eq!(leftover.connections(), 0);
}

#[test]
fn a_table_without_deletion_protection_is_a_warning() {
    let sandbox = Sandbox::healthy();
    let examined = Examined::of(&mut on_prod(&sandbox, &sandbox.endpoint()), 0);
    let finding = examined.finding("dynamodb", "has no deletion protection");
    finding.is("warn", "cruddur ddb schema-load --prod");
    assert_eq!(finding.value("deletion_protection"), false);
}

#[test]
fn credentials_are_valid_and_somebodys() {
    let sandbox = Sandbox::healthy();
    let examined = Examined::of(&mut on_prod(&sandbox, &moto().url()), 1);
    let caller = examined.finding("credentials", "account 123456789012, arn:aws:sts::123456789012:");
    assert_eq!(caller.value("account"), "123456789012");
    assert!(caller.text().ends_with("key ****TION"), "{caller:?}");
    // Its DynamoDB is another one, and has no such table.
    examined.only_failure("dynamodb", "there is no table").is("fail", "cruddur ddb schema-load --prod");
    // An emulator without STS is no fault.
    let examined = Examined::of(&mut on_prod(&sandbox, &sandbox.endpoint()), 0);
    assert_eq!(examined.finding("credentials", "does not say whose").status(), "skip");
}

/// STS's answer to a key that is nobody's any more.
const WITHDRAWN_KEY: &str = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>\
    <Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>not valid</Message></Error>\
    <RequestId>1</RequestId></ErrorResponse>";

#[test]
fn credentials_that_are_refused_are_a_matter_of_configuration() {
    let sandbox = Sandbox::healthy();
    let refusing = Proxy::new(moto().url(), "GetCallerIdentity", |_| Some(Fault::Broken(403, WITHDRAWN_KEY)));
    let examined = Examined::of(&mut on_prod(&sandbox, refusing.url()), 4);
    let finding = examined.finding("credentials", "[InvalidClientTokenId]");
    assert_eq!(finding.status(), "fail");
    let refusing = Proxy::new(sandbox.endpoint(), "DescribeTable", |_| {
        Some(Fault::Error(400, "UnrecognizedClientException"))
    });
    let examined = Examined::of(&mut on_prod(&sandbox, refusing.url()), 4);
    examined.only_failure("dynamodb", "[UnrecognizedClientException]");
}

#[test]
fn no_credentials_at_all_are_a_matter_of_configuration() {
    let sandbox = Sandbox::healthy();
    let mut command = on_prod(&sandbox, &moto().url());
    let examined =
        Examined::of(command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY"), 4);
    let finding = examined.finding("credentials", "no valid AWS credentials");
    // In one line, whatever was tried.
    assert!(!finding.text().contains('\n'), "{finding:?}");
    let mut command = on_prod(&sandbox, &moto().url());
    let examined = Examined::of(command.env_remove("AWS_REGION"), 4);
    examined.finding("dynamodb", "no AWS region is set");
}
