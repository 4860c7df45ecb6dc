//! Completions, asked for by the scripts, and in the shells themselves.

use std::io::{Read as _, Write as _};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{Fault, GROUP, Proxy, Recorder, Run, Sandbox, Spawned, at_a_terminal, eventually};

/// The beginning of a line whose completion may take long, on a busy machine.
const PATIENT: &str = "cruddur --timeout 5m";

/// What the last of `words` may become, by the protocol of zsh, fish and PowerShell; however long it
/// takes on a busy machine.
fn complete(command: &mut Command, words: &[&str]) -> Vec<String> {
    complete_within_the_limit(command, &[&["--timeout", "5m"], words].concat())
}

/// The same, within the limit that a completion has by default.
fn complete_within_the_limit(command: &mut Command, words: &[&str]) -> Vec<String> {
    let run = Run::of(command.args(["__complete", "fish", "--", "cruddur"]).args(words)).succeeds();
    assert_eq!(run.stderr, "", "{words:?}");
    run.stdout.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

/// Without the flags, which are there where nothing else is.
fn values(mut found: Vec<String>) -> Vec<String> {
    found.retain(|word| !word.starts_with('-'));
    found
}

/// What bash has to put in the place of `replaced`, in a line of cruddur and `words`.
fn complete_in_bash(sandbox: &Sandbox, replaced: &str, words: &str) -> Vec<String> {
    let line = format!("{PATIENT} {words}");
    let run = sandbox.cruddur(["__complete", "bash", "--", replaced, &line]).succeeds();
    assert_eq!(run.stderr, "");
    run.stdout.lines().map(ToOwned::to_owned).collect()
}

#[test]
fn tables_handles_and_groups_come_from_the_target() {
    let sandbox = Sandbox::seeded();
    sandbox.create_table("other-table");
    let complete = |words: &[&str]| complete(&mut sandbox.command([""; 0]), words);
    assert_eq!(complete(&["ddb", "scan", "--table", ""]), ["cruddur-messages", "other-table"]);
    assert_eq!(complete(&["ddb", "scan", "--table=o"]), ["--table=other-table"]);
    assert_eq!(complete(&["ddb", "drop", "c"]), ["cruddur-messages"]);
    let handles = ["nina", "oscar", "petra"];
    for words in [
        &["ddb", "rename-user", ""][..],
        &["ddb", "seed", "--my-handle", ""],
        &["ddb", "seed", "--other-handle", ""],
        &["ddb", "patterns", "list-conversations", "--handle", ""],
        &["ddb", "patterns", "create-message", "--from", ""],
        &["ddb", "patterns", "create-conversation", "--from", "nina", "--to", ""],
        &["cognito", "set-password", ""],
        &["cognito", "delete-user", ""],
    ] {
        assert_eq!(complete(words), handles, "{words:?}");
    }
    assert_eq!(complete(&["ddb", "rename-user", "o"]), ["oscar"]);
    // A pattern's character is a letter like any other.
    assert_eq!(complete(&["ddb", "rename-user", "%"]), [""; 0]);
    assert_eq!(complete(&["ddb", "rename-user", "nina", "--new-handle", ""]), [""; 0]);
    assert_eq!(complete(&["cognito", "create-user", "n"]), [""; 0]);
    for command in ["get-conversation", "create-message"] {
        assert_eq!(complete(&["ddb", "patterns", command, "--message-group-uuid", "5"]), [GROUP]);
        assert_eq!(complete(&["ddb", "patterns", command, "--message-group-uuid", "6"]), [""; 0]);
    }
    // Of whoever writes: petra has no conversation.
    let of = |handle| {
        complete(&["ddb", "patterns", "create-message", "--from", handle, "--message-group-uuid", ""])
    };
    assert_eq!(of("oscar"), [GROUP]);
    assert_eq!(of("petra"), [""; 0]);
    // Of another table.
    assert_eq!(
        complete(&[
            "ddb",
            "patterns",
            "get-conversation",
            "--table",
            "other-table",
            "--message-group-uuid",
            ""
        ]),
        [""; 0]
    );
}

#[test]
fn the_words_before_say_which_target() {
    let (sandbox, other) = (Sandbox::seeded(), Sandbox::set_up());
    other.create_table("elsewhere");
    other.sql("UPDATE users SET handle = 'opal' WHERE handle = 'oscar'");
    let bare = |words: &[&str]| {
        let mut command = sandbox.command([""; 0]);
        command.env_remove("AWS_ENDPOINT_URL_DYNAMODB").env_remove("CONNECTION_URL");
        complete(&mut command, words)
    };
    let endpoint = other.endpoint();
    let tables = ["cruddur-messages", "elsewhere"];
    assert_eq!(bare(&["ddb", "--endpoint-url", &endpoint, "drop", ""]), tables);
    assert_eq!(bare(&["ddb", "drop", &format!("--endpoint-url={endpoint}"), ""]), tables);
    // By a file, and by the one that is named.
    let settings =
        format!("AWS_ENDPOINT_URL_DYNAMODB={endpoint}\nCONNECTION_URL={}\n", other.connection_url());
    sandbox.write("other.env", &settings);
    assert_eq!(bare(&["ddb", "--env-file", "other.env", "rename-user", "o"]), ["opal"]);
    sandbox.write(".env", &settings);
    assert_eq!(bare(&["ddb", "rename-user", "o"]), ["opal"]);
    assert_eq!(bare(&["ddb", "drop", ""]), tables);
    // Production has no local URL to fall back to, and its own is used when there is one.
    assert_eq!(bare(&["ddb", "rename-user", "--prod", "o"]), [""; 0]);
    let mut command = sandbox.command([""; 0]);
    command.env("PROD_CONNECTION_URL", other.production_url());
    assert_eq!(complete(&mut command, &["--prod", "ddb", "rename-user", "o"]), ["opal"]);
    assert_eq!(complete(&mut sandbox.command([""; 0]), &["ddb", "rename-user", "o"]), ["oscar"]);
}

#[test]
fn when_the_target_does_not_answer_nothing_is_said() {
    let sandbox = Sandbox::new();
    // The kernel takes the connection, and nobody says a word.
    let hanging = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = hanging.local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let postgres = format!("postgresql://nobody:secret@127.0.0.1:{port}/none");
    let ask = |command: &mut Command| {
        assert_eq!(complete_within_the_limit(command, &["ddb", "scan", "--table", ""]), [""; 0]);
    };
    let set = |variables: &[(&str, &str)]| {
        let mut command = sandbox.command([""; 0]);
        command.envs(variables.iter().copied());
        command
    };
    ask(&mut set(&[("AWS_ENDPOINT_URL_DYNAMODB", &url)]));
    ask(&mut set(&[("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")]));
    ask(&mut set(&[("AWS_ENDPOINT_URL_DYNAMODB", "no url at all")]));
    for url in [postgres.as_str(), "postgresql://nobody:secret@127.0.0.1:1/none", "no url"] {
        let mut command = set(&[("CONNECTION_URL", url)]);
        assert_eq!(values(complete_within_the_limit(&mut command, &["ddb", "rename-user", ""])), [""; 0]);
    }
    sandbox.write(".env", "not a line");
    ask(&mut set(&[]));
    // What needs no target is there all the same.
    assert_eq!(complete(&mut set(&[]), &["ddb", "scan", "--tab"]), ["--table"]);
}

#[test]
fn a_timeout_before_the_cursor_is_how_long_an_answer_may_take() {
    let sandbox = Sandbox::set_up();
    let proxy = Proxy::new(sandbox.endpoint(), "ListTables", |_| Some(Fault::Hold));
    let words = ["__complete", "fish", "--", "cruddur", "--timeout", "5m", "ddb", "drop", "c"];
    let run = Spawned::new(sandbox.command(words).env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url()));
    proxy.holds(1);
    // By default it would have ended by now.
    std::thread::sleep(Duration::from_secs(1));
    proxy.release();
    assert_eq!(run.ends().succeeds().stdout, "cruddur-messages\t\n");
}

#[test]
fn commands_flags_values_and_files_are_completed() {
    let sandbox = Sandbox::new();
    sandbox.write("seed-of-mine.sql", "SELECT 1");
    let complete = |words: &[&str]| complete(&mut sandbox.command([""; 0]), words);
    assert_eq!(complete(&["cogn"]), ["cognito"]);
    let ddb = complete(&["ddb", ""]);
    assert!(
        ddb.contains(&"schema-load".to_owned()) && ddb.iter().all(|word| !word.starts_with('-')),
        "{ddb:?}"
    );
    assert_eq!(complete(&["ddb", "scan", "-o", ""]), ["table", "json", "ndjson"]);
    assert_eq!(complete(&["ddb", "scan", "--endpoint"]), ["--endpoint-url"]);
    assert_eq!(complete(&["db", "seed", "seed-"]), ["seed-of-mine.sql"]);
    assert_eq!(complete(&["completions", "f"]), ["fish"]);
    assert_eq!(complete(&["__"]), [""; 0], "what is hidden stays so");
}

#[test]
fn bash_is_told_what_to_put_after_a_colon_or_an_equals_sign() {
    let sandbox = Sandbox::seeded();
    sandbox.create_table("spaced");
    sandbox.sql("UPDATE users SET handle = 'pe''t ra:1' WHERE handle = 'petra'");
    let bash = |replaced: &str, words: &str| complete_in_bash(&sandbox, replaced, words);
    let endpoint = sandbox.endpoint();
    assert_eq!(bash("cru", "ddb scan --table=cru"), ["cruddur-messages"]);
    assert_eq!(bash("", "ddb scan --table="), ["cruddur-messages", "spaced"]);
    assert_eq!(
        bash("s", &format!("ddb --endpoint-url {endpoint} scan --table s")),
        ["spaced"],
        "the URL is one word"
    );
    // Quoted as the line has it.
    assert_eq!(bash("pe", "ddb rename-user pe"), [r"pe\'t\ ra:1"]);
    assert_eq!(bash("pe", "ddb rename-user \"pe"), ["pe't ra:1"]);
    assert_eq!(bash("1", r"ddb rename-user pe\'t\ ra:1"), ["1"]);
}

#[test]
fn production_is_only_read() {
    let sandbox = Sandbox::seeded();
    let before = sandbox.items().len();
    let recorder = Recorder::start();
    let mut command = sandbox.command([""; 0]);
    command.env("AWS_ACCESS_KEY_ID", "production").env("AWS_SECRET_ACCESS_KEY", "secret");
    let words = ["--prod", "--endpoint-url", &recorder.url(), "--region", "eu-west-3", "ddb", "drop", ""];
    assert_eq!(values(complete(&mut command, &words)), [""; 0]);
    assert_eq!(recorder.connections(), 1, "one request");
    assert_eq!(sandbox.items().len(), before);
}

/// A shell at a terminal, with its completions set up.
struct Shell {
    run: Spawned,
    said: Arc<Mutex<String>>,
}

impl Shell {
    fn start(sandbox: &Sandbox, program: &str, arguments: &[&str]) -> Self {
        let mut command = sandbox.command_of(program, arguments);
        let folder = std::path::Path::new(env!("CARGO_BIN_EXE_cruddur")).parent().unwrap();
        command
            .env("PATH", format!("{}:{}", folder.display(), std::env::var("PATH").unwrap()))
            .env("TERM", "vt100")
            .env("LC_ALL", "C.UTF-8")
            .env("ZDOTDIR", sandbox.path())
            .env("XDG_CONFIG_HOME", sandbox.path());
        let mut command = at_a_terminal(&command, 100);
        let mut run = Spawned::piped(&mut command);
        let mut output = run.child.stdout.take().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&said);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut buffer) {
                heard.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
        });
        let shell = Self { run, said };
        eventually(&format!("{program} is ready"), || shell.said().contains("READY>").then_some(()));
        shell
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    fn types(&mut self, keys: &str) {
        self.run.child.stdin.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }
}

/// Completes tables, handles and groups where a shell runs, and has it run what came of it.
fn complete_at_a_terminal(program: &str, arguments: &[&str], setup: (&str, &str)) {
    let sandbox = Sandbox::seeded();
    sandbox.create_table("other-table");
    let (name, text) = setup;
    std::fs::create_dir_all(sandbox.path().join(name).parent().unwrap()).unwrap();
    sandbox.write(name, text);
    let mut shell = Shell::start(&sandbox, program, arguments);
    let endpoint = sandbox.endpoint();
    for (number, (keys, field, expected)) in [
        ("ddb scan --limit 0 --table cru\t-o json".to_owned(), "count", "0"),
        (format!("ddb --endpoint-url {endpoint} list-t\t-o json"), "count", "2"),
        ("ddb patterns list-conversations --handle os\t-o json".to_owned(), "count", "1"),
        ("ddb patterns get-conversation --message-group-uuid 5a\t--limit 4 -o json".to_owned(), "count", "4"),
        // After an equals sign, with a URL full of colons before it.
        (format!("ddb scan --endpoint-url {endpoint} --limit 0 --table=oth\t-o json"), "count", "0"),
    ]
    .into_iter()
    .enumerate()
    {
        let keys = format!("{PATIENT} {keys}");
        let file = sandbox.path().join(format!("{number}.json"));
        shell.types(&format!("{keys} > {number}.json; touch {number}.done\r"));
        eventually(&format!("{program} runs: {keys}\n{}", shell.said()), || {
            sandbox.path().join(format!("{number}.done")).exists().then_some(())
        });
        let text = std::fs::read_to_string(file).unwrap();
        let document: serde_json::Value = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{program}: {keys}: {error}\n{}", shell.said()));
        assert_eq!(document[field].to_string(), expected, "{program}: {keys}");
    }
    // A target that is not there: the line stays as it is, and nothing is said.
    shell.types("cruddur ddb scan --endpoint-url http://127.0.0.1:1 --table wh\tole -q; touch silent.done\r");
    eventually("the last line runs", || sandbox.path().join("silent.done").exists().then_some(()));
    let said = shell.said();
    assert!(said.contains("--table wh"), "{said}");
    let before_enter = said.rsplit("--table wh").next().unwrap().split("silent.done").next().unwrap();
    assert!(!before_enter.contains("rror"), "{said}");
    shell.types("exit\r");
}

#[test]
fn bash_completes() {
    let setup = "PS1='READY> '\nbind 'set bell-style none'\nsource <(cruddur completions bash)\n";
    complete_at_a_terminal("bash", &["--noprofile", "--rcfile", "rc", "-i"], ("rc", setup));
}

#[test]
fn zsh_completes() {
    let setup = "PROMPT='READY> '\nunsetopt PROMPT_SP BEEP\nautoload -Uz compinit && compinit -u -D\nsource <(cruddur completions zsh)\n";
    complete_at_a_terminal("zsh", &["-d", "-i"], (".zshrc", setup));
}

#[test]
fn fish_completes() {
    let setup = "set -g fish_greeting\nfunction fish_prompt; echo -n 'READY> '; end\nset -g fish_autosuggestion_enabled 0\ncruddur completions fish | source\n";
    complete_at_a_terminal("fish", &["-i"], ("fish/config.fish", setup));
}

#[test]
fn powershells_script_is_there() {
    // No PowerShell runs here: that it is whole is all that can be told.
    let run = Sandbox::new().cruddur(["completions", "powershell"]).succeeds();
    for needed in ["Register-ArgumentCompleter", "-CommandName cruddur", "__complete", "CompletionResult"] {
        assert!(run.stdout.contains(needed), "{}", run.stdout);
    }
    for (open, close) in [('{', '}'), ('(', ')'), ('[', ']')] {
        assert_eq!(run.stdout.matches(open).count(), run.stdout.matches(close).count(), "{open}");
    }
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(["__complete", "--next-word", "powershell", "--", "cruddur", "db"]);
    let run = Run::of(&mut command).succeeds();
    assert!(run.stdout.contains("schema-load\t"), "{}", run.stdout);
}
