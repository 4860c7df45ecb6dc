//! Which addresses can be let in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cruddur::config::{Setting, Source};
use cruddur::error::Kind;
use cruddur::security_group::SourceAddress;
use proptest::prelude::*;

use super::Group;
use crate::support::{Recorder, Run};

fn parse(text: &str) -> cruddur::error::Result<SourceAddress> {
    SourceAddress::parse(&Setting { value: text.to_owned(), source: Source::Flag("--ip") })
}

/// Why `text` is refused.
#[track_caller]
fn why(text: &str) -> String {
    match parse(text) {
        Ok(_) => panic!("{text:?} is let in"),
        Err(error) => error.message().to_owned(),
    }
}

#[test]
fn public_addresses_are_taken_alone() {
    for (text, cidr) in [
        ("1.1.1.1", "1.1.1.1/32"),
        (" 9.9.9.9\n", "9.9.9.9/32"),
        ("223.255.255.255", "223.255.255.255/32"),
        ("100.63.255.255", "100.63.255.255/32"),
        ("100.128.0.0", "100.128.0.0/32"),
        ("172.15.255.255", "172.15.255.255/32"),
        ("172.32.0.0", "172.32.0.0/32"),
        ("192.0.1.255", "192.0.1.255/32"),
        ("198.17.255.255", "198.17.255.255/32"),
        ("198.20.0.0", "198.20.0.0/32"),
        ("2606:4700:4700::1111", "2606:4700:4700::1111/128"),
        ("2A00:1450:4001:0081:0000:0000:0000:200E", "2a00:1450:4001:81::200e/128"),
        ("2001:200::", "2001:200::/128"),
        ("2001:4860:4860::8888", "2001:4860:4860::8888/128"),
        ("2003::1", "2003::1/128"),
        ("3ffe:ffff::1", "3ffe:ffff::1/128"),
    ] {
        assert_eq!(parse(text).unwrap().cidr().to_string(), cidr);
    }
}

#[test]
fn addresses_that_are_nobodys_are_refused_with_their_range_and_its_source() {
    for (text, reason) in [
        ("0.0.0.0", "0.0.0.0/32 is unspecified (RFC 1122)"),
        ("0.1.2.3", "0.0.0.0/8 is \"this network\" (RFC 1122)"),
        ("10.0.0.1", "10.0.0.0/8 is private (RFC 1918)"),
        ("100.64.0.0", "100.64.0.0/10 is shared among a provider's customers (RFC 6598)"),
        ("100.127.255.255", "100.64.0.0/10"),
        ("127.0.0.1", "127.0.0.0/8 is loopback (RFC 1122)"),
        ("127.255.0.9", "127.0.0.0/8"),
        ("169.254.169.254", "169.254.0.0/16 is link-local (RFC 3927)"),
        ("172.16.0.1", "172.16.0.0/12 is private (RFC 1918)"),
        ("172.31.255.255", "172.16.0.0/12"),
        ("192.0.0.8", "192.0.0.0/24 is for IETF protocols (RFC 6890)"),
        ("192.0.2.1", "192.0.2.0/24 is for documentation (RFC 5737)"),
        ("192.88.99.1", "192.88.99.0/24 is for 6to4 relays (RFC 7526)"),
        ("192.168.1.10", "192.168.0.0/16 is private (RFC 1918)"),
        ("198.19.255.255", "198.18.0.0/15 is for benchmarks (RFC 2544)"),
        ("198.51.100.7", "198.51.100.0/24 is for documentation (RFC 5737)"),
        ("203.0.113.7", "203.0.113.0/24 is for documentation (RFC 5737)"),
        ("224.0.0.1", "224.0.0.0/4 is multicast (RFC 5771)"),
        ("239.255.255.255", "224.0.0.0/4"),
        ("240.0.0.1", "240.0.0.0/4 is reserved (RFC 1112)"),
        ("255.255.255.255", "255.255.255.255/32 is broadcast (RFC 919)"),
        ("::", "::/128 is unspecified (RFC 4291)"),
        ("::1", "::1/128 is loopback (RFC 4291)"),
        ("::ffff:1.1.1.1", "::ffff:0.0.0.0/96 is an IPv4 address in IPv6 notation (RFC 4291)"),
        ("::1.1.1.1", "::/3 is reserved (RFC 4291)"),
        ("64:ff9b::101:101", "64:ff9b::/96 is for translation between IPv4 and IPv6 (RFC 6052)"),
        ("64:ff9b:1::1", "::/3 is reserved"),
        ("100::1", "::/3 is reserved"),
        ("2001::1", "2001::/23 is for IETF protocols (RFC 2928)"),
        ("2001:20::1", "2001::/23"),
        ("2001:db8::1", "2001:db8::/32 is for documentation (RFC 3849)"),
        ("2002:101:101::1", "2002::/16 is for 6to4 (RFC 3056)"),
        ("3fff::1", "3fff::/20 is for documentation (RFC 9637)"),
        ("4000::1", "4000::/2 is reserved"),
        ("5f00::1", "4000::/2 is reserved"),
        ("8000::1", "8000::/1 is reserved"),
        ("fc00::1", "fc00::/7 is unique local, which is private (RFC 4193)"),
        ("fd12:3456::1", "fc00::/7"),
        ("fe80::1", "fe80::/10 is link-local (RFC 4291)"),
        ("fec0::1", "fec0::/10 is site-local, which is private (RFC 3879)"),
        ("ff02::1", "ff00::/8 is multicast (RFC 4291)"),
    ] {
        let address: IpAddr = text.parse().unwrap();
        let why = why(text);
        let start = format!("--ip: {address} cannot come from the internet: ");
        assert!(why.starts_with(&start) && why.contains(reason), "{why}");
    }
}

#[test]
fn what_is_no_address_is_refused() {
    for text in ["", " ", "\t\n"] {
        assert_eq!(why(text), "--ip: it is empty");
    }
    for text in [
        "1.1.1",
        "1.1.1.1.1",
        "1.1.1.256",
        "01.1.1.1",
        "0x1.1.1.1",
        "16843009",
        "1.1.1.1:5432",
        "1.1.1.1,9.9.9.9",
        "example.com",
        "localhost",
        "[2606:4700::1]",
        "2606:4700::1%eth0",
        "2606:4700",
        "::g",
        "None",
        "-",
        "１.1.1.1",
    ] {
        assert_eq!(why(text), format!("--ip: {text:?} is not an IP address"));
    }
    for text in
        ["1.1.1.1/32", "1.1.1.0/24", "0.0.0.0/0", "2606:4700::1/128", "::/0", "/32", "10.0.0.1/", "x/y"]
    {
        assert_eq!(why(text), format!("--ip: {text:?} is a range; give the address alone"));
    }
}

#[test]
fn an_address_is_checked_before_any_call_and_its_setting_named() {
    let group = Group::new();
    let server = Recorder::start();
    let run = |flags: &[&str], variable: Option<&str>| {
        let mut command = group.update_on(&server.url(), "sgr-0123456789abcdef0", flags);
        command.envs(variable.map(|value| ("GITPOD_IP", value)));
        let run = Run::of(&mut command);
        assert_eq!(run.stdout, "");
        run
    };
    for bad in ["10.0.0.1", "127.0.0.1", "1.1.1.1/32", "nonsense", "::1", "::1/128"] {
        run(&["--ip", bad], Some("1.1.1.1")).exits_with(2).says("Error: --ip: ");
        run(&[], Some(bad)).exits_with(4).says("Error: GITPOD_IP: ");
    }
    run(&["--ip", ""], Some("1.1.1.1")).exits_with(2).says("Error: --ip: it is empty");
    run(&[], Some(" ")).exits_with(4).says("Error: GITPOD_IP: it is empty");
    for unset in [None, Some("")] {
        run(&[], unset)
            .exits_with(4)
            .says("Error: GITPOD_IP is not set, or empty")
            .says("Hint: give --ip, or set GITPOD_IP in the environment or in .env");
    }
    group.sandbox.write(".env", "GITPOD_IP=192.168.1.10\n");
    run(&[], None)
        .exits_with(4)
        .says("Error: GITPOD_IP (from ")
        .says("/.env:1): 192.168.1.10 cannot come from");
    run(&["--ip", "10.0.0.1"], None)
        .exits_with(2)
        .says("Hint: to see your own run: curl https://checkip.amazonaws.com");
    assert_eq!(server.connections(), 0);
}

proptest! {
    #[test]
    fn an_ipv4_address_that_is_taken_is_public_by_the_standard_librarys_word(bits: u32) {
        let address = Ipv4Addr::from_bits(bits);
        if let Ok(taken) = parse(&address.to_string()) {
            prop_assert_eq!(taken.cidr().to_string(), format!("{address}/32"));
            prop_assert!(
                !(address.is_private()
                    || address.is_loopback()
                    || address.is_link_local()
                    || address.is_documentation()
                    || address.is_unspecified()
                    || address.is_broadcast()
                    || address.is_multicast())
            );
            let [first, second, ..] = address.octets();
            prop_assert!(first != 0 && first < 224);
            prop_assert!(!(first == 100 && (64..128).contains(&second)));
        }
    }

    #[test]
    fn an_ipv6_address_that_is_taken_is_global_unicast(bits: u128) {
        let address = Ipv6Addr::from_bits(bits);
        if let Ok(taken) = parse(&address.to_string()) {
            prop_assert_eq!(taken.cidr().to_string(), format!("{address}/128"));
            prop_assert_eq!(bits >> 125, 1, "2000::/3");
        }
        // The same bits, moved to where addresses are given out.
        let unicast = Ipv6Addr::from_bits(bits >> 3 | 1 << 125);
        let [first, second, ..] = unicast.segments();
        let special = first == 0x2002
            || first == 0x2001 && (second < 0x200 || second == 0xdb8)
            || first == 0x3fff && second < 0x1000;
        prop_assert_eq!(parse(&unicast.to_string()).is_err(), special, "{}", unicast);
    }

    #[test]
    fn ipv4_in_ipv6_notation_is_refused(bits: u32) {
        let address = Ipv4Addr::from_bits(bits).to_ipv6_mapped();
        prop_assert!(parse(&address.to_string()).is_err());
    }

    #[test]
    fn whatever_comes_is_taken_or_refused_as_the_command_lines_fault(text in "\\PC*|[0-9a-f.:/ ]{0,45}") {
        match parse(&text) {
            Ok(taken) => {
                let address: IpAddr = text.trim().parse().unwrap();
                prop_assert_eq!(taken.cidr().addr(), address);
                prop_assert_eq!(taken.cidr().prefix_len(), taken.cidr().max_prefix_len());
            }
            Err(error) => {
                prop_assert_eq!(error.kind(), Kind::Usage);
                prop_assert!(error.message().starts_with("--ip: "));
            }
        }
    }

    #[test]
    fn a_prefix_length_is_refused_whatever_it_is(bits: u32, length in 0_u8..=32) {
        let range = format!("{}/{length}", Ipv4Addr::from_bits(bits));
        prop_assert_eq!(why(&range), format!("--ip: {range:?} is a range; give the address alone"));
    }
}
