//! How far away a server is, by its name and addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// AWS's domains: those of each partition, the dual-stack ones, Aurora DSQL's, and the names that
/// EC2 gives to instances in a private network.
/// <https://docs.aws.amazon.com/general/latest/gr/rande.html>
const AWS_DOMAINS: [&str; 17] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "api.amazonwebservices.com.cn",
    "api.amazonwebservices.eu",
    "api.aws",
    "on.aws",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "csp.hci.ic.gov",
    "cloud.adc-e.uk",
    "api.aws.ic.gov",
    "api.aws.scloud",
    "api.aws.hci.ic.gov",
    "api.cloud-aws.adc-e.uk",
    "ec2.internal",
    "compute.internal",
];

/// Domains without public names: containers, home networks, tests.
const PRIVATE_DOMAINS: [&str; 12] = [
    "local",
    "localhost",
    "localdomain",
    "internal",
    "test",
    "lan",
    "home",
    "home.arpa",
    "intranet",
    "private",
    "corp",
    "docker",
];

/// How far away a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// On this machine.
    Here,
    /// In a container, or at a private address.
    Near,
    /// Anywhere.
    Far,
}

/// A server, by its name and addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// In lower case, without a trailing dot; a socket's directory is unchanged. `None` when only
    /// the addresses are known.
    pub name: Option<String>,
    /// Empty until the name is resolved.
    pub addresses: Vec<IpAddr>,
    /// The port.
    pub port: u16,
}

impl Host {
    /// Parses a name, an address, or the directory of a socket.
    pub fn new(host: &str, port: u16) -> Self {
        let plain = host.trim_matches(['[', ']']);
        let without_zone = plain.split('%').next().unwrap_or(plain);
        if let Ok(address) = without_zone.parse() {
            return Self { name: None, addresses: vec![plain_address(address)], port };
        }
        let name = if is_socket(host) { host.to_owned() } else { normal(host) };
        // `localhost` names mean this machine, whatever a resolver returns (RFC 6761).
        let addresses = if is_within(&name, "localhost") {
            vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
        } else {
            Vec::new()
        };
        Self { name: Some(name), addresses, port }
    }

    /// The same host at these addresses.
    #[must_use]
    pub fn at(self, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        Self { addresses: addresses.into_iter().map(plain_address).collect(), ..self }
    }

    /// The name, if it still has to be resolved.
    pub fn unresolved(&self) -> Option<&str> {
        self.name.as_deref().filter(|name| self.addresses.is_empty() && !is_socket(name))
    }

    /// Whether the name is in one of AWS's domains.
    pub fn is_aws(&self) -> bool {
        self.name.as_deref().is_some_and(is_aws_host)
    }

    /// Whether both are written the same way: the same port and name, or without a name the same addresses.
    pub fn has_name_of(&self, other: &Self) -> bool {
        let same = |host: &Self| host.name.is_some() || host.addresses == other.addresses;
        self.port == other.port && self.name == other.name && same(self)
    }

    /// Whether they share the port and an address.
    pub fn has_address_of(&self, other: &Self) -> bool {
        self.port == other.port && self.addresses.iter().any(|address| other.addresses.contains(address))
    }

    /// How far away it is, as far as known.
    pub fn reach(&self) -> Reach {
        let by_address = self.addresses.iter().copied().map(reach).max();
        match self.name.as_deref() {
            Some(name) if is_socket(name) => Reach::Here,
            // A public name with a private address is a machine in a company's network.
            Some(name) if !is_private_name(name) && by_address != Some(Reach::Here) => Reach::Far,
            _ => by_address.unwrap_or(Reach::Near),
        }
    }
}

/// Whether `host` can only be this machine.
pub fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether a host's name is in one of AWS's domains.
pub fn is_aws_host(name: &str) -> bool {
    let name = normal(name);
    AWS_DOMAINS.iter().any(|domain| is_within(&name, domain))
}

/// How far away an address is.
pub fn reach(address: IpAddr) -> Reach {
    let address = plain_address(address);
    if address.is_loopback() || address.is_unspecified() {
        return Reach::Here;
    }
    let is_private = match address {
        // 198.18.0.0/15 is meant for networks within one machine; some container engines use it.
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local() || matches!(v4.octets(), [198, 18 | 19, ..]),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    };
    if is_private { Reach::Near } else { Reach::Far }
}

fn plain_address(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

fn is_socket(name: &str) -> bool {
    name.starts_with(['/', '@'])
}

fn normal(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Whether no public resolver knows this name.
fn is_private_name(name: &str) -> bool {
    !name.contains('.') || PRIVATE_DOMAINS.iter().any(|domain| is_within(name, domain))
}

fn is_within(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
