//! Transcripts.

use cruddur::messaging::{Person, Transcript};
use proptest::prelude::*;

use crate::support::cases;

fn said(text: &str) -> Vec<(Person, String)> {
    let transcript = Transcript::parse(text).unwrap_or_else(|error| panic!("{error}"));
    transcript.lines().iter().map(|line| (line.person, line.text.clone())).collect()
}

#[test]
fn blank_lines_and_line_endings_do_not_matter() {
    let expected = [(Person::One, "Hello: you".to_owned()), (Person::Two, "Person 1: no".to_owned())];
    for text in [
        "Person 1: Hello: you\nPerson 2: Person 1: no\n",
        "Person 1: Hello: you\r\n\r\n  Person 2:Person 1: no  ",
        "\u{feff}\n\tPerson 1:   Hello: you\n\n\nPerson 2: Person 1: no",
    ] {
        assert_eq!(said(text), expected, "{text:?}");
    }
}

#[test]
fn the_first_bad_line_is_named() {
    for (text, line, why) in [
        ("Person 1: a\n\nPerson 3: b\nPerson 4: c", Some(3), "must begin with"),
        ("person 1: a", Some(1), "must begin with"),
        ("Person 1 : a", Some(1), "must begin with"),
        ("Person 1: a\nPerson 2:  \n", Some(2), "is empty"),
        ("Person 1: a\r\nand on it goes\r\n", Some(2), "must begin with"),
        ("", None, "no message"),
        ("\n  \n", None, "no message"),
    ] {
        let error = Transcript::parse(text).unwrap_err();
        assert_eq!(error.line, line, "{text:?}");
        assert!(error.to_string().contains(why), "{text:?}: {error}");
    }
    let long = format!("Person 1: a\nPerson 2: {}", "x".repeat(400 * 1024));
    assert_eq!(Transcript::parse(&long).unwrap_err().line, Some(2));
}

/// What is said, and the white space of a line around it.
fn line() -> impl Strategy<Value = (bool, String, String, String)> {
    let text = "[^\\p{Cc}\\p{Z}\u{feff}]([^\\n\\r]{0,20}[^\\p{Cc}\\p{Z}\u{feff}])?";
    (any::<bool>(), text, "[ \\t]{0,3}", "[ \\t]{0,2}(\\r?\\n[ \\t]{0,2}){0,2}")
        .prop_map(|(one, text, before, after)| (one, text, before, after))
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn what_is_written_is_read_back(lines in prop::collection::vec(line(), 1..20)) {
        let mut text = String::new();
        let mut expected = Vec::new();
        for (one, message, before, after) in lines {
            let number = if one { "1" } else { "2" };
            text.extend([&before, "Person ", number, ":", &before, &message, &after, "\n"]);
            expected.push((if one { Person::One } else { Person::Two }, message));
        }
        prop_assert_eq!(said(&text), expected);
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        match Transcript::parse(&text) {
            Ok(transcript) => prop_assert!(!transcript.lines().is_empty()),
            Err(error) => prop_assert!(error.line.is_none_or(|line| line <= text.lines().count())),
        }
    }

    #[test]
    fn no_text_like_a_transcript_panics(text in "(\u{feff}?[ \\t]?(Person ?[0-9]?:?)?[^\\n]{0,5}[\\r\\n]{0,2}){0,9}") {
        if let Ok(transcript) = Transcript::parse(&text) {
            for line in transcript.lines() {
                prop_assert!(!line.text.is_empty());
                prop_assert_eq!(line.text.trim(), &line.text);
            }
        }
    }
}
