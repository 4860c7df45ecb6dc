//! What a file destroys in production without saying so: the server tells, before COMMIT.

use super::on_prod;
use crate::support::{Answer, MoodyPostgres, Run, Sandbox, eventually, typed_after, typed_at};

/// Drops what a case has left, and makes what it is to destroy.
const FIXTURE: &str = "\
    DROP SCHEMA IF EXISTS app CASCADE; CREATE SCHEMA app; \
    CREATE TABLE app.notes (id int PRIMARY KEY, text text); \
    INSERT INTO app.notes VALUES (1, '1'), (2, '2'), (3, '3'); \
    CREATE TABLE app.other (id int); \
    CREATE TABLE app.parted (id int, text text) PARTITION BY LIST (id); \
    CREATE TABLE app.part PARTITION OF app.parted FOR VALUES IN (1); INSERT INTO app.parted VALUES (1); \
    CREATE VIEW app.seen AS SELECT 1 AS one; CREATE SEQUENCE app.numbers; CREATE TYPE app.mood AS ENUM ('ok'); \
    CREATE FUNCTION app.one() RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT lo_from_bytea(0, 'one')";

/// All that a case may destroy.
const STATE: &str = "\
    SELECT (SELECT array_agg(n ORDER BY id) FROM app.notes n), (SELECT array_agg(p) FROM app.parted p), \
    (SELECT array_agg(n ORDER BY relname) FROM (SELECT relname FROM pg_class \
     WHERE relnamespace = 'app'::regnamespace) n), \
    (SELECT array_agg(attname ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'app.notes'::regclass \
     AND attnum > 0 AND NOT attisdropped), to_regtype('app.mood'), to_regprocedure('app.one()'), \
    (SELECT count(*) FROM pg_largeobject_metadata)";

fn database() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "create"]).succeeds();
    sandbox
}

fn seed(sandbox: &Sandbox, sql: &str) -> std::process::Command {
    sandbox.write("file.sql", sql);
    on_prod(sandbox, &["db", "seed", "file.sql"])
}

/// Without the name nothing is done, and `says` is what is at stake; with it, all of it is done.
#[track_caller]
fn assert_asks(sandbox: &Sandbox, sql: &str, says: &str) {
    sandbox.sql(FIXTURE);
    // A session hands its figures in when it ends.
    eventually("the rows are counted", || {
        let counted = sandbox.sql("SELECT pg_stat_get_live_tuples('app.notes'::regclass)");
        (counted == [["3"]]).then_some(())
    });
    let before = sandbox.sql(STATE);
    let name = sandbox.database();
    let run = Run::of(&mut seed(sandbox, sql));
    assert_eq!(run.code, 3, "{sql}\n{}", run.stderr);
    assert!(run.stderr.contains(says), "no {says:?} for {sql}\n{}", run.stderr);
    let run = run.says(&format!("--yes --confirm {name}"));
    assert!(!run.stderr.contains("ran "), "{}", run.stderr);
    assert_eq!(sandbox.sql(STATE), before, "{sql}");
    Run::of(seed(sandbox, sql).args(["--yes", "--confirm", "wrong"])).exits_with(3);
    assert_eq!(sandbox.sql(STATE), before, "{sql}");
    let run = Run::of(seed(sandbox, sql).args(["--yes", "--confirm", name])).succeeds().says("ran ");
    // A table that is gone has no state to ask for.
    let gone = sandbox.sql("SELECT to_regclass('app.notes') IS NULL")[0][0] == "t";
    assert!(gone || sandbox.sql(STATE) != before, "{sql}\n{}", run.stderr);
}

const DELETES: &str = "deletes 3 rows of app.notes";
const DROPS: &str = "drops table app.notes, with about 3 rows";

#[test]
fn rows_that_go_are_counted_by_the_server() {
    let sandbox = database();
    for (sql, says) in [
        ("CREATE TABLE app.x AS WITH d AS (DELETE FROM app.notes RETURNING *) SELECT * FROM d", DELETES),
        ("(WITH d AS (DELETE FROM app.notes RETURNING *) SELECT * FROM d)", DELETES),
        ("COPY (DELETE FROM app.notes RETURNING *) TO '/dev/null'", DELETES),
        ("UPDATE app.notes SET text = ''", "updates 3 rows of app.notes"),
        (
            "INSERT INTO app.notes VALUES (3, ''), (4, '') ON CONFLICT (id) DO UPDATE SET text = excluded.text",
            "updates 1 row of app.notes",
        ),
        ("DO $$ BEGIN DELETE FROM app.notes WHERE true; END $$", DELETES),
        (
            "CREATE FUNCTION app.f() RETURNS void LANGUAGE sql AS 'DELETE FROM app.notes WHERE true'; \
             SELECT app.f()",
            DELETES,
        ),
        (
            "CREATE RULE r AS ON INSERT TO app.other DO ALSO DELETE FROM app.notes WHERE true; \
             INSERT INTO app.other VALUES (1)",
            DELETES,
        ),
        ("UPDATE app.parted SET text = ''", "updates 1 row of app.part"),
        (
            "CREATE FUNCTION app.late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             DELETE FROM app.notes WHERE true; RETURN NULL; END $$; \
             CREATE CONSTRAINT TRIGGER late AFTER INSERT ON app.other DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW EXECUTE FUNCTION app.late(); INSERT INTO app.other VALUES (1)",
            DELETES,
        ),
        ("SELECT lo_unlink(max(oid)) FROM pg_largeobject_metadata", "deletes 1 row of the large objects"),
        // What a ROLLBACK TO took back is counted too, so that it asks once too often.
        (
            "SAVEPOINT a; UPDATE app.notes SET id = 7 WHERE id = 1; ROLLBACK TO a; \
             INSERT INTO app.notes VALUES (9, '')",
            "updates 1 row of app.notes",
        ),
    ] {
        assert_asks(&sandbox, sql, says);
    }
}

#[test]
fn what_is_put_together_from_strings_is_found_in_the_catalog() {
    let sandbox = database();
    for (sql, says) in [
        ("DO $$ BEGIN EXECUTE 'DR'||'OP TABLE app.notes'; END $$", DROPS),
        ("DO $$ BEGIN EXECUTE format('%s TABLE app.notes', 'DROP'); END $$", DROPS),
        ("DO $$ BEGIN EXECUTE E'\\x44ROP TABLE app.notes'; END $$", DROPS),
        ("DO $$ BEGIN EXECUTE U&'\\0044ROP TABLE app.notes'; END $$", DROPS),
        ("DO $$ BEGIN EXECUTE 'DR'\n'OP TABLE app.notes'; END $$", DROPS),
        (
            "DO $$ BEGIN EXECUTE 'DR'||'OP TABLE app.notes'; END $$; CREATE TABLE app.notes (id int, text text)",
            DROPS,
        ),
        ("DO $$ BEGIN EXECUTE 'TRUN'||'CATE app.notes'; END $$", "empties app.notes, of about 3 rows"),
        (
            "DO $$ BEGIN EXECUTE 'TRUN'||'CATE app.notes'; END $$; INSERT INTO app.notes VALUES (9, '')",
            "empties app.notes, of about 3 rows",
        ),
        ("DO $$ BEGIN EXECUTE 'ALTER TABLE app.notes DR'||'OP text'; END $$", "drops column app.notes.text"),
        (
            "ALTER TABLE app.notes ALTER COLUMN text TYPE int USING 0",
            "changes column app.notes.text from text to integer",
        ),
        ("ALTER TABLE app.notes ALTER COLUMN text TYPE text USING ''", "rewrites column app.notes.text"),
        ("DO $$ BEGIN EXECUTE 'DR'||'OP VIEW app.seen'; END $$", "drops view app.seen"),
        ("DO $$ BEGIN EXECUTE 'DR'||'OP SEQUENCE app.numbers'; END $$", "drops sequence app.numbers"),
        ("DO $$ BEGIN EXECUTE 'DR'||'OP TYPE app.mood'; END $$", "drops type app.mood"),
        ("DO $$ BEGIN EXECUTE 'DR'||'OP FUNCTION app.one()'; END $$", "drops function app.one()"),
        ("DO $$ BEGIN EXECUTE 'DR'||'OP SCHEMA app CASCADE'; END $$", "drops schema app"),
    ] {
        assert_asks(&sandbox, sql, says);
    }
}

#[test]
fn what_acts_outside_the_transaction_is_asked_about_beforehand() {
    let sandbox = database();
    sandbox.sql("CREATE EXTENSION dblink");
    let connection = sandbox.connection_url();
    for sql in [
        format!("SELECT dblink_exec('{connection}', 'DELETE FROM app.notes')"),
        format!("SELECT (SELECT public.dblink_exec('{connection}', 'DELETE FROM app.notes'))"),
        format!("DO $$ BEGIN PERFORM dblink_exec('{connection}', 'UPDATE app.notes SET id = 0'); END $$"),
        "COPY app.notes TO PROGRAM '/bin/cat > /dev/null'".to_owned(),
    ] {
        sandbox.sql(FIXTURE);
        let before = sandbox.sql(STATE);
        Run::of(&mut seed(&sandbox, &sql)).exits_with(3).says("file.sql:1 runs ");
        assert_eq!(sandbox.sql(STATE), before, "{sql}");
    }
    for sql in [
        format!("SELECT dblink_exec('{connection}', 'DELETE FROM app.notes')"),
        "COPY app.notes TO PROGRAM '/bin/cat > /dev/null'".to_owned(),
    ] {
        Run::of(seed(&sandbox, &sql).args(["--yes", "--confirm", sandbox.database()])).succeeds();
    }
    assert_eq!(sandbox.sql("SELECT count(*) FROM app.notes"), [["0"]]);
}

#[test]
fn rows_on_another_server_are_asked_about() {
    let sandbox = database();
    sandbox.sql(FIXTURE);
    let url = sandbox.connection_url();
    let (user, rest) = url.strip_prefix("postgresql://").unwrap().split_once(':').unwrap();
    let (password, place) = rest.rsplit_once('@').unwrap();
    let port = place.split([':', '/']).nth(1).unwrap();
    let codes = [("%40", "@"), ("%2F", "/"), ("%3A", ":"), ("%3F", "?"), ("%23", "#"), ("%25", "%")];
    let password = codes.iter().fold(password.to_owned(), |text, (code, plain)| text.replace(code, plain));
    sandbox.sql(&format!(
        "CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw \
         OPTIONS (host '127.0.0.1', port '{port}', dbname '{}'); \
         CREATE USER MAPPING FOR CURRENT_USER SERVER far OPTIONS (user '{user}', password '{password}'); \
         CREATE FOREIGN TABLE app.far (id int, text text) SERVER far OPTIONS (schema_name 'app', table_name 'notes')",
        sandbox.database(),
    ));
    Run::of(&mut seed(&sandbox, "SELECT count(*) FROM app.far")).succeeds();
    let sql = "UPDATE app.far SET text = ''";
    Run::of(&mut seed(&sandbox, sql)).exits_with(3).says("writes to foreign table app.far");
    assert_eq!(sandbox.sql("SELECT count(*) FROM app.notes WHERE text = ''"), [["0"]]);
    Run::of(seed(&sandbox, sql).args(["--yes", "--confirm", sandbox.database()])).succeeds();
    assert_eq!(sandbox.sql("SELECT count(*) FROM app.notes WHERE text = ''"), [["3"]]);
}

#[test]
fn what_cannot_be_judged_is_asked_about() {
    let sandbox = database();
    sandbox.sql(&format!("ALTER DATABASE {} SET track_counts = off", sandbox.database()));
    sandbox.sql("CREATE TABLE notes (id int); INSERT INTO notes VALUES (1)");
    for sql in ["UPDATE notes SET id = 2", "SELECT 1"] {
        Run::of(&mut seed(&sandbox, sql)).exits_with(3).says("track_counts is off");
        assert_eq!(sandbox.sql("SELECT id FROM notes"), [["1"]]);
    }
}

#[test]
fn harmless_files_are_not_asked_about() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "setup"]).succeeds();
    for _ in 0..2 {
        Run::of(&mut on_prod(&sandbox, &["db", "seed"])).succeeds();
    }
    for sql in [
        "CREATE TABLE notes (id int PRIMARY KEY); INSERT INTO notes VALUES (1), (2)",
        "INSERT INTO notes VALUES (1), (3) ON CONFLICT DO NOTHING",
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'",
        // It is written anew, with all its rows.
        "ALTER TABLE notes ADD COLUMN token uuid DEFAULT gen_random_uuid(); INSERT INTO notes VALUES (4)",
        "ALTER TABLE notes RENAME TO leaves; ALTER TABLE leaves RENAME COLUMN id TO number; CREATE VIEW v AS SELECT 1",
        // What the file has made itself is its own.
        "CREATE TABLE own (id int); INSERT INTO own VALUES (1), (2); UPDATE own SET id = id + 1; \
         DO $$ BEGIN EXECUTE 'DEL'||'ETE FROM own WHERE id = 2'; EXECUTE 'TRUN'||'CATE own'; END $$",
        "CREATE TEMP TABLE scratch AS SELECT 1 AS id; UPDATE scratch SET id = 2; \
         DO $$ BEGIN EXECUTE 'DR'||'OP TABLE scratch'; END $$",
        "UPDATE leaves SET number = 0 WHERE false",
    ] {
        let run = Run::of(&mut seed(&sandbox, sql));
        assert_eq!(run.code, 0, "{sql}\n{}", run.stderr);
    }
    assert_eq!(sandbox.sql("SELECT count(*), count(token), max(number) FROM leaves"), [["4", "4", "4"]]);
    assert_eq!(sandbox.sql("SELECT count(*) FROM users"), [["3"]]);
    // Where it is local, nothing is asked.
    sandbox.write("file.sql", "UPDATE users SET email = ''");
    sandbox.cruddur(["db", "seed", "file.sql"]).succeeds();
}

#[test]
fn a_typed_name_commits_and_anything_else_rolls_back() {
    let sandbox = database();
    sandbox.sql(FIXTURE);
    let prompt = format!("Type {} to confirm:", sandbox.database());
    let sql = "UPDATE app.notes SET text = ''; DO $$ BEGIN EXECUTE 'DR'||'OP VIEW app.seen'; END $$";
    let texts = || sandbox.sql("SELECT DISTINCT text FROM app.notes ORDER BY 1");
    for keys in ["another\n", "\u{3}", "\u{4}"] {
        let run = typed_at(&seed(&sandbox, sql), &prompt, keys.as_bytes()).exits_with(3);
        for line in ["updates 3 rows of app.notes", "drops view app.seen", "nothing was done"] {
            assert!(run.stdout.contains(line), "{}", run.stdout);
        }
        assert_eq!(texts(), [["1"], ["2"], ["3"]]);
    }
    let right = format!("{}\n", sandbox.database());
    let run = typed_at(&seed(&sandbox, sql), &prompt, right.as_bytes()).exits_with(0);
    assert_eq!(run.stdout.matches(&prompt).count(), 1, "{}", run.stdout);
    assert_eq!(texts(), [[""]]);
    // What has been asked for what the file says is not asked for again.
    let sql = "DELETE FROM app.notes";
    let run = typed_at(&seed(&sandbox, sql), &prompt, right.as_bytes()).exits_with(0);
    assert_eq!(run.stdout.matches(&prompt).count(), 1, "{}", run.stdout);
    assert_eq!(sandbox.sql("SELECT count(*) FROM app.notes"), [["0"]]);
}

#[test]
fn a_connection_that_is_lost_while_the_question_stands_keeps_nothing() {
    let sandbox = database();
    sandbox.sql(FIXTURE);
    let prompt = format!("Type {} to confirm:", sandbox.database());
    let others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let state = || sandbox.sql(&format!("SELECT state {others}"));
    let lose = || {
        assert_eq!(state(), [["idle in transaction"]]);
        sandbox.sql(&format!("SELECT pg_terminate_backend(pid, 60000) {others}"));
    };
    let right = format!("{}\n", sandbox.database());
    let run = typed_after(&seed(&sandbox, "UPDATE app.notes SET text = ''"), &prompt, lose, right.as_bytes());
    let run = run.exits_with(1);
    assert!(run.stdout.contains("was not committed"), "{}", run.stdout);
    assert_eq!(sandbox.sql("SELECT count(*) FROM app.notes WHERE text = ''"), [["0"]]);

    // Where nobody answers, the server itself ends the transaction: here not after five minutes.
    let url = sandbox.production_url();
    let port = url.rsplit([':', '@']).next().unwrap().split('/').next().unwrap();
    let hasty = MoodyPostgres::start(vec![Answer::Rewrite(port.parse().unwrap(), "'300000'", "'000001'")]);
    let url = url.replace(&format!(":{port}/"), &format!(":{}/", hasty.port()));
    let mut command = seed(&sandbox, "UPDATE app.notes SET text = ''");
    command.env("PROD_CONNECTION_URL", url);
    let wait = || eventually("the server ends it", || state().is_empty().then_some(()));
    let run = typed_after(&command, &prompt, wait, right.as_bytes()).exits_with(1);
    assert!(run.stdout.contains("was not committed"), "{}", run.stdout);
    assert_eq!(sandbox.sql("SELECT count(*) FROM app.notes WHERE text = ''"), [["0"]]);
}
