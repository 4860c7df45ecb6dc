//! The alternatives, and what each would be charged.

use std::collections::BTreeSet;

use super::super::{items, names};
use super::app::App;
use super::measure::{Measurement, repeated, scan_like};
use super::recorder::{AnsweredQuery, Asked, Exchange, Recorder};
use super::writes::{Change, Charge, ItemsBefore, Projection};
use super::{Alternative, Figures, Recording, Request};
use crate::dynamodb::Capacity;
use crate::dynamodb::item::size;
use crate::error::Result;
use crate::messages_table::MessagesTable;

/// The app's and cruddur's requests, and what is needed to examine the alternatives for the app.
pub(super) struct Explainer<'a> {
    /// Records what it sends, and holds writes back.
    pub(super) table: &'a MessagesTable,
    pub(super) recorder: &'a Recorder,
    pub(super) measure: bool,
    /// The requests that cruddur sent.
    sent: &'a [Exchange],
    /// Whether the pattern writes.
    is_writer: bool,
    /// The requests that the app sent, if it only reads.
    of_app: &'a [Exchange],
    /// The app's reads.
    pub(super) reads: Vec<AnsweredQuery<'a>>,
    /// The app's writes.
    pub(super) app: Option<App>,
    pub(super) changes: Vec<Change>,
    /// The charge for these changes.
    pub(super) charge: Option<Charge>,
    /// Bytes of the table and of its index, from DescribeTable.
    sizes: [usize; 2],
    /// Whether there is an index and it projects all attributes.
    pub(super) projects_all: bool,
    /// The capacity consumed by examining the alternatives.
    pub(super) spent: Capacity,
}

impl<'a> Explainer<'a> {
    pub(super) async fn new(recording: &'a Recording, measure: bool, sent: &'a [Exchange]) -> Result<Self> {
        let schema = recording.table.db.table_schema(&recording.table.name).await?;
        let index = schema.index(names::GROUP_INDEX);
        let sizes = [schema.bytes, index.map_or(0, |index| index.bytes)];
        // Drops the DescribeTable: it is not part of the pattern.
        recording.recorder.take();
        let is_writer = recording.keeps_items;
        let app = if is_writer { App::of(sent) } else { None };
        // In a pattern that writes, the app's reads are those that cruddur sends to the index.
        let reads = if is_writer { sent } else { &recording.app }.iter().filter_map(AnsweredQuery::of);
        let changes = app.as_ref().map(App::changes).unwrap_or_default();
        Ok(Self {
            table: &recording.table,
            recorder: &recording.recorder,
            measure,
            sent,
            is_writer,
            of_app: &recording.app,
            reads: reads.filter(|read| !is_writer || read.is_indexed()).collect(),
            charge: app.as_ref().map(|_| Charge::of_each(&changes, Projection::All)),
            app,
            changes,
            sizes: sizes.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX)),
            projects_all: index.is_some_and(|index| index.projects_all),
            spent: Capacity::new(recording.table.db.is_emulated()),
        })
    }

    /// All alternatives, and the capacity consumed by examining them.
    pub(super) async fn alternatives(mut self) -> Result<(Vec<Alternative>, Capacity)> {
        let mut alternatives = Vec::new();
        alternatives.extend(self.by_the_app().await);
        alternatives.extend(self.by_cruddur());
        if self.reads.iter().any(|read| read.is_indexed()) {
            alternatives.push(self.inboxes_in_place_of_the_index().await?);
            alternatives.push(self.scans("without the index", false).await?);
            alternatives.push(self.scans("filter instead of index key", true).await?);
        } else if !self.reads.is_empty() {
            alternatives.push(self.strong().await?);
            alternatives.push(self.through_the_index());
            alternatives.push(self.whole_partitions().await?);
            alternatives.push(self.scans("filter instead of key condition", false).await?);
        } else if let Some(charge) = self.charge {
            alternatives.push(self.no_index_to_write(charge));
        }
        alternatives.extend(self.smaller_indexes());
        Ok((alternatives, self.spent))
    }

    /// The app's own reads. They are computed for a conversation that does not exist yet.
    pub(super) fn as_read(&self, note: impl Into<String>) -> Measurement {
        if self.reads.is_empty() {
            let computed = self.app.as_ref().map_or(0.0, |app| Projection::All.read_units(&app.rows));
            return Measurement {
                units: Some(computed),
                figures: Figures::Computed,
                ..Measurement::nothing(note)
            };
        }
        let mut found = Measurement::measured(note);
        self.reads.iter().for_each(|read| found.add_units(read.units()));
        found
    }

    pub(super) fn way(&self, way: &'static str, found: Measurement) -> Alternative {
        with_writes(way, found, self.charge)
    }

    /// The app's way. When it writes, nothing is sent.
    async fn by_the_app(&self) -> Option<Alternative> {
        let Some(app) = &self.app else {
            let requests = self.of_app.iter().map(Request::from).collect();
            let found = Measurement { requests, ..self.as_read("eventually consistent") };
            return (!self.is_writer).then(|| self.way("the app", found));
        };
        let note = format!("{}the stream's Lambda moves each row: a delete and a put", app.first_step());
        let requests = app.requests(self.table).await;
        Some(self.way("the app", Measurement { requests, ..self.as_read(note) }))
    }

    /// cruddur's way, if it differs from the app's.
    fn by_cruddur(&self) -> Option<Alternative> {
        let bodies = |sent: &'a [Exchange]| sent.iter().map(|exchange| &exchange.request);
        if !self.is_writer && bodies(self.sent).eq(bodies(self.of_app)) {
            return None;
        }
        let mut former = ItemsBefore::default();
        let answers = self.sent.iter().filter_map(|exchange| exchange.answer.as_ref());
        answers.clone().flat_map(|answer| &answer.items).for_each(|item| former.add(item));
        // Whatever it writes is one transaction.
        let charge = self.sent.iter().find_map(|exchange| match &exchange.asked {
            Asked::Transact(transaction) => Some(Charge::of(transaction, &former)),
            Asked::Query(_) | Asked::Other => None,
        });
        let is_all_years =
            self.sent.len() == 1 && self.sent[0].request["KeyConditionExpression"] == "pk = :pk";
        let note = match (self.is_writer, charge) {
            (false, _) if is_all_years => "the same, for all years",
            (false, _) => "what this command line asks for",
            (true, Some(_)) => "one transaction, not sent; strongly consistent except for the index",
            (true, None) => "there is nothing to write",
        };
        let reads: f64 = answers.map(|answer| answer.capacity.total).sum();
        let requests = self.sent.iter().map(Request::from).collect();
        let found = Measurement { units: Some(reads), requests, ..Measurement::measured(note) };
        Some(with_writes("cruddur", found, charge))
    }

    /// Every read, strongly consistent.
    async fn strong(&mut self) -> Result<Alternative> {
        let found = if self.measure {
            let mut found = Measurement::measured("the same request, strongly consistent");
            for read in self.reads.clone() {
                let query = repeated(&self.table.db.client, read.query).consistent_read(true);
                found.add(self.count(query, Some(1)).await?);
            }
            found
        } else {
            Measurement {
                units: Some(self.reads.iter().map(|read| size::read_units(read.answer.bytes, true)).sum()),
                figures: Figures::Computed,
                note: "the same request with ConsistentRead; from its items' sizes".to_owned(),
                requests: Vec::new(),
            }
        };
        Ok(self.way("strongly consistent", found))
    }

    /// An index has no strongly consistent reads, so this reads the inboxes instead.
    async fn inboxes_in_place_of_the_index(&mut self) -> Result<Alternative> {
        let mut found = Measurement::measured(
            "an index has no strongly consistent reads: both inboxes are read whole instead",
        );
        for read in self.reads.clone() {
            let rows = read.answer.items.iter().map(items::to_group);
            let rows: BTreeSet<(String, String)> =
                rows.map(|row| (row.owner_uuid, row.message_group_uuid)).collect();
            for (owner, group) in rows {
                let query = self.table.query_inbox(&owner, group);
                found.add(self.count(query, None).await?);
            }
        }
        Ok(self.way("strongly consistent", found))
    }

    fn through_the_index(&self) -> Alternative {
        let is_inbox = self
            .reads
            .iter()
            .any(|read| read.partition().is_some_and(|partition| partition.starts_with(names::GROUP_PREFIX)));
        let note = if is_inbox {
            "not possible: the index is by group, not by inbox"
        } else {
            "not possible: messages have no message_group_uuid, so the index lacks them"
        };
        self.way("through the index", Measurement::nothing(note))
    }

    /// Reads whole partitions, with a filter instead of the key's restriction. A Query accepts no
    /// filter on the sort key, but any filter costs the same.
    async fn whole_partitions(&mut self) -> Result<Alternative> {
        let mut found = Measurement::measured(
            "the partition is read whole, then filtered: on the sort key by the reader",
        );
        let partitions: BTreeSet<String> = self.reads.iter().filter_map(|read| read.partition()).collect();
        for partition in partitions {
            found.add(self.count(self.table.query_partition(partition), None).await?);
        }
        Ok(self.way("filter instead of sort key", found))
    }

    /// A Scan of the table or of its index instead of each Query.
    async fn scans(&mut self, way: &'static str, index: bool) -> Result<Alternative> {
        let bytes = self.sizes[usize::from(index)];
        let what = if index { "the index" } else { "the table" };
        let mut found = if self.measure {
            Measurement::measured(format!("{what} is scanned whole"))
        } else if bytes == 0 {
            Measurement::nothing(format!("{what} is scanned whole; DescribeTable does not know its size yet"))
        } else {
            let note = format!("{what} is scanned whole; DescribeTable says {bytes} bytes");
            Measurement { figures: Figures::Estimated, ..Measurement::measured(note) }
        };
        let mut seen = BTreeSet::new();
        for read in self.reads.clone() {
            // All pages of a Query become one Scan.
            if !seen.insert(read.partition()) {
                continue;
            }
            let index = read.query.index_name.clone().filter(|_| index);
            if self.measure {
                found.add(self.count_scan(scan_like(&self.table.db.client, read.query, index)).await?);
            } else {
                found.add_units(size::read_units(bytes, false));
                found.requests.extend(self.held_back(read.query, index).await);
            }
        }
        let mut way = self.way(way, found);
        if let Some(charge) =
            self.charge.filter(|_| way.way == "without the index" && way.write_units.is_some())
        {
            way.write_units = Some(number(charge.table));
        }
        Ok(way)
    }

    fn no_index_to_write(&self, charge: Charge) -> Alternative {
        let note = "no index to write, but a group's rows are then found only by a scan";
        Alternative {
            write_units: Some(number(charge.table)),
            ..self.way("without the index", self.as_read(note))
        }
    }
}

/// An alternative, with its write units.
fn with_writes(way: &'static str, found: Measurement, charge: Option<Charge>) -> Alternative {
    let Measurement { units, figures, note, requests } = found;
    let writes = units.is_some() && charge.is_some();
    Alternative {
        way,
        read_units: units,
        write_units: units.map(|_| number(charge.map_or(0, Charge::total))),
        read_figures: figures,
        write_figures: if writes { Figures::Computed } else { Figures::None },
        note,
        requests,
    }
}

pub(super) fn number(units: usize) -> f64 {
    f64::from(u32::try_from(units).unwrap_or(u32::MAX))
}
