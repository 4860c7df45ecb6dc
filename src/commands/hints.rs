//! What helps against an error: the commands and flags for each reason.

use crate::config::DEFAULT_TABLE;
use crate::error::{Error, Hint, Reason};
use crate::target::Target;

use super::common::shell_word;

/// What helps against `error`, in words.
pub(crate) fn of(error: &Error) -> Vec<Hint> {
    let in_words = |hint: &Hint| match hint {
        Hint::For(reason) => for_reason(reason),
        words => vec![words.clone()],
    };
    error.hints().iter().flat_map(in_words).collect()
}

impl Target {
    /// ` --prod`, for a suggested command that needs it.
    pub(super) const fn flag(self) -> &'static str {
        match self {
            Self::Local => "",
            Self::Prod => " --prod",
        }
    }
}

/// ` --table NAME` and ` --prod`, where a command needs them.
pub(super) fn flags(table: &str, target: Target) -> String {
    let table =
        if table == DEFAULT_TABLE { String::new() } else { format!(" --table {}", shell_word(table)) };
    table + target.flag()
}

/// The hint to list the tables.
pub(super) fn list_tables(target: Target) -> Hint {
    format!("to see the tables there run: cruddur ddb list-tables{}", target.flag()).into()
}

fn run(command: impl Into<String>) -> Vec<Hint> {
    vec![Hint::Run(command.into())]
}

fn text(hint: impl Into<Hint>) -> Vec<Hint> {
    vec![hint.into()]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn for_reason(reason: &Reason) -> Vec<Hint> {
    match reason {
        Reason::Transient | Reason::RefusedCredentials | Reason::RefusedRole => Vec::new(),
        Reason::Timeout(limit) => {
            text(format!("to wait longer add: --timeout {}s", (*limit * 2).as_secs_f64().ceil()))
        }
        Reason::NotSent => text("this is a bug in cruddur, which should have shown what it would send"),
        Reason::NoLocalStack => run("cruddur local up"),
        Reason::NoEmulator => vec![
            "check the endpoint; a container's name is known only inside its network".into(),
            "for the local stack add: --endpoint-url http://localhost:8000".into(),
        ],
        Reason::NoService => text("check the network, --region and --endpoint-url"),
        Reason::NoRegion => text("give --region, set AWS_REGION, or put a region into the AWS profile"),
        Reason::BadRegion => {
            text("a region looks like eu-west-1; check --region, AWS_REGION and the AWS profile")
        }
        Reason::NoCredentials => text(
            "sign in (aws sso login), name a profile with --profile, or set AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY",
        ),
        Reason::LocalCredentials => text(
            "use another shell, or unset AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and \
             AWS_DEFAULT_REGION",
        ),
        Reason::MissingTable(table, target) => {
            vec![Hint::Run(format!("cruddur ddb schema-load{}", flags(table, *target))), list_tables(*target)]
        }
        Reason::ProtectedTable(table, target) => text(format!(
            "to switch the protection off run: cruddur ddb schema-load --no-deletion-protection{}",
            flags(table, *target)
        )),
        Reason::NoIndex(table, target) => text(format!(
            "it has no index; to read the table itself run: cruddur ddb scan{}",
            flags(table, *target)
        )),
        Reason::ConsistentIndex => text("leave --consistent out, or read the table itself"),
        Reason::NotKeyCondition => text("put everything else into --filter"),
        Reason::NotInKey(attribute, index) => match index {
            Some(index) => text(format!("to query by {attribute} add: --index {index}")),
            None => text("put what is not part of the key into --filter"),
        },
        Reason::OtherView(table, target) => vec![
            "a stream's view type cannot be changed, and cruddur ddb stream run works with any".into(),
            format!(
                "to replace the stream run: cruddur ddb stream disable{}, then enable it again",
                flags(table, *target)
            )
            .into(),
        ],
        Reason::CheckpointInUse => text("stop that run first, or name another file with --checkpoint"),
        Reason::OtherCheckpoint => text("name another file with --checkpoint"),
        Reason::MissingGroup(target) => {
            text(format!("to start a new one run: cruddur ddb patterns create-conversation{}", target.flag()))
        }
        Reason::MissingRow(target) => run(format!("cruddur ddb check --repair{}", target.flag())),
        Reason::BadCursor => {
            text("give the cursor as the last page printed it, or leave --cursor out to start over")
        }
        Reason::CursorHasRange => {
            text("leave the range out, because the cursor has it; or leave --cursor out to start over")
        }
        Reason::FileExists => text("name another file, or replace it with: --force"),
        Reason::UnfinishedExport => {
            vec!["to resume it add: --resume".into(), "to start over add: --force".into()]
        }
        Reason::StoppedExport => text("to resume it later add: --resume"),
        Reason::UnusableExport => text("to start over add --force instead of --resume"),
        Reason::MissingDatabase(target) => run(format!("cruddur db create{}", target.flag())),
        Reason::NotPostgres => text("check CONNECTION_URL; to start the local stack run: cruddur local up"),
        Reason::StartingUp(target) => run(format!("cruddur db wait{}", target.flag())),
        Reason::TooManyConnections(target) => text(format!(
            "to see who is connected, once there is room for one more, run: cruddur db sessions{}",
            target.flag()
        )),
        Reason::MissingRelation(target) => run(format!("cruddur db schema-load{}", target.flag())),
        Reason::OtherUsersTable => text(
            "the users table needs the columns uuid, handle and cognito_user_id, and for new users display_name \
             and email; cruddur db schema-load creates one with them, and drops this one",
        ),
        Reason::NoUsers(target) => {
            text(format!("the users table is empty; to fill it run: cruddur db seed{}", target.flag()))
        }
        Reason::UnsetVariable(name, plain) => {
            let colon = if *plain { "; if the colon is SQL's own, put a space after it" } else { "" };
            text(format!(
                "give it with --set {name}=VALUE or as the environment variable {name} (empty counts as unset){colon}"
            ))
        }
        Reason::SetsVariable(name) => match name {
            Some(name) => text(format!(
                "remove the line, and give the variable with --set {name}=VALUE or as the environment variable {name}"
            )),
            None => text("remove the line; variables come from --set NAME=VALUE and from the environment"),
        },
        Reason::IncludesFile => {
            text("remove the line, and load the files one after another: cruddur db seed FILE")
        }
        Reason::OtherRegion(home, asked) => {
            text(format!("the pool's id says {home}, but {asked} was asked; add: --region {home}"))
        }
        Reason::BadFilter => text(
            r#"a filter looks like --filter 'email ^= "nina"'; = compares the whole value, ^= its beginning"#,
        ),
        Reason::AddressTaken(email, target) => text(format!(
            "to see whose it is run: cruddur cognito list-users --filter {}{}",
            shell_word(&format!("email = \"{email}\"")),
            target.flag()
        )),
        Reason::HandleTaken(handle, target) => text(format!(
            "to change the password run: cruddur cognito set-password {}{}",
            shell_word(handle),
            target.flag()
        )),
        Reason::TemporaryPassword(handle, target) => text(format!(
            "the password is a temporary one; to set it run: cruddur cognito set-password {}{}",
            shell_word(handle),
            target.flag()
        )),
        Reason::WrongPassword(handle, target) => text(format!(
            "to set another password run: cruddur cognito set-password {}{}",
            shell_word(handle),
            target.flag()
        )),
        Reason::UnusableClient(client, source) => vec![
            format!("the app client {client:?} is from {source}").into(),
            "it must belong to the pool, have no secret, and allow USER_PASSWORD_AUTH".into(),
            "to use another add --client-id, or set AWS_COGNITO_USER_POOL_CLIENT_ID".into(),
        ],
        Reason::MissingPoolUser(target) => {
            text(format!("to see all users run: cruddur cognito list-users{}", target.flag()))
        }
        Reason::NotSavedUsers => text("to save one run: cruddur cognito list-users -o json > users.json"),
        Reason::UnusableRule => {
            text("name an ingress rule of your own, with --security-group-rule-id or DB_SG_RULE_ID")
        }
        Reason::MissingRule => text(
            "check the group, the rule, --region and --profile: an id is known in one region of one account",
        ),
        Reason::StackStarting => text("to end it run: cruddur local down"),
        Reason::OtherStack => text("to restart it run: cruddur local down, then: cruddur local up"),
        Reason::NoStackYet => text("to start it run: cruddur local up"),
        Reason::NoSnapshot => text("to list them run: cruddur local snapshots"),
        Reason::SnapshotExists(name) => {
            text(format!("to delete it run: cruddur local snapshot --delete {name}"))
        }
        Reason::SamePort => {
            text("choose another port: --dynamodb-port N, --postgres-port N or --cognito-port N")
        }
        Reason::DynamoDbPortTaken => text("stop it, or choose another port: --dynamodb-port N"),
        Reason::CognitoPortTaken => text("stop it, or choose another port: --cognito-port N"),
        Reason::PostgresPortTaken => {
            text("stop it, correct CONNECTION_URL, or choose another port: --postgres-port N")
        }
        Reason::PortOfOtherStack(variable) => vec![
            format!("unset {variable}: the stack here then gets a port of its own").into(),
            "to take the port from the other stack add: --ports fixed".into(),
        ],
        Reason::NoStackHere(project) => vec![
            "to start one here run: cruddur local up".into(),
            format!(
                "to use that one run: eval \"$(cd {} && cruddur local env)\"",
                shell_word(&project.to_string_lossy())
            )
            .into(),
        ],
        Reason::OtherStackRuns(folder) => {
            let folder = shell_word(&folder.to_string_lossy());
            text(format!("to stop it run: cruddur local down --data-dir {folder}"))
        }
        Reason::DamagedPorts(file) => text(format!(
            "to choose the ports anew run: rm {}, then: cruddur local up",
            shell_word(&file.to_string_lossy())
        )),
        Reason::NoDataFolder => text("set HOME or CRUDDUR_DATA_DIR, or give --data-dir"),
        Reason::ClosedFolder => {
            text("choose another folder with --data-dir or CRUDDUR_DATA_DIR (TMPDIR for an ephemeral stack)")
        }
    }
}
