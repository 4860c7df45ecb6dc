//! The whole command-line reference.

use crate::support::{Book, Run, bare_cruddur, shown_commands};

/// Where the flags stand that every command has.
const GLOBAL: &str = "Global options:\n";

#[test]
fn help_of_every_command() {
    let mut book = Book::open("help");
    // clap sets all flags of a command apart if one of them has a long text.
    let forms = [&["ddb", "seed"], &["ddb", "scan"]].map(|path| global_options(&help(path)));
    book.text("global-options", &forms.join("\n"));
    book.text("cruddur", &help(&[]));
    for (path, _) in shown_commands() {
        let path: Vec<&str> = path.split(' ').collect();
        let text = help(&path);
        let own = forms.iter().fold(text, |text, form| text.replace(form, "Global options: …\n"));
        book.text(&path.join("-"), &own);
    }
    let tasks = Run::of(&mut bare_cruddur(["help"])).succeeds();
    book.text("tasks", &tasks.stdout);
    book.close();
}

#[track_caller]
fn help(path: &[&str]) -> String {
    let run = Run::of(&mut bare_cruddur(path.iter().chain(&["--help"]))).succeeds();
    assert_eq!(run.stderr, "");
    run.stdout
}

/// The part of a help that every command has.
#[track_caller]
fn global_options(help: &str) -> String {
    let start = help.find(GLOBAL).expect("it has global options");
    let end = help.find("\nExamples:\n").expect("it has examples");
    help[start..end].to_owned()
}
