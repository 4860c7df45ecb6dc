//! Who confirms a sign-up is added to the users table.

use std::fs;

use axum::body::Body;
use cruddur::config::{Setting, Source, Target};
use cruddur::local::{Access, user_pool};
use cruddur::postgres::ConnectionUrl;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use super::sign_in::{CLIENT, PASSWORD, by_password};
use super::{Local, email};
use crate::support::{
    Run, Sandbox, Session, World, boto3, boto3_attempt, eventually, python, runtime, send_http, sql,
};

/// A pool in memory whose app has its users in this database.
fn pool_of(url: &str) -> Local {
    let setting = Setting { value: url.to_owned(), source: Source::Default };
    let url = ConnectionUrl::parse(&setting, Target::Local).unwrap();
    Local(runtime().block_on(user_pool::start(0, None, Access::default(), Some(url))).unwrap())
}

fn sign_up(handle: &str) -> Value {
    let attributes = [("preferred_username", handle), ("name", "Rosa Lind")];
    json!({
        "ClientId": CLIENT,
        "Username": email(handle),
        "Password": PASSWORD,
        "UserAttributes": attributes.map(|(name, value)| json!({ "Name": name, "Value": value })),
    })
}

fn confirm(handle: &str) -> Value {
    json!({ "ClientId": CLIENT, "Username": email(handle), "ConfirmationCode": "123456" })
}

fn users(sandbox: &Sandbox) -> Vec<Vec<String>> {
    sandbox.sql("SELECT handle, display_name, email, cognito_user_id FROM users ORDER BY handle")
}

#[test]
fn who_confirms_a_sign_up_is_added_to_the_table() {
    let sandbox = Sandbox::set_up();
    let pool = pool_of(&sandbox.connection_url());
    let before = users(&sandbox);
    let subs = ["rosa", "sven"].map(|handle| {
        let mut signed_up = pool.app("sign_up", &sign_up(handle));
        signed_up["UserSub"].take().as_str().unwrap().to_owned()
    });
    assert_eq!(users(&sandbox), before, "nobody has confirmed");
    assert_eq!(pool.app("confirm_sign_up", &confirm("rosa")), json!({}));
    pool.call("admin_confirm_sign_up", &json!({ "Username": email("sven") }));
    let added = [("rosa", &subs[0]), ("sven", &subs[1])]
        .map(|(handle, sub)| [handle, "Rosa Lind", &email(handle), sub].map(str::to_owned).to_vec());
    assert_eq!(users(&sandbox), [&before[..], &added[..]].concat());
    // Cognito does not call the trigger for users whom an administrator makes.
    pool.add("tara");
    let password = json!({ "Username": email("tara"), "Password": PASSWORD, "Permanent": true });
    pool.call("admin_set_user_password", &password);
    assert_eq!(users(&sandbox).len(), before.len() + 2);
}

#[test]
fn who_cannot_be_added_is_confirmed_and_the_app_is_told() {
    let sandbox = Sandbox::set_up();
    let pool = pool_of(&sandbox.connection_url());
    let before = users(&sandbox);
    let refuse = |pool: &Local, sign_up: &Value| {
        pool.app("sign_up", sign_up);
        let confirm =
            json!({ "ClientId": CLIENT, "Username": sign_up["Username"], "ConfirmationCode": "123456" });
        let (refusal, why) = pool.app_refusal("confirm_sign_up", &confirm);
        assert_eq!(refusal, "UserLambdaValidationException");
        let why = why.strip_prefix("PostConfirmation failed with error ").unwrap_or_else(|| panic!("{why}"));
        pool.app("initiate_auth", &by_password(sign_up["Username"].as_str().unwrap(), PASSWORD));
        why.to_owned()
    };
    let mut taken = sign_up("nina");
    taken["Username"] = email("another.nina").into();
    let why = refuse(&pool, &taken);
    assert!(why.starts_with("the handle \"nina\" is taken on "), "{why}");
    for (left, why) in [(1, "there is no name"), (0, "there is no preferred_username")] {
        let mut without = sign_up(&format!("rosa-{left}"));
        without["UserAttributes"].as_array_mut().unwrap().truncate(left);
        let said = refuse(&pool, &without);
        assert!(said.contains(why), "{said}");
    }
    assert_eq!(users(&sandbox), before);

    let empty = Sandbox::with_database();
    let why = refuse(&pool_of(&empty.connection_url()), &sign_up("rosa"));
    assert!(why.contains("\"public.users\" does not exist"), "{why}");
    let why = refuse(&pool_of(&Sandbox::new().connection_url()), &sign_up("rosa"));
    assert!(why.starts_with("there is no database"), "{why}");
    let why = refuse(&pool_of("postgresql://nobody:Secret-7@127.0.0.1:1/cruddur"), &sign_up("rosa"));
    assert!(why.contains("127.0.0.1:1") && !why.contains("Secret-7"), "{why}");
}

#[test]
fn other_calls_do_not_wait_for_the_database() {
    let sandbox = Sandbox::set_up();
    let pool = pool_of(&sandbox.connection_url());
    pool.app("sign_up", &sign_up("rosa"));
    let holder = Session::having_run(&sandbox.connection_url(), "holder", "LOCK TABLE users");
    let request = Request::post(pool.0.url())
        .header("x-amz-target", "AWSCognitoIdentityProviderService.ConfirmSignUp")
        .body(Body::from(confirm("rosa").to_string()))
        .unwrap();
    let confirming = std::thread::spawn(|| send_http(request));
    eventually("the trigger waits for the lock", || {
        let waiting = format!(
            "SELECT 1 FROM pg_locks JOIN pg_database d ON d.oid = database
             WHERE datname = '{}' AND NOT granted",
            sandbox.database()
        );
        (!sandbox.sql(&waiting).is_empty()).then_some(())
    });
    let rosa = pool.call("admin_get_user", &json!({ "Username": email("rosa") }));
    assert_eq!(rosa["UserStatus"], "CONFIRMED");
    holder.commit();
    // On a busy machine the trigger may have given up before.
    let answer = confirming.join().unwrap();
    assert!(
        answer.status == StatusCode::OK || answer.body.contains("UserLambdaValidationException"),
        "{answer:?}"
    );
}

#[test]
fn a_stack_in_the_background_adds_them_and_keeps_no_password_of_the_database() {
    let world = World::new();
    world.up(&["--post-confirmation"]).succeeds();
    world.cruddur(["db", "setup"]).succeeds();
    boto3(&world.cognito(), "cognito-idp", "sign_up", &sign_up("rosa"));
    boto3(&world.cognito(), "cognito-idp", "confirm_sign_up", &confirm("rosa"));
    let rosa = "SELECT email FROM users WHERE handle = 'rosa'";
    assert_eq!(sql(world.url(), rosa), [[email("rosa")]]);
    // A table that is not there, for an error that is about the database.
    boto3(&world.cognito(), "cognito-idp", "sign_up", &sign_up("sven"));
    sql(world.url(), "DROP TABLE users CASCADE");
    let failed = boto3_attempt(&world.cognito(), "cognito-idp", "confirm_sign_up", &confirm("sven"));
    assert_eq!(failed["refusal"], "UserLambdaValidationException", "{failed}");
    let password = world.url().split(':').nth(2).unwrap().split('@').next().unwrap();
    for path in ["stack.json", "stack.log"].map(|name| world.data().join(name)) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains(password) && !text.contains(PASSWORD), "{}: {text}", path.display());
    }

    world.up(&["--post-confirmation"]).succeeds().says("already running");
    world
        .up(&[])
        .exits_with(1)
        .says("already running, and adds whoever confirms a sign-up to the users table")
        .says("cruddur local down");
    world.down().succeeds();
    world.up(&[]).succeeds();
    world
        .up(&["--post-confirmation"])
        .exits_with(1)
        .says("already running, and does not add whoever confirms a sign-up to the users table");
}

#[test]
fn a_command_with_a_stack_of_its_own_may_want_it_too() {
    let world = World::new();
    let calls =
        [("sign_up", sign_up("rosa")), ("confirm_sign_up", confirm("rosa"))].map(|(name, arguments)| {
            json!({
                "task": "call", "endpoint": "ENDPOINT", "service": "cognito-idp", "operation": name,
                "arguments": arguments,
            })
            .to_string()
                + "\n"
        });
    fs::write(world.path().join("calls"), calls.concat()).unwrap();
    let python = python("boto3_calls.py");
    let [program, script] =
        [python.get_program(), python.get_args().next().unwrap()].map(|word| word.to_str().unwrap());
    let cruddur = env!("CARGO_BIN_EXE_cruddur");
    let script = format!(
        "{cruddur} db setup && sed s,ENDPOINT,$AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER, calls |
         {program} {script} && {cruddur} db update-cognito-user-ids -o json"
    );
    let run =
        Run::of(&mut world.command(["local", "exec", "--post-confirmation", "--", "sh", "-c", &script]));
    let run = run.succeeds();
    assert!(!run.stdout.contains("error"), "{}", run.stdout);
    run.says("4 unchanged");
}
