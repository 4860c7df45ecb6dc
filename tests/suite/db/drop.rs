//! `db drop` of a database that others use.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cruddur::config::{Setting, Source, Target};
use cruddur::postgres::{ConnectionUrl, Dropped, drop_database_by_terminating, drop_database_with_sessions};
use tokio_postgres::NoTls;

use super::{load, tables};
use crate::support::{Run, Sandbox, Session, runtime, stack};

/// Sessions of every kind on the sandbox's database.
fn sessions(sandbox: &Sandbox) -> Vec<Session> {
    sandbox.waits_for_cruddur_to_leave();
    let url = sandbox.connection_url();
    vec![Session::open(&url, "web app"), Session::in_transaction(&url, "job"), Session::busy(&url, "report")]
}

fn alive(sessions: &[Session]) -> usize {
    sessions.iter().filter(|session| session.is_alive()).count()
}

fn parsed(url: String) -> ConnectionUrl {
    ConnectionUrl::parse(&Setting { value: url, source: Source::Default }, Target::Local).unwrap()
}

#[test]
fn drop_while_others_are_connected_lists_them_and_leaves_everything() {
    let sandbox = Sandbox::with_database();
    load(&sandbox, "CREATE TABLE kept ()").succeeds();
    let open = sessions(&sandbox);
    let run = sandbox
        .cruddur(["db", "drop"])
        .exits_with(1)
        .says("3 other sessions")
        .says("Hint: close the sessions, or end them with: cruddur db drop --force\n");
    assert_eq!(run.stdout, "");
    let lines: Vec<&str> = run.stderr.lines().skip_while(|line| !line.starts_with("PID")).collect();
    for (line, (session, words)) in lines[1..].iter().zip(open.iter().zip([
        ["web app", "idle"],
        ["job", "idle in transaction"],
        ["report", "active"],
    ])) {
        assert!(line.starts_with(&session.pid.to_string()), "{}", run.stderr);
        assert!(words.iter().all(|word| line.contains(word)), "{line}");
    }
    assert!(lines[4].starts_with("Error: "), "{}", run.stderr);
    assert!(sandbox.database_exists());
    assert_eq!(alive(&open), 3);
    assert_eq!(tables(&sandbox), ["kept"]);
}

#[test]
fn force_ends_the_sessions_on_this_database_and_says_which() {
    let (sandbox, other) = (Sandbox::with_database(), Sandbox::with_database());
    let (open, elsewhere) = (sessions(&sandbox), sessions(&other));
    let run = sandbox
        .cruddur(["db", "drop", "--force"])
        .succeeds()
        .says("ended 3 other sessions:")
        .says("dropped the database");
    assert_eq!(run.stdout, "");
    for session in &open {
        assert!(run.stderr.contains(&format!("\n{} ", session.pid)), "{}", run.stderr);
    }
    assert!(!sandbox.database_exists());
    assert_eq!((alive(&open), alive(&elsewhere)), (0, 3));
}

#[test]
fn force_with_nobody_there_is_a_plain_drop() {
    let sandbox = Sandbox::with_database();
    let run = sandbox.cruddur(["db", "drop", "--force"]).succeeds().says("dropped the database");
    assert!(!run.stderr.contains("ended"), "{}", run.stderr);
    assert!(!sandbox.database_exists());
    sandbox.cruddur(["db", "drop", "--force"]).exits_with(1).says("there is no database");
}

#[test]
fn in_production_force_is_no_confirmation_and_a_confirmation_no_force() {
    let sandbox = Sandbox::with_database();
    let open = sessions(&sandbox);
    let on_prod = |arguments: &[&str]| {
        Run::of(
            sandbox
                .command(["--prod", "db", "drop"])
                .args(arguments)
                .env("PROD_CONNECTION_URL", sandbox.production_url()),
        )
    };
    let name = sandbox.database();
    on_prod(&["--force"])
        .exits_with(3)
        .says("and ends its sessions")
        .says(&format!("Hint: to confirm add: --yes --confirm {name}"));
    on_prod(&["--force", "--yes", "--confirm", "another"]).exits_with(3);
    assert_eq!(alive(&open), 3);
    on_prod(&["--yes", "--confirm", name])
        .exits_with(1)
        .says("end them with: cruddur db drop --prod --force\n");
    assert!(sandbox.database_exists());
    assert_eq!(alive(&open), 3);
    on_prod(&["--force", "--yes", "--confirm", name]).succeeds().says("ended 3 other sessions:");
    assert!(!sandbox.database_exists());
    assert_eq!(alive(&open), 0);
}

/// A role that owns the sandbox's database and is nothing else, by its URL.
fn owner(sandbox: &Sandbox) -> String {
    let role = format!("owner_{}", sandbox.database());
    let text = format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'o'; ALTER DATABASE {} OWNER TO {role};",
        sandbox.database()
    );
    load(sandbox, text).succeeds();
    stack().url_of(&format!("{role}:o"), sandbox.database())
}

#[test]
fn a_session_that_the_role_may_not_end_keeps_all_of_them() {
    let sandbox = Sandbox::with_database();
    let url = owner(&sandbox);
    let own = Session::open(&url, "own");
    let superusers = sessions(&sandbox);
    let run = Run::of(sandbox.command(["db", "drop", "--force"]).env("CONNECTION_URL", &url)).exits_with(1);
    // "must be a superuser to", "permission denied to": the versions differ.
    assert!(run.stderr.contains(" to terminate "), "{}", run.stderr);
    let error = runtime().block_on(drop_database_by_terminating(&parsed(url))).unwrap_err();
    assert!(error.message().contains("may not end the sessions"), "{error}");
    for session in &superusers {
        assert!(error.message().contains(&session.pid.to_string()), "{error}");
    }
    assert!(!error.message().contains(&own.pid.to_string()), "{error}");
    assert!(own.is_alive());
    assert_eq!(alive(&superusers), 3);
    assert!(sandbox.database_exists());
}

#[test]
fn an_owner_ends_the_sessions_of_its_own_role() {
    for before_13 in [false, true] {
        let sandbox = Sandbox::with_database();
        let url = owner(&sandbox);
        let open = [Session::open(&url, "a"), Session::busy(&url, "b")];
        let url = parsed(url);
        let dropped = runtime().block_on(async {
            if before_13 {
                drop_database_by_terminating(&url).await
            } else {
                drop_database_with_sessions(&url).await
            }
        });
        let Dropped::Gone(ended) = dropped.unwrap() else { panic!("it is still there") };
        assert_eq!(ended.iter().map(|session| session.pid).collect::<Vec<_>>(), [open[0].pid, open[1].pid]);
        assert!(!sandbox.database_exists());
        assert_eq!(alive(&open), 0);
    }
}

#[test]
fn a_role_that_may_not_drop_ends_nobody() {
    let sandbox = Sandbox::with_database();
    let role = format!("plain_{}", sandbox.database());
    load(&sandbox, format!("CREATE ROLE {role} LOGIN PASSWORD 'p'")).succeeds();
    let url = stack().url_of(&format!("{role}:p"), sandbox.database());
    let open = [Session::open(&url, "its own"), Session::open(&sandbox.connection_url(), "another's")];
    Run::of(sandbox.command(["db", "drop", "--force"]).env("CONNECTION_URL", &url))
        .exits_with(1)
        .says("must be owner of database");
    let error = runtime().block_on(drop_database_by_terminating(&parsed(url))).unwrap_err();
    assert!(error.message().contains("must be owner of database"), "{error}");
    assert_eq!(alive(&open), 2);
    assert!(sandbox.database_exists());
}

#[test]
fn before_13_sessions_are_ended_by_hand_also_when_they_come_back() {
    let (sandbox, other) = (Sandbox::with_database(), Sandbox::with_database());
    let (open, elsewhere) = (sessions(&sandbox), sessions(&other));
    // As a connection pool does.
    let connected = Arc::new(AtomicUsize::new(0));
    let pool = runtime().spawn({
        let (url, connected) = (sandbox.connection_url(), Arc::clone(&connected));
        async move {
            while let Ok((_client, connection)) = tokio_postgres::connect(&url, NoTls).await {
                connected.fetch_add(1, Ordering::Relaxed);
                let _ = connection.await;
            }
        }
    });
    crate::support::eventually("the pool is connected", || {
        (connected.load(Ordering::Relaxed) > 0).then_some(())
    });
    let dropped =
        runtime().block_on(drop_database_by_terminating(&parsed(sandbox.connection_url()))).unwrap();
    let Dropped::Gone(ended) = dropped else { panic!("{dropped:?}") };
    assert_eq!(ended.len(), 4, "{ended:?}");
    assert!(!sandbox.database_exists());
    assert_eq!((alive(&open), alive(&elsewhere)), (0, 3));
    // It finds no database any more, and gives up.
    runtime().block_on(pool).unwrap();
    let again = runtime().block_on(drop_database_by_terminating(&parsed(sandbox.connection_url())));
    assert_eq!(again.unwrap(), Dropped::Missing);
}
