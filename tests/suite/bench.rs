//! `make bench`: what it does beside measuring.

use std::fs::{create_dir, read_to_string};
use std::path::Path;

use serde_json::Value;

use crate::support::{Run, World, script};

#[test]
fn a_side_that_does_less_is_found_out_and_the_page_tells_the_rest() {
    let world = World::new();
    let (out, cruddur) = (world.path().join("figures"), world.path().join("cruddur"));
    create_dir(&out).unwrap();
    // A scan that loses an item.
    let real = env!("CARGO_BIN_EXE_cruddur");
    let text = format!("case $2 in scan) '{real}' \"$@\" | tail -n +2 ;; *) exec '{real}' \"$@\" ;; esac");
    script(&cruddur, &text);
    let bench = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/bench");
    let measure = |cruddur: &Path, resume| {
        let mut command = world.command(["local", "exec", "--", "python3", bench]);
        command.arg(cruddur).env("BENCH_OUT", &out).env("BENCH_RESUME", resume);
        command.env("BENCH_ONLY", "schema-load,check").env("BENCH_SIZE", "0.0005").env("BENCH_ROUNDS", "1");
        Run::of(&mut command)
    };
    let figures =
        || -> Value { serde_json::from_str(&read_to_string(out.join("benchmarks.json")).unwrap()).unwrap() };
    let run = measure(&cruddur, "").exits_with(1);
    let lost = "failed: check: cruddur ddb scan did not do what cruddur did";
    assert!(run.stderr.contains(lost), "{}", run.stderr);
    let report = figures();
    let [row] = report["rows"].as_array().unwrap().as_slice() else { panic!("{report}") };
    assert_eq!(row["name"], "schema-load");
    assert_eq!(row["proof"], serde_json::json!(["7 rows in the first table", "30 relations"]));
    for side in ["cruddur", "psql -1 -f"] {
        assert_eq!(row["sides"][side]["seconds"].as_array().unwrap().len(), 1, "{report}");
    }
    let page = read_to_string(out.join("benchmarks.md")).unwrap();
    assert!(page.contains("### `db schema-load`, 100 statements\n"), "{page}");
    assert!(page.contains("499") && page.contains("did not do what cruddur did"), "{page}");

    // With the real one it measures what failed, and keeps the rest.
    measure(Path::new(real), "1").succeeds();
    let resumed = figures();
    assert_eq!(resumed["rows"][0], *row);
    assert_eq!(
        (&resumed["rows"][1]["name"], resumed["rows"].as_array().unwrap().len()),
        (&"check".into(), 2)
    );
    assert_eq!(resumed["failures"], serde_json::json!([]));
}
