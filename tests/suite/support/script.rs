//! A service of one connection, which answers as a script says.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::thread::JoinHandle;

use serde_json::Value;

/// A service in progress.
pub struct Script {
    port: u16,
    server: JoinHandle<Vec<Value>>,
}

impl Script {
    /// Gives each request one of `answers`, in order, and those after them none.
    pub fn start(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(client.try_clone().unwrap());
            let (mut answers, mut requests) = (answers.into_iter(), Vec::new());
            while let Some(request) = read(&mut reader) {
                requests.push(request);
                if let Some(body) = answers.next() {
                    let head =
                        "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length:";
                    write!(client, "{head} {}\r\n\r\n{body}", body.len()).unwrap();
                }
            }
            requests
        });
        Self { port, server }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What came until the client closed the connection.
    pub fn requests(self) -> Vec<Value> {
        self.server.join().unwrap()
    }
}

/// The body of the next request; `None` after the last one.
fn read(reader: &mut impl BufRead) -> Option<Value> {
    let (mut line, mut length) = (String::new(), 0);
    while line != "\r\n" {
        line.clear();
        if reader.read_line(&mut line).unwrap() == 0 {
            return None;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    Some(serde_json::from_slice(&body).unwrap())
}
