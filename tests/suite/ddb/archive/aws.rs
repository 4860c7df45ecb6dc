//! Exports of AWS's to S3, as they are downloaded. Written by hand, with the names and
//! fields of real ones; the people in them are invented.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use md5::{Digest as _, Md5};
use serde_json::{Value, json};

use super::{by_key, joined, with_table};
use crate::support::{Run, Sandbox, scratch, text};

const ID: &str = "01700000000000-0a1b2c3d";

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn md5(bytes: &[u8]) -> String {
    let digest = Md5::digest(bytes);
    aws_smithy_types::base64::encode(digest)
}

fn message(number: usize) -> Value {
    json!({
        "pk": { "S": "MSG#1" }, "sk": { "S": format!("{number:03}") },
        "message": { "S": format!("number {number}") }, "user_handle": { "S": "nina" },
        "tags": { "SS": ["a", "b"] }, "photo": { "B": "AAEC" }, "n": { "N": number.to_string() },
    })
}

/// Lines of records.
fn lines(records: &[Value]) -> String {
    joined(records)
}

/// An export of these data files below `folder`, which it returns.
fn export(folder: &Path, files: &[(&str, String)], is_incremental: bool) -> PathBuf {
    let root = folder.join("AWSDynamoDB");
    let export = root.join(ID);
    // Incremental exports share one folder of data.
    let data = if is_incremental { root.join("data") } else { export.join("data") };
    fs::create_dir_all(&data).unwrap();
    fs::create_dir_all(&export).unwrap();
    fs::write(export.join("_started"), "").unwrap();
    let (mut listed, mut count) = (String::new(), 0);
    for (name, text) in files {
        let packed = gzip(text);
        let items = text.lines().count();
        count += items;
        fs::write(data.join(name), &packed).unwrap();
        let key = if is_incremental {
            format!("AWSDynamoDB/data/{name}")
        } else {
            format!("prefix/AWSDynamoDB/{ID}/data/{name}")
        };
        let file = json!({ "itemCount": items, "md5Checksum": md5(&packed), "etag": "0123-1", "dataFileS3Key": key });
        listed += &joined([file]);
    }
    let summary = json!({
        "version": "2020-06-30", "exportArn": format!("arn:aws:dynamodb:eu-north-1:123456789012:table/cruddur-messages/export/{ID}"),
        "itemCount": count, "outputFormat": "DYNAMODB_JSON", "manifestFilesS3Key": format!("AWSDynamoDB/{ID}/manifest-files.json"),
    })
    .to_string();
    for (name, text) in [("manifest-files", &listed), ("manifest-summary", &summary)] {
        fs::write(export.join(format!("{name}.json")), text).unwrap();
        fs::write(export.join(format!("{name}.md5")), md5(text.as_bytes())).unwrap();
    }
    export
}

/// A full export of 30 messages in three files, one of them empty.
fn full(sandbox: &Sandbox) -> PathBuf {
    let items = |range: std::ops::Range<usize>| {
        lines(&range.map(|number| json!({ "Item": message(number) })).collect::<Vec<_>>())
    };
    let files =
        [("aaaa.json.gz", items(0..18)), ("bbbb.json.gz", String::new()), ("cccc.json.gz", items(18..30))];
    export(sandbox.path(), &files, false)
}

fn import(sandbox: &Sandbox, path: &Path) -> Run {
    sandbox.cruddur(["ddb", "import", path.to_str().unwrap()])
}

#[test]
fn a_folder_is_imported_by_its_manifest() {
    let sandbox = with_table();
    let folder = full(&sandbox);
    import(&sandbox, &folder).succeeds().says("an AWS export in 3 files: 30 items").says("imported 30 items");
    let items = by_key(&sandbox);
    assert_eq!(items.len(), 30);
    for (number, item) in items.values().enumerate() {
        assert_eq!(text(item, "message"), format!("number {number}"));
        assert_eq!(item["photo"].as_b().unwrap().as_ref(), [0, 1, 2]);
        assert_eq!(item["tags"].as_ss().unwrap().len(), 2);
    }
}

#[test]
fn the_folder_above_and_a_single_file_do_as_well() {
    let sandbox = with_table();
    let folder = full(&sandbox);
    import(&sandbox, sandbox.path()).succeeds().says("30 items");
    let one = folder.join("data/cccc.json.gz");
    sandbox
        .cruddur(["ddb", "import", one.to_str().unwrap(), "--keep-existing"])
        .succeeds()
        .says("left 12 items unchanged");
    // Data files alone, without a manifest.
    let other = with_table();
    import(&other, &folder.join("data"))
        .succeeds()
        .says("it does not say how many items")
        .says("imported 30 items");
    assert_eq!(by_key(&other), by_key(&sandbox));
}

#[test]
fn what_the_manifest_does_not_vouch_for_is_refused() {
    let sandbox = with_table();
    let folder = full(&sandbox);
    let check = |why: &str| {
        import(&sandbox, &folder).exits_with(1).says(why);
        assert!(sandbox.items().is_empty(), "{why}");
    };
    let data = folder.join("data/cccc.json.gz");
    let whole = fs::read(&data).unwrap();
    fs::write(&data, gzip(&lines(&[json!({ "Item": message(99) })]))).unwrap();
    check("cccc.json.gz is damaged: its MD5 should be");
    fs::write(&data, &whole[..whole.len() / 2]).unwrap();
    check("the compressed data is cut off");
    fs::remove_file(&data).unwrap();
    check("which is not in");
    fs::write(&data, &whole).unwrap();
    let manifest = folder.join("manifest-files.json");
    let listed = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, listed.replace("\"itemCount\":12", "\"itemCount\":13")).unwrap();
    check("manifest-files.json is damaged: its MD5 should be");
    vouch(&manifest);
    check("says 30 items, but manifest-files.json lists 31");
    fs::remove_file(folder.join("manifest-summary.json")).unwrap();
    check("cccc.json.gz should hold 13 items (from the manifest), but holds 12");
    fs::write(&manifest, &listed).unwrap();
    check("manifest-files.json is damaged: its MD5 should be");
    vouch(&manifest);
    let summary = folder.join("manifest-summary.json");
    fs::write(&summary, json!({ "outputFormat": "ION" }).to_string()).unwrap();
    check("manifest-summary.json is damaged: its MD5 should be");
    vouch(&summary);
    check("says the export format is ION");
}

/// Puts the MD5 of a manifest beside it.
fn vouch(manifest: &Path) {
    fs::write(manifest.with_extension("md5"), md5(&fs::read(manifest).unwrap())).unwrap();
}

#[test]
fn no_flipped_bit_of_a_manifest_goes_unseen() {
    let sandbox = with_table();
    let folder = full(&sandbox);
    for name in ["manifest-summary.json", "manifest-summary.md5", "manifest-files.json", "manifest-files.md5"]
    {
        let path = folder.join(name);
        let whole = fs::read(&path).unwrap();
        for at in [0, whole.len() / 3, whole.len() / 2, whole.len() - 1] {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&path, damaged).unwrap();
            import(&sandbox, &folder).exits_with(1).says("manifest-");
        }
        fs::write(&path, whole).unwrap();
    }
    assert!(sandbox.items().is_empty());
    import(&sandbox, &folder).succeeds();
}

#[test]
fn a_manifest_without_its_checksum_is_refused_and_the_data_alone_is_not() {
    let sandbox = with_table();
    let folder = full(&sandbox);
    for name in ["manifest-files.md5", "manifest-summary.md5"] {
        let path = folder.join(name);
        let text = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        import(&sandbox, &folder)
            .exits_with(1)
            .says(&format!("{name} is missing"))
            .says("download the whole export, with its .md5 files");
        fs::write(&path, text).unwrap();
    }
    assert!(sandbox.items().is_empty());
    import(&sandbox, &folder.join("data")).succeeds().says("imported 30 items");
}

/// A record of an incremental export.
fn change(number: usize, at: u64, new: Option<Value>) -> Value {
    let keys = json!({ "pk": { "S": "MSG#1" }, "sk": { "S": format!("{number:03}") } });
    let mut record = json!({
        "Metadata": { "WriteTimestampMicros": { "N": at.to_string() } }, "Keys": keys, "OldImage": message(number),
    });
    if let Some(new) = new {
        record["NewImage"] = new;
    }
    record
}

fn changed(number: usize) -> Value {
    let mut item = message(number);
    item["message"] = json!({ "S": "changed" });
    item
}

#[test]
fn an_incremental_export_changes_and_deletes() {
    let sandbox = with_table();
    import(&sandbox, &full(&sandbox)).succeeds();
    let records = [change(3, 10, Some(changed(3))), change(4, 5, None), change(50, 7, Some(changed(50)))];
    let other = scratch();
    let folder = export(
        other.path(),
        &[("x.json.gz", lines(&records[..2])), ("y.json.gz", lines(&records[2..]))],
        true,
    );
    let before = by_key(&sandbox);
    import(&sandbox, &folder).exits_with(3).says("2 items and 1 key to delete");
    sandbox.cruddur(["ddb", "import", folder.to_str().unwrap(), "--keep-existing"]).exits_with(2);
    assert_eq!(by_key(&sandbox), before);
    sandbox.cruddur(["ddb", "import", folder.to_str().unwrap(), "--replace"]).succeeds().says("deleted 1");
    let items = by_key(&sandbox);
    let message = |number: usize| {
        items.get(&("MSG#1".to_owned(), format!("{number:03}"))).map(|item| text(item, "message"))
    };
    assert_eq!(items.len(), 30);
    assert_eq!(
        [message(3), message(4), message(50), message(5)],
        [Some("changed".to_owned()), None, Some("changed".to_owned()), Some("number 5".to_owned())]
    );
}

#[test]
fn changes_of_one_item_keep_their_order_or_are_refused() {
    let sandbox = with_table();
    let write = |records: &[Value]| sandbox.write("changes.json", lines(records));
    let file = write(&[change(1, 20, Some(changed(1))), change(2, 5, None), change(1, 10, None)]);
    import(&sandbox, &file).exits_with(1).says("two changes of one item in the wrong order: records 1 and 3");
    assert!(sandbox.items().is_empty());
    let file = write(&[change(1, 10, None), change(2, 5, None), change(1, 20, Some(changed(1)))]);
    import(&sandbox, &file).succeeds().says("an incremental export holds");
    assert_eq!(sandbox.items().len(), 1);
}
