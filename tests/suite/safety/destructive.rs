//! What destroys in production, and what cannot stand in for a confirmation.

use super::on_prod;
use crate::support::{Run, Sandbox, TABLE};

#[test]
fn no_variable_and_no_env_line_stands_in_for_a_confirmation() {
    let sandbox = Sandbox::seeded();
    let database = sandbox.database().to_owned();
    let variables = |name: &str| {
        [
            ("YES", "1".to_owned()),
            ("CONFIRM", name.to_owned()),
            ("CRUDDUR_YES", "true".to_owned()),
            ("CRUDDUR_CONFIRM", name.to_owned()),
            ("CRUDDUR_FORCE", "1".to_owned()),
            ("CRUDDUR_ARGS", format!("--yes --confirm {name}")),
            ("CI", "true".to_owned()),
            ("DEBIAN_FRONTEND", "noninteractive".to_owned()),
        ]
    };
    for (words, name) in [
        (&["ddb", "drop", TABLE][..], TABLE),
        (&["ddb", "check", "--repair"], TABLE),
        (&["db", "drop"], &database),
    ] {
        let refused = |run: Run| {
            run.exits_with(3).says(&format!("Hint: to confirm add: --yes --confirm {name}"));
        };
        refused(Run::of(on_prod(&sandbox, words).envs(variables(name))));
        let lines: Vec<String> =
            variables(name).into_iter().map(|(name, value)| format!("{name}='{value}'\n")).collect();
        sandbox.write(".env", lines.concat());
        refused(Run::of(&mut on_prod(&sandbox, words)));
        // Nor what is typed where nobody can see what it is about.
        refused(Run::with_input(&mut on_prod(&sandbox, words), format!("{name}\n")));
        sandbox.write(".env", "");
        Run::of(on_prod(&sandbox, words).arg("--yes")).exits_with(2).says("--confirm");
        Run::of(on_prod(&sandbox, words).args(["--confirm", name])).exits_with(2).says("--yes");
        for wrong in ["", "true", "*", "cruddur", &name.to_uppercase()] {
            Run::of(on_prod(&sandbox, words).args(["--yes", "--confirm", wrong])).exits_with(3);
        }
    }
    assert_eq!(sandbox.items().len(), 64);
    assert!(sandbox.database_exists());
}

#[test]
fn bodies_that_destroy_are_asked_about() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "setup"]).succeeds();
    let name = sandbox.database();
    for sql in [
        "DO $$ BEGIN DROP TABLE users; END $$",
        "DO $x$ BEGIN TRUNCATE users; END $x$",
        "DO $$ BEGIN TRUNCATE \"users\"; END $$",
        "DO $$ BEGIN DELETE FROM users; END $$",
        "DO $$ BEGIN IF true THEN DELETE FROM users; DELETE FROM activities WHERE false; END IF; END $$",
        "DO 'BEGIN EXECUTE ''DROP TABLE users''; END'",
        "DO $$ BEGIN EXECUTE 'TRUNCATE ' || quote_ident('users'); END $$",
        "DO $$ BEGIN EXECUTE format($f$ALTER TABLE %I DROP COLUMN email$f$, 'users'); END $$",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ DELETE FROM users $$; SELECT f()",
        "CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE users DROP email; END $$",
        "CREATE PROCEDURE p() LANGUAGE sql BEGIN ATOMIC DELETE FROM users; END",
        "CREATE RULE r AS ON INSERT TO users DO ALSO DELETE FROM activities",
    ] {
        sandbox.write("body.sql", sql);
        let command = || on_prod(&sandbox, &["db", "seed", "body.sql"]);
        Run::of(&mut command()).exits_with(3).says("body.sql:1 runs ").says(&format!("--confirm {name}"));
        assert_eq!(sandbox.sql("SELECT count(email) FROM users"), [["3"]], "{sql}");
        // A dry run says so too, and asks for nothing.
        let dry = Run::of(command().arg("--dry-run")).succeeds().says("body.sql:1 may destroy data: ");
        assert!(dry.stdout.contains(sql.split(';').next().unwrap()), "{}", dry.stdout);
    }
    assert_eq!(sandbox.sql("SELECT count(*) FROM pg_proc WHERE proname IN ('f', 'p')"), [["0"]]);
}

#[test]
fn bodies_that_do_not_are_not() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "setup"]).succeeds();
    sandbox.write(
        "triggers.sql",
        "CREATE FUNCTION tidy() RETURNS trigger LANGUAGE plpgsql AS $$\n\
         BEGIN\n\
           -- DROP TABLE users;\n\
           DELETE FROM activities WHERE user_uuid = OLD.uuid;\n\
           IF TG_OP = 'TRUNCATE' OR TG_OP = 'DELETE' THEN RAISE NOTICE 'gone'; END IF;\n\
           RETURN OLD;\n\
         END $$;\n\
         CREATE TRIGGER tidy BEFORE DELETE ON users FOR EACH ROW EXECUTE FUNCTION tidy();\n\
         CREATE TRIGGER tidy_all BEFORE TRUNCATE ON users EXECUTE FUNCTION tidy();\n\
         DO $$ BEGIN EXECUTE 'GRANT DELETE, TRUNCATE ON users TO CURRENT_USER'; END $$;\n\
         DO $$ BEGIN CREATE TABLE pets (n int REFERENCES truncated_pets ON DELETE CASCADE); \
         EXCEPTION WHEN undefined_table THEN NULL; END $$;",
    );
    Run::of(&mut on_prod(&sandbox, &["db", "seed", "triggers.sql"])).succeeds();
    assert_eq!(sandbox.sql("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'tidy%'"), [["2"]]);
}

#[test]
fn a_setup_of_production_is_refused_with_the_steps_to_run_by_hand() {
    let sandbox = Sandbox::seeded();
    let before = sandbox.sql("SELECT uuid FROM users ORDER BY 1");
    for more in [&[][..], &["--force"], &["--dry-run"]] {
        let run = Run::of(on_prod(&sandbox, &["db", "setup"]).args(more)).exits_with(3);
        let mut rest = run.stderr.as_str();
        for step in ["db drop", "db create", "db schema-load", "db seed", "db update-cognito-user-ids"]
            .map(|step| format!("cruddur {step} --prod"))
        {
            let at = rest.find(&step).unwrap_or_else(|| panic!("no {step} in {}", run.stderr));
            rest = &rest[at..];
        }
    }
    assert_eq!(sandbox.sql("SELECT uuid FROM users ORDER BY 1"), before);
}
