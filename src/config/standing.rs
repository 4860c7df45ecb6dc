//! What a target is: decided by what is known of the server, and not by a flag alone.

use std::fmt;
use std::net::IpAddr;

use super::host::{Host, Reach, reach};

/// What a target is. `Ord` goes by how much care it takes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// On this machine, or in a container or private network beside it, with nothing of
    /// production about it.
    Local,
    /// Somewhere else.
    Remote(Sign),
    /// Production, or AWS's.
    Production(Sign),
}

/// What gives a target away.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// `--prod`
    Flag,
    /// There is no endpoint, so it is AWS's own.
    AwsOwn,
    /// The host's name is AWS's.
    AwsHost,
    /// The name and port of `PROD_CONNECTION_URL`.
    Server,
    /// The address and port to which `PROD_CONNECTION_URL` leads.
    Address,
    /// The cluster to which `PROD_CONNECTION_URL` leads.
    Cluster,
    /// The server says what it is, such as `Amazon RDS`.
    Says(String),
    /// The name or an address is not of this machine, nor a private one.
    Elsewhere,
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flag => "--prod",
            Self::AwsOwn => "AWS's own",
            Self::AwsHost => "an AWS host name",
            Self::Server => "the server of PROD_CONNECTION_URL",
            Self::Address => "the address of PROD_CONNECTION_URL",
            Self::Cluster => "the cluster of PROD_CONNECTION_URL",
            Self::Says(name) => return write!(f, "it says that it is {name}"),
            Self::Elsewhere => "not on this machine",
        })
    }
}

/// What a server says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The service of AWS's that it is, such as `Amazon RDS`.
    pub service: Option<String>,
    /// A PostgreSQL cluster's system identifier.
    pub cluster: Option<String>,
    /// Where the server itself was reached: behind a tunnel, another place than ours.
    pub address: Option<(IpAddr, u16)>,
}

/// What is known of a target. The more is known, the more is a [`Standing`] worth.
#[derive(Debug, Clone, Default)]
pub struct Signs {
    /// `--prod` was given.
    pub flag: bool,
    /// No endpoint is named.
    pub aws_own: bool,
    /// Where it is; one of a list is enough.
    pub hosts: Vec<Host>,
    /// Where production's PostgreSQL is.
    pub production: Vec<Host>,
    /// What the server says, once it is asked.
    pub identity: Option<Identity>,
    /// The system identifier of production's cluster, where it is known.
    pub production_cluster: Option<String>,
}

impl Standing {
    /// What people read: `LOCAL`, `REMOTE` or `PROD`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Local => "LOCAL",
            Self::Remote(_) => "REMOTE",
            Self::Production(_) => "PROD",
        }
    }

    /// Whether work goes on there without a confirmation.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        matches!(self, Self::Local)
    }

    /// What gave it away.
    #[must_use]
    pub const fn sign(&self) -> Option<&Sign> {
        match self {
            Self::Local => None,
            Self::Remote(sign) | Self::Production(sign) => Some(sign),
        }
    }
}

impl Signs {
    /// What it is, by all that is known.
    #[must_use]
    pub fn standing(&self) -> Standing {
        if let Some(sign) = self.of_production() {
            return Standing::Production(sign);
        }
        let own = self.identity.as_ref().and_then(|identity| identity.address);
        if self.hosts.iter().any(|host| host.reach() == Reach::Far)
            || own.is_some_and(|(address, _)| reach(address) == Reach::Far)
        {
            return Standing::Remote(Sign::Elsewhere);
        }
        Standing::Local
    }

    fn of_production(&self) -> Option<Sign> {
        let pairs =
            || self.hosts.iter().flat_map(|host| self.production.iter().map(move |prod| (host, prod)));
        if self.flag {
            return Some(Sign::Flag);
        }
        if self.aws_own {
            return Some(Sign::AwsOwn);
        }
        if pairs().any(|(host, prod)| host.has_name_of(prod)) {
            return Some(Sign::Server);
        }
        if self.hosts.iter().any(Host::is_aws) {
            return Some(Sign::AwsHost);
        }
        if pairs().any(|(host, prod)| host.has_address_of(prod)) {
            return Some(Sign::Address);
        }
        let identity = self.identity.as_ref()?;
        if let Some(service) = &identity.service {
            return Some(Sign::Says(service.clone()));
        }
        if identity.cluster.is_some() && identity.cluster == self.production_cluster {
            return Some(Sign::Cluster);
        }
        // Every machine has the loopback addresses.
        let (address, port) = identity.address.filter(|(address, _)| reach(*address) != Reach::Here)?;
        let is_productions = |prod: &Host| prod.port == port && prod.addresses.contains(&address);
        self.production.iter().any(is_productions).then_some(Sign::Address)
    }
}
