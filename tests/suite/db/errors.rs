//! What PostgreSQL refuses, and the command that helps.

use super::load;
use crate::support::{Page, Run, Sandbox, USER, silent_port, stack};

fn on(sandbox: &Sandbox, url: &str, arguments: &[&str]) -> Run {
    Run::of(sandbox.command(arguments).env("CONNECTION_URL", url))
}

#[test]
fn a_refused_port_points_to_the_local_stack() {
    let sandbox = Sandbox::new();
    let port = silent_port();
    for command in ["create", "drop", "schema-load", "seed", "setup"] {
        on(&sandbox, &format!("postgresql://someone:x@127.0.0.1:{port}/cruddur"), &["db", command])
            .exits_with(1)
            .says(&format!("cannot reach PostgreSQL at 127.0.0.1:{port}/"))
            .says("Hint: run: cruddur local up");
    }
}

#[test]
fn a_missing_database_points_to_create() {
    let mut page = Page::default();
    let sandbox = Sandbox::new();
    for command in [&["db", "schema-load"][..], &["db", "seed"], &["ddb", "seed"]] {
        page.add(sandbox.cruddur(command).exits_with(1));
    }
    assert!(!sandbox.database_exists());
    page.matches("runs/db/errors/a_missing_database_points_to_create");
}

#[test]
fn a_wrong_password_is_a_matter_of_configuration() {
    let sandbox = Sandbox::with_database();
    for credentials in [format!("{USER}:wrong"), "nobody-known:wrong".to_owned()] {
        let url = stack().url_of(&credentials, sandbox.database());
        for command in ["create", "drop", "schema-load", "seed", "setup"] {
            on(&sandbox, &url, &["db", command])
                .exits_with(4)
                .says("password authentication failed")
                .says("Hint: check the user and the password in CONNECTION_URL");
        }
    }
    let url = stack().url_of(USER, sandbox.database());
    on(&sandbox, &url, &["db", "drop"]).exits_with(4).says("asks for a password, but none is set");
    assert!(sandbox.database_exists());
}

#[test]
fn the_hints_of_production_lead_to_production() {
    let mut page = Page::default();
    let sandbox = Sandbox::new();
    let prod =
        |url: String| Run::of(sandbox.command(["db", "seed", "--prod"]).env("PROD_CONNECTION_URL", url));
    page.add(prod(sandbox.production_url()).exits_with(1));
    page.add(prod(stack().url_of(&format!("{USER}:wrong"), "postgres?sslmode=disable")).exits_with(4));
    page.add(prod(format!("postgresql://someone:x@127.0.0.1:{}/cruddur", silent_port())).exits_with(1));
    page.matches("runs/db/errors/the_hints_of_production_lead_to_production");
}

#[test]
fn a_missing_users_table_points_to_schema_load() {
    let mut page = Page::default();
    let sandbox = Sandbox::with_database();
    for command in [&["ddb", "seed"][..], &["ddb", "patterns", "list-conversations"]] {
        let run = page.add(sandbox.cruddur(command).exits_with(1));
        assert_eq!(run.stderr.matches("does not exist").count(), 1, "said once:\n{}", run.stderr);
    }
    page.matches("runs/db/errors/a_missing_users_table_points_to_schema_load");
}

#[test]
fn an_empty_users_table_points_to_seed() {
    let mut page = Page::default();
    let sandbox = Sandbox::with_database();
    sandbox.cruddur(["db", "schema-load"]).succeeds();
    page.add(sandbox.cruddur(["ddb", "seed"]).exits_with(1));
    page.matches("runs/db/errors/an_empty_users_table_points_to_seed");
}

#[test]
fn a_role_that_may_not_create_databases_is_told() {
    let mut page = Page::default();
    let sandbox = Sandbox::with_database();
    let role = format!("plain_{}", sandbox.database());
    load(&sandbox, format!("CREATE ROLE {role} LOGIN PASSWORD 'plain'")).succeeds();
    let url = stack().url_of(&format!("{role}:plain"), &format!("{}_2", sandbox.database()));
    page.add(on(&sandbox, &url, &["db", "create"]).exits_with(1));
    let url = stack().url_of(&format!("{role}:plain"), sandbox.database());
    page.add(on(&sandbox, &url, &["db", "drop"]).exits_with(1));
    assert!(sandbox.database_exists());
    page.matches("runs/db/errors/a_role_that_may_not_create_databases_is_told");
}
