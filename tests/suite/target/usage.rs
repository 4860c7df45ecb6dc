//! The command line itself.

use super::every_command;
use crate::support::Sandbox;

#[test]
fn what_is_not_known_is_a_usage_error() {
    let sandbox = Sandbox::new();
    for words in [
        &["frobnicate"][..],
        &["db", "frobnicate"],
        &["ddb", "patterns", "frobnicate"],
        &["db", "create", "--frobnicate"],
        // The scripts took it as their last argument, and anything else for local.
        &["db", "create", "prod"],
        &["ddb", "list-tables", "prod"],
        &["ddb", "scan", "-o", "yaml"],
        &["ddb", "drop"],
        &["--endpoint-url"],
    ] {
        let run = sandbox.cruddur(words).exits_with(2);
        assert!(run.stderr.contains("error: "), "{}", run.stderr);
        assert_eq!(run.stdout, "");
    }
    assert!(!sandbox.database_exists());
}

#[test]
fn help_is_data_and_needs_no_settings() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "not a line");
    let mut commands = every_command();
    commands.extend([vec![], vec!["db".to_owned()], vec!["ddb".to_owned(), "patterns".to_owned()]]);
    for mut words in commands {
        if words.starts_with(&["local".to_owned(), "exec".to_owned()]) {
            words.truncate(2);
        }
        words.push("--help".to_owned());
        let run = sandbox.cruddur(&words).succeeds();
        assert!(run.stdout.contains("Usage: cruddur"), "{}", run.stdout);
        assert!(run.stdout.contains("--prod"), "a global flag shows everywhere: {}", run.stdout);
        assert_eq!(run.stderr, "");
    }
}

#[test]
fn version_is_data() {
    let sandbox = Sandbox::new();
    for flag in ["--version", "-V"] {
        let run = sandbox.cruddur([flag]).succeeds();
        assert_eq!(run.stdout, format!("cruddur {}\n", env!("CRUDDUR_VERSION")));
        assert_eq!(run.stderr, "");
    }
}

#[test]
fn cruddur_alone_and_groups_alone_show_help() {
    let sandbox = Sandbox::new();
    let groups = [&["ddb", "patterns"][..], &["ddb", "stream"], &["cognito"], &["rds"], &["local"]];
    for words in [&[][..], &["db"], &["ddb"]].into_iter().chain(groups) {
        let run = sandbox.cruddur(words).exits_with(2).says("Usage: cruddur").says("Commands:");
        assert_eq!(run.stdout, "");
    }
}
