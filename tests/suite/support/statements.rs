//! A proxy before PostgreSQL that records the statements which pass, and can stop at one of them.

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

    /// The same, until it stops: everything stays open, and nothing passes.
    pub fn stalling(server: u16, stall: Option<Stall>) -> Self {
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
                let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Both);
                });
                thread::spawn(move || {
                    // Until one of them hangs up.
                    let _ = pass(&client, &server, &recorded, stall, &stalled);
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

fn pass(
    mut client: &TcpStream,
    mut server: &TcpStream,
    recorded: &Mutex<Vec<String>>,
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
            recorded.lock().unwrap().push(String::from_utf8(text.to_vec()).unwrap());
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
