//! `prod` as the last word, which is how the scripts were told of production.

use super::every_command;
use crate::support::{Page, Sandbox, runtime};

#[test]
fn no_command_takes_it_for_a_value() {
    let sandbox = Sandbox::new();
    for mut words in every_command() {
        // What follows the command of `local exec` is that command's own.
        if words.starts_with(&["local".to_owned(), "exec".to_owned()]) {
            words.truncate(2);
        }
        words.push("prod".to_owned());
        let run = sandbox.cruddur(&words).exits_with(2).says("to work on production, use --prod\n");
        assert_eq!(run.stdout, "", "{words:?}");
    }
    for words in [&["prod"][..], &["ddb", "prod"], &["ddb", "patterns", "create-message", "prod"]] {
        sandbox.cruddur(words).exits_with(2).says("use --prod\n");
    }
    let help =
        sandbox.cruddur(["db", "setup", "prod"]).exits_with(2).says("Usage: cruddur db setup [OPTIONS]");
    assert!(!help.stderr.contains("'-- prod'"), "{}", help.stderr);
}

#[test]
fn what_is_called_prod_can_still_be_named() {
    let mut page = Page::default();
    let sandbox = Sandbox::new();
    for table in ["prod", "messages"] {
        sandbox.create_table(table);
    }
    page.add(sandbox.cruddur(["ddb", "scan", "--table", "prod"]).succeeds());
    page.add(sandbox.cruddur(["ddb", "drop", "messages", "prod"]).exits_with(2));
    page.add(sandbox.cruddur(["ddb", "drop", "prod"]).exits_with(2));
    let tables = || runtime().block_on(sandbox.store().list_tables()).unwrap();
    assert_eq!(tables(), ["messages", "prod"]);
    sandbox.cruddur(["ddb", "drop", "--", "prod"]).succeeds();
    assert_eq!(tables(), ["messages"]);
    let run = sandbox.cruddur(["local", "exec", "echo", "prod"]).succeeds();
    assert_eq!(run.stdout, "prod\n");
    page.matches("runs/target/last_word/what_is_called_prod_can_still_be_named");
}
