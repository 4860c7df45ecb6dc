//! Judges a group as it was read.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::super::{items, names};
use super::finding::{Finding, Invariant};
use super::suspects::Suspect;
use super::trace::uuid;
use crate::dynamodb::Item;
use crate::messages_table::create_message;
use crate::messages_table::group_rows::{Latest, sort_key};
use crate::messaging::Participant;

/// A group's newest message and rows, read consistently.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    pub(super) group: Uuid,
    pub(super) latest: Latest,
    /// By owner, the newest first.
    pub(super) rows: BTreeMap<Uuid, Vec<Item>>,
}

/// What is broken, and what each inbox should contain.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    pub(super) findings: Vec<Finding>,
    pub(super) wanted: Vec<Wanted>,
}

/// The one row that an inbox should have for the group.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) owner: Uuid,
    /// The participant that the row should name, if it names another now.
    pub(super) other: Option<Participant>,
}

/// The known names of users, for their rows.
pub(super) type Known = HashMap<Uuid, Participant>;

impl State {
    /// The newest message and the rows.
    pub(super) fn items(&self) -> impl Iterator<Item = &Item> {
        self.latest.newest.iter().chain(self.rows.values().flatten())
    }

    /// Whether there are two owners, and their rows name each other.
    pub(super) fn is_paired(&self) -> bool {
        let owners: Vec<_> = self.rows.keys().collect();
        let [a, b] = owners.as_slice() else { return false };
        self.names(**a, **b) && self.names(**b, **a)
    }

    /// Whether the row that `owner` keeps names `other`. True when there is none.
    fn names(&self, owner: Uuid, other: Uuid) -> bool {
        self.kept(owner).is_none_or(|row| named(row) == Some(other))
    }

    /// The row that `owner` keeps: a correct one, else one with the right key, else the newest.
    pub(super) fn kept(&self, owner: Uuid) -> Option<&Item> {
        let rows = self.rows.get(&owner)?;
        let Some(newest) = &self.latest.newest else { return rows.first() };
        rows.iter()
            .find(|row| shows(row, newest))
            .or_else(|| rows.iter().find(|row| sort_key(row) == sort_key(newest)))
            .or_else(|| rows.first())
    }

    /// Judges the group. `known` has the users whose names are known.
    pub(super) fn judge(&self, suspect: &Suspect, known: &Known) -> Verdict {
        let mut verdict = Verdict::default();
        if self.rows.is_empty() && !self.latest.any {
            // The whole group has been deleted since the survey.
            return verdict;
        }
        self.judge_pair(suspect, known, &mut verdict);
        for (owner, rows) in &self.rows {
            let Some(kept) = self.kept(*owner) else { continue };
            for row in rows.iter().filter(|row| sort_key(row) != sort_key(kept)) {
                let detail = format!("the user also has this group at {}", sort_key(kept));
                verdict.find(Finding::of(Invariant::DuplicateRow, row, detail).mendable(true));
            }
            self.judge_row(kept, &mut verdict);
        }
        if !self.latest.any
            && let Some(row) = self.rows.values().flatten().next()
        {
            verdict.find(Finding::of(Invariant::NoMessage, row, "the group has no messages"));
        }
        for finding in &mut verdict.findings {
            finding.message_group_uuid = Some(self.group);
            // With three or more inboxes, nothing shows which are right.
            finding.mendable &= self.rows.len() <= 2;
        }
        verdict
    }

    /// Checks that there are two rows, and each names the other's owner.
    fn judge_pair(&self, suspect: &Suspect, known: &Known, verdict: &mut Verdict) {
        let owners: Vec<Uuid> = self.rows.keys().copied().collect();
        // Whether `a` and `b` are the only senders, as far as is known.
        let only = |a: Uuid, b: Uuid| {
            !suspect.has_more_senders && suspect.senders.iter().all(|sender| *sender == a || *sender == b)
        };
        let can_name = |user: Uuid| known.contains_key(&user);
        let has_newest = self.latest.newest.is_some();
        match *owners.as_slice() {
            [] => {
                let pk = items::message_partition(self.group);
                let finding = |detail: &str| Finding::new(Invariant::NoRow, pk, detail);
                match *suspect.senders.as_slice() {
                    [a, b] if only(a, b) && can_name(a) && can_name(b) && has_newest => {
                        verdict
                            .find(finding("no row names the group; two people write in it").mendable(true));
                        verdict.want(a, known.get(&b));
                        verdict.want(b, known.get(&a));
                    }
                    [a] => verdict.find(finding(&format!(
                        "no row names the group, and only {a} has written in it: the other is unknown"
                    ))),
                    [a, b] if only(a, b) => verdict.find(finding(&format!(
                        "no row names the group, and the name of {a} or {b} is unknown"
                    ))),
                    [] => verdict.find(finding("no row names the group, and its messages name no sender")),
                    _ => {
                        verdict.find(finding("no row names the group, and more than two people write in it"));
                    }
                }
            }
            [a] => self.judge_single(a, suspect, known, verdict),
            [a, b] => {
                for (owner, other) in [(a, b), (b, a)] {
                    if self.names(owner, other) {
                        verdict.want(owner, None);
                        continue;
                    }
                    let Some(row) = self.kept(owner) else { continue };
                    let mendable = only(a, b) && can_name(other);
                    let detail = format!("the row names {}, but the other row is {other}'s", whom(row));
                    verdict.find(Finding::of(Invariant::WrongParticipant, row, detail).mendable(mendable));
                    verdict.want(owner, if mendable { known.get(&other) } else { None });
                }
            }
            _ => {
                for owner in &owners {
                    let Some(row) = self.kept(*owner) else { continue };
                    let detail = format!("the group is in the inboxes of {} users, not two", owners.len());
                    verdict.find(Finding::of(Invariant::WrongParticipant, row, detail));
                }
            }
        }
    }

    /// Judges a group in which only `a` has a row. The other participant is the one that it names, or
    /// the other sender.
    fn judge_single(&self, a: Uuid, suspect: &Suspect, known: &Known, verdict: &mut Verdict) {
        let Some(row) = self.kept(a) else { return };
        let named = named(row).filter(|named| *named != a);
        let mut senders = suspect.senders.iter().copied().filter(|sender| *sender != a);
        let sender = senders.next();
        let is_clear = !suspect.has_more_senders && senders.next().is_none();
        let other = match (named, sender) {
            (Some(named), None) => Some(named),
            (Some(named), Some(sender)) => (named == sender).then_some(named),
            (None, sender) => sender,
        };
        let mut want_a = None;
        if named.is_none() {
            let name = other.filter(|_| is_clear).and_then(|other| known.get(&other));
            let detail = format!("the row names {}, which is wrong", whom(row));
            let finding = Finding::of(Invariant::WrongParticipant, row, detail);
            verdict.find(finding.mendable(name.is_some()));
            want_a = name;
        }
        verdict.want(a, want_a);
        let missing = |owner: Option<Uuid>, detail: String| {
            let pk = owner.map_or_else(|| items::message_partition(self.group), items::inbox_partition);
            Finding::new(Invariant::OneRow, pk, detail)
        };
        let Some(other) = other.filter(|_| is_clear) else {
            let why =
                if named.is_some() { "people it does not name write in it" } else { "the other is unknown" };
            verdict.find(missing(None, format!("one of the group's two rows is missing, and {why}")));
            return;
        };
        let lost = "the user has no row of the group, but the other has";
        if self.latest.newest.is_none() {
            verdict.find(missing(Some(other), format!("{lost}; there is no message to show")));
        } else if let Some(name) = known.get(&a) {
            verdict.find(missing(Some(other), lost.to_owned()).mendable(true));
            verdict.want(other, Some(name));
        } else {
            verdict.find(missing(Some(other), format!("{lost}; the name of {a} is unknown")));
        }
    }

    /// Checks that the row shows the newest message.
    fn judge_row(&self, row: &Item, verdict: &mut Verdict) {
        let newest = self.latest.newest.as_ref();
        let Some(at) = items::instant(row) else {
            let detail = "the row's sort key is not a date and time";
            verdict.find(Finding::of(Invariant::UnparsableTime, row, detail).mendable(newest.is_some()));
            return;
        };
        let Some(newest) = newest else { return };
        let Some(newest_at) = items::instant(newest) else { return };
        let newest_key = sort_key(newest);
        let finding = if at < newest_at {
            Finding::of(Invariant::RowBehind, row, format!("the newest message is at {newest_key}"))
        } else if !create_message::is_row_of(at.microseconds(), newest_at.microseconds()) {
            Finding::of(Invariant::RowAhead, row, format!("the newest message is only at {newest_key}"))
        } else if shows(row, newest) {
            return;
        } else {
            Finding::of(Invariant::RowText, row, "the row's text is not its newest message's")
        };
        verdict.find(finding.mendable(true));
    }
}

impl Verdict {
    fn find(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    fn want(&mut self, owner: Uuid, other: Option<&Participant>) {
        self.wanted.push(Wanted { owner, other: other.cloned() });
    }
}

/// Whether `row` has the time and text of `message`.
pub(super) fn shows(row: &Item, message: &Item) -> bool {
    let (Some(row_at), Some(at)) = (items::instant(row), items::instant(message)) else { return false };
    create_message::is_row_of(row_at.microseconds(), at.microseconds())
        && items::get(row, names::MESSAGE) == items::get(message, names::MESSAGE)
}

fn named(row: &Item) -> Option<Uuid> {
    uuid(&items::get(row, names::USER_UUID))
}

fn whom(row: &Item) -> String {
    let named = items::get(row, names::USER_UUID);
    if named.is_empty() { "nobody".to_owned() } else { named }
}
