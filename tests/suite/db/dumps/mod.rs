//! SQL that others wrote, judged by psql: what cruddur loads leaves the same database behind,
//! or its error says which statement is in the way and what to do.

mod by_hand;
mod errors;
mod pg_dump;

use crate::support::{Run, Sandbox, stack_with_clients};

/// What comes out of loading a file.
#[derive(Debug, Clone, Copy)]
enum Verdict<'a> {
    /// The same database as psql's.
    Same,
    /// Nothing, and an error that says this.
    Error(&'a [&'a str]),
}

/// A program of PostgreSQL's, on a sandbox's database.
fn program(sandbox: &Sandbox, name: &str, arguments: &[&str]) -> Run {
    let program = stack_with_clients().bindir().join(name);
    let mut command = sandbox.command_of(program.to_str().unwrap(), arguments);
    Run::of(command.args(["-d", &sandbox.connection_url()]))
}

/// Loads a file as psql does in one transaction.
fn psql(sandbox: &Sandbox, file: &str) -> Run {
    program(sandbox, "psql", &["-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-f", file])
}

/// All of a database, in an order that does not depend on how it came about. The lines with
/// the dump's own token are left out.
fn contents(sandbox: &Sandbox) -> Vec<String> {
    let dump = program(sandbox, "pg_dump", &[]).succeeds().stdout;
    let mut lines: Vec<String> = dump
        .lines()
        .filter(|line| !line.starts_with("\\restrict ") && !line.starts_with("\\unrestrict "))
        .map(ToOwned::to_owned)
        .collect();
    lines.sort();
    lines
}

/// Loads `file` by psql and by cruddur into databases that hold what `before` makes.
#[track_caller]
fn judge(name: &str, before: &str, file: impl AsRef<[u8]>, verdict: Verdict<'_>) {
    let made = with(before);
    let [by_psql, by_cruddur] = [&made, &made].map(Sandbox::with_copy_of);
    for sandbox in [&by_psql, &by_cruddur] {
        sandbox.write("file.sql", &file);
    }
    let run = by_cruddur.cruddur(["db", "schema-load", "file.sql"]);
    match verdict {
        Verdict::Same => {
            let expected = psql(&by_psql, "file.sql");
            assert_eq!(expected.code, 0, "{name}: psql fails: {}", expected.stderr);
            assert_eq!(run.code, 0, "{name}: {}", run.stderr);
            let (expected, found) = (contents(&by_psql), contents(&by_cruddur));
            let missing: Vec<_> = expected.iter().filter(|line| !found.contains(line)).take(5).collect();
            let extra: Vec<_> = found.iter().filter(|line| !expected.contains(line)).take(5).collect();
            assert!(expected == found, "{name}: missing {missing:?}, extra {extra:?}");
        }
        Verdict::Error(texts) => {
            assert_eq!(run.code, 1, "{name}: {}", run.stderr);
            for text in texts {
                assert!(run.stderr.contains(text), "{name}: not said: {text:?}\n{}", run.stderr);
            }
            assert_eq!(contents(&by_cruddur), contents(&made), "{name}: something was kept");
        }
    }
}

/// A database that holds what `before` makes.
fn with(before: &str) -> Sandbox {
    let sandbox = Sandbox::with_database_on(stack_with_clients(), None);
    if !before.is_empty() {
        sandbox.write("before.sql", before);
        psql(&sandbox, "before.sql").succeeds();
    }
    sandbox
}
