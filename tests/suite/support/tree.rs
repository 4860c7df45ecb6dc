//! The command tree, by clap's own word.

use clap::Command;

/// Every command, hidden ones too, as one types it; a command before those below it.
pub fn commands() -> Vec<(String, Command)> {
    fn walk(command: &Command, path: &str, found: &mut Vec<(String, Command)>) {
        for subcommand in command.get_subcommands() {
            let path = format!("{path} {}", subcommand.get_name()).trim_start().to_owned();
            found.push((path.clone(), subcommand.clone()));
            walk(subcommand, &path, found);
        }
    }
    let mut found = Vec::new();
    walk(&cruddur::cli::command(), "", &mut found);
    found
}

/// Those that help lists.
pub fn shown_commands() -> Vec<(String, Command)> {
    let mut found = commands();
    found.retain(|(_, command)| !command.is_hide_set());
    found
}

/// Those of them that do something: they have no subcommands.
pub fn leaves() -> Vec<(String, Command)> {
    let mut found = shown_commands();
    found.retain(|(_, command)| !command.has_subcommands());
    found
}
