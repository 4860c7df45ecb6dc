//! `setup` and `db setup`: the seeded people are in the local pool, and their subs in the users table.

use std::process::Command;

use serde_json::{Value, json};

use super::sign_in::by_password;
use super::{Local, attribute, email};
use crate::support::{COGNITO_ENDPOINT, Fault, Pool, Proxy, Run, Sandbox, boto3};

const PEOPLE: [&str; 3] = ["nina", "oscar", "petra"];

/// `cruddur`, with the pool at `endpoint` as its own.
fn beside(sandbox: &Sandbox, endpoint: &str, arguments: &[&str]) -> Command {
    let mut command = sandbox.command(arguments);
    command.env(COGNITO_ENDPOINT, endpoint).env_remove("AWS_COGNITO_USER_POOL_ID");
    command
}

fn with_pool(sandbox: &Sandbox, pool: &Local, arguments: &[&str]) -> Run {
    Run::of(&mut beside(sandbox, &pool.0.url(), arguments))
}

/// The handle, the sub and the status of everybody in the pool.
fn members(pool: &Local) -> Vec<[String; 3]> {
    let mut listed = pool.call("list_users", &json!({}));
    let Value::Array(users) = listed["Users"].take() else { panic!("{listed}") };
    let member = |user: &Value| {
        let of = |name| attribute(&user["Attributes"], name).unwrap_or_default().to_owned();
        [of("preferred_username"), of("sub"), user["UserStatus"].as_str().unwrap().to_owned()]
    };
    users.iter().map(member).collect()
}

fn ids(sandbox: &Sandbox) -> Vec<Vec<String>> {
    sandbox.sql("SELECT handle, cognito_user_id FROM users ORDER BY handle")
}

#[track_caller]
fn assert_joined(sandbox: &Sandbox, pool: &Local) {
    let members = members(pool);
    assert_eq!(members.iter().map(|member| member[0].as_str()).collect::<Vec<_>>(), PEOPLE);
    assert!(members.iter().all(|member| member[2] == "CONFIRMED"), "{members:?}");
    let expected: Vec<&[String]> = members.iter().map(|member| &member[..2]).collect();
    assert_eq!(ids(sandbox), expected);
}

#[test]
fn setup_adds_the_people_once_and_takes_their_subs() {
    let (sandbox, pool) = (Sandbox::new(), Local::new());
    let dry = with_pool(&sandbox, &pool, &["setup", "--dry-run"]).succeeds();
    assert!(!dry.stderr.contains("skipped"), "{}", dry.stderr);
    assert_eq!(members(&pool), [[""; 3]; 0]);

    let run = with_pool(&sandbox, &pool, &["setup"]).succeeds();
    assert!(!run.stderr.contains("skipped"), "{}", run.stderr);
    let at = pool.0.url();
    run.says(&format!("LOCAL Cognito at {at} in us-east-1"))
        .says("done        Cognito ids   3 updated, 0 unchanged, 3 new in the pool");
    assert_joined(&sandbox, &pool);
    let user = pool.call("admin_get_user", &json!({ "Username": email("nina") }));
    for (name, value) in [("name", "Nina Okafor"), ("email", "nina@example.com"), ("email_verified", "true")]
    {
        assert_eq!(attribute(&user["UserAttributes"], name), Some(value));
    }

    let before = members(&pool);
    let run = with_pool(&sandbox, &pool, &["setup"]).succeeds();
    run.says("unchanged   Cognito ids   0 updated, 3 unchanged");
    assert_eq!(members(&pool), before);
    // Whoever comes later is added by the next run.
    sandbox.sql(
        "INSERT INTO users (display_name, handle, email, cognito_user_id)
         VALUES ('Quinn Abara', 'quinn', 'quinn@example.com', 'MOCK')",
    );
    let dry = with_pool(&sandbox, &pool, &["setup", "--dry-run"]).succeeds();
    dry.says("would do    Cognito ids   1 user added to us-east-1_LocalPool");
    with_pool(&sandbox, &pool, &["setup"]).succeeds().says("1 updated, 3 unchanged, 1 new in the pool");
    assert_eq!(members(&pool).len(), 4);
}

#[test]
fn a_setup_that_breaks_off_between_a_user_and_the_password_leaves_a_temporary_one() {
    let (sandbox, pool) = (Sandbox::new(), Local::new());
    let refuse = |_| Some(Fault::Error(400, "NotAuthorizedException"));
    let proxy = Proxy::new(pool.0.url(), "AdminSetUserPassword", refuse);
    Run::of(&mut beside(&sandbox, proxy.url(), &["setup"])).exits_with(5);
    let statuses: Vec<String> = members(&pool).into_iter().map(|[_, _, status]| status).collect();
    assert_eq!(statuses, ["FORCE_CHANGE_PASSWORD"]);
    let answer =
        boto3(&pool.0.url(), "cognito-idp", "initiate_auth", &by_password(&email("nina"), "Cruddur-local-1"));
    assert_eq!(answer["ChallengeName"], "NEW_PASSWORD_REQUIRED");

    with_pool(&sandbox, &pool, &["setup"]).succeeds();
    let expected: Vec<Vec<String>> = members(&pool).iter().map(|member| member[..2].to_vec()).collect();
    assert_eq!(ids(&sandbox), expected);
}

#[test]
fn db_setup_again_finds_them_and_keeps_their_subs() {
    let (sandbox, pool) = (Sandbox::new(), Local::new());
    let dry = with_pool(&sandbox, &pool, &["db", "setup", "--dry-run"]).succeeds();
    dry.says("would then add the people to the user pool");
    assert_eq!(members(&pool), [[""; 3]; 0]);
    let run = with_pool(&sandbox, &pool, &["db", "setup"]).succeeds();
    assert!(!run.stderr.contains("skipped"), "{}", run.stderr);
    run.says("added 3 users to us-east-1_LocalPool on ").says("3 updated, 0 unchanged");
    assert_joined(&sandbox, &pool);
    let before = members(&pool);
    let run = with_pool(&sandbox, &pool, &["db", "setup"]).succeeds().says("3 updated, 0 unchanged");
    assert!(!run.stderr.contains("added"), "{}", run.stderr);
    assert_eq!(members(&pool), before);
    assert_joined(&sandbox, &pool);
}

#[test]
fn an_address_that_the_pool_does_not_take_is_named_and_the_others_go_in() {
    let (sandbox, pool) = (Sandbox::new(), Local::new());
    with_pool(&sandbox, &pool, &["setup"]).succeeds();
    sandbox.sql(
        "INSERT INTO users (display_name, handle, email, cognito_user_id) VALUES
         ('No Address', 'none', 'nowhere', 'MOCK'), ('Nina again', 'nina2', 'nina@example.com', 'MOCK'),
         ('Rosa', 'rosa', 'rosa@example.com', 'MOCK')",
    );
    let run = with_pool(&sandbox, &pool, &["setup"]).succeeds();
    run.says("the user pool does not take the email addresses of nina2, none").says("1 new in the pool");
    assert_eq!(
        sandbox.sql("SELECT handle FROM users WHERE cognito_user_id = 'MOCK' ORDER BY 1"),
        [["nina2"], ["none"]]
    );
}

#[test]
fn a_pool_that_is_not_the_local_one_is_only_read() {
    let (sandbox, pool) = (Sandbox::new(), Pool::new());
    pool.add([("nina", Some("nina"))]);
    for setup in [&["setup"][..], &["db", "setup"]] {
        let run = sandbox.cruddur_with_pool(&pool, setup).succeeds();
        assert!(!run.stderr.contains("LOCAL Cognito"), "nothing is written there: {}", run.stderr);
    }
    let list = ["cognito", "list-users"];
    sandbox.cruddur_with_pool(&pool, &list).succeeds().says("1 user in");
    assert_eq!(ids(&sandbox)[1..], [["oscar", "MOCK"], ["petra", "MOCK"]]);
}

#[test]
fn without_a_pool_that_nobody_has_asked_for_setup_goes_on() {
    let sandbox = Sandbox::new();
    let nobody = "http://127.0.0.1:1";
    let run = Run::of(&mut beside(&sandbox, nobody, &["setup"])).succeeds();
    run.says(&format!("skipped     Cognito ids   nothing serves a user pool at {nobody}"));
    let run = Run::of(&mut beside(&sandbox, nobody, &["db", "setup"])).succeeds();
    run.says(&format!("skipped the Cognito user ids: nothing serves a user pool at {nobody}"));
    // One that is named must be there.
    let mut named = beside(&sandbox, nobody, &["db", "setup"]);
    named.env("AWS_COGNITO_USER_POOL_ID", "us-east-1_LocalPool");
    Run::of(&mut named).exits_with(5).says("cannot reach Cognito").says("run: cruddur local up");
    assert_eq!(ids(&sandbox).len(), 3);
}
