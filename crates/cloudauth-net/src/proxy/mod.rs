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
/// list of entries, with spaces around them ignored. `*` matches every host; `example.com` and
/// `.example.com` match that host and its subdomains; an IP address matches itself. Letter case is
/// ignored. Entries with a port and networks (`10.0.0.0/8`) are not supported and match nothing.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    https: Option<Proxy>,
    http: Option<Proxy>,
    no_proxy: NoProxy,
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
        Ok(Self {
            https: Some(proxy.clone()),
            http: Some(proxy),
            no_proxy: NoProxy::parse(no_proxy),
        })
    }

    /// The proxies of `HTTPS_PROXY` and `HTTP_PROXY`, each with `ALL_PROXY` as its default, except for
    /// the hosts in `NO_PROXY`. Lower-case names take precedence.
    ///
    /// If `REQUEST_METHOD` is set, as in a CGI program, `HTTP_PROXY` is ignored: there, a client could
    /// set it with a `Proxy` request header.
    pub fn from_vars(vars: impl Fn(&str) -> Option<String>) -> Result<Self, OptionsError> {
        let set = |name: &str| vars(name).filter(|value| !value.trim().is_empty());
        let read = |name: &'static str| {
            let lower = set(&name.to_ascii_lowercase());
            let upper = || {
                let is_forgeable = name == "HTTP_PROXY" && vars("REQUEST_METHOD").is_some();
                set(name).filter(|_| !is_forgeable)
            };
            let url = lower.or_else(upper);
            url.map(|url| Proxy::parse(url.trim(), name)).transpose()
        };
        let all = read("ALL_PROXY")?;
        let no_proxy = set("no_proxy").or_else(|| set("NO_PROXY"));
        Ok(Self {
            https: read("HTTPS_PROXY")?.or_else(|| all.clone()),
            http: read("HTTP_PROXY")?.or(all),
            no_proxy: NoProxy::parse(no_proxy.as_deref().unwrap_or_default()),
        })
    }

    /// The proxy for an endpoint, or `None` if it is reached directly. `authority` is a host with an
    /// optional port.
    #[must_use]
    pub fn proxy_for(&self, scheme: UriScheme, authority: &str) -> Option<&Proxy> {
        let proxy = match scheme {
            UriScheme::Https => self.https.as_ref(),
            UriScheme::Http => self.http.as_ref(),
        }?;
        let (host, _) = split_port(authority);
        (!self.no_proxy.is_direct(host)).then_some(proxy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Result<Proxies, OptionsError> {
        Proxies::from_vars(|name| {
            let found = pairs.iter().find(|(have, _)| *have == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn shown(proxies: &Proxies, scheme: UriScheme, host: &str) -> Option<String> {
        let proxy = proxies.proxy_for(scheme, host);
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
            let proxies = from(vars).unwrap();
            assert_eq!(shown(&proxies, Https, "h").as_deref(), https, "{vars:?}");
            assert_eq!(shown(&proxies, Http, "h").as_deref(), http, "{vars:?}");
        }
    }

    #[test]
    fn an_invalid_proxy_is_an_error_that_names_its_option_or_variable() {
        for url in [
            "socks4://h:1",
            "HTTPS://h:1",
            "http://",
            "http://h:0",
            "http://h:99999",
            "http://h/path",
            "http://a b",
            "http://user:pw@",
        ] {
            let error = from(&[("HTTPS_PROXY", url)]).unwrap_err().to_string();
            assert!(error.starts_with("HTTPS_PROXY "), "{error}");
            assert!(!error.contains("pw"), "{error}");
            let error = Proxies::all(url, "").unwrap_err().to_string();
            assert!(error.starts_with("proxies "), "{error}");
        }
    }
}
