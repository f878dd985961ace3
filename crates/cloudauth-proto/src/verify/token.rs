//! Tokens for callbacks that need no storage.

use alloc::format;
use alloc::string::String;
use core::fmt;

use ctutils::CtEq;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::clock::UnixTime;
use crate::crypto::keyed;
use crate::encode::hex;
use crate::secret::Secret;
use crate::verify::{Callback, OuterOrderNo};

/// Key that creates and checks the tokens of callbacks. A token is valid for one order until it
/// expires, and need not be stored.
///
/// Set the token as `CallbackToken` when the verification is opened; see [`Callback`] for an example.
/// A valid token shows that the callback was sent by the service, or by somebody who has seen the
/// service's callback. The verdict in it is a hint all the same.
///
/// A token is 43 to 74 ASCII letters and digits, and what the order number has of `_` and `-`: 32 hexadecimal digits of a hash under the key
/// (HMAC-SHA256, its first 128 bits), 10 hexadecimal digits of the expiry time, and the order
/// number. It does not contain the `CertifyId`, which is unknown when the token is made: compare
/// that of the callback with the ID that was stored for the order.
///
/// `Debug` does not show the key.
#[derive(Clone)]
pub struct CallbackKey(Zeroizing<[u8; 32]>);

impl CallbackKey {
    /// Creates a key from at least 32 random bytes that are used for nothing else, the same on all
    /// machines that receive callbacks. Fails if there are fewer.
    pub fn new(key: &[u8]) -> Result<Self, InvalidCallbackKey> {
        if key.len() < 32 {
            return Err(InvalidCallbackKey);
        }
        // Derived, so that bytes that are used elsewhere all the same give other hashes here.
        let mut mac = keyed::<Hmac<Sha256>>(key);
        mac.update(b"cloudauth-rs callback token");
        Ok(Self(Zeroizing::new(mac.finalize().into_bytes().into())))
    }

    /// Creates the token for an order, to be sent as `CallbackToken`.
    ///
    /// A verification is valid for [30 minutes](crate::certify_id::CertifyId::LIFETIME), and its
    /// callback may arrive a little later: an hour is a good validity.
    #[must_use]
    pub fn token(&self, order: &OuterOrderNo, expires: UnixTime) -> Secret {
        let end = format!("{:010x}", expires.seconds().min(LATEST));
        Secret::new([&self.hash(&end, order), &end, order.as_str()].concat())
    }

    /// Checks the token of a callback and returns the order that it was made for. The comparison
    /// takes constant time.
    ///
    /// # Errors
    ///
    /// [`TokenError`] if the token is missing, was not made with this key, or has expired at `now`.
    pub fn check(&self, callback: &Callback, now: UnixTime) -> Result<OuterOrderNo, TokenError> {
        let token = callback.token().ok_or(TokenError::Missing)?.expose();
        let (Some(hash), Some(end), Some(order)) = (
            token.get(..HASH),
            token.get(HASH..ORDER),
            token.get(ORDER..),
        ) else {
            return Err(TokenError::Forged);
        };
        let order = OuterOrderNo::new(order).map_err(|_| TokenError::Forged)?;
        let is_ours: bool = self
            .hash(end, &order)
            .as_bytes()
            .ct_eq(hash.as_bytes())
            .into();
        if !is_ours {
            return Err(TokenError::Forged);
        }
        match u64::from_str_radix(end, 16) {
            Ok(end) if now.seconds() < end => Ok(order),
            Ok(_) => Err(TokenError::Expired(order)),
            Err(_) => Err(TokenError::Forged),
        }
    }

    /// `end` always has the same length, so that two different pairs give two different messages.
    fn hash(&self, end: &str, order: &OuterOrderNo) -> String {
        let mut mac = keyed::<Hmac<Sha256>>(&*self.0);
        mac.update(end.as_bytes());
        mac.update(order.as_str().as_bytes());
        let digits = hex::digits(&mac.finalize().into_bytes().into());
        hex::text(&digits[..HASH]).into()
    }
}

/// Number of digits of the hash.
const HASH: usize = 32;
/// Index of the order number.
const ORDER: usize = HASH + 10;
/// Largest time in ten digits: thousands of years.
const LATEST: u64 = (1 << 40) - 1;

impl fmt::Debug for CallbackKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallbackKey([redacted])")
    }
}

/// Error for a key that is shorter than 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidCallbackKey;

impl fmt::Display for InvalidCallbackKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a callback key needs at least 32 bytes")
    }
}

impl core::error::Error for InvalidCallbackKey {}

/// Error for a callback without a valid token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// The callback has no token.
    Missing,
    /// The token was not made with this key.
    Forged,
    /// The token was made for this order, and has expired.
    Expired(OuterOrderNo),
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("the callback has no token"),
            Self::Forged => f.write_str("the token of the callback was not made with this key"),
            Self::Expired(order) => write!(f, "the token of the callback for {order} has expired"),
        }
    }
}

impl core::error::Error for TokenError {}
