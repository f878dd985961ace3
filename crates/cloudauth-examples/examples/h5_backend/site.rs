//! The public URL of the site, and the cookie that binds every step to the browser that started.
//!
//! An application whose users log in needs no such cookie: its session takes the place of the visit.

use core::fmt::Write as _;

use hyper::HeaderMap;
use hyper::header::COOKIE;
use ring::hmac;

/// The site at one public URL.
pub(crate) struct Site {
    url: String,
    key: hmac::Key,
}

impl Site {
    /// The site at `https://host`, or `http://host` on a developer's machine; a slash at the end is
    /// ignored. `secret` signs the cookies. The error says what the URL must be, and does not show it.
    pub(crate) fn new(url: &str, secret: &[u8]) -> Result<Self, &'static str> {
        let url = url.trim().trim_end_matches('/');
        let (scheme, host) = url.split_once("://").unwrap_or_default();
        let scheme = scheme.to_ascii_lowercase();
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        if !matches!(&*scheme, "http" | "https") || host.is_empty() || !host.bytes().all(is_allowed)
        {
            return Err(
                "must be an http or https URL without a path, such as https://shop.example",
            );
        }
        // A derived key, so that what else the secret is used for is independent of it.
        let root = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let derived = hmac::sign(&root, b"h5 backend: visits");
        Ok(Self {
            url: format!("{scheme}://{host}"),
            key: hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()),
        })
    }

    /// The URL, without a slash at the end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn is_https(&self) -> bool {
        self.url.starts_with("https:")
    }

    /// With the prefix `__Host-` no other host, and no page over http, can set the cookie. Browsers
    /// accept it over https only.
    fn cookie_name(&self) -> &'static str {
        if self.is_https() {
            "__Host-visit"
        } else {
            "visit"
        }
    }

    /// The value of `Set-Cookie` for a new visit: its ID, letters and digits, and a hash under the key.
    pub(crate) fn set_cookie(&self, visit: &str) -> String {
        let hash = hex(hmac::sign(&self.key, visit.as_bytes()).as_ref());
        let secure = if self.is_https() { "; Secure" } else { "" };
        let name = self.cookie_name();
        format!("{name}={visit}.{hash}; HttpOnly; SameSite=Lax; Path=/{secure}")
    }

    /// The visit of a request: that of its one cookie of the right name, if this site has issued it.
    pub(crate) fn visit(&self, headers: &HeaderMap) -> Option<String> {
        let cookies = headers.get_all(COOKIE).into_iter();
        let values: Vec<_> = cookies
            .flat_map(|it| it.as_bytes().split(|byte| *byte == b';'))
            .filter_map(|it| str::from_utf8(it).ok()?.trim_start().split_once('='))
            .filter(|(name, _)| *name == self.cookie_name())
            .collect();
        // Two of one name: one of them is planted, and nothing tells which.
        let [(_, value)] = values.as_slice() else {
            return None;
        };
        let (visit, hash) = value.split_once('.')?;
        hmac::verify(&self.key, visit.as_bytes(), &from_hex(hash)?).ok()?;
        Some(visit.to_owned())
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}"); // writing to a string cannot fail
    }
    text
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let byte = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
        _ => None,
    };
    text.as_bytes().chunks(2).map(byte).collect()
}
