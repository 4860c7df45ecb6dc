//! Many invented conversations.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::super::writing::{ended, watched};
use super::checkpoint::{self, SeedCheckpoint, as_given};
use super::{InventedArgs, SeedArgs};
use crate::commands::common::{count, shell_word};
use crate::commands::db::one_at_a_time;
use crate::commands::ddb::args::usage::Bill;
use crate::commands::hints;
use crate::commands::plan::show_plan;
use crate::commands::signals::{Signals, Stop};
use crate::commands::target::announce;
use crate::context::Context;
use crate::dynamodb::{BulkOptions, BulkWritten, Capacity, DynamoDb};
use crate::error::{Error, Kind, Result};
use crate::messages_table::{key_schema, put_invented};
use crate::messaging::{Invention, Timestamp};
use crate::output::Ui;
use crate::postgres::UsersAdded;

/// How often the checkpoint is saved. After a crash, the next run rewrites what came after it.
const SAVED_EVERY: Duration = Duration::from_secs(1);

pub(super) async fn run(
    cx: &Context,
    ui: &mut Ui,
    args: &SeedArgs,
    conversations: u64,
    messages: u64,
) -> Result<()> {
    let until = until(&args.invented)?;
    let invention = invention(&args.invented, conversations, messages, until.unwrap_or_else(Timestamp::now))?;
    let table = args.table.name(cx);
    let db = cx.dynamodb().await?;
    let broken_off = checkpoint::peek(cx, &db, &table)?;
    // Without `--until`, a resumed run keeps the end of the interrupted one.
    let resumed = broken_off.filter(|_| args.invented.resume);
    let ends = until.or_else(|| resumed.as_ref()?.until()).unwrap_or(invention.until);
    let invention = Invention { until: ends, ..invention };
    if db.table_schema(&table).await?.key != *key_schema() {
        return Err(Error::failed(format!(
            "the key of the table {table:?} on {} is not pk and sk, so it holds no messages",
            db.endpoint()
        )));
    }
    let url = cx.connection_url()?;
    let mut at = announce(cx, ui, &url).await?.and(announce(cx, ui, &db).await?);
    if cx.dry_run() {
        let from = resumed.filter(|run| run.is_of(&invention)).map_or(0, |run| run.written);
        rehearse(ui, &db, &table, &invention, from).await?;
        tell_until(ui, args, &invention);
        return Ok(());
    }
    let consequence = format!(
        "this adds {} and {} to the table {table:?} on {}, and {} to PostgreSQL",
        count(invention.conversations, "invented conversation"),
        count(invention.conversations * messages, "message"),
        db.endpoint(),
        count(invention.users, "user"),
    );
    args.confirm.check(ui, &at, &table, &consequence)?;
    let place = SeedCheckpoint::open(cx, &db, &table)?;
    let from = begin(ui, args, &place, &invention)?;

    let mut postgres = at.session(cx).await?;
    one_at_a_time(&postgres, ui).await?;
    let users = (0..invention.users).map(|index| invention.user(index));
    let added = postgres.add_users(users, invention.since()).await?;
    ui.status(format!(
        "added {} to {}; {} there already",
        count(added.inserted, "user"),
        postgres.url(),
        invention.users - added.inserted
    ));
    drop(postgres);

    let work = Work { db: &db, table: &table, invention: &invention, added: &added, place: &place, from };
    let started = Instant::now();
    let (outcome, through) = work.write(ui, args.invented.max_wcu).await?;
    let go_on = format!("to resume run: {}", command(cx, args, &invention));
    let total = invention.items();
    match outcome {
        Ok((written, None)) => {
            place.remove()?;
            show_written(ui, &table, &invention, written.items(), started.elapsed());
            args.usage.show(ui, &db.usage(Capacity::default(), written.capacity), Bill::Run);
            tell_until(ui, args, &invention);
            Ok(())
        }
        Ok((written, Some(stop))) => {
            place.save(&invention, through)?;
            ui.status(format!(
                "stopped: {} of {total} items are written, {} of them by this run",
                from + written.items(),
                written.items()
            ));
            args.usage.show(ui, &db.usage(Capacity::default(), written.capacity), Bill::Run);
            ui.hint(go_on);
            Err(stop.unfinished())
        }
        Err(error) => {
            place.save(&invention, through)?;
            // Items of an earlier run are written even if this one wrote none.
            let kind = if through > 0 && error.kind() == Kind::Failed { Kind::Partial } else { error.kind() };
            let message = error.message().to_owned();
            Err(error.with(kind, message).hint(go_on))
        }
    }
}

/// Prints what all runs have written, and how fast this one wrote its `items`.
fn show_written(ui: &mut Ui, table: &str, invention: &Invention, items: u64, took: Duration) {
    let Invention { users, conversations, messages, .. } = *invention;
    let seconds = took.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "for showing")]
    let rate = items as f64 / seconds.max(0.001);
    ui.status(format!(
        "wrote {} between {} to {table:?}",
        count(conversations, "conversation"),
        count(users, "user"),
    ));
    ui.status(format!(
        "with {} and {} in {seconds:.1} s: {rate:.0} items a second",
        count(conversations * messages, "message"),
        count(2 * conversations, "group row"),
    ));
    if invention.silent() > 0 {
        ui.status(format!("{} of {users} users are in no conversation", invention.silent()));
    }
}

/// Prints how to repeat the same conversations, if they end at the current time.
fn tell_until(ui: &mut Ui, args: &SeedArgs, invention: &Invention) {
    if args.invented.until.is_none() && !args.invented.resume {
        ui.hint(format!("to repeat the same conversations add: --until {}", as_given(invention.until)));
    }
}

/// Prints the requests and their cost.
async fn rehearse(ui: &mut Ui, db: &DynamoDb, table: &str, invention: &Invention, from: u64) -> Result<()> {
    let known = HashMap::new();
    let all = async {
        let mut writer = db.bulk_writer(table, key_schema(), BulkOptions::default());
        for item in invention.items_from(from, &known) {
            put_invented(&mut writer, &item).await?;
        }
        writer.finish().await
    };
    let plan = db.rehearse(table, all).await?;
    let users = count(invention.users, "user");
    ui.status(format!("would add the missing ones of {users} to PostgreSQL"));
    show_plan(ui, plan)
}

/// Parses `--until`.
fn until(args: &InventedArgs) -> Result<Option<Timestamp>> {
    let Some(text) = &args.until else { return Ok(None) };
    let until: Timestamp = text.parse().or_else(|_| format!("{text}T00:00:00Z").parse()).map_err(|_| {
        Error::usage(format!(
            "--until {text}: expected a day or a time, such as 2026-01-01 or 2026-01-01T12:00:00Z"
        ))
    })?;
    if until > Timestamp::now() {
        return Err(Error::usage(format!("--until {text}: it is in the future")));
    }
    Ok(Some(until))
}

/// What to invent, from the arguments.
fn invention(args: &InventedArgs, conversations: u64, messages: u64, until: Timestamp) -> Result<Invention> {
    let default = || (2 * conversations.isqrt() + 2).max(10).min(2 * conversations);
    let users = args.users.unwrap_or_else(default);
    if Invention::pairs(users) < u128::from(conversations) {
        return Err(Error::usage(format!(
            "--users {users}: too few for {conversations} conversations, each between a different pair: at most {}",
            Invention::pairs(users)
        )));
    }
    Ok(Invention { seed: args.seed, users, conversations, messages, until, years: args.years })
}

/// The number of the item to begin with.
fn begin(ui: &mut Ui, args: &SeedArgs, place: &SeedCheckpoint, invention: &Invention) -> Result<u64> {
    if args.invented.resume {
        let written = place.broken_off(invention, false)?.ok_or_else(|| {
            Error::failed("nothing to resume: no run was interrupted here")
                .hint("to start, leave out --resume")
        })?;
        ui.status(format!("resuming: {written} of {} items are written", invention.items()));
        return Ok(written);
    }
    match place.broken_off(invention, args.invented.until.is_none()) {
        Ok(None) => {}
        Ok(Some(written)) => {
            let items = invention.items();
            ui.warn(format!(
                "such a run was interrupted with {written} of {items} items written; starting over"
            ));
            ui.hint("to resume it add: --resume");
        }
        Err(error) => {
            ui.warn("another run of this kind was interrupted here and can no longer be resumed");
            hints::of(&error).iter().take(1).for_each(|hint| ui.hint(hint.to_string()));
        }
    }
    place.save(invention, 0)?;
    Ok(0)
}

/// The command that resumes the run.
fn command(cx: &Context, args: &SeedArgs, invention: &Invention) -> String {
    let Invention { seed, users, conversations, messages, years, .. } = invention;
    let units = args.invented.max_wcu.map(|units| format!(" --max-wcu {units}")).unwrap_or_default();
    let table = args.table.given().map(|table| format!(" --table {}", shell_word(table))).unwrap_or_default();
    format!(
        "cruddur ddb seed --conversations {conversations} --messages {messages} --users {users} --seed {seed} \
         --years {years} --until {}{units}{table}{} --resume",
        as_given(invention.until),
        cx.target().flag()
    )
}

struct Work<'a> {
    db: &'a DynamoDb,
    table: &'a str,
    invention: &'a Invention,
    added: &'a UsersAdded,
    place: &'a SeedCheckpoint,
    from: u64,
}

/// What was written and the signal that stopped it, or why it failed.
type Outcome = Result<(BulkWritten, Option<Stop>)>;

impl Work<'_> {
    /// Writes the items. Also returns how many are written, from the first on. The outer error is a
    /// local one.
    async fn write(&self, ui: &mut Ui, max_wcu: Option<f64>) -> Result<(Outcome, u64)> {
        let total = self.invention.items();
        let options = BulkOptions { max_wcu, total: Some(total - self.from) };
        let mut signals = Signals::catch()?;
        let mut writer = self.db.bulk_writer(self.table, key_schema(), options);
        let progress = writer.progress();
        let feeding = async {
            for item in self.invention.items_from(self.from, &self.added.known) {
                put_invented(&mut writer, &item).await?;
            }
            writer.flush().await
        };
        let mut saved = Instant::now();
        let save = || {
            if saved.elapsed() > SAVED_EVERY {
                self.place.save(self.invention, self.from + progress.done_through())?;
                saved = Instant::now();
            }
            Ok(())
        };
        let bar = ui.progress_with_rate("seeding", total);
        let outcome = match watched(bar, self.from, &progress, &mut signals, feeding, save).await {
            Ok(stop) => ended(ui, &mut writer, stop, &mut signals).await.map(|written| (written, stop)),
            Err(error) => Err(error),
        };
        Ok((outcome, self.from + progress.done_through()))
    }
}
