//! A forwarder that changes words of what the server says on the way.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};

/// Forwards to `port`, with each of `words` in the answers replaced by the other. Its threads
/// end with the process.
pub fn disguised(port: u16, words: &'static [(&str, &str)]) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let own = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || forward(stream, port, words));
        }
    });
    own
}

fn forward(mut stream: TcpStream, port: u16, words: &[(&str, &str)]) -> std::io::Result<()> {
    let mut upstream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let (mut asking, mut asked) = (stream.try_clone()?, upstream.try_clone()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut asking, &mut asked);
        let _ = asked.shutdown(Shutdown::Write);
    });
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = upstream.read(&mut buffer)?;
        if length == 0 {
            return stream.shutdown(Shutdown::Write);
        }
        let mut text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        for (word, other) in words {
            text = text.replace(word, other);
        }
        stream.write_all(text.as_bytes())?;
    }
}
