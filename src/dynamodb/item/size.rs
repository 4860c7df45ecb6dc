//! Item sizes as DynamoDB charges for them, and the units they come to.
//!
//! Source: "DynamoDB item sizes and formats" and "Read and write operations" in the developer guide.
//! They call the size of a number approximate. How a sign and a decimal point count was observed on
//! the service.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::dynamodb::Item;

/// The largest item, in bytes of names and values.
/// Source: "Quotas in Amazon DynamoDB", item size.
pub const MAX_ITEM_BYTES: usize = 400 * 1024;
/// Bytes that a read unit covers.
pub const READ_UNIT: usize = 4096;
/// Bytes that a write unit covers.
pub const WRITE_UNIT: usize = 1024;
/// What a transaction charges for each of its actions on the table, as a multiple of its units. Indexes
/// are written after the transaction, and charged once.
/// Source: "Amazon DynamoDB Transactions: How it works" in the developer guide.
pub const TRANSACTED: usize = 2;
/// Overhead of a list or a map, whatever it holds.
const CONTAINER: usize = 3;
/// Overhead of each element of a list or a map.
const ELEMENT: usize = 1;

/// Size of an item in bytes: names, in UTF-8, and values.
pub fn item(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + of_value(value)).sum()
}

fn of_value(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => of_number(number),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        AttributeValue::Ns(numbers) => numbers.iter().map(|number| of_number(number)).sum(),
        AttributeValue::Bs(blobs) => blobs.iter().map(|bytes| bytes.as_ref().len()).sum(),
        AttributeValue::L(values) => {
            CONTAINER + values.iter().map(|value| ELEMENT + of_value(value)).sum::<usize>()
        }
        AttributeValue::M(values) => {
            let of_entry = |(name, value): (&String, &AttributeValue)| ELEMENT + name.len() + of_value(value);
            CONTAINER + values.iter().map(of_entry).sum::<usize>()
        }
        // Booleans and NULL. A type that this version does not know takes at least as much.
        _ => 1,
    }
}

/// One byte, plus one for every two significant digits, rounded up separately before and after the
/// decimal point, plus one for a minus sign.
fn of_number(number: &str) -> usize {
    let number = number.trim();
    let (is_negative, number) = match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number.strip_prefix('+').unwrap_or(number)),
    };
    let (digits, exponent) = match number.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i64>().unwrap_or_default()),
        None => (number, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    let leading = all.len() - all.trim_start_matches('0').len();
    let significant = all.trim_matches('0').len();
    if significant == 0 {
        return 1;
    }
    // The position of the decimal point, counted in significant digits.
    let point = i64::try_from(whole.len()).unwrap_or(i64::MAX).saturating_add(exponent)
        - i64::try_from(leading).unwrap_or(i64::MAX);
    let before = usize::try_from(point).unwrap_or_default().min(significant);
    1 + before.div_ceil(2) + (significant - before).div_ceil(2) + usize::from(is_negative)
}

/// Read units of one request for this many bytes: one item, or a page of Query or Scan, whose items
/// are added up before rounding. Reading nothing still costs the minimum.
pub fn read_units(bytes: usize, consistent: bool) -> f64 {
    let units = units_of(bytes, READ_UNIT);
    if consistent { units } else { units / 2.0 }
}

/// Write units of an item of this size, outside a transaction.
pub const fn write_units(bytes: usize) -> usize {
    let units = bytes.div_ceil(WRITE_UNIT);
    if units == 0 { 1 } else { units }
}

/// Write units of a change of an item, outside a transaction: those of the larger version. `None`: there
/// is none, or it is not known.
pub fn change_units(before: Option<&Item>, after: Option<&Item>) -> usize {
    write_units(before.map_or(0, item).max(after.map_or(0, item)))
}

/// Write units of the same change in an index, from its entries before and after. An entry that keeps
/// the index's `key` costs as an item does, or nothing if it is unchanged; another is deleted and put.
pub fn entry_units(before: Option<&Item>, after: Option<&Item>, key: &[&str]) -> usize {
    match (before, after) {
        (None, None) => 0,
        (Some(before), Some(after)) if before == after => 0,
        (Some(before), Some(after)) if key.iter().any(|name| before.get(*name) != after.get(*name)) => {
            write_units(item(before)) + write_units(item(after))
        }
        _ => change_units(before, after),
    }
}

fn units_of(bytes: usize, unit: usize) -> f64 {
    // No request comes near 2^32 units.
    f64::from(u32::try_from(bytes.div_ceil(unit).max(1)).unwrap_or(u32::MAX))
}
