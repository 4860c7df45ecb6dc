//! psql's variables in `db schema-load`, `db seed` and `db setup`.

use std::process::Command;

use super::script::{pointed_at, refused_unsent};
use super::{load, tables};
use crate::support::{Page, Run, Sandbox, USER, stack, stack_with_clients};

/// Seeds two users from six variables, as such files are about.
const SEED: &str = "-- from the environment\n\
    INSERT INTO public.users (display_name, handle, email, cognito_user_id) VALUES\n\
    \x20 (:'user1_name', :'user1_username', :'user1_email', 'MOCK'),\n\
    \x20 (:'user2_name', :'user2_username', :'user2_email', 'MOCK');\n";

const VALUES: [(&str, &str); 6] = [
    ("user1_name", "Ona O'Hara: the \"1st\""),
    ("user1_username", "ona\\o"),
    ("user1_email", "ona@example.com"),
    ("user2_name", "Pau; DROP TABLE users; --"),
    ("user2_username", "päu"),
    ("user2_email", "pau@example.com"),
];

fn seeded_users(sandbox: &Sandbox) -> Vec<Vec<String>> {
    sandbox.sql("SELECT display_name, handle, email FROM users ORDER BY email")
}

fn expected_users() -> [[&'static str; 3]; 2] {
    [[VALUES[0].1, VALUES[1].1, VALUES[2].1], [VALUES[3].1, VALUES[4].1, VALUES[5].1]]
}

fn with_schema() -> Sandbox {
    let sandbox = Sandbox::with_database();
    sandbox.cruddur(["db", "schema-load"]).succeeds();
    sandbox.write("seed.sql", SEED);
    sandbox
}

#[test]
fn a_seed_takes_its_users_from_the_environment() {
    let sandbox = with_schema();
    Run::of(sandbox.command(["db", "seed", "seed.sql"]).envs(VALUES)).succeeds();
    assert_eq!(seeded_users(&sandbox), expected_users());
}

#[test]
fn a_seed_takes_its_users_from_the_env_file() {
    let mut page = Page::default();
    let sandbox = with_schema();
    let lines: Vec<String> = VALUES.iter().map(|(name, _)| format!("{name}='{name} of the file'")).collect();
    sandbox.write(".env", lines.join("\n"));
    // The environment wins.
    Run::of(sandbox.command(["db", "seed", "seed.sql"]).env("user1_name", "of the environment")).succeeds();
    assert_eq!(
        seeded_users(&sandbox)[0],
        ["of the environment", "user1_username of the file", "user1_email of the file"]
    );
    page.add(sandbox.cruddur(["db", "seed", "seed.sql", "--no-env-file"]).exits_with(1));
    page.matches("runs/db/variables/a_seed_takes_its_users_from_the_env_file");
}

#[test]
fn a_seed_takes_its_users_from_flags_first() {
    let sandbox = with_schema();
    let flags = VALUES.iter().flat_map(|(name, value)| ["--set".to_owned(), format!("{name}={value}")]);
    let environment = VALUES.iter().map(|(name, _)| (*name, "of the environment"));
    Run::of(sandbox.command(["db", "seed", "seed.sql"]).args(flags).envs(environment)).succeeds();
    assert_eq!(seeded_users(&sandbox), expected_users());
}

#[test]
fn setup_gives_both_files_their_variables() {
    let mut page = Page::default();
    let sandbox = Sandbox::with_database();
    load(&sandbox, "CREATE TABLE old ()").succeeds();
    sandbox.write("schema.sql", "CREATE TABLE :\"table\" (word text DEFAULT :'word');");
    sandbox.write("seed.sql", "INSERT INTO :\"table\" VALUES (DEFAULT), (:'other');");
    let setup = ["db", "setup", "--schema", "schema.sql", "--seed", "seed.sql"];
    // Both are read before the old database goes.
    page.add(
        Run::of(sandbox.command(setup).args(["--set", "table=my \"words\"", "--set", "word=w"]))
            .exits_with(1),
    );
    assert_eq!(tables(&sandbox), ["old"]);
    let run = page.add(
        Run::of(sandbox.command(setup).args([
            "--set",
            "table=my \"words\"",
            "--set",
            "word=w",
            "--set=other=o",
            "--set",
            "tabel=x",
        ]))
        .succeeds(),
    );
    assert_eq!(run.stderr.matches("Warning").count(), 1, "{}", run.stderr);
    assert_eq!(sandbox.sql("SELECT word FROM \"my \"\"words\"\"\" ORDER BY 1").concat(), ["o", "w"]);
    page.matches("runs/db/variables/setup_gives_both_files_their_variables");
}

#[test]
fn a_variable_that_is_not_set_is_shown_where_it_stands() {
    let mut page = Page::default();
    let run = page.add(refused_unsent(SEED));
    assert_eq!(pointed_at(&run).0, 3);
    assert!(pointed_at(&run).1.starts_with(":'user1_name', "), "{}", run.stderr);
    for (text, from) in [
        ("SELECT 1;\n\n\tSELECT\t'é', :nope;", (3, ":nope;")),
        ("SELECT 1\n  FROM :\"nope\"", (2, ":\"nope\"")),
        ("SELECT ARRAY[:nope]", (1, ":nope]")),
        ("\u{feff}SELECT :{?nope},\n  :'nope'", (2, ":'nope'")),
    ] {
        let run = refused_unsent(text).says("the variable nope is not set\n");
        assert_eq!(pointed_at(&run), (from.0, from.1.to_owned()), "{text}");
    }
    page.matches("runs/db/variables/a_variable_that_is_not_set_is_shown_where_it_stands");
}

#[test]
fn an_empty_environment_variable_is_not_set_but_an_empty_flag_is() {
    let mut page = Page::default();
    let sandbox = Sandbox::with_database();
    sandbox.write("file.sql", "CREATE TABLE words AS SELECT :'word' AS word");
    page.add(Run::of(sandbox.command(["db", "seed", "file.sql"]).env("word", "")).exits_with(1));
    assert!(tables(&sandbox).is_empty());
    sandbox.cruddur(["db", "seed", "file.sql", "--set", "word="]).succeeds();
    assert_eq!(sandbox.sql("SELECT word FROM words"), [[""]]);
    page.matches("runs/db/variables/an_empty_environment_variable_is_not_set_but_an_empty_flag_is");
}

#[test]
fn the_last_flag_counts_and_a_value_may_hold_anything() {
    let sandbox = Sandbox::with_database();
    sandbox.write("file.sql", "CREATE TABLE words AS SELECT :'a' AS a, :'B' AS b");
    sandbox
        .cruddur(["db", "seed", "file.sql", "--set", "a=1", "--set", "B=x=y", "--set", "a=-2\n'\\"])
        .succeeds();
    assert_eq!(sandbox.sql("SELECT a, b FROM words"), [["-2\n'\\", "x=y"]]);
}

#[test]
fn what_is_no_assignment_is_a_usage_error_without_the_value() {
    let sandbox = Sandbox::with_database();
    for (given, says) in [
        ("hunter2", "and one has no ="),
        ("=hunter2", "\"\" is not a variable name"),
        ("a b=hunter2", "\"a b\" is not a variable name"),
        (":'a'=hunter2", "is not a variable name"),
    ] {
        for command in [&["db", "schema-load"][..], &["db", "seed"], &["db", "setup"]] {
            let run = Run::of(sandbox.command(command).args(["--set", given])).exits_with(2).says(says);
            assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
        }
    }
    sandbox.cruddur(["db", "seed", "--set"]).exits_with(2);
    assert!(tables(&sandbox).is_empty());
}

#[test]
fn the_variables_of_the_connection_are_psqls_not_the_machines() {
    let sandbox = Sandbox::with_database();
    sandbox.write("file.sql", "CREATE TABLE found AS SELECT :'DBNAME' AS db, :'USER' AS u, :'HOST' AS h");
    Run::of(
        sandbox
            .command(["db", "seed", "file.sql", "--set", "HOST=mine"])
            .env("USER", "somebody")
            .env("DBNAME", "another"),
    )
    .succeeds();
    assert_eq!(sandbox.sql("SELECT db, u, h FROM found"), [[sandbox.database(), USER, "mine"]]);
}

#[test]
fn an_error_of_the_server_points_into_the_file_as_it_was_written() {
    let sandbox = Sandbox::with_database();
    let value = "x'y\\z".repeat(20);
    for (text, line, rest) in [
        ("SELECT :'v', nosuch", 1, "nosuch"),
        ("SELECT 'é', :'v', :'v',\n  :'v', nosuch, :'v';", 2, "nosuch, :'v';"),
        ("SELECT :'v';\nSELECT 1 AS :\"v\", nosuch;", 2, "nosuch;"),
        ("SELECT :'v' + 1", 1, ":'v' + 1"),
        ("SELECT 1;\n\nSELECT :bad;", 3, ":bad;"),
        ("SELECT :'v' :: nosuch", 1, "nosuch"),
        ("SELECT a\\:b", 1, "\\:b"),
        // Without a position, its statement's first character.
        ("SELECT :'v';\n  DO $$BEGIN RAISE 'no'; END$$;", 2, "DO $$BEGIN RAISE 'no'; END$$;"),
    ] {
        sandbox.write("file.sql", text);
        let run =
            Run::of(sandbox.command(["db", "seed", "file.sql", "--set", "bad=1 + nosuch"]).env("v", &value))
                .exits_with(1)
                .says(&format!("file.sql:{line}: "));
        assert_eq!(pointed_at(&run), (line, rest.to_owned()), "{text:?}\n{}", run.stderr);
        let shown = run.stderr.split_once(" |\n").unwrap().1;
        assert!(!shown.contains("x'y"), "{}", run.stderr);
    }
}

#[test]
fn what_a_value_does_to_the_file_is_found_before_anything_is_sent() {
    for (value, says) in [
        ("COMMIT", "file.sql:2: the whole file already runs in one transaction"),
        ("SELECT 1; ROLLBACK;", "file.sql:2: the whole file already runs in one transaction"),
        ("COPY a FROM STDIN", "file.sql:2: the rows of this COPY are missing"),
        ("\\connect other", "file.sql:2: \\connect is a psql command"),
        ("SELECT (", "file.sql:2: this parenthesis is never closed"),
        (
            "SELECT 'open",
            "file.sql:2: this variable's value cannot be used here as SQL: this string is never closed",
        ),
    ] {
        let sandbox = Sandbox::new();
        let server = crate::support::Recorder::start();
        sandbox.write("file.sql", "SELECT 1;\n  :statement\n");
        let run = Run::of(
            sandbox
                .command(["db", "seed", "file.sql", "--set", &format!("statement={value}")])
                .env("CONNECTION_URL", format!("postgresql://someone@127.0.0.1:{}/cruddur", server.port())),
        )
        .exits_with(1)
        .says(says);
        assert_eq!(pointed_at(&run), (2, ":statement".to_owned()));
        assert_eq!(server.connections(), 0);
    }
}

#[test]
fn a_plain_value_runs_as_sql() {
    let mut page = Page::default();
    let sandbox = Sandbox::with_database();
    sandbox.write("file.sql", ":statements;\nINSERT INTO :table :rows;");
    let flags = [
        "statements=CREATE TABLE a (n int); CREATE TABLE b ()",
        "table=a",
        "rows=VALUES (:n), (:n + 1)",
        "n=41",
    ];
    let run = page.add(
        Run::of(
            sandbox.command(["db", "seed", "file.sql"]).args(flags.iter().flat_map(|flag| ["--set", flag])),
        )
        .succeeds(),
    );
    assert!(!run.stderr.contains("Warning: --set"), "n is used by another value: {}", run.stderr);
    assert_eq!(sandbox.sql("SELECT n FROM a ORDER BY n").concat(), ["41", "42"]);
    assert_eq!(tables(&sandbox), ["a", "b"]);
    page.matches("runs/db/variables/a_plain_value_runs_as_sql");
}

#[test]
fn what_a_value_destroys_in_production_asks_first() {
    let mut page = Page::default();
    let sandbox = Sandbox::with_database();
    load(&sandbox, "CREATE TABLE precious AS SELECT 'kept' AS word").succeeds();
    sandbox.write("file.sql", "SELECT 1;\n:statement precious WHERE word = :'word';");
    let on_prod = |arguments: &[&str]| {
        Run::of(
            sandbox
                .command(["--prod", "db", "seed", "file.sql", "--set", "statement=DELETE FROM"])
                .args(arguments)
                .env("word", "kept")
                .env("PROD_CONNECTION_URL", sandbox.production_url()),
        )
    };
    let run = page.add(on_prod(&[]).exits_with(3));
    assert!(!run.stderr.contains("kept"), "{}", run.stderr);
    assert_eq!(sandbox.sql("SELECT word FROM precious"), [["kept"]]);
    on_prod(&["--yes", "--confirm", sandbox.database()]).succeeds();
    assert!(sandbox.sql("SELECT word FROM precious").is_empty());
    page.matches("runs/db/variables/what_a_value_destroys_in_production_asks_first");
}

#[test]
fn values_reach_the_table_as_they_do_by_psql() {
    let (sandbox, by_psql) = (Sandbox::with_database(), Sandbox::with_database());
    let file = "CREATE TABLE t (n int, text text, \"odd\" text, list int[]);\n\
        INSERT INTO t VALUES (:n, :'text', :'text'||':'':text'||$$:text$$, ARRAY[:n, :n::int, -:n]);\n\
        INSERT INTO t (n, list, text) SELECT list[1], list[1:2], :{?text} FROM t; -- :'nope\n\
        ALTER TABLE t RENAME \"odd\" TO :\"text\"; /* :nope */\n\
        UPDATE t SET n = n\\:\\:int WHERE :cond;\n";
    sandbox.write("file.sql", file);
    for text in ["plain", "it's", "\"", "back\\slash", "\\'", "é: 🐐", "a\nb", "$$", "; --", ":n"] {
        let values = [("n", "5".to_owned()), ("text", text.to_owned()), ("cond", "n > :n -1".to_owned())];
        let flags = || values.iter().map(|(name, value)| format!("--set={name}={value}"));
        for each in [&sandbox, &by_psql] {
            let _ = each.sql("DROP TABLE IF EXISTS t");
        }
        Run::of(sandbox.command(["db", "seed", "file.sql"]).args(flags())).succeeds();
        let mut psql = Command::new(stack_with_clients().bindir().join("psql"));
        psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "file.sql"])
            .args(flags())
            .arg(stack().url(by_psql.database()))
            .current_dir(sandbox.path());
        Run::of(&mut psql).succeeds();
        let rows = |sandbox: &Sandbox| {
            let mut rows = sandbox.sql("SELECT * FROM t ORDER BY text, n");
            rows.extend(sandbox.sql(
                "SELECT attname FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 ORDER BY attnum",
            ));
            rows
        };
        assert_eq!(rows(&sandbox), rows(&by_psql), "{text}");
        assert_eq!(sandbox.sql("SELECT text FROM t WHERE n = 5 AND text <> 'true'"), [[text]]);
    }
}
