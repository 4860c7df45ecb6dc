//! `cruddur help`: lists the commands by task.

use std::fmt::Write as _;

use clap::Args;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::{Ui, text};

pub(super) const EXAMPLES: &str = "\
Examples:
  # every command, by task
  cruddur help
  # the commands of a task, with an example of each
  cruddur help production
  # one command's help
  cruddur help ddb scan";

/// Tasks, and the commands for them. Each command appears once.
const TASKS: [(&str, &str, &[&str]); 8] = [
    (
        "Set up",
        "a database and a table to work with",
        &[
            "setup",
            "db setup",
            "db create",
            "db schema-load",
            "db seed",
            "db wait",
            "ddb schema-load",
            "ddb seed",
            "db drop",
            "ddb drop",
        ],
    ),
    (
        "Look",
        "at the data, and what reading it costs",
        &[
            "ddb patterns list-conversations",
            "ddb patterns get-conversation",
            "ddb list-tables",
            "ddb get",
            "ddb query",
            "ddb scan",
            "ddb stats",
            "ddb explain list-conversations",
            "ddb explain get-conversation",
            "ddb explain create-message",
            "ddb explain create-conversation",
            "ddb explain refresh-group",
            "db sessions",
            "db connect",
            "cognito list-users",
            "cognito sign-in",
        ],
    ),
    (
        "Write",
        "messages, users and single items",
        &[
            "ddb patterns create-message",
            "ddb patterns create-conversation",
            "ddb rename-user",
            "ddb put",
            "ddb delete",
            "cognito create-user",
            "cognito set-password",
            "cognito delete-user",
            "db update-cognito-user-ids",
        ],
    ),
    ("Bulk", "whole tables", &["ddb export", "ddb import", "ddb truncate"]),
    (
        "Repair",
        "find and fix what is broken, keep the inboxes up to date",
        &[
            "doctor",
            "ddb check",
            "ddb stream enable",
            "ddb stream run",
            "ddb stream tail",
            "ddb stream status",
            "ddb stream disable",
        ],
    ),
    (
        "Production",
        "access and permissions; most other commands take --prod",
        &["rds update-sg-rule", "ddb stream policy"],
    ),
    (
        "Local stack",
        "DynamoDB, PostgreSQL and Cognito on this machine",
        &[
            "local up",
            "local status",
            "local down",
            "local env",
            "local snapshot",
            "local snapshots",
            "local restore",
            "local exec",
        ],
    ),
    ("Shell", "settings, completions, help", &["config show", "completions", "man", "help"]),
];

#[derive(Debug, Args)]
pub struct HelpArgs {
    /// A task from the list, or a command
    #[arg(value_name = "TASK OR COMMAND")]
    words: Vec<String>,
}

impl HelpArgs {
    /// The command whose help is wanted, if the words name one.
    pub(crate) fn command(&self, root: &clap::Command) -> Option<&[String]> {
        (!self.words.is_empty() && super::find(root, &self.words).is_ok()).then_some(&self.words)
    }
}

pub(super) async fn run(_cx: &Context, ui: &mut Ui, args: &HelpArgs) -> Result<()> {
    let mut root = crate::cli::command();
    root.build();
    let wanted = args.words.join(" ").to_lowercase().replace('-', " ");
    let is_wanted = |title: &str| wanted.is_empty() || title.to_lowercase() == wanted;
    let tasks: Vec<_> = TASKS.iter().filter(|(title, ..)| is_wanted(title)).collect();
    if tasks.is_empty() {
        let titles: Vec<String> = TASKS.iter().map(|(title, ..)| title.to_lowercase()).collect();
        return Err(Error::usage(format!("there is no task or command {:?}", args.words.join(" ")))
            .hint(format!("the tasks are: {}", titles.join(", ")))
            .hint("to see all commands run: cruddur help"));
    }
    let width = ui.columns();
    let longest = TASKS.iter().flat_map(|(_, _, paths)| *paths).map(|path| path.len()).max().unwrap_or(0);
    let mut said = String::new();
    for (title, what, paths) in tasks {
        let _ = writeln!(said, "{title}: {what}");
        for path in *paths {
            let words: Vec<String> = path.split(' ').map(ToOwned::to_owned).collect();
            // A build without the local stack lacks its commands.
            let command = match super::find(&root, &words) {
                Err(_) if words[0] == "local" => continue,
                found => found?,
            };
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            let columns = width.saturating_sub(longest + 4).max(20);
            let mut lines = text::wrap(&about, columns).into_iter();
            let _ = writeln!(said, "  {path:longest$}  {}", lines.next().unwrap_or_default());
            for line in lines {
                let _ = writeln!(said, "{:1$}{line}", "", longest + 4);
            }
            if !wanted.is_empty() {
                said += &first_example(command);
            }
        }
        said.push('\n');
    }
    said += "To see a command's options and examples: cruddur help COMMAND\n";
    ui.data(&said)
}

/// The lines of a command's first example, indented.
fn first_example(command: &clap::Command) -> String {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let lines = help.lines().skip_while(|line| !line.starts_with("  # ")).skip(1);
    lines
        .take_while(|line| !line.starts_with("  # "))
        .fold(String::new(), |text, line| text + "    " + line + "\n")
}
