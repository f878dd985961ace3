//! Hashes of cookies and of people, so that the store holds neither.

use ring::{digest, hmac};

use super::site::hex;

/// Hashes people with a key derived from the backend's secret.
pub(crate) struct PersonHasher(hmac::Key);

impl PersonHasher {
    pub(crate) fn new(secret: &[u8]) -> Self {
        // A derived key, so that the secret's other use, callback tokens, is independent of it.
        let root = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let derived = hmac::sign(&root, b"h5 backend: people");
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    /// The same person has the same hash.
    pub(crate) fn hash(&self, name: &str, number: &str) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(number.to_ascii_uppercase().as_bytes());
        context.update(b"\0");
        context.update(name.as_bytes());
        hex(context.sign().as_ref())
    }
}

/// Hashes a cookie. Cookies are random and long, so no key is needed.
pub(crate) fn visit(cookie: &str) -> String {
    hex(digest::digest(&digest::SHA256, cookie.as_bytes()).as_ref())
}
