//! Cutting SQL into statements, without a server.

use cruddur::postgres::{Script, split};
use proptest::prelude::*;

use crate::support::cases;

fn texts(sql: &str) -> Vec<&str> {
    split(sql).unwrap_or_else(|error| panic!("{error:?} in {sql}")).into_iter().map(|s| s.text).collect()
}

#[test]
fn a_statement_is_trimmed_of_what_is_no_part_of_it() {
    assert_eq!(
        texts("-- head\n SELECT 1 -- tail;\n; ;; /* alone; */ ;\n\tSELECT /* inside; */ 2"),
        ["SELECT 1", "SELECT /* inside; */ 2"]
    );
}

#[test]
fn words_are_those_outside_quotes_and_parentheses() {
    let statements = split("copy \"Of\" (a, b) from 'x' STDIN").unwrap();
    assert_eq!(statements[0].words, ["COPY", "FROM", "STDIN"]);
}

#[test]
fn a_parameter_or_a_name_with_a_dollar_opens_no_quote() {
    assert_eq!(
        texts("SELECT $1; SELECT a$b; SELECT c$b; SELECT $x y; SELECT $"),
        ["SELECT $1", "SELECT a$b", "SELECT c$b", "SELECT $x y", "SELECT $"]
    );
}

#[test]
fn a_string_that_goes_on_in_another_line_keeps_its_escapes() {
    for sql in ["SELECT E'a'\n  'b\\';'", "SELECT e'a' -- why\n\r\n'b\\';'", "SELECT E'a'\n'b'\n'c\\';'"] {
        assert_eq!(texts(sql), [sql]);
    }
    // In one line, or after something else, a string is a new one.
    assert_eq!(texts("SELECT E'a' 'b\\'; SELECT 1"), ["SELECT E'a' 'b\\'", "SELECT 1"]);
    for between in [",\n", "-\n"] {
        let first = format!("SELECT E'a'{between}'b\\'");
        assert_eq!(texts(&format!("{first}; SELECT 1")), [first.as_str(), "SELECT 1"]);
    }
}

#[test]
fn a_body_in_standard_form_is_one_statement() {
    let body = "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END";
    assert_eq!(texts(&format!("{body}; SELECT 3")), [body, "SELECT 3"]);
    // Elsewhere the words mean nothing.
    assert_eq!(texts("SELECT begin atomic; SELECT 1"), ["SELECT begin atomic", "SELECT 1"]);
}

#[test]
fn a_number_ends_where_its_digits_do() {
    // Up to PostgreSQL 14; later ones refuse such a number.
    assert_eq!(texts("SELECT 1e'\\''; SELECT 2"), ["SELECT 1e'\\''", "SELECT 2"]);
    assert_eq!(texts("SELECT 1$$; $$; SELECT 2"), ["SELECT 1$$; $$", "SELECT 2"]);
}

#[test]
fn two_names_are_no_body_in_standard_form() {
    for names in ["begin, atomic", "begin.atomic", "begin \"x\" atomic"] {
        let function =
            format!("CREATE FUNCTION f() RETURNS int SET search_path TO {names} AS '' LANGUAGE sql");
        assert_eq!(texts(&format!("{function}; COMMIT")), [function.as_str(), "COMMIT"]);
    }
}

/// `$a1$$a2$…$a2$$a1$`
fn nested(depth: usize) -> String {
    let tag = |level: usize| format!("$a{level}$");
    (0..depth).map(tag).chain((0..depth).rev().map(tag)).collect()
}

#[test]
fn quotes_may_nest_however_deep() {
    for depth in [20_000, 200_000] {
        for text in [format!("SELECT {}", nested(depth)), format!("DO {}", nested(depth))] {
            assert_eq!(texts(&text), [text.as_str()]);
            let script = Script::parse("deep.sql", text.into_bytes(), &|_| None).unwrap();
            assert_eq!(script.statements().len(), 1);
            assert_eq!(script.first_destructive(), None);
        }
    }
    // What stands in them is read all the same.
    let text = format!("DO {}", nested(20_000).replace("$a19999$$a19999$", "$x$ DROP TABLE users $x$"));
    let script = Script::parse("deep.sql", text.into_bytes(), &|_| None).unwrap();
    assert!(script.first_destructive().is_some());
}

#[test]
fn what_is_never_closed_may_be_long() {
    for part in ["/*", "$a$ $", "$a", "(", "'' \" ", "E'a'\n", "E'\\''\n--", "DO '' ''", "DO E'''' $$ "] {
        for text in [part.repeat(100_000), format!("DO $x$ {} $x$", part.repeat(100_000))] {
            check(&text).unwrap();
            let _ = Script::parse("long.sql", text.into_bytes(), &|_| None).map(|script| script.statements());
        }
    }
    let many: Vec<String> = (0..30_000).map(|n| format!("SELECT :'v{n}', :w{n};\n")).collect();
    let many = many.concat();
    let script = Script::parse("long.sql", many.clone().into_bytes(), &|_| Some("1".to_owned())).unwrap();
    assert_eq!(script.statements().len(), 30_000);
    assert!(Script::parse("long.sql", many.into_bytes(), &|_| None).is_err());
}

#[test]
fn values_that_lead_from_one_to_the_next_without_end_are_refused() {
    let next = |name: &str| Some(format!(":v{}", name[1..].parse::<u32>().unwrap() + 1));
    let error = Script::parse("deep.sql", b"SELECT :v0".to_vec(), &next).err().unwrap();
    assert!(error.message().contains("too many other variables"), "{}", error.message());
}

#[test]
fn values_that_outgrow_memory_are_refused() {
    // Each names the next one twice: 2^99 of the last.
    let twice = |name: &str| Some(format!(":v{0} :v{0}", name[1..].parse::<u32>().unwrap() % 99 + 1));
    let twice = |name: &str| if name == "v99" { Some(String::new()) } else { twice(name) };
    let large = |_: &str| Some("1".repeat(1 << 20));
    for (text, values) in
        [("SELECT :v0".to_owned(), &twice as &dyn Fn(&str) -> _), (":'a' ".repeat(20), &large)]
    {
        let error = Script::parse("large.sql", text.into_bytes(), values).err().unwrap();
        assert!(error.message().contains("come to more than 16 MiB"), "{}", error.message());
    }
}

#[test]
fn of_many_unset_variables_the_first_are_named() {
    let text = (0..50).map(|n| format!(":v{n}")).collect::<Vec<_>>().join(" ");
    let error = Script::parse("unset.sql", text.into_bytes(), &|_| None).err().unwrap();
    let said = error.message().lines().next().unwrap();
    assert!(
        said.ends_with("v0 is not set; nor are v1, v2, v3, v4, v5, v6, v7, v8, v9, v10 and 39 more"),
        "{said}"
    );
}

/// A piece of a statement that holds semicolons and other troubles, and is closed.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,6}",
        "[0-9]{1,4}",
        "[-+*/<>=,.]".prop_map(|operator| format!(" {operator} ")),
        "[^'\\x00]{0,8}".prop_map(|text| format!("'{text}'")),
        "([a-z;\"$(]|''|\\\\){0,8}".prop_map(|text| format!("'{text}'")),
        "([a-z;\"$(]|''|\\\\[a-z'\\\\]){0,8}".prop_map(|text| format!("E'{text}'")),
        "([a-z;'$(é]|\"\"){1,8}".prop_map(|text| format!("\"{text}\"")),
        "[^$\\x00]{0,8}".prop_map(|text| format!("$${text}$$")),
        ("[a-z_é][a-z_0-9é]{0,3}", "[^$\\x00]{0,4}", "[^$\\x00]{0,4}")
            .prop_map(|(tag, a, b)| format!("${tag}${a}$${b}${tag}$")),
        // With the comma, no string goes on after it as a part of the one before.
        "[^\\r\\n\\x00]{0,8}".prop_map(|text| format!("--{text}\n,")),
        "[^*/\\x00]{0,8}".prop_map(|text| format!("/*{text}/*;*/{text}*/")),
        "[a-z;]{0,5}".prop_map(|text| format!("({text})")),
    ]
}

/// A statement that begins and ends with a word, so that nothing is trimmed.
fn statement() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..8).prop_map(|pieces| format!("x {} x", pieces.join(" ")))
}

/// Text of what the lexer looks at.
fn soup() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "'",
        "\"",
        "$$",
        "$a$",
        "$",
        "$1",
        "E'",
        "\\",
        "--",
        "\n",
        "\r",
        "/*",
        "*/",
        "(",
        ")",
        "[",
        "]",
        ";",
        " ",
        "x",
        "1",
        "é",
        "\u{feff}",
        "CREATE FUNCTION f()",
        "BEGIN ATOMIC",
        "CASE",
        "END",
        "COPY",
        "\0",
    ]);
    prop::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

fn check(text: &str) -> Result<(), TestCaseError> {
    match split(text) {
        Ok(statements) => {
            let mut end = 0;
            for statement in statements {
                prop_assert!(statement.start >= end, "they overlap");
                end = statement.start + statement.text.len();
                prop_assert_eq!(text.get(statement.start..end), Some(statement.text));
                prop_assert!(!statement.text.is_empty());
            }
        }
        Err(error) => prop_assert!(text.is_char_boundary(error.at) && error.at < text.len()),
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn arbitrary_text_is_cut_into_slices_of_itself(text in any::<String>()) {
        check(&text)?;
    }

    #[test]
    fn text_full_of_quotes_is_cut_into_slices_of_itself(text in soup()) {
        check(&text)?;
    }

    #[test]
    fn statements_joined_by_semicolons_are_cut_apart_again(
        statements in prop::collection::vec(statement(), 0..6),
        between in "[ \\n\\t;]{0,3}(--[^\\r\\n]{0,5};\\n)?(/\\*;\\*/)?",
    ) {
        let text = statements.iter().fold(String::new(), |text, next| text + &between + next + ";");
        prop_assert_eq!(texts(&text), statements);
    }

    #[test]
    fn what_was_cut_out_is_one_statement_by_itself(text in soup()) {
        if let Ok(statements) = split(&text) {
            for statement in statements {
                prop_assert_eq!(texts(statement.text), [statement.text]);
            }
        }
    }
}
