//! Whose account the credentials are for.

use std::path::Path;

use cruddur::config::{AwsConfig, Credentials, Endpoint, Service, Target};
use cruddur::dynamodb::DynamoDb;
use serde_json::Value;

use crate::support::{Fault, Proxy, Recorder, loopback, moto, runtime, scratch};

/// moto's own.
const ACCOUNT: &str = "123456789012";

/// What production's DynamoDB would say of these credentials, asked of `sts`.
fn ask(sts: u16, key: &str, state: Option<&Path>) -> Option<Result<String, String>> {
    let config = AwsConfig {
        target: Target::Prod,
        endpoint: None,
        credentials: Credentials::Static {
            access_key_id: key.to_owned(),
            secret_access_key: "secret".to_owned(),
            session_token: None,
        },
        sts: Some(Endpoint::loopback(sts)),
        ..loopback(Service::DynamoDb, sts)
    };
    runtime().block_on(async { DynamoDb::connect(&config).await.unwrap().endpoint().account(state).await })
}

fn sts() -> Proxy {
    Proxy::new(moto().url(), "GetCallerIdentity", |_| None)
}

#[test]
fn the_account_is_asked_once_for_each_access_key() {
    let (sts, state) = (sts(), scratch());
    // The folder need not be there.
    let state = state.path().join("cruddur");
    let account = |key| ask(sts.port(), key, Some(&state)).unwrap().unwrap();
    assert_eq!(account("AKIANINA"), ACCOUNT);
    assert_eq!(account("AKIANINA"), ACCOUNT);
    assert_eq!(sts.operations(), ["GetCallerIdentity"]);
    // Each session of an assumed role has a key of its own.
    assert_eq!(account("ASIANINA"), ACCOUNT);
    assert_eq!(account("ASIANINA"), ACCOUNT);
    assert_eq!(account("AKIANINA"), ACCOUNT);
    assert_eq!(sts.calls(), 2);
}

#[test]
fn the_file_holds_no_key_and_is_asked_for_a_day() {
    let (sts, state) = (sts(), scratch());
    let file = state.path().join("accounts.json");
    let account = || ask(sts.port(), "AKIANINA", Some(state.path())).unwrap().unwrap();
    account();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("AKIANINA") && !text.contains("secret"), "{text}");
    let mut known: Value = serde_json::from_str(&text).unwrap();
    let entry = known.as_object_mut().unwrap().values_mut().next().unwrap();
    entry["answer"] = "210987654321".into();
    std::fs::write(&file, known.to_string()).unwrap();
    assert_eq!(account(), "210987654321");
    let entry = known.as_object_mut().unwrap().values_mut().next().unwrap();
    entry["asked_at"] = (entry["asked_at"].as_u64().unwrap() - 24 * 60 * 60).into();
    std::fs::write(&file, known.to_string()).unwrap();
    assert_eq!(account(), ACCOUNT);
    assert_eq!(sts.calls(), 2);
    for broken in ["", "{", "[1]", "{\"x\":{\"answer\":\"nobody\",\"asked_at\":0}}"] {
        std::fs::write(&file, broken).unwrap();
        assert_eq!(account(), ACCOUNT);
    }
    assert_eq!(sts.calls(), 6);
}

#[test]
fn without_a_place_to_remember_it_is_asked_again() {
    let (sts, folder) = (sts(), scratch());
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    for state in [None, None, Some(file.as_path())] {
        assert_eq!(ask(sts.port(), "AKIANINA", state).unwrap().unwrap(), ACCOUNT);
    }
    assert_eq!(sts.calls(), 3);
}

#[test]
fn nobody_waits_for_an_account_that_is_not_told() {
    let refusing = Proxy::new(moto().url(), "GetCallerIdentity", |_| {
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code>\
                    <Message>The security token included in the request is invalid.</Message></Error>\
                    </ErrorResponse>";
        Some(Fault::Broken(403, body))
    });
    let state = scratch();
    let why = ask(refusing.port(), "AKIANINA", Some(state.path())).unwrap().unwrap_err();
    assert_eq!(why, "InvalidClientTokenId");
    // What has not been told is not remembered.
    assert!(!state.path().join("accounts.json").exists());
    let silent = Proxy::new(moto().url(), "GetCallerIdentity", |_| Some(Fault::Hold));
    assert_eq!(ask(silent.port(), "AKIANINA", None).unwrap().unwrap_err(), "no answer in time");
}

#[test]
fn local_work_and_emulators_have_no_account() {
    let sts = Recorder::start();
    let local = AwsConfig { sts: Some(Endpoint::loopback(sts.port())), ..loopback(Service::DynamoDb, 1) };
    for config in [local.clone(), AwsConfig { target: Target::Prod, ..local }] {
        let account = runtime()
            .block_on(async { DynamoDb::connect(&config).await.unwrap().endpoint().account(None).await });
        assert_eq!(account, None);
    }
    assert_eq!(sts.connections(), 0);
}
