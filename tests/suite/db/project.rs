//! The project's own files, and the built-in ones in their place.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::tables;
use crate::support::{Run, Sandbox, in_others_hands};

const OWN: [(&str, &str); 3] = [
    (
        "db/schema.sql",
        "CREATE TABLE users (uuid uuid DEFAULT gen_random_uuid(), display_name text, handle text);",
    ),
    (
        "db/seed.sql",
        "INSERT INTO users (display_name, handle) VALUES ('Quinn Abara', 'nina'), ('Rosa Lima', 'oscar');",
    ),
    ("conversations/default.txt", "Person 1: The only line.\n"),
];

/// Gives the sandbox's folder files of its own.
fn with_files(sandbox: &Sandbox) {
    for (name, text) in OWN {
        let path = sandbox.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// `cruddur` in a folder of the sandbox.
fn within(sandbox: &Sandbox, folder: impl AsRef<Path>, arguments: &[&str]) -> Run {
    let folder = sandbox.path().join(folder);
    fs::create_dir_all(&folder).unwrap();
    Run::of(sandbox.command(arguments).current_dir(folder))
}

#[test]
fn the_projects_own_files_count_here_and_in_folders_below() {
    let sandbox = Sandbox::new();
    with_files(&sandbox);
    for (folder, up) in [("", ""), ("backend", "../"), ("backend/lib/ddb", "../../../")] {
        within(&sandbox, folder, &["db", "setup"])
            .succeeds()
            .says(&format!("ran 1 statement of {up}db/schema.sql\nran 1 statement of {up}db/seed.sql\n"));
        assert_eq!(
            sandbox.sql("SELECT display_name FROM users ORDER BY 1").concat(),
            ["Quinn Abara", "Rosa Lima"]
        );
        assert_eq!(tables(&sandbox), ["users"]);
        within(&sandbox, folder, &["db", "seed"])
            .succeeds()
            .says(&format!("ran 1 statement of {up}db/seed.sql\n"));
        assert_eq!(sandbox.sql("SELECT count(*) FROM users"), [["4"]]);
    }
}

#[test]
fn the_nearest_file_counts_each_by_itself() {
    let sandbox = Sandbox::new();
    with_files(&sandbox);
    fs::create_dir_all(sandbox.path().join("other/db")).unwrap();
    sandbox.write("other/db/schema.sql", "CREATE TABLE users (display_name text, handle text, nearer int);");
    within(&sandbox, "other", &["db", "setup"])
        .succeeds()
        .says("of db/schema.sql\n")
        .says("of ../db/seed.sql\n");
    assert_eq!(sandbox.sql("SELECT nearer FROM users LIMIT 1"), [["∅"]]);
}

#[test]
fn built_in_files_are_asked_for_and_are_called_so() {
    let sandbox = Sandbox::new();
    with_files(&sandbox);
    sandbox
        .cruddur(["db", "setup", "--built-in"])
        .succeeds()
        .says("of the built-in db/schema.sql\n")
        .says("of the built-in db/seed.sql\n");
    assert_eq!(tables(&sandbox), ["activities", "users"]);
    for (command, name) in [("schema-load", "db/schema.sql"), ("seed", "db/seed.sql")] {
        sandbox.cruddur(["db", command, "--built-in"]).succeeds().says(&format!("of the built-in {name}\n"));
        sandbox
            .cruddur(["db", command, "--built-in", "--dry-run"])
            .succeeds()
            .says(&format!("would run the built-in {name}\n"));
        sandbox.cruddur(["db", command, "--built-in", name]).exits_with(2).says("--built-in");
    }
    // The file that is named counts; the other one is built in.
    sandbox
        .cruddur(["db", "setup", "--built-in", "--seed", "db/seed.sql", "--dry-run"])
        .succeeds()
        .says("would run the built-in db/schema.sql and db/seed.sql\n");
    // An error of a built-in file names it so.
    sandbox.cruddur(["db", "setup"]).succeeds();
    sandbox
        .cruddur(["db", "seed", "--built-in"])
        .exits_with(1)
        .says("the built-in db/seed.sql:5: column \"email\" of relation \"users\" does not exist");
}

#[test]
fn the_transcript_is_the_projects_own() {
    let sandbox = Sandbox::new();
    with_files(&sandbox);
    sandbox.cruddur(["db", "setup"]).succeeds();
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    let messages = || sandbox.items_of("MSG#").len();
    within(&sandbox, "backend", &["ddb", "seed"]).succeeds().says("read ../conversations/default.txt\n");
    assert_eq!(messages(), 1);
    sandbox
        .cruddur(["ddb", "seed", "--built-in"])
        .succeeds()
        .says("read the built-in conversations/default.txt\n");
    assert_eq!(messages(), 62);
    sandbox.write("conversations/default.txt", "Person 3: who?\n");
    sandbox.cruddur(["ddb", "seed"]).exits_with(1).says("conversations/default.txt:1: a line must begin");
    sandbox.cruddur(["ddb", "seed", "--built-in", "conversations/default.txt"]).exits_with(2);
    sandbox.cruddur(["ddb", "seed", "--built-in", "--conversations", "1", "--messages", "1"]).exits_with(2);
    assert_eq!(messages(), 62);
}

#[test]
fn an_own_file_that_cannot_be_used_is_never_passed_over() {
    let sandbox = Sandbox::with_database();
    fs::create_dir(sandbox.path().join("db")).unwrap();
    let file = sandbox.path().join("db/schema.sql");
    symlink("nowhere.sql", &file).unwrap();
    sandbox.cruddur(["db", "schema-load"]).exits_with(1).says("cannot read db/schema.sql");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    sandbox.cruddur(["db", "schema-load"]).exits_with(1).says("cannot read db/schema.sql");
    fs::remove_dir(&file).unwrap();
    fs::write(&file, "").unwrap();
    sandbox.cruddur(["db", "schema-load"]).exits_with(1).says("db/schema.sql contains no SQL statement");
    assert!(tables(&sandbox).is_empty());
}

#[test]
fn a_file_that_others_control_is_not_run_unasked() {
    let sandbox = Sandbox::with_database();
    with_files(&sandbox);
    let [folder, file] = ["db", "db/schema.sql"].map(|name| sandbox.path().join(name));
    let refused = |why: &str| {
        let run = sandbox.cruddur(["db", "schema-load"]).exits_with(3).says(why);
        assert!(run.stderr.contains("db/schema.sql is not trusted: "), "{}", run.stderr);
        assert!(tables(&sandbox).is_empty());
    };
    in_others_hands(&folder, &file, refused);
    sandbox.cruddur(["db", "setup", "--dry-run"]).exits_with(3);
    // Named or not wanted, it is no matter whose it is.
    sandbox.cruddur(["db", "schema-load", "--built-in"]).succeeds();
    sandbox.cruddur(["db", "schema-load", "db/schema.sql"]).exits_with(1).says("\"users\" already exists");
}
