//! Users who are created, get passwords and are deleted, in the local stack's pool and in moto.

use super::People;
use crate::support::{Pool, Proxy, Run, Sandbox, moto};
use crate::user_pool::email;

const QUINN: [&str; 6] = ["create-user", "quinn", "--email", "quinn@example.com", "--name", "Quinn Abara"];

#[test]
fn a_user_comes_and_signs_in_and_goes() {
    for people in [People::of_ours(), People::of_moto()] {
        let run = people.with_password(&QUINN, "Correct-horse-7").succeeds();
        let place = format!("{} on {}", people.pool, people.endpoint);
        run.says(&format!("LOCAL Cognito at {} in us-east-1", people.endpoint))
            .says(&format!("added \"quinn\" to {}", people.pool));
        let quinn = email("quinn");
        let as_created = ["CONFIRMED", "quinn", "Quinn Abara", &quinn, "true"];
        assert_eq!(people.seen(&quinn), as_created);
        assert_eq!(people.sign_in(&quinn, "Correct-horse-7"), None);
        assert_eq!(people.sign_in(&quinn, "Correct-horse-8").as_deref(), Some("NotAuthorizedException"));

        let run = people.with_password(&["set-password", "quinn"], "Battery-staple-1").succeeds();
        run.says(&format!("set the password of \"quinn\" in {}", people.pool));
        assert_eq!(people.sign_in(&quinn, "Battery-staple-1"), None);
        let words = ["set-password", &quinn, "--temporary"];
        people.with_password(&words, "Battery-staple-2").succeeds().says("set the temporary password");
        let challenge = Some("NEW_PASSWORD_REQUIRED");
        assert_eq!(people.sign_in(&quinn, "Battery-staple-2").as_deref(), challenge);

        let run = people.run(&["delete-user", "quinn"]).succeeds();
        run.says(&format!("deleted \"quinn\" from {}", people.pool));
        assert_eq!(people.get(&quinn)["refusal"], "UserNotFoundException");
        people.run(&["delete-user", "quinn"]).exits_with(1).says(&format!("{place} has no user \"quinn\""));
        people
            .with_password(&["set-password", "quinn"], "Battery-staple-1")
            .exits_with(1)
            .says("to see all users run: cruddur cognito list-users");
    }
}

#[test]
fn the_first_password_can_be_temporary_and_the_name_is_the_handle() {
    for people in [People::of_ours(), People::of_moto()] {
        let words = ["create-user", "rosa", "--email", "rosa@example.com", "--temporary"];
        people.with_password(&words, "Correct-horse-7").succeeds();
        let as_created = ["FORCE_CHANGE_PASSWORD", "rosa", "rosa", "rosa@example.com", "true"];
        assert_eq!(people.seen("rosa@example.com"), as_created);
        let challenge = Some("NEW_PASSWORD_REQUIRED");
        assert_eq!(people.sign_in("rosa@example.com", "Correct-horse-7").as_deref(), challenge);
    }
}

#[test]
fn in_the_stacks_own_pool_the_password_is_the_one_of_setup() {
    let people = People::of_ours();
    people.run(&QUINN).succeeds();
    assert_eq!(people.sign_in(&email("quinn"), "Cruddur-local-1"), None);
    people.run(&["set-password", "quinn"]).exits_with(2).says("the password is missing");
    // Elsewhere nobody gets a password that everybody knows.
    let people = People::of_moto();
    people.run(&QUINN).exits_with(2).says("the password is missing").says("--password-stdin");
    assert_eq!(people.count(), 0);
}

#[test]
fn a_message_is_sent_only_if_asked_for() {
    let people = People::of_moto();
    let proxy = Proxy::new(moto().url(), "AdminCreateUser", |_| None);
    let through = |words: &[&str]| {
        let mut command = people.command(words);
        command.env(crate::support::COGNITO_ENDPOINT, proxy.url());
        Run::with_input(&mut command, "Correct-horse-7").succeeds();
        proxy.called_with().pop().unwrap()
    };
    let sent = through(&[&QUINN[..], &["--password-stdin"]].concat());
    assert_eq!(sent["MessageAction"], "SUPPRESS");
    assert!(sent.get("DesiredDeliveryMediums").is_none(), "{sent}");
    let sent = through(&["create-user", "rosa", "--email", "rosa@example.com", "--send-password"]);
    assert!(sent.get("MessageAction").is_none() && sent.get("TemporaryPassword").is_none(), "{sent}");
    assert_eq!(sent["DesiredDeliveryMediums"], serde_json::json!(["EMAIL"]));
    assert_eq!(people.seen("rosa@example.com")[0], "FORCE_CHANGE_PASSWORD");

    let words = ["create-user", "simon", "--email", "simon@example.com", "--send-password"];
    let ours = People::of_ours();
    ours.run(&words).exits_with(2).says("the local user pool sends no messages");
    assert_eq!(ours.count(), 0);
}

#[test]
fn a_handle_and_an_address_are_one_users() {
    for people in [People::of_ours(), People::of_moto()] {
        people.with_password(&QUINN, "Correct-horse-7").succeeds();
        let before = people.seen(&email("quinn"));
        let run = people
            .with_password(&["create-user", "quinn", "--email", "other@example.com"], "Correct-horse-8");
        run.exits_with(1)
            .says("has a user \"quinn\" already; nothing was done")
            .says("to change the password run: cruddur cognito set-password quinn");
        let run = people
            .with_password(&["create-user", "other", "--email", "quinn@example.com"], "Correct-horse-8");
        run.exits_with(1)
            .says("cannot add \"other\" to ")
            .says("[UsernameExistsException]")
            .says("cruddur cognito list-users --filter 'email = \"quinn@example.com\"'");
        assert_eq!((people.seen(&email("quinn")), people.count()), (before, 1));
        assert_eq!(people.sign_in(&email("quinn"), "Correct-horse-7"), None);
    }
}

#[test]
fn what_is_no_handle_name_or_address_is_refused() {
    let people = People::of_ours();
    for handle in ["", "a b", "quinn@example.com"] {
        let run = people.run(&["create-user", handle, "--email", "quinn@example.com"]);
        run.exits_with(2).says("HANDLE is empty, or holds white space");
    }
    let words = ["create-user", "quinn", "--email", "quinn@example.com", "--name", " "];
    people.run(&words).exits_with(2).says("--name is empty");
    people
        .run(&["create-user", "quinn", "--email", "nowhere"])
        .exits_with(1)
        .says("[InvalidParameterException]");
    people.with_password(&QUINN, "short").exits_with(1).says("[InvalidPasswordException]");
    assert_eq!(people.count(), 0);
}

#[test]
fn a_handle_of_several_users_is_settled_by_the_sub() {
    let pool = Pool::new();
    pool.add([("twin-a", Some("twin")), ("twin-b", Some("twin"))]);
    let sandbox = Sandbox::new();
    let run = sandbox.cruddur_with_pool(&pool, &["cognito", "delete-user", "twin"]).exits_with(1);
    run.says("2 users of ").says("name one by the sub: ").says(&pool.sub("twin-a"));
    sandbox.cruddur_with_pool(&pool, &["cognito", "delete-user", &pool.sub("twin-a")]).succeeds();
    sandbox.cruddur_with_pool(&pool, &["cognito", "delete-user", "twin"]).succeeds();
    sandbox.cruddur_with_pool(&pool, &["cognito", "list-users"]).succeeds().says("0 users in");
}

#[test]
fn aws_takes_the_flag_and_production_a_confirmation() {
    let people = People::of_moto();
    people.with_password(&QUINN, "Correct-horse-7").succeeds();
    let on_aws = |words: &[&str]| {
        let mut command = people.command(words);
        Run::of(command.env_remove(crate::support::COGNITO_ENDPOINT))
            .exits_with(2)
            .says("is on AWS")
            .says("add: --prod");
    };
    let prod = |words: &[&str], password: &str| {
        let mut command = people.command(words);
        command
            .args(["--prod", "--endpoint-url", &people.endpoint])
            .env("AWS_ACCESS_KEY_ID", "production")
            .env("AWS_SECRET_ACCESS_KEY", "secret");
        Run::with_input(&mut command, format!("{password}\n"))
    };
    let set = ["set-password", "quinn", "--password-stdin"];
    for words in [&QUINN[..], &set, &["delete-user", "quinn"]] {
        on_aws(words);
    }
    for words in [&set[..], &["delete-user", "quinn"]] {
        let run = prod(words, "Battery-staple-1").exits_with(3);
        run.says("*** PROD *** Cognito at ").says("to confirm add: --yes --confirm quinn");
        let wrong = [words, &["--yes", "--confirm", "nina"]].concat();
        prod(&wrong, "Battery-staple-1").exits_with(3).says("nothing was done");
    }
    assert_eq!(people.sign_in(&email("quinn"), "Correct-horse-7"), None);
    let confirmed = ["--yes", "--confirm", "quinn"];
    prod(&[&set[..], &confirmed].concat(), "Battery-staple-1").succeeds();
    assert_eq!(people.sign_in(&email("quinn"), "Battery-staple-1"), None);
    prod(&[&["delete-user", "quinn"][..], &confirmed].concat(), "").succeeds();
    assert_eq!(people.count(), 0);
    // Nothing is lost by adding somebody.
    prod(&[&QUINN[..], &["--password-stdin"]].concat(), "Correct-horse-7").succeeds();
    assert_eq!(people.count(), 1);
}
