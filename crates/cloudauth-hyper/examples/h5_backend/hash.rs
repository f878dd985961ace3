//! Hashes: of cookies, and of people under a key, so that the ledger holds neither.

use core::fmt::Write as _;

use ring::{digest, hmac};

/// The backend's secret: makes callback tokens and hashes of people.
pub(crate) struct Key(hmac::Key);

impl Key {
    pub(crate) fn new(secret: &[u8]) -> Self {
        // So that it makes other hashes than other users of the same secret.
        let root = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let derived = hmac::sign(&root, b"h5 backend: people");
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    /// The same person makes the same hash.
    pub(crate) fn person(&self, name: &str, number: &str) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(number.to_ascii_uppercase().as_bytes());
        context.update(b"\0");
        context.update(name.as_bytes());
        hex(context.sign().as_ref())
    }
}

/// A cookie is random and long, so this needs no key.
pub(crate) fn visit(cookie: &str) -> String {
    hex(digest::digest(&digest::SHA256, cookie.as_bytes()).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}"); // a text takes it all
    }
    text
}
