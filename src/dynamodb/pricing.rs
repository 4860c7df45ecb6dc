//! The price table of `docs/prices.md`, which is the only place that has prices.

/// Read only when a price is asked for.
const TABLE: &str = include_str!("../../docs/prices.md");
/// Where a region that the table lacks finds its prices.
pub const DEFAULT_PRICE_REGION: &str = "us-east-1";

/// What request units cost in a region, on demand.
#[derive(Debug, Clone, PartialEq)]
pub struct Prices {
    /// The region, as AWS names it.
    pub region: &'static str,
    /// The day as of which they hold, `YYYY-MM-DD`.
    pub as_of: &'static str,
    /// US dollars for a million read request units.
    pub read: f64,
    /// US dollars for a million write request units.
    pub write: f64,
}

impl Prices {
    /// The prices of `region`, if the table has them.
    #[must_use]
    pub fn of(region: &str) -> Option<Self> {
        Self::all().find(|prices| prices.region == region)
    }

    /// Every line of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.lines().filter_map(Self::parse)
    }

    /// A line of the Markdown table. Its head and what is no table have no numbers.
    fn parse(line: &'static str) -> Option<Self> {
        let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
        let region = cells.next()?;
        let read = cells.next()?.parse().ok()?;
        let write = cells.next()?.parse().ok()?;
        Some(Self { region, as_of: cells.next()?, read, write })
    }
}
