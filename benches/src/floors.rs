//! Floors: the hash work alone, which is a lower bound of signing time.
//!
//! The same bytes are hashed, and the state of the HMAC after the key is computed in advance.

use core::hint::black_box;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::calls::ACCESS_KEY_SECRET;

/// RPC 1.0: HMAC-SHA1 over the string to sign.
#[expect(clippy::unwrap_used, reason = "HMAC accepts keys of any length")]
pub fn rpc(string_to_sign: &str) -> impl FnMut() + '_ {
    let key = format!("{ACCESS_KEY_SECRET}&");
    let keyed = Hmac::<Sha1>::new_from_slice(key.as_bytes()).unwrap();
    move || {
        let mut mac = keyed.clone();
        mac.update(black_box(string_to_sign.as_bytes()));
        black_box(mac.finalize());
    }
}

/// ACS3: SHA-256 over the payload and the canonical request, HMAC-SHA256 over the string to sign.
#[expect(clippy::unwrap_used, reason = "HMAC accepts keys of any length")]
pub fn acs3<'a>(
    payload: &'a [u8],
    canonical: &'a str,
    string_to_sign: &'a str,
) -> impl FnMut() + 'a {
    let keyed = Hmac::<Sha256>::new_from_slice(ACCESS_KEY_SECRET.as_bytes()).unwrap();
    move || {
        black_box(Sha256::digest(black_box(payload)));
        black_box(Sha256::digest(black_box(canonical.as_bytes())));
        let mut mac = keyed.clone();
        mac.update(black_box(string_to_sign.as_bytes()));
        black_box(mac.finalize());
    }
}
