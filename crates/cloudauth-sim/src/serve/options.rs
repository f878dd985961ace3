//! How a simulator is started.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::io;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};

/// Options of a [`Simulator`](super::Simulator), for [`Simulator::start_with`](super::Simulator::start_with).
///
/// By default it listens on loopback, on free ports, with random identifiers, and keeps nothing.
#[derive(Debug, Clone, Default)]
pub struct SimulatorOptions {
    pub(super) shanghai: u16,
    pub(super) beijing: u16,
    pub(super) pages: u16,
    pub(super) exposed: Option<IpAddr>,
    pub(super) public_url: Option<String>,
    pub(super) seed: Option<u64>,
    pub(super) state: Option<PathBuf>,
}

impl SimulatorOptions {
    /// The default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The ports of the regions for plain http; 0, the default, selects a free one. Those for https
    /// are always free ones.
    #[must_use]
    pub fn ports(mut self, shanghai: u16, beijing: u16) -> Self {
        self.shanghai = shanghai;
        self.beijing = beijing;
        self
    }

    /// The port of the pages, of the admin interface and of the credential services; 0, the default,
    /// selects a free one.
    #[must_use]
    pub fn page_port(mut self, port: u16) -> Self {
        self.pages = port;
        self
    }

    /// Listens on an address that other machines may reach.
    ///
    /// They can then use everything except the proxy, which stays on this machine: requests are not
    /// protected in any way. The admin interface requires a token, which is in
    /// [`Simulator::admin_url`](super::Simulator::admin_url), and callbacks are sent only where
    /// [`World::route_callbacks`](crate::World::route_callbacks) says, not to this machine.
    #[must_use]
    pub fn expose(mut self, address: IpAddr) -> Self {
        self.exposed = Some(address);
        self
    }

    /// The URL under which others reach the simulator, for example `http://sim:8733`: the beginning of
    /// every `CertifyUrl`, as it is, and the host in all other URLs. By default it is the address that
    /// the simulator listens on, and if that is every one, the address of this machine.
    #[must_use]
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// The seed of all identifiers. By default it is random, so that after a restart no certify ID is
    /// issued again.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Keeps verifications, identifiers and the clock in a file, and continues from it if it exists.
    /// What happened in the last second before the process is killed may be lost.
    #[must_use]
    pub fn state(mut self, file: impl AsRef<Path>) -> Self {
        self.state = Some(file.as_ref().to_owned());
        self
    }

    pub(super) fn address(&self) -> IpAddr {
        self.exposed.unwrap_or_else(|| Ipv4Addr::LOCALHOST.into())
    }

    /// The host in URLs.
    pub(super) fn host(&self) -> io::Result<String> {
        if let Some(url) = &self.public_url {
            return host_of(url)
                .map(str::to_owned)
                .ok_or_else(|| io::Error::other("the public URL is not an http or https URL"));
        }
        let address = self.address();
        let address = if address.is_unspecified() {
            address_of_this_machine(address).unwrap_or_else(|| Ipv4Addr::LOCALHOST.into())
        } else {
            address
        };
        Ok(url_host(address))
    }

    /// The host in URLs for this machine itself.
    pub(super) fn local_host(&self) -> String {
        url_host(match self.address() {
            address if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            address => address,
        })
    }
}

fn url_host(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// The host of an http or https URL without a path, query or user.
fn host_of(url: &str) -> Option<&str> {
    let authority = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"))?;
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    if !authority.chars().all(is_plain) {
        return None;
    }
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            port.parse::<u16>().ok()?;
            host
        }
        _ => authority,
    };
    (!host.is_empty()).then_some(host)
}

/// The address that this machine sends from. Connecting a datagram socket sends nothing.
fn address_of_this_machine(family: IpAddr) -> Option<IpAddr> {
    // Addresses that are reserved for documentation.
    let (local, remote): (IpAddr, IpAddr) = match family {
        IpAddr::V4(_) => (
            Ipv4Addr::UNSPECIFIED.into(),
            Ipv4Addr::new(192, 0, 2, 1).into(),
        ),
        IpAddr::V6(_) => (
            Ipv6Addr::UNSPECIFIED.into(),
            Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
        ),
    };
    let socket = UdpSocket::bind((local, 0)).ok()?;
    socket.connect((remote, 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_unspecified()).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_public_url_is_the_host_of_all_urls() {
        for (url, host) in [
            ("http://sim:8733", Some("sim")),
            ("https://sim.example/", Some("sim.example")),
            ("http://[::1]:80", Some("[::1]")),
            ("http://[::1]", Some("[::1]")),
            ("http://", None),
            ("http://:80", None),
            ("http://sim:x", None),
            ("http://sim/path", None),
            ("http://user@sim", None),
            ("ftp://sim", None),
            ("sim:8733", None),
        ] {
            assert_eq!(host_of(url), host, "{url}");
        }
    }

    #[test]
    fn an_unspecified_address_is_never_in_a_url() {
        for address in ["0.0.0.0", "::"] {
            let options = SimulatorOptions::new().expose(address.parse().unwrap());
            let host = options.host().unwrap();
            assert!(!["0.0.0.0", "[::]"].contains(&&*host), "{host}");
        }
    }
}
