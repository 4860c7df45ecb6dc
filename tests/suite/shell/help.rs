//! `cruddur help`, and what was meant.

use crate::support::{Page, Sandbox, leaves};

#[test]
fn help_has_every_command_once_under_a_task_and_fits_80_columns() {
    let run = Sandbox::new().cruddur(["help"]).succeeds();
    for (leaf, _) in leaves() {
        let lines = run.stdout.lines().filter(|line| line.starts_with(&format!("  {leaf}  ")));
        assert_eq!(
            lines.count(),
            1,
            "{leaf} has one place among the tasks of src/commands/help.rs:\n{}",
            run.stdout
        );
    }
    for title in
        ["Set up: ", "Look: ", "Write: ", "Bulk: ", "Repair: ", "Production: ", "Local stack: ", "Shell: "]
    {
        assert!(run.stdout.lines().any(|line| line.starts_with(title)), "{title}");
    }
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{}", run.stdout);
    assert_eq!(run.stderr, "");
}

#[test]
fn help_of_a_task_has_its_commands_with_an_example() {
    let run = Sandbox::new().cruddur(["help", "local", "stack"]).succeeds();
    assert!(run.stdout.starts_with("Local stack: "), "{}", run.stdout);
    assert!(run.stdout.contains("\n      cruddur local up --detach\n"), "{}", run.stdout);
    assert!(!run.stdout.contains("Repair"), "{}", run.stdout);
    let other = Sandbox::new().cruddur(["help", "Local-Stack"]).succeeds();
    assert_eq!(run.stdout, other.stdout);
}

#[test]
fn help_of_a_command_is_what_the_command_itself_shows() {
    let mut page = Page::default();
    let sandbox = Sandbox::new();
    for words in [&["ddb", "patterns", "create-message"][..], &["db"], &["local"], &["help"]] {
        let help = sandbox.cruddur(["help"].iter().chain(words)).succeeds();
        let flag = sandbox.cruddur(words.iter().chain(&["--help"])).succeeds();
        assert_eq!(help.stdout, flag.stdout, "{words:?}");
    }
    page.add(sandbox.cruddur(["help", "nonsense"]).exits_with(2));
    sandbox.cruddur(["help", "__complete"]).exits_with(2);
    page.matches("runs/shell/help/help_of_a_command_is_what_the_command_itself_shows");
}

#[test]
fn a_command_that_was_meant_is_named() {
    let mut page = Page::default();
    let sandbox = Sandbox::new();
    let said = |words: &[&str]| sandbox.cruddur(words).exits_with(2);
    page.add(said(&["dbb"]));
    page.add(said(&["ddb", "scna"]));
    // It is there, in another group, or in two.
    page.add(said(&["seed"]));
    let run = page.add(said(&["scan"]));
    assert!(!run.stderr.contains("'man'"), "{}", run.stderr);
    page.add(said(&["ddb", "sessions"]));
    page.add(said(&["ddb", "scan", "--tabel", "x"]));
    page.matches("runs/shell/help/a_command_that_was_meant_is_named");
}

#[test]
fn a_table_and_a_handle_that_were_meant_are_named() {
    let sandbox = Sandbox::seeded();
    let meant = |words: &[&str], name: &str| {
        let run = sandbox.cruddur(words).exits_with(1);
        assert!(run.stderr.contains(&format!("Hint: did you mean {name:?}?")), "{words:?}: {}", run.stderr);
    };
    for command in [
        &["ddb", "scan"][..],
        &["ddb", "check"],
        &["ddb", "seed"],
        &["ddb", "patterns", "get-conversation"],
        &["ddb", "patterns", "list-conversations"],
        &["ddb", "patterns", "create-conversation", "--from", "nina", "--to", "petra", "hello"],
        &["ddb", "stream", "status"],
        &["ddb", "stream", "enable"],
    ] {
        meant(&[command, &["--table", "cruddur-mesages"]].concat(), "cruddur-messages");
    }
    meant(&["ddb", "drop", "cruddur-mesages"], "cruddur-messages");
    for command in [
        &["ddb", "patterns", "list-conversations", "--handle", "nnia"][..],
        &["ddb", "patterns", "create-conversation", "--from", "nnia", "--to", "petra", "hello"],
        &["ddb", "seed", "--my-handle", "nnia"],
        &["ddb", "rename-user", "nnia", "--new-handle", "nia"],
    ] {
        meant(command, "nina");
    }
    // Nothing is alike.
    let run = sandbox.cruddur(["ddb", "scan", "--table", "zzz"]).exits_with(1);
    assert!(!run.stderr.contains("did you mean"), "{}", run.stderr);
    let run = sandbox.cruddur(["ddb", "rename-user", "quux", "--new-handle", "x"]).exits_with(1);
    assert!(!run.stderr.contains("did you mean"), "{}", run.stderr);
}
