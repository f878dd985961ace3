//! Where callbacks go.

use std::collections::BTreeMap;

use super::{CallbackKind, NotSent};
use crate::percent::{self, header_safe};

/// A token that belongs to nobody.
const FORGED_TOKEN: &str = "forged";

/// Where an order wants to be called back.
#[derive(Clone)]
pub(crate) struct Callee {
    pub(crate) url: String,
    pub(crate) token: Option<String>,
}

impl Callee {
    /// The URL of one callback. Order and letter case of the names are those of the documented example.
    pub(super) fn url_of(&self, certify_id: &str, kind: CallbackKind, passed: &str) -> String {
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

/// Whether an order may name this address: https (documented), or http to this machine (ours, for tests).
pub(crate) fn is_callable(url: &str) -> bool {
    url.starts_with("https://")
        || url
            .strip_prefix("http://")
            .is_some_and(|rest| is_this_machine(host_and_port(rest).0))
}

/// The host in what follows `https://`, and the port with its colon, if there is one.
fn host_and_port(rest: &str) -> (&str, &str) {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = authority.rsplit('@').next().unwrap_or_default();
    if let Some(bracketed) = place.strip_prefix('[') {
        return bracketed.split_once(']').unwrap_or_default();
    }
    place.split_at(place.find(':').unwrap_or(place.len()))
}

/// Whether a host is a name or an address of the loopback interface.
fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<core::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// What to connect to for a URL.
pub(super) fn origin(url: &str, routes: &BTreeMap<String, String>) -> Result<String, NotSent> {
    let (scheme, rest) = url.split_once("://").ok_or(NotSent::Malformed)?;
    let (host, port) = host_and_port(rest);
    if let Some(route) = routes.get(&host.to_ascii_lowercase()) {
        return Ok(route.clone());
    }
    if host.is_empty() {
        return Err(NotSent::Malformed);
    }
    if !is_this_machine(host) {
        return Err(NotSent::Elsewhere);
    }
    // Put together again, so that whoever reads it cannot find another host in it.
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
        let callee = Callee {
            url: callback_url.to_owned(),
            token: token.map(str::to_owned),
        };
        callee.url_of("sha1", CallbackKind::Genuine, "200")
    }

    #[test]
    fn a_callback_looks_like_the_documented_example() {
        let expected = "https://www.aliyun.com?callbackToken=1000004826&certifyId=sha1&passed=200";
        assert_eq!(url("https://www.aliyun.com", Some("1000004826")), expected);
    }

    #[test]
    fn what_the_url_has_already_stays_but_for_its_fragment() {
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
    fn only_this_machine_may_be_called_in_clear() {
        for url in [
            "https://shop.example/called",
            "http://127.0.0.1:8080/called",
            "http://localhost",
            "http://LOCALHOST?a",
            "http://[::1]:80/",
            "http://user@127.1.2.3/",
        ] {
            assert!(is_callable(url), "{url}");
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
            assert!(!is_callable(url), "{url}");
        }
    }

    #[test]
    fn a_route_is_for_one_host_only() {
        let routes = BTreeMap::from([("shop.example".to_owned(), "http://127.0.0.1:3".to_owned())]);
        let via = |url: &str| origin(url, &routes);
        let shop = Ok("http://127.0.0.1:3".to_owned());
        assert_eq!(via("https://Shop.example:444/a?b"), shop);
        assert_eq!(via("https://shop.example.org/"), Err(NotSent::Elsewhere));
        assert_eq!(via("https:///a"), Err(NotSent::Malformed));
        let own = Ok("https://[::1]:444".to_owned());
        assert_eq!(
            via("https://a@b:c@127.0.0.1/d"),
            Ok("https://127.0.0.1".to_owned())
        );
        assert_eq!(
            via("https://127.0.0.1:1@shop.example.org/"),
            Err(NotSent::Elsewhere)
        );
        assert_eq!(
            via("https://shop.example.org\\@127.0.0.1/"),
            Ok("https://127.0.0.1".to_owned())
        );
        assert_eq!(via("https://[::1]:444?a"), own);
    }
}
