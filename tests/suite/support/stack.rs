//! One PostgreSQL for all tests of this process, from `cruddur local exec`.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;

use tokio_postgres::NoTls;

use super::scratch::scratch_root;
use super::{Log, note_server, rows, runtime};

/// The role of the shared server.
pub const USER: &str = "cruddurroot";
/// Its password: it holds all the characters that make a URL hard to read.
pub const PASSWORD: &str = "s3cr@t/p%ss:w?rd#";
/// The same as a URL holds it.
pub const ENCODED_PASSWORD: &str = "s3cr%40t%2Fp%25ss%3Aw%3Frd%23";

/// A running server. It lives until this process closes its end of the pipe,
/// however that comes about.
pub struct Stack {
    port: u16,
    stdin: Option<ChildStdin>,
    child: Child,
    /// One for all that is done about databases: a new one for each statement costs more than most.
    session: OnceLock<tokio_postgres::Client>,
}

impl Stack {
    /// A server of one's own, for what would disturb others on the shared one.
    pub fn start() -> Self {
        Self::by(&mut Command::new(env!("CARGO_BIN_EXE_cruddur")))
    }

    fn by(cruddur: &mut Command) -> Self {
        let log = Log::new();
        let mut child = cruddur
            .args(["--no-env-file", "local", "exec", "--", "sh", "-c", "echo \"$CONNECTION_URL\"; exec cat"])
            .env("CONNECTION_URL", format!("postgresql://{USER}:{ENCODED_PASSWORD}@localhost:5432/cruddur"))
            .env("TMPDIR", scratch_root())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log.end())
            .spawn()
            .expect("cruddur starts");
        note_server("a shared PostgreSQL", log);
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line
            .trim()
            .strip_suffix("/cruddur")
            .and_then(|rest| rest.rsplit_once(':'))
            .and_then(|(_, port)| port.parse().ok())
            .expect("the stack for the tests starts; PostgreSQL's binaries are needed: scripts/ensure-postgres.sh");
        Self { port, stdin: child.stdin.take(), child, session: OnceLock::new() }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of `database` on this server, whose name must be percent-encoded.
    pub fn url(&self, database: &str) -> String {
        self.url_of(&format!("{USER}:{ENCODED_PASSWORD}"), database)
    }

    /// The URL of `database` for other `credentials`.
    pub fn url_of(&self, credentials: &str, database: &str) -> String {
        format!("postgresql://{credentials}@127.0.0.1:{}/{database}", self.port)
    }
}

impl Stack {
    /// Runs a statement about databases.
    pub fn administrate(&self, statement: &str) -> Vec<Vec<String>> {
        let session = self.session.get_or_init(|| {
            runtime().block_on(async {
                let (client, connection) =
                    tokio_postgres::connect(&self.url("postgres"), NoTls).await.unwrap();
                tokio::spawn(connection);
                client
            })
        });
        rows(runtime().block_on(session.simple_query(statement)).unwrap())
    }

    /// Creates a database, an empty one or a copy, by copying the files. By default all of it goes
    /// through the write-ahead log, which takes three times as long.
    pub fn create_database(&self, name: &str, template: Option<&str>) {
        // PostgreSQL 14 always copies the files, and has no word for it.
        let version: u32 = self.administrate("SHOW server_version_num")[0][0].parse().unwrap();
        let strategy = if version >= 150_000 { "STRATEGY file_copy" } else { "" };
        let template = template.map(|template| format!("TEMPLATE {template}")).unwrap_or_default();
        self.administrate(&format!("CREATE DATABASE {name} {template} {strategy}"));
    }

    /// The folder of its programs.
    pub fn bindir(&self) -> PathBuf {
        self.administrate("SELECT setting FROM pg_config WHERE name = 'BINDIR'")[0][0].as_str().into()
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

static STACK: OnceLock<Stack> = OnceLock::new();

/// The shared server, started by the first test that asks.
pub fn stack() -> &'static Stack {
    STACK.get_or_init(Stack::start)
}

/// The server for tests that need pg_dump, which dumps from no later version than its own: the shared
/// one, or the machine's own if npm's package, which has no clients, runs that.
pub fn stack_with_clients() -> &'static Stack {
    static OTHER: OnceLock<Option<Stack>> = OnceLock::new();
    let has_clients = |stack: &Stack| stack.bindir().join("pg_dump").is_file();
    let other = OTHER.get_or_init(|| {
        (!has_clients(stack())).then(|| {
            let mut cruddur = Command::new(env!("CARGO_BIN_EXE_cruddur"));
            let own = Stack::by(cruddur.env_remove("CRUDDUR_POSTGRES_BINDIR").current_dir("/"));
            assert!(has_clients(&own), "these tests need psql and pg_dump beside PostgreSQL's server");
            own
        })
    });
    other.as_ref().unwrap_or_else(|| stack())
}
