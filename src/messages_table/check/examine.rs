//! The second pass: rereads each suspect consistently, and reports it only if it is still broken.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::super::{items, names};
use super::finding::{Finding, Invariant};
use super::repair::RepairPlan;
use super::reread::TRIES;
use super::suspects::Suspect;
use super::verdict::{Known, State, Verdict};
use crate::dynamodb::Capacity;
use crate::dynamodb::retry::pause;
use crate::dynamodb::write::transaction::TransactionOutcome;
use crate::error::{Error, Result};
use crate::messages_table::MessagesTable;
use crate::messages_table::group_rows::READING;
use crate::messaging::{Participant, Timestamp, User};

/// Groups examined concurrently.
const AT_ONCE: usize = 16;
/// The app writes the rows a moment after the message, so a group with an item newer than this gets
/// time to settle.
const YOUNG: Duration = Duration::from_secs(10);
/// The pauses before such a group is read again.
const SETTLING: [Duration; 3] =
    [Duration::from_millis(250), Duration::from_millis(500), Duration::from_millis(1250)];

/// What to do about a broken group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Only report it.
    Report,
    /// Also show what a repair would write.
    Plan,
    /// Repair it.
    Repair,
}

/// `PostgreSQL`'s users, by uuid.
pub type Names = HashMap<Uuid, User>;

/// The result of examining one group.
#[derive(Debug)]
pub struct Examined {
    /// What is or was broken; empty when the group is sound.
    pub findings: Vec<Finding>,
    /// Whether there is no result because other writers interfered on every try.
    pub is_unsettled: bool,
    /// The error that stopped the examination.
    pub error: Option<Error>,
    /// Read units.
    pub read: Capacity,
    /// Write units.
    pub written: Capacity,
}

impl MessagesTable {
    /// Rereads each suspect and, if `mode` says so, repairs what it can. The results are in the order
    /// of the suspects.
    pub async fn examine(&self, suspects: Vec<Suspect>, names: Names, mode: Mode) -> Vec<Examined> {
        let names = Arc::new(names);
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let mut tasks = JoinSet::new();
        for (index, suspect) in suspects.into_iter().enumerate() {
            let table = self.clone();
            let (names, turns) = (Arc::clone(&names), Arc::clone(&turns));
            tasks.spawn(async move {
                // The semaphore is never closed, so this cannot fail.
                let _turn = turns.acquire().await;
                (index, table.examine_one(&suspect, &names, mode).await)
            });
        }
        let mut examined: BTreeMap<usize, Examined> = BTreeMap::new();
        while let Some(done) = tasks.join_next().await {
            match done {
                Ok((index, one)) => _ = examined.insert(index, one),
                Err(cause) => {
                    let error = Error::failed("a group could not be examined").because(cause);
                    let failed = Examined { error: Some(error), ..self.nothing_examined() };
                    examined.insert(usize::MAX - examined.len(), failed);
                }
            }
        }
        examined.into_values().collect()
    }

    fn nothing_examined(&self) -> Examined {
        let (read, written) = self.no_capacity();
        Examined { findings: Vec::new(), is_unsettled: false, error: None, read, written }
    }

    async fn examine_one(&self, suspect: &Suspect, names: &Names, mode: Mode) -> Examined {
        let mut examined = self.nothing_examined();
        if let Err(error) = self.examine_into(suspect, names, mode, &mut examined).await {
            examined.error = Some(error);
        }
        examined
    }

    async fn examine_into(
        &self,
        suspect: &Suspect,
        names: &Names,
        mode: Mode,
        examined: &mut Examined,
    ) -> Result<()> {
        let mut settling = SETTLING.iter();
        let mut tries = 0;
        loop {
            let Some(state) = self.settled_state(suspect, &mut examined.read).await? else {
                examined.is_unsettled = true;
                return Ok(());
            };
            let known = self.known(&state, suspect, names, &mut examined.read).await?;
            let mut verdict = state.judge(suspect, &known);
            if verdict.findings.is_empty() {
                return Ok(());
            }
            if is_young(&state)
                && let Some(pause) = settling.next()
            {
                tokio::time::sleep(*pause).await;
                continue;
            }
            let plan = self.plan(&state, &verdict.wanted, &mut examined.read).await?;
            let Some(plan) = plan else {
                tries += 1;
                if tries > TRIES {
                    examined.is_unsettled = true;
                    return Ok(());
                }
                pause(tries).await;
                continue;
            };
            verdict.without_room(&plan);
            if mode != Mode::Report
                && let Some(first) = verdict.findings.iter_mut().find(|finding| finding.mendable)
            {
                first.writes = plan.writes();
            }
            if mode == Mode::Plan && self.db.is_dry_run() && !plan.is_idle() {
                let what = "cannot rehearse the repair";
                self.db.transact(plan.transaction(self)?, what, &mut examined.written).await?;
            }
            if mode != Mode::Repair || plan.is_idle() {
                examined.findings.append(&mut verdict.findings);
                return Ok(());
            }
            tries += 1;
            let transaction = plan.transaction(self)?;
            match self.db.transact(transaction, "cannot repair the group", &mut examined.written).await {
                Ok(TransactionOutcome::Done) if plan.postponed.is_empty() => {
                    verdict.mended();
                    examined.findings.append(&mut verdict.findings);
                    return Ok(());
                }
                Ok(TransactionOutcome::Done) => {
                    verdict.findings.retain(|finding| finding.mendable && !plan.postpones(finding));
                    verdict.mended();
                    examined.findings.append(&mut verdict.findings);
                    tries = 0;
                }
                Ok(TransactionOutcome::Overtaken(_)) if tries < TRIES => pause(tries).await,
                Ok(TransactionOutcome::Overtaken(_)) => {
                    for finding in &mut verdict.findings {
                        finding.detail.push_str("; other writers were always first");
                    }
                    examined.findings.append(&mut verdict.findings);
                    return Ok(());
                }
                Err(error) => {
                    examined.findings.append(&mut verdict.findings);
                    return Err(error);
                }
            }
        }
    }

    /// The names of the participants: from `PostgreSQL`, or else from the user's newest message.
    async fn known(
        &self,
        state: &State,
        suspect: &Suspect,
        names: &Names,
        capacity: &mut Capacity,
    ) -> Result<Known> {
        let mut known = Known::new();
        if state.is_paired() {
            return Ok(known);
        }
        let users: BTreeSet<Uuid> = suspect.users().chain(state.rows.keys().copied()).collect();
        for user in users {
            let name = match names.get(&user) {
                Some(user) => Some(Participant::from(user)),
                None => self.sender_of_group(state.group, user, capacity).await?,
            };
            known.extend(name.map(|name| (user, name)));
        }
        Ok(known)
    }

    /// `user`'s names in their newest message in the group.
    async fn sender_of_group(
        &self,
        group: Uuid,
        user: Uuid,
        capacity: &mut Capacity,
    ) -> Result<Option<Participant>> {
        let mut start = None;
        loop {
            let query = self
                .query_partition(items::message_partition(group))
                .scan_index_forward(false)
                .filter_expression("#user = :user")
                .expression_attribute_names("#user", names::USER_UUID)
                .expression_attribute_values(":user", items::text(user.to_string()))
                .set_exclusive_start_key(start);
            let page = self.page(query, READING, capacity).await?;
            if let Some(message) = page.items().first() {
                return Ok(Some(items::to_message(message).sender));
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(None);
            }
        }
    }
}

impl Verdict {
    fn mended(&mut self) {
        for finding in &mut self.findings {
            finding.mended = finding.mendable;
        }
    }

    /// Marks the findings whose repaired row would be too large as not repairable.
    fn without_room(&mut self, plan: &RepairPlan) {
        for owner in &plan.too_large {
            let pk = items::inbox_partition(owner);
            for finding in self.findings.iter_mut().filter(|finding| finding.pk == pk) {
                finding.mendable = false;
                finding.detail.push_str("; with that text the row would be too large");
            }
        }
    }
}

impl RepairPlan {
    fn postpones(&self, finding: &Finding) -> bool {
        finding.promise == Invariant::DuplicateRow
            && self.postponed.iter().any(|(pk, sk)| *pk == finding.pk && Some(sk) == finding.sk.as_ref())
    }
}

/// Whether the newest of the group's messages and rows is only seconds old.
fn is_young(state: &State) -> bool {
    let Some(newest) = state.items().filter_map(items::instant).max() else { return false };
    let age = Timestamp::now().microseconds().abs_diff(newest.microseconds());
    u128::from(age) < YOUNG.as_micros()
}
