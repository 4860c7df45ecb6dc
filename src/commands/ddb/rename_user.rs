//! `cruddur ddb rename-user`

use clap::{ArgGroup, Args};
use serde::Serialize;

use super::TableArgs;
use crate::commands::common::{OutputArgs, check_display_name, check_handle, count, shell_word};
use crate::commands::ddb::args::usage::{Bill, UsageArgs};
use crate::commands::plan::{requests_json, show_requests};
use crate::commands::signals::Signals;
use crate::commands::target::{ConfirmArgs, announce};
use crate::context::Context;
use crate::dynamodb::Plan;
use crate::error::{Error, Kind, Result};
use crate::messages_table::names::GROUP_INDEX;
use crate::messages_table::{MessagesTable, RenamePlan, RenamedCopies};
use crate::messaging::User;
use crate::output::{Column, Format, Record, Ui};
use crate::postgres::{Lock, Session};

pub(super) const EXAMPLES: &str = "\
Examples:
  # what would change, and what that would cost
  cruddur ddb rename-user nina --display-name 'Nina Okafor-Berg' --dry-run
  # change the handle, in PostgreSQL and in every message
  cruddur ddb rename-user oscar --new-handle oskar";

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("names").args(["display_name", "new_handle"]).required(true).multiple(true))]
pub struct RenameUserArgs {
    /// The user's current handle
    #[arg(value_name = "HANDLE")]
    handle: String,
    /// The new display name
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    /// The new handle
    #[arg(long, value_name = "HANDLE")]
    new_handle: Option<String>,
    #[command(flatten)]
    table: TableArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    usage: UsageArgs,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

/// The rename to make.
struct Rename {
    /// The user in PostgreSQL now.
    from: User,
    /// The user after the rename.
    to: User,
    /// Whether PostgreSQL already has the new handle and no user has the old one.
    resumed: bool,
}

impl Rename {
    /// Whether PostgreSQL has still to be changed.
    fn changes_the_user(&self) -> bool {
        self.from != self.to
    }
}

/// One kind of copy, and how many there are.
#[derive(Serialize)]
struct Copies {
    kind: &'static str,
    found: usize,
    renamed: usize,
}

impl Record for Copies {
    const COLUMNS: &'static [Column] =
        &[Column::keep("KIND"), Column::keep("FOUND"), Column::keep("RENAMED")];

    fn cells(&self) -> Vec<String> {
        vec![self.kind.to_owned(), self.found.to_string(), self.renamed.to_string()]
    }
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &RenameUserArgs) -> Result<()> {
    args.check()?;
    let table = args.table.name(cx);
    let mut postgres = cx.postgres().await?;
    let rename = args.resolve(&postgres).await?;
    let db = cx.dynamodb().await?;
    let at = announce(cx, ui, &postgres).await?.and(announce(cx, ui, &db).await?);
    if !cx.dry_run() && !postgres.try_lock(Lock::Renaming(rename.from.uuid)).await? {
        return Err(Error::failed(format!("another run is renaming {}", args.handle))
            .hint("run it again when that is done"));
    }

    let messages = MessagesTable::new(&db, &table);
    let plan = messages.plan_renaming(&rename.to).await?;
    if rename.resumed && plan.copies() == 0 {
        let (new, old) = (&rename.to, &args.handle);
        ui.status(format!(
            "nothing to do: {:?} ({}) already has these names, in every copy",
            new.handle, new.display_name
        ));
        ui.status(format!("no user has the handle {old:?}"));
        return args.show(ui, &messages, &rename, &plan, &messages.nothing_renamed());
    }
    // Only a copy with the old handle proves that this user had it.
    if rename.resumed && !plan.handles.contains(&args.handle) {
        let error = postgres.no_such_user(&args.handle).await?;
        return Err(error.hint(format!(
            "{:?} is taken, and nothing in {table:?} calls that user {:?}: either an earlier rename was complete, or it is another user",
            rename.to.handle, args.handle
        )));
    }
    ui.status(rename.line(&args.handle));
    ui.status(format!(
        "to rename: {} and {} in {}",
        count(plan.messages, "message"),
        count(plan.rows, "group row"),
        count(plan.groups, "group")
    ));
    ui.status(format!(
        "that takes an estimated {}",
        count(plan.table_units + plan.index_units, "write unit")
    ));
    ui.detail(format!("  write units of the table: {}", plan.table_units));
    ui.detail(format!("  write units of {GROUP_INDEX}: {}", plan.index_units));
    let mut done = messages.nothing_renamed();
    if cx.dry_run() {
        let mut ignored = |_| {};
        let copies = messages.rename_copies(&rename.to, &mut done, &mut ignored);
        let requests = db.rehearse(&table, copies).await?;
        let statement =
            rename.changes_the_user().then(|| postgres.plan_rename_user(&rename.from, &rename.to));
        return args.show_plan(ui, &messages, &rename, &plan, (statement, requests));
    }
    let consequence =
        format!("this renames {} and {} copies in the table {table:?}", args.handle, plan.copies());
    args.confirm.check(ui, &at, &args.handle, &consequence)?;

    // PostgreSQL first: from then on the app copies the new names, so the number of old copies can
    // only fall.
    if rename.changes_the_user() {
        postgres.rename_user(&rename.from, &rename.to).await?;
    }
    if let Err(error) = rename_copies(ui, &messages, &rename.to, &plan, &mut done).await {
        return Err(args.broken_off(cx, ui, &rename, &plan, &done, error));
    }
    args.show(ui, &messages, &rename, &plan, &done)
}

/// Renames the copies under a progress bar, until they are done or Ctrl-C is pressed.
async fn rename_copies(
    ui: &mut Ui,
    messages: &MessagesTable,
    user: &User,
    plan: &RenamePlan,
    done: &mut RenamedCopies,
) -> Result<()> {
    let progress = ui.progress("renaming", plan.copies());
    let mut advance = |copies| progress.advance(copies);
    let mut signals = Signals::catch()?;
    tokio::select! {
        result = messages.rename_copies(user, done, &mut advance) => result,
        stop = signals.next() => Err(stop.unfinished()),
    }
}

impl RenameUserArgs {
    fn check(&self) -> Result<()> {
        if let Some(name) = &self.display_name {
            check_display_name("--display-name", name)?;
        }
        self.new_handle.as_ref().map_or(Ok(()), |handle| check_handle("--new-handle", handle))
    }

    /// Finds the user by the handle, or by the new one after an interrupted run.
    async fn resolve(&self, postgres: &Session) -> Result<Rename> {
        let named = |user: &User| User {
            uuid: user.uuid,
            display_name: self.display_name.clone().unwrap_or_else(|| user.display_name.clone()),
            handle: self.new_handle.clone().unwrap_or_else(|| user.handle.clone()),
        };
        let new_handle = self.new_handle.as_ref().filter(|new| **new != self.handle);
        let has_new = match new_handle {
            Some(new) => postgres.find_user(new).await?,
            None => None,
        };
        match (postgres.find_user(&self.handle).await?, has_new) {
            (Some(user), None) => Ok(Rename { to: named(&user), from: user, resumed: false }),
            (Some(_), Some(other)) => Err(postgres.handle_taken(&other.handle)),
            // Both names are changed at once, so an interrupted run left both.
            (None, Some(user)) if named(&user) == user => {
                Ok(Rename { to: user.clone(), from: user, resumed: true })
            }
            (None, _) => Err(postgres.no_such_user(&self.handle).await?),
        }
    }

    fn show(
        &self,
        ui: &mut Ui,
        messages: &MessagesTable,
        rename: &Rename,
        plan: &RenamePlan,
        done: &RenamedCopies,
    ) -> Result<()> {
        self.show_with(ui, messages, rename, plan, (done, serde_json::Value::Null))
    }

    fn show_with(
        &self,
        ui: &mut Ui,
        messages: &MessagesTable,
        rename: &Rename,
        plan: &RenamePlan,
        (done, planned): (&RenamedCopies, serde_json::Value),
    ) -> Result<()> {
        let found = usize::from(rename.changes_the_user());
        let rows = [
            Copies { kind: "users", found, renamed: if messages.db().is_dry_run() { 0 } else { found } },
            Copies { kind: "messages", found: plan.messages, renamed: done.messages },
            Copies { kind: "group rows", found: plan.rows, renamed: done.rows },
        ];
        let mut records = ui.records::<Copies>(self.output.output, "copies");
        for row in &rows {
            records.push(row)?;
        }
        let mut read = plan.read.clone();
        read.merge(&done.read);
        let usage = messages.db().usage(read, done.written.clone());
        records.finish(&serde_json::json!({
            "count": rows.len(),
            "dry_run": messages.db().is_dry_run(),
            "plan": planned,
            "estimated_write_units": plan.table_units + plan.index_units,
            "consumed_capacity": self.usage.json(&usage),
        }))?;
        if !messages.db().is_dry_run() && rename.to.handle != self.handle {
            ui.hint(format!(
                "the user pool is not changed: set preferred_username to {:?} there too",
                rename.to.handle
            ));
        }
        self.usage.show(ui, &usage, Bill::Run);
        Ok(())
    }

    /// Dry run: prints what was found, then the requests.
    fn show_plan(
        &self,
        ui: &mut Ui,
        messages: &MessagesTable,
        rename: &Rename,
        plan: &RenamePlan,
        (statement, mut requests): (Option<String>, Plan),
    ) -> Result<()> {
        let shown = serde_json::json!({ "statement": &statement, "requests": requests_json(&mut requests)?["requests"] });
        self.show_with(ui, messages, rename, plan, (&messages.nothing_renamed(), shown))?;
        let format = self.output.output;
        if let Some(statement) = statement.filter(|_| format == Format::Table) {
            ui.data(&format!("{statement};\n"))?;
        }
        show_requests(ui, format, &mut requests)
    }

    /// Adds how to resume to `error`, if something was written. After Ctrl-C that is printed instead.
    fn broken_off(
        &self,
        cx: &Context,
        ui: &mut Ui,
        rename: &Rename,
        plan: &RenamePlan,
        done: &RenamedCopies,
        error: Error,
    ) -> Error {
        let far = format!(
            "{}{} of {} copies are renamed",
            if rename.changes_the_user() { "the user and " } else { "" },
            done.copies(),
            plan.copies().max(done.copies())
        );
        let command = self.command(cx);
        if error.kind() == Kind::Interrupted {
            ui.warn(format!("interrupted; {far}"));
            ui.hint(format!("to resume run: {command}"));
            return error;
        }
        if !rename.changes_the_user() && done.copies() == 0 {
            return error;
        }
        let message = format!("{}; {far}", error.message());
        error.with(Kind::Partial, message).hint(format!("to resume run: {command}"))
    }

    /// The command line that repeats this run.
    fn command(&self, cx: &Context) -> String {
        let mut words = vec![shell_word(&self.handle)];
        for (flag, value) in [
            ("--display-name", &self.display_name),
            ("--new-handle", &self.new_handle),
            ("--table", &self.table.table),
        ] {
            words.extend(value.iter().flat_map(|value| [flag.to_owned(), shell_word(value)]));
        }
        format!("cruddur ddb rename-user {}{}", words.join(" "), cx.target().flag())
    }
}

impl Rename {
    fn line(&self, handle: &str) -> String {
        let User { display_name, handle: new, .. } = &self.to;
        match (self.resumed, self.changes_the_user()) {
            (true, _) => format!("{handle} is already {new} ({display_name}); copies remain"),
            (false, false) => format!("{handle} is already called {display_name}; copies remain"),
            (false, true) => {
                format!("{handle} ({}) becomes {new} ({display_name})", self.from.display_name)
            }
        }
    }
}
