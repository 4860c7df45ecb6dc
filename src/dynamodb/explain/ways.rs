//! The ways, and what each would be charged.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::operation::query::QueryInput;

use super::super::{Capacity, DynamoDb, items, names, size};
use super::measure::{Found, again, scan_like};
use super::recorder::{Answered, Asked, Exchange, Recorder};
use super::writes::{Charge, Former};
use super::{Figures, Request, Watched, Way};
use crate::error::Result;

/// What a pattern has sent, and the means to find out about other ways.
pub(super) struct Explainer<'a> {
    /// Records what it sends, and lets no write out.
    pub(super) db: &'a DynamoDb,
    pub(super) recorder: &'a Recorder,
    pub(super) table: &'a str,
    pub(super) measure: bool,
    reads: Vec<Read<'a>>,
    sent: &'a [Exchange],
    /// Bytes of the table and of its index, as DescribeTable has them.
    sizes: [usize; 2],
    /// Of the transactions that were not sent.
    charge: Option<Charge>,
    /// What finding out has consumed.
    pub(super) spent: Capacity,
}

/// A read of the pattern that was answered.
#[derive(Clone, Copy)]
struct Read<'a> {
    exchange: &'a Exchange,
    answer: &'a Answered,
}

impl<'a> Read<'a> {
    fn of(exchange: &'a Exchange) -> Option<Self> {
        exchange.answer.as_ref().map(|answer| Self { exchange, answer })
    }

    fn is_consistent(self) -> bool {
        self.exchange.request.get("ConsistentRead").is_some_and(|value| *value == true)
    }

    fn is_indexed(self) -> bool {
        self.exchange.request.get("IndexName").is_some()
    }

    fn query(self) -> Option<&'a QueryInput> {
        match &self.exchange.asked {
            Asked::Query(query) => Some(query),
            Asked::Transact(_) | Asked::Other => None,
        }
    }

    fn units(self) -> f64 {
        self.answer.capacity.total
    }

    /// Its units if strongly consistent: by the sizes of its items when all that
    /// were read have come back whole, else twice what eventually consistent takes.
    fn strong_units(self) -> f64 {
        let Answered { capacity, bytes, .. } = self.answer;
        let is_whole = capacity.returned == capacity.scanned
            && self.exchange.request.get("ProjectionExpression").is_none();
        match (self.is_consistent(), is_whole) {
            (true, _) => self.units(),
            (false, true) => size::read_units(*bytes, true),
            (false, false) => 2.0 * self.units(),
        }
    }
}

impl<'a> Explainer<'a> {
    pub(super) async fn new(
        watched: &'a Watched,
        table: &'a str,
        measure: bool,
        sent: &'a [Exchange],
    ) -> Result<Self> {
        let shape = watched.db.table_shape(table).await?;
        let of_index = shape.index(names::GROUP_INDEX).map_or(0, |index| index.bytes);
        let sizes = [shape.bytes, of_index].map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        // That is no read of the pattern's.
        watched.recorder.take();
        let mut former = Former::default();
        let items = sent.iter().filter_map(|exchange| exchange.answer.as_ref());
        items.flat_map(|answer| &answer.items).for_each(|item| former.add(item));
        let charges = sent.iter().filter_map(|exchange| match &exchange.asked {
            Asked::Transact(transaction) => Some(Charge::of(transaction, &former)),
            Asked::Query(_) | Asked::Other => None,
        });
        Ok(Self {
            db: &watched.db,
            recorder: &watched.recorder,
            table,
            measure,
            reads: sent.iter().filter_map(Read::of).collect(),
            sent,
            sizes,
            charge: charges.reduce(|mut sum, charge| {
                sum.add(charge);
                sum
            }),
            spent: Capacity::new(watched.db.is_emulated()),
        })
    }

    /// All of them, the pattern itself first, and what it took to find out.
    pub(super) async fn ways(mut self, writes: bool) -> Result<(Vec<Way>, Capacity)> {
        let reads = self.reads.clone();
        let mut ways = vec![self.billed(writes)];
        let has_eventual = reads.iter().any(|read| !read.is_consistent());
        if reads.iter().any(|read| read.is_indexed()) {
            ways.push(self.inboxes_in_place_of_the_index().await?);
            ways.push(self.scans("without the index", false).await?);
            ways.push(self.scans("filter instead of index key", true).await?);
        } else if has_eventual {
            ways.push(self.strong().await?);
        } else if !reads.is_empty() {
            ways.push(self.eventual());
        }
        if !reads.is_empty() && !reads.iter().any(|read| read.is_indexed()) {
            if self.charge.is_none() {
                ways.push(self.through_the_index());
            }
            ways.extend(self.whole_partitions().await?);
            ways.push(self.scans("filter instead of key condition", false).await?);
        }
        if let Some(charge) = self.charge {
            if charge.index > 0 && !reads.iter().any(|read| read.is_indexed()) {
                ways.push(self.no_index_to_write(charge));
            }
            ways.push(self.single_writes(charge));
        }
        Ok((ways, self.spent))
    }

    /// The pattern's own reads.
    fn as_read(&self, note: impl Into<String>) -> Found {
        if self.reads.is_empty() {
            return Found { units: Some(0.0), ..Found::nothing(note) };
        }
        let mut found = Found::measured(note);
        self.reads.iter().for_each(|read| found.add_units(read.units()));
        found
    }

    fn way(&self, way: &'static str, found: Found) -> Way {
        let Found { units, figures, note, requests } = found;
        let write_units = self.charge.map_or(0, |charge| charge.table + charge.index);
        let writes = units.is_some() && self.charge.is_some();
        Way {
            way,
            read_units: units,
            write_units: units.map(|_| number(write_units)),
            read_figures: figures,
            write_figures: if writes { Figures::Computed } else { Figures::None },
            note,
            requests,
        }
    }

    /// The pattern as it was run.
    fn billed(&self, writes: bool) -> Way {
        let how = match (
            self.reads.iter().any(|read| read.is_indexed()),
            self.reads.iter().all(|read| read.is_consistent()),
            self.reads.iter().any(|read| read.is_consistent()),
        ) {
            _ if self.reads.is_empty() => "nothing is read",
            (true, _, false) => "through the index, eventually consistent",
            (true, _, true) => "through the index eventually consistent, on the table strongly",
            (false, true, _) => "strongly consistent",
            (false, false, _) => "eventually consistent",
        };
        let wrote = match (self.charge, writes) {
            (Some(_), _) => "; the transaction was not sent, its units are computed from its items",
            (None, true) => "; there is nothing to write",
            (None, false) => "",
        };
        let requests = self.sent.iter().map(Request::from).collect();
        self.way("as billed", Found { requests, ..self.as_read(format!("{how}{wrote}")) })
    }

    /// Every read strongly consistent.
    async fn strong(&mut self) -> Result<Way> {
        let found = if self.measure {
            let mut found = Found::measured("the same requests, strongly consistent");
            for read in self.reads.clone() {
                match read.query().filter(|_| !read.is_consistent()) {
                    Some(query) => {
                        let query = again(&self.db.client, query).consistent_read(true);
                        found.add(self.count(query, Some(1)).await?);
                    }
                    None => found.add_units(read.units()),
                }
            }
            found
        } else {
            Found {
                units: Some(self.reads.iter().map(|read| read.strong_units()).sum()),
                figures: Figures::Computed,
                note: "the same requests with ConsistentRead; by the sizes of the items of each page"
                    .to_owned(),
                requests: Vec::new(),
            }
        };
        Ok(self.way("strongly consistent", found))
    }

    fn eventual(&self) -> Way {
        let half = |read: &Read<'_>| if read.is_consistent() { read.units() / 2.0 } else { read.units() };
        let found = Found {
            units: Some(self.reads.iter().map(half).sum()),
            figures: Figures::Computed,
            note: "half of it, but it may not see what was written a moment ago".to_owned(),
            requests: Vec::new(),
        };
        self.way("eventually consistent", found)
    }

    /// What the index gives can be had strongly consistent only from the inboxes.
    async fn inboxes_in_place_of_the_index(&mut self) -> Result<Way> {
        let mut found = Found::measured(
            "not through the index, which is read eventually consistent only: both inboxes are read whole instead",
        );
        for read in self.reads.clone() {
            if !read.is_indexed() {
                found.add_units(read.strong_units());
                continue;
            }
            let rows = read.answer.items.iter().map(items::to_group);
            let rows: BTreeSet<(String, String)> =
                rows.map(|row| (row.owner_uuid, row.message_group_uuid)).collect();
            for (owner, group) in rows {
                let query = self.db.query_inbox(self.table, &owner, group);
                found.add(self.count(query, None).await?);
            }
        }
        Ok(self.way("strongly consistent", found))
    }

    fn through_the_index(&self) -> Way {
        let is_inbox = self
            .reads
            .iter()
            .any(|read| partition(*read).is_some_and(|partition| partition.starts_with(names::GROUP_PREFIX)));
        let note = if is_inbox {
            "it cannot: the index is by group, and knows nobody's inbox"
        } else {
            "it cannot: messages are not in the index, for they have no message_group_uuid"
        };
        self.way("through the index", Found::nothing(note))
    }

    /// A filter in the place of what narrows the key: whole partitions are read.
    /// A Query takes no filter on the sort key; whatever it is on, it costs this.
    async fn whole_partitions(&mut self) -> Result<Option<Way>> {
        let narrows = |query: &QueryInput| {
            query.limit.is_some() || query.key_condition_expression().is_some_and(|key| key.contains("#sk"))
        };
        let narrow: BTreeSet<(String, bool)> = self
            .reads
            .iter()
            .filter(|read| read.query().is_some_and(narrows))
            .filter_map(|read| Some((partition(*read)?, read.is_consistent())))
            .collect();
        if narrow.is_empty() {
            return Ok(None);
        }
        let mut found =
            Found::measured("the partition is read whole, and filtered then: on the sort key by the reader");
        for (partition, consistent) in &narrow {
            let query = self.db.query_partition(self.table, partition.clone()).consistent_read(*consistent);
            found.add(self.count(query, None).await?);
        }
        for read in self.reads.iter().filter(|read| !read.query().is_some_and(narrows)) {
            found.add_units(read.units());
        }
        Ok(Some(self.way("filter instead of sort key", found)))
    }

    /// A Scan, of the table or of its index, in the place of each Query: of those of
    /// the index if there are any.
    async fn scans(&mut self, way: &'static str, index: bool) -> Result<Way> {
        let bytes = self.sizes[usize::from(index)];
        let has_index = self.reads.iter().any(|read| read.is_indexed());
        let what = if index { "the index" } else { "the table" };
        let mut found = if self.measure {
            Found::measured(format!("{what} is scanned whole"))
        } else if bytes == 0 {
            Found::nothing(format!(
                "{what} is scanned whole; DescribeTable has no size of it yet, --measure asks the table itself"
            ))
        } else {
            let note = format!("{what} is scanned whole; by DescribeTable it has {bytes} bytes");
            Found { figures: Figures::Estimated, ..Found::measured(note) }
        };
        let mut seen = BTreeSet::new();
        for read in self.reads.clone() {
            let Some(query) = read.query().filter(|_| read.is_indexed() == has_index) else {
                found.add_units(read.units());
                continue;
            };
            // The pages of one Query are one Scan.
            if !seen.insert((partition(read), query.index_name.clone())) {
                continue;
            }
            let index = query.index_name.clone().filter(|_| index);
            if self.measure {
                found.add(self.count_scan(scan_like(&self.db.client, query, index)).await?);
            } else {
                let consistent = query.consistent_read.unwrap_or_default();
                found.add_units(size::read_units(bytes, consistent));
                found.requests.extend(self.held_back(query, index).await);
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

    fn no_index_to_write(&self, charge: Charge) -> Way {
        let note = "nothing to write there; but a group's rows are then found by a scan only";
        Way { write_units: Some(number(charge.table)), ..self.way("without the index", self.as_read(note)) }
    }

    fn single_writes(&self, charge: Charge) -> Way {
        let note =
            "half of it for the table, but no longer all or nothing, and other writers are not noticed";
        let write_units = Some(number(charge.single + charge.index));
        Way { write_units, ..self.way("single puts and deletes", self.as_read(note)) }
    }
}

/// The partition that a Query of the table reads.
fn partition(read: Read<'_>) -> Option<String> {
    let values = read.query()?.expression_attribute_values()?;
    let key = values.get(":pk").or_else(|| values.get(":group"))?;
    key.as_s().ok().cloned()
}

fn number(units: usize) -> f64 {
    f64::from(u32::try_from(units).unwrap_or(u32::MAX))
}
