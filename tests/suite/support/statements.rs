//! A proxy before PostgreSQL that records the statements which pass, and can stop at one of them or lose
//! an answer.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Asked first by clients that would like TLS; it has no type, as the startup message has none.
const SSL_REQUEST: [u8; 4] = 80_877_103_u32.to_be_bytes();

/// A recording proxy; it goes on until the process ends.
pub struct StatementRecorder {
    port: u16,
    statements: Arc<Mutex<Vec<String>>>,
}

/// Where a proxy stops for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stall {
    /// At the statement that has this text: from then on no connection answers.
    AllAt(&'static str),
    /// At the first rows of a COPY; other connections go on.
    Rows,
}

impl StatementRecorder {
    /// Before the server at `port`.
    pub fn new(server: u16) -> Self {
        Self::stalling(server, None)
    }

    /// The same, which passes each COMMIT on and breaks the connection when it is answered.
    pub fn losing_commits(server: u16) -> Self {
        Self::start(server, None, true)
    }

    /// The same, until it stops: everything stays open, and nothing passes.
    pub fn stalling(server: u16, stall: Option<Stall>) -> Self {
        Self::start(server, stall, false)
    }

    fn start(server: u16, stall: Option<Stall>, loses_commits: bool) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let statements = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&statements);
        let stalled = Arc::new(AtomicBool::new(false));
        thread::spawn(move || {
            for client in listener.incoming() {
                let stalled = Arc::clone(&stalled);
                let (client, recorded) = (client.unwrap(), Arc::clone(&recorded));
                let server = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).unwrap();
                let (from, to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let is_lost = Arc::new(AtomicBool::new(false));
                let lost = Arc::clone(&is_lost);
                thread::spawn(move || {
                    let _ = pass_back(&from, &to, &lost);
                    let _ = to.shutdown(Shutdown::Both);
                });
                thread::spawn(move || {
                    let on_statement = |statement: String| {
                        is_lost.store(loses_commits && statement == "COMMIT", Ordering::SeqCst);
                        recorded.lock().unwrap().push(statement);
                    };
                    // Until one of them hangs up.
                    let _ = pass(&client, &server, on_statement, stall, &stalled);
                    let _ = server.shutdown(Shutdown::Both);
                });
            }
        });
        Self { port, statements }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Every statement that was sent, in order.
    pub fn statements(&self) -> Vec<String> {
        self.statements.lock().unwrap().clone()
    }
}

/// Until the server hangs up, or its answer is to be lost.
fn pass_back(mut server: &TcpStream, mut client: &TcpStream, is_lost: &AtomicBool) -> std::io::Result<()> {
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let length = server.read(&mut chunk)?;
        if length == 0 || is_lost.load(Ordering::SeqCst) {
            return Ok(());
        }
        client.write_all(&chunk[..length])?;
    }
}

fn pass(
    mut client: &TcpStream,
    mut server: &TcpStream,
    on_statement: impl Fn(String),
    stall: Option<Stall>,
    stalled: &AtomicBool,
) -> std::io::Result<()> {
    let mut has_started = false;
    loop {
        let mut kind = [0; 1];
        if has_started {
            client.read_exact(&mut kind)?;
        }
        let mut length = [0; 4];
        client.read_exact(&mut length)?;
        let mut body = vec![0; u32::from_be_bytes(length) as usize - 4];
        client.read_exact(&mut body)?;
        let text = match &kind {
            // A query, or one to be prepared, which has a name first.
            b"Q" => body.split(|byte| *byte == 0).next(),
            b"P" => body.split(|byte| *byte == 0).nth(1),
            _ => None,
        };
        if let Some(text) = text {
            on_statement(String::from_utf8(text.to_vec()).unwrap());
        }
        let is_at = match stall {
            Some(Stall::AllAt(text)) => body.windows(text.len()).any(|part| part == text.as_bytes()),
            Some(Stall::Rows) => has_started && &kind == b"d",
            None => false,
        };
        if is_at {
            stalled.store(true, Ordering::Relaxed);
        }
        if is_at || stall != Some(Stall::Rows) && stalled.load(Ordering::Relaxed) {
            // Until the client hangs up; what it sends meanwhile goes nowhere.
            std::io::copy(&mut client, &mut std::io::sink())?;
            return Ok(());
        }
        if has_started {
            server.write_all(&kind)?;
        } else {
            has_started = body != SSL_REQUEST;
        }
        server.write_all(&length)?;
        server.write_all(&body)?;
    }
}
