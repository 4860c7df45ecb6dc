//! The address that a rule lets in: a valid source of packets from the internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::config::Setting;
use crate::error::{Error, Result};

/// Address ranges that are not used on the internet, with their purpose and the RFC that says so.
/// The first match counts.
/// Source: IANA's IPv4 and IPv6 special-purpose address registries (RFC 6890).
const SPECIAL: [(IpNet, &str, &str); 32] = [
    (v4([0, 0, 0, 0], 32), "unspecified", "RFC 1122"),
    (v4([0, 0, 0, 0], 8), "\"this network\"", "RFC 1122"),
    (v4([10, 0, 0, 0], 8), "private", "RFC 1918"),
    (v4([100, 64, 0, 0], 10), "shared among a provider's customers", "RFC 6598"),
    (v4([127, 0, 0, 0], 8), "loopback", "RFC 1122"),
    (v4([169, 254, 0, 0], 16), "link-local", "RFC 3927"),
    (v4([172, 16, 0, 0], 12), "private", "RFC 1918"),
    (v4([192, 0, 0, 0], 24), "for IETF protocols", "RFC 6890"),
    (v4([192, 0, 2, 0], 24), "for documentation", "RFC 5737"),
    (v4([192, 88, 99, 0], 24), "for 6to4 relays", "RFC 7526"),
    (v4([192, 168, 0, 0], 16), "private", "RFC 1918"),
    (v4([198, 18, 0, 0], 15), "for benchmarks", "RFC 2544"),
    (v4([198, 51, 100, 0], 24), "for documentation", "RFC 5737"),
    (v4([203, 0, 113, 0], 24), "for documentation", "RFC 5737"),
    (v4([224, 0, 0, 0], 4), "multicast", "RFC 5771"),
    (v4([255, 255, 255, 255], 32), "broadcast", "RFC 919"),
    (v4([240, 0, 0, 0], 4), "reserved", "RFC 1112"),
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 128), "unspecified", "RFC 4291"),
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), "loopback", "RFC 4291"),
    (v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96), "an IPv4 address in IPv6 notation", "RFC 4291"),
    (v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96), "for translation between IPv4 and IPv6", "RFC 6052"),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), "for IETF protocols", "RFC 2928"),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), "for documentation", "RFC 3849"),
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), "for 6to4", "RFC 3056"),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), "for documentation", "RFC 9637"),
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), "unique local, which is private", "RFC 4193"),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), "link-local", "RFC 4291"),
    (v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), "site-local, which is private", "RFC 3879"),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), "multicast", "RFC 4291"),
    // Global unicast is assigned only from 2000::/3; these are the rest.
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 3), "reserved", "RFC 4291"),
    (v6([0x4000, 0, 0, 0, 0, 0, 0, 0], 2), "reserved", "RFC 4291"),
    (v6([0x8000, 0, 0, 0, 0, 0, 0, 0], 1), "reserved", "RFC 4291"),
];

/// A public address to let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceAddress(IpAddr);

impl SourceAddress {
    /// Parses a setting's value as an address. Ignores spaces around it.
    ///
    /// # Errors
    /// [`crate::error::Kind::Usage`] for a flag and [`crate::error::Kind::Config`] for a variable,
    /// when the value is empty, not an address, a range, or an address that is not used on the
    /// internet. The message names the flag or the variable.
    pub fn parse(setting: &Setting) -> Result<Self> {
        let bad = |why: String| setting.source.error(why);
        let text = setting.value.trim();
        if text.is_empty() {
            return Err(show_own(bad("it is empty".to_owned())));
        }
        if let Some((address, _)) = text.split_once('/') {
            return Err(bad(format!("{text:?} is a range; give the address alone"))
                .hint(format!("only one address is let in: {address}")));
        }
        let address: IpAddr =
            text.parse().map_err(|_| show_own(bad(format!("{text:?} is not an IP address"))))?;
        match SPECIAL.into_iter().find(|(range, ..)| range.contains(&address)) {
            None => Ok(Self(address)),
            Some((range, what, source)) => Err(show_own(bad(format!(
                "{address} cannot come from the internet: {range} is {what} ({source})"
            )))),
        }
    }

    /// The range of only this address: `/32` or `/128`.
    pub fn cidr(self) -> IpNet {
        self.0.into()
    }
}

fn show_own(error: Error) -> Error {
    error.hint("to see your own run: curl https://checkip.amazonaws.com")
}

const fn v4(octets: [u8; 4], length: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::from_octets(octets), length))
}

const fn v6(segments: [u16; 8], length: u8) -> IpNet {
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::from_segments(segments), length))
}
