//! The target of an order's callback: its URL, and the host to connect to.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

use super::{CallbackKind, NotSentReason};
use crate::http::percent::{self, header_safe};

/// A token that no order has.
const FORGED_TOKEN: &str = "forged";

/// `CallbackUrl` and `CallbackToken` of an order.
#[derive(Clone)]
pub(crate) struct CallbackTarget {
    pub(crate) url: String,
    pub(crate) token: Option<String>,
}

impl CallbackTarget {
    /// The URL of one callback. Order and letter case of the parameters are those of the documented
    /// example.
    pub(super) fn url(&self, certify_id: &str, kind: CallbackKind, passed: &str) -> String {
        let before = percent::extensible(&self.url);
        let token = match (kind, &self.token) {
            (CallbackKind::Forged, _) => Some(FORGED_TOKEN),
            (CallbackKind::Genuine | CallbackKind::Repeated, token) => token.as_deref(),
        };
        let token = token.map_or_else(String::new, |token| {
            format!("callbackToken={}&", percent::encode(token))
        });
        let id = percent::encode(certify_id);
        header_safe(&format!("{before}{token}certifyId={id}&passed={passed}"))
    }
}

/// Whether an order may have this callback URL: https (documented), or http to this machine (our
/// choice, for tests).
pub(crate) fn is_allowed_callback_url(url: &str) -> bool {
    url.starts_with("https://")
        || url
            .strip_prefix("http://")
            .is_some_and(|rest| is_loopback(host_and_port(rest).0))
}

/// The hosts that the service cannot reach: only these, since no name is looked up.
#[derive(Default)]
pub(crate) struct UnreachableHosts(BTreeSet<String>);

impl UnreachableHosts {
    pub(crate) fn add(&mut self, host: &str) {
        self.0.insert(host.to_ascii_lowercase());
    }

    /// Whether the host of a callback URL is one of them.
    pub(crate) fn contain(&self, url: &str) -> bool {
        let (_, rest) = url.split_once("://").unwrap_or_default();
        self.0.contains(&host_and_port(rest).0.to_ascii_lowercase())
    }
}

/// The host in a URL without its scheme, and the port with its colon, if there is one.
fn host_and_port(rest: &str) -> (&str, &str) {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host_port = authority.rsplit('@').next().unwrap_or_default();
    if let Some(bracketed) = host_port.strip_prefix('[') {
        return bracketed.split_once(']').unwrap_or_default();
    }
    host_port.split_at(host_port.find(':').unwrap_or(host_port.len()))
}

/// Whether a host is a name or an address of the loopback interface.
fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The origin to connect to for a URL.
pub(super) fn connection_origin(
    url: &str,
    routes: &BTreeMap<String, String>,
    routes_only: bool,
) -> Result<String, NotSentReason> {
    let (scheme, rest) = url.split_once("://").ok_or(NotSentReason::Malformed)?;
    let (host, port) = host_and_port(rest);
    if let Some(route) = routes.get(&host.to_ascii_lowercase()) {
        return Ok(route.clone());
    }
    if host.is_empty() {
        return Err(NotSentReason::Malformed);
    }
    if !is_loopback(host) {
        return Err(NotSentReason::OtherMachine);
    }
    if routes_only {
        return Err(NotSentReason::Exposed);
    }
    // Put together again, so that no other parser finds another host in it.
    Ok(if host.contains(':') {
        format!("{scheme}://[{host}]{port}")
    } else {
        format!("{scheme}://{host}{port}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(callback_url: &str, token: Option<&str>) -> String {
        let target = CallbackTarget {
            url: callback_url.to_owned(),
            token: token.map(str::to_owned),
        };
        target.url("sha1", CallbackKind::Genuine, "200")
    }

    #[test]
    fn a_callback_url_has_the_form_of_the_documented_example() {
        let expected = "https://www.aliyun.com?callbackToken=1000004826&certifyId=sha1&passed=200";
        assert_eq!(url("https://www.aliyun.com", Some("1000004826")), expected);
    }

    #[test]
    fn query_and_path_of_the_order_s_url_are_kept_and_its_fragment_is_not() {
        for (callback_url, expected) in [
            (
                "https://a/?x=1#y",
                "https://a/?x=1&certifyId=sha1&passed=200",
            ),
            ("https://a/?", "https://a/?certifyId=sha1&passed=200"),
            ("https://a/?x&", "https://a/?x&certifyId=sha1&passed=200"),
            (
                "https://a/\r\nx: y",
                "https://a/%0D%0Ax:%20y?certifyId=sha1&passed=200",
            ),
        ] {
            assert_eq!(url(callback_url, None), expected);
        }
        let token = url("https://a", Some("a&passed=204 张"));
        let expected =
            "https://a?callbackToken=a%26passed%3D204%20%E5%BC%A0&certifyId=sha1&passed=200";
        assert_eq!(token, expected);
    }

    #[test]
    fn http_is_allowed_to_this_machine_only() {
        for url in [
            "https://shop.example/called",
            "http://127.0.0.1:8080/called",
            "http://localhost",
            "http://LOCALHOST?a",
            "http://[::1]:80/",
            "http://user@127.1.2.3/",
        ] {
            assert!(is_allowed_callback_url(url), "{url}");
        }
        for url in [
            "",
            "shop.example",
            "http://",
            "http://shop.example",
            "http://127.0.0.1.shop.example/",
            "http://127.0.0.1@shop.example/",
            "http://shop.example/@127.0.0.1",
            "http://localhost.shop.example",
            "ftp://127.0.0.1",
        ] {
            assert!(!is_allowed_callback_url(url), "{url}");
        }
    }

    #[test]
    fn a_route_applies_to_one_host() {
        let routes = BTreeMap::from([("shop.example".to_owned(), "http://127.0.0.1:3".to_owned())]);
        let origin = |url: &str| connection_origin(url, &routes, false);
        let ok = |origin: &str| Ok(origin.to_owned());
        let other_machine = Err(NotSentReason::OtherMachine);
        assert_eq!(
            origin("https://Shop.example:444/a?b"),
            ok("http://127.0.0.1:3")
        );
        assert_eq!(origin("https://shop.example.org/"), other_machine);
        assert_eq!(origin("https:///a"), Err(NotSentReason::Malformed));
        assert_eq!(origin("https://a@b:c@127.0.0.1/d"), ok("https://127.0.0.1"));
        assert_eq!(
            origin("https://127.0.0.1:1@shop.example.org/"),
            other_machine
        );
        assert_eq!(
            origin("https://shop.example.org\\@127.0.0.1/"),
            ok("https://127.0.0.1")
        );
        assert_eq!(origin("https://[::1]:444?a"), ok("https://[::1]:444"));
    }
}
