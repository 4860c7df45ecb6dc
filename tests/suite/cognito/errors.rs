//! What goes wrong with a user pool, and what is said about it.

use crate::support::{COGNITO_ENDPOINT, Page, Pool, Recorder, Run, Sandbox, big_pool, moto, silent_port};

const LIST: [&str; 2] = ["cognito", "list-users"];

#[test]
fn a_pool_must_be_configured() {
    let mut page = Page::default();
    let sandbox = Sandbox::new();
    for words in [LIST, ["db", "update-cognito-user-ids"]] {
        let run = page.add(sandbox.cruddur(words).exits_with(4));
        for name in ["--user-pool-id", "AWS_COGNITO_USER_POOL_ID"] {
            assert!(run.stderr.contains(name), "{}", run.stderr);
        }
    }
    page.matches("runs/cognito/errors/a_pool_must_be_configured");
}

#[test]
fn what_is_no_pools_id_is_refused_before_any_call() {
    let mut page = Page::default();
    let (sandbox, recorder) = (Sandbox::new(), Recorder::start());
    for id in
        ["people", "us-east-1_", "_abc", "us-east-1_a/b", "us-east-1_ä", "us east_1abc", &"a_b".repeat(30)]
    {
        let mut command = sandbox.command(LIST);
        command.env(COGNITO_ENDPOINT, recorder.url());
        page.add(Run::of(command.args(["--user-pool-id", id])).exits_with(2));
    }
    let mut command = sandbox.command(LIST);
    page.add(
        Run::of(command.env(COGNITO_ENDPOINT, recorder.url()).env("AWS_COGNITO_USER_POOL", "people"))
            .exits_with(4),
    );
    assert_eq!(recorder.connections(), 0);
    page.matches("runs/cognito/errors/what_is_no_pools_id_is_refused_before_any_call");
}

#[test]
fn a_pool_that_is_not_there_names_its_setting() {
    let mut page = Page::default();
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(LIST);
    command.env(COGNITO_ENDPOINT, moto().url()).env("AWS_COGNITO_USER_POOL", "us-east-1_nobody");
    page.add(Run::of(&mut command).exits_with(1));
    page.matches("runs/cognito/errors/a_pool_that_is_not_there_names_its_setting");
}

#[test]
fn a_filter_that_is_refused_shows_what_one_looks_like() {
    let mut page = Page::default();
    page.add(
        Sandbox::new()
            .cruddur_with_pool(big_pool(), &["cognito", "list-users", "--filter", "nina"])
            .exits_with(1),
    );
    page.matches("runs/cognito/errors/a_filter_that_is_refused_shows_what_one_looks_like");
}

#[test]
fn without_credentials_there_is_no_list() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(LIST);
    command.args(["--user-pool-id", "us-east-1_AbCdEfGhI"]).env("AWS_EC2_METADATA_DISABLED", "true");
    Run::of(&mut command)
        .exits_with(4)
        .says("on AWS in us-east-1: no valid AWS credentials")
        .says("--profile");
}

#[test]
fn an_endpoint_where_nobody_listens_is_named() {
    let mut page = Page::default();
    let sandbox = Sandbox::new();
    let endpoint = format!("http://127.0.0.1:{}", silent_port());
    let mut command = sandbox.with_pool(big_pool(), &LIST);
    page.add(Run::of(command.env(COGNITO_ENDPOINT, &endpoint)).exits_with(1));
    page.matches("runs/cognito/errors/an_endpoint_where_nobody_listens_is_named");
}

#[test]
fn the_metadata_service_is_asked_once_at_most() {
    let sandbox = Sandbox::new();
    for (words, said) in [
        // For the region.
        (&["ddb", "list-tables", "--prod"][..], "no AWS region is set"),
        // For the credentials; the region is known.
        (&["ddb", "list-tables", "--prod", "--region", "us-east-1"], "no valid AWS credentials"),
        (&["cognito", "list-users", "--user-pool-id", "us-east-1_AbCdEfGhI"], "no valid AWS credentials"),
    ] {
        let metadata = Recorder::start();
        let mut command = sandbox.command(words);
        Run::of(command.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url())).exits_with(4).says(said);
        assert_eq!(metadata.connections(), 1, "{words:?}");
    }
}

#[test]
fn a_pool_elsewhere_is_found_by_its_id_and_a_region_that_contradicts_it_is_told() {
    let mut page = Page::default();
    let (sandbox, pool) = (Sandbox::new(), Pool::within("eu-west-3"));
    pool.add([("nina", Some("nina"))]);
    let list = |region: Option<&str>, arguments: &[&str]| {
        let mut command = sandbox.with_pool(&pool, &LIST);
        command.args(arguments).envs(region.map(|region| ("AWS_REGION", region)));
        Run::of(&mut command)
    };
    assert!(list(None, &[]).succeeds().stdout.contains("nina"));
    // Set for other services; `cruddur local exec` sets it as well.
    assert!(list(Some("us-east-1"), &[]).succeeds().stdout.contains("nina"));
    page.add(list(None, &["--region", "us-east-1"]).exits_with(1));
    list(Some("us-east-1"), &["--region", "eu-west-3"]).succeeds();
    page.matches(
        "runs/cognito/errors/a_pool_elsewhere_is_found_by_its_id_and_a_region_that_contradicts_it_is_told",
    );
}
