//! The matcher of `NO_PROXY`.

use core::net::IpAddr;

/// Hosts that are reached without a proxy.
#[derive(Clone, Debug, Default)]
pub(super) struct NoProxy(Vec<Rule>);

#[derive(Clone, Debug)]
enum Rule {
    /// Every host.
    All,
    /// One IP address.
    Address(IpAddr),
    /// A host and its subdomains, in lower case, without a leading dot.
    Domain(String),
}

impl NoProxy {
    /// Parses a comma-separated list. Entries that cannot match any host are kept and match nothing.
    pub(super) fn parse(list: &str) -> Self {
        let entries = list.split(',').map(str::trim);
        Self(entries.filter_map(Rule::parse).collect())
    }

    /// Whether a host is reached directly: a loopback host, or one that a rule matches. An IPv6 address
    /// is in brackets.
    pub(super) fn is_direct(&self, host: &str) -> bool {
        let host = without_brackets(host).to_ascii_lowercase();
        let address = host.parse::<IpAddr>().ok();
        let is_loopback = address.map_or(host == "localhost", |address| address.is_loopback());
        is_loopback || self.0.iter().any(|rule| rule.matches(&host, address))
    }
}

impl Rule {
    fn parse(entry: &str) -> Option<Self> {
        if entry == "*" {
            return Some(Self::All);
        }
        let name = without_brackets(entry.trim_start_matches('.'));
        if name.is_empty() {
            return None;
        }
        let address = name.parse().map(Self::Address);
        Some(address.unwrap_or_else(|_| Self::Domain(name.to_ascii_lowercase())))
    }

    /// `address` is the host's, if it is an IP address.
    fn matches(&self, host: &str, address: Option<IpAddr>) -> bool {
        match self {
            Self::All => true,
            Self::Address(own) => address == Some(*own),
            Self::Domain(_) if address.is_some() => false,
            Self::Domain(name) => {
                let subdomain = host.strip_suffix(name.as_str());
                subdomain.is_some_and(|it| it.is_empty() || it.ends_with('.'))
            }
        }
    }
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

    #[test]
    fn loopback_hosts_and_the_hosts_of_the_list_are_reached_directly() {
        let list = " example.com, .Below.org ,10.0.0.1,[2001:db8::1],2.0.0.0/8,0.1,";
        let no_proxy = NoProxy::parse(list);
        for (host, is_direct) in [
            ("example.com", true),
            ("a.EXAMPLE.com", true),
            ("notexample.com", false),
            ("example.com.evil.org", false),
            ("below.org", true),
            ("a.below.org", true),
            ("10.0.0.1", true),
            ("10.0.0.10", false),
            ("192.168.0.1", false),
            ("2.0.0.1", false),
            ("[2001:db8::1]", true),
            ("[2001:db8::2]", false),
            ("localhost", true),
            ("127.3.2.1", true),
            ("[::1]", true),
        ] {
            assert_eq!(no_proxy.is_direct(host), is_direct, "{host}");
        }
        let all = NoProxy::parse("*");
        assert!(all.is_direct("example.com") && all.is_direct("10.0.0.1"));
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
            4 => ("\\.?", domain()).prop_map(|(dot, domain)| dot + &domain),
            3 => address().prop_map(|address| address.to_string()),
            1 => "[0-2](\\.[0-2]){0,2}",
            1 => domain().prop_map(|domain| domain + ":443"),
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

        /// The one difference: here, as in curl, `*` also matches hosts that are IP addresses.
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
            let is_direct = matcher.intercept(&uri).is_none() || is_address && has_wildcard;
            prop_assert_eq!(NoProxy::parse(&list).is_direct(&host), is_direct);
        }

        #[test]
        fn any_list_and_any_host_are_accepted(list in any::<String>(), host in any::<String>()) {
            let _ = NoProxy::parse(&list).is_direct(&host);
        }
    }
}
