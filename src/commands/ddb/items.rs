//! Prints the items of any table.

use clap::Args;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::commands::common::OutputArgs;
use crate::dynamodb::item::expression::{Condition, Projection, SyntaxError};
use crate::dynamodb::item::json;
use crate::dynamodb::{Item, KeySchema};
use crate::error::{Context as _, Result};
use crate::output::{Column, Format, Record, Records, Ui};

/// The columns that a table shows first: the key and what people read. JSON shows every attribute.
const READ_FIRST: [(&str, &str); 4] =
    [("pk", "PK"), ("sk", "SK"), ("user_handle", "HANDLE"), ("message", "MESSAGE")];

/// Which of the items, and what of them.
#[derive(Debug, Args)]
pub(super) struct SelectArgs {
    /// Only items that match this expression, such as "user_handle = 'nina'"
    ///
    /// A DynamoDB filter expression, with names and values written inline: =, <>, <, <=, >, >=,
    /// BETWEEN … AND …, IN (…), AND, OR, NOT, attribute_exists(a), attribute_not_exists(a),
    /// attribute_type(a, 'S'), begins_with(a, '…'), contains(a, …), size(a); a.b[0] is part of an
    /// attribute. Text is 'quoted'; numbers, true, false and null are not. Items that are filtered
    /// out are still read and charged.
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
    /// Parses `--filter`.
    pub(super) fn filter(&self) -> Result<Option<Condition>> {
        parse_condition(self.filter.as_deref(), "--filter")
    }

    /// Parses `--attributes`.
    pub(super) fn attributes(&self) -> Result<Option<Projection>> {
        parse_attributes(self.attributes.as_deref())
    }

    /// The output format.
    pub(super) const fn format(&self) -> Format {
        self.output.output
    }

    /// Begins printing items.
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

/// Parses the condition in the flag or argument `name`.
pub(super) fn parse_condition(text: Option<&str>, name: &str) -> Result<Option<Condition>> {
    text.map(str::parse).transpose().map_err(|error: SyntaxError| error.of(name))
}

/// Parses the value of `--attributes`.
pub(super) fn parse_attributes(text: Option<&str>) -> Result<Option<Projection>> {
    text.map(str::parse).transpose().map_err(|error: SyntaxError| error.of("--attributes"))
}

/// How one item is printed.
#[derive(Debug, Args)]
pub(super) struct ItemArgs {
    /// Print DynamoDB's typed JSON instead of plain values
    #[arg(long)]
    typed: bool,
    #[command(flatten)]
    output: OutputArgs,
}

impl ItemArgs {
    /// Prints an item, key first. `name` is its field in a JSON document.
    pub(super) fn show(
        &self,
        ui: &mut Ui,
        name: &str,
        item: Option<&Item>,
        key: &KeySchema,
        consumed: Value,
    ) -> Result<()> {
        let json = item.map(|item| json::Json { item, typed: self.typed });
        match (self.output.output, item) {
            (Format::Json, _) => {
                let json = serde_json::to_string(&json).or_failed(|| "cannot write JSON".to_owned())?;
                let (name, consumed) = (Value::from(name), consumed);
                ui.json(&format!("{{{name}:{json},\"consumed_capacity\":{consumed}}}"))
            }
            (Format::Ndjson, Some(_)) => ui.document(&json),
            (Format::Table, Some(item)) => {
                let mut names: Vec<&String> = item.keys().collect();
                names.sort_by_key(|name| {
                    (key.names().position(|part| part == *name).unwrap_or(usize::MAX), *name)
                });
                let mut records = ui.records::<Attribute>(Format::Table, "attributes");
                for name in names {
                    let value = item.get(name).map(json::cell).unwrap_or_default();
                    records.push(&Attribute { name: name.clone(), value })?;
                }
                records.finish(&())
            }
            (Format::Ndjson | Format::Table, None) => Ok(()),
        }
    }
}

#[derive(Serialize)]
struct Attribute {
    name: String,
    value: String,
}

impl Record for Attribute {
    const COLUMNS: &'static [Column] = &[Column::keep("ATTRIBUTE"), Column::wrap("VALUE")];

    fn cells(&self) -> Vec<String> {
        vec![self.name.clone(), self.value.clone()]
    }
}

/// Prints items as they arrive.
pub(super) struct Items {
    records: Records,
    typed: bool,
    attributes: Option<Projection>,
}

impl Items {
    /// Prints and flushes a page of items.
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
