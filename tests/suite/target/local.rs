//! The local target: endpoint, credentials, region.

use crate::support::{Recorder, Run, Sandbox};

/// A command that finds its endpoint by itself.
fn unguided(sandbox: &Sandbox, words: &[&str]) -> std::process::Command {
    let mut command = sandbox.command(words);
    command.env_remove("AWS_ENDPOINT_URL_DYNAMODB");
    command
}

/// The name of the only table of the DynamoDB that answered.
#[track_caller]
fn answered(command: &mut std::process::Command) -> String {
    let run = Run::of(command).succeeds();
    let tables = run.json()["tables"].clone();
    assert_eq!(tables.as_array().unwrap().len(), 1, "{tables}");
    tables[0]["name"].as_str().unwrap().to_owned()
}

#[test]
fn the_endpoint_is_the_flags_then_dynamodbs_own_then_everybodys() {
    let sandboxes: Vec<Sandbox> = ["flag", "own", "everybody"]
        .into_iter()
        .map(|name| {
            let sandbox = Sandbox::new();
            sandbox.create_table(name);
            sandbox
        })
        .collect();
    let [flag, own, everybody] = sandboxes.as_slice() else { unreachable!() };
    let list = || unguided(flag, &["ddb", "list-tables", "-o", "json"]);
    let (own, everybody) = (own.endpoint(), everybody.endpoint());
    assert_eq!(answered(list().env("AWS_ENDPOINT_URL", &everybody)), "everybody");
    let both = |command: &mut std::process::Command| {
        answered(command.env("AWS_ENDPOINT_URL", &everybody).env("AWS_ENDPOINT_URL_DYNAMODB", &own))
    };
    assert_eq!(both(&mut list()), "own");
    assert_eq!(both(list().args(["--endpoint-url", &flag.endpoint()])), "flag");
    // Empty is unset.
    let mut command = list();
    command.env("AWS_ENDPOINT_URL", &everybody).env("AWS_ENDPOINT_URL_DYNAMODB", "");
    assert_eq!(answered(&mut command), "everybody");
}

#[test]
fn the_default_endpoint_is_port_8000_of_this_machine() {
    let sandbox = Sandbox::new();
    // Whatever runs there has no such table.
    Run::of(&mut unguided(&sandbox, &["ddb", "drop", &format!("no-such-{}", sandbox.database())]))
        .exits_with(1)
        .says("LOCAL DynamoDB at http://localhost:8000 in us-east-1\n");
}

#[test]
fn the_default_database_is_the_compose_files() {
    let sandbox = Sandbox::new();
    // Only read from, and nobody there has such a name, whatever runs on that port.
    let nobody = sandbox.database();
    let run = Run::of(
        sandbox
            .command(["ddb", "patterns", "list-conversations", "--handle", nobody])
            .env_remove("CONNECTION_URL"),
    );
    assert!(matches!(run.code, 1 | 4), "{}", run.stderr);
    run.says("localhost:5432").says("cruddur");
}

#[test]
fn a_setting_that_is_no_text_never_gives_way_to_the_default() {
    use std::os::unix::ffi::OsStrExt as _;
    let sandbox = Sandbox::new();
    let url = std::ffi::OsStr::from_bytes(b"postgresql://nina:\xff@localhost:1/cruddur");
    let run = Run::of(sandbox.command(["db", "create"]).env("CONNECTION_URL", url)).exits_with(1);
    run.says("localhost:1/");
}

#[test]
fn requests_are_signed_with_the_environments_credentials_and_region_else_with_dummies() {
    let sandbox = Sandbox::new();
    for (variables, flags, key, region, token) in [
        (&[][..], &[][..], "local", "us-east-1", None),
        (&[("AWS_REGION", "eu-west-1")], &[], "local", "eu-west-1", None),
        (&[("AWS_DEFAULT_REGION", "eu-west-2")], &[], "local", "eu-west-2", None),
        (
            &[("AWS_REGION", "eu-west-1"), ("AWS_DEFAULT_REGION", "eu-west-2")],
            &["--region", "eu-north-1"],
            "local",
            "eu-north-1",
            None,
        ),
        (
            &[
                ("AWS_ACCESS_KEY_ID", "MYKEY"),
                ("AWS_SECRET_ACCESS_KEY", "mysecret"),
                ("AWS_SESSION_TOKEN", "mytoken"),
                ("AWS_REGION", "eu-west-1"),
                ("AWS_DEFAULT_REGION", "eu-west-2"),
            ],
            &[],
            "MYKEY",
            "eu-west-1",
            Some("mytoken"),
        ),
    ] {
        let server = Recorder::start();
        let run = Run::of(
            unguided(&sandbox, &["ddb", "list-tables", "--endpoint-url", &server.url()])
                .args(flags)
                .envs(variables.iter().copied()),
        )
        .succeeds()
        .says("no tables on ");
        assert!(!run.stderr.contains("mysecret"));
        let authorization = server.header("authorization").unwrap();
        assert!(authorization.contains(&format!("Credential={key}/")), "{authorization}");
        assert!(authorization.contains(&format!("/{region}/dynamodb/aws4_request")), "{authorization}");
        assert_eq!(server.header("x-amz-security-token").as_deref(), token);
    }
}

#[test]
fn profile_files_are_never_read() {
    let sandbox = Sandbox::new();
    let garbage =
        sandbox.write("garbage", b"[default\nregion == \xff\xfe\nendpoint_url = http://127.0.0.1:1\n");
    let valid = sandbox.write(
        "valid",
        "[profile mine]\nregion = eu-central-1\naws_access_key_id = FROMFILE\naws_secret_access_key = x\n\
         endpoint_url = http://127.0.0.1:1\n",
    );
    std::fs::create_dir(sandbox.path().join(".aws")).unwrap();
    for (name, text) in [("credentials", &garbage), ("config", &valid)] {
        std::fs::copy(text, sandbox.path().join(".aws").join(name)).unwrap();
    }
    for file in [&garbage, &valid] {
        for profile in ["mine", "no-such-profile", "\u{1}"] {
            let server = Recorder::start();
            Run::of(
                unguided(&sandbox, &["ddb", "list-tables"])
                    .env("AWS_ENDPOINT_URL", server.url())
                    .env("AWS_CONFIG_FILE", file)
                    .env("AWS_SHARED_CREDENTIALS_FILE", file)
                    .env("AWS_PROFILE", profile),
            )
            .succeeds();
            let authorization = server.header("authorization").unwrap();
            assert!(authorization.contains("Credential=local/"), "{authorization}");
            assert!(authorization.contains("/us-east-1/"), "{authorization}");
        }
    }
}

#[test]
fn a_profile_flag_makes_no_sense_locally() {
    let sandbox = Sandbox::new();
    sandbox
        .cruddur(["ddb", "list-tables", "--profile", "mine"])
        .exits_with(2)
        .says("--profile goes with --prod");
}

#[test]
fn an_endpoint_that_is_no_url_names_its_setting() {
    let sandbox = Sandbox::new();
    for bad in [
        "localhost:8000",
        "localhost",
        "ftp://localhost:8000",
        "http://",
        "http:/localhost",
        "http://local host:8000",
        "http://localhost:99999",
        "http://user:hunter2@localhost:8000",
        "postgresql://localhost:8000",
        "\u{7f}",
    ] {
        for (flags, variable, named) in [
            (&["--endpoint-url", bad][..], None, "--endpoint-url"),
            (&[], Some("AWS_ENDPOINT_URL_DYNAMODB"), "AWS_ENDPOINT_URL_DYNAMODB"),
            (&[], Some("AWS_ENDPOINT_URL"), "AWS_ENDPOINT_URL"),
        ] {
            let mut command = unguided(&sandbox, &["ddb", "list-tables"]);
            command.args(flags).envs(variable.map(|name| (name, bad)));
            let run = Run::of(&mut command)
                .exits_with(4)
                .says(&format!("Error: {named} is not an endpoint URL"))
                .says("Hint: example: http://localhost:8000");
            assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
        }
    }
}

#[test]
fn an_endpoint_from_the_env_file_names_the_file() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "AWS_ENDPOINT_URL=localhost:8000\n");
    Run::of(&mut unguided(&sandbox, &["ddb", "list-tables"]))
        .exits_with(4)
        .says("AWS_ENDPOINT_URL (from ")
        .says("/.env:1) is not an endpoint URL");
}
