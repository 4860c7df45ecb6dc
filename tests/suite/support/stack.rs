//! One PostgreSQL for all tests of this process, from `cruddur local exec`.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;

use super::scratch::scratch_root;
use super::{Log, note_server};

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
}

impl Stack {
    /// A server of one's own, for what would disturb others on the shared one.
    pub fn start() -> Self {
        let log = Log::new();
        let mut child = Command::new(env!("CARGO_BIN_EXE_cruddur"))
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
        Self { port, stdin: child.stdin.take(), child }
    }

    /// Whether some test has asked for the shared one.
    pub fn is_shared() -> bool {
        STACK.get().is_some()
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
