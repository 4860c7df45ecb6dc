//! Connection URLs.

use cruddur::config::{Setting, Source, Target};
use cruddur::error::Kind;
use cruddur::postgres::ConnectionUrl;
use proptest::prelude::*;

use crate::support::cases;

fn parse(value: &str) -> cruddur::error::Result<ConnectionUrl> {
    let source = Source::Variable("CONNECTION_URL".to_owned());
    ConnectionUrl::parse(&Setting { value: value.to_owned(), source }, Target::Local)
}

/// Everything that an error would show.
fn shown(error: &cruddur::error::Error) -> String {
    let causes: Vec<String> = error.causes().collect();
    let hints: Vec<String> = error.hints().iter().map(ToString::to_string).collect();
    format!("{}\n{}\n{}", error.message(), causes.join("\n"), hints.join("\n"))
}

/// Percent-encodes all that is not a letter or a digit.
fn encode(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02x}")
                }
            },
        )
        .collect()
}

fn parts(url: &ConnectionUrl) -> (String, Option<String>, String, u16, String) {
    (
        url.user().to_owned(),
        url.password().map(ToOwned::to_owned),
        url.host(),
        url.port(),
        url.database().to_owned(),
    )
}

#[test]
fn libpqs_words_are_read_too() {
    let url = parse("host=db.example.com port=5433 user=nina password='a b\\'c' dbname=cruddur").unwrap();
    assert_eq!(url.password(), Some("a b'c"));
    assert_eq!(url.to_string(), "db.example.com:5433/cruddur");
    let url = parse("host=localhost user=nina dbname=cruddur password='x://y'").unwrap();
    assert_eq!(url.password(), Some("x://y"));
}

#[test]
fn words_may_be_spaced_escaped_and_empty() {
    for words in [
        " host = localhost  user= nina\tdbname\n=\ncruddur ",
        "host=localhost port='' user='nina' dbname=cruddur password=''",
        "host=elsewhere host=localhost user=ni\\na dbname='crud\\dur'",
    ] {
        let url = parse(words).unwrap();
        let expected = ("nina".to_owned(), None, "localhost".to_owned(), 5432, "cruddur".to_owned());
        assert_eq!(parts(&url), expected, "{words}");
    }
    for (words, problem) in [
        ("host=localhost user='nina", "a quote is never closed"),
        ("host=localhost user='nina\\", "a quote is never closed"),
        ("host=localhost user", "it cannot be parsed"),
        ("=nina", "it cannot be parsed"),
        ("host=localhost colour=red", "it has an unknown parameter"),
    ] {
        let error = parse(words).err().unwrap();
        assert!(error.message().contains(problem), "{words}: {error}");
    }
}

#[test]
fn what_stands_behind_the_question_mark_goes_before_what_stands_in_front() {
    let url =
        parse("postgresql://a:b@one:1/two?host=%3A%3A1&port=5433&user=nina&password=x%26y&dbname=cruddur")
            .unwrap();
    let expected = ("nina".to_owned(), Some("x&y".to_owned()), "::1".to_owned(), 5433, "cruddur".to_owned());
    assert_eq!(parts(&url), expected);
    assert_eq!(url.to_string(), "[::1]:5433/cruddur");
}

#[test]
fn what_is_missing_is_named() {
    for (url, missing) in [
        ("postgresql://nina:x@localhost", "it names no database"),
        ("postgresql://localhost/cruddur", "it names no user"),
        ("user=nina dbname=cruddur", "it names no host"),
        ("postgresql://nina:@localhost/", "it names no database"),
        ("postgresql://nina:a%00b@localhost/cruddur", "its password contains a %00"),
        ("postgresql://nina:x@localhost/cruddur?sslmode", "a parameter after the ? has no value"),
        ("postgresql://nina:x@[::1/cruddur", "its host is not valid"),
        ("postgresql://nina:x@[::1]x/cruddur", "its host is not valid"),
        ("postgresql://nina:%FF@localhost/cruddur", "its password is not UTF-8 text"),
    ] {
        let error = parse(url).err().unwrap();
        assert_eq!(error.kind(), Kind::Config);
        assert!(error.message().starts_with("CONNECTION_URL is not a PostgreSQL connection URL"));
        assert!(error.message().contains(missing), "{url}: {error}");
    }
}

#[test]
fn a_password_with_raw_separators_is_refused_with_the_encoding() {
    for raw in ["a@b", "a/b", "a:b", "a?b", "a#b", "a%b", "a@b/c", "a/b@c", "@", "%", "%4"] {
        let error = parse(&format!("postgresql://nina:{raw}@localhost/cruddur")).err().unwrap();
        assert!(shown(&error).contains("percent-encode the password"), "{raw}");
    }
}

#[test]
fn an_exposed_url_is_one_that_others_read() {
    for (url, expected) in [
        ("postgres://nina@localhost/cruddur", "postgresql://nina@localhost:5432/cruddur"),
        ("postgresql://nina:x@[::1]:5433/cruddur", "postgresql://nina:x@[::1]:5433/cruddur"),
        (
            "host=localhost user=nina dbname=cruddur sslmode=verify-full sslrootcert='/a b/c&d.crt'",
            "postgresql://nina@localhost:5432/cruddur?sslmode=verify-full&sslrootcert=%2Fa%20b%2Fc%26d.crt",
        ),
        (
            "postgresql://nina@db.example.com/cruddur?hostaddr=127.0.0.1&sslrootcert=system",
            "postgresql://nina@db.example.com:5432/cruddur?sslrootcert=system&hostaddr=127.0.0.1",
        ),
        ("postgresql://nina@%2Frun%2Fpg:5433/cruddur", "postgresql://nina@%2Frun%2Fpg:5433/cruddur"),
    ] {
        let exposed = parse(url).unwrap().expose();
        assert_eq!(exposed, expected);
        assert_eq!(parts(&parse(&exposed).unwrap()), parts(&parse(url).unwrap()));
    }
}

#[test]
fn only_this_machine_is_loopback() {
    for (host, loopback) in [
        ("localhost", true),
        ("127.0.0.1", true),
        ("127.9.9.9", true),
        ("[::1]", true),
        ("localhost.example.com", false),
        ("10.0.0.1", false),
        ("localhost,db.example.com", false),
    ] {
        let url = parse(&format!("postgresql://nina:x@{host}/cruddur")).unwrap();
        assert_eq!(url.is_loopback(), loopback, "{host}");
    }
}

/// Text that a server could take as a name or a password: not empty, no NUL.
fn name() -> impl Strategy<Value = String> {
    "[^\\x00]{1,20}"
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn every_name_and_password_survives_the_round_trip(
        user in name(), password in name(), database in name(), port in 1..=u16::MAX
    ) {
        let value = format!(
            "postgresql://{}:{}@localhost:{port}/{}", encode(&user), encode(&password), encode(&database)
        );
        let url = parse(&value).unwrap();
        prop_assert_eq!(
            parts(&url), (user, Some(password.clone()), "localhost".to_owned(), port, database.clone())
        );
        prop_assert_eq!(parts(&parse(&url.expose()).unwrap()), parts(&url));
        prop_assert_eq!(url.to_string(), format!("localhost:{port}/{database}"));
        let other = url.with_database("postgres");
        prop_assert_eq!((other.user(), other.database()), (url.user(), "postgres"));
        prop_assert_eq!(other.password(), Some(password.as_str()));
        // As words, too.
        let quote = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
        let words = format!(
            "host=localhost port={port} user='{}' password='{}' dbname='{}'",
            quote(url.user()), quote(&password), quote(&database)
        );
        prop_assert_eq!(parts(&parse(&words).unwrap()), parts(&url));
    }

    #[test]
    fn no_text_panics_and_no_error_shows_the_password(
        before in "(postgres(ql)?:/{0,2})?[a-z]{0,5}:?",
        password in ("[@:/?#%&=' \\\\a-z\\[\\],]{0,4}", "[@:/?#%&=' \\\\a-z\\[\\],]{0,4}"),
        after in "[@/:,a-z0-9?=&%]{0,20}",
    ) {
        // Two marks that are in nothing else, wherever the password is cut.
        let password = format!("Zq7vK{}wX8jR{}", password.0, password.1);
        if let Err(error) = parse(&format!("{before}{password}@{after}")) {
            prop_assert_eq!(error.kind(), Kind::Config);
            let shown = shown(&error);
            prop_assert!(!shown.contains("Zq7vK") && !shown.contains("wX8jR"), "{}", shown);
        }
    }

    #[test]
    fn arbitrary_text_never_panics_and_is_never_shown(text in any::<String>()) {
        if let Err(error) = parse(&text) {
            prop_assert_eq!(error.kind(), Kind::Config);
            // Short texts may be part of any message.
            prop_assert!(text.chars().count() < 8 || !shown(&error).contains(&text));
        }
    }

    #[test]
    fn what_parses_never_displays_the_password(
        password in "[@:/?#%&=' \\\\\\[\\],]{0,4}", after in "[@/:,a-z0-9?=&%]{0,20}"
    ) {
        let password = format!("Zq7vK{password}wX8jR");
        if let Ok(url) = parse(&format!("postgresql://nina:{password}@{after}")) {
            let shown = format!("{url} {} {}", url.user(), url.host());
            prop_assert!(!shown.contains("Zq7vK") && !shown.contains("wX8jR"), "{}", shown);
        }
    }
}
