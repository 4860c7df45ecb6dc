//! The capacity that the service reports, page by page, against DynamoDB's arithmetic
//! on items of known size.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use cruddur::dynamodb::item::size;
use serde_json::{Value, json};

use crate::size::every_type;
use crate::support::{GROUP, Item, Sandbox, TABLE, boto3, runtime};

/// An item of the table of exactly so many bytes.
fn item_of(pk: &str, number: usize, bytes: usize) -> Item {
    let sk = format!("2026-01-01T00:00:00.{number:06}+00:00");
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let mut item = Item::from([
        ("pk".to_owned(), text(pk)),
        ("sk".to_owned(), text(&sk)),
        ("message".to_owned(), text("")),
    ]);
    let room = bytes - size::item(&item);
    item.insert("message".to_owned(), text(&"x".repeat(room)));
    assert_eq!(size::item(&item), bytes);
    item
}

/// The pages of a Query or a Scan as boto3 gets them: the sizes of their items and
/// the units.
fn pages(sandbox: &Sandbox, operation: &str, mut arguments: Value) -> Vec<(usize, f64)> {
    arguments["TableName"] = json!(TABLE);
    arguments["ReturnConsumedCapacity"] = json!("INDEXES");
    let mut pages = Vec::new();
    loop {
        let page = boto3(&sandbox.endpoint(), "dynamodb", operation, &arguments);
        let bytes = page["Items"].as_array().unwrap().iter().map(strings).sum();
        pages.push((bytes, page["ConsumedCapacity"]["CapacityUnits"].as_f64().unwrap()));
        match page.get("LastEvaluatedKey") {
            Some(key) => arguments["ExclusiveStartKey"] = key.clone(),
            None => return pages,
        }
    }
}

/// Bytes of an item of strings.
fn strings(item: &Value) -> usize {
    item.as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| name.len() + value["S"].as_str().unwrap().len())
        .sum()
}

#[track_caller]
fn assert_rounded(pages: &[(usize, f64)], consistent: bool) -> f64 {
    for (bytes, units) in pages {
        let expected = size::read_units(*bytes, consistent);
        assert_eq!(units.to_bits(), expected.to_bits(), "{bytes} bytes, consistent: {consistent}: {units}");
    }
    pages.iter().map(|(_, units)| units).sum()
}

#[test]
fn pages_of_query_and_scan_add_up_their_items_and_then_round() {
    let sandbox = Sandbox::set_up();
    let pk = format!("MSG#{GROUP}");
    // Around the boundaries of a unit, and enough for three pages of 1 MB.
    let sizes = [300, 4095, 4096, 4097, 5000, 8192, 12_289].into_iter().chain([61_001; 40]);
    sandbox.put_all(sizes.enumerate().map(|(number, bytes)| item_of(&pk, number, bytes)));
    let key = json!({
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": { ":pk": { "S": pk } },
    });
    for consistent in [false, true] {
        let with = |mut arguments: Value, limit: Option<usize>| {
            arguments["ConsistentRead"] = json!(consistent);
            if let Some(limit) = limit {
                arguments["Limit"] = json!(limit);
            }
            arguments
        };
        let whole = pages(&sandbox, "query", with(key.clone(), None));
        assert_eq!(whole.len(), 3, "{whole:?}");
        let queried = assert_rounded(&whole, consistent);
        let scanned = assert_rounded(&pages(&sandbox, "scan", with(json!({}), None)), consistent);
        assert_eq!(queried.to_bits(), scanned.to_bits());
        // One by one and in threes, each page rounds by itself.
        for limit in [1, 3] {
            let pages = pages(&sandbox, "query", with(key.clone(), Some(limit)));
            assert!(assert_rounded(&pages, consistent) >= queried);
        }
        if !consistent {
            // cruddur's sum over the pages is the same.
            for command in [
                &["ddb", "scan", "-o", "json", "--segments", "1"] as &[_],
                &["ddb", "patterns", "get-conversation", "--all", "-o", "json"],
            ] {
                let used = &sandbox.cruddur(command).succeeds().json()["consumed_capacity"];
                assert_eq!(used["total"], queried, "{command:?}");
                assert_eq!((&used["pages"], &used["returned"]), (&json!(3), &json!(47)), "{command:?}");
                assert_eq!(used["scanned"], 47, "{command:?}");
                assert_eq!(used["cost"]["usd_per_million_calls"], queried * 0.125);
            }
        }
    }
}

#[test]
fn get_item_rounds_each_item_up_and_so_does_a_write() {
    let sandbox = Sandbox::set_up();
    let client = sandbox.dynamodb();
    for bytes in [200, 1023, 1024, 1025, 4095, 4096, 4097, 8193, 100_000] {
        let item = item_of("MSG#a", 1, bytes);
        let units = runtime().block_on(async {
            let put = client
                .put_item()
                .table_name(TABLE)
                .set_item(Some(item.clone()))
                .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
                .send()
                .await
                .unwrap();
            let get = |consistent| {
                client
                    .get_item()
                    .table_name(TABLE)
                    .key("pk", item["pk"].clone())
                    .key("sk", item["sk"].clone())
                    .consistent_read(consistent)
                    .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
                    .send()
            };
            let (eventual, strong) = (get(false).await.unwrap(), get(true).await.unwrap());
            // Else the next write would be charged for this one's size too.
            client
                .delete_item()
                .table_name(TABLE)
                .key("pk", item["pk"].clone())
                .key("sk", item["sk"].clone())
                .send()
                .await
                .unwrap();
            [put.consumed_capacity, eventual.consumed_capacity, strong.consumed_capacity]
                .map(|consumed| consumed.unwrap().capacity_units.unwrap())
        });
        let written = f64::from(u32::try_from(size::write_units(bytes)).unwrap());
        let expected = [written, size::read_units(bytes, false), size::read_units(bytes, true)];
        assert_eq!(units.map(f64::to_bits), expected.map(f64::to_bits), "{bytes} bytes: {units:?}");
    }
}

/// A write unit more is taken by the byte after 1,024, so that the service tells
/// the size of a value of any type to the byte.
#[test]
fn every_type_has_the_size_that_the_service_charges_for() {
    let sandbox = Sandbox::set_up();
    let client = sandbox.dynamodb();
    for (value, _) in every_type() {
        for (bytes, units) in [(1024, 1.0), (1025, 2.0)] {
            let mut item = item_of("MSG#a", 1, 512);
            item.insert("value".to_owned(), value.clone());
            let pad = "x".repeat(bytes - size::item(&item) - "pad".len());
            item.insert("pad".to_owned(), AttributeValue::S(pad));
            let put = client
                .put_item()
                .table_name(TABLE)
                .set_item(Some(item.clone()))
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            let answer = runtime().block_on(async {
                let delete = client.delete_item().table_name(TABLE);
                delete.key("pk", item["pk"].clone()).key("sk", item["sk"].clone()).send().await.unwrap();
                put.send().await.unwrap()
            });
            let charged = answer.consumed_capacity.unwrap().capacity_units.unwrap();
            assert_eq!(charged.to_bits(), f64::to_bits(units), "{value:?} in {bytes} bytes: {charged}");
        }
    }
}
