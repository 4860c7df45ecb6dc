//! `ddb seed` that cannot be done: an error that helps, and nothing written.

use crate::support::{Page, Run, Sandbox, TABLE};

/// Seeds in a world that is set up; nothing is written.
#[track_caller]
fn refused(sandbox: &Sandbox, code: i32, arguments: &[&str]) -> Run {
    let run = sandbox.cruddur(["ddb", "seed"].iter().chain(arguments)).exits_with(code);
    assert_eq!(run.stdout, "");
    assert_eq!(sandbox.items().len(), 0, "something was written");
    run
}

/// Seeds from a transcript of these bytes; nothing is written.
#[track_caller]
fn bad_transcript(bytes: impl AsRef<[u8]>) -> Run {
    let sandbox = Sandbox::set_up();
    sandbox.write("talk.txt", bytes);
    refused(&sandbox, 1, &["talk.txt"])
}

#[test]
fn a_bad_line_names_file_and_line() {
    let mut page = Page::default();
    page.add(bad_transcript("Person 1: one\n\nPerson 2: two\nPerson 3: three\nPerson 1: four\n"));
    page.matches("runs/ddb/seed_refused/a_bad_line_names_file_and_line");
}

#[test]
fn a_bad_first_line_after_a_byte_order_mark_is_line_one() {
    let mut page = Page::default();
    page.add(bad_transcript("\u{feff}person 1: one\r\n"));
    page.matches("runs/ddb/seed_refused/a_bad_first_line_after_a_byte_order_mark_is_line_one");
}

#[test]
fn lines_that_only_look_like_messages_are_bad() {
    let mut page = Page::default();
    for line in ["Person 1 one", "Person 12: one", "one", "Person 1\u{ff1a} one", "# a comment"] {
        page.add(bad_transcript(format!("Person 1: zero\r\n{line}\r\n")));
    }
    page.matches("runs/ddb/seed_refused/lines_that_only_look_like_messages_are_bad");
}

#[test]
fn an_empty_message_names_file_and_line() {
    let mut page = Page::default();
    page.add(bad_transcript("Person 1: one\nPerson 2: \t\n"));
    page.add(bad_transcript("Person 1:"));
    page.matches("runs/ddb/seed_refused/an_empty_message_names_file_and_line");
}

#[test]
fn a_message_too_long_for_an_item_names_file_and_line() {
    let mut page = Page::default();
    let text = format!("Person 1: one\nPerson 2: {}\n", "x".repeat(400 * 1024));
    page.add(bad_transcript(text));
    page.matches("runs/ddb/seed_refused/a_message_too_long_for_an_item_names_file_and_line");
}

#[test]
fn text_that_is_not_utf_8_names_file_and_line() {
    let mut page = Page::default();
    page.add(bad_transcript(b"Person 1: one\nPerson 2: caf\xe9\n"));
    page.matches("runs/ddb/seed_refused/text_that_is_not_utf_8_names_file_and_line");
}

#[test]
fn an_empty_file_is_no_transcript() {
    let mut page = Page::default();
    for text in ["", "\n \r\n", "\u{feff}"] {
        page.add(bad_transcript(text));
    }
    page.matches("runs/ddb/seed_refused/an_empty_file_is_no_transcript");
}

#[test]
fn a_missing_file_is_named() {
    let mut page = Page::default();
    let sandbox = Sandbox::set_up();
    page.add(refused(&sandbox, 1, &["nowhere.txt"]));
    page.add(refused(&sandbox, 1, &["."]));
    page.matches("runs/ddb/seed_refused/a_missing_file_is_named");
}

#[test]
fn a_bad_transcript_leaves_an_older_conversation_whole() {
    let sandbox = Sandbox::seeded();
    let before = sandbox.items().len();
    sandbox.write("talk.txt", "Person 1: fine\nnot fine\n");
    sandbox.cruddur(["ddb", "seed", "talk.txt"]).exits_with(1);
    assert_eq!(sandbox.items().len(), before);
}

#[test]
fn a_missing_user_is_named_and_who_is_there_is_listed() {
    let mut page = Page::default();
    let sandbox = Sandbox::set_up();
    for flags in [["--my-handle", "quentin"], ["--other-handle", "quentin"]] {
        page.add(refused(&sandbox, 1, &flags));
    }
    page.matches("runs/ddb/seed_refused/a_missing_user_is_named_and_who_is_there_is_listed");
}

#[test]
fn handles_are_compared_to_the_letter() {
    let mut page = Page::default();
    let sandbox = Sandbox::set_up();
    page.add(refused(&sandbox, 1, &["--my-handle", "Nina"]));
    page.add(refused(&sandbox, 1, &["--my-handle", "' OR true --"]));
    page.matches("runs/ddb/seed_refused/handles_are_compared_to_the_letter");
}

#[test]
fn a_long_list_of_users_is_cut() {
    let mut page = Page::default();
    let sandbox = Sandbox::set_up();
    sandbox.sql(
        "INSERT INTO public.users (display_name, handle, email, cognito_user_id)
         SELECT 'Many', 'many' || number, 'many@example.com', 'MOCK' FROM generate_series(1, 40) number",
    );
    page.add(refused(&sandbox, 1, &["--my-handle", "quentin"]));
    page.matches("runs/ddb/seed_refused/a_long_list_of_users_is_cut");
}

#[test]
fn nobody_there_leads_to_db_seed() {
    let mut page = Page::default();
    let sandbox = Sandbox::set_up();
    sandbox.sql("DELETE FROM public.users");
    page.add(refused(&sandbox, 1, &[]));
    page.matches("runs/ddb/seed_refused/nobody_there_leads_to_db_seed");
}

#[test]
fn two_users_with_one_handle_are_nobody() {
    let mut page = Page::default();
    let sandbox = Sandbox::set_up();
    sandbox.allow_twins();
    sandbox.sql(
        "INSERT INTO public.users (display_name, handle, email, cognito_user_id)
         VALUES ('Another Oscar', 'oscar', 'oscar2@example.com', 'MOCK')",
    );
    page.add(refused(&sandbox, 1, &[]));
    page.matches("runs/ddb/seed_refused/two_users_with_one_handle_are_nobody");
}

#[test]
fn nobody_talks_to_themselves() {
    let mut page = Page::default();
    let sandbox = Sandbox::set_up();
    page.add(refused(&sandbox, 2, &["--other-handle", "nina"]));
    refused(&sandbox, 2, &["--my-handle", "petra", "--other-handle", "petra"]);
    page.matches("runs/ddb/seed_refused/nobody_talks_to_themselves");
}

#[test]
fn the_two_people_are_named_once_for_all_and_flags_win() {
    let sandbox = Sandbox::set_up();
    sandbox.write(".env", "user1_username=petra\nuser2_username=nina\n");
    sandbox.cruddur(["ddb", "seed"]).succeeds().says("between petra and nina");
    let run = sandbox.cruddur(["ddb", "patterns", "list-conversations"]).succeeds();
    assert!(run.stdout.contains("Nina Okafor (nina)"), "{}", run.stdout);
    let run = sandbox.cruddur(["ddb", "patterns", "list-conversations", "--handle", "nina"]).succeeds();
    assert!(run.stdout.contains("Petra Novak (petra)"), "{}", run.stdout);
    sandbox.cruddur(["ddb", "seed", "--my-handle", "oscar"]).succeeds().says("between oscar and nina");
    // The environment wins over the file, and an empty variable is none.
    let mut command = sandbox.command(["ddb", "seed"]);
    Run::of(command.env("user1_username", "nina").env("user2_username", "oscar"))
        .succeeds()
        .says("between nina and oscar");
    sandbox.cruddur(["ddb", "seed", "--no-env-file"]).succeeds().says("between nina and oscar");
    // config show has both.
    let run = sandbox.cruddur(["config", "show"]).succeeds();
    let rows: Vec<&str> = run.stdout.lines().filter(|line| line.starts_with("person")).collect();
    assert!(rows[0].contains("petra") && rows[0].contains("user1_username"), "{rows:?}");
    assert!(rows[1].contains("nina") && rows[1].contains("user2_username"), "{rows:?}");
}

#[test]
fn who_is_not_there_is_named_with_where_the_name_came_from_and_who_is() {
    let sandbox = Sandbox::set_up();
    sandbox.sql("UPDATE users SET handle = 'quinn' WHERE handle = 'nina'");
    refused(&sandbox, 1, &[])
        .says("no user has the handle \"nina\"")
        .says("existing handles: oscar, petra, quinn")
        .says("to choose the two people set user1_username and user2_username");
    sandbox.write(".env", "user1_username=robin\n");
    let place = format!("user1_username (from {}:1)", sandbox.path().join(".env").display());
    refused(&sandbox, 1, &[]).says("\"robin\"").says("oscar, petra, quinn").says(&place);
    sandbox.cruddur(["ddb", "patterns", "list-conversations"]).exits_with(1).says("\"robin\"").says(&place);
    sandbox.write(".env", "user1_username=oscar\n");
    refused(&sandbox, 2, &[]).says("the same user").says("user1_username");
}

#[test]
fn a_group_must_be_a_uuid() {
    let sandbox = Sandbox::set_up();
    refused(&sandbox, 2, &["--message-group-uuid", "5ae290ed"]);
}

#[test]
fn a_missing_table_leads_to_schema_load() {
    let mut page = Page::default();
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "setup"]).succeeds();
    page.add(sandbox.cruddur(["ddb", "seed"]).exits_with(1));
    assert!(sandbox.describe(TABLE).is_none());
    page.matches("runs/ddb/seed_refused/a_missing_table_leads_to_schema_load");
}

#[test]
fn a_missing_database_leads_to_db_create() {
    let mut page = Page::default();
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    page.add(refused(&sandbox, 1, &[]));
    page.matches("runs/ddb/seed_refused/a_missing_database_leads_to_db_create");
}

#[test]
fn a_missing_users_table_leads_to_db_schema_load() {
    let mut page = Page::default();
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    sandbox.cruddur(["db", "create"]).succeeds();
    page.add(refused(&sandbox, 1, &[]));
    page.matches("runs/ddb/seed_refused/a_missing_users_table_leads_to_db_schema_load");
}

#[test]
fn replacing_in_production_needs_the_tables_name() {
    let mut page = Page::default();
    let sandbox = Sandbox::set_up();
    let endpoint = sandbox.endpoint();
    let seed = |flags: &[&str]| {
        let mut command =
            sandbox.command(["ddb", "seed", "--prod", "--endpoint-url", &endpoint].iter().chain(flags));
        command
            .env("PROD_CONNECTION_URL", sandbox.production_url())
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "us-east-1");
        Run::of(&mut command)
    };
    page.add(seed(&[]).exits_with(3));
    seed(&["--yes", "--confirm", "cruddur"]).exits_with(3);
    assert_eq!(sandbox.items().len(), 0, "something was written");
    seed(&["--yes", "--confirm", TABLE]).succeeds();
    assert!(sandbox.items().len() > 2);
    page.matches("runs/ddb/seed_refused/replacing_in_production_needs_the_tables_name");
}
