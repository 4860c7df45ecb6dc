//! Which world a command works on, and where its settings come from.

mod env_file;
mod last_word;
mod local;
mod prod;
mod standing;
mod usage;

use cruddur::messaging::DEFAULT_GROUP;

use crate::support::leaves;

/// Every command that does something, as words of a command line that parses.
fn every_command() -> Vec<Vec<String>> {
    let leaves = leaves().into_iter().filter(|(path, _)| path != "help");
    let found: Vec<_> = leaves.map(|(path, command)| words(&path, &command)).collect();
    assert!(found.len() >= 16, "{found:?}");
    found
}

/// A command with whatever it needs.
fn words(path: &str, command: &clap::Command) -> Vec<String> {
    // Of a group of which one is needed, the first.
    let groups = command.get_groups().filter(|group| group.is_required_set());
    let of_groups: Vec<_> = groups.filter_map(|group| group.get_args().next()).collect();
    let is_needed =
        |argument: &clap::Arg| argument.is_required_set() || of_groups.contains(&argument.get_id());
    let needed = command.get_arguments().filter(|argument| is_needed(argument));
    let needed = needed.map(|argument| {
        let is_uuid = argument.get_value_names().is_some_and(|names| names.iter().any(|name| name == "UUID"));
        let possible = argument.get_possible_values();
        let value = match possible.first() {
            Some(first) => first.get_name().to_owned(),
            None if is_uuid => DEFAULT_GROUP.to_string(),
            // A condition, or attributes of an item.
            None if ["key", "condition", "attributes"].contains(&argument.get_id().as_str()) => {
                "pk=1".to_owned()
            }
            None => argument.get_id().to_string(),
        };
        argument.get_long().map_or(value.clone(), |flag| format!("--{flag}={value}"))
    });
    path.split(' ').map(ToOwned::to_owned).chain(needed).collect()
}
