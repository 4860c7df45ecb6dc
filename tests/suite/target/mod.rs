//! Which world a command works on, and where its settings come from.

mod env_file;
mod local;
mod prod;
mod usage;

use clap::CommandFactory as _;

/// Every command that does something, as words of a command line that parses.
fn every_command() -> Vec<Vec<String>> {
    let mut found = Vec::new();
    walk(&cruddur::cli::Cli::command(), &mut Vec::new(), &mut found);
    assert!(found.len() >= 16, "{found:?}");
    found
}

fn walk(command: &clap::Command, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let mut leaf = true;
    for subcommand in command.get_subcommands().filter(|command| command.get_name() != "help") {
        leaf = false;
        path.push(subcommand.get_name().to_owned());
        walk(subcommand, path, found);
        path.pop();
    }
    if leaf {
        let needed = command.get_arguments().filter(|argument| argument.is_required_set());
        let needed = needed.map(|argument| match argument.get_long() {
            Some(flag) => format!("--{flag}=x"),
            None => "x".to_owned(),
        });
        found.push(path.iter().cloned().chain(needed).collect());
    }
}
