//! Many invented conversations.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::super::writing::{ended, watched};
use super::place::Place;
use super::{InventedArgs, SeedArgs};
use crate::commands::common::{announce, count, shell_word};
use crate::commands::plan::show_plan;
use crate::commands::signals::{Signals, Stop};
use crate::context::Context;
use crate::dynamodb::{BulkOptions, BulkWritten, Capacity, DynamoDb, KeyNames};
use crate::error::{Error, Kind, Result};
use crate::messaging::{Invention, Timestamp};
use crate::output::Ui;
use crate::postgres::UsersAdded;

/// Items of a dry run that are shown as they would be sent.
const SHOWN: usize = 25;
/// How often the place is saved: what a crash makes the next run write again.
const SAVED_EVERY: Duration = Duration::from_secs(1);

pub(super) async fn run(
    cx: &Context,
    ui: &mut Ui,
    args: &SeedArgs,
    conversations: u64,
    messages: u64,
) -> Result<()> {
    let invention = invention(&args.invented, conversations, messages)?;
    let table = args.table.name(cx);
    let db = cx.dynamodb().await?;
    if db.key_names(&table).await? != KeyNames::default() {
        return Err(Error::failed(format!(
            "the table {table:?} on {} has another key than pk and sk, so it holds no messages",
            db.place()
        )));
    }
    let url = cx.connection_url()?;
    announce(cx, ui, (&url, db.place())).await;
    if cx.dry_run() {
        return rehearse(ui, &db, &table, &invention).await;
    }
    let consequence = format!(
        "{} and {} are added to the table {table:?} on {}, and {} to PostgreSQL",
        count(invention.conversations, "invented conversation"),
        count(invention.conversations * messages, "message"),
        db.place(),
        count(invention.users, "user"),
    );
    args.confirm.check(cx, ui, &table, &consequence)?;
    let place = Place::open(cx, &db, &table)?;
    let from = begin(ui, args, &place, &invention)?;

    let mut postgres = cx.postgres().await?;
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
    let go_on = format!("to go on run: {}", command(cx, args, &invention));
    let total = invention.items();
    match outcome {
        Ok((written, None)) => {
            place.remove()?;
            let seconds = started.elapsed().as_secs_f64();
            #[expect(clippy::cast_precision_loss, reason = "for showing")]
            let rate = written.items() as f64 / seconds.max(0.001);
            ui.status(format!(
                "wrote {} of {} between {} and {} to {table:?} in {seconds:.1} s: {rate:.0} items a second",
                count(conversations * messages, "message"),
                count(conversations, "conversation"),
                count(invention.users, "user"),
                count(2 * conversations, "group row"),
            ));
            args.usage.show(ui, &db.usage(Capacity::default(), written.capacity));
            Ok(())
        }
        Ok((written, Some(stop))) => {
            place.save(&invention, through)?;
            ui.status(format!(
                "stopped: {} of {total} items are written, {} of them by this run",
                from + written.items(),
                written.items()
            ));
            args.usage.show(ui, &db.usage(Capacity::default(), written.capacity));
            ui.hint(go_on);
            Err(stop.unfinished())
        }
        Err(error) => {
            place.save(&invention, through)?;
            // Those of an earlier run are written all the same.
            let kind = if through > 0 && error.kind() == Kind::Failed { Kind::Partial } else { error.kind() };
            let message = error.message().to_owned();
            Err(error.with(kind, message).hint(go_on))
        }
    }
}

/// Shows the first requests, and what all of them take.
async fn rehearse(ui: &mut Ui, db: &DynamoDb, table: &str, invention: &Invention) -> Result<()> {
    let known = HashMap::new();
    let first = async {
        let mut writer = db.bulk_writer(table, BulkOptions::default());
        for item in invention.items_from(0, &known).take(SHOWN) {
            writer.put_invented(&item).await?;
        }
        writer.finish().await
    };
    let mut plan = db.rehearse(first).await?;
    let Invention { conversations, users, .. } = invention;
    plan.count = invention.items().div_ceil(25);
    // Whatever is invented takes less than 1 KB; rows are in the index.
    plan.effort.items = invention.items();
    plan.effort.table_units = invention.items();
    plan.effort.index_units = 2 * conversations;
    ui.status(format!("would add to PostgreSQL those of {} that are not there yet", count(*users, "user")));
    show_plan(ui, &plan)
}

/// What to invent, of what was asked for.
fn invention(args: &InventedArgs, conversations: u64, messages: u64) -> Result<Invention> {
    let until: Timestamp = format!("{}T00:00:00Z", args.until)
        .parse()
        .map_err(|_| Error::usage(format!("--until {}: it is a day, such as 2026-01-01", args.until)))?;
    if until > Timestamp::now() {
        return Err(Error::usage(format!("--until {}: messages are not from the future", args.until)));
    }
    let users = args.users.unwrap_or_else(|| (2 * conversations.isqrt() + 2).max(10));
    if Invention::pairs(users) < u128::from(conversations) {
        return Err(Error::usage(format!(
            "--users {users}: too few for {conversations} conversations, each between another two of them: that is at most {}",
            Invention::pairs(users)
        )));
    }
    Ok(Invention { seed: args.seed, users, conversations, messages, until, years: args.years })
}

/// The number of the item to begin with.
fn begin(ui: &mut Ui, args: &SeedArgs, place: &Place, invention: &Invention) -> Result<u64> {
    let broken_off = place.broken_off(invention);
    if args.invented.resume {
        let written = broken_off?.ok_or_else(|| {
            Error::failed("there is nothing to go on from: no run was broken off here")
                .hint("to begin, leave --resume out")
        })?;
        ui.status(format!("going on: {written} of {} items are written", invention.items()));
        return Ok(written);
    }
    match broken_off {
        Ok(None) => {}
        Ok(Some(written)) => {
            let items = invention.items();
            ui.warn(format!(
                "such a run was broken off with {written} of {items} items written; beginning anew"
            ));
            ui.hint("to go on from there add: --resume");
        }
        Err(error) => {
            ui.warn("another run of this kind was broken off here, and can no longer be resumed");
            error.hints().iter().take(1).for_each(|hint| ui.hint(hint));
        }
    }
    place.save(invention, 0)?;
    Ok(0)
}

/// The command that goes on.
fn command(cx: &Context, args: &SeedArgs, invention: &Invention) -> String {
    let Invention { seed, users, conversations, messages, years, .. } = invention;
    let units = args.invented.max_wcu.map(|units| format!(" --max-wcu {units}")).unwrap_or_default();
    let table = args.table.given().map(|table| format!(" --table {}", shell_word(table))).unwrap_or_default();
    format!(
        "cruddur ddb seed --conversations {conversations} --messages {messages} --users {users} --seed {seed} \
         --years {years} --until {}{units}{table}{} --resume",
        args.invented.until,
        cx.target().flag()
    )
}

struct Work<'a> {
    db: &'a DynamoDb,
    table: &'a str,
    invention: &'a Invention,
    added: &'a UsersAdded,
    place: &'a Place,
    from: u64,
}

/// What was written, and who stopped it; or why it failed.
type Outcome = Result<(BulkWritten, Option<Stop>)>;

impl Work<'_> {
    /// Writes the items, and says how far they are written from the first on. The error outside is
    /// one of this machine.
    async fn write(&self, ui: &mut Ui, max_wcu: Option<f64>) -> Result<(Outcome, u64)> {
        let total = self.invention.items();
        let options = BulkOptions { max_wcu, total: Some(total - self.from), ..BulkOptions::default() };
        let mut signals = Signals::catch()?;
        let mut writer = self.db.bulk_writer(self.table, options);
        let progress = writer.progress();
        let feeding = async {
            for item in self.invention.items_from(self.from, &self.added.known) {
                writer.put_invented(&item).await?;
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
            Ok(stop) => ended(&mut writer, stop, &mut signals).await.map(|written| (written, stop)),
            Err(error) => Err(error),
        };
        Ok((outcome, self.from + progress.done_through()))
    }
}
