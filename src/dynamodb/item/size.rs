//! The sizes that DynamoDB charges for, and the units they come to.
//!
//! Source: "DynamoDB item sizes and formats" and "Read and write operations" in the
//! developer guide. They call the size of a number approximate; how a sign and a
//! decimal point count is what the service has been observed to do.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::dynamodb::Item;

/// The largest item, in bytes of names and values.
/// Source: "Quotas in Amazon DynamoDB", item size.
pub const MAX_ITEM_BYTES: usize = 400 * 1024;
/// Bytes that a read unit covers.
pub const READ_UNIT: usize = 4096;
/// Bytes that a write unit covers.
pub const WRITE_UNIT: usize = 1024;
/// What a list or a map takes, whatever it holds.
const CONTAINER: usize = 3;
/// What each element of a list or a map takes besides.
const ELEMENT: usize = 1;

/// Bytes of an item: names, in UTF-8, and values.
#[must_use]
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
        // Booleans and NULL; and what a later version may bring takes that at least.
        _ => 1,
    }
}

/// A byte, and one for every two significant digits, those before the decimal
/// point and those after it rounded up each; a byte for the sign of a negative one.
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
    // Where the decimal point is, counted in significant digits.
    let point = i64::try_from(whole.len()).unwrap_or(i64::MAX).saturating_add(exponent)
        - i64::try_from(leading).unwrap_or(i64::MAX);
    let before = usize::try_from(point).unwrap_or_default().min(significant);
    1 + before.div_ceil(2) + (significant - before).div_ceil(2) + usize::from(is_negative)
}

/// The units of reading so many bytes in one request: of one item, or of a page
/// of Query and Scan, which add up their items before they round up. Even nothing
/// takes the least there is.
#[must_use]
pub fn read_units(bytes: usize, consistent: bool) -> f64 {
    let units = units_of(bytes, READ_UNIT);
    if consistent { units } else { units / 2.0 }
}

/// The units of writing an item of so many bytes, outside a transaction. Of an
/// item that is changed it is the larger of what it was and what it becomes.
#[must_use]
pub const fn write_units(bytes: usize) -> usize {
    let units = bytes.div_ceil(WRITE_UNIT);
    if units == 0 { 1 } else { units }
}

fn units_of(bytes: usize, unit: usize) -> f64 {
    // No request comes near 2^32 units.
    f64::from(u32::try_from(bytes.div_ceil(unit).max(1)).unwrap_or(u32::MAX))
}
