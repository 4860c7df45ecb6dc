//! `--since`, `--until`, `--year`, `--limit`, `--all`, `--cursor`, `--reverse`

use std::io::{BufRead as _, BufReader};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use crate::support::{GROUP, Item, Run, Sandbox, Spawned};

const GET: [&str; 3] = ["ddb", "patterns", "get-conversation"];
const LIST: [&str; 3] = ["ddb", "patterns", "list-conversations"];
/// A zone by rule: no test depends on the machine's time zone files.
const ZONE: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

/// A table with these times as messages of the default group, each with a text.
fn with_messages<S: AsRef<str>>(times: &[S], text: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    let string = |value: &str| AttributeValue::S(value.to_owned());
    sandbox.put_all(times.iter().map(|time| {
        Item::from([
            ("pk".to_owned(), string(&format!("MSG#{GROUP}"))),
            ("sk".to_owned(), string(time.as_ref())),
            ("message".to_owned(), string(text)),
        ])
    }));
    sandbox
}

fn get(sandbox: &Sandbox, flags: &[&str]) -> Run {
    Run::of(sandbox.command(GET.iter().chain(flags)).env("TZ", ZONE))
}

/// The times of the document that `flags` give.
fn times(sandbox: &Sandbox, flags: &[&str]) -> Vec<String> {
    let document = get(sandbox, &[&["-o", "json"], flags].concat()).succeeds().json();
    let times = strings(&document["messages"]);
    assert_eq!(document["count"], times.len());
    times
}

fn strings(messages: &Value) -> Vec<String> {
    messages.as_array().unwrap().iter().map(|row| row["sent_at"].as_str().unwrap().to_owned()).collect()
}

/// Around the new year, and two days in March.
const TIMES: [&str; 8] = [
    "2022-12-31T22:59:59.999999+00:00",
    "2022-12-31T23:00:00+00:00",
    // 2023 in UTC, and before it stands 2022-12-31T23:30:00Z.
    "2022-12-31T19:30:00-05:00",
    "2023-03-29T09:45:13.050615+00:00",
    "2023-03-30T21:59:59Z",
    "2023-03-30T22:00:00",
    "2023-12-31T22:59:59+00:00",
    "2023-12-31T23:00:00+00:00",
];

#[test]
fn a_range_is_of_local_days_or_of_utc_and_of_years_of_utc() {
    let sandbox = with_messages(&TIMES, "x");
    for (flags, expected) in [
        (&["--year", "2023"][..], &TIMES[3..]),
        (&["--year", "2023", "--exact"], &TIMES[2..]),
        // One of these shows its offset, and leaves.
        (&["--year", "2022"], &TIMES[..2]),
        (&["--since", "2023-03-30"], &TIMES[4..]),
        // A day belongs to the range as a whole, here until 22:00 of UTC.
        (&["--until", "2023-03-30"], &TIMES[..5]),
        (&["--until", "2023-03-30", "--utc"], &TIMES[..6]),
        (&["--since", "2023-03-30", "--until", "2023-03-30"], &TIMES[4..5]),
        // An instant begins a range and does not belong to one that it ends.
        (&["--since", "2023-03-30T21:59:59Z"], &TIMES[4..]),
        (&["--until", "2023-03-30T21:59:59Z"], &TIMES[..4]),
        (&["--since", "2023-03-30T17:59:59-04:00", "--until", "2023-03-30T22:00:00.000001Z"], &TIMES[4..6]),
        (&["--since", "2023-03-30T23:59:59"], &TIMES[4..]),
        (&["--since", "2023-03-30T21:59:59", "--utc"], &TIMES[4..]),
        (&["--since", "2023-03-30 23:59:59"], &TIMES[4..]),
        (&["--since", "100000d", "--until", "1h"], &TIMES[..]),
    ] {
        for all in [&[][..], &["--all"]] {
            assert_eq!(times(&sandbox, &[flags, all].concat()), expected, "{flags:?} {all:?}");
        }
    }
}

#[test]
fn a_span_ends_now() {
    let ago = |hours| (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(hours)).to_string();
    let sandbox = with_messages(&[ago(24 * 15), ago(24 * 6), ago(11), ago(1)], "x");
    for (span, count) in [("3w", 4), ("7d", 3), ("12h", 2), ("1d 2h", 2), ("90m", 1), ("30m", 0)] {
        assert_eq!(times(&sandbox, &["--since", span]).len(), count, "--since {span}");
        assert_eq!(times(&sandbox, &["--until", span]).len(), 4 - count, "--until {span}");
    }
}

#[test]
fn a_time_that_is_none_is_refused_with_the_shapes_there_are() {
    let sandbox = Sandbox::new();
    for (flags, said) in [
        (
            ["--since", "yesterday"],
            "--since <TIME>': expected an instant such as 2024-03-31T18:00:00Z, a day",
        ),
        (["--until", "2024-02-30"], "--until <TIME>': expected an instant"),
        (["--since", "2024"], "--since <TIME>': a number alone is not a time; use --year for a year"),
        (["--since", "2mo"], "use days"),
        (["--since=-7d", "-ojson"], "--since <TIME>': must not be negative"),
        (["--year", "24000"], "--year <YYYY>'"),
        (["--year", "0"], "--year <YYYY>'"),
        (["--limit", "few"], "--limit <N>'"),
        (["--cursor", "abc"], "the cursor is of another version"),
        (["--cursor", ""], "the cursor is of another version"),
    ] {
        let run = get(&sandbox, &flags).exits_with(2).says(said);
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    let sandbox = Sandbox::new();
    get(&sandbox, &["--since", "2023-03-30", "--until", "2023-03-29"]).exits_with(2).says(
        "--since 2023-03-30 and --until 2023-03-29 give an empty range: it begins 2023-03-30 00:00 and ends 2023-03-30 00:00",
    );
    get(&sandbox, &["--since", "1d", "--until", "7d"]).exits_with(2).says("give an empty range");
    let same = "2023-03-30T00:00:00Z";
    get(&sandbox, &["--since", same, "--until", same]).exits_with(2);
    for flags in [
        &["--year", "2023", "--since", "7d"][..],
        &["--year", "2023", "--until", "7d"],
        &["--all", "--limit", "3"],
    ] {
        get(&sandbox, flags).exits_with(2).says("cannot be used with");
    }
}

#[test]
fn the_key_condition_narrows_what_is_paid_for() {
    // Each year 100 rows of 1 KB, one an hour.
    let years = 2019..2025;
    let times: Vec<String> = years
        .flat_map(|year| {
            (0..100).map(move |hour| format!("{year}-06-{:02}T{:02}:00:00Z", 1 + hour / 24, hour % 24))
        })
        .collect();
    let sandbox = with_messages(&times, &"x".repeat(900));
    let units = |flags: &[&str]| {
        let flags = [&["-o", "json", "--utc"], flags].concat();
        let document = get(&sandbox, &flags).succeeds().json();
        (document["count"].as_u64().unwrap(), document["consumed_capacity"]["total"].as_f64().unwrap())
    };
    let (count, units_of_year) = units(&["--year", "2021", "--all"]);
    assert_eq!(count, 100);
    // 100 KB at half a unit for 4 KB.
    assert!((11.0..14.0).contains(&units_of_year), "{units_of_year}");
    // A day of 24 messages costs itself; exactly, 15 hours on both sides as well.
    let day = ["--since", "2021-06-03", "--until", "2021-06-03", "--all"];
    let (count, units_of_day) = units(&day);
    assert_eq!(count, 24);
    assert!((2.5..3.5).contains(&units_of_day), "{units_of_day}");
    let (count, units_of_day) = units(&[&day[..], &["--exact"]].concat());
    assert_eq!(count, 24);
    assert!((6.0..8.0).contains(&units_of_day), "{units_of_day}");
    // What was there before costs nothing, with and without a limit.
    assert_eq!(units(&["--since", "2025-01-01"]).0, 0);
    let (count, units_of_newest) = units(&["--limit", "5"]);
    assert_eq!(count, 5);
    assert!(units_of_newest <= 1.0, "{units_of_newest}");
}

#[test]
fn an_empty_range_tells_what_the_other_years_hold() {
    let times =
        ["2021-05-01T00:00:00Z", "2023-01-01T00:30:00Z", "2023-03-29T09:45:13Z", "2023-03-30T09:45:13Z"];
    let sandbox = with_messages(&times, "x");
    for flags in
        [&["--year", "2024"][..], &["--since", "7d"], &["--since", "2022-01-01", "--until", "2022-02-01"]]
    {
        let run = get(&sandbox, flags)
            .succeeds()
            .says(&format!("no messages in the group {GROUP} for {}\n", flags.join(" ")))
            .says(&format!("\nsearched \"cruddur-messages\" on {}\n", sandbox.endpoint()))
            .says("there are others: --year 2021 (1 message), --year 2023 (3 messages)")
            .says("looking for them took 0.5 of the read units below")
            // A request that finds nothing, and one for the keys.
            .says("estimated 1 read unit, 2 requests, 4 items; $0.125 a million calls");
        assert_eq!(run.stdout, "");
        let run = get(&sandbox, &[flags, &["-o", "json", "--utc"]].concat()).succeeds();
        assert_eq!(run.json()["messages"], json!([]));
        assert_eq!(run.json()["cursor"], Value::Null);
        // A request that finds nothing, and one for the keys.
        assert_eq!(run.json()["consumed_capacity"]["pages"], 2);
        assert_eq!(run.json()["consumed_capacity"]["total"], 1.0);
    }
    let none = ["--message-group-uuid", "11111111-2222-4333-8444-555555555555", "--year", "2024"];
    let run = get(&sandbox, &none)
        .succeeds()
        .says("no messages in the group 11111111-2222-4333-8444-555555555555\n");
    assert!(!run.stderr.contains("others"), "{}", run.stderr);
}

#[test]
fn conversations_of_other_years_are_told_too() {
    let sandbox = Sandbox::seeded();
    let year = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).year();
    sandbox
        .cruddur(LIST.iter().chain(&["--year", "2001"]))
        .succeeds()
        .says("nina has no conversations for --year 2001\n")
        .says(&format!("there are others: --year {year} (1 conversation)"));
}

#[test]
fn times_that_cannot_be_read_are_shown_and_counted() {
    let times =
        ["2022-01-01T00:00:00Z", "2023", "2023-01-01T00:00:00-05:00", "2023-01-01 03:00:00Z", "tomorrow"];
    let sandbox = with_messages(&times, "x");
    // A space sorts before a T, hence before its day.
    let order = [times[0], times[1], times[3], times[2], times[4]];
    assert_eq!(self::times(&sandbox, &[]), order);
    let run = get(&sandbox, &["-o", "json"]).succeeds();
    run.says("Warning: cannot read the time of 3 messages; sorted as text instead");
    get(&sandbox, &["--limit", "1"]).succeeds().says("Warning: cannot read the time of 1 message");
    let run = get(&sandbox, &["--year", "2022"]).succeeds();
    assert!(!run.stderr.contains("Warning"), "{}", run.stderr);
    get(&sandbox, &["--year", "2001"]).succeeds().says("--all (3 messages without a readable time)");
}

#[test]
fn a_cursor_leads_from_page_to_page_until_nothing_is_left() {
    let sandbox = Sandbox::seeded();
    let all = self::times(&sandbox, &["--all"]);
    assert_eq!(all.len(), 62);
    let mut pages: Vec<Vec<String>> = Vec::new();
    let mut flags = vec!["--limit".to_owned(), "25".to_owned()];
    loop {
        let given: Vec<&str> = flags.iter().map(String::as_str).collect();
        let run = get(&sandbox, &[&["-o", "json"], &given[..]].concat()).succeeds();
        let document = run.json();
        pages.insert(0, strings(&document["messages"]));
        let Some(cursor) = document["cursor"].as_str() else {
            assert_eq!(document["cursor"], Value::Null);
            assert!(!run.stderr.contains("--cursor"), "{}", run.stderr);
            break;
        };
        let run = run.says(&format!("for older ones, if any, add: --cursor {cursor}\n"));
        assert!(cursor.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)), "{cursor}");
        drop(run);
        // Added, as it says: the last one counts.
        flags.extend(["--cursor".to_owned(), cursor.to_owned()]);
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [12, 25, 25]);
    assert_eq!(pages.concat(), all);
}

/// The first page of the seeded conversation, and the cursor behind it.
fn first_cursor(sandbox: &Sandbox, flags: &[&str]) -> String {
    let document = get(sandbox, &[&["-o", "json", "--limit", "25"], flags].concat()).succeeds().json();
    document["cursor"].as_str().unwrap().to_owned()
}

#[test]
fn a_page_that_is_not_full_has_no_cursor_and_nothing_is_left_behind_one_that_is() {
    let sandbox = Sandbox::seeded();
    for (limit, more) in [("61", true), ("63", false)] {
        let document = get(&sandbox, &["-o", "json", "--limit", limit]).succeeds().json();
        assert_eq!(document["cursor"].is_string(), more, "--limit {limit}");
    }
    // Whether there is more, the service does not say either.
    let document = get(&sandbox, &["-o", "json", "--limit", "62"]).succeeds().json();
    if let Some(cursor) = document["cursor"].as_str() {
        get(&sandbox, &["--limit", "62", "--cursor", cursor]).succeeds().says("no more messages");
    }
}

#[test]
fn reverse_shows_the_same_rows_newest_first() {
    let sandbox = Sandbox::seeded();
    for flags in [&["--limit", "7"][..], &["--all"], &["--year", "2001"]] {
        let mut expected = self::times(&sandbox, flags);
        expected.reverse();
        assert_eq!(self::times(&sandbox, &[flags, &["--reverse"]].concat()), expected, "{flags:?}");
    }
    // A cursor is of no direction.
    let cursor = first_cursor(&sandbox, &["--reverse"]);
    let mut page = self::times(&sandbox, &["--limit", "3", "--cursor", &cursor]);
    page.reverse();
    assert_eq!(self::times(&sandbox, &["--limit", "3", "--reverse", "--cursor", &cursor]), page);
    let all = self::times(&sandbox, &["--all"]);
    assert_eq!(self::times(&sandbox, &["--all", "--cursor", &cursor]), all[..37]);
}

#[test]
fn a_cursor_keeps_its_range() {
    let sandbox = Sandbox::seeded();
    let cursor = first_cursor(&sandbox, &["--since", "30m"]);
    let rest = self::times(&sandbox, &["--cursor", &cursor]);
    assert!(rest.len() < 10, "{} messages since 30 minutes, after 25", rest.len());
    assert_eq!(self::times(&sandbox, &["--since", "30m", "--cursor", &cursor]), rest);
    get(&sandbox, &["--since", "31m", "--cursor", &cursor])
        .exits_with(2)
        .says("the cursor is for --since 30m, not for --since 31m")
        .says("Hint: leave the range out");
    let unbounded = first_cursor(&sandbox, &[]);
    get(&sandbox, &["--since", "30m", "--cursor", &unbounded]).exits_with(2).says("for all times");
}

#[test]
fn a_cursor_of_other_rows_is_refused() {
    let sandbox = Sandbox::seeded();
    let cursor = first_cursor(&sandbox, &[]);
    let other = "11111111-2222-4333-8444-555555555555";
    for flags in [["--message-group-uuid", other], ["--table", "another-table"]] {
        get(&sandbox, &[&flags, &["--cursor", &cursor][..]].concat())
            .exits_with(2)
            .says("the cursor belongs to other rows");
    }
    sandbox
        .cruddur(LIST.iter().chain(&["--cursor", &cursor]))
        .exits_with(2)
        .says("the cursor belongs to other rows");
    // One character short, or another one.
    for broken in [&cursor[1..], &cursor[..cursor.len() - 1], &cursor.replacen(&cursor[9..10], "~", 1)] {
        get(&sandbox, &["--cursor", broken])
            .exits_with(2)
            .says("the cursor is of another version, or not complete");
    }
}

#[test]
fn conversations_are_paged_too() {
    let sandbox = Sandbox::set_up();
    let nina = sandbox.sql("SELECT uuid FROM public.users WHERE handle = 'nina'")[0][0].clone();
    let times: Vec<String> = (1..=9).map(|day| format!("2023-03-0{day}T09:45:13-05:00")).collect();
    for time in &times {
        sandbox.put(&[("pk", &format!("GRP#{nina}")), ("sk", time), ("message_group_uuid", GROUP)]);
    }
    let list = |flags: &[&str]| {
        let run = sandbox.cruddur(LIST.iter().chain(&["-o", "json"]).chain(flags)).succeeds();
        let document = run.json();
        let rows = document["conversations"].as_array().unwrap().clone();
        let times = rows.iter().map(|row| row["last_message_at"].as_str().unwrap().to_owned());
        (times.collect::<Vec<_>>(), document["cursor"].as_str().map(ToOwned::to_owned))
    };
    let (first, cursor) = list(&["--limit", "5"]);
    assert_eq!(first, times[4..]);
    let (rest, end) = list(&["--limit", "5", "--cursor", &cursor.unwrap()]);
    assert_eq!((&rest[..], end), (&times[..4], None));
    assert_eq!(list(&["--all", "--since", "2023-03-04"]).0, times[3..]);
}

#[test]
fn nothing_is_asked_for_with_a_limit_of_nothing() {
    let sandbox = Sandbox::seeded();
    let run = get(&sandbox, &["--limit", "0", "-o", "json"]).succeeds();
    let document = run.json();
    assert_eq!((&document["count"], &document["cursor"]), (&json!(0), &Value::Null));
    assert_eq!(document["consumed_capacity"]["pages"], 0);
    assert!(!run.stderr.contains("no messages"), "{}", run.stderr);
}

#[test]
fn all_messages_come_in_pages_as_they_are_read() {
    // 2.4 MB over 40 days.
    let times: Vec<String> =
        (0..40).map(|day| format!("2023-{:02}-{:02}T00:00:00Z", 1 + day / 28, 1 + day % 28)).collect();
    let sandbox = with_messages(&times, &"x".repeat(60_000));
    for (flags, reversed) in [(&["--all"][..], false), (&["--all", "--reverse"], true)] {
        let document = get(&sandbox, &[&["-o", "json"], flags].concat()).succeeds().json();
        let mut found = strings(&document["messages"]);
        if reversed {
            found.reverse();
        }
        assert_eq!(found, times);
        assert_eq!(document["consumed_capacity"]["pages"], 3);
        // 2,400 KB at half a unit for each 4 KB.
        let units = document["consumed_capacity"]["total"].as_f64().unwrap();
        assert!((290.0..305.0).contains(&units), "{units}");
    }
    // A reader that has seen enough ends it.
    let mut command = sandbox.command(GET.iter().chain(&["--all", "-o", "ndjson"]));
    let mut run = Spawned::piped(&mut command);
    let mut line = String::new();
    BufReader::new(run.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains(&times[0]), "{line:.100}");
    assert_eq!(run.code(), 0);
}
