//! Servers whose answers have no end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What comes in the place of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endless {
    /// Nothing.
    Silence,
    /// A byte now and then.
    Drip,
    /// As much as there is room for.
    Flood,
    /// The announcement of 4 GB.
    Announced,
}

/// A server of HTTP that answers so. Its threads end with the process.
pub struct EndlessServer {
    port: u16,
    sent: Arc<AtomicU64>,
}

impl EndlessServer {
    pub fn start(answer: Endless) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let sent = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&sent);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let counted = Arc::clone(&counted);
                // Until the client hangs up.
                std::thread::spawn(move || serve(client, answer, &counted));
            }
        });
        Self { port, sent }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many bytes of bodies its clients have let it send.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

fn serve(mut client: TcpStream, answer: Endless, sent: &AtomicU64) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    reader.read_exact(&mut vec![0; length.unwrap_or(0)])?;
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n";
    match answer {
        Endless::Silence => {}
        Endless::Announced => write!(client, "{head}Content-Length: 4294967296\r\n\r\n")?,
        Endless::Drip => {
            write!(client, "{head}\r\n")?;
            loop {
                client.write_all(b" ")?;
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        Endless::Flood => {
            write!(client, "{head}\r\n")?;
            let part = vec![b' '; 64 * 1024];
            loop {
                client.write_all(&part)?;
                sent.fetch_add(part.len() as u64, Ordering::Relaxed);
            }
        }
    }
    let _ = reader.read_to_end(&mut Vec::new());
    Ok(())
}
