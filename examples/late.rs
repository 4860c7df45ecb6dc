//! A relay that hands every answer on some time after it came, as a distant server would.
//!
//! `late ADDRESS MILLISECONDS` prints the address that it listens on, and passes everything on to
//! ADDRESS. Any number of connections; what is late on one does not hold up another.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::disallowed_methods)]

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// Passes on what comes from both sides, until one of them ends.
async fn relay(near: TcpStream, address: String, delay: Duration) -> std::io::Result<()> {
    let far = TcpStream::connect(address).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let (mut from_near, mut to_near) = near.into_split();
    let (mut from_far, mut to_far) = far.into_split();
    let (late, mut pieces) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let requests = async { copy(&mut from_near, &mut to_far).await.map(drop) };
    let answers = async {
        let mut piece = vec![0; 1 << 16];
        loop {
            let length = from_far.read(&mut piece).await?;
            if length == 0 || late.send((Instant::now() + delay, piece[..length].to_vec())).is_err() {
                return Ok(());
            }
        }
    };
    let delivery = async {
        while let Some((at, piece)) = pieces.recv().await {
            sleep_until(at).await;
            to_near.write_all(&piece).await?;
        }
        Ok(())
    };
    tokio::select! { ended = requests => ended, ended = answers => ended, ended = delivery => ended }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, address, milliseconds] = arguments.as_slice() else { panic!("late ADDRESS MILLISECONDS") };
    let delay = Duration::from_millis(milliseconds.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        loop {
            let (near, _) = listener.accept().await.unwrap();
            // A client that hangs up ends its own connection only.
            tokio::spawn(relay(near, address.clone(), delay));
        }
    });
}
