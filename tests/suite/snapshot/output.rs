//! The tables and the JSON of each command that works on the table or the database.

use super::{FORMATS, conversation, formats, lines, plain};
use crate::support::{Book, GROUP, Page, Sandbox, Session};

#[test]
fn output_of_what_reads_the_table() {
    let mut book = Book::open("output/reading");
    let sandbox = conversation();
    let group = format!("MSG#{GROUP}");
    let last = "2024-02-29T00:01:00.000000+00:00";
    formats(&mut book, &sandbox, "ddb list-tables", &[]);
    formats(&mut book, &sandbox, "ddb scan", &[]);
    formats(&mut book, &sandbox, "ddb query", &[&format!("pk = '{group}'")]);
    formats(&mut book, &sandbox, "ddb get", &[&group, last]);
    formats(&mut book, &sandbox, "ddb stats", &["--top", "1"]);
    formats(&mut book, &sandbox, "ddb export", &["messages.ndjson", "--force"]);
    formats(&mut book, &sandbox, "ddb patterns get-conversation", &["--utc"]);
    formats(&mut book, &sandbox, "ddb patterns list-conversations", &["--utc"]);
    formats(&mut book, &sandbox, "ddb explain get-conversation", &[]);
    formats(&mut book, &sandbox, "ddb explain list-conversations", &[]);
    formats(&mut book, &sandbox, "ddb explain create-message", &["--from", "nina", "Hello"]);
    let words = ["--from", "petra", "--to", "nina", "Hello"];
    formats(&mut book, &sandbox, "ddb explain create-conversation", &words);
    formats(&mut book, &sandbox, "ddb explain refresh-group", &[]);
    // A message that its group's rows do not show yet.
    sandbox.put(&[("pk", &group), ("sk", "2024-03-01T08:00:00.000000+00:00"), ("message", "Hello?")]);
    let mut page = Page::default();
    for arguments in FORMATS.into_iter().chain([&["--repair"][..]]) {
        page.run(sandbox.command(["ddb", "check"]).args(arguments));
    }
    book.page("ddb-check", &page);
    book.close();
}

#[test]
fn output_of_what_writes_to_the_table() {
    let mut book = Book::open("output/writing");
    let sandbox = conversation();
    sandbox.sql(
        "INSERT INTO users (uuid, display_name, handle, email, cognito_user_id) VALUES \
         ('0b7f4a52-6d0c-4c8e-9d53-7a1f2e9c4b10', 'Quinn Doe', 'quinn', 'quinn@example.com', 'MOCK')",
    );
    sandbox.write("talk.txt", "Person 1: Are you up?\nPerson 2: It is six.\n");
    plain(&mut book, &sandbox, "ddb schema-load", &[&[], &["--table", "other"], &["--print", "json"]]);
    let key = ["MSG#1", "2024-03-01T08:00:00.000000+00:00"];
    let put = [&format!("pk={}", key[0]), &format!("sk={}", key[1]), "likes:=3", "tags:SS=a,b"];
    let replace = [&put[..], &["--replace"]].concat();
    lines(&mut book, &sandbox, "ddb put", &[&put, &replace, &replace]);
    for number in 2..=3 {
        sandbox.put(&[("pk", &format!("MSG#{number}")), ("sk", key[1])]);
    }
    lines(&mut book, &sandbox, "ddb delete", &[&key, &["MSG#2", key[1]], &["MSG#3", key[1]]]);
    let message = ["--from", "nina", "--message-group-uuid", GROUP, "Hello"];
    formats(&mut book, &sandbox, "ddb patterns create-message", &message);
    let to = |handle| ["--from", "petra", "--to", handle, "Hello"];
    let conversations = [to("nina"), to("oscar"), to("quinn")];
    lines(
        &mut book,
        &sandbox,
        "ddb patterns create-conversation",
        &[&conversations[0], &conversations[1], &conversations[2]],
    );
    let rename = |from, to| [from, "--new-handle", to];
    let renames = [rename("nina", "nia"), rename("nia", "nana"), rename("nana", "nina")];
    lines(&mut book, &sandbox, "ddb rename-user", &[&renames[0], &renames[1], &renames[2]]);
    plain(&mut book, &sandbox, "ddb seed", &[&["talk.txt"], &["talk.txt", "--dry-run"]]);
    sandbox.write("items.ndjson", "{\"pk\":\"MSG#1\",\"sk\":\"2024-03-01T08:00:00.000000+00:00\"}\n");
    formats(&mut book, &sandbox, "ddb import", &["items.ndjson", "--replace"]);
    plain(&mut book, &sandbox, "ddb truncate", &[&[], &[]]);
    plain(&mut book, &sandbox, "ddb drop", &[&["other"]]);
    book.close();
}

#[test]
fn output_of_the_stream() {
    let mut book = Book::open("output/stream");
    let sandbox = conversation();
    plain(&mut book, &sandbox, "ddb stream enable", &[&[], &[]]);
    let say = |time: &str| {
        sandbox.put(&[("pk", &format!("MSG#{GROUP}")), ("sk", time), ("message", "Hello?")]);
    };
    say("2024-03-01T08:00:00.000000+00:00");
    formats(&mut book, &sandbox, "ddb stream status", &[]);
    formats(&mut book, &sandbox, "ddb stream tail", &["--from", "trim-horizon", "--once"]);
    let mut page = Page::default();
    for (minute, format) in FORMATS.into_iter().enumerate() {
        page.run(sandbox.command(["ddb", "stream", "run", "--once"]).args(format));
        say(&format!("2024-03-01T08:{:02}:00.000000+00:00", minute + 1));
    }
    book.page("ddb-stream-run", &page);
    plain(&mut book, &sandbox, "ddb stream policy", &[&["--account", "012345678901"]]);
    plain(&mut book, &sandbox, "ddb stream disable", &[&[], &[]]);
    book.close();
}

#[test]
fn output_of_what_works_on_the_database() {
    let mut book = Book::open("output/db");
    let sandbox = Sandbox::new();
    plain(&mut book, &sandbox, "setup", &[&["--dry-run"], &[], &[]]);
    plain(&mut book, &sandbox, "db drop", &[&["--dry-run"], &[], &[]]);
    plain(&mut book, &sandbox, "db create", &[&[], &[]]);
    plain(&mut book, &sandbox, "db wait", &[&[]]);
    formats(&mut book, &sandbox, "db schema-load", &[]);
    formats(&mut book, &sandbox, "db seed", &[]);
    let session = Session::open(&sandbox.connection_url(), "a web app");
    formats(&mut book, &sandbox, "db sessions", &[]);
    drop(session);
    plain(&mut book, &sandbox, "db setup", &[&["--force"]]);
    book.close();
}
