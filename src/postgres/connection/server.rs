//! The servers of a connection string.

use std::net::IpAddr;

use tokio_postgres::config::Host;

use crate::config::is_loopback;

/// One server of a URL.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Server {
    /// A name, an address, or a socket's directory.
    pub(crate) host: Option<Host>,
    /// The address to connect to, instead of looking up the host.
    pub(crate) address: Option<IpAddr>,
    pub(crate) port: u16,
}

impl Server {
    /// Whether it is reached through a Unix socket, which has no TLS.
    pub(crate) fn is_socket(&self) -> bool {
        self.address.is_none() && !matches!(self.host, Some(Host::Tcp(_)))
    }

    /// The name that its certificate must be for.
    pub(crate) fn name(&self) -> Option<&str> {
        match &self.host {
            Some(Host::Tcp(host)) => Some(host),
            _ => None,
        }
    }

    pub(crate) fn is_loopback(&self) -> bool {
        match (&self.address, self.name()) {
            (Some(address), _) => address.is_loopback(),
            (None, Some(host)) => is_loopback(host),
            (None, None) => true,
        }
    }

    /// The name, address or socket directory to show.
    pub(crate) fn shown(&self) -> String {
        match (&self.host, &self.address) {
            (Some(Host::Tcp(host)), _) => host.clone(),
            (None, Some(address)) => address.to_string(),
            #[cfg(unix)]
            (Some(Host::Unix(path)), _) => path.display().to_string(),
            (None, None) => String::new(),
        }
    }
}

/// Pairs up the lists of hosts, addresses and ports.
pub(crate) fn servers(
    hosts: Option<&str>,
    addresses: Option<&str>,
    ports: Option<&str>,
) -> Result<Vec<Server>, &'static str> {
    let list = |text: Option<&str>| -> Vec<String> {
        text.map(|text| text.split(',').map(str::to_owned).collect()).unwrap_or_default()
    };
    let (hosts, addresses, ports) = (list(hosts), list(addresses), list(ports));
    let count = hosts.len().max(addresses.len());
    if count == 0 || hosts.iter().chain(&addresses).any(String::is_empty) {
        return Err("it names no host");
    }
    if !hosts.is_empty() && !addresses.is_empty() && hosts.len() != addresses.len() {
        return Err("its numbers of hosts and addresses differ");
    }
    if ports.len() > 1 && ports.len() != count {
        return Err("its numbers of hosts and ports differ");
    }
    (0..count)
        .map(|index| {
            let host =
                hosts.get(index).map(|host| tokio_postgres::Config::new().host(host).get_hosts().to_vec());
            let address = addresses.get(index).map(|address| address.parse());
            let port = ports.get(index).or_else(|| ports.first()).filter(|port| !port.is_empty());
            Ok(Server {
                host: host.and_then(|hosts| hosts.into_iter().next()),
                address: address.transpose().map_err(|_| "its hostaddr is not valid")?,
                port: port.map_or(Ok(5432), |port| port.parse()).map_err(|_| "its port is not valid")?,
            })
        })
        .collect()
}
