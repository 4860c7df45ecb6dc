//! Each promise broken by itself, where the data tells how to mend it.

use aws_sdk_dynamodb::types::AttributeValue;

use super::*;

#[test]
fn a_sound_table_is_clean() {
    let sandbox = group_with(rows());
    let clean = check(&sandbox, &[]).succeeds().says("found nothing wrong in \"cruddur-messages\" on http");
    let document = clean.json();
    assert_eq!(document["findings"], serde_json::json!([]));
    let read = serde_json::json!({ "items": 6, "messages": 4, "rows": 2, "groups": 1 });
    assert_eq!(document["read"], read);
    assert_eq!(document["consumed_capacity"]["pages"], 1, "a sound group costs no second look");
    check(&sandbox, &["--repair"]).succeeds();
    check(&table_of([]), &[]).succeeds();
}

#[test]
fn a_row_that_is_behind() {
    let [nina, oscar] = rows();
    let behind = row(GROUP, &at(1), &NINA, &OSCAR, "text 1");
    assert_mended(&group_with([behind, oscar.clone()]), &["row-behind"], [nina, oscar]);
}

#[test]
fn a_row_that_is_ahead() {
    let [nina, oscar] = rows();
    let ahead = row(GROUP, &at(9), &OSCAR, &NINA, "never written");
    let sandbox = group_with([nina.clone(), ahead.clone()]);
    let planned = check(&sandbox, &["--repair", "--dry-run"]).exits_with(1);
    // Its text is nowhere else.
    assert!(planned.stdout.contains("never written"), "{}", planned.stdout);
    assert_mended(&sandbox, &["row-ahead"], [nina, oscar]);
}

#[test]
fn a_row_with_another_text() {
    let [nina, oscar] = rows();
    let other = with(oscar.clone(), &[("message", "text 2")]);
    assert_mended(&group_with([nina.clone(), other]), &["row-text"], [nina, oscar]);
}

#[test]
fn a_row_whose_time_is_none() {
    let [nina, oscar] = rows();
    let odd = with(nina.clone(), &[("sk", "yesterday")]);
    assert_mended(&group_with([odd, oscar.clone()]), &["unparsable-time"], [nina, oscar]);
}

#[test]
fn rows_of_one_user_with_the_same_group() {
    let [nina, oscar] = rows();
    let former = [0, 1].map(|n| row(GROUP, &at(n), &NINA, &OSCAR, &format!("text {n}")));
    let all = former.into_iter().chain([nina.clone(), oscar.clone()]);
    assert_mended(&group_with(all), &["duplicate-row"; 2], [nina, oscar]);
}

#[test]
fn two_rows_of_one_user_that_are_both_behind() {
    let [nina, oscar] = rows();
    let former = [0, 1].map(|n| row(GROUP, &at(n), &NINA, &OSCAR, &format!("text {n}")));
    let all = former.into_iter().chain([oscar.clone()]);
    assert_mended(&group_with(all), &["duplicate-row", "row-behind"], [nina, oscar]);
}

#[test]
fn more_rows_than_a_transaction_takes() {
    let extra =
        (0..450).map(|n| row(GROUP, &format!("2023-01-02T03:04:05.{n:06}+00:00"), &NINA, &OSCAR, "old"));
    let sandbox = group_with(rows().into_iter().chain(extra));
    let repair = check(&sandbox, &["--repair"]).succeeds();
    let mended = findings(&repair);
    assert_eq!(mended.len(), 450);
    assert!(mended.iter().all(|finding| finding["promise"] == "duplicate-row" && finding["mended"] == true));
    assert_eq!(sorted(sandbox.items_of("GRP#")), sorted(rows().to_vec()));
    assert_clean(&sandbox);
}

#[test]
fn a_row_that_is_missing() {
    let [nina, oscar] = rows();
    assert_mended(&group_with([oscar.clone()]), &["one-row"], [nina.clone(), oscar.clone()]);
    // The one that is left is behind, too.
    let behind = row(GROUP, &at(0), &NINA, &OSCAR, "text 0");
    assert_mended(&group_with([behind]), &["one-row", "row-behind"], [nina, oscar]);
}

#[test]
fn a_row_that_is_missing_where_the_other_names_itself() {
    let [nina, oscar] = rows();
    let odd = with(nina.clone(), &[("user_uuid", NINA.uuid)]);
    assert_mended(&group_with([odd]), &["wrong-participant", "one-row"], [nina, oscar]);
}

#[test]
fn both_rows_missing() {
    assert_mended(&group_with([]), &["no-row"], rows());
}

#[test]
fn a_row_that_names_somebody_else() {
    let [nina, oscar] = rows();
    for wrong in [&PETRA, &NINA] {
        let odd = row(GROUP, &at(3), &NINA, wrong, "text 3");
        assert_mended(
            &group_with([odd, oscar.clone()]),
            &["wrong-participant"],
            [nina.clone(), oscar.clone()],
        );
    }
    let nobody = with(nina.clone(), &[("user_uuid", "MOCK")]);
    assert_mended(&group_with([nobody, oscar.clone()]), &["wrong-participant"], [nina, oscar]);
}

#[test]
fn what_else_a_row_holds_stays() {
    let [nina, oscar] = rows();
    let mut behind = row(GROUP, &at(1), &NINA, &OSCAR, "text 1");
    let mut moved = nina;
    for row in [&mut behind, &mut moved] {
        row.insert("muted".to_owned(), AttributeValue::Bool(true));
        row.insert("unread".to_owned(), AttributeValue::N("7".to_owned()));
    }
    assert_mended(&group_with([behind, oscar.clone()]), &["row-behind"], [moved, oscar]);
}

#[test]
fn a_missing_row_takes_its_name_from_postgresql() {
    let [nina, oscar] = rows();
    let sandbox = known_group_with([nina.clone()]);
    sandbox.sql("UPDATE users SET display_name = 'Nina O.', handle = 'nina_o' WHERE handle = 'nina'");
    sandbox.cruddur(["ddb", "check", "--repair"]).succeeds().says("repaired 1 broken promise");
    let renamed = with(oscar, &[("user_display_name", "Nina O."), ("user_handle", "nina_o")]);
    assert_eq!(sorted(sandbox.items_of("GRP#")), sorted(vec![nina, renamed]));
    sandbox.cruddur(["ddb", "check"]).succeeds();
}

#[test]
fn a_group_of_one_who_never_wrote_is_mended_with_postgresql() {
    let [_, oscar] = rows();
    let sandbox = known_group_with([oscar.clone()]);
    for message in sandbox.items_of("MSG#").iter().filter(|message| text(message, "user_handle") == "oscar") {
        delete(&sandbox, message);
    }
    sandbox.cruddur(["ddb", "check", "--repair"]).succeeds();
    let shown: Vec<_> =
        sandbox.items_of("GRP#").iter().map(|row| (text(row, "sk"), text(row, "user_handle"))).collect();
    let mut expected = vec![(at(2), "nina".to_owned()), (at(2), "oscar".to_owned())];
    expected.sort();
    let mut shown = shown;
    shown.sort();
    assert_eq!(shown, expected);
}

#[test]
fn every_shape_of_a_time_is_sound_and_the_latest_instant_is_the_newest() {
    // By text, the first of these comes last.
    let times = [
        "2024-05-06T12:00:00.000000+05:00",
        "2024-05-06T11:00:00+02:00",
        "2024-05-06T10:30:00.5",
        "2024-05-06T10:45:00Z",
        "2024-05-06T06:00:00.000000-05:00",
    ];
    let messages: Vec<Item> = times.iter().map(|time| message(GROUP, time, &NINA, time)).collect();
    let newest = times[4];
    let sound = [row(GROUP, newest, &NINA, &OSCAR, newest), row(GROUP, newest, &OSCAR, &NINA, newest)];
    assert_clean(&table_of(messages.iter().chain(&sound).cloned()));
    // The same instant in another shape is the same instant.
    let utc = with(sound[0].clone(), &[("sk", "2024-05-06T11:00:00.000000+00:00")]);
    assert_clean(&table_of(messages.iter().chain([&utc, &sound[1]]).cloned()));
    // What a refresh by text alone would show.
    let last = times[0];
    let stale = [row(GROUP, last, &NINA, &OSCAR, last), row(GROUP, last, &OSCAR, &NINA, last)];
    assert_mended(&table_of(messages.into_iter().chain(stale)), &["row-behind"; 2], sound);
}

#[test]
fn a_message_with_a_sort_key_that_is_no_time_does_not_count_as_the_newest() {
    let [nina, oscar] = rows();
    let behind = row(GROUP, &at(1), &NINA, &OSCAR, "text 1");
    let sandbox = group_with([behind, oscar.clone(), message(GROUP, "yesterday", &NINA, "odd")]);
    let repair = check(&sandbox, &["--repair"]).exits_with(5);
    assert_eq!(promises(&repair), ["unparsable-time", "row-behind"]);
    assert_eq!(sorted(sandbox.items_of("GRP#")), sorted(vec![nina, oscar]));
}

#[test]
fn a_microsecond_that_another_group_has_is_left_to_it() {
    const OTHER: &str = "3c1d7a52-0a4e-4e0b-9a57-1f1f6f0f8a02";
    let taken = at(3);
    let [nina, oscar] = rows();
    let nudged = with(nina, &[("sk", "2024-05-06T07:00:03.000002+00:00")]);
    let others = [
        message(OTHER, &taken, &PETRA, "another group's"),
        row(OTHER, &taken, &NINA, &PETRA, "another group's"),
        row(OTHER, &taken, &PETRA, &NINA, "another group's"),
    ];
    assert_clean(&group_with(others.iter().chain([&nudged, &oscar]).cloned()));
    let behind = row(GROUP, &at(1), &NINA, &OSCAR, "text 1");
    let sandbox = group_with(others.iter().chain([&behind, &oscar]).cloned());
    let rows = [nudged, oscar, others[1].clone(), others[2].clone()];
    assert_mended(&sandbox, &["row-behind"], rows);
}
