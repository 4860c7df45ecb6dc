//! The sizes of items, and the units they round up to.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue::{self, B, Bool, Bs, L, M, N, Ns, Null, S, Ss};
use cruddur::dynamodb::Item;
use cruddur::dynamodb::item::size;
use proptest::prelude::*;

fn number(text: &str) -> AttributeValue {
    N(text.to_owned())
}

/// Every type there is, with the bytes of its value.
pub fn every_type() -> Vec<(AttributeValue, usize)> {
    let text = |text: &str| S(text.to_owned());
    vec![
        (text(""), 0),
        (text("abc"), 3),
        (text("À samedi! ⛴️"), 17),
        (B(Blob::new(vec![0, 1, 2, 255])), 4),
        (Bool(true), 1),
        (Bool(false), 1),
        (Null(true), 1),
        (Ss(vec!["a".to_owned(), "bcd".to_owned()]), 4),
        (Ns(vec!["1".to_owned(), "-123".to_owned()]), 2 + 4),
        (Bs(vec![Blob::new(vec![1]), Blob::new(vec![1, 2])]), 3),
        (L(vec![]), 3),
        (L(vec![text("ab"), number("12"), Bool(true)]), 3 + (1 + 2) + (1 + 2) + (1 + 1)),
        (M(HashMap::new()), 3),
        (M(HashMap::from([("name".to_owned(), text("ab"))])), 3 + (1 + 4 + 2)),
        (M(HashMap::from([("n".to_owned(), L(vec![Null(true)]))])), 3 + (1 + 1 + 3 + 1 + 1)),
        (number("0"), 1),
        (number("-0.00"), 1),
        (number("7"), 2),
        (number("42"), 2),
        (number("123"), 3),
        (number("-123"), 4),
        (number("100"), 2),
        (number("1010"), 3),
        (number("0.5"), 2),
        (number("0.0015"), 2),
        (number("1.5"), 3),
        (number("-1.5"), 4),
        (number("123.456"), 5),
        (number("1E+3"), 2),
        (number("15e-1"), 3),
        (number("1e125"), 2),
        (number("12345678901234567890123456789012345678"), 20),
    ]
}

#[test]
fn an_item_is_as_large_as_its_names_and_values() {
    assert_eq!(size::item(&Item::new()), 0);
    for (value, bytes) in every_type() {
        let item = Item::from([("pk".to_owned(), S("key".to_owned())), ("ñame".to_owned(), value.clone())]);
        assert_eq!(size::item(&item), 2 + 3 + 5 + bytes, "{value:?}");
    }
}

#[test]
fn units_begin_at_one_and_grow_at_the_boundary() {
    for (bytes, read, write) in [
        (0, 1.0, 1),
        (1, 1.0, 1),
        (1024, 1.0, 1),
        (1025, 1.0, 2),
        (4096, 1.0, 4),
        (4097, 2.0, 5),
        (8192, 2.0, 8),
        (400 * 1024, 100.0, 400),
        (1024 * 1024, 256.0, 1024),
    ] {
        assert_eq!(size::read_units(bytes, true).to_bits(), f64::to_bits(read), "{bytes}");
        assert_eq!(size::read_units(bytes, false).to_bits(), f64::to_bits(read / 2.0), "{bytes}");
        assert_eq!(size::write_units(bytes), write, "{bytes}");
    }
}

/// An item of so many bytes, with this value of an index's key.
fn entry(key: &str, bytes: usize) -> Item {
    let rest = bytes - "group".len() - key.len() - "text".len();
    Item::from([("group".to_owned(), S(key.to_owned())), ("text".to_owned(), S("x".repeat(rest)))])
}

/// By the documentation of global secondary indexes: an entry is put, deleted, updated in place, or, when
/// its key changes, deleted and put.
#[test]
fn a_change_in_an_index_costs_what_happens_to_its_entry() {
    let (small, large) = (entry("a", 1500), entry("a", 2500));
    let moved = entry("b", 2500);
    for (before, after, in_table, in_index) in [
        (None, None, 1, 0),
        (None, Some(&small), 2, 2),
        (Some(&large), None, 3, 3),
        (Some(&small), Some(&small), 2, 0),
        (Some(&small), Some(&large), 3, 3),
        (Some(&large), Some(&small), 3, 3),
        (Some(&small), Some(&moved), 3, 5),
    ] {
        assert_eq!(size::change_units(before, after), in_table, "{before:?} {after:?}");
        assert_eq!(size::entry_units(before, after, &["group"]), in_index, "{before:?} {after:?}");
    }
}

proptest! {
    #[test]
    fn units_cover_the_bytes_and_one_less_does_not(bytes in 1_u32..2_000_000) {
        let (wide, bytes) = (f64::from(bytes), bytes as usize);
        let strong = size::read_units(bytes, true);
        prop_assert!(strong * 4096.0 >= wide && (strong - 1.0) * 4096.0 < wide);
        prop_assert_eq!((size::read_units(bytes, false) * 2.0).to_bits(), strong.to_bits());
        let write = size::write_units(bytes);
        prop_assert!(write * 1024 >= bytes && (write - 1) * 1024 < bytes);
    }

    #[test]
    fn a_page_costs_no_more_than_its_items_one_by_one(sizes in prop::collection::vec(1_u32..20_000, 1..60)) {
        let sum: u32 = sizes.iter().sum();
        let page = size::read_units(sum as usize, false);
        let single: f64 = sizes.iter().map(|bytes| size::read_units(*bytes as usize, false)).sum();
        prop_assert!(page <= single);
        prop_assert!(page * 2.0 * 4096.0 >= f64::from(sum));
    }

    #[test]
    fn how_a_number_is_written_does_not_change_its_size(digits in "[1-9][0-9]{0,17}[1-9]", zeros in 0_usize..6) {
        let bytes = |text: String| size::item(&Item::from([(String::new(), N(text))]));
        let plain = bytes(digits.clone());
        prop_assert_eq!(plain, 1 + digits.len().div_ceil(2));
        prop_assert_eq!(bytes(format!("{}{digits}", "0".repeat(zeros))), plain);
        prop_assert_eq!(bytes(format!("{digits}{}", "0".repeat(zeros))), plain);
        prop_assert_eq!(bytes(format!("+{digits}.{}", "0".repeat(zeros))), plain);
        prop_assert_eq!(bytes(format!("{digits}e{zeros}")), plain);
        prop_assert_eq!(bytes(format!("0.{}{digits}", "0".repeat(zeros))), plain);
        prop_assert_eq!(bytes(format!("-{digits}")), plain + 1);
    }
}
