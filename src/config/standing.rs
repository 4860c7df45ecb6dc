//! Whether a target is local, remote or production, judged by what is known of the server and not
//! only by a flag.

use std::fmt;
use std::net::IpAddr;

use super::host::{Host, Reach, reach};

/// What a target is. Ordered by how much care it needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// On this machine, or in a container or private network next to it, without any sign of production.
    Local,
    /// Anywhere else.
    Remote(Sign),
    /// Production, or owned by AWS.
    Production(Sign),
}

/// The sign that decides what a target is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// `--prod`
    Flag,
    /// No endpoint is set, so it is AWS's own.
    AwsOwn,
    /// The host has an AWS name.
    AwsHost,
    /// It has the name and port of `PROD_CONNECTION_URL`.
    Server,
    /// It has the address and port that `PROD_CONNECTION_URL` leads to.
    Address,
    /// It is the cluster that `PROD_CONNECTION_URL` leads to.
    Cluster,
    /// The server reports what it is, such as `Amazon RDS`.
    Says(String),
    /// Its name or an address is neither of this machine nor private.
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
            Self::Says(name) => return write!(f, "it says it is {name}"),
            Self::Elsewhere => "not on this machine",
        })
    }
}

/// What a server reports about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The AWS service that it is, such as `Amazon RDS`.
    pub service: Option<String>,
    /// The system identifier of a PostgreSQL cluster.
    pub cluster: Option<String>,
    /// The address at which the server was reached; behind a tunnel it differs from ours.
    pub address: Option<(IpAddr, u16)>,
}

/// What is known of a target. The more is known, the more reliable the [`Standing`].
#[derive(Debug, Clone, Default)]
pub struct Signs {
    /// Whether `--prod` was given.
    pub flag: bool,
    /// Whether no endpoint is set.
    pub aws_own: bool,
    /// Its servers; one with a sign is enough.
    pub hosts: Vec<Host>,
    /// The servers of production's PostgreSQL.
    pub production: Vec<Host>,
    /// What the server reported, once it was asked.
    pub identity: Option<Identity>,
    /// The system identifier of production's cluster, if known.
    pub production_cluster: Option<String>,
}

impl Standing {
    /// The name to show: `LOCAL`, `REMOTE` or `PROD`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Local => "LOCAL",
            Self::Remote(_) => "REMOTE",
            Self::Production(_) => "PROD",
        }
    }

    /// Whether work there needs no confirmation.
    pub const fn is_local(&self) -> bool {
        matches!(self, Self::Local)
    }

    /// The sign that decided it.
    pub const fn sign(&self) -> Option<&Sign> {
        match self {
            Self::Local => None,
            Self::Remote(sign) | Self::Production(sign) => Some(sign),
        }
    }
}

impl Signs {
    /// What the target is, by all that is known.
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
