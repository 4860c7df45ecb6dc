//! The price table, and what people give in its place.

use cruddur::dynamodb::{DEFAULT_PRICE_REGION, Prices};

use crate::support::Sandbox;

/// The lines of the table in the file, other than its head.
fn lines() -> Vec<&'static str> {
    let file = include_str!("../../docs/prices.md");
    file.lines()
        .filter(|line| line.starts_with("| ") && line.contains('-') && !line.contains("region"))
        .collect()
}

#[test]
fn every_line_of_the_price_table_is_understood() {
    let all: Vec<Prices> = Prices::all().collect();
    assert_eq!(all.len(), lines().len(), "{:#?}\n{all:#?}", lines());
    for Prices { region, as_of, read, write } in all {
        // A write costs five times a read, or nearly so, wherever there is a price.
        assert!(read > 0.05 && read < 1.0, "{region}: {read}");
        assert!((4.5..5.5).contains(&(write / read)), "{region}: {read} and {write}");
        let day: jiff::civil::Date =
            as_of.parse().unwrap_or_else(|error| panic!("{region}: {as_of}: {error}"));
        assert!(day.year() >= 2024, "{region}: before the prices were halved: {day}");
        assert!(region.split('-').count() >= 3 && !region.contains('`'), "{region}");
        assert_eq!(Prices::of(region).map(|prices| prices.read), Some(read), "{region} has two lines");
    }
}

#[test]
fn regions_that_the_table_lacks_have_a_region_to_stand_in() {
    let default = Prices::of(DEFAULT_PRICE_REGION).expect("its prices");
    assert_eq!((default.read.to_string(), default.write.to_string()), ("0.125".into(), "0.625".into()));
    assert_eq!(Prices::of("xx-nowhere-1"), None);

    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    sandbox.put(&[("pk", "a"), ("sk", "b")]);
    let get = |flags: &[&str]| {
        sandbox.cruddur(["ddb", "get", "a", "b", "-v", "-o", "json"].iter().chain(flags)).succeeds()
    };
    get(&[])
        .says("1 item; $0.0625 a million calls\n")
        .says("\n  prices: on demand in us-east-1, as of 2026-09-11\n");
    get(&["--region", "eu-west-1"])
        .says("1 item; $0.0708 a million calls\n")
        .says("\n  prices: on demand in eu-west-1, as of 2026-08-15\n");
    let elsewhere = get(&["--region", "xx-nowhere-1"]);
    assert_eq!(elsewhere.json()["consumed_capacity"]["cost"]["region"], "us-east-1");
    elsewhere
        .says("\n  prices: on demand in us-east-1, as of 2026-09-11\n")
        .says("\n  no price is known for xx-nowhere-1\n");
    let given = get(&["--region", "xx-nowhere-1", "--price-read", "2469135", "--price-write", "0"]);
    let cost = &given.json()["consumed_capacity"]["cost"];
    assert_eq!(cost["usd_per_million_calls"], 1_234_567.5);
    assert_eq!(
        (&cost["region"], &cost["prices_as_of"]),
        (&serde_json::Value::Null, &serde_json::Value::Null)
    );
    let given = given
        .says("1 item; $1,234,567.50 a million calls\n")
        .says("\n  a million read units: $2,469,135.00 (yours)\n");
    assert!(!given.stderr.contains("on demand"), "{}", given.stderr);
}

#[test]
fn a_price_is_a_number_of_dollars() {
    let sandbox = Sandbox::new();
    for (flag, price, why) in [
        ("--price-read", "-1", "must not be negative"),
        ("--price-write", "inf", "expected a number of US dollars"),
        ("--price-write", "NaN", "expected a number of US dollars"),
        ("--price-read", "$1", "expected a number of US dollars"),
        ("--price-read", "", "expected a number of US dollars"),
    ] {
        let price = format!("{flag}={price}");
        sandbox.cruddur(["ddb", "scan", &price]).exits_with(2).says(flag).says(why);
    }
}
