//! What the data does not tell how to mend is listed and left alone.

use super::*;

#[test]
fn a_group_without_rows_in_which_one_person_writes() {
    let mine = |n: usize| message(GROUP, &at(n), &NINA, "hello?");
    assert_listed(&table_of([mine(0), mine(1)]), &["no-row"]);
}

#[test]
fn a_group_without_rows_in_which_three_people_write() {
    assert_listed(&group_with([message(GROUP, &at(4), &PETRA, "me too")]), &["no-row"]);
}

#[test]
fn a_group_without_rows_whose_messages_name_nobody() {
    let anonymous = item(&[("pk", &format!("MSG#{GROUP}")), ("sk", &at(0)), ("message", "who?")]);
    assert_listed(&table_of([anonymous]), &["unknown-user", "no-row"]);
}

#[test]
fn rows_without_a_message() {
    assert_listed(&table_of(rows()), &["no-message"]);
    let [nina, _] = rows();
    assert_listed(&table_of([nina]), &["one-row", "no-message"]);
}

#[test]
fn rows_of_three_users() {
    let sandbox = group_with(rows().into_iter().chain([row(GROUP, &at(3), &PETRA, &NINA, "text 3")]));
    assert_listed(&sandbox, &["wrong-participant"; 3]);
    // Nor is what else is broken in it, until somebody has said who takes part.
    sandbox.put_item(message(GROUP, &at(4), &NINA, "text 4"));
    let mut broken = ["wrong-participant"; 6];
    broken[3..].fill("row-behind");
    assert_listed(&sandbox, &broken);
}

#[test]
fn a_row_that_names_somebody_other_than_who_writes() {
    // Nina's row says Petra, but Oscar writes: one of them is wrong.
    let sandbox = group_with([row(GROUP, &at(3), &NINA, &PETRA, "text 3")]);
    assert_listed(&sandbox, &["one-row"]);
}

#[test]
fn a_missing_row_of_somebody_whose_name_nobody_knows() {
    // Oscar wrote all there is, so without PostgreSQL nobody can name Nina in his row.
    let sandbox =
        table_of([message(GROUP, &at(3), &OSCAR, "text 3"), row(GROUP, &at(3), &NINA, &OSCAR, "text 3")]);
    assert_listed(&sandbox, &["one-row"]);
}

#[test]
fn times_of_messages_that_do_not_parse() {
    let [nina, oscar] = rows();
    let odd = ["yesterday", "2024-13-01T00:00:00Z", "1680083113"];
    let odd = odd.iter().map(|time| message(GROUP, time, &NINA, "when?"));
    assert_listed(&group_with(odd.chain([nina, oscar])), &["unparsable-time"; 3]);
}

#[test]
fn a_group_whose_only_message_has_no_time() {
    let sandbox = table_of([message(GROUP, "yesterday", &NINA, "when?")].into_iter().chain(rows()));
    assert_listed(&sandbox, &["unparsable-time"]);
}

#[test]
fn keys_that_do_not_parse() {
    let [nina, oscar] = rows();
    let time = at(0);
    let odd = [
        ("ACT#1", ""),
        ("GRP#", GROUP),
        ("GRP#3C1D7A52-0A4E-4E0B-9A57-1F1F6F0F8A01", GROUP),
        (&*format!("GRP#{}", PETRA.uuid), ""),
        (&*format!("GRP#{}", PETRA.uuid), "the first"),
        ("MSG#3c1d7a520a4e4e0b9a571f1f6f0f8a01", ""),
        ("MSG#nobody", ""),
    ];
    let odd = odd.iter().enumerate().map(|(index, (pk, group))| {
        let time = with(item(&[("pk", pk), ("sk", &time)]), &[("sk", &at(index))]);
        if group.is_empty() { time } else { with(time, &[("message_group_uuid", group)]) }
    });
    let sandbox = group_with(odd.chain([nina, oscar]));
    let found = check(&sandbox, &[]).exits_with(1);
    assert_eq!(promises(&found), ["unparsable-key"; 7]);
    let mut keys: Vec<_> =
        findings(&found).iter().map(|finding| finding["pk"].as_str().unwrap().to_owned()).collect();
    keys.sort();
    assert_eq!(keys[0], "ACT#1");
    assert_eq!(keys[6], "MSG#nobody");
    assert_listed(&sandbox, &["unparsable-key"; 7]);
}

#[test]
fn a_partition_that_is_none_of_ours_is_one_finding() {
    let sandbox = table_of((0..3).map(|n| item(&[("pk", "MSG#nobody"), ("sk", &at(n))])));
    let found = check(&sandbox, &[]).exits_with(1);
    assert_eq!(promises(&found), ["unparsable-key"]);
    assert_eq!(findings(&found)[0]["detail"], "3 items: what follows MSG# is not a uuid");
}

#[test]
fn users_that_postgresql_does_not_know() {
    let sandbox = known_group_with(rows());
    sandbox.cruddur(["ddb", "check"]).succeeds();
    sandbox.sql("DELETE FROM users WHERE handle = 'oscar'");
    let before = sorted(sandbox.items());
    for flags in [&["ddb", "check", "-o", "json"][..], &["ddb", "check", "-o", "json", "--repair"]] {
        let found = sandbox.cruddur(flags).exits_with(1).says("restore the user in PostgreSQL");
        assert_eq!(promises(&found), ["unknown-user"]);
        let finding = &findings(&found)[0];
        assert_eq!(finding["pk"], format!("GRP#{}", OSCAR.uuid));
        assert_eq!(finding["message_group_uuid"], GROUP);
        let detail = finding["detail"].as_str().unwrap();
        assert!(detail.contains("sent 2 messages, owns 1 row, is named in 1 row"), "{detail}");
    }
    assert_eq!(sorted(sandbox.items()), before);
    // Whoever does not ask does not hear.
    assert_clean(&sandbox);
}

#[test]
fn senders_that_are_no_users_at_all() {
    let odd = |n: usize| with(message(GROUP, &at(n), &NINA, "who?"), &[("user_uuid", "MOCK")]);
    let sandbox = known_group_with(rows());
    sandbox.put_all([odd(1), odd(2)]);
    let found = sandbox.cruddur(["ddb", "check", "-o", "json"]).exits_with(1);
    assert_eq!(promises(&found), ["unknown-user"]);
    let detail = findings(&found)[0]["detail"].as_str().unwrap().to_owned();
    assert_eq!(detail, "the senders of 2 messages are not uuids, such as \"MOCK\"");
}
