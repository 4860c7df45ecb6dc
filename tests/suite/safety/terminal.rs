//! Confirmations, typed at a real terminal.

use std::process::Command;

use super::on_prod;
use crate::support::{Run, Sandbox, TABLE, typed_at};

const PROMPT: &str = "Type cruddur-messages to confirm:";

fn drop_typing(sandbox: &Sandbox, keys: &[u8]) -> Run {
    typed_at(&on_prod(sandbox, &["ddb", "drop", TABLE]), PROMPT, keys)
}

#[track_caller]
fn assert_kept(sandbox: &Sandbox, run: Run, why: &str) {
    let run = run.exits_with(3);
    assert!(run.stdout.contains(why) && run.stdout.contains("nothing was done"), "{}", run.stdout);
    assert_eq!(sandbox.items().len(), 64);
}

#[test]
fn the_right_name_goes_on() {
    let sandbox = Sandbox::seeded();
    let run = drop_typing(&sandbox, b"cruddur-messages\n").exits_with(0);
    let question = run.stdout.find(PROMPT).unwrap();
    for before in ["*** PROD ***", "PROD: this deletes the table \"cruddur-messages\" on", "all its items"] {
        assert!(run.stdout.find(before).is_some_and(|at| at < question), "{before}: {}", run.stdout);
    }
    assert!(sandbox.describe(TABLE).is_none());
}

#[test]
fn anything_else_is_refused() {
    let sandbox = Sandbox::seeded();
    for wrong in
        ["cruddur-message\n", "CRUDDUR-MESSAGES\n", "y\n", "yes\n", "\n", " cruddur-messages\n", "prod\n"]
    {
        assert_kept(&sandbox, drop_typing(&sandbox, wrong.as_bytes()), "the name does not match");
    }
}

#[test]
fn ctrl_c_cancels_and_so_does_the_end_of_the_input() {
    let sandbox = Sandbox::seeded();
    // Also in the middle of the name, and right after it: nobody has pressed Enter.
    for keys in ["\u{3}", "crudd\u{3}", "cruddur-messages\u{3}", "\u{4}", "cruddur-messages\u{4}\u{4}"] {
        assert_kept(&sandbox, drop_typing(&sandbox, keys.as_bytes()), "cancelled");
    }
}

#[test]
fn the_terminal_is_afterwards_as_it_was() {
    let sandbox = Sandbox::seeded();
    let command = on_prod(&sandbox, &["ddb", "drop", TABLE]);
    let program = command.get_program().to_str().unwrap().to_owned();
    let words: Vec<&str> = command.get_args().map(|word| word.to_str().unwrap()).collect();
    let mut shell = Command::new("sh");
    shell.args([
        "-c",
        "before=$(stty -g); \"$@\"; code=$?; [ \"$before\" = \"$(stty -g)\" ] && exit $code; exit 99",
        "sh",
    ]);
    shell.arg(&program).args(&words).current_dir(sandbox.path());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    for (keys, code) in [("\u{3}", 3), ("no\n", 3), ("\u{4}", 3), ("cruddur-messages\n", 0)] {
        let shell = quoted(&shell);
        typed_at(&shell, PROMPT, keys.as_bytes()).exits_with(code);
    }
    assert!(sandbox.describe(TABLE).is_none());
}

/// The same, of words that can stand between single quotes: the script as a file.
fn quoted(shell: &Command) -> Command {
    let words: Vec<&str> = shell.get_args().map(|word| word.to_str().unwrap()).collect();
    let file = shell.get_current_dir().unwrap().join("confirm.sh");
    std::fs::write(&file, words[1]).unwrap();
    let mut command = Command::new("sh");
    command.arg(&file).args(&words[3..]).current_dir(shell.get_current_dir().unwrap());
    command.envs(shell.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

#[test]
fn every_command_that_destroys_asks_for_its_own_name() {
    let sandbox = Sandbox::seeded();
    let database = sandbox.database();
    sandbox.write("empty.sql", "TRUNCATE activities");
    for (words, name) in [
        (&["db", "drop"][..], database),
        (&["db", "seed", "empty.sql"], database),
        (&["db", "schema-load"], database),
        (&["ddb", "check", "--repair"], TABLE),
        (&["ddb", "seed"], TABLE),
        (&["ddb", "stream", "disable"], TABLE),
        (&["ddb", "rename-user", "nina", "--display-name", "Nina"], "nina"),
    ] {
        let prompt = format!("Type {name} to confirm:");
        for keys in ["\u{3}", "another\n"] {
            let run = typed_at(&on_prod(&sandbox, words), &prompt, keys.as_bytes());
            assert_kept(&sandbox, run, "");
        }
    }
    assert_eq!(sandbox.sql("SELECT count(*) FROM activities"), [["1"]]);
    assert_eq!(sandbox.user("nina").display_name, "Nina Okafor");
    let yes = format!("{database}\n");
    let prompt = format!("Type {database} to confirm:");
    typed_at(&on_prod(&sandbox, &["db", "seed", "empty.sql"]), &prompt, yes.as_bytes()).exits_with(0);
    assert_eq!(sandbox.sql("SELECT count(*) FROM activities"), [["0"]]);
}

#[test]
fn production_stands_out_in_colour_and_without() {
    let sandbox = Sandbox::seeded();
    let refused = |command: &mut Command| Run::of(command).exits_with(3).stderr;
    let words = ["ddb", "drop", TABLE];
    let plain = refused(&mut on_prod(&sandbox, &words));
    let place = format!("DynamoDB at {} in us-east-1\n", sandbox.endpoint());
    assert!(plain.starts_with(&format!("*** PROD *** {place}")), "{plain}");
    let coloured = refused(on_prod(&sandbox, &words).env("CLICOLOR_FORCE", "1"));
    assert!(coloured.starts_with(&format!("\u{1b}[1;97;41m*** PROD ***\u{1b}[0m {place}")), "{coloured:?}");
    let quiet = refused(on_prod(&sandbox, &words).arg("--quiet"));
    assert!(quiet.starts_with("*** PROD *** "), "{quiet}");
}
