//! Which proxy an endpoint is reached through.
//!
//! One matcher for both drivers, so that `NO_PROXY` means the same in both. Requests go through a
//! tunnel (`CONNECT`, or SOCKS5), so that a proxy sees the host and nothing else.

use core::fmt;
use core::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloudauth_proto::{Secret, UriScheme};
use percent_encoding::percent_decode_str;

use crate::options::OptionsError;

/// How a proxy is asked for a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "both drivers can do these")]
pub enum ProxyProtocol {
    /// `CONNECT`, in the clear: `http://`, port 80.
    Http,
    /// `CONNECT`, over TLS to the proxy: `https://`, port 443.
    Https,
    /// SOCKS5, in the clear: `socks5://` or `socks5h://`, port 1080.
    Socks5,
}

/// A proxy. Whatever its protocol, it is told the endpoint's name and resolves that itself.
///
/// `Debug` shows its address, not its user or password.
#[derive(Clone)]
pub struct Proxy {
    protocol: ProxyProtocol,
    host: String,
    port: u16,
    user: Option<(Secret, Secret)>,
}

impl Proxy {
    /// Reads `scheme://[user[:password]@]host[:port]`; user and password may be percent-encoded.
    ///
    /// Without a scheme it is `http`. `option` names the option or variable in the error.
    fn parse(url: &str, option: &'static str) -> Result<Self, OptionsError> {
        let bad = |problem| OptionsError::new(option, problem);
        let (protocol, rest) = match url.split_once("://") {
            Some(("http", rest)) => (ProxyProtocol::Http, rest),
            Some(("https", rest)) => (ProxyProtocol::Https, rest),
            Some(("socks5" | "socks5h", rest)) => (ProxyProtocol::Socks5, rest),
            Some(_) => return Err(bad("must begin with http://, https:// or socks5://")),
            None => (ProxyProtocol::Http, url),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, authority) = match rest.rsplit_once('@') {
            Some((user, authority)) => (Some(user), authority),
            None => (None, rest),
        };
        let user = match user.map(|user| user.split_once(':').unwrap_or((user, ""))) {
            Some((user, password)) => {
                let decode = |text| {
                    let text = percent_decode_str(text).decode_utf8();
                    text.map_err(|_| bad("has a user or password that is not text"))
                };
                let (user, password) = (decode(user)?, decode(password)?);
                if protocol == ProxyProtocol::Socks5 && user.len().max(password.len()) > 255 {
                    return Err(bad("has a user or password too long for SOCKS5"));
                }
                Some((Secret::new(user), Secret::new(password)))
            }
            None => None,
        };
        // The rules for the host of an endpoint are right for a proxy's, too.
        cloudauth_proto::Endpoint::plain_http(authority)
            .map_err(|_| bad("has no host, or one that is not a host name or IP address"))?;
        let (host, port) = split_port(authority);
        let usual = match protocol {
            ProxyProtocol::Http => 80,
            ProxyProtocol::Https => 443,
            ProxyProtocol::Socks5 => 1_080,
        };
        Ok(Self {
            protocol,
            host: host.to_ascii_lowercase(),
            port: port.unwrap_or(usual),
            user,
        })
    }

    /// How it is asked for a tunnel.
    #[must_use]
    pub fn protocol(&self) -> ProxyProtocol {
        self.protocol
    }

    /// The proxy's host, an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The proxy's port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// User and password.
    #[must_use]
    pub fn user(&self) -> Option<(&Secret, &Secret)> {
        self.user.as_ref().map(|(user, password)| (user, password))
    }

    /// User and password as the value of `Proxy-Authorization`.
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

/// The proxies of a client, and the hosts that are reached without.
///
/// A loopback host is always reached without one. So are the hosts of `NO_PROXY`: a list with
/// commas between, spaces around its entries ignored. `*` stands for all hosts, `example.com` and
/// `.example.com` both for that host and all below it, an IP address for itself. Letter case does
/// not matter; ports and networks (`10.0.0.0/8`) are not understood and match nothing.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    https: Option<Proxy>,
    http: Option<Proxy>,
    without: Vec<String>,
}

impl Proxies {
    /// No proxy, whatever the environment says.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// One proxy for all hosts but those in `no_proxy`, written as `NO_PROXY` is.
    ///
    /// `url` is `http://host:port`, `https://` if the proxy itself speaks TLS, or `socks5://`; before
    /// the host there may be `user:password@`, percent-encoded.
    pub fn all(url: &str, no_proxy: &str) -> Result<Self, OptionsError> {
        let proxy = Proxy::parse(url, "proxies")?;
        Ok(Self {
            https: Some(proxy.clone()),
            http: Some(proxy),
            without: entries(no_proxy),
        })
    }

    /// The proxies of `HTTPS_PROXY` and `HTTP_PROXY`, or else of `ALL_PROXY`, and `NO_PROXY`; the
    /// names in lower case are read first.
    ///
    /// Where `REQUEST_METHOD` is set, as in a CGI program, `HTTP_PROXY` is not read: there it can
    /// come from a header of whoever calls.
    pub fn from_vars(vars: impl Fn(&str) -> Option<String>) -> Result<Self, OptionsError> {
        let set = |name: &str| vars(name).filter(|value| !value.trim().is_empty());
        let read = |name: &'static str| {
            let lower = set(&name.to_ascii_lowercase());
            let upper = || {
                let forgeable = name == "HTTP_PROXY" && vars("REQUEST_METHOD").is_some();
                set(name).filter(|_| !forgeable)
            };
            let url = lower.or_else(upper);
            url.map(|url| Proxy::parse(url.trim(), name)).transpose()
        };
        let all = read("ALL_PROXY")?;
        let no_proxy = set("no_proxy").or_else(|| set("NO_PROXY"));
        Ok(Self {
            https: read("HTTPS_PROXY")?.or_else(|| all.clone()),
            http: read("HTTP_PROXY")?.or(all),
            without: no_proxy.as_deref().map(entries).unwrap_or_default(),
        })
    }

    /// The proxy to reach `authority` (a host, maybe with a port) through.
    #[must_use]
    pub fn proxy_for(&self, scheme: UriScheme, authority: &str) -> Option<&Proxy> {
        let proxy = match scheme {
            UriScheme::Https => self.https.as_ref(),
            UriScheme::Http => self.http.as_ref(),
        }?;
        let (host, _) = split_port(authority);
        let host = bare(host).to_ascii_lowercase();
        let is_loopback = host == "localhost"
            || host
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback());
        let is_without = self.without.iter().any(|entry| matches(entry, &host));
        (!is_loopback && !is_without).then_some(proxy)
    }
}

fn entries(no_proxy: &str) -> Vec<String> {
    let entries = no_proxy.split(',').map(str::trim);
    let entries = entries.filter(|entry| !entry.is_empty());
    entries.map(str::to_ascii_lowercase).collect()
}

fn matches(entry: &str, host: &str) -> bool {
    if entry == "*" {
        return true;
    }
    let name = bare(entry.trim_start_matches('.'));
    if let (Ok(entry), Ok(host)) = (name.parse::<IpAddr>(), host.parse::<IpAddr>()) {
        return entry == host;
    }
    let above = host.strip_suffix(name);
    !name.is_empty() && above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

fn bare(host: &str) -> &str {
    let inner = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    inner.unwrap_or(host)
}

fn split_port(authority: &str) -> (&str, Option<u16>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
        Some(_) | None => (authority, None),
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
    fn the_environment_says_which_proxy_serves_which_scheme() {
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
        ] {
            let proxies = from(vars).unwrap();
            assert_eq!(shown(&proxies, Https, "h").as_deref(), https, "{vars:?}");
            assert_eq!(shown(&proxies, Http, "h").as_deref(), http, "{vars:?}");
        }
    }

    #[test]
    fn no_proxy_and_loopback_are_reached_directly() {
        let list = " example.com, .Below.org ,10.0.0.1,[2001:db8::1],";
        let proxies = Proxies::all("http://p:3128", list).unwrap();
        for (host, direct) in [
            ("example.com", true),
            ("a.EXAMPLE.com:8443", true),
            ("notexample.com", false),
            ("example.com.evil.org", false),
            ("below.org", true),
            ("a.below.org", true),
            ("10.0.0.1:80", true),
            ("10.0.0.10", false),
            ("[2001:db8::1]:443", true),
            ("[2001:db8::2]", false),
            ("localhost", true),
            ("127.3.2.1:9", true),
            ("[::1]:9", true),
        ] {
            let proxy = proxies.proxy_for(UriScheme::Https, host);
            assert_eq!(proxy.is_none(), direct, "{host}");
        }
        let all = Proxies::all("p", "*").unwrap();
        assert!(all.proxy_for(UriScheme::Https, "example.com").is_none());
    }

    #[test]
    fn user_and_password_are_decoded_and_do_not_print() {
        let proxies = Proxies::all("http://us%40er:pa%3Ass@[::2]:8", "").unwrap();
        let proxy = proxies.proxy_for(UriScheme::Https, "h").unwrap();
        assert_eq!((proxy.host(), proxy.port()), ("[::2]", 8));
        let header = proxy.authorization().unwrap();
        assert_eq!(
            header.expose(),
            format!("Basic {}", STANDARD.encode("us@er:pa:ss"))
        );
        assert!(!format!("{proxies:?}").contains("ss"));
    }

    #[test]
    fn each_protocol_has_its_usual_port() {
        for (url, shown) in [
            ("h", "Proxy(Http h:80)"),
            ("http://h", "Proxy(Http h:80)"),
            ("https://h/", "Proxy(Https h:443)"),
            ("https://h:8", "Proxy(Https h:8)"),
            ("socks5://h", "Proxy(Socks5 h:1080)"),
            ("socks5h://u:p@h", "Proxy(Socks5 h:1080)"),
        ] {
            assert_eq!(format!("{:?}", Proxy::parse(url, "x").unwrap()), shown);
        }
        let long = "u".repeat(256);
        assert!(Proxy::parse(&format!("socks5://{long}@h"), "x").is_err());
        assert!(Proxy::parse(&format!("socks5://{}@h", &long[1..]), "x").is_ok());
        assert!(Proxy::parse(&format!("http://{long}@h"), "x").is_ok());
    }

    #[test]
    fn a_bad_proxy_is_refused_by_the_variable_s_name() {
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
