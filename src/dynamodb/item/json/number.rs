//! DynamoDB's numbers, as text: a float would lose digits.

use std::fmt::Write as _;

/// The maximum number of significant digits.
/// Source: "Supported data types and naming rules" in the developer guide, Number.
const DIGITS: usize = 38;
/// The exponents of the largest and the smallest magnitude, 9.99…E+125 and 1E-130.
const LARGEST: i64 = 125;
const SMALLEST: i64 = -130;

/// The canonical form of `text`, which equal numbers share: the digits without leading and trailing
/// zeros, and the exponent of the first.
///
/// # Errors
/// Why the service would reject it.
pub(super) fn canonical(text: &str) -> Result<String, String> {
    let refuse = |why: &str| Err(format!("{} {why}", shown(text)));
    let (is_negative, rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => {
            let Ok(exponent) = rest[at + 1..].parse::<i32>() else { return refuse("is not a number") };
            (&rest[..at], i64::from(exponent))
        }
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || whole.len() + fraction.len() == 0 {
        return refuse("is not a number");
    }
    let digits = [whole, fraction].concat();
    let Some(first) = digits.find(|digit| digit != '0') else { return Ok("0".to_owned()) };
    let significant = digits.trim_matches('0');
    let length = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let magnitude = length(whole.len()) - 1 - length(first) + exponent;
    if significant.len() > DIGITS {
        return refuse(&format!("has {} digits, but DynamoDB keeps {DIGITS}", significant.len()));
    }
    if magnitude > LARGEST {
        return refuse("is too large: DynamoDB's numbers end below 1E+126");
    }
    if magnitude < SMALLEST {
        return refuse("is too close to zero: DynamoDB's numbers start at 1E-130");
    }
    let mut canonical = String::with_capacity(significant.len() + 6);
    if is_negative {
        canonical.push('-');
    }
    canonical.push_str(significant);
    let _ = write!(canonical, "e{magnitude}");
    Ok(canonical)
}

/// Checks that the service accepts the number.
///
/// # Errors
/// Why it does not.
pub(super) fn check(text: &str) -> Result<(), String> {
    // Fast path: most numbers are just a few digits.
    if (1..=DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    canonical(text).map(drop)
}

/// The number as error messages show it, cut if it is long.
fn shown(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        return format!("{text:?}");
    }
    format!("{:?}…", text.chars().take(MOST).collect::<String>())
}
