//! `--prod`

use regex_lite::Regex;

use super::every_command;
use crate::support::{Recorder, Run, Sandbox};

/// `--prod` in every place where a command line can have it.
fn with_prod(words: &[String]) -> Vec<Vec<String>> {
    // What follows the command of `local exec` is that command's own.
    let last = if words.starts_with(&["local".to_owned(), "exec".to_owned()]) { 2 } else { words.len() };
    (0..=last)
        .map(|at| {
            let mut words = words.to_vec();
            words.insert(at, "--prod".to_owned());
            words
        })
        .collect()
}

/// Everything that the sandbox's two databases hold.
fn contents(sandbox: &Sandbox) -> (Vec<Vec<String>>, usize) {
    let rows = sandbox.sql(
        "SELECT u::text FROM users u UNION ALL SELECT a::text FROM activities a UNION ALL \
         SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
    );
    (rows, sandbox.items().len())
}

#[test]
fn without_production_settings_no_command_falls_back_to_local() {
    let sandbox = Sandbox::seeded();
    let before = contents(&sandbox);
    for words in every_command() {
        let line = words.join(" ");
        // They go nowhere, whatever the target.
        if ["completions", "man"].iter().any(|command| line.starts_with(command)) {
            continue;
        }
        let (code, named) = match line.as_str() {
            "db setup" | "setup" => (3, "works only on local databases"),
            "ddb seed" => (4, "PROD_CONNECTION_URL"),
            _ if line.starts_with("cognito ") => (4, "no user pool is configured"),
            _ if [
                "ddb rename-user",
                "ddb explain rename-user",
                "ddb patterns create-",
                "ddb explain create-",
            ]
            .iter()
            .any(|command| line.starts_with(command)) =>
            {
                (4, "PROD_CONNECTION_URL is not set")
            }
            _ if line.starts_with("db ") => (4, "PROD_CONNECTION_URL is not set"),
            "ddb put" => (2, "<ATTRIBUTE>"),
            "rds update-sg-rule" => (4, "DB_SG_ID is not set"),
            // It says so on stdout, and looks at the local side too.
            "doctor" => (4, "failures"),
            // Says what counts in production, and goes nowhere.
            "config show" => (0, ""),
            _ if line.starts_with("local ") => (2, "cannot be used with --prod"),
            // Says what production needs, and goes nowhere.
            _ if line.starts_with("ddb stream policy") => (2, "is not an AWS account"),
            _ => (4, "no AWS region is set"),
        };
        for words in with_prod(&words) {
            Run::of(sandbox.command(&words).env("AWS_EC2_METADATA_DISABLED", "true"))
                .exits_with(code)
                .says(named);
        }
    }
    assert_eq!(contents(&sandbox), before);
}

#[test]
fn an_empty_production_url_is_none() {
    let sandbox = Sandbox::new();
    Run::of(sandbox.command(["db", "create", "--prod"]).env("PROD_CONNECTION_URL", ""))
        .exits_with(4)
        .says("PROD_CONNECTION_URL is not set");
    assert!(!sandbox.database_exists());
}

#[test]
fn every_db_command_works_on_the_production_database_only() {
    let (local, prod) = (Sandbox::new(), Sandbox::new());
    let on_prod =
        |words: &[&str]| Run::of(local.command(words).env("PROD_CONNECTION_URL", prod.production_url()));
    let name = prod.database();
    on_prod(&["--prod", "db", "create"]).succeeds().says("*** PROD *** PostgreSQL at 127.0.0.1:");
    assert!(prod.database_exists());
    on_prod(&["db", "--prod", "schema-load", "--yes", "--confirm", name]).succeeds().says("*** PROD *** ");
    on_prod(&["db", "seed", "--prod"]).succeeds().says("*** PROD *** ");
    assert_eq!(prod.sql("SELECT count(*) FROM users"), [["3"]]);
    on_prod(&["db", "drop", "--prod", "--yes", "--confirm", name]).succeeds();
    assert!(!prod.database_exists());
    assert!(!local.database_exists());
}

/// A command in production, whose AWS is `endpoint`.
fn on_aws(sandbox: &Sandbox, endpoint: &str, words: &[&str]) -> std::process::Command {
    let mut command = sandbox.command(words);
    command
        .env_remove("AWS_ENDPOINT_URL_DYNAMODB")
        .args(["--prod", "--endpoint-url", endpoint])
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ACCESS_KEY_ID", "production")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_REGION", "eu-west-1");
    command
}

#[test]
fn local_settings_lead_nowhere_in_production_and_are_no_cause_for_a_warning() {
    let sandbox = Sandbox::new();
    sandbox.create_table("in-production");
    for variable in
        ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_SSO"]
    {
        let leftover = Recorder::start();
        let run = Run::of(
            on_aws(&sandbox, &sandbox.endpoint(), &["ddb", "list-tables", "-o", "json"])
                .env(variable, leftover.url()),
        )
        .succeeds();
        assert_eq!(run.json()["tables"][0]["name"], "in-production");
        assert_eq!(run.stderr, "", "{variable}");
        assert_eq!(leftover.connections(), 0, "{variable}");
    }
}

#[test]
fn a_variable_that_was_meant_for_aws_is_warned_of_by_those_who_use_the_service() {
    // Nothing is sent to AWS: without credentials, no request is signed.
    let sandbox = Sandbox::new();
    let emulator = Recorder::start();
    let elsewhere = emulator.url();
    let vpc = "https://vpce-1.dynamodb.eu-west-1.vpce.amazonaws.com";
    let tables = ["ddb", "list-tables"];
    let users = ["cognito", "list-users", "--user-pool-id", "eu-west-1_AbCdEfGhI"];
    let rule = [
        "rds",
        "update-sg-rule",
        "--ip",
        "8.8.8.8",
        "--group-id",
        "sg-1",
        "--security-group-rule-id",
        "sgr-1",
    ];
    for (words, variable, value, warns) in [
        (&tables[..], "AWS_ENDPOINT_URL_DYNAMODB", vpc, true),
        (&tables, "AWS_ENDPOINT_URL", vpc, true),
        (&tables, "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", &elsewhere, false),
        (&users, "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", vpc, true),
        (&users, "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", &elsewhere, false),
        (&users, "AWS_ENDPOINT_URL_DYNAMODB", vpc, false),
        (&users, "AWS_ENDPOINT_URL_EC2", &elsewhere, false),
        (&rule, "AWS_ENDPOINT_URL_EC2", &elsewhere, true),
        (&rule, "AWS_ENDPOINT_URL", &elsewhere, false),
    ] {
        let mut command = sandbox.command(words);
        command.args(["--prod", "--region", "eu-west-1"]).env("AWS_EC2_METADATA_DISABLED", "true");
        command.env_remove("AWS_ENDPOINT_URL_DYNAMODB").env(variable, value);
        let run = Run::of(&mut command).exits_with(4);
        let warning = format!("Warning: ignored with --prod: {variable}; to use another endpoint");
        assert_eq!(run.stderr.matches(&warning).count(), usize::from(warns), "{words:?} {}", run.stderr);
        assert_eq!(run.stderr.contains("Warning"), warns, "{words:?} {}", run.stderr);
    }
    assert_eq!(emulator.connections(), 0);
}

/// `.env.example` with all its lines active. What it says of the local stack is at `local`.
fn example(local: &Recorder) -> String {
    let text = include_str!("../../../.env.example");
    let setting = Regex::new("(?m)^#([A-Za-z0-9_]+=)").unwrap();
    assert!(setting.find_iter(text).count() >= 10, "{text}");
    let text = setting.replace_all(text, "$1");
    let port = format!("localhost:{}", local.port());
    text.replace("localhost:5432", &port).replace("localhost:8000", &port)
}

#[test]
fn with_every_line_of_the_example_active_no_production_command_warns_or_goes_to_the_local_stack() {
    let (sandbox, local) = (Sandbox::new(), Recorder::start());
    sandbox.write(".env", example(&local));
    for words in every_command() {
        let mut command = sandbox.command(&words);
        command.arg("--prod").env("AWS_EC2_METADATA_DISABLED", "true");
        for variable in ["AWS_ENDPOINT_URL_DYNAMODB", "CONNECTION_URL"] {
            command.env_remove(variable);
        }
        let (before, line) = (local.connections(), words.join(" "));
        let run = Run::of(&mut command);
        for said in [&run.stdout, &run.stderr] {
            assert!(!said.contains("Warning") && !said.contains("warn "), "{line}:\n{said}");
        }
        // It looks at the local stack too.
        if line != "doctor" {
            assert_eq!(local.connections(), before, "{line}");
        }
    }
}

#[test]
fn a_leftover_endpoint_variable_leads_nowhere_without_an_endpoint_flag() {
    // Nothing is sent to AWS either: without credentials, no request is signed.
    let sandbox = Sandbox::new();
    let leftover = Recorder::start();
    for variable in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"] {
        Run::of(
            sandbox
                .command(["ddb", "list-tables", "--prod", "--region", "eu-west-1"])
                .env("AWS_EC2_METADATA_DISABLED", "true")
                .env(variable, leftover.url()),
        )
        .exits_with(4)
        .says("no valid AWS credentials");
    }
    assert_eq!(leftover.connections(), 0);
}

#[test]
fn production_signs_with_what_the_chain_finds() {
    let sandbox = Sandbox::new();
    let credentials = "[default]\naws_access_key_id = FROMDEFAULT\naws_secret_access_key = x\n\
                       [other]\naws_access_key_id = FROMOTHER\naws_secret_access_key = x\n";
    let credentials = sandbox.write("credentials", credentials);
    let config =
        sandbox.write("config", "[default]\nregion = eu-west-3\n[profile other]\nregion = eu-north-1\n");
    for (flags, signed) in [
        (&[][..], "FROMDEFAULT/"),
        (&["--profile", "other"], "FROMOTHER/"),
        (&["--profile", "other", "--region", "sa-east-1"], "FROMOTHER/"),
    ] {
        let server = Recorder::start();
        Run::of(
            on_aws(&sandbox, &server.url(), &["ddb", "list-tables"])
                .args(flags)
                .env_remove("AWS_ACCESS_KEY_ID")
                .env_remove("AWS_SECRET_ACCESS_KEY")
                .env_remove("AWS_REGION")
                .env("AWS_SHARED_CREDENTIALS_FILE", &credentials)
                .env("AWS_CONFIG_FILE", &config),
        )
        .succeeds();
        let authorization = server.header("authorization").unwrap();
        assert!(authorization.contains(&format!("Credential={signed}")), "{authorization}");
        let region = match flags {
            [] => "eu-west-3",
            [_, _] => "eu-north-1",
            _ => "sa-east-1",
        };
        assert!(authorization.contains(&format!("/{region}/dynamodb/")), "{authorization}");
    }
}

#[test]
fn a_profile_that_is_named_signs_whatever_keys_the_environment_has() {
    let sandbox = Sandbox::new();
    let server = Recorder::start();
    let credentials = "[other]\naws_access_key_id = FROMOTHER\naws_secret_access_key = x\n\
                       [region-only]\nregion = eu-west-3\n";
    let credentials = sandbox.write("credentials", credentials);
    let with_profile = |name: &str| {
        let mut command = on_aws(&sandbox, &server.url(), &["ddb", "list-tables"]);
        Run::of(command.args(["--profile", name]).env("AWS_SHARED_CREDENTIALS_FILE", &credentials))
    };
    with_profile("other").succeeds();
    let authorization = server.header("authorization").unwrap();
    assert!(authorization.contains("Credential=FROMOTHER/"), "{authorization}");
    let signed = server.connections();
    for (name, why) in [("missing", "`missing` was not defined"), ("region-only", "\"region-only\" has none")]
    {
        with_profile(name).exits_with(4).says("no valid AWS credentials").says(why);
    }
    assert_eq!(server.connections(), signed);
}

#[test]
fn production_is_not_asked_with_the_local_stacks_credentials() {
    // What `cruddur local env` sets.
    let sandbox = Sandbox::new();
    let list = |words: &[&str]| {
        let mut command = sandbox.command(words);
        Run::of(command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local"))
    };
    list(&["ddb", "list-tables"]).succeeds();
    for flags in [&[][..], &["--profile", "other"]] {
        list(&[&["ddb", "list-tables", "--prod", "--region", "eu-west-1"], flags].concat())
            .exits_with(4)
            .says("AWS_ACCESS_KEY_ID is \"local\"")
            .says("use another shell");
    }
}

#[test]
fn destructive_sql_needs_a_confirmation_by_name() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "setup"]).succeeds();
    let name = sandbox.database();
    let on_prod = |words: &[&str]| {
        Run::of(sandbox.command(words).arg("--prod").env("PROD_CONNECTION_URL", sandbox.production_url()))
    };
    sandbox.write("delete.sql", "-- tidy up\nSELECT 1;\nDELETE FROM users;\n");
    sandbox.write("truncate.sql", "truncate users");
    sandbox.write("alter.sql", "ALTER TABLE users ADD a int, ADD b int, DROP COLUMN email");
    let columns: Vec<String> = (0..30).map(|number| format!("ADD COLUMN c{number} int")).collect();
    sandbox.write("long.sql", format!("ALTER TABLE users {}, DROP COLUMN email", columns.join(", ")));
    sandbox.write("drop.sql", "/* no */ drop table if exists activities");
    sandbox.write("with.sql", "WITH gone AS (DELETE FROM users RETURNING *) SELECT count(*) FROM gone");
    for (words, says) in [
        (&["db", "schema-load"][..], "the built-in db/schema.sql:3 runs DROP TABLE IF EXISTS"),
        (&["db", "schema-load", "drop.sql"], "drop.sql:1 runs drop table"),
        (&["db", "seed", "delete.sql"], "delete.sql:3 runs DELETE FROM users"),
        (&["db", "seed", "truncate.sql"], "truncate.sql:1 runs truncate users"),
        (&["db", "seed", "alter.sql"], "alter.sql:1 runs ALTER TABLE users"),
        (&["db", "seed", "long.sql"], "long.sql:1 runs ALTER TABLE users"),
        (&["db", "seed", "with.sql"], "with.sql:1 runs WITH gone AS"),
        (&["db", "drop"], "and all its data"),
    ] {
        on_prod(words)
            .exits_with(3)
            .says(says)
            .says(&format!("Hint: to confirm add: --yes --confirm {name}"));
        on_prod(&[words, &["--yes", "--confirm", "cruddur"]].concat())
            .exits_with(3)
            .says("the name does not match");
        on_prod(&[words, &["--yes"]].concat()).exits_with(2).says("--confirm");
        on_prod(&[words, &["--confirm", name]].concat()).exits_with(2).says("--yes");
        assert_eq!(
            sandbox.sql("SELECT count(email), (SELECT count(*) FROM activities) FROM users"),
            [["3", "1"]]
        );
    }
    on_prod(&["db", "seed", "delete.sql", "--yes", "--confirm", name]).succeeds();
    assert_eq!(sandbox.sql("SELECT count(*) FROM users"), [["0"]]);
    on_prod(&["db", "drop", "--yes", "--confirm", name]).succeeds();
    assert!(!sandbox.database_exists());
}

#[test]
fn sql_that_destroys_nothing_needs_no_confirmation() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "setup"]).succeeds();
    sandbox.write(
        "add.sql",
        "INSERT INTO users (display_name, handle, email, cognito_user_id) \
         VALUES ('DROP TABLE users;', 'quinn', 'quinn@example.com', 'MOCK'); -- DELETE FROM users;\n\
         CREATE TABLE pets (n int PRIMARY KEY);\n\
         CREATE TABLE toys (\"drop\" text, pet int REFERENCES pets ON DELETE CASCADE);\n\
         GRANT DELETE, TRUNCATE ON toys TO current_user;\n\
         WITH p AS (INSERT INTO pets VALUES (1) RETURNING n) INSERT INTO toys SELECT 'DELETE', n FROM p;",
    );
    Run::of(
        sandbox
            .command(["db", "seed", "add.sql", "--prod"])
            .env("PROD_CONNECTION_URL", sandbox.production_url()),
    )
    .succeeds();
    assert_eq!(sandbox.sql("SELECT count(*) FROM users"), [["4"]]);
    // Local work asks for nothing.
    sandbox.cruddur(["db", "schema-load"]).succeeds();
    sandbox.cruddur(["db", "drop"]).succeeds();
}
