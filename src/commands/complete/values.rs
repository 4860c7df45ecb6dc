//! Completes values that the target knows: tables, handles, message groups.

use std::ffi::{OsStr, OsString};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use clap::{Arg, ArgMatches, FromArgMatches as _};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use crate::config::{Config, Flags};
use crate::context::Context;
use crate::error::Result;
use crate::messages_table::{Direction, MessagesTable, Span};
use crate::messaging::MessageGroup;

/// The default timeout of a lookup: the user is waiting at the keyboard.
const TIMEOUT: Duration = Duration::from_millis(800);
/// More candidates than this help nobody.
const HANDLES: i64 = 100;
/// How many rows to read when looking for groups, from one inbox or from the index.
const ROWS: usize = 100;

/// The kind of value that an argument takes.
#[derive(Debug, Clone, Copy)]
enum ValueKind {
    Table,
    Handle,
    Group,
}

impl ValueKind {
    fn of(arg: &Arg) -> Option<Self> {
        match arg.get_id().as_str() {
            "table" => Some(Self::Table),
            "message_group_uuid" => Some(Self::Group),
            // A new handle must not exist yet.
            "new_handle" => None,
            _ => arg.get_value_names()?.iter().any(|name| name == "HANDLE").then_some(Self::Handle),
        }
    }
}

/// The target that the words before the cursor name.
#[derive(Default)]
pub(super) struct Target {
    flags: Option<Flags>,
    table: Option<String>,
    /// Whose inbox to search for groups.
    handle: Option<String>,
}

impl Target {
    /// Reads what it can from an incomplete command line.
    pub(super) fn of(words: &[OsString]) -> Arc<Self> {
        let Ok(matches) = crate::cli::command().ignore_errors(true).try_get_matches_from(words) else {
            return Arc::default();
        };
        let flags = Flags::from_arg_matches(&matches).ok();
        let mut leaf: &ArgMatches = &matches;
        while let Some((_, matches)) = leaf.subcommand() {
            leaf = matches;
        }
        let text = |name: &str| leaf.try_get_one::<String>(name).ok().flatten().cloned();
        Arc::new(Self { flags, table: text("table"), handle: text("from").or_else(|| text("handle")) })
    }

    /// Asks the target, with a timeout.
    fn ask(&self, kind: ValueKind, prefix: &OsStr) -> Option<Vec<CompletionCandidate>> {
        let prefix = prefix.to_str()?;
        // A dry run's clients cannot write.
        let flags = Flags { dry_run: true, ..self.flags.clone()? };
        let cx = Context::new(Config::load(&flags).ok()?, |_| ());
        let asked = async {
            match kind {
                ValueKind::Table => tables(&cx).await,
                ValueKind::Handle => handles(&cx, prefix).await,
                ValueKind::Group => self.groups(&cx).await,
            }
        };
        let mut found = in_time(cx.config().timeout().unwrap_or(TIMEOUT), asked)?.ok()?;
        found.retain(|candidate| {
            candidate.get_value().to_str().is_some_and(|value| value.starts_with(prefix))
        });
        Some(found)
    }

    /// The groups of the user named earlier on the line, latest first, else some of the table's.
    async fn groups(&self, cx: &Context) -> Result<Vec<CompletionCandidate>> {
        let table = cx.config().table(self.table.as_deref());
        let messages = MessagesTable::new(&cx.dynamodb().await?, table);
        let groups = match &self.handle {
            Some(handle) => {
                let user = cx.postgres().await?.user_by_handle(handle).await?;
                let span = Span::default();
                messages.groups(user.uuid, Direction::Backward, span)?.page(ROWS).await?.rows
            }
            None => messages.some_groups(ROWS).await?,
        };
        Ok(described(groups))
    }
}

/// Makes `command` and all its subcommands complete their values from `target`.
pub(super) fn attach(command: clap::Command, target: &Arc<Target>) -> clap::Command {
    command
        .mut_args(|arg| match ValueKind::of(&arg) {
            None => arg,
            Some(kind) => {
                let target = Arc::clone(target);
                let ask = move |prefix: &OsStr| target.ask(kind, prefix).unwrap_or_default();
                arg.add(ArgValueCompleter::new(ask))
            }
        })
        .mut_subcommands(|subcommand| attach(subcommand, target))
}

fn in_time<T>(request_timeout: Duration, work: impl Future<Output = T>) -> Option<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let done = runtime.block_on(async { tokio::time::timeout(request_timeout, work).await });
    // Does not wait for a lookup that is still running.
    runtime.shutdown_background();
    done.ok()
}

async fn tables(cx: &Context) -> Result<Vec<CompletionCandidate>> {
    let names = cx.dynamodb().await?.list_tables().await?;
    Ok(names.into_iter().map(CompletionCandidate::new).collect())
}

async fn handles(cx: &Context, prefix: &str) -> Result<Vec<CompletionCandidate>> {
    let users = cx.postgres().await?.users_by_prefix(prefix, HANDLES).await?;
    let candidate =
        |(handle, name): (String, String)| CompletionCandidate::new(handle).help(Some(name.into()));
    Ok(users.into_iter().map(candidate).collect())
}

/// One candidate per group, described by its users and its last message.
fn described(groups: Vec<MessageGroup>) -> Vec<CompletionCandidate> {
    let mut found: Vec<(String, Vec<String>, String)> = Vec::new();
    for group in groups {
        let MessageGroup { message_group_uuid, other, message, .. } = group;
        match found.iter_mut().find(|(uuid, ..)| *uuid == message_group_uuid) {
            Some((_, names, _)) => names.push(other.user_handle),
            None => found.push((message_group_uuid, vec![other.user_handle], message)),
        }
    }
    found
        .into_iter()
        .map(|(uuid, names, message)| {
            let help = format!("{}: {}", names.join(", "), crate::output::text::cut(&message, 40));
            CompletionCandidate::new(uuid).help(Some(help.into()))
        })
        .collect()
}
