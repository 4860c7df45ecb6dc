//! Whole SQL files, without a server.

use cruddur::postgres::{Script, split};

fn parse(text: &[u8]) -> Result<Script, String> {
    Script::parse("file.sql", text.to_vec(), &|_| None).map_err(|error| error.message().to_owned())
}

#[track_caller]
fn statements(text: &str) -> Vec<String> {
    parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error} in {text}")).statements()
}

#[track_caller]
fn assert_refused(text: &[u8], line: usize, message: &str) {
    let shown = String::from_utf8_lossy(text);
    let error = parse(text).err().unwrap_or_else(|| panic!("{shown} is not refused"));
    let first = error.lines().next().unwrap();
    assert!(first.starts_with(&format!("file.sql:{line}: ")) && first.contains(message), "{shown}\n{first}");
}

#[test]
fn what_destroys_is_known_by_its_words() {
    for (sql, shown) in [
        ("drop TABLE a", "drop TABLE a"),
        ("TRUNCATE a", "TRUNCATE a"),
        ("DELETE FROM a WHERE b", "DELETE FROM a WHERE b"),
        ("ALTER TABLE a ADD b int, DROP c", "ALTER TABLE a ADD b"),
        ("WITH b AS (DELETE FROM a RETURNING *) SELECT 1", "WITH b AS (DELETE FROM"),
        ("MERGE INTO a USING b ON true WHEN MATCHED THEN DELETE", "MERGE INTO a USING b"),
        ("EXPLAIN ANALYZE DELETE FROM a", "EXPLAIN ANALYZE DELETE FROM a"),
        ("PREPARE p AS DELETE FROM a", "PREPARE p AS DELETE FROM"),
        ("COPY a TO PROGRAM 'x'", "COPY a TO PROGRAM '…'"),
        ("SELECT dblink('x', 'y')", "SELECT dblink('…'"),
        ("SELECT dblink_exec('x', 'y')", "SELECT dblink_exec('…'"),
        ("DO $$ BEGIN DROP TABLE a; END $$", "DO $$ BEGIN DROP TABLE"),
        ("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'TRUNCATE a'", "CREATE FUNCTION f() RETURNS void"),
        ("CREATE OR REPLACE PROCEDURE p() LANGUAGE sql AS 'TRUNCATE a'", "CREATE OR REPLACE PROCEDURE p()"),
        ("CREATE RULE r AS ON INSERT TO a DO ALSO DELETE FROM b", "CREATE RULE r AS ON"),
    ] {
        let script = parse(format!("SELECT 1;\n{sql};\nDROP TABLE z").as_bytes()).unwrap();
        assert_eq!(script.first_destructive(), Some((2, shown.to_owned())), "{sql}");
    }
    for sql in [
        "ALTER TABLE a ADD b int",
        "WITH b AS (SELECT 1) SELECT 1",
        "EXPLAIN SELECT 1 AS \"DELETE\"",
        "COPY a TO STDIN",
        "CREATE EXTENSION dblink",
        "CREATE TABLE drop_it (n int DEFAULT length('DROP TABLE a'))",
        "CREATE VIEW v AS SELECT 'DROP TABLE a'",
        "DO $$ BEGIN DELETE FROM a WHERE b; END $$",
        "CREATE TRIGGER t BEFORE TRUNCATE ON a EXECUTE FUNCTION f()",
        "UPDATE a SET b = 1",
    ] {
        assert_eq!(parse(sql.as_bytes()).unwrap().first_destructive(), None, "{sql}");
    }
}

#[test]
fn rows_follow_a_copy_from_stdin_and_nothing_else() {
    for sql in ["COPY a FROM stdin", "copy a (b, \"from\") from STDIN (FORMAT csv)"] {
        let file = format!("{sql};\n1;2\n'\n\\.\nSELECT 2");
        assert_eq!(statements(&file), [format!("{sql} /* and 2 lines of rows */"), "SELECT 2".to_owned()]);
    }
    for sql in [
        "SELECT a FROM stdin",
        "SELECT copy, a FROM stdin",
        "COPY a TO stdin",
        "COPY a FROM 'stdin'",
        "COPY (SELECT a FROM stdin) TO 'x'",
        "COPY stdin FROM 'x'",
        "COPY a FROM 'x' (FORMAT binary)",
    ] {
        assert_eq!(statements(&format!("{sql};\nSELECT 2")), [sql, "SELECT 2"]);
    }
}

#[test]
fn rows_are_text_and_may_have_an_encoding_of_their_own_in_a_file_that_has_none() {
    let rows = |options: &str| format!("COPY a FROM stdin {options};\n1\n\\.\n");
    assert_eq!(statements(&rows("(ENCODING 'LATIN1')")).len(), 1);
    for options in ["(FORMAT binary)", "WITH BINARY", "BINARY"] {
        assert_refused(rows(options).as_bytes(), 1, "rows in the binary format");
    }
    let latin = b"SET client_encoding = 'LATIN1'; SELECT '\xe9';\n";
    for options in ["(ENCODING 'LATIN1')", "(FORMAT csv, ENCODING 'UTF8')", "ENCODING 'UTF8'"] {
        assert_refused(&[latin, rows(options).as_bytes()].concat(), 2, "these rows have their own encoding");
    }
    assert!(parse(&[latin.as_slice(), rows("(FORMAT csv)").as_bytes()].concat()).is_ok());
}

#[test]
fn only_a_routine_has_a_body_with_semicolons() {
    let body = "BEGIN ATOMIC SELECT 1; SELECT 2; END";
    for head in ["CREATE FUNCTION f()", "create or replace function f()", "CREATE PROCEDURE p()"] {
        assert_eq!(
            statements(&format!("{head} {body}; SELECT 3")),
            [format!("{head} {body}"), "SELECT 3".into()]
        );
    }
    for sql in ["CREATE VIEW v AS SELECT begin atomic", "CREATE VIEW function AS SELECT begin atomic"] {
        assert_eq!(statements(&format!("{sql}; SELECT 3")), [sql, "SELECT 3"]);
    }
}

#[test]
fn a_pair_around_the_whole_file_is_not_sent_and_no_other_may_be_there() {
    for (begin, end) in
        [("BEGIN", "COMMIT"), ("START TRANSACTION READ WRITE", "END WORK"), ("begin work", "end")]
    {
        let script = parse(format!("{begin}; SELECT 1; SELECT 2;\n{end};").as_bytes()).unwrap();
        assert_eq!(
            (script.begin(), script.statements()),
            (begin, vec!["SELECT 1".into(), "SELECT 2".into()])
        );
    }
    assert_eq!(parse(b"SELECT 1").unwrap().begin(), "BEGIN");
    assert_eq!(statements("SAVEPOINT s; ROLLBACK TO s; RELEASE s").len(), 3);
    let message = "the whole file already runs in one transaction";
    for (file, line) in [
        ("SELECT 1;\nCOMMIT", 2),
        ("SELECT 1;\nROLLBACK; SELECT 2", 2),
        ("SELECT 1;\nBEGIN; SELECT 2; COMMIT", 2),
        ("BEGIN;\nBEGIN; SELECT 1; COMMIT", 2),
        ("BEGIN;\nSELECT 1", 1),
        ("BEGIN; SELECT 1;\nCOMMIT;\nSELECT 2", 2),
        ("PREPARE TRANSACTION 'x'", 1),
        ("SELECT 1;\nABORT", 2),
    ] {
        assert_refused(file.as_bytes(), line, message);
    }
    assert_refused(b"COPY a TO STDOUT", 1, "COPY TO STDOUT needs psql");
    assert_eq!(statements("COPY a TO 'x' CSV"), ["COPY a TO 'x' CSV"]);
}

/// Texts that open what they do not close, where they do, and the error.
pub const NEVER_CLOSED: [(&str, usize, &str); 6] = [
    ("SELECT 1;\nSELECT 'it''s; \n;", 17, "this string is never closed"),
    ("SELECT E'it\\';\nSELECT 1;", 8, "this string is never closed"),
    ("SELECT \"name;\n", 7, "this name is never closed"),
    ("SELECT $$ one; $x$ two;\n", 7, "this dollar-quoted string is never closed"),
    ("SELECT 1;\n\n/* one /* two */ ;\n", 11, "this comment is never closed"),
    ("CREATE TABLE a (\n  b text;\nSELECT 1;\n", 15, "this parenthesis is never closed"),
];

#[test]
fn what_is_never_closed_is_refused_where_it_opens() {
    for (sql, at, message) in NEVER_CLOSED {
        let error = split(sql).unwrap_err();
        assert_eq!((error.at, error.message.as_ref()), (at, message), "{sql}");
    }
}

#[test]
fn a_psql_command_in_a_statement_is_refused_where_it_begins() {
    for (sql, name, hint) in
        [("SELECT 1 \\gexec", "gexec", "in the shell"), ("SELECT 1\n\\restrict x", "restrict", "between two")]
    {
        let error = split(sql).unwrap_err();
        let message = format!("\\{name} is a psql command, not SQL; nothing was run");
        assert_eq!((error.at, error.message.as_ref()), (9, message.as_str()));
        assert!(error.hint.unwrap().to_string().contains(hint), "{sql}");
    }
}

#[test]
fn a_file_has_one_encoding_and_says_so_before_it_is_needed() {
    let latin = b"INSERT INTO a VALUES ('caf\xe9')";
    for head in
        ["SET client_encoding = 'LATIN1'", "set session client_encoding to latin1", "SET NAMES 'LATIN1'"]
    {
        let script = parse(&[head.as_bytes(), b";", latin].concat()).unwrap();
        assert_eq!(script.statements(), ["INSERT INTO a VALUES ('café')"], "{head}");
    }
    let head = "SET client_encoding = 'UTF8'; SET client_encoding = 'LATIN1'; SELECT 1";
    assert_eq!(statements(head), ["SELECT 1"], "as ASCII it is all of them");
    let changes = [b"SET client_encoding = 'LATIN1';".as_slice(), latin, b";\nSET client_encoding = 'UTF8'"];
    assert_refused(&changes.concat(), 2, "the file's encoding cannot change");
    assert_refused(b"SELECT 1;\nSET client_encoding = 'LATIN11'", 2, "there is no encoding");
    assert_refused(b"SET standard_conforming_strings = off; SELECT 1", 1, "a backslash in");
    for harmless in
        ["SET standard_conforming_strings = on", "SET client_min_messages = off", "SET x = client_encoding"]
    {
        assert_eq!(statements(&format!("{harmless}; SELECT 1")), [harmless, "SELECT 1"]);
    }
}

/// The values of string variables are data, and may be secret.
#[test]
fn statements_are_shown_without_the_values_of_their_strings() {
    let text = ":'v' a;SELECT :'v', :n, :\"v\";:'v'";
    let script = Script::parse("file.sql", text.into(), &|name| Some(name.to_uppercase())).unwrap();
    assert_eq!(script.statements(), [":'v' a", "SELECT :'v', N, \"V\"", ":'v'"]);
}

#[test]
fn a_long_line_is_shown_around_its_fault() {
    let (before, after) = ("é".repeat(150), "è".repeat(250));
    let error = parse(format!("SELECT '{before}', :nope, '{after}'").as_bytes()).err().unwrap();
    let lines: Vec<&str> = error.lines().collect();
    let shown = format!(" 1 | …{}', :nope, '{}…", "é".repeat(97), "è".repeat(192));
    assert_eq!(lines[2], shown);
    assert_eq!(lines[3].chars().count() - 1, shown.chars().take_while(|c| *c != ':').count());
}
