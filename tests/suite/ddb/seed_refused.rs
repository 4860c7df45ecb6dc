//! `ddb seed` that cannot be done: an error that helps, and nothing written.

use crate::support::{Run, Sandbox, TABLE};

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
    bad_transcript("Person 1: one\n\nPerson 2: two\nPerson 3: three\nPerson 1: four\n")
        .says("talk.txt:4: ")
        .says("Person 1:")
        .says("nothing was written");
}

#[test]
fn a_bad_first_line_after_a_byte_order_mark_is_line_one() {
    bad_transcript("\u{feff}person 1: one\r\n").says("talk.txt:1: ");
}

#[test]
fn lines_that_only_look_like_messages_are_bad() {
    for line in ["Person 1 one", "Person 12: one", "one", "Person 1\u{ff1a} one", "# a comment"] {
        bad_transcript(format!("Person 1: zero\r\n{line}\r\n")).says("talk.txt:2: ");
    }
}

#[test]
fn an_empty_message_names_file_and_line() {
    bad_transcript("Person 1: one\nPerson 2: \t\n").says("talk.txt:2: the message is empty");
    bad_transcript("Person 1:").says("talk.txt:1: the message is empty");
}

#[test]
fn a_message_too_long_for_an_item_names_file_and_line() {
    let text = format!("Person 1: one\nPerson 2: {}\n", "x".repeat(400 * 1024));
    bad_transcript(text).says("talk.txt:2: ").says("400 KB");
}

#[test]
fn text_that_is_not_utf_8_names_file_and_line() {
    bad_transcript(b"Person 1: one\nPerson 2: caf\xe9\n").says("talk.txt:2: not UTF-8");
}

#[test]
fn an_empty_file_is_no_transcript() {
    for text in ["", "\n \r\n", "\u{feff}"] {
        bad_transcript(text).says("talk.txt: the transcript holds no message");
    }
}

#[test]
fn a_missing_file_is_named() {
    let sandbox = Sandbox::set_up();
    refused(&sandbox, 1, &["nowhere.txt"]).says("cannot read nowhere.txt");
    refused(&sandbox, 1, &["."]).says("cannot read .");
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
    let sandbox = Sandbox::set_up();
    for flags in [["--my-handle", "quentin"], ["--other-handle", "quentin"]] {
        refused(&sandbox, 1, &flags).says("\"quentin\"").says("nina, oscar, petra");
    }
}

#[test]
fn handles_are_compared_to_the_letter() {
    let sandbox = Sandbox::set_up();
    refused(&sandbox, 1, &["--my-handle", "Nina"]).says("no user has the handle \"Nina\"");
    refused(&sandbox, 1, &["--my-handle", "' OR true --"]).says("no user has the handle");
}

#[test]
fn a_long_list_of_users_is_cut() {
    let sandbox = Sandbox::set_up();
    sandbox.sql(
        "INSERT INTO public.users (display_name, handle, email, cognito_user_id)
         SELECT 'Many', 'many' || number, 'many@example.com', 'MOCK' FROM generate_series(1, 40) number",
    );
    refused(&sandbox, 1, &["--my-handle", "quentin"]).says("and 23 more");
}

#[test]
fn nobody_there_leads_to_db_seed() {
    let sandbox = Sandbox::set_up();
    sandbox.sql("DELETE FROM public.users");
    refused(&sandbox, 1, &[]).says("\"nina\"").says("cruddur db seed");
}

#[test]
fn two_users_with_one_handle_are_nobody() {
    let sandbox = Sandbox::set_up();
    sandbox.allow_twins();
    sandbox.sql(
        "INSERT INTO public.users (display_name, handle, email, cognito_user_id)
         VALUES ('Another Oscar', 'oscar', 'oscar2@example.com', 'MOCK')",
    );
    refused(&sandbox, 1, &[]).says("more than one user has the handle \"oscar\"");
}

#[test]
fn nobody_talks_to_themselves() {
    let sandbox = Sandbox::set_up();
    refused(&sandbox, 2, &["--other-handle", "nina"]).says("the same user");
    refused(&sandbox, 2, &["--my-handle", "petra", "--other-handle", "petra"]);
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
        .says("who is there: oscar, petra, quinn")
        .says("to name the two people once for all set user1_username and user2_username");
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
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "setup"]).succeeds();
    sandbox
        .cruddur(["ddb", "seed"])
        .exits_with(1)
        .says("there is no table \"cruddur-messages\"")
        .says("run: cruddur ddb schema-load");
    assert!(sandbox.describe(TABLE).is_none());
}

#[test]
fn a_missing_database_leads_to_db_create() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    refused(&sandbox, 1, &[]).says("cruddur db create");
}

#[test]
fn a_missing_users_table_leads_to_db_schema_load() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    sandbox.cruddur(["db", "create"]).succeeds();
    refused(&sandbox, 1, &[]).says("cruddur db schema-load");
}

#[test]
fn replacing_in_production_needs_the_tables_name() {
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
    seed(&[]).exits_with(3).says("*** PROD *** DynamoDB at").says("--yes --confirm cruddur-messages");
    seed(&["--yes", "--confirm", "cruddur"]).exits_with(3);
    assert_eq!(sandbox.items().len(), 0, "something was written");
    seed(&["--yes", "--confirm", TABLE]).succeeds();
    assert!(sandbox.items().len() > 2);
}
