//! A PostgreSQL that is not in the mood: a listener that speaks just enough of
//! its protocol to say no, and may let through to a real one.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What becomes of a connection.
#[derive(Debug, Clone, Copy)]
pub enum Answer {
    /// It is closed before a word is said.
    HangUp,
    /// An error with this SQLSTATE and message, in place of a session.
    Refuse(&'static str, &'static str),
    /// A session on the server at this port.
    Forward(u16),
    /// The same, with the first text replaced by the second, which is as long, in each message of
    /// the client's.
    Rewrite(u16, &'static str, &'static str),
}

/// A listener that goes through its answers, and stays with the last. Its threads
/// end with the process.
pub struct MoodyPostgres {
    port: u16,
    connections: Arc<Mutex<usize>>,
}

/// The code of a request for TLS, in place of a protocol version.
const SSL_REQUEST: u32 = 80_877_103;

impl MoodyPostgres {
    pub fn start(answers: Vec<Answer>) -> Self {
        Self::start_on(0, answers)
    }

    /// On a port of one's choice; 0 is any.
    pub fn start_on(port: u16, answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(Mutex::new(0));
        let count = Arc::clone(&connections);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let answer = {
                    let mut count = count.lock().unwrap();
                    *count += 1;
                    *answers.get(*count - 1).or(answers.last()).expect("an answer")
                };
                std::thread::spawn(move || serve(stream, answer));
            }
        });
        Self { port, connections }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many connections have come.
    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

fn serve(mut stream: TcpStream, answer: Answer) -> std::io::Result<()> {
    match answer {
        Answer::HangUp => Ok(()),
        Answer::Refuse(code, message) => {
            while read_request(&mut stream)? == SSL_REQUEST {
                stream.write_all(b"N")?;
            }
            stream.write_all(&error_response(code, message))
        }
        Answer::Forward(port) => {
            let mut upstream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
            let (mut back, mut from) = (stream.try_clone()?, upstream.try_clone()?);
            std::thread::spawn(move || std::io::copy(&mut from, &mut back));
            // A client that breaks off is gone for the server, too.
            let _ = std::io::copy(&mut stream, &mut upstream);
            upstream.shutdown(std::net::Shutdown::Write)
        }
        Answer::Rewrite(port, from, to) => {
            assert_eq!(from.len(), to.len());
            let mut upstream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
            let (mut back, mut answers) = (stream.try_clone()?, upstream.try_clone()?);
            std::thread::spawn(move || std::io::copy(&mut answers, &mut back));
            // Only what begins a connection has no type.
            let mut typed = 0;
            while let Ok(mut message) = read_message(&mut stream, typed) {
                let at = message.windows(from.len()).position(|part| part == from.as_bytes());
                if let Some(at) = at {
                    message[at..at + to.len()].copy_from_slice(to.as_bytes());
                }
                // After a request for TLS the beginning is still to come.
                typed = usize::from(typed == 1 || message[4..8] != SSL_REQUEST.to_be_bytes());
                upstream.write_all(&message)?;
            }
            upstream.shutdown(std::net::Shutdown::Write)
        }
    }
}

/// The bytes of one message, of which `typed` stand before its length.
fn read_message(stream: &mut impl Read, typed: usize) -> std::io::Result<Vec<u8>> {
    let mut message = vec![0; typed + 4];
    stream.read_exact(&mut message)?;
    let length = u32::from_be_bytes(message[typed..].try_into().unwrap()) as usize;
    message.resize(typed + length, 0);
    stream.read_exact(&mut message[typed + 4..])?;
    Ok(message)
}

/// The protocol version, or the request in its place, with which a client begins.
pub fn read_request(stream: &mut impl Read) -> std::io::Result<u32> {
    let mut number = || {
        let mut bytes = [0; 4];
        stream.read_exact(&mut bytes).map(|()| u32::from_be_bytes(bytes))
    };
    let (length, code) = (number()? as usize, number()?);
    stream.read_exact(&mut vec![0; length - 8])?;
    Ok(code)
}

/// The protocol's ErrorResponse.
pub fn error_response(code: &str, message: &str) -> Vec<u8> {
    let mut fields = Vec::new();
    for (kind, value) in [(b'S', "FATAL"), (b'V', "FATAL"), (b'C', code), (b'M', message)] {
        fields.push(kind);
        fields.extend(value.as_bytes());
        fields.push(0);
    }
    fields.push(0);
    let length = u32::try_from(fields.len() + 4).unwrap();
    [&b"E"[..], &length.to_be_bytes(), &fields].concat()
}
