//! The user pool, and the users who wait for it.

use super::Examined;
use crate::support::{COGNITO_ENDPOINT, DOCTOR, Fault, Pool, Proxy, Sandbox, big_pool, moto};

#[test]
fn a_pool_is_reached_and_users_who_are_still_mock_are_a_warning() {
    let sandbox = Sandbox::healthy();
    let pool = Pool::new();
    pool.add([("nina", Some("nina"))]);
    let examined = Examined::of(&mut sandbox.with_pool(&pool, &DOCTOR), 0);
    examined.finding("user pool", &format!("{} at {}: 1 user", pool.id, moto().url()));
    let mock = examined.finding("postgresql", "3 users, 3 of them still MOCK");
    assert_eq!(mock.is("warn", "cruddur db update-cognito-user-ids").value("mock_users"), 3);
    assert!(!examined.with_status("note").iter().any(|note| note.contains("list-users")));

    sandbox.cruddur_with_pool(&pool, &["db", "update-cognito-user-ids"]).succeeds();
    let examined = Examined::of(&mut sandbox.with_pool(&pool, &DOCTOR), 0);
    examined.finding("postgresql", "3 users, 2 of them still MOCK");
    sandbox.sql("DELETE FROM users WHERE handle <> 'nina'");
    let examined = Examined::of(&mut sandbox.with_pool(&pool, &DOCTOR), 0);
    assert_eq!(examined.finding("postgresql", "1 user, none of them MOCK").status(), "ok");
}

#[test]
fn a_pool_that_is_not_there_is_a_failure() {
    let sandbox = Sandbox::healthy();
    let mut command = sandbox.command(DOCTOR);
    command.args(["--user-pool-id", "us-east-1_Nowhere99"]);
    let examined = Examined::of(command.env(COGNITO_ENDPOINT, moto().url()), 1);
    examined.only_failure("user pool", "there is no user pool \"us-east-1_Nowhere99\"");
    let mut command = sandbox.command(DOCTOR);
    let examined = Examined::of(command.env("AWS_COGNITO_USER_POOL_ID", "people"), 4);
    examined.finding("user pool", "\"people\" is not a user pool id");
}

#[test]
fn a_pool_that_may_not_be_read_is_a_matter_of_configuration() {
    let sandbox = Sandbox::healthy();
    let refusing =
        Proxy::new(moto().url(), "ListUsers", |_| Some(Fault::Error(400, "AccessDeniedException")));
    let mut command = sandbox.with_pool(big_pool(), &DOCTOR);
    let examined = Examined::of(command.env(COGNITO_ENDPOINT, refusing.url()), 4);
    examined.only_failure("user pool", "[AccessDeniedException]");
}

#[test]
fn more_than_sixty_users_are_what_the_scripts_would_have_missed() {
    let sandbox = Sandbox::healthy();
    let examined = Examined::of(&mut sandbox.with_pool(big_pool(), &DOCTOR), 0);
    examined.finding("user pool", "60 users and more");
    examined.finding("old scripts", "cognito/list-users would have shown 60 users");
}
