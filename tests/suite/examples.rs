//! The examples at the end of every command's help, run as they stand.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

use crate::rds::Group;
use crate::support::{COGNITO_ENDPOINT, Pool, Run, Sandbox, Spawned, Stack, World, leaves, moto};
use crate::user_pool::Local;

/// Examples that can only be parsed here, and why. Keep it short.
const PARSED_ONLY: &[(&str, &str)] =
    &[("cruddur ddb import AWSDynamoDB/01700000000000-0a1b2c3d", "an export to S3 has names of its own")];

/// Examples that go on until Ctrl-C, which they say.
const UNTIL_STOPPED: &[&str] = &["cruddur ddb stream run", "cruddur local up --ephemeral"];

/// What must be run before each example of a command.
const BEFORE: &[(&str, &str)] = &[
    ("ddb schema-load", "cruddur ddb schema-load; cruddur ddb drop cruddur-messages"),
    ("ddb drop", "cruddur ddb schema-load"),
    ("ddb export", "rm -f messages.*"),
    (
        "ddb import",
        "cruddur ddb seed; cruddur ddb export messages.ndjson.gz --force; \
         cruddur ddb scan --typed -o json > scan.json; \
         cruddur ddb drop cruddur-messages; cruddur ddb schema-load",
    ),
    ("ddb stream enable", "cruddur ddb stream disable"),
    ("ddb stream disable", "cruddur ddb stream enable"),
    ("ddb stream status", "cruddur ddb stream enable"),
    ("ddb stream tail", "cruddur ddb stream enable"),
    ("ddb stream run", "cruddur ddb stream enable; cruddur ddb seed"),
    ("db create", "cruddur db drop"),
    ("db drop", "cruddur db create"),
    ("cognito sign-in", "echo Cruddur-local-1 | cruddur cognito set-password nina --password-stdin"),
    ("local up", "cruddur local down"),
    ("local down", "cruddur local up --detach"),
    ("local env", "cruddur local up --detach"),
    ("local status", "cruddur local up --detach"),
    (
        "local snapshot",
        "cruddur local up --detach; cruddur local snapshot --delete seeded; cruddur local snapshot old || true",
    ),
    (
        "local restore",
        "for folder in data stack; do [ -d $folder ] || { cruddur local up --detach --data-dir ./$folder; \
         cruddur local snapshot seeded --data-dir ./$folder; cruddur local down --data-dir ./$folder; }; done",
    ),
    (
        "local exec",
        "[ -d data ] || { cruddur local up --detach; cruddur setup; cruddur local snapshot seeded; cruddur local down; }",
    ),
];

/// An SQL file with psql's variables, as some people's seeds are.
const PEOPLE: &str = "\
INSERT INTO public.users (display_name, handle, email, cognito_user_id)
VALUES (:'user1_name', :'user1_username', 'quinn@example.com', 'MOCK');
";

/// With --prod, an emulator stands for AWS, and is given on the command line. One PostgreSQL stands
/// for the local one and for production's, but not for both at once.
const WRAPPER: &str = r#"
cruddur() {
    case " $* " in
        *" --prod "*)
            AWS_COGNITO_USER_POOL_ID="$POOL" AWS_ACCESS_KEY_ID=production AWS_SECRET_ACCESS_KEY=secret AWS_REGION="${AWS_REGION:-us-east-1}" \
                command cruddur --endpoint-url "$EMULATOR" "$@" ;;
        *) (unset PROD_CONNECTION_URL; command cruddur "$@") ;;
    esac
}
"#;

/// A command that does something, and the examples in its help: what each is
/// for, and its lines.
struct Leaf {
    path: String,
    examples: Vec<(String, String)>,
}

/// Where the examples of a command run.
enum Place {
    /// With a database of its own on the shared server.
    Seeded(Sandbox),
    /// With the database "cruddur" on a server of its own.
    Server(Sandbox, String),
    /// With no stack yet.
    Nowhere(World),
}

#[test]
fn every_command_ends_its_help_with_two_examples_of_itself() {
    let leaves = leaves_with_examples();
    assert!(leaves.len() >= 27);
    for Leaf { path, examples } in &leaves {
        let own = format!("cruddur {path}");
        let own = examples.iter().filter(|(_, lines)| lines.contains(&own)).count();
        assert!(own >= 2, "{path} --help has {own} examples of itself");
        let told: HashSet<&str> = examples.iter().map(|(comment, _)| comment.as_str()).collect();
        assert_eq!(told.len(), examples.len(), "{path} --help: each example says what it is for");
    }
    let all: Vec<&str> =
        leaves.iter().flat_map(|leaf| &leaf.examples).map(|(_, lines)| lines.as_str()).collect();
    for listed in PARSED_ONLY.iter().map(|(lines, _)| lines).chain(UNTIL_STOPPED) {
        assert!(all.contains(listed), "no such example any more: {listed}");
    }
}

#[test]
fn those_of_ddb_run() {
    run_all(|path| group(path) == "ddb", |_| Place::Seeded(Sandbox::seeded()));
}

#[test]
fn those_of_the_patterns_and_the_stream_run() {
    run_all(|path| group(path) == "patterns and stream", |_| Place::Seeded(Sandbox::seeded()));
}

#[test]
fn those_of_db_run() {
    // What they create and drop has the name that it has for everybody.
    let server = Stack::start();
    run_all(
        |path| group(path) == "db",
        |_| {
            let place = Place::Server(Sandbox::new(), server.url("cruddur"));
            let mut setup = place.command("cruddur", &["db", "setup", "--force"]);
            Run::of(setup.env_remove("PROD_CONNECTION_URL")).succeeds();
            place
        },
    );
}

#[test]
fn those_of_local_run() {
    run_all(|path| group(path) == "local", |_| Place::Nowhere(World::new()));
}

#[test]
fn the_others_run() {
    run_all(|path| group(path) == "others", |_| Place::Seeded(Sandbox::seeded()));
}

/// Which of the tests above runs a command's examples.
fn group(path: &str) -> &'static str {
    let mut words = path.split(' ');
    match (words.next(), words.next()) {
        (Some("ddb"), Some("patterns" | "stream")) => "patterns and stream",
        (Some("ddb"), _) => "ddb",
        (Some("db"), _) => "db",
        (Some("local"), _) => "local",
        _ => "others",
    }
}

fn run_all(is_wanted: impl Fn(&str) -> bool, place: impl Fn(&Leaf) -> Place) {
    let pool = Pool::new();
    pool.add(["nina", "oscar", "petra"].map(|name| (name, Some(name))));
    // The examples that change users are told of the local stack's own pool.
    let people = Local::new();
    people.add("nina");
    people.add("petra");
    let security_group = Group::new();
    let rule = security_group.developers_rule();
    for leaf in leaves_with_examples().iter().filter(|leaf| is_wanted(&leaf.path)) {
        let place = place(leaf);
        place.prepare();
        for (comment, lines) in &leaf.examples {
            if let Some((_, why)) = PARSED_ONLY.iter().find(|(listed, _)| listed == lines) {
                parses(lines, why);
                continue;
            }
            let shell = |lines: &str| {
                let mut shell = place.command("sh", &["-c", &format!("{WRAPPER}\n{lines}")]);
                let emulator = if leaf.path.starts_with("ddb") { place.endpoint() } else { moto().url() };
                // The stack has a pool of its own.
                if group(&leaf.path) != "local" {
                    shell.env(COGNITO_ENDPOINT, moto().url()).env("AWS_COGNITO_USER_POOL_ID", &pool.id);
                }
                shell
                    .env("EMULATOR", emulator)
                    .env("AWS_ENDPOINT_URL_EC2", moto().url())
                    .env("POOL", &pool.id)
                    .env("DB_SG_ID", &security_group.id)
                    .env("DB_SG_RULE_ID", &rule)
                    .env("GITPOD_IP", "1.1.1.1");
                if leaf.path.starts_with("cognito ") && leaf.path != "cognito list-users" {
                    shell.env(COGNITO_ENDPOINT, people.0.url()).env_remove("AWS_COGNITO_USER_POOL_ID");
                }
                shell
            };
            if let Some((_, before)) = BEFORE.iter().find(|(path, _)| *path == leaf.path) {
                Run::of(&mut shell(before)).succeeds();
            }
            if UNTIL_STOPPED.contains(&lines.as_str()) {
                until_stopped(shell(&format!("unset -f cruddur; exec {lines}")));
                continue;
            }
            let run = Run::of(&mut shell(lines));
            assert_eq!(
                run.code, 0,
                "{} --help: {comment}\n{lines}\nstdout:\n{}\nstderr:\n{}",
                leaf.path, run.stdout, run.stderr
            );
        }
    }
}

/// Runs the command until it says how to stop it, and does.
fn until_stopped(mut command: Command) {
    let mut run = Spawned::new(&mut command);
    run.says("Ctrl-C stops");
    run.signal("INT");
    run.ends().succeeds();
}

/// The words of each `cruddur` line are a command line.
fn parses(lines: &str, why: &str) {
    for line in lines.replace("\\\n", " ").lines() {
        assert!(!line.contains(['\'', '"', '|', '$']), "too much of a shell for what is only parsed: {line}");
        let words = line.split_whitespace().take_while(|word| *word != ">");
        if let Err(error) = cruddur::cli::command().try_get_matches_from(words) {
            panic!("{line} ({why}): {error}");
        }
    }
}

impl Place {
    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = match self {
            Self::Seeded(sandbox) | Self::Server(sandbox, _) => sandbox.command_of(program, arguments),
            Self::Nowhere(world) => world.command_of(program, arguments),
        };
        let folder = Path::new(env!("CARGO_BIN_EXE_cruddur")).parent().unwrap();
        command.env("PATH", format!("{}:{}", folder.display(), std::env::var("PATH").unwrap()));
        match self {
            Self::Seeded(sandbox) => command.env("PROD_CONNECTION_URL", sandbox.production_url()),
            Self::Server(_, url) => command
                .env("CONNECTION_URL", url)
                .env("PROD_CONNECTION_URL", format!("{url}?sslmode=disable")),
            Self::Nowhere(world) => command.env("AWS_ENDPOINT_URL_DYNAMODB", world.endpoint()),
        };
        command
    }

    fn endpoint(&self) -> String {
        match self {
            Self::Seeded(sandbox) | Self::Server(sandbox, _) => sandbox.endpoint(),
            Self::Nowhere(world) => world.endpoint(),
        }
    }

    /// The files that examples name: the repository's, as one who stands in it has.
    fn prepare(&self) {
        let folder = match self {
            Self::Seeded(sandbox) | Self::Server(sandbox, _) => sandbox.path(),
            Self::Nowhere(world) => world.path(),
        };
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for name in ["db/schema.sql", "db/seed.sql", "conversations/default.txt"] {
            std::fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
            std::fs::copy(root.join(name), folder.join(name)).unwrap();
        }
        std::fs::write(folder.join("db/people.sql"), PEOPLE).unwrap();
    }
}

/// Every command that does something, with the examples at the end of its help.
fn leaves_with_examples() -> Vec<Leaf> {
    let with_examples = |(path, command): (String, clap::Command)| {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        Leaf { path, examples: examples(&help) }
    };
    leaves().into_iter().map(with_examples).collect()
}

/// Each comment after `Examples:`, and the lines of shell under it.
fn examples(help: &str) -> Vec<(String, String)> {
    let mut examples: Vec<(String, String)> = Vec::new();
    let Some((_, text)) = help.split_once("Examples:\n") else { return examples };
    for line in text.lines().map(|line| line.strip_prefix("  ").unwrap_or(line)) {
        match (line.strip_prefix("# "), examples.last_mut()) {
            (Some(comment), _) => examples.push((comment.to_owned(), String::new())),
            (None, Some((_, lines))) if lines.is_empty() => lines.push_str(line),
            (None, Some((_, lines))) => *lines = format!("{lines}\n{line}"),
            (None, None) => panic!("an example without a comment: {line}"),
        }
    }
    examples
}
