//! `-v` and `-vv`: each request, and the wire.

use regex_lite::Regex;

use crate::rds::Group;
use crate::support::{COGNITO_ENDPOINT, Fault, Pool, Proxy, Run, Sandbox, moto};

const ACCESS_KEY: &str = "AKIAFORNOBODY7NEVER";
const SECRET_KEY: &str = "wJalr/never+to/be/seen/EXAMPLEKEY";
const TOKEN: &str = "IQoJnever-to-be-seen-either==";
/// Passwords of a file, as a literal and as a variable's value.
const IN_A_FILE: [&str; 3] = ["hush-in-the-file", "hush-in-a-variable", "hush in dollars"];

/// The lines that tell of requests to `service`.
fn told<'a>(run: &'a Run, service: &str) -> Vec<&'a str> {
    run.stderr.lines().filter(|line| line.starts_with(service)).collect()
}

#[track_caller]
fn matches(line: &str, pattern: &str) {
    assert!(Regex::new(&format!("^{pattern}$")).unwrap().is_match(line), "{line:?} is not {pattern}");
}

#[test]
fn every_request_is_a_line_with_table_units_and_time() {
    let sandbox = Sandbox::seeded();
    let proxy = Proxy::new(sandbox.endpoint(), "Query", |_| None);
    let run = sandbox.cruddur([
        "ddb",
        "patterns",
        "get-conversation",
        "--all",
        "-v",
        "-o",
        "json",
        "--endpoint-url",
        proxy.url(),
    ]);
    let lines = told(&run, "DynamoDB ");
    assert_eq!(lines.len(), proxy.bodies().len(), "{}", run.stderr);
    let place = Regex::new("http://[^:]+").unwrap();
    assert!(place.is_match(lines[0]));
    matches(lines[0], r"DynamoDB Query cruddur-messages at http://127\.0\.0\.1:\d+: [\d.]+ units, [\d.]+ ms");
    assert_eq!(run.json()["count"], 62, "stdout is what it was");
    // Without the flag there is none of it.
    let run = sandbox.cruddur(["ddb", "patterns", "get-conversation", "--all"]).succeeds();
    assert_eq!(told(&run, "DynamoDB "), [""; 0]);
}

#[test]
fn each_try_and_refusals_are_told() {
    let sandbox = Sandbox::seeded();
    let proxy = Proxy::new(sandbox.endpoint(), "Scan", |number| {
        (number == 0).then_some(Fault::Error(500, "InternalServerError"))
    });
    let run =
        sandbox.cruddur(["ddb", "scan", "-v", "--limit", "1", "--endpoint-url", proxy.url()]).succeeds();
    let lines = told(&run, "DynamoDB ");
    matches(lines[0], r"DynamoDB Scan .*: HTTP 500 InternalServerError, [\d.]+ ms");
    matches(lines[1], r"DynamoDB Scan .*: [\d.]+ units, try 2, [\d.]+ ms");
    let run = sandbox.cruddur(["ddb", "scan", "-v", "--table", "nothing"]).exits_with(1);
    matches(
        told(&run, "DynamoDB ")[0],
        r"DynamoDB Scan nothing .*: HTTP 400 ResourceNotFoundException, [\d.]+ ms",
    );
    let run = sandbox.cruddur(["ddb", "scan", "-v", "--endpoint-url", "http://127.0.0.1:1"]).exits_with(1);
    matches(told(&run, "DynamoDB ")[0], r"DynamoDB Scan .*: no answer, [\d.]+ ms");
    matches(told(&run, "DynamoDB ")[2], r"DynamoDB Scan .*: no answer, try 3, [\d.]+ ms");
}

#[test]
fn statements_are_told_with_their_rows() {
    let sandbox = Sandbox::set_up();
    let run = sandbox.cruddur(["ddb", "rename-user", "nina", "--new-handle", "nia", "-v"]).succeeds();
    let lines = told(&run, "PostgreSQL ").join("\n");
    for expected in [
        r"PostgreSQL connect at 127\.0\.0\.1:\d+/test_\w+: [\d.]+ ms",
        r"PostgreSQL SELECT uuid, display_name, handle FROM public.users WHERE handle = \$1 LI… at .*: 1 row, [\d.]+ ms",
        r"PostgreSQL SELECT uuid, .*: 0 rows, [\d.]+ ms",
        r"PostgreSQL UPDATE public.users SET .*: 1 row, [\d.]+ ms",
        r"PostgreSQL COMMIT at .*: [\d.]+ ms",
    ] {
        assert!(Regex::new(&format!("(?m)^{expected}$")).unwrap().is_match(&lines), "{expected}:\n{lines}");
    }
    let file = sandbox.write("broken.sql", "SELECT 1; SELECT nothing;");
    let run = sandbox.cruddur(["db", "seed", "-v", file.to_str().unwrap()]).exits_with(1);
    assert!(told(&run, "PostgreSQL SELECT nothing at ")[0].contains(": 42703, "), "{}", run.stderr);
}

#[test]
fn other_services_are_told_too() {
    let (group, pool) = (Group::new(), Pool::new());
    let rule = group.developers_rule();
    let run = Run::of(&mut group.update(&rule, &["--ip", "1.1.1.1", "-v"])).succeeds();
    assert!(told(&run, "ec2 DescribeSecurityGroupRules ").len() == 1, "{}", run.stderr);
    matches(
        told(&run, "ec2 ModifySecurityGroupRules ")[0],
        &format!(r"ec2 ModifySecurityGroupRules {} at http://127\.0\.0\.1:\d+: [\d.]+ ms", group.id),
    );
    let sandbox = Sandbox::new();
    let run = sandbox.cruddur_with_pool(&pool, &["cognito", "list-users", "-v"]).succeeds();
    matches(
        told(&run, "Cognito Identity Provider ListUsers ")[0],
        &format!(r"Cognito Identity Provider ListUsers {} at .*: [\d.]+ ms", pool.id),
    );
}

#[test]
fn the_wire_is_shown_and_stdout_is_untouched() {
    let sandbox = Sandbox::seeded();
    let words = ["ddb", "scan", "--limit", "2", "-o", "json"];
    let plain = sandbox.cruddur(words).succeeds();
    let run = sandbox.cruddur(words.iter().chain(&["-vv"])).succeeds();
    assert_eq!(run.stdout, plain.stdout);
    for expected in [
        "> POST http://",
        "> x-amz-target: DynamoDB_20120810.Scan",
        "> authorization: ***",
        "\"TableName\":\"cruddur-messages\"",
        "< HTTP 200",
        "< {",
    ] {
        assert!(run.stderr.contains(expected), "{expected}:\n{}", run.stderr);
    }
    let run = sandbox.cruddur(["ddb", "patterns", "list-conversations", "-vv"]).succeeds();
    assert!(
        run.stderr.contains("FROM public.users WHERE handle = $1 LIMIT 2\n> $1 = \"nina\""),
        "{}",
        run.stderr
    );
}

#[test]
fn no_secret_is_in_any_of_it() {
    let sandbox = Sandbox::seeded();
    let group = Group::new();
    let rule = group.developers_rule();
    let pool = Pool::new();
    pool.add([("nina", Some("nina"))]);
    // A role of its own: the server is shared.
    let database = sandbox.database();
    sandbox.write(
        "role.sql",
        format!(
            "CREATE ROLE {database} PASSWORD '{}'; -- {0}\nALTER ROLE {database} PASSWORD :'word';\n\
             ALTER ROLE {database} PASSWORD $tag${}$tag$;\nDROP ROLE {database};",
            IN_A_FILE[0], IN_A_FILE[2]
        ),
    );
    let variable = format!("word={}", IN_A_FILE[1]);
    let production = ["--prod", "--endpoint-url"];
    let dynamodb = sandbox.endpoint();
    for words in [
        &["ddb", "schema-load"][..],
        &["ddb", "list-tables"],
        &["ddb", "scan", "-o", "ndjson"],
        &["ddb", "seed"],
        &["ddb", "check"],
        &["ddb", "patterns", "list-conversations"],
        &["ddb", "patterns", "create-conversation", "--from", "nina", "--to", "petra", "hello"],
        &["ddb", "rename-user", "oscar", "--new-handle", "oskar"],
        &["ddb", "stream", "enable"],
        &["ddb", "stream", "tail", "--once"],
        &["ddb", "list-tables", production[0], production[1], &dynamodb],
        &["db", "schema-load"],
        &["db", "seed"],
        &["db", "seed", "role.sql", "--set", &variable],
        &["db", "sessions", "--all"],
        &["db", "wait"],
        &["db", "update-cognito-user-ids"],
        &["cognito", "list-users"],
        &["rds", "update-sg-rule", "--ip", "1.1.1.1"],
        &["db", "setup", "--force"],
        &["doctor"],
    ] {
        let mut command = sandbox.with_pool(&pool, words);
        command
            .arg("-vv")
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            .env("AWS_SESSION_TOKEN", TOKEN)
            .env("AWS_REGION", "us-east-1")
            // Another server than the local one, and nobody is there.
            .env("PROD_CONNECTION_URL", "postgresql://nina:s3cr%40t@127.0.0.1:1/people?sslmode=disable")
            .env("AWS_ENDPOINT_URL_EC2", moto().url())
            .env(COGNITO_ENDPOINT, moto().url())
            .env("DB_SG_ID", &group.id)
            .env("DB_SG_RULE_ID", &rule);
        // The database's password is looked for in every run of every test.
        let run = Run::of(&mut command);
        if words != ["doctor"] {
            assert_eq!(run.code, 0, "{words:?}: {}", run.stderr);
        }
        assert!(run.stderr.contains(" ms"), "{words:?} asks somebody: {}", run.stderr);
        let said = run.stdout + &run.stderr;
        for secret in [ACCESS_KEY, SECRET_KEY, TOKEN].iter().chain(&IN_A_FILE) {
            assert!(!said.contains(secret), "{secret} is told by {words:?}:\n{said}");
        }
        // The signature and its parts neither.
        assert!(!said.contains("Signature="), "{words:?}:\n{said}");
    }
}
