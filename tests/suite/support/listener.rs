//! A listener that answers every DynamoDB request with an empty list of tables,
//! and remembers what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpSocket;

/// What reached a port. Its thread ends with the process.
pub struct Recorder {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // Noted before it is answered: whoever has the answer finds the note.
                let index = {
                    let mut requests = record.lock().unwrap();
                    requests.push(String::new());
                    requests.len() - 1
                };
                let _ = answer(&stream, |head| record.lock().unwrap()[index] = head);
            }
        });
        Self { port, requests }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many connections came in.
    pub fn connections(&self) -> usize {
        // A connection of our own comes in after all that were made before it.
        let before = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        before.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = (&before).read_to_end(&mut Vec::new());
        let mut requests = self.requests.lock().unwrap();
        let own = requests.pop();
        assert_eq!(own.as_deref(), Some(""), "the last connection is our own");
        requests.len()
    }

    /// The head of the only request, in lower case but for the values.
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<String> {
        let requests = self.requests.lock().unwrap();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }
}

fn answer(stream: &TcpStream, record: impl FnOnce(String)) -> std::io::Result<()> {
    // What speaks another protocol may wait for us to speak first.
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            break;
        }
    }
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok())
        .unwrap_or(0);
    record(head);
    reader.read_exact(&mut vec![0; length])?;
    let body = r#"{"TableNames":[]}"#;
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// A port on which nothing listens: it is kept from everybody else, to the end of this process.
pub fn silent_port() -> u16 {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let port = socket.local_addr().unwrap().port();
    std::mem::forget(socket);
    port
}
