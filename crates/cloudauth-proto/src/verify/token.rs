//! A token for each order, without a place to keep it.

use alloc::format;
use alloc::string::String;
use core::fmt;

use ctutils::CtEq;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::clock::UnixTime;
use crate::secret::Secret;
use crate::sign::keyed;
use crate::verify::{Notice, OuterOrderNo};
use crate::wire::hex;

/// Makes and checks the tokens of callbacks: each is good for one order until it expires, and
/// nothing has to be kept for it.
///
/// A token is 43 to 74 lower-case letters and digits, and the order's own: a hash under the key
/// (HMAC-SHA256, its first 128 bits), the time of its end, the order's number. It says that the
/// callback comes from the service, or from who has read the service's callback; what it says of
/// the verdict is still a hint. It does not hold the `CertifyId`, which is not known when the
/// token is made: compare that with the one that the order got.
///
/// `Debug` does not show the key.
#[derive(Clone)]
pub struct CallbackKey(Zeroizing<[u8; 32]>);

impl CallbackKey {
    /// With a key of at least 32 bytes, random, and used for nothing else.
    pub fn new(key: &[u8]) -> Result<Self, BadKey> {
        if key.len() < 32 {
            return Err(BadKey);
        }
        // So that a key that is used elsewhere after all makes other hashes here.
        let mut mac = keyed::<Hmac<Sha256>>(key);
        mac.update(b"cloudauth-rs callback token");
        Ok(Self(Zeroizing::new(mac.finalize().into_bytes().into())))
    }

    /// The token for this order, to be sent as `CallbackToken`. A verification lives
    /// [30 minutes](crate::ops::CertifyId::LIFETIME), and callbacks may come a little later.
    #[must_use]
    pub fn token(&self, order: &OuterOrderNo, expires: UnixTime) -> Secret {
        let end = format!("{:010x}", expires.seconds().min(LATEST));
        Secret::new([&self.hash(&end, order), &end, order.as_str()].concat())
    }

    /// The order that a callback's token was made for.
    ///
    /// How long that takes does not depend on where a wrong token begins to be wrong.
    pub fn check(&self, notice: &Notice, now: UnixTime) -> Result<OuterOrderNo, TokenError> {
        let token = notice.token().ok_or(TokenError::Missing)?.expose();
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

    /// The end has always the same length, so no two pairs make the same text.
    fn hash(&self, end: &str, order: &OuterOrderNo) -> String {
        let mut mac = keyed::<Hmac<Sha256>>(&*self.0);
        mac.update(end.as_bytes());
        mac.update(order.as_str().as_bytes());
        let hash = mac.finalize().into_bytes();
        let mut text = String::with_capacity(HASH);
        hex::write(&mut text, &hash[..HASH / 2]);
        text
    }
}

/// Digits of the hash.
const HASH: usize = 32;
/// Where the order begins.
const ORDER: usize = HASH + 10;
/// What ten digits hold: thousands of years.
const LATEST: u64 = (1 << 40) - 1;

impl fmt::Debug for CallbackKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallbackKey([redacted])")
    }
}

/// A key that is shorter than 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadKey;

impl fmt::Display for BadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a callback key needs at least 32 bytes")
    }
}

impl core::error::Error for BadKey {}

/// A callback that does not carry a good token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// It carries none.
    Missing,
    /// It carries one that was not made with this key.
    Forged,
    /// It carries one that was made for this order, and is over.
    Expired(OuterOrderNo),
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("the callback has no token"),
            Self::Forged => f.write_str("the callback has a token of somebody else's"),
            Self::Expired(order) => write!(f, "the callback for {order} came too late"),
        }
    }
}

impl core::error::Error for TokenError {}
