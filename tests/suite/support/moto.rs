//! moto's server, an emulator of Cognito and EC2, shared by all tests.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::OnceLock;

use super::{Log, note_server, python};

/// A running server. It ends with this process, whose end of the pipe it watches.
pub struct Moto {
    port: u16,
    /// Holds the other end of its stdin.
    _child: Child,
}

impl Moto {
    fn start() -> Self {
        let log = Log::new();
        let mut child = python("moto_server.py")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log.end())
            .spawn()
            .expect("moto starts");
        note_server("moto", log);
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().parse().expect("moto starts");
        Self { port, _child: child }
    }

    /// Where it serves every AWS service.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// The shared server, started by the first test that asks. Pools and groups that a
/// test makes there are its own.
pub fn moto() -> &'static Moto {
    static MOTO: OnceLock<Moto> = OnceLock::new();
    MOTO.get_or_init(Moto::start)
}
