//! The password is in no output, whatever fails.

use crate::support::{Run, Sandbox, silent_port, stack};

/// A password is made of these with a separator in between: whatever part of it
/// a parser takes for a host or a database is found too.
const HALVES: [&str; 2] = ["Zq7vK", "wX8jR"];

/// A host that no resolver has to ask for: its first label is too long.
fn unknown_host() -> String {
    format!("{}.example.com", "h".repeat(64))
}

/// Connection settings that fail, each with its secret halves.
fn failing_settings() -> Vec<String> {
    let [first, second] = HALVES;
    let plain = format!("{first}{second}");
    let port = silent_port();
    let server = stack().url_of("", "").rsplit_once('@').unwrap().1.trim_end_matches('/').to_owned();
    let mut settings = vec![
        // Well formed, and refused by somebody.
        format!("postgresql://someone:{plain}@127.0.0.1:{port}/cruddur"),
        format!("postgresql://cruddurroot:{plain}@{server}/cruddur"),
        format!("postgres://cruddurroot:{plain}@{server}/cruddur?sslmode=disable"),
        format!("postgresql://{server}/cruddur?user=cruddurroot&password={plain}"),
        format!("postgresql://someone:{plain}@{}/cruddur", unknown_host()),
        format!("postgresql://someone:{plain}@{server}/cruddur?sslmode=require"),
        format!("host=127.0.0.1 port={port} user=someone password={plain} dbname=cruddur"),
        format!("postgresql://someone:{first}%00{second}@{server}/cruddur"),
        format!("postgresql://someone:{first}%FF{second}@{server}/cruddur"),
        // Not well formed.
        format!("mysql://someone:{plain}@{server}/cruddur"),
        format!("POSTGRESQL://someone:{plain}@{server}/cruddur"),
        format!("postgresql:/someone:{plain}@{server}/cruddur"),
        format!("//someone:{plain}@{server}/cruddur"),
        format!("someone:{plain}@{server}/cruddur"),
        format!(" postgresql://someone:{plain}@{server}/cruddur"),
        format!("\"postgresql://someone:{plain}@{server}/cruddur\""),
        format!("postgresql://someone:{plain}@{server}/cruddur?sslmode={plain}"),
        format!("postgresql://someone:{plain}@{server}/cruddur?sslmode=sometimes"),
        format!("postgresql://someone:{plain}@{server}/cruddur?{plain}"),
        format!("postgresql://someone:{plain}@{server}/cruddur?{plain}={plain}"),
        format!("postgresql://someone:{plain}@127.0.0.1:70000/cruddur"),
        format!("postgresql://someone:{plain}@127.0.0.1:{plain}/cruddur"),
        format!("postgresql://someone:{plain}@/cruddur"),
        format!("postgresql://someone:{plain}@{server}"),
        format!("postgresql://someone:{plain}"),
        format!("postgresql://{plain}"),
        format!("host=127.0.0.1 user=someone password='{plain}"),
        format!("host=127.0.0.1 user=someone password={first} {second} dbname=cruddur"),
        format!("host=127.0.0.1 port={plain} user=someone password={plain} dbname=cruddur"),
        format!("password={plain}"),
        plain,
    ];
    // Left as they are, and percent-encoded as they should be.
    for (raw, encoded) in [
        ("@", "%40"),
        ("/", "%2F"),
        ("%", "%25"),
        (":", "%3A"),
        ("?", "%3F"),
        ("#", "%23"),
        (" ", "%20"),
        ("&", "%26"),
        ("=", "%3D"),
        ("'", "%27"),
        ("\\", "%5C"),
        ("é", "%C3%A9"),
        ("[", "%5B"),
        ("]", "%5D"),
        (",", "%2C"),
        ("//", "%2F%2F"),
        ("@/", "%40%2F"),
        ("/@", "%2F%40"),
        (":@", "%3A%40"),
        ("?@", "%3F%40"),
        ("#@", "%23%40"),
    ] {
        for separator in [raw, encoded] {
            settings.push(format!("postgresql://cruddurroot:{first}{separator}{second}@{server}/cruddur"));
        }
    }
    settings
}

#[track_caller]
fn assert_secret(run: &Run, setting: &str) {
    for half in HALVES {
        assert!(!run.stdout.contains(half), "{setting}\nstdout:\n{}", run.stdout);
        assert!(!run.stderr.contains(half), "{setting}\nstderr:\n{}", run.stderr);
    }
}

#[test]
fn no_failing_connection_shows_the_password() {
    let sandbox = Sandbox::new();
    for setting in failing_settings() {
        for (arguments, variable) in [
            (&["db", "create"][..], "CONNECTION_URL"),
            (&["ddb", "seed"], "CONNECTION_URL"),
            (&["db", "seed", "--prod"], "PROD_CONNECTION_URL"),
        ] {
            let run = Run::of(sandbox.command(arguments).env(variable, &setting));
            assert!(matches!(run.code, 1 | 4), "{setting}: exit code {}\n{}", run.code, run.stderr);
            assert!(run.stderr.starts_with("Error: ") || run.stderr.contains("\nError: "), "{}", run.stderr);
            assert!(!run.stderr.contains("panicked"), "{setting}\n{}", run.stderr);
            assert_secret(&run, &setting);
        }
    }
}

#[test]
fn no_failing_command_shows_the_password() {
    let sandbox = Sandbox::new();
    let [first, second] = HALVES;
    let settings = [
        format!("postgresql://someone:{first}%40{second}@127.0.0.1:{}/cruddur", silent_port()),
        stack().url_of(&format!("cruddurroot:{first}%40{second}"), "cruddur"),
        format!("postgresql://someone:{first}@{second}@127.0.0.1/cruddur"),
    ];
    for setting in &settings {
        for arguments in [
            &["db", "create"][..],
            &["db", "drop"],
            &["db", "schema-load"],
            &["db", "seed"],
            &["db", "setup"],
            &["ddb", "seed"],
            &["ddb", "patterns", "list-conversations"],
            &["local", "status"],
        ] {
            let run = Run::of(sandbox.command(arguments).env("CONNECTION_URL", setting));
            assert!(matches!(run.code, 1 | 4), "{arguments:?}: exit code {}\n{}", run.code, run.stderr);
            assert_secret(&run, setting);
        }
    }
}

#[test]
fn a_url_in_the_env_file_is_kept_as_secret() {
    let sandbox = Sandbox::new();
    let [first, second] = HALVES;
    for line in [
        format!("CONNECTION_URL=postgresql://someone:{first} {second}@127.0.0.1/cruddur"),
        format!("CONNECTION_URL='postgresql://someone:{first}@{second}@127.0.0.1/cruddur'"),
        format!("CONNECTION_URL=\"postgresql://someone:{first}{second}@127.0.0.1/cruddur"),
        format!("postgresql://someone:{first}{second}@127.0.0.1/cruddur"),
    ] {
        sandbox.write(".env", format!("# local\n{line}\n"));
        let run = Run::of(sandbox.command(["db", "seed"]).env_remove("CONNECTION_URL")).exits_with(4);
        assert_secret(&run, &line);
    }
}

/// What a server says of a value that it does not like, it may say in full.
#[test]
fn the_value_of_a_variable_is_in_no_error() {
    let sandbox = Sandbox::set_up();
    let long = format!("{}tail", "hunter2-correct-horse-battery-".repeat(4));
    for secret in ["hunter2secret", "it's hunter2", "h2x", &long] {
        for sql in [
            "SELECT :'pw'::int",
            "SELECT (:'pw' || '!')::uuid",
            "CREATE TABLE t (pw text UNIQUE); INSERT INTO t VALUES (:'pw'), (:'pw')",
            "CREATE TABLE t (pw text, n int NOT NULL); INSERT INTO t VALUES (:'pw', NULL)",
            "CREATE TABLE t (pw text UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO t VALUES (:'pw'), (:'pw')",
            "CREATE FUNCTION f(text) RETURNS int LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'no: %', $1 USING HINT = 'not ' || $1, DETAIL = $1; END $$; SELECT f(:'pw')",
            "SELECT 1 + :pw FROM nosuch",
        ] {
            sandbox.write("file.sql", sql);
            let set = format!("pw={secret}");
            let by_flag = sandbox.cruddur(["db", "seed", "file.sql", "--set", &set]).exits_with(1);
            let mut command = sandbox.command(["db", "seed", "file.sql"]);
            for run in [by_flag, Run::of(command.env("pw", secret)).exits_with(1)] {
                let said = &run.stderr;
                assert!(!said.contains("hunter2") && !said.contains("h2x"), "{sql}\n{said}");
            }
        }
    }
}

/// A name is part of what the file says, and an error without it would help nobody.
#[test]
fn a_name_from_a_variable_is_shown() {
    let sandbox = Sandbox::set_up();
    sandbox.write("file.sql", "SELECT * FROM :\"name\"");
    let run = sandbox.cruddur(["db", "seed", "file.sql", "--set", "name=nosuch"]).exits_with(1);
    assert!(run.stderr.contains("relation \"nosuch\" does not exist"), "{}", run.stderr);
}
