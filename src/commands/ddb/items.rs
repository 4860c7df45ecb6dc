//! How commands that show items of any table show them.

use clap::Args;
use serde::{Serialize, Serializer};

use crate::dynamodb::expression::{Condition, Projection};
use crate::dynamodb::{Item, json};
use crate::error::Result;
use crate::output::{Column, Record, Records, Ui};

use crate::commands::common::OutputArgs;

/// A table shows the key and what people read; JSON shows every attribute.
const READ_FIRST: [(&str, &str); 4] =
    [("pk", "PK"), ("sk", "SK"), ("user_handle", "HANDLE"), ("message", "MESSAGE")];

/// Which of the items, and what of them.
#[derive(Debug, Args)]
pub(super) struct SelectArgs {
    /// Only items of which this is true, such as "user_handle = 'nina'"
    ///
    /// DynamoDB's own filter expressions, with names and values written straight into them:
    /// =, <>, <, <=, >, >=, BETWEEN … AND …, IN (…), AND, OR, NOT, attribute_exists(a),
    /// attribute_not_exists(a), attribute_type(a, 'S'), begins_with(a, '…'), contains(a, …),
    /// size(a); a.b[0] is a part of an attribute. Text is 'quoted', numbers, true, false and null
    /// are not. What is filtered out is read, and paid for, all the same.
    #[arg(long, value_name = "EXPR")]
    filter: Option<String>,
    /// Only these attributes, such as pk,sk,address.city
    #[arg(long, value_name = "A,B")]
    attributes: Option<String>,
    /// Print DynamoDB's typed JSON instead of plain values
    #[arg(long)]
    typed: bool,
    #[command(flatten)]
    output: OutputArgs,
}

impl SelectArgs {
    /// The filter.
    pub(super) fn filter(&self) -> Result<Option<Condition>> {
        let filter = self.filter.as_deref().map(str::parse).transpose();
        filter.map_err(|error: crate::dynamodb::expression::SyntaxError| error.of("--filter"))
    }

    /// The attributes.
    pub(super) fn attributes(&self) -> Result<Option<Projection>> {
        let attributes = self.attributes.as_deref().map(str::parse).transpose();
        attributes.map_err(|error: crate::dynamodb::expression::SyntaxError| error.of("--attributes"))
    }

    /// Begins to print items.
    pub(super) fn records(&self, ui: &mut Ui, attributes: Option<Projection>) -> Items {
        let columns: Vec<Column> = match &attributes {
            Some(paths) => paths.paths().iter().map(|path| Column::named(&path.to_string())).collect(),
            None => READ_FIRST
                .into_iter()
                .map(|(_, title)| Column::cut(title))
                .chain([Column::cut("OTHER ATTRIBUTES")])
                .collect(),
        };
        let records = ui.records_in::<Row<'_>>(self.output.output, "items", columns);
        Items { records, typed: self.typed, attributes }
    }
}

/// Prints items as they come.
pub(super) struct Items {
    records: Records,
    typed: bool,
    attributes: Option<Projection>,
}

impl Items {
    /// Prints a page, and hands it to the reader.
    pub(super) fn page(&mut self, items: &[Item]) -> Result<()> {
        for item in items {
            self.records.push(&Row { item, typed: self.typed, attributes: self.attributes.as_ref() })?;
        }
        self.records.flush()
    }

    /// How many were printed.
    pub(super) const fn count(&self) -> usize {
        self.records.count()
    }

    /// Ends the output. `rest` is an object whose fields join the JSON document.
    pub(super) fn finish(self, rest: &impl Serialize) -> Result<()> {
        self.records.finish(rest)
    }
}

struct Row<'a> {
    item: &'a Item,
    typed: bool,
    attributes: Option<&'a Projection>,
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json::Json { item: self.item, typed: self.typed }.serialize(serializer)
    }
}

impl Record for Row<'_> {
    fn cells(&self) -> Vec<String> {
        if let Some(attributes) = self.attributes {
            let cell = |path| attributes.find(path, self.item).map(json::cell).unwrap_or_default();
            return attributes.paths().iter().map(cell).collect();
        }
        let cell = |(name, _)| self.item.get::<str>(name).map(json::cell).unwrap_or_default();
        let mut cells: Vec<String> = READ_FIRST.into_iter().map(cell).collect();
        let is_other = |name: &&str| !READ_FIRST.iter().any(|(first, _)| first == name);
        let mut others: Vec<&str> = self.item.keys().map(String::as_str).filter(is_other).collect();
        others.sort_unstable();
        cells.push(others.join(" "));
        cells
    }
}
