//! The matcher of `NO_PROXY`.

use core::net::IpAddr;

/// Hosts that are reached without a proxy.
#[derive(Clone, Debug, Default)]
pub(super) struct NoProxy(Vec<Rule>);

/// Hosts, at every port or at one.
#[derive(Clone, Debug)]
struct Rule {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug)]
enum Hosts {
    All,
    /// The IP addresses whose first bits are those of this one.
    Network(IpAddr, u8),
    /// Subdomains, in lower case with a leading dot.
    Subdomains(String),
    /// A host and its subdomains; the host in lower case with a leading dot.
    Domain(String),
}

impl Hosts {
    /// One IP address, an IPv6 address with or without brackets.
    fn address(text: &str) -> Option<Self> {
        let address: IpAddr = without_brackets(text).parse().ok()?;
        let address = address.to_canonical();
        Some(Self::Network(address, width(address)))
    }
}

impl NoProxy {
    /// Parses a comma-separated list. The second value is the number of entries that are not understood;
    /// they match nothing.
    pub(super) fn parse(list: &str) -> (Self, usize) {
        let entries = list.split(',').map(str::trim).filter(|it| !it.is_empty());
        let parsed: Vec<_> = entries.map(Rule::parse).collect();
        let unknown = parsed.iter().filter(|rule| rule.is_none()).count();
        (Self(parsed.into_iter().flatten().collect()), unknown)
    }

    /// Whether a host is reached directly: a loopback host, or one that a rule matches. An IPv6 address
    /// is in brackets.
    pub(super) fn is_direct(&self, host: &str, port: u16) -> bool {
        let host = without_brackets(host).to_ascii_lowercase();
        let address = host.parse::<IpAddr>().ok();
        let is_loopback = address.map_or(host == "localhost", |address| address.is_loopback());
        is_loopback || self.0.iter().any(|rule| rule.matches(&host, address, port))
    }
}

impl Rule {
    /// Parses an entry as Go's `net/http` does.
    fn parse(entry: &str) -> Option<Self> {
        let rule = |hosts, port| Some(Self { hosts, port });
        if entry == "*" {
            return rule(Hosts::All, None);
        }
        if let Some((address, bits)) = entry.split_once('/') {
            let address = address.parse().ok()?;
            let bits = bits.parse().ok().filter(|bits| *bits <= width(address))?;
            return rule(Hosts::Network(address, bits), None);
        }
        if let Some(hosts) = Hosts::address(entry) {
            return rule(hosts, None);
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (entry, None),
        };
        if let Some(hosts) = Hosts::address(host) {
            return rule(hosts, port);
        }
        let host = host.to_ascii_lowercase();
        let host = host
            .strip_prefix('*')
            .filter(|it| it.starts_with('.'))
            .unwrap_or(&host);
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if host.trim_matches('.').is_empty() || !host.chars().all(is_name) {
            return None;
        }
        if host.starts_with('.') {
            rule(Hosts::Subdomains(host.to_owned()), port)
        } else {
            rule(Hosts::Domain(format!(".{host}")), port)
        }
    }

    /// `address` is the host's, if it is an IP address.
    fn matches(&self, host: &str, address: Option<IpAddr>, port: u16) -> bool {
        if self.port.is_some_and(|own| own != port) {
            return false;
        }
        match &self.hosts {
            Hosts::All => true,
            Hosts::Network(network, bits) => {
                address.is_some_and(|address| is_in(address, *network, *bits))
            }
            Hosts::Subdomains(_) | Hosts::Domain(_) if address.is_some() => false,
            Hosts::Subdomains(domain) => host.ends_with(domain),
            Hosts::Domain(domain) => host.ends_with(domain) || *host == domain[1..],
        }
    }
}

/// Whether the first bits of an address are those of a network. An IPv4 address is also one of IPv6
/// (`::ffff:10.0.0.1`).
fn is_in(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let address = address.to_canonical();
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            (a.to_bits() ^ b.to_bits()).leading_zeros() >= bits.into()
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            (a.to_bits() ^ b.to_bits()).leading_zeros() >= bits.into()
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

/// Bits of an address.
fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn without_brackets(host: &str) -> &str {
    let inner = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    inner.unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use hyper_util::client::proxy::matcher::Matcher;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    fn is_direct(list: &str, host: &str, port: u16) -> bool {
        NoProxy::parse(list).0.is_direct(host, port)
    }

    #[test]
    fn loopback_hosts_and_the_hosts_of_the_list_are_reached_directly() {
        for (entry, host, port, expected) in [
            ("", "localhost", 443, true),
            ("", "127.3.2.1", 443, true),
            ("", "[::1]", 443, true),
            ("", "example.com", 443, false),
            ("*", "example.com", 443, true),
            ("*", "10.0.0.1", 443, true),
            ("example.com", "example.com", 443, true),
            ("example.com", "a.EXAMPLE.com", 443, true),
            ("example.com", "notexample.com", 443, false),
            ("example.com", "example.com.evil.org", 443, false),
            (" x , Example.com", "example.com", 443, true),
            (".below.org", "a.below.org", 443, true),
            (".below.org", "below.org", 443, false),
            ("*.aliyuncs.com", "cloudauth.aliyuncs.com", 443, true),
            ("*.aliyuncs.com", "aliyuncs.com", 443, false),
            ("example.com:443", "example.com", 443, true),
            ("example.com:443", "a.example.com", 443, true),
            ("example.com:443", "example.com", 8_443, false),
            ("example.com:", "example.com", 8_443, true),
            ("10.1.2.3", "10.1.2.3", 443, true),
            ("10.1.2.3", "10.1.2.30", 443, false),
            ("10.1.2.3:443", "10.1.2.3", 443, true),
            ("10.1.2.3:443", "10.1.2.3", 80, false),
            ("10.0.0.0/8", "10.1.2.3", 443, true),
            ("10.0.0.0/8", "11.1.2.3", 443, false),
            ("10.1.2.0/24", "10.1.2.3", 443, true),
            ("10.1.2.3/32", "10.1.2.3", 443, true),
            ("0.0.0.0/0", "9.9.9.9", 443, true),
            ("::ffff:10.0.0.1", "10.0.0.1", 443, true),
            ("2001:db8::1", "[2001:db8::1]", 443, true),
            ("[2001:db8::1]:443", "[2001:db8::1]", 443, true),
            ("[2001:db8::1]:443", "[2001:db8::1]", 80, false),
            ("2001:db8::/32", "[2001:db8::2]", 443, true),
            ("2001:db8::/32", "[2001:db9::2]", 443, false),
            ("0.1", "10.0.0.1", 443, false),
        ] {
            let direct = is_direct(entry, host, port);
            assert_eq!(direct, expected, "{entry} {host}:{port}");
        }
    }

    #[test]
    fn entries_that_are_not_understood_are_counted_and_match_nothing() {
        let list = "a b,10.0.0.0/33,http://h,h:x,user@h,..,example.com,,\u{6d4b}.cn";
        let (no_proxy, unknown) = NoProxy::parse(list);
        assert_eq!(unknown, 7);
        assert!(no_proxy.is_direct("example.com", 443));
        assert!(!no_proxy.is_direct("h", 443) && !no_proxy.is_direct("10.0.0.1", 443));
    }

    /// Few labels and octets, so that entries often match.
    fn domain() -> impl Strategy<Value = String> {
        "([abA]{1,2}\\.){0,3}[abB]{1,2}"
    }

    fn address() -> impl Strategy<Value = IpAddr> {
        prop_oneof![
            [1_u8..4, 0_u8..2, 0_u8..2, 0_u8..3].prop_map(IpAddr::from),
            [0_u16..2, 1_u16..3].prop_map(|[a, b]| [0x2001, 0, 0, 0, 0, 0, a, b].into()),
        ]
    }

    fn host() -> impl Strategy<Value = String> {
        prop_oneof![
            domain(),
            address().prop_map(|address| match address {
                IpAddr::V4(v4) => v4.to_string(),
                IpAddr::V6(v6) => format!("[{v6}]"),
            })
        ]
    }

    fn entry() -> impl Strategy<Value = String> {
        let entry = prop_oneof![
            4 => domain(),
            3 => address().prop_map(|address| address.to_string()),
            1 => "[0-2](\\.[0-2]){0,2}",
            2 => (address(), 0_u8..33).prop_map(|(address, bits)| format!("{address}/{bits}")),
            1 => Just("*".to_owned()),
            1 => Just(String::new()),
        ];
        (" {0,2}", entry, " {0,2}").prop_map(|(before, entry, after)| before + &entry + &after)
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(0),
            ..ProptestConfig::with_cases(5_000)
        })]

        /// hyper-util knows no ports and no `*.host`, takes `.host` for the host as well, and does not
        /// match IP addresses with `*`.
        #[test]
        fn agrees_with_the_matcher_of_hyper_util(
            host in host(),
            entries in proptest::collection::vec(entry(), 0..5),
        ) {
            let list = entries.join(",");
            let uri = format!("http://{host}/").parse().unwrap();
            let matcher = Matcher::builder().all("http://proxy").no(&list).build();
            let is_address = without_brackets(&host).parse::<IpAddr>().is_ok();
            let has_wildcard = entries.iter().any(|entry| entry.trim() == "*");
            let expected = matcher.intercept(&uri).is_none() || is_address && has_wildcard;
            prop_assert_eq!(is_direct(&list, &host, 80), expected);
        }

        #[test]
        fn any_list_and_any_host_are_accepted(list in any::<String>(), host in any::<String>()) {
            let _ = is_direct(&list, &host, 443);
        }
    }
}
