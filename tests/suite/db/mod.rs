//! `cruddur db`

mod add_missing;
mod connect;
mod database;
mod drop;
mod dumps;
mod errors;
mod lexing;
mod load;
mod project;
mod rows;
mod script;
mod secrecy;
mod sessions;
mod settings;
mod setup;
mod silence;
mod sqlstate;
mod statements;
mod tls;
mod transaction;
mod update_cognito_user_ids;
mod update_from_file;
mod variables;
mod wait;

use crate::support::{Run, Sandbox};

/// Loads `text` as the file `file.sql` into the sandbox's database.
fn load(sandbox: &Sandbox, text: impl AsRef<[u8]>) -> Run {
    sandbox.write("file.sql", text);
    sandbox.cruddur(["db", "seed", "file.sql"])
}

/// The tables of the sandbox's database.
fn tables(sandbox: &Sandbox) -> Vec<String> {
    sandbox
        .sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        .into_iter()
        .flatten()
        .collect()
}

/// The users with the hidden columns that any write would change.
fn users_as_written(sandbox: &Sandbox) -> Vec<Vec<String>> {
    sandbox.sql("SELECT xmin, ctid, users::text FROM users ORDER BY uuid")
}
