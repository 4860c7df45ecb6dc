//! No character of what is shown steers the terminal, or makes a line pass for one of cruddur's.

use serde_json::Value;

use crate::support::{Run, Sandbox, at_a_terminal};

/// Both blocks of controls, and what turns the direction of text.
const HARMFUL: &str = "a\u{1b}[31mb\u{7f}c\u{9b}2Jd\u{85}e\u{202e}f\u{2066}g\rh";

#[track_caller]
fn assert_harmless(text: &str) {
    let steers =
        |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c) || c == '\u{2066}';
    assert!(!text.contains(steers), "{text:?}");
}

/// A table with an item whose key, names and text are all harmful.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::set_up();
    sandbox.put(&[("pk", HARMFUL), ("sk", HARMFUL), ("message", HARMFUL), (HARMFUL, "x")]);
    sandbox
}

#[test]
fn a_message_cannot_turn_the_text_around_it() {
    let sandbox = Sandbox::seeded();
    let text = "paid \u{202e}001\u{202c} to \u{2066}nina\u{2069}";
    sandbox
        .cruddur(["ddb", "patterns", "create-conversation", "--from", "nina", "--to", "petra", text])
        .succeeds();
    for words in [&["ddb", "patterns", "list-conversations"][..], &["ddb", "scan"]] {
        for run in [
            sandbox.cruddur(words).succeeds(),
            Run::of(&mut at_a_terminal(&sandbox.command(words), 400)).succeeds(),
        ] {
            assert!(
                run.stdout.contains(r"paid \u{202e}001\u{202c} to \u{2066}nina\u{2069}"),
                "{}",
                run.stdout
            );
            assert!(!run.stdout.contains(['\u{202e}', '\u{202c}', '\u{2066}', '\u{2069}']));
        }
    }
}

#[test]
fn json_is_the_same_data_and_harmless() {
    let sandbox = sandbox();
    let is_whole =
        |item: &Value| ["pk", "message"].iter().all(|name| item[name] == HARMFUL) && item[HARMFUL] == "x";
    let run = sandbox.cruddur(["ddb", "scan", "-o", "ndjson"]).succeeds();
    assert_harmless(&run.stdout);
    assert!(is_whole(&run.ndjson()[0]));
    let run = sandbox.cruddur(["ddb", "scan", "-o", "json"]).succeeds();
    assert_harmless(&run.stdout);
    assert!(is_whole(&run.json()["items"][0]));
    for format in ["json", "ndjson"] {
        let run = sandbox.cruddur(["ddb", "get", HARMFUL, HARMFUL, "-o", format]).succeeds();
        assert_harmless(&run.stdout);
        let found = if format == "json" { run.json()["item"].clone() } else { run.ndjson()[0].clone() };
        assert!(is_whole(&found), "{found}");
    }
    // A plan's requests can be sent by other programs: they mean the same.
    let run = sandbox.cruddur(["ddb", "delete", HARMFUL, HARMFUL, "--dry-run"]).succeeds();
    assert_harmless(&run.stdout);
    let request = run.stdout.strip_prefix("DynamoDB DeleteItem ").unwrap();
    let request: Value = serde_json::from_str(request).unwrap();
    assert_eq!(request["Key"]["pk"]["S"], HARMFUL);
}

#[test]
fn usage_errors_repeat_words_harmlessly() {
    let sandbox = Sandbox::new();
    let fake = "x\nError: the database is gone";
    for word in [HARMFUL, fake] {
        for words in [
            &[word][..],
            &["ddb", word],
            &["ddb", "scan", "--limit", word],
            &["ddb", "scan", "-o", word],
            &["ddb", "scan", "--segments", word],
            &["db", "wait", "--timeout", word],
            &["db", "seed", "--set", word],
            &["db", "seed", "--set", &format!("{word}=1")],
            &["ddb", "scan", "--endpoint-url", word],
        ] {
            let run = sandbox.cruddur(words);
            assert_ne!(run.code, 0, "{words:?}");
            assert_harmless(&run.stderr);
            let faked = run.stderr.lines().any(|line| line.starts_with("Error: the database"));
            assert!(!faked, "{words:?}: {}", run.stderr);
        }
    }
    // In colour too.
    let mut command = sandbox.command(["--color", "always", "ddb", "\u{9b}2J\u{202e}"]);
    let run = Run::of(&mut command).exits_with(2);
    assert!(!run.stderr.contains(['\u{9b}', '\u{202e}']), "{:?}", run.stderr);
}

#[test]
fn a_servers_message_stays_part_of_the_error_it_belongs_to() {
    let sandbox = Sandbox::set_up();
    let raise = "DO $$ BEGIN RAISE EXCEPTION E'first\\nError: second\\nHint: run rm' USING HINT = E'a\\nError: third'; END $$;";
    sandbox.write("raise.sql", raise);
    let run = sandbox.cruddur(["db", "seed", "raise.sql"]).exits_with(1);
    let starts = |word: &str| run.stderr.lines().filter(|line| line.starts_with(word)).count();
    assert_eq!((starts("Error:"), starts("Hint:")), (1, 1), "{}", run.stderr);
    assert!(run.stderr.contains("\n  Error: second\n  Hint: run rm"), "{}", run.stderr);
}
