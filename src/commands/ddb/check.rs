//! `cruddur ddb check`

use std::collections::{BTreeMap, HashSet};

use clap::Args;
use uuid::Uuid;

use super::{ScanSpeedArgs, TableArgs};
use crate::commands::common::{OutputArgs, count as counted};
use crate::commands::ddb::args::usage::{Bill, UsageArgs};
use crate::commands::plan::show_requests;
use crate::commands::target::{ConfirmArgs, announce};
use crate::config::{DEFAULT_TABLE, Target};
use crate::context::Context;
use crate::dynamodb::item::json;
use crate::dynamodb::{Capacity, DynamoDb};
use crate::error::{Error, Kind, Result};
use crate::messages_table::{
    Finding, Invariant, Mentioned, MessagesTable, Mode, Names, Survey, SurveyResult, Suspect, Write,
};
use crate::output::{Column, Record, Records, Ui};

/// How many groups one PostgreSQL query asks for.
const GROUPS: usize = 64;
/// How many users one PostgreSQL query asks for.
const USERS: usize = 1000;

pub(super) const EXAMPLES: &str = "\
Examples:
  # read the whole table, and list what is broken
  cruddur ddb check
  # what a repair would write
  cruddur ddb check --repair --dry-run";

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Repair what the data itself determines; messages are never changed
    #[arg(long)]
    repair: bool,
    #[command(flatten)]
    speed: ScanSpeedArgs,
    /// Do not check users against PostgreSQL; take their names from the messages
    #[arg(long)]
    skip_users: bool,
    #[command(flatten)]
    table: TableArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    usage: UsageArgs,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

impl Record for Finding {
    const COLUMNS: &'static [Column] = &[
        Column::keep("PROMISE"),
        Column::wrap("GROUP"),
        Column::wrap("KEY"),
        Column::wrap("WHAT IS BROKEN"),
        Column::wrap("REPAIR"),
    ];

    fn cells(&self) -> Vec<String> {
        let repair = match (self.mended, self.mendable) {
            (true, _) => "done".to_owned(),
            (false, true) if self.writes.is_empty() => "possible".to_owned(),
            (false, true) => self.writes.iter().map(request).collect::<Vec<_>>().join("\n"),
            (false, false) => "by hand".to_owned(),
        };
        vec![
            self.promise.name().to_owned(),
            self.message_group_uuid.map(|group| group.to_string()).unwrap_or_default(),
            self.sk.iter().fold(self.pk.clone(), |key, sk| key + " " + sk),
            self.detail.clone(),
            repair,
        ]
    }
}

/// A request in a few words; JSON has the whole item.
fn request(write: &Write) -> String {
    let get = |name: &str| write.item().get(name).map(json::cell).unwrap_or_default();
    format!("{} {} {}", write.action(), get("pk"), get("sk"))
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &CheckArgs) -> Result<()> {
    let table = args.table.name(cx);
    let db = cx.dynamodb().await?;
    let mode = args.mode(&db);
    let at = announce(cx, ui, &db).await?;
    if mode == Mode::Repair {
        let consequence = format!("this rewrites the rows of broken groups in the table {table:?}");
        args.confirm.check(ui, &at, &table, &consequence)?;
    }
    if !args.skip_users {
        // Checks the connection before a long scan is paid for. An idle session would time out
        // during the scan, so this one is not kept.
        users_of(cx, &[]).await?;
    }
    ui.status(match db.units_to_scan(&table).await? {
        Some(units) => format!("reading the whole table: about {}", counted(units, "read unit")),
        None => "reading the whole table; its size is not known".to_owned(),
    });
    let messages = MessagesTable::new(&db, &table);
    let mut check = Check {
        records: ui.records::<Finding>(args.output.output, "findings"),
        tally: Tally::default(),
        read: Capacity::default(),
        written: Capacity::default(),
    };
    let mut surveyed = check.survey(messages.survey(args.speed.segments, args.speed.max_rcu).await?).await?;
    let mended = check.groups(cx, &messages, args, mode, &mut surveyed).await;
    if mended.is_ok() && !args.skip_users {
        check.users(cx, &mut surveyed).await?;
    }
    check.finish(ui, &db, args, &surveyed, &table, mended)
}

impl CheckArgs {
    const fn mode(&self, db: &DynamoDb) -> Mode {
        match (self.repair, db.is_dry_run()) {
            (false, _) => Mode::Report,
            (true, true) => Mode::Plan,
            (true, false) => Mode::Repair,
        }
    }
}

/// The users with these UUIDs that exist in PostgreSQL.
async fn users_of(cx: &Context, uuids: &[Uuid]) -> Result<Names> {
    let look = async { cx.postgres().await?.users_by_uuid(uuids).await };
    let users = look.await.map_err(|error| error.hint("to skip PostgreSQL add: --skip-users"))?;
    Ok(users.into_iter().map(|user| (user.uuid, user)).collect())
}

/// A running check.
struct Check {
    records: Records,
    tally: Tally,
    read: Capacity,
    written: Capacity,
}

#[derive(Default)]
struct Tally {
    found: u64,
    mendable: u64,
    mended: u64,
    /// What people have to repair by hand.
    by_hand: BTreeMap<Invariant, u64>,
    transactions: u64,
    items: u64,
    units: u64,
    unsettled: u64,
}

impl Check {
    fn report(&mut self, findings: &[Finding]) -> Result<()> {
        for finding in findings {
            self.records.push(finding)?;
            self.tally.add(finding);
        }
        self.records.flush()
    }

    async fn survey(&mut self, mut survey: Survey) -> Result<SurveyResult> {
        while let Some(findings) = survey.next_page().await? {
            self.report(&findings)?;
        }
        self.read = survey.capacity().clone();
        survey.finish()
    }

    /// Checks each suspect group again, and repairs it if asked to.
    async fn groups(
        &mut self,
        cx: &Context,
        messages: &MessagesTable,
        args: &CheckArgs,
        mode: Mode,
        surveyed: &mut SurveyResult,
    ) -> Result<()> {
        let mut session = None;
        loop {
            let suspects = surveyed.next_suspects(GROUPS)?;
            if suspects.is_empty() {
                return Ok(());
            }
            let mut names = Names::new();
            if !args.skip_users {
                let session = match &mut session {
                    Some(session) => session,
                    none => none.insert(cx.postgres().await?),
                };
                let users: HashSet<Uuid> = suspects.iter().flat_map(Suspect::users).collect();
                let users: Vec<Uuid> = users.into_iter().collect();
                names.extend(session.users_by_uuid(&users).await?.into_iter().map(|user| (user.uuid, user)));
            }
            let mut failed = None;
            for examined in messages.examine(suspects, names, mode).await {
                self.read.merge(&examined.read);
                self.written.merge(&examined.written);
                self.tally.unsettled += u64::from(examined.is_unsettled);
                self.report(&examined.findings)?;
                failed = failed.or(examined.error);
            }
            if let Some(error) = failed {
                return Err(error);
            }
        }
    }

    /// Lists the users that PostgreSQL does not have.
    async fn users(&mut self, cx: &Context, surveyed: &mut SurveyResult) -> Result<()> {
        let session = cx.postgres().await?;
        loop {
            let named = surveyed.next_users(USERS)?;
            if named.is_empty() {
                return Ok(());
            }
            let uuids: Vec<Uuid> = named.iter().map(|named| named.user).collect();
            let known: HashSet<Uuid> =
                session.users_by_uuid(&uuids).await?.into_iter().map(|user| user.uuid).collect();
            let unknown = named.iter().filter(|named| !known.contains(&named.user));
            let findings: Vec<Finding> = unknown.map(Mentioned::unknown).collect();
            self.report(&findings)?;
        }
    }

    /// Ends the output and prints the result.
    fn finish(
        self,
        ui: &mut Ui,
        db: &DynamoDb,
        args: &CheckArgs,
        surveyed: &SurveyResult,
        table: &str,
        mended: Result<()>,
    ) -> Result<()> {
        let Self { records, tally, read, written } = self;
        let (usage, mode) = (db.usage(read, written), args.mode(db));
        let counts = surveyed.counts();
        let mut plan = db.withheld();
        records.finish(&serde_json::json!({
            "count": tally.found,
            "mendable": tally.mendable,
            "mended": tally.mended,
            "read": counts,
            "consumed_capacity": args.usage.json(&usage),
        }))?;
        ui.status(format!(
            "read {}: {} and {} of {}",
            counted(counts.items, "item"),
            counted(counts.messages, "message"),
            counted(counts.rows, "row"),
            counted(counts.groups, "group"),
        ));
        if tally.unsettled > 0 {
            ui.warn(format!(
                "{} written to constantly and could not be checked",
                if tally.unsettled == 1 {
                    "a group was".to_owned()
                } else {
                    format!("{} groups were", tally.unsettled)
                }
            ));
        }
        if mode == Mode::Plan {
            ui.status(format!(
                "would write {} in {}, some {}; nothing was written",
                counted(tally.items, "item"),
                counted(tally.transactions, "transaction"),
                counted(tally.units, "write unit"),
            ));
            show_requests(ui, args.output.output, &mut plan)?;
        }
        let concluded = match mended {
            Err(error) if tally.mended == 0 => Err(error),
            Err(error) => {
                let message = format!("{}; {} repaired before that", error.message(), promises(tally.mended));
                Err(error.with(Kind::Partial, message))
            }
            Ok(()) => tally.conclude(ui, db, mode, table),
        };
        args.usage.show(ui, &usage, Bill::Run);
        concluded
    }
}

impl Tally {
    fn add(&mut self, finding: &Finding) {
        self.found += 1;
        self.mendable += u64::from(finding.mendable);
        self.mended += u64::from(finding.mended);
        if !finding.mendable {
            *self.by_hand.entry(finding.promise).or_default() += 1;
        }
        for write in &finding.writes {
            self.items += u64::from(!matches!(write, Write::Check(_)));
            self.units += write.units();
        }
        self.transactions += u64::from(!finding.writes.is_empty());
    }

    fn conclude(&self, ui: &mut Ui, db: &DynamoDb, mode: Mode, table: &str) -> Result<()> {
        let place = db.endpoint();
        let left = self.found - self.mended;
        if self.found == 0 {
            if self.unsettled > 0 {
                return Ok(());
            }
            ui.status(format!("found nothing wrong in {table:?} on {place}"));
            return Ok(());
        }
        if left == 0 {
            ui.status(format!("repaired {}", promises(self.mended)));
            return Ok(());
        }
        let mut error = if self.mended > 0 {
            Error::partial(format!(
                "repaired {} in the table {table:?} on {place}; {left} left",
                promises(self.mended)
            ))
        } else {
            Error::failed(format!("{} in the table {table:?} on {place}", promises(left)))
        };
        if mode != Mode::Repair && self.mendable > 0 {
            let prod = db.target().flag();
            let flag = if table == DEFAULT_TABLE { String::new() } else { format!(" --table {table}") };
            error = error.hint(format!(
                "{} can be repaired; run: cruddur ddb check --repair{flag}{prod}",
                self.mendable
            ));
        } else if self.mendable > self.mended {
            error = error.hint("other writers kept interfering; run it again when the table is less busy");
        }
        for (promise, count) in &self.by_hand {
            error = error.hint(format!("{count} × {}: {}", promise.name(), promise.help()));
            if *promise == Invariant::UnknownUser && db.target() == Target::Local {
                error = error.hint("if they exist under other uuids now, run: cruddur setup");
            }
        }
        Err(error)
    }
}

fn promises(count: u64) -> String {
    counted(count, "broken promise")
}
