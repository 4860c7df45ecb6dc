//! The tables and the JSON of what asks other services, and of what tells of cruddur itself.

use std::path::{Path, PathBuf};

use super::FORMATS;
use crate::rds::Group;
use crate::support::{
    Book, COGNITO_ENDPOINT, Page, Pool, Run, Sandbox, World, bare_cruddur, files_below, leaves, real_bindir,
};
use crate::user_pool::Local;

#[test]
fn output_of_the_user_pool() {
    let mut book = Book::open("output/cognito");
    let pool = Pool::new();
    // One by one: they are listed in the order in which they came.
    for user in [("nina", Some("nina")), ("zoe", Some("zoe")), ("nameless", None)] {
        pool.add([user]);
    }
    let sandbox = Sandbox::set_up();
    for command in [["cognito", "list-users"], ["db", "update-cognito-user-ids"]] {
        let mut page = Page::default();
        for format in FORMATS {
            page.run(sandbox.with_pool(&pool, &command).args(format));
        }
        book.page(&command.join("-"), &page);
    }
    let local = Local::new();
    let mut pages =
        ["create-user", "set-password", "sign-in", "delete-user"].map(|name| (name, Page::default()));
    let create = ["create-user", "quinn", "--email", "quinn@example.com"];
    let set = ["set-password", "quinn", "--password-stdin"];
    let delete = ["delete-user", "quinn"];
    let sign_in = ["sign-in", "quinn", "--password-stdin"];
    for (page, words) in [(0, &create[..]), (1, &set), (2, &sign_in), (3, &delete)] {
        let formats: &[&[&str]] = if page == 2 { &FORMATS } else { &[&[], &[]] };
        for more in [&["--dry-run"][..]].iter().chain(formats) {
            let mut command = sandbox.command(["cognito"].iter().chain(words).chain(*more));
            command.env(COGNITO_ENDPOINT, local.0.url()).env_remove("AWS_COGNITO_USER_POOL_ID");
            // Setting it again works; the others say why they cannot.
            pages[page].1.add(Run::with_input(&mut command, "Correct-horse-7\n"));
        }
    }
    for (name, page) in &pages {
        book.page(&format!("cognito-{name}"), page);
    }
    book.close();
}

#[test]
fn output_of_the_security_group() {
    let mut book = Book::open("output/rds");
    let group = Group::new();
    let rule = group.developers_rule();
    let mut page = Page::default();
    for (format, ip) in FORMATS.into_iter().zip(["1.1.1.1", "1.1.1.2", "1.1.1.2"]) {
        page.run(group.update(&rule, &["--ip", ip]).args(format));
    }
    book.page("rds-update-sg-rule", &page);
    book.close();
}

#[test]
fn output_of_doctor_and_the_settings() {
    let mut book = Book::open("output/cruddur");
    let sandbox = Sandbox::set_up();
    sandbox.cruddur(["ddb", "stream", "enable"]).succeeds();
    let mut page = Page::default();
    for format in FORMATS {
        page.run(sandbox.command(["doctor"]).args(format).env("CRUDDUR_POSTGRES_BINDIR", real_bindir()));
    }
    book.page("doctor", &page);
    let mut page = Page::default();
    for format in FORMATS {
        let mut command = bare_cruddur(["--no-env-file", "config", "show"]);
        command.env_remove("CRUDDUR_POSTGRES_BINDIR").current_dir("/");
        page.run(command.args(format).env("CONNECTION_URL", "postgresql://app:secret@db.example.com/app"));
    }
    book.page("config-show", &page);
    book.close();
}

#[test]
fn output_of_the_local_stack() {
    let mut book = Book::open("output/local");
    let world = World::new();
    let names = [
        "local-up",
        "local-status",
        "local-env",
        "local-snapshot",
        "local-snapshots",
        "local-restore",
        "local-down",
    ];
    let mut pages = names.map(|name| (name, Page::default()));
    let [(_, up), (_, status), (_, env), (_, snapshot), (_, snapshots), (_, restore), (_, down)] = &mut pages;
    status.run(&mut world.on_ports("status", &[]));
    env.run(&mut world.command(["local", "env"]));
    up.run(&mut world.on_ports("up", &["--detach"]));
    up.run(&mut world.on_ports("up", &["--detach"]));
    for format in FORMATS {
        status.run(&mut world.on_ports("status", format));
    }
    // The table is as wide as the name of the folder.
    for format in ["json", "ndjson"] {
        status.run(&mut world.command(["local", "status", "--all", "-o", format]));
    }
    for format in ["shell", "dotenv", "json"] {
        let mut command = world.command(["local", "env", "--format", format]);
        // The tests' own password is not to be seen anywhere.
        env.run(command.env(
            "CONNECTION_URL",
            format!("postgresql://nina:cat@localhost:{}/cruddur", world.postgres_port),
        ));
    }
    snapshots.run(&mut world.command(["local", "snapshots"]));
    snapshot.run(&mut world.command(["local", "snapshot", "seeded"]));
    snapshot.run(&mut world.command(["local", "snapshot", "seeded"]));
    for format in FORMATS {
        snapshots.run(world.command(["local", "snapshots"]).args(format));
    }
    restore.run(&mut world.command(["local", "restore", "seeded"]));
    down.run(&mut world.command(["local", "down"]));
    restore.run(&mut world.command(["local", "restore", "seeded"]));
    snapshot.run(&mut world.command(["local", "snapshot", "seeded", "--delete"]));
    down.run(&mut world.command(["local", "down"]));
    down.run(&mut world.command(["local", "down", "--all"]));
    for (name, page) in &pages {
        book.page(name, page);
    }
    book.close();
}

/// Those that print nothing of their own, and those whose files other tests read.
const WITHOUT_PAGE: &[&str] = &["completions", "db connect", "help", "local exec", "man"];

#[test]
fn output_of_every_command_is_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/snapshots/output");
    let pages = files_below(&folder);
    for (path, command) in leaves() {
        if WITHOUT_PAGE.contains(&path.as_str()) {
            continue;
        }
        let name = format!("{}.snap", path.replace(' ', "-"));
        let found: Vec<&PathBuf> = pages.iter().filter(|page| page.ends_with(&name)).collect();
        let [page] = found.as_slice() else { panic!("{path}: not one page: {found:?}") };
        let text = std::fs::read_to_string(page).unwrap();
        let has_formats = command.get_arguments().any(|argument| argument.get_id() == "output");
        for format in ["json", "ndjson"] {
            let is_shown = text.lines().any(|line| line.ends_with(&format!(" -o {format}")));
            assert_eq!(is_shown, has_formats, "{path} -o {format}, in {}", page.display());
        }
    }
}

#[test]
fn runs_of_other_tests_have_one_that_reads_them() {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite");
    let with_ending = |folder: &Path, ending: &str| {
        let mut files = files_below(folder);
        files.retain(|file| file.extension().is_some_and(|extension| extension == ending));
        files
    };
    let sources: Vec<String> =
        with_ending(&suite, "rs").iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    for page in with_ending(&suite.join("snapshots/runs"), "snap") {
        let name = page.strip_prefix(suite.join("snapshots")).unwrap().with_extension("");
        let literal = format!("\"{}\"", name.display());
        assert!(sources.iter().any(|text| text.contains(&literal)), "no test has {literal}");
    }
}
