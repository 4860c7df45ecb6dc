//! Files in the formats of other versions, and what is hard about them.

use super::{Verdict, judge};
use Verdict::{Error, Same};

const NOTES: &str = "CREATE TABLE notes (n int, t text);";

/// As pg_dump 16.10 and later writes it; `more` are the settings of a version.
fn dumped(more: &str, body: &str) -> String {
    format!(
        "--\n-- PostgreSQL database dump\n--\n\n\\restrict aB3dE5\n\n-- Dumped from database version 18.1\n\
         -- Dumped by pg_dump version 18.1\n\nSET statement_timeout = 0;\nSET lock_timeout = 0;\n\
         SET idle_in_transaction_session_timeout = 0;\n{more}SET client_encoding = 'UTF8';\n\
         SET standard_conforming_strings = on;\nSELECT pg_catalog.set_config('search_path', '', false);\n\
         SET check_function_bodies = false;\nSET row_security = off;\n{body}\n\n\\unrestrict aB3dE5\n\n"
    )
}

#[test]
fn dumps_of_later_versions_load_or_say_what_is_newer() {
    let named_not_null = "CREATE TABLE public.a (\n    n integer CONSTRAINT a_n_not_null NOT NULL\n);\n\
                          COPY public.a (n) FROM stdin;\n1\n\\.\n";
    judge("16", "", dumped("", named_not_null), Same);
    judge(
        "17",
        "",
        dumped("SET transaction_timeout = 0;\n", named_not_null),
        Error(&[
            "file.sql:13: unrecognized configuration parameter \"transaction_timeout\"",
            "Hint: pg_dump 18 made this file, but the server is PostgreSQL 15",
            "or remove the statement",
        ]),
    );
    judge(
        "18",
        "",
        dumped("", "CREATE TABLE public.a (n int);\nALTER TABLE public.a ADD CONSTRAINT x NOT NULL n;\n"),
        Error(&["file.sql:19: syntax error", "Hint: pg_dump 18 made this file"]),
    );
}

#[test]
fn restrict_is_taken_as_psql_takes_it() {
    let one = "CREATE TABLE a ();";
    judge("both", "", format!("\\restrict x1\n{one}\n\\unrestrict x1\n"), Same);
    judge("twice", "", format!("\\restrict x1\n\\unrestrict x1\n\\restrict y\n{one}\n\\unrestrict y"), Same);
    judge("never lifted", "", format!("\\restrict x1\n{one}\n"), Same);
    judge("crlf", "", format!("\\restrict x1\r\n{one}\r\n\\unrestrict x1\r\n"), Same);
    for (file, text) in [
        (
            format!("\\restrict x1\n{one}\n\\unrestrict x2\n"),
            "file.sql:3: this token does not match \\restrict",
        ),
        (format!("{one}\n\\unrestrict x1\n"), "file.sql:2: there is no \\restrict before this line"),
        (format!("\\restrict\n{one}\n"), "file.sql:1: this line lacks its token"),
        (format!("\\restrict x\n\\restrict x\n{one}\n"), "file.sql:2: another \\restrict is in force"),
        (format!("\\restrict x\n\\! touch y\n{one}\n"), "file.sql:2: \\! is a psql command"),
        (
            format!("\\restrict x\nSELECT 1\n\\unrestrict x\n;{one}\n"),
            "file.sql:3: \\unrestrict is a psql command",
        ),
    ] {
        judge(&file, "", &file, Error(&[text]));
    }
}

#[test]
fn rows_of_copy_are_sent_as_they_stand() {
    let table = "CREATE TABLE notes (n int, t text);";
    for (name, before, file) in [
        ("one row", "", format!("{table}\nCOPY notes FROM stdin;\n1\tone\n\\.\n")),
        ("no rows", "", format!("{table}\nCOPY notes FROM stdin;\n\\.\nINSERT INTO notes VALUES (1);\n")),
        (
            "what follows",
            NOTES,
            "COPY notes FROM stdin;\n1\ta\n\\.\n\n\n-- and\nINSERT INTO notes VALUES (2);".into(),
        ),
        ("twice", NOTES, "COPY notes (n) FROM stdin;\n1\n\\.\nCOPY notes (t) FROM STDIN;\nx\n\\.\n".into()),
        ("sql in rows", NOTES, "COPY notes FROM stdin;\n1\t'; DROP TABLE notes; -- $$ /* \" (\n\\.\n".into()),
        ("variables in rows", NOTES, "COPY notes FROM stdin;\n1\t:t :'t' :\"t\" :{?t}\n\\.\n".into()),
        ("commit in rows", NOTES, "COPY notes FROM stdin;\n1\tCOMMIT;\n2\t\\\\i other\n\\.\n".into()),
        (
            "escapes",
            NOTES,
            "COPY notes FROM stdin;\n1\t\\\\.\n2\ta\\tb\\nc\\x41\\101\n3\t\\N\n\\N\t\n\\.\n".into(),
        ),
        ("a dot and more", NOTES, "COPY notes (t) FROM stdin;\n.\nx\\\\.\n \\\\.\n\\.\n".into()),
        ("a newline that is escaped", NOTES, "COPY notes FROM stdin;\n1\ta\\\nb\n\\.\n".into()),
        (
            "crlf",
            NOTES,
            "COPY notes FROM stdin;\r\n1\ta\r\n2\tb\r\n\\.\r\nINSERT INTO notes VALUES (3);\r\n".into(),
        ),
        (
            "csv",
            NOTES,
            "COPY notes FROM stdin WITH (FORMAT csv, HEADER);\nn,t\n1,\"a\nb;\n\"\"c\"\n2,\n\\.\n".into(),
        ),
        ("old options", NOTES, "COPY notes FROM stdin DELIMITER ',' NULL 'none';\n1,none\n\\.\n".into()),
        ("a condition", NOTES, "COPY notes FROM stdin WHERE n > 1;\n1\ta\n2\tb\n\\.\n".into()),
        ("a comment after it", NOTES, "COPY notes FROM stdin; -- rows;\n1\ta\n\\.\n".into()),
        ("over lines", NOTES, "COPY notes\n  (n,\n t)\nFROM -- where\n  stdin\n;\n1\ta\n\\.\n".into()),
        (
            "a column called stdin",
            "",
            "CREATE TABLE a (\"from\" int, stdin int); SELECT 1 \"from\", 2 stdin;\n".into(),
        ),
        ("words in a string", "", "SELECT 'COPY notes FROM stdin;';\nCREATE TABLE a ();\n".into()),
        ("a byte order mark", NOTES, "\u{feff}COPY notes FROM stdin;\n1\té 🐐\n\\.\n".into()),
        (
            "rows of their own encoding",
            NOTES,
            "COPY notes FROM stdin (ENCODING 'LATIN1');\n1\té\n\\.\n".into(),
        ),
    ] {
        judge(name, before, file, Same);
    }
    let rows = "7\tthe text of a row; 'é'\n".repeat(60_000);
    judge("many rows", NOTES, format!("COPY notes FROM stdin;\n{rows}\\.\n"), Same);
}

#[test]
fn a_pair_around_the_whole_file_is_the_transaction() {
    for (begin, end) in [
        ("BEGIN;", "COMMIT;"),
        ("begin work;", "end;"),
        ("-- first\nBEGIN TRANSACTION;", "END TRANSACTION;\n-- last\n"),
        ("START TRANSACTION;", "COMMIT WORK"),
        ("BEGIN ISOLATION LEVEL SERIALIZABLE;", "COMMIT;"),
        ("\\restrict x\nBEGIN;", "COMMIT;\n\\unrestrict x\n"),
    ] {
        judge(begin, NOTES, format!("{begin}\nCOPY notes FROM stdin;\n1\ta\n\\.\nSELECT 1;\n{end}"), Same);
    }
    for (file, text) in [
        ("BEGIN;\nCREATE TABLE a ();\n", "file.sql:1: the whole file already runs in one transaction"),
        ("CREATE TABLE a ();\nBEGIN;\nCOMMIT;\n", "file.sql:2: the whole file"),
        ("BEGIN;\nCREATE TABLE a ();\nCOMMIT;\nCREATE TABLE b ();\n", "file.sql:3: the whole file"),
        ("BEGIN;\nCOMMIT;\nBEGIN;\nCREATE TABLE a ();\nCOMMIT;\n", "file.sql:2: the whole file"),
        ("BEGIN;\nCREATE TABLE a ();\nROLLBACK;\n", "file.sql:3: the whole file"),
        ("BEGIN;\nCREATE TABLE a ();\nCOMMIT AND CHAIN;\n", "file.sql:3: the whole file"),
        ("BEGIN;\nBEGIN;\nCREATE TABLE a ();\nCOMMIT;\n", "file.sql:2: the whole file"),
        (
            "BEGIN READ ONLY;\nCREATE TABLE a ();\nCOMMIT;\n",
            "file.sql:2: cannot execute CREATE TABLE in a read-only",
        ),
    ] {
        judge(file, "", file, Error(&[text]));
    }
}

#[test]
fn every_byte_of_an_encoding_is_what_the_server_takes_it_for() {
    for (name, undefined) in [
        ("LATIN1", &[][..]),
        ("iso-8859-1", &[]),
        ("LATIN2", &[]),
        ("LATIN5", &[]),
        ("LATIN9", &[]),
        ("LATIN10", &[]),
        ("ISO_8859_5", &[]),
        ("WIN866", &[]),
        ("WIN1251", &[0x98]),
        ("WIN1252", &[0x81, 0x8d, 0x8f, 0x90, 0x9d]),
        ("WIN1256", &[]),
        ("KOI8R", &[]),
        ("KOI8U", &[]),
    ] {
        let high: Vec<u8> = (0x80..=0xff).filter(|byte| !undefined.contains(byte)).collect();
        let text = |begin: &str, end: &str| [begin.as_bytes(), &high, end.as_bytes()].concat();
        let set = format!("SET client_encoding TO '{name}';\n");
        judge(name, NOTES, text(&format!("{set}INSERT INTO notes (t) VALUES ('"), "');"), Same);
        judge(name, NOTES, text(&format!("{set}COPY notes (t) FROM stdin;\n"), "\n\\.\n"), Same);
        if let Some(byte) = undefined.first() {
            let file = [set.as_bytes(), b"SELECT '", &[*byte], b"'"].concat();
            judge(
                name,
                "",
                file,
                Error(&["file.sql:2: the byte 0x", "is not a character in the file's encoding"]),
            );
        }
    }
}

#[test]
fn the_encoding_is_what_the_file_says() {
    let file = |head: &str| [head.as_bytes(), b"\nINSERT INTO notes (t) VALUES ('caf\xe9');\n"].concat();
    for head in [
        "SET client_encoding = 'LATIN1';",
        "-- as dumped\n\\restrict x\nSET statement_timeout = 0;\nset session client_encoding to latin1;",
        "SET NAMES 'LATIN1';",
        "BEGIN; SET LOCAL client_encoding = LATIN9; COMMIT;".strip_suffix(" COMMIT;").unwrap(),
    ] {
        let end: &[u8] = if head.starts_with("BEGIN") { b"COMMIT;" } else { b"" };
        judge(head, NOTES, [&file(head), end].concat(), Same);
    }
    let utf8 = "SET client_encoding = 'LATIN1';\nINSERT INTO notes (t) VALUES ('é');\n";
    judge("UTF-8 that is called Latin-1 is Latin-1", NOTES, utf8, Same);
    let rows = [
        b"SET client_encoding = 'LATIN1';\nCREATE TABLE a (encoding text, t text);\n".as_slice(),
        b"COPY a (encoding, t) FROM stdin (FORMAT csv, NULL 'none');\ncaf\xe9,none\n\\.\n",
    ];
    judge("options of the rows", "", rows.concat(), Same);
    judge(
        "ASCII may be called anything",
        NOTES,
        "SET client_encoding = 'WIN1252'; SET client_encoding = 'UTF8'; INSERT INTO notes (t) VALUES ('e');",
        Same,
    );
    for (file, texts) in [
        (file(""), ["file.sql:2: not UTF-8 text", "begin the file with: SET client_encoding = 'LATIN1';"]),
        (file("-- é\nSET client_encoding = 'UTF8';"), ["file.sql:3: not UTF-8", "LATIN1"]),
        (
            file("SET client_encoding = 'SJIS';"),
            ["file.sql:1: cruddur does not convert the encoding SJIS", "iconv"],
        ),
        (file("SET client_encoding = 'LATIN11';"), ["file.sql:1: there is no encoding \"LATIN11\"", "iconv"]),
        (
            [file("SET client_encoding = 'LATIN1';"), b"SET client_encoding = 'UTF8';".to_vec()].concat(),
            ["file.sql:3: the file's encoding cannot change", "a separate file"],
        ),
        (
            file("SET client_encoding = 'LATIN1'; COPY notes FROM stdin (FORMAT csv, ENCODING 'UTF8');\n\\."),
            ["file.sql:1: these rows have their own encoding, and so has the file", ""],
        ),
        (b"\xff\xfeS\0E\0".to_vec(), ["file.sql:1: this is UTF-16", "iconv -f UTF-16"]),
        (b"SELECT 1;\nSELECT '\0';".to_vec(), ["file.sql:2: a NUL byte", ""]),
        (
            b"SELECT set_config('client_encoding', 'LATIN1', false);".to_vec(),
            ["file.sql:1: this changes client_encoding", "SET client_encoding = "],
        ),
    ] {
        judge(texts[0], NOTES, file, Error(&texts));
    }
}

#[test]
fn strings_by_the_servers_rules() {
    for file in [
        "SET standard_conforming_strings = on;\nSELECT 'back\\'; CREATE TABLE a (b text DEFAULT E'it\\'s; ');",
        "SET backslash_quote = on; CREATE TABLE a (b text DEFAULT 'x' /* one /* two; */ ' */);",
        "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $x$ SELECT $$;$$ || '$x'; $x$; CREATE TABLE a ();",
        "CREATE TABLE a (b text DEFAULT U&'\\00e9;');;; -- the end",
    ] {
        judge(file, "", file, Same);
    }
    judge(
        "escapes everywhere",
        "",
        "SET standard_conforming_strings = off;\nSELECT 'it\\'s';",
        Error(&["file.sql:1: a backslash in '…' is literal here", "Hint: remove this statement"]),
    );
}
