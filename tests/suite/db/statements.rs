//! SQL that is hard to cut, run for real.

use super::{load, tables};
use crate::support::Sandbox;

#[test]
fn routines_with_bodies_in_either_form_work() {
    let sandbox = Sandbox::with_database();
    load(
        &sandbox,
        r"
        CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $body$
        BEGIN
            -- a comment; with a semicolon and $$ inside
            RETURN n * 2;
        END;
        $body$;

        CREATE OR REPLACE FUNCTION sign_of(n int) RETURNS text
            LANGUAGE sql
            BEGIN ATOMIC
                SELECT CASE WHEN n < 0 THEN 'minus;' ELSE CASE n WHEN 0 THEN 'nought' ELSE 'plus' END END;
            END;

        CREATE TABLE log (entry text);
        CREATE PROCEDURE note(entry text) LANGUAGE sql BEGIN ATOMIC
            INSERT INTO log VALUES (entry);
            INSERT INTO log VALUES (entry || ' again');
        END;
        CALL note('one');
        DO $$ BEGIN PERFORM twice(1); INSERT INTO log VALUES ('from do;'); END $$;
        ",
    )
    .succeeds()
    .says("ran 6 statements");
    assert_eq!(
        sandbox.sql("SELECT twice(21), sign_of(-1), sign_of(0), sign_of(1)"),
        [["42", "minus;", "nought", "plus"]]
    );
    assert_eq!(sandbox.sql("SELECT entry FROM log").concat(), ["one", "one again", "from do;"]);
}

#[test]
fn quotes_of_every_kind_keep_their_semicolons() {
    let sandbox = Sandbox::with_database();
    load(
        &sandbox,
        "CREATE TABLE \"odd; \"\"name\" (\"a;b\" text);\n\
         INSERT INTO \"odd; \"\"name\" VALUES ('it''s; fine'), (E'it\\'s; \\\\'), ($$it's; $1$$), ($é$it's; $$ too$é$),\n\
         ('back\\'), (U&'\\0061;'), ('a;'\n  'b'), (E'a\\';'\n  'b\\';'),\n\
         (E'c' -- it's;\n\r\n 'd\\';');\n\
         /* one; /* two; */ three; */ SELECT 1 -- four;\n;\n",
    )
    .succeeds()
    .says("ran 3 statements");
    assert_eq!(
        sandbox.sql("SELECT * FROM \"odd; \"\"name\"").concat(),
        ["it's; fine", "it's; \\", "it's; $1", "it's; $$ too", "back\\", "a;", "a;b", "a';b';", "cd';"]
    );
}

#[test]
fn rules_hold_statements_in_parentheses() {
    let sandbox = Sandbox::with_database();
    load(
        &sandbox,
        "CREATE TABLE a (n int); CREATE TABLE b (n int);\n\
         CREATE RULE copies AS ON INSERT TO a DO ALSO (INSERT INTO b VALUES (NEW.n); INSERT INTO b VALUES (-NEW.n));\n\
         INSERT INTO a VALUES (1);",
    )
    .succeeds()
    .says("ran 4 statements");
    assert_eq!(sandbox.sql("SELECT n FROM b ORDER BY n").concat(), ["-1", "1"]);
}

#[test]
fn a_comment_ends_at_any_line_ending() {
    let sandbox = Sandbox::with_database();
    load(
        &sandbox,
        "-- old Macs\rCREATE TABLE a ();\r-- Windows\r\nCREATE TABLE b ();\n-- Unix\nCREATE TABLE c ();",
    )
    .succeeds()
    .says("ran 3 statements");
    assert_eq!(tables(&sandbox), ["a", "b", "c"]);
}

#[test]
fn savepoints_stay_inside_the_transaction() {
    let sandbox = Sandbox::with_database();
    load(
        &sandbox,
        "CREATE TABLE a (n int); SAVEPOINT s; INSERT INTO a VALUES (1); ROLLBACK TO s;\n\
         INSERT INTO a VALUES (2); RELEASE s; SET LOCAL search_path = public; INSERT INTO a VALUES (3);",
    )
    .succeeds();
    assert_eq!(sandbox.sql("SELECT n FROM a ORDER BY n").concat(), ["2", "3"]);
}

#[test]
fn words_that_end_a_transaction_are_harmless_elsewhere() {
    let sandbox = Sandbox::with_database();
    load(
        &sandbox,
        "CREATE TABLE a (\"commit\" text, begin text);\n\
         INSERT INTO a VALUES ('COMMIT;', 'ROLLBACK;');\n\
         -- COMMIT;\n/* ROLLBACK; */\n\
         SELECT begin, CASE WHEN true THEN 1 END FROM a;\n\
         PREPARE find AS SELECT begin FROM a; EXECUTE find; DEALLOCATE find;",
    )
    .succeeds();
    assert_eq!(sandbox.sql("SELECT * FROM a"), [["COMMIT;", "ROLLBACK;"]]);
}
