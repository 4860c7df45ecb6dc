//! The prices in `docs/prices.md`, the only place that has any.

/// Parsed only when a price is needed.
const TABLE: &str = include_str!("../../docs/prices.md");
/// The region whose prices apply to a region that the table lacks.
pub const DEFAULT_PRICE_REGION: &str = "us-east-1";

/// The on-demand prices of request units in a region.
#[derive(Debug, Clone, PartialEq)]
pub struct Prices {
    /// The region, as AWS names it.
    pub region: &'static str,
    /// The date of the prices, `YYYY-MM-DD`.
    pub as_of: &'static str,
    /// US dollars per million read request units.
    pub read: f64,
    /// US dollars per million write request units.
    pub write: f64,
}

impl Prices {
    /// The prices of `region`, if the table has them.
    pub fn of(region: &str) -> Option<Self> {
        Self::all().find(|prices| prices.region == region)
    }

    /// All rows of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.lines().filter_map(Self::parse)
    }

    /// Parses a row of the Markdown table. The header and other text have no numbers, so they give `None`.
    fn parse(line: &'static str) -> Option<Self> {
        let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
        let region = cells.next()?;
        let read = cells.next()?.parse().ok()?;
        let write = cells.next()?.parse().ok()?;
        Some(Self { region, as_of: cells.next()?, read, write })
    }
}
