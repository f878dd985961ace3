//! Proxies of a client, and the hosts that are reached directly.
//!
//! The drivers share this matcher, so that `NO_PROXY` means the same in both. Requests go through a
//! tunnel (`CONNECT` or SOCKS5), so that a proxy learns the host and port of the endpoint and nothing
//! else.

mod no_proxy;
mod server;

use cloudauth_proto::driver::UriScheme;

pub use self::server::{Proxy, ProxyProtocol};

use self::no_proxy::NoProxy;
use self::server::split_port;
use crate::error::OptionsError;

/// Proxies of a client, and the hosts that are reached directly.
///
/// Loopback hosts are always reached directly, and so are the hosts of `NO_PROXY`: a comma-separated
/// list, read as by Go's `net/http`. Spaces around entries and letter case are ignored.
///
/// | entry | reached directly |
/// |---|---|
/// | `*` | every host |
/// | `example.com` | that host and its subdomains |
/// | `.example.com`, `*.example.com` | its subdomains |
/// | `10.1.2.3`, `2001:db8::1` | that IP address |
/// | `10.0.0.0/8` | the IP addresses of that network |
/// | `example.com:443`, `10.1.2.3:443` | that host or address at that port |
///
/// Other entries are ignored, with one warning (`tracing`, target `cloudauth`).
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    https: Choice,
    http: Choice,
    no_proxy: NoProxy,
}

/// The proxy of a scheme; the error of its variable is reported where that proxy is needed.
#[derive(Clone, Debug)]
struct Choice(Result<Option<Proxy>, OptionsError>);

impl Default for Choice {
    fn default() -> Self {
        Self(Ok(None))
    }
}

impl Proxies {
    /// No proxy, regardless of the environment.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// One proxy for all hosts except those in `no_proxy`, which has the format of `NO_PROXY`.
    ///
    /// `url` is `http://host:port`, `https://host:port` for a proxy that is itself reached over TLS, or
    /// `socks5://host:port`. The host may follow `user:password@`, percent-encoded.
    pub fn all(url: &str, no_proxy: &str) -> Result<Self, OptionsError> {
        let proxy = Proxy::parse(url, "proxies")?;
        let proxy = Choice(Ok(Some(proxy)));
        Ok(Self {
            https: proxy.clone(),
            http: proxy,
            no_proxy: no_proxy_of(no_proxy),
        })
    }

    /// The proxies of `HTTPS_PROXY` and `HTTP_PROXY`, each with `ALL_PROXY` as its default, except for
    /// the hosts in `NO_PROXY`. Lower-case names take precedence, as in curl; a warning (`tracing`, target
    /// `cloudauth`) names variables whose two spellings differ.
    ///
    /// A variable that cannot be used is an error only where its proxy is needed:
    /// [`proxy_for`](Self::proxy_for) returns it.
    ///
    /// If `REQUEST_METHOD` is set, as in a CGI program, `HTTP_PROXY` is ignored: there, a client could
    /// set it with a `Proxy` request header.
    pub fn from_vars(vars: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| vars(name).filter(|value| !value.trim().is_empty());
        let read = |name: &'static str| {
            let is_forgeable = name == "HTTP_PROXY" && vars("REQUEST_METHOD").is_some();
            let upper = set(name).filter(|_| !is_forgeable);
            let lower = set(&name.to_ascii_lowercase());
            if let (Some(lower), Some(upper)) = (&lower, &upper)
                && lower.trim() != upper.trim()
            {
                tracing::warn!(
                    target: "cloudauth",
                    "{name} and {} differ: the latter is used",
                    name.to_ascii_lowercase()
                );
            }
            lower.or(upper)
        };
        let default = read("ALL_PROXY");
        let proxy = |name| {
            let own = read(name).map(|url| (url, name));
            let url = own.or_else(|| default.clone().map(|url| (url, "ALL_PROXY")));
            Choice(
                url.map(|(url, name)| Proxy::parse(url.trim(), name))
                    .transpose(),
            )
        };
        Self {
            https: proxy("HTTPS_PROXY"),
            http: proxy("HTTP_PROXY"),
            no_proxy: no_proxy_of(&read("NO_PROXY").unwrap_or_default()),
        }
    }

    /// The proxy for an endpoint, or `None` if it is reached directly. `authority` is a host with an
    /// optional port.
    ///
    /// The error is that of the environment variable that says which proxy it is.
    pub fn proxy_for(
        &self,
        scheme: UriScheme,
        authority: &str,
    ) -> Result<Option<&Proxy>, OptionsError> {
        let (choice, default_port) = match scheme {
            UriScheme::Https => (&self.https, 443),
            UriScheme::Http => (&self.http, 80),
        };
        if matches!(choice.0, Ok(None)) {
            return Ok(None);
        }
        let (host, port) = split_port(authority);
        if self.no_proxy.is_direct(host, port.unwrap_or(default_port)) {
            return Ok(None);
        }
        choice.0.as_ref().map(Option::as_ref).map_err(Clone::clone)
    }
}

/// Parses a list and warns of entries that are not understood.
fn no_proxy_of(list: &str) -> NoProxy {
    let (no_proxy, unknown) = NoProxy::parse(list);
    if unknown > 0 {
        tracing::warn!(target: "cloudauth", "NO_PROXY: {unknown} entries are not understood and ignored");
    }
    no_proxy
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Proxies {
        Proxies::from_vars(|name| {
            let found = pairs.iter().find(|(have, _)| *have == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn shown(proxies: &Proxies, scheme: UriScheme, host: &str) -> Option<String> {
        let proxy = proxies.proxy_for(scheme, host).unwrap();
        proxy.map(|proxy| format!("{}:{}", proxy.host(), proxy.port()))
    }

    #[test]
    fn environment_variables_select_the_proxy_of_each_scheme() {
        use UriScheme::{Http, Https};
        let both = [("HTTPS_PROXY", "http://a:1"), ("http_proxy", "b:2/")];
        for (vars, https, http) in [
            (&both[..], Some("a:1"), Some("b:2")),
            (&[("ALL_PROXY", "http://c")], Some("c:80"), Some("c:80")),
            (
                &[("https_proxy", "x:1"), ("HTTPS_PROXY", "y:2")],
                Some("x:1"),
                None,
            ),
            (
                &[("HTTP_PROXY", "x:1"), ("REQUEST_METHOD", "GET")],
                None,
                None,
            ),
            (&[("HTTPS_PROXY", " ")], None, None),
            (&[("ALL_PROXY", "c"), ("NO_PROXY", "h")], None, None),
            (
                &[("ALL_PROXY", "c"), ("no_proxy", "x"), ("NO_PROXY", "h")],
                Some("c:80"),
                Some("c:80"),
            ),
        ] {
            let proxies = from(vars);
            assert_eq!(shown(&proxies, Https, "h").as_deref(), https, "{vars:?}");
            assert_eq!(shown(&proxies, Http, "h").as_deref(), http, "{vars:?}");
        }
    }

    #[test]
    fn an_invalid_proxy_is_an_error_that_names_its_option_or_variable() {
        for url in [
            "socks4://h:1",
            "http://",
            "http://h:0",
            "http://h:99999",
            "http://h/path",
            "http://a b",
            "http://user:pw@",
            "http://\u{fffd}",
            "http://u:pw\u{fffd}@h",
        ] {
            let proxies = from(&[("HTTPS_PROXY", url)]);
            let error = proxies.proxy_for(UriScheme::Https, "h").unwrap_err();
            let error = error.to_string();
            assert!(error.starts_with("HTTPS_PROXY "), "{error}");
            assert!(!error.contains("pw"), "{error}");
            let error = Proxies::all(url, "").unwrap_err().to_string();
            assert!(error.starts_with("proxies "), "{error}");
        }
    }

    #[test]
    fn a_variable_that_is_not_needed_stops_nothing() {
        use UriScheme::{Http, Https};
        let desktop = [
            ("http_proxy", "http://127.0.0.1:7897/"),
            ("https_proxy", "http://127.0.0.1:7897/"),
            ("all_proxy", "ftp://127.0.0.1:7897/"),
        ];
        let proxies = from(&desktop);
        for scheme in [Http, Https] {
            assert_eq!(
                shown(&proxies, scheme, "h").as_deref(),
                Some("127.0.0.1:7897")
            );
        }
        let proxies = from(&[("HTTPS_PROXY", "ftp://x"), ("NO_PROXY", "direct.test")]);
        assert_eq!(shown(&proxies, Http, "h"), None);
        assert_eq!(shown(&proxies, Https, "localhost:8080"), None);
        assert_eq!(shown(&proxies, Https, "direct.test"), None);
        assert!(proxies.proxy_for(Https, "h").is_err());
        let proxies = from(&[("HTTP_PROXY", "socks4://h")]);
        assert_eq!(shown(&proxies, Https, "h"), None);
        assert!(proxies.proxy_for(Http, "h").is_err());
        let proxies = from(&[("ALL_PROXY", "ftp://x"), ("HTTPS_PROXY", "p:1")]);
        assert_eq!(shown(&proxies, Https, "h").as_deref(), Some("p:1"));
        let error = proxies.proxy_for(Http, "h").unwrap_err().to_string();
        assert!(error.starts_with("ALL_PROXY "), "{error}");
    }
}
