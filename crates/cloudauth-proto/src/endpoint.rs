//! Endpoints of the service.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

use crate::region::{Network, Region};

/// The scheme of a URL: with TLS or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "HTTP has no other scheme")]
pub enum UriScheme {
    /// Without TLS. [`Endpoint`] says when that is allowed.
    Http,
    /// With TLS.
    Https,
}

impl UriScheme {
    /// `http` or `https`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// A host of the service, with a port unless it is the default port of the scheme.
///
/// Endpoints come from the table ([`Endpoint::of`]) or from a string:
///
/// ```
/// use cloudauth_proto::Endpoint;
///
/// let own: Endpoint = "https://gateway.example.com:8443".parse()?;
/// let simulator: Endpoint = "http://127.0.0.1:8080".parse()?;
/// assert!("http://cloudauth.aliyuncs.com".parse::<Endpoint>().is_err());
/// assert_eq!(own.to_string(), "https://gateway.example.com:8443");
/// # Ok::<(), cloudauth_proto::InvalidEndpoint>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    scheme: UriScheme,
    authority: Cow<'static, str>,
}

impl Endpoint {
    /// The public endpoint of Shanghai, the first of the vendor's failover sample.
    pub const SHANGHAI: Self = Self::known("cloudauth.cn-shanghai.aliyuncs.com");
    /// The public endpoint of Beijing, the second of the vendor's failover sample.
    pub const BEIJING: Self = Self::known("cloudauth.cn-beijing.aliyuncs.com");
    /// The security token service without a region (recorded).
    pub const STS: Self = Self::known("sts.aliyuncs.com");
    /// The metadata service of an ECS instance, which is served over plain HTTP only (recorded).
    pub const METADATA: Self = Self {
        scheme: UriScheme::Http,
        authority: Cow::Borrowed("100.100.100.200"),
    };

    /// The vendor's platform that grants uploads to its object store (recorded).
    pub const OPEN_PLATFORM: Self = Self::known("openplatform.aliyuncs.com");

    /// The endpoint of `region` on `network`, or `None` where none is known.
    ///
    /// | region | public | VPC | dual stack | source |
    /// |---|---|---|---|---|
    /// | global | `cloudauth.aliyuncs.com` | - | `cloudauth-dualstack.aliyuncs.com` | documented |
    /// | Shanghai | `cloudauth.cn-shanghai.aliyuncs.com` | `cloudauth-vpc.cn-shanghai.aliyuncs.com` | `cloudauth-dualstack.aliyuncs.com` | documented; another page of the vendor's names `cloudauth-dualstack.cn-shanghai.aliyuncs.com` |
    /// | Beijing | `cloudauth.cn-beijing.aliyuncs.com` | `cloudauth-vpc.cn-beijing.aliyuncs.com` | `cloudauth-dualstack.cn-beijing.aliyuncs.com` | documented |
    /// | Qingdao | `cloudauth.cn-qingdao.aliyuncs.com` | - | - | API metadata only |
    #[must_use]
    pub const fn of(region: Region, network: Network) -> Option<Self> {
        Some(match (region, network) {
            (Region::Global, Network::Public) => Self::known("cloudauth.aliyuncs.com"),
            (Region::Global | Region::Shanghai, Network::DualStack) => {
                Self::known("cloudauth-dualstack.aliyuncs.com")
            }
            (Region::Shanghai, Network::Public) => Self::SHANGHAI,
            (Region::Shanghai, Network::Vpc) => {
                Self::known("cloudauth-vpc.cn-shanghai.aliyuncs.com")
            }
            (Region::Beijing, Network::Public) => Self::BEIJING,
            (Region::Beijing, Network::Vpc) => Self::known("cloudauth-vpc.cn-beijing.aliyuncs.com"),
            (Region::Beijing, Network::DualStack) => {
                Self::known("cloudauth-dualstack.cn-beijing.aliyuncs.com")
            }
            (Region::Qingdao, Network::Public) => Self::known("cloudauth.cn-qingdao.aliyuncs.com"),
            (Region::Global | Region::Qingdao, Network::Vpc)
            | (Region::Qingdao, Network::DualStack) => return None,
        })
    }

    /// An endpoint without TLS on any host. `host` may include a port.
    ///
    /// Names, ID numbers and pictures then cross the network unencrypted. Use it for a gateway on the
    /// same trusted network, never for the service itself.
    pub fn plain_http(host: &str) -> Result<Self, InvalidEndpoint> {
        Self::checked(UriScheme::Http, host)
    }

    const fn known(host: &'static str) -> Self {
        Self {
            scheme: UriScheme::Https,
            authority: Cow::Borrowed(host),
        }
    }

    fn checked(scheme: UriScheme, authority: &str) -> Result<Self, InvalidEndpoint> {
        check_authority(authority).map_err(|reason| InvalidEndpoint { reason })?;
        // The default port is left out, so that one endpoint has one form.
        let host = host_of(authority);
        let port = authority[host.len()..].strip_prefix(':');
        let port = port.and_then(|port| port.parse::<u16>().ok());
        let default = match scheme {
            UriScheme::Http => 80,
            UriScheme::Https => 443,
        };
        let host = match ipv6(host) {
            Some(address) => written(address),
            None => host.to_ascii_lowercase(),
        };
        let authority = match port {
            Some(port) if port != default => format!("{host}:{port}"),
            Some(_) | None => host,
        };
        Ok(Self {
            scheme,
            authority: Cow::Owned(authority),
        })
    }

    /// The scheme.
    #[must_use]
    pub const fn scheme(&self) -> UriScheme {
        self.scheme
    }

    /// The host, with the port if there is one.
    #[must_use]
    pub const fn authority(&self) -> &Cow<'static, str> {
        &self.authority
    }

    /// The endpoint without the name of a bucket, which no output shows.
    pub(crate) fn without_bucket(&self) -> Self {
        Self {
            scheme: self.scheme,
            authority: Cow::Owned(without_bucket(&self.authority).into()),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.authority)
    }
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    /// Parses `https://host`, `https://host:port`, `host` (with TLS), or `http://` with a loopback host.
    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        if let Some(authority) = strip_scheme(text, "http://") {
            let endpoint = Self::plain_http(authority)?;
            if !is_loopback(host_of(authority)) {
                let reason = "http:// is accepted for loopback hosts only; \
                              use Endpoint::plain_http for any other host";
                return Err(InvalidEndpoint { reason });
            }
            return Ok(endpoint);
        }
        let authority = strip_scheme(text, "https://").unwrap_or(text);
        Self::checked(UriScheme::Https, authority)
    }
}

/// As a string: the URL.
impl serde::Serialize for Endpoint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// From a string, by the rules of [`FromStr`].
impl<'de> serde::Deserialize<'de> for Endpoint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::text_enum::deserialize(deserializer)
    }
}

/// A string that is not a valid endpoint. The string is not part of the error: it may contain a
/// password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidEndpoint {
    reason: &'static str,
}

impl fmt::Display for InvalidEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid endpoint: {}", self.reason)
    }
}

impl core::error::Error for InvalidEndpoint {}

/// The endpoints of a client, in order of preference; there is at least one.
///
/// The default is Shanghai, then Beijing, as in the vendor's failover sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints(Vec<Endpoint>);

impl Endpoints {
    /// One endpoint, and no failover.
    #[must_use]
    pub fn only(endpoint: Endpoint) -> Self {
        Self(vec![endpoint])
    }

    /// Shanghai, then Beijing, on `network`.
    #[must_use]
    pub fn of(network: Network) -> Self {
        let known = [Region::Shanghai, Region::Beijing].map(|region| Endpoint::of(region, network));
        Self(known.into_iter().flatten().collect())
    }

    /// Appends an endpoint to fail over to. An endpoint that is in the list already is not added again.
    #[must_use]
    pub fn then(mut self, endpoint: Endpoint) -> Self {
        if !self.0.contains(&endpoint) {
            self.0.push(endpoint);
        }
        self
    }

    /// The endpoints in order of preference.
    #[must_use]
    pub fn as_slice(&self) -> &[Endpoint] {
        &self.0
    }
}

impl IntoIterator for Endpoints {
    type Item = Endpoint;
    type IntoIter = vec::IntoIter<Endpoint>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Default for Endpoints {
    fn default() -> Self {
        Self::only(Endpoint::SHANGHAI).then(Endpoint::BEIJING)
    }
}

/// Accepts host names, IPv4 addresses and bracketed IPv6 addresses, and nothing that another parser
/// could take for a user, a path or a query.
fn check_authority(authority: &str) -> Result<(), &'static str> {
    let host = host_of(authority);
    let port = &authority[host.len()..];
    if let Some(digits) = port.strip_prefix(':') {
        let plain = digits.bytes().all(|b| b.is_ascii_digit());
        if !plain || digits.parse::<u16>().map_or(true, |port| port == 0) {
            return Err("the port is not a number from 1 to 65535");
        }
    } else if !port.is_empty() {
        return Err("only a port can follow the host");
    }
    if host.starts_with('[') {
        let address = ipv6(host);
        return match address {
            Some(_) => Ok(()),
            None => Err("the host in brackets is not an IPv6 address"),
        };
    }
    let labels_are_good = host.split('.').all(|label| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    });
    if !labels_are_good || host.len() > 253 {
        return Err("the host is not a host name or an IP address");
    }
    // `2130706433` and `0x7f.1` are addresses to some resolvers and host names to others.
    let last_is_number = host
        .rsplit('.')
        .next()
        .is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit()));
    if last_is_number && host.parse::<Ipv4Addr>().is_err() {
        return Err("the host looks like an IPv4 address, but is none");
    }
    Ok(())
}

/// The authority without its port.
fn host_of(authority: &str) -> &str {
    let after_brackets = authority.rfind(']').map_or(0, |at| at + 1);
    match authority[after_brackets..].find(':') {
        Some(colon) => &authority[..after_brackets + colon],
        None => authority,
    }
}

/// The rest of a URL of this scheme, in whatever case it is written.
fn strip_scheme<'t>(text: &'t str, scheme: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// The address of a host in brackets.
fn ipv6(host: &str) -> Option<Ipv6Addr> {
    let inner = host.strip_prefix('[')?.strip_suffix(']')?;
    inner.parse().ok()
}

/// An address in the one form that the URL standard writes, which is the host that libraries with a URL send.
fn written(address: Ipv6Addr) -> String {
    match address.to_ipv4_mapped() {
        // Rust writes these with dots.
        Some(_) => {
            let [.., high, low] = address.segments();
            format!("[::ffff:{high:x}:{low:x}]")
        }
        None => format!("[{address}]"),
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
        || ipv6(host).is_some_and(|ip| ip.is_loopback())
}

/// The host `<bucket>.oss-<region>.aliyuncs.com` without the bucket, and any other one as it is.
pub(crate) fn without_bucket(authority: &str) -> &str {
    let store = authority.split_once('.').map(|(_, store)| store);
    let is_store = |store: &&str| store.starts_with("oss-") && store.contains(".aliyuncs.com");
    store.filter(is_store).unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn the_default_is_shanghai_then_beijing() {
        let hosts: Vec<String> = Endpoints::default()
            .as_slice()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            hosts,
            [
                "https://cloudauth.cn-shanghai.aliyuncs.com",
                "https://cloudauth.cn-beijing.aliyuncs.com"
            ]
        );
    }

    #[test]
    fn an_endpoint_has_one_form() {
        for (text, shown) in [
            (
                "HTTPS://Gateway.Example.com:443",
                "https://gateway.example.com",
            ),
            ("Http://LOCALHOST:80", "http://localhost"),
            ("[2001:DB8:0:0:0:0:0:1]:443", "https://[2001:db8::1]"),
            ("[1:0:0:2:0:0:0:3]", "https://[1:0:0:2::3]"),
            ("[1:0:2:3:4:5:6:7]", "https://[1:0:2:3:4:5:6:7]"),
            ("[::FFFF:192.0.2.1]:8443", "https://[::ffff:c000:201]:8443"),
            ("[::192.0.2.1]", "https://[::c000:201]"),
            ("http://[0:0::0001]:80", "http://[::1]"),
            ("Gateway.example.com:443", "https://gateway.example.com"),
            ("gateway.example.com:0443", "https://gateway.example.com"),
            ("gateway.example.com:80", "https://gateway.example.com:80"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("http://[::1]:80", "http://[::1]"),
            ("http://[::1]:443", "http://[::1]:443"),
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), shown);
        }
        let plain = Endpoint::plain_http("gateway:80").unwrap();
        assert_eq!(plain, Endpoint::plain_http("gateway").unwrap());
    }

    #[test]
    fn each_network_has_shanghai_then_beijing() {
        let shown = |network| {
            let endpoints = Endpoints::of(network).into_iter();
            let hosts: Vec<String> = endpoints.map(|it| it.authority().to_string()).collect();
            hosts.join(" ")
        };
        assert_eq!(Endpoints::of(Network::Public), Endpoints::default());
        assert_eq!(
            shown(Network::Vpc),
            "cloudauth-vpc.cn-shanghai.aliyuncs.com cloudauth-vpc.cn-beijing.aliyuncs.com"
        );
        assert_eq!(
            shown(Network::DualStack),
            "cloudauth-dualstack.aliyuncs.com cloudauth-dualstack.cn-beijing.aliyuncs.com"
        );
    }

    #[test]
    fn custom_hosts_are_parsed() {
        for (text, shown) in [
            ("gateway.example.com", "https://gateway.example.com"),
            (
                "https://Gateway.example.com:444",
                "https://gateway.example.com:444",
            ),
            ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://localhost", "http://localhost"),
            ("http://[::1]:81", "http://[::1]:81"),
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn plain_http_beyond_loopback_needs_an_explicit_call() {
        for host in [
            "cloudauth.aliyuncs.com",
            "10.0.0.1",
            "localhost.example.com",
        ] {
            assert!(alloc::format!("http://{host}").parse::<Endpoint>().is_err());
            let endpoint = Endpoint::plain_http(host).unwrap();
            assert_eq!(endpoint.scheme(), UriScheme::Http);
        }
    }

    #[test]
    fn strings_that_could_hide_another_host_are_refused() {
        for text in [
            "",
            "https://",
            "https://user@host",
            "https://user:pass@host",
            "https://good.example\\@evil.example",
            "https://good.example#@evil.example",
            "https://good.example/path",
            "https://good.example?x",
            "https://good.example:",
            "https://good.example:0",
            "https://good.example:65536",
            "https://good.example:+80",
            "https://good.example:80:80",
            "https://good..example",
            "https://-good.example",
            "https://good.example\r\nx: y",
            "https://goo d.example",
            "https://gööd.example",
            "https://2130706433",
            "https://0x7f.0.0.1",
            "https://127.1",
            "https://0177.0.0.1",
            "https://[::1",
            "https://::1",
            "https://[::1]x",
            "https://[fe80::1%25eth0]",
            "http://2130706433",
            "HTTPS//host",
            "[::1",
            "[]",
            "ftp://host",
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_endpoint_is_not_listed_twice() {
        let endpoints = Endpoints::default().then(Endpoint::SHANGHAI);
        assert_eq!(endpoints, Endpoints::default());
    }
}
