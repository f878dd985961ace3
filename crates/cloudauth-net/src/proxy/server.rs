//! One proxy server: its URL, its protocol, its credentials.

use core::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloudauth_proto::{Endpoint, Secret};
use percent_encoding::percent_decode_str;

use crate::error::OptionsError;

/// The protocol by which a tunnel through a proxy is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "drivers match on every protocol")]
pub enum ProxyProtocol {
    /// `CONNECT`, without TLS: `http://`, port 80.
    Http,
    /// `CONNECT`, over TLS to the proxy: `https://`, port 443.
    Https,
    /// SOCKS5, without TLS: `socks5://`, `socks5h://` or `socks://`, port 1080.
    Socks5,
}

impl ProxyProtocol {
    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            Self::Socks5 => 1_080,
        }
    }
}

/// A proxy server. With every protocol, the proxy resolves the endpoint's host name.
///
/// `Debug` shows the address, not the user name and password.
#[derive(Clone)]
pub struct Proxy {
    protocol: ProxyProtocol,
    host: String,
    port: u16,
    user: Option<(Secret, Secret)>,
}

impl Proxy {
    /// Parses `scheme://[user[:password]@]host[:port]`; user and password may be percent-encoded.
    ///
    /// The scheme defaults to `http`, in any letter case. `option` is the option or variable that errors name.
    pub(super) fn parse(url: &str, option: &'static str) -> Result<Self, OptionsError> {
        let bad = |problem| OptionsError::new(option, problem);
        if url.contains(char::REPLACEMENT_CHARACTER) {
            return Err(bad("holds bytes that are not text"));
        }
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let protocol = match &*scheme.to_ascii_lowercase() {
            "http" => ProxyProtocol::Http,
            "https" => ProxyProtocol::Https,
            // Desktops write `socks://` for SOCKS5.
            "socks5" | "socks5h" | "socks" => ProxyProtocol::Socks5,
            _ => return Err(bad("must begin with http://, https:// or socks5://")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, authority) = match rest.rsplit_once('@') {
            Some((user, authority)) => (Some(user), authority),
            None => (None, rest),
        };
        let user = match user.map(|user| user.split_once(':').unwrap_or((user, ""))) {
            Some((user, password)) => {
                let decode = |encoded| {
                    let decoded = percent_decode_str(encoded).decode_utf8();
                    decoded.map_err(|_| bad("has a user or password that is not UTF-8"))
                };
                let (user, password) = (decode(user)?, decode(password)?);
                if protocol == ProxyProtocol::Socks5 && user.len().max(password.len()) > 255 {
                    return Err(bad("has a user or password longer than 255 bytes (SOCKS5)"));
                }
                Some((Secret::new(user), Secret::new(password)))
            }
            None => None,
        };
        // A proxy's host and port follow the same rules as an endpoint's.
        Endpoint::plain_http(authority)
            .map_err(|_| bad("must have a valid host name or IP address, and port"))?;
        let (host, port) = split_port(authority);
        Ok(Self {
            protocol,
            host: host.to_ascii_lowercase(),
            port: port.unwrap_or_else(|| protocol.default_port()),
            user,
        })
    }

    /// The protocol.
    #[must_use]
    pub fn protocol(&self) -> ProxyProtocol {
        self.protocol
    }

    /// The host, an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// User name and password.
    #[must_use]
    pub fn user(&self) -> Option<(&Secret, &Secret)> {
        self.user.as_ref().map(|(user, password)| (user, password))
    }

    /// User name and password as the value of `Proxy-Authorization`.
    #[must_use]
    pub fn authorization(&self) -> Option<Secret> {
        let (user, password) = self.user.as_ref()?;
        let pair = Secret::new(format!("{}:{}", user.expose(), password.expose()));
        let encoded = STANDARD.encode(pair.expose());
        Some(Secret::new(format!("Basic {encoded}")))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({:?} {}:{})", self.protocol, self.host, self.port)
    }
}

/// Splits an authority into its host and its port. An IPv6 address stays in brackets.
pub(super) fn split_port(authority: &str) -> (&str, Option<u16>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
        Some(_) | None => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use core::net::{Ipv4Addr, Ipv6Addr};

    use hyper_util::client::proxy::matcher::{Intercept, Matcher};
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    #[test]
    fn user_and_password_are_percent_decoded_and_hidden_from_debug_output() {
        let proxy = Proxy::parse("http://us%40er:pa%3Ass@[::2]:8", "x").unwrap();
        assert_eq!((proxy.host(), proxy.port()), ("[::2]", 8));
        let header = proxy.authorization().unwrap();
        assert_eq!(
            header.expose(),
            format!("Basic {}", STANDARD.encode("us@er:pa:ss"))
        );
        assert!(!format!("{proxy:?}").contains("ss"));
    }

    #[test]
    fn each_protocol_has_its_default_port() {
        for (url, shown) in [
            ("h", "Proxy(Http h:80)"),
            ("http://h", "Proxy(Http h:80)"),
            ("https://h/", "Proxy(Https h:443)"),
            ("https://h:8", "Proxy(Https h:8)"),
            ("socks5://h", "Proxy(Socks5 h:1080)"),
            ("socks5h://u:p@h", "Proxy(Socks5 h:1080)"),
            ("socks://h:7897/", "Proxy(Socks5 h:7897)"),
            ("HTTPS://h", "Proxy(Https h:443)"),
            ("Socks5://h", "Proxy(Socks5 h:1080)"),
        ] {
            assert_eq!(format!("{:?}", Proxy::parse(url, "x").unwrap()), shown);
        }
    }

    #[test]
    fn socks5_credentials_are_limited_to_255_bytes() {
        let long = "u".repeat(256);
        assert!(Proxy::parse(&format!("socks5://{long}@h"), "x").is_err());
        assert!(Proxy::parse(&format!("socks5://{}@h", &long[1..]), "x").is_ok());
        assert!(Proxy::parse(&format!("http://{long}@h"), "x").is_ok());
    }

    /// How hyper-util reads the URL.
    fn intercept(url: &str) -> Option<Intercept> {
        let target = "https://example.com".parse().unwrap();
        Matcher::builder().all(url).build().intercept(&target)
    }

    fn host() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-zA-Z][a-z0-9-]{0,5}[a-z0-9](\\.[a-z]{1,5}){0,2}",
            any::<Ipv4Addr>().prop_map(|address| address.to_string()),
            any::<Ipv6Addr>().prop_map(|address| format!("[{address}]")),
        ]
    }

    fn encoded(text: &str) -> String {
        utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
    }

    /// Something like a proxy URL.
    fn near_url() -> impl Strategy<Value = String> {
        let scheme = prop_oneof![
            3 => "(http://|https://|socks5://)?",
            1 => "(HTTP://|ftp://|http:|//)",
        ];
        let userinfo = prop_oneof![3 => "", 2 => "[a-z0-9%:]{0,5}@", 1 => "[a-z:/?#@]{0,5}@"];
        let host = prop_oneof![
            6 => "[a-z][a-z0-9.-]{0,5}",
            2 => "[0-9.]{1,8}",
            2 => "\\[[0-9a-f:]{1,6}\\]",
            1 => "[a-z0-9:.\\[\\]_ @%-]{0,8}",
        ];
        let port = prop_oneof![2 => "", 2 => ":[0-9]{1,5}", 1 => ":[0-9]{0,7}"];
        let end = prop_oneof![3 => "/?", 1 => "[/?#][a-z@:]{0,3}"];
        (scheme, userinfo, host, port, end).prop_map(|(a, b, c, d, e)| a + &b + &c + &d + &e)
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(0),
            ..ProptestConfig::with_cases(5_000)
        })]

        #[test]
        fn a_valid_url_is_parsed_into_its_parts_as_hyper_util_does(
            scheme in prop_oneof![Just(""), Just("http://"), Just("https://"), Just("socks5://")],
            user in proptest::option::of((".{1,8}", ".{0,8}")),
            host in host(),
            port in proptest::option::of(1_u16..),
            has_slash in any::<bool>(),
        ) {
            let userinfo = user.as_ref().map(|(user, password)| {
                format!("{}:{}@", encoded(user), encoded(password))
            });
            let userinfo = userinfo.unwrap_or_default();
            let port_part = port.map(|port| format!(":{port}")).unwrap_or_default();
            // hyper-util takes a slash for a path if there is no scheme.
            let slash = if has_slash && !scheme.is_empty() { "/" } else { "" };
            let url = format!("{scheme}{userinfo}{host}{port_part}{slash}");
            let proxy = Proxy::parse(&url, "x").unwrap();
            let oracle = intercept(&url).unwrap();

            prop_assert_eq!(proxy.host(), host.to_ascii_lowercase());
            prop_assert_eq!(oracle.uri().host().unwrap(), &host);
            prop_assert_eq!(proxy.port(), port.unwrap_or_else(|| proxy.protocol().default_port()));
            prop_assert_eq!(oracle.uri().port_u16(), port);
            let own = proxy.user().map(|(user, password)| (user.expose(), password.expose()));
            prop_assert_eq!(own, user.as_ref().map(|(user, password)| (&**user, &**password)));
            if proxy.protocol() == ProxyProtocol::Socks5 {
                prop_assert_eq!(own, oracle.raw_auth());
            } else {
                let header = proxy.authorization();
                let expected = oracle.basic_auth().map(|value| value.to_str().unwrap());
                prop_assert_eq!(header.as_ref().map(Secret::expose), expected);
            }
        }

        /// Where both accept a URL they read the same host and port, unless a `/`, `?`, `#` or `@` that
        /// should have been percent-encoded is in the user or password.
        #[test]
        fn no_url_is_read_in_two_ways(url in near_url()) {
            let Ok(proxy) = Proxy::parse(&url, "x") else { return Ok(()) };
            prop_assert!(!proxy.host().is_empty() && proxy.port() > 0);
            let rest = url.split_once("://").map_or(&*url, |(_, rest)| rest);
            let userinfo = rest.rsplit_once('@').map_or("", |(userinfo, _)| userinfo);
            if let Some(oracle) = intercept(&url)
                && !userinfo.contains(['/', '?', '#', '@'])
            {
                prop_assert_eq!(proxy.host(), oracle.uri().host().unwrap().to_ascii_lowercase());
                let port = oracle.uri().port_u16().unwrap_or_else(|| proxy.protocol().default_port());
                prop_assert_eq!(proxy.port(), port);
            }
        }

        #[test]
        fn any_string_is_parsed_or_an_error(url in any::<String>()) {
            let _ = Proxy::parse(&url, "x");
        }
    }
}
