//! What commands say fits a terminal of 80 columns.

use crate::support::{COGNITO_ENDPOINT, GROUP, Run, Sandbox};
use crate::user_pool::Local;

/// The commonest commands, in an order in which they work, fail and have nothing to show.
const COMMANDS: &[&[&str]] = &[
    &["ddb", "list-tables"],
    &["ddb", "scan"],
    &["db", "create"],
    &["db", "create"],
    &["ddb", "seed"],
    &["db", "setup"],
    &["db", "wait"],
    &["db", "sessions"],
    &["ddb", "schema-load"],
    &["ddb", "schema-load"],
    &["ddb", "scan"],
    &["ddb", "stats"],
    &["ddb", "check"],
    &["ddb", "patterns", "list-conversations"],
    &["ddb", "patterns", "get-conversation"],
    &["ddb", "query", "pk = 'nobody'"],
    &["ddb", "get", "a", "b"],
    &["ddb", "delete", "a", "b"],
    &["ddb", "export", "none.ndjson"],
    &["ddb", "truncate"],
    &["ddb", "seed"],
    &["ddb", "seed"],
    &["ddb", "scan"],
    &["ddb", "stats"],
    &["ddb", "check"],
    &["ddb", "patterns", "list-conversations"],
    &["ddb", "patterns", "get-conversation", "--limit", "3"],
    &["ddb", "patterns", "get-conversation", "--year", "2019"],
    &["ddb", "patterns", "create-message", "--message-group-uuid", GROUP, "--from", "nina", "Hi"],
    &["ddb", "patterns", "create-conversation", "--from", "oscar", "--to", "nina", "Hi"],
    &["ddb", "patterns", "create-conversation", "--from", "oscar", "--to", "petra", "Hi"],
    &["ddb", "export", "all.ndjson"],
    &["ddb", "export", "all.ndjson"],
    &["ddb", "import", "all.ndjson"],
    &["ddb", "import", "all.ndjson", "--keep-existing"],
    &["ddb", "import", "all.ndjson", "--replace"],
    &["ddb", "put", "pk=a", "sk=b"],
    &["ddb", "put", "pk=a", "sk=b", "v=1"],
    &["ddb", "put", "pk=a", "sk=b", "v=2", "--replace"],
    &["ddb", "get", "a", "b"],
    &["ddb", "delete", "a", "b"],
    &["ddb", "rename-user", "oscar", "--display-name", "Oscar L"],
    &["ddb", "stream", "run", "--once"],
    &["ddb", "stream", "enable"],
    &["ddb", "stream", "enable"],
    &["ddb", "stream", "status"],
    &["ddb", "stream", "tail", "--once"],
    &["ddb", "stream", "run", "--once"],
    &["ddb", "stream", "run", "--once"],
    &["ddb", "stream", "disable"],
    &["ddb", "seed", "--conversations", "3", "--messages", "5"],
    &["ddb", "truncate", "--by-key"],
    &["ddb", "truncate", "--recreate"],
    &["ddb", "drop", "cruddur-mesages"],
    &["ddb", "drop", "cruddur-messages"],
    &["db", "seed"],
    &["db", "update-cognito-user-ids"],
    &["cognito", "list-users"],
    &["cognito", "create-user", "quinn", "--email", "quinn@example.com"],
    &["cognito", "set-password", "quinn", "--password-stdin"],
    &["cognito", "create-user", "quinn", "--email", "quinn@example.com"],
    &["cognito", "delete-user", "quinn"],
    &["cognito", "delete-user", "quinn"],
    &["rds", "update-sg-rule"],
    &["db", "drop"],
    &["db", "drop"],
    &["config", "show"],
];

/// Whether a line is made to be copied, or holds what is as long as it is.
fn is_copied(line: &str) -> bool {
    // What a server said against a statement is as long as it is, too.
    ["run: cruddur ", "--cursor ", "arn:aws:", "/state/", "Error: cannot "]
        .iter()
        .any(|part| line.contains(part))
}

#[test]
fn no_line_of_prose_is_longer_than_80_columns() {
    let (sandbox, pool) = (Sandbox::new(), Local::new());
    let endpoint = sandbox.endpoint();
    let mut long = Vec::new();
    for command in COMMANDS {
        let mut line = sandbox.command(*command);
        if command[0] == "cognito" {
            line.env(COGNITO_ENDPOINT, pool.0.url()).env_remove("AWS_COGNITO_USER_POOL_ID");
        }
        let run = Run::with_input(&mut line, "Correct-horse-7");
        assert!(
            run.code < 2 || run.code == 3 || run.code == 4 || command[0] == "rds",
            "{command:?}: {run:?}"
        );
        // Names as long as they usually are.
        let said = run
            .stderr
            .replace(sandbox.database(), "cruddur")
            .replace(&endpoint, "http://localhost:8000")
            .replace(&pool.0.url(), "http://localhost:9229");
        for line in said.lines().filter(|line| !is_copied(line)) {
            if line.chars().count() > 80 {
                long.push(format!("{}: {line}", command.join(" ")));
            }
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}
