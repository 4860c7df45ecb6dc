//! A server whose clock goes wrong.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use cruddur::messaging::Timestamp;
use cruddur::postgres::ClockDifference;

use super::Examined;
use crate::support::{DOCTOR, Sandbox, stack};

fn at(microseconds: i64) -> Timestamp {
    Timestamp::from_microseconds(1_700_000_000_000_000 + microseconds).unwrap()
}

#[test]
fn half_of_the_round_trip_is_taken_off_and_is_what_is_not_known() {
    // Asked at 0 s, answered at 1 s, by a server that said 0.5 s: no difference.
    let equal = ClockDifference::new(at(0), at(500_000), at(1_000_000));
    assert!(equal.seconds.abs() < 1e-9 && (equal.uncertainty - 0.5).abs() < 1e-9, "{equal:?}");
    assert!(!equal.exceeds(0.0));
    let ahead = ClockDifference::new(at(0), at(3_500_000), at(1_000_000));
    assert!((ahead.seconds - 3.0).abs() < 1e-9, "{ahead:?}");
    // 3 s, give or take half a second.
    assert!(ahead.exceeds(2.4) && !ahead.exceeds(2.6));
    let behind = ClockDifference::new(at(0), at(-2_500_000), at(1_000_000));
    assert!((behind.seconds + 3.0).abs() < 1e-9 && behind.exceeds(2.4), "{behind:?}");
}

#[test]
fn a_server_that_is_an_hour_ahead_is_a_warning() {
    let sandbox = Sandbox::healthy();
    let ahead = skewed(3_600_000_000);
    let url = sandbox.connection_url().replace(&format!(":{}/", stack().port()), &format!(":{ahead}/"));
    assert_ne!(url, sandbox.connection_url());
    let examined = Examined::of(sandbox.command(DOCTOR).env("CONNECTION_URL", url), 0);
    let finding = examined.finding("postgresql", "s ahead of this machine's");
    finding.is("warn", "sudo timedatectl set-ntp true");
    let seconds = finding.value("clock_difference_seconds").as_f64().unwrap();
    assert!((3_500.0..3_700.0).contains(&seconds), "{seconds}");
    examined.finding("postgresql", "3 users");
}

/// The port of a proxy before the shared server that adds `offset` microseconds to the
/// time that it tells.
fn skewed(offset: i64) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || pass(client, offset));
        }
    });
    port
}

fn pass(mut client: TcpStream, offset: i64) -> std::io::Result<()> {
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, stack().port()))?;
    let (mut to, mut from) = (client.try_clone()?, server.try_clone()?);
    std::thread::spawn(move || -> std::io::Result<()> {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let length = from.read(&mut buffer)?;
            if length == 0 {
                return to.shutdown(std::net::Shutdown::Write);
            }
            skew(&mut buffer[..length], offset);
            to.write_all(&buffer[..length])?;
        }
    });
    std::io::copy(&mut client, &mut server)?;
    server.shutdown(std::net::Shutdown::Write)
}

/// Moves the times in `bytes`: a DataRow of one value of eight bytes that are about now.
fn skew(bytes: &mut [u8], offset: i64) {
    const HEAD: [u8; 11] = [b'D', 0, 0, 0, 18, 0, 1, 0, 0, 0, 8];
    let now = Timestamp::now().microseconds();
    for start in 0..bytes.len().saturating_sub(HEAD.len() + 7) {
        let Some(value) = bytes[start..].strip_prefix(&HEAD) else { continue };
        let told = i64::from_be_bytes(value[..8].try_into().unwrap());
        if (told - now).abs() < 60_000_000 {
            bytes[start + HEAD.len()..][..8].copy_from_slice(&(told + offset).to_be_bytes());
        }
    }
}
