//! What the server's SQLSTATE decides, whatever its message says.

use super::load;
use crate::support::{Answer, MoodyPostgres, Run, Sandbox, stack};

/// In another language, and about everything at once.
const SAID: &str = "mot de passe oublié: password authentication failed, the database does not exist";

#[test]
fn the_code_decides_and_not_the_words() {
    let sandbox = Sandbox::new();
    let credentials = "check the user and the password in CONNECTION_URL\n";
    for (code, exit_code, says, hint) in [
        ("28P01", 4, "refuses the role \"nina\": ", credentials),
        ("28000", 4, "refuses the role \"nina\": ", credentials),
        ("57P03", 1, "is starting up or shutting down: ", "Hint: run: cruddur db wait\n"),
        ("53300", 1, "accepts no more connections: ", "cruddur db sessions\n"),
        ("XX000", 1, "refuses the connection: ", "[XX000]\n"),
        ("3D000", 1, "there is no database \"cruddur\" on 127.0.0.1:", "Hint: run: cruddur db create\n"),
    ] {
        let server = MoodyPostgres::start(vec![Answer::Refuse(code, SAID)]);
        let url = format!("postgresql://nina:x@127.0.0.1:{}/cruddur", server.port());
        let run = Run::of(sandbox.command(["db", "seed"]).env("CONNECTION_URL", url));
        let run = run.exits_with(exit_code).says(says).says(hint);
        assert_eq!(run.stderr.contains(SAID), code != "3D000", "{}", run.stderr);
        // Without its database, the server is asked on another one what it is.
        assert_eq!(server.connections(), if code == "3D000" { 2 } else { 1 }, "no more attempts");
    }
}

#[test]
fn a_role_that_may_not_sign_in_is_told_by_a_real_server() {
    let sandbox = Sandbox::with_database();
    let role = format!("closed_{}", sandbox.database());
    load(&sandbox, format!("CREATE ROLE {role} NOLOGIN PASSWORD 'x'")).succeeds();
    let url = stack().url_of(&format!("{role}:x"), sandbox.database());
    Run::of(sandbox.command(["db", "seed"]).env("CONNECTION_URL", url))
        .exits_with(4)
        .says(&format!("refuses the role \"{role}\""))
        .says("Hint: check the user and the password in CONNECTION_URL\n");
}

#[test]
fn too_many_connections_point_to_the_sessions() {
    let sandbox = Sandbox::with_database();
    let role = format!("crowd_{}", sandbox.database());
    load(&sandbox, format!("CREATE ROLE {role} LOGIN PASSWORD 'x' CONNECTION LIMIT 0")).succeeds();
    let url = stack().url_of(&format!("{role}:x"), &format!("{}?sslmode=disable", sandbox.database()));
    Run::of(sandbox.command(["db", "seed"]).env("CONNECTION_URL", &url))
        .exits_with(1)
        .says("accepts no more connections: too many connections for role")
        .says("cruddur db sessions\n");
    Run::of(sandbox.command(["db", "seed", "--prod"]).env("PROD_CONNECTION_URL", &url))
        .exits_with(1)
        .says("cruddur db sessions --prod\n");
}
