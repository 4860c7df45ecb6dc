//! PostgreSQL over TLS, as `sslmode` and `sslrootcert` have it. Whether a session
//! was encrypted is the server's word.

mod certificates;
mod modes;
mod production;

use std::process::Command;

use crate::support::{Run, Sandbox, TlsServer};

/// A command that leaves in the database whether its session was encrypted.
fn probe(sandbox: &Sandbox) -> Command {
    sandbox.write(
        "probe.sql",
        "CREATE TABLE IF NOT EXISTS seen (encrypted bool);\n\
         INSERT INTO seen SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid();",
    );
    let mut command = sandbox.command(["db", "seed", "probe.sql"]);
    command.env_remove("CONNECTION_URL");
    command
}

/// Runs [`probe`], which succeeds; whether its session was encrypted.
#[track_caller]
fn is_encrypted(server: &TlsServer, command: &mut Command) -> bool {
    server.sql("DROP TABLE IF EXISTS seen");
    Run::of(command).succeeds();
    let seen = server.sql("SELECT encrypted FROM seen");
    assert_eq!(seen.len(), 1, "{seen:?}");
    seen[0][0] == "t"
}

/// Runs [`probe`], which is refused by cruddur itself before it has a session.
#[track_caller]
fn refused(server: &TlsServer, command: &mut Command) -> Run {
    server.sql("DROP TABLE IF EXISTS seen");
    let run = Run::of(command).exits_with(4);
    assert_eq!(server.sql("SELECT 1 FROM pg_tables WHERE tablename = 'seen'"), [[""; 0]; 0]);
    run
}
