//! Keys of message authentication codes.

/// A MAC under `key`, which may have any length.
pub(crate) fn keyed<M: hmac::KeyInit>(key: &[u8]) -> M {
    // HMAC takes keys of every length, so the error cannot happen; the type does not say so.
    match M::new_from_slice(key) {
        Ok(mac) => mac,
        Err(_) => unreachable!("HMAC takes keys of every length"),
    }
}
