//! Callbacks of the service to `CallbackUrl`.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use ctutils::CtEq;
use percent_encoding::percent_decode_str;

use crate::certify_id::CertifyId;
use crate::codes::{self, Meaning};
use crate::secret::Secret;

/// A callback: the notification that a verification has finished.
///
/// A callback is a hint to query the verdict, never the verdict: whoever knows the URL can send one,
/// and the service does not sign it; it only sends the token back (documented).
///
/// The service calls `CallbackUrl` with GET and adds the parameters `certifyId`, `passed` and, if
/// the verification was opened with one, the token (documented). It does so only when the person has
/// finished, passed or not, and repeats it if the response is not HTTP 200 within about three
/// seconds. Respond with 200 to every callback that can be parsed, also to repeated ones.
///
/// 1. Parse the query with [`parse`](Self::parse).
/// 2. Check the token with [`CallbackKey::check`](crate::verify::CallbackKey::check), which returns
///    the order, or a token of your own with [`has_token`](Self::has_token).
/// 3. Compare [`certify_id`](Self::certify_id) with the ID that was stored for the order.
/// 4. Query the verdict, with [`PollVerdict::once`](crate::verify::PollVerdict::once).
///
/// ```
/// use cloudauth_proto::verify::{Callback, CallbackKey, OuterOrderNo};
/// use cloudauth_proto::UnixTime;
///
/// let key = CallbackKey::new(&[7; 32])?; // random, and the same on all machines of the caller
/// let (opened, order) = (UnixTime::from_seconds(1_800_000_000), OuterOrderNo::new("order1")?);
/// let token = key.token(&order, UnixTime::from_seconds(1_800_003_600)); // for `callback_token`
///
/// let query = format!("callbackToken={}&certifyId=sha1&passed=200", token.expose());
/// let callback = Callback::parse(&query)?;
/// assert_eq!(key.check(&callback, opened), Ok(order));
/// assert_eq!(callback.certify_id().as_str(), "sha1"); // to be compared with that of the order
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It cannot take the place of a [`Verified`](crate::verify::Verified):
///
/// ```compile_fail,E0308
/// use cloudauth_proto::verify::{Callback, Verified};
///
/// fn let_in(verified: &Verified) {}
///
/// let callback = Callback::parse("certifyId=sha1&passed=200").unwrap();
/// let_in(&callback);
/// ```
#[derive(Clone, Debug)]
pub struct Callback {
    certify_id: CertifyId,
    passed: Option<String>,
    token: Option<Secret>,
}

impl Callback {
    /// Largest length of a query in bytes: 16 KiB, many times that of the service.
    pub const LONGEST_QUERY: usize = 16 << 10;

    /// Parses the query of a callback: the raw query of the request, still percent-encoded, without
    /// its `?`.
    ///
    /// The letter case of keys does not matter, since the vendor's text and example differ. Unknown
    /// keys are ignored; they are the caller's own. A key without a value counts as missing. A key may
    /// occur twice with the same value. `passed` may be `T` or `F`, `Y` or `N`, or a `SubCode`, since the
    /// vendor's pages differ. If it is missing, `subCode` takes its place, as in the callbacks of
    /// `InitAuthVerify`. A value of either that is not 1 to 16 ASCII letters and digits is ignored.
    ///
    /// # Errors
    ///
    /// [`InvalidCallback`] if the query is too long, has no `certifyId` of 1 to 128 visible ASCII characters,
    /// or has two values for one key.
    pub fn parse(query: &str) -> Result<Self, InvalidCallback> {
        if query.len() > Self::LONGEST_QUERY {
            return Err(InvalidCallback::TooLong);
        }
        let (mut certify_id, mut passed, mut sub_code, mut token) = (None, None, None, None);
        for pair in query.split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let key = decoded(key);
            let (value_of_key, key) = if key.eq_ignore_ascii_case("certifyId") {
                (&mut certify_id, "certifyId")
            } else if key.eq_ignore_ascii_case("passed") {
                (&mut passed, "passed")
            } else if key.eq_ignore_ascii_case("subCode") {
                (&mut sub_code, "subCode")
            } else if key.eq_ignore_ascii_case("callbackToken") {
                (&mut token, "callbackToken")
            } else {
                continue;
            };
            let value = decoded(value);
            if value.is_empty() {
                continue;
            }
            if value_of_key.as_ref().is_some_and(|before| *before != value) {
                return Err(InvalidCallback::Contradictory(key));
            }
            *value_of_key = Some(value);
        }
        let certify_id = certify_id.ok_or(InvalidCallback::NoCertifyId)?;
        if certify_id.len() > 128 || !certify_id.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(InvalidCallback::NoCertifyId);
        }
        let is_code = |value: &Cow<'_, str>| {
            (1..=16).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        Ok(Self {
            certify_id: CertifyId::new(certify_id),
            passed: passed
                .filter(is_code)
                .or_else(|| sub_code.filter(is_code))
                .map(Cow::into_owned),
            token: token.map(Secret::new),
        })
    }

    /// Returns the ID of the verification, without an origin; use the origin that was stored with it.
    #[must_use]
    pub fn certify_id(&self) -> &CertifyId {
        &self.certify_id
    }

    /// Returns the value of `passed`, 1 to 16 ASCII letters and digits. It is not a verdict.
    #[must_use]
    pub fn passed(&self) -> Option<&str> {
        self.passed.as_deref()
    }

    /// Returns the meaning of `passed`, if it is a listed `SubCode`.
    #[must_use]
    pub fn meaning(&self) -> Option<&'static Meaning> {
        self.passed().and_then(codes::sub_code)
    }

    /// Whether the callback has this token. The comparison takes constant time for tokens of the same
    /// length.
    ///
    /// For tokens of the caller's own; those of a [`CallbackKey`](crate::verify::CallbackKey) are
    /// checked by [`check`](crate::verify::CallbackKey::check).
    #[must_use]
    pub fn has_token(&self, token: &Secret) -> bool {
        self.token.as_ref().is_some_and(|own| {
            own.expose()
                .as_bytes()
                .ct_eq(token.expose().as_bytes())
                .into()
        })
    }

    pub(super) fn token(&self) -> Option<&Secret> {
        self.token.as_ref()
    }
}

/// Decodes percent-encoding. A `+` is kept, since a token that contains one is compared as it was sent.
fn decoded(encoded: &str) -> Cow<'_, str> {
    percent_decode_str(encoded).decode_utf8_lossy()
}

/// Error for a query that is not one of a callback. It does not contain the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidCallback {
    /// The query is longer than [`Callback::LONGEST_QUERY`].
    TooLong,
    /// `certifyId` is missing, or is not 1 to 128 visible ASCII characters.
    NoCertifyId,
    /// The query has two values for this key.
    Contradictory(&'static str),
}

impl fmt::Display for InvalidCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("the query of the callback is longer than 16 KiB"),
            Self::NoCertifyId => f.write_str("the callback has no valid certifyId"),
            Self::Contradictory(key) => write!(f, "the callback has two values for {key}"),
        }
    }
}

impl core::error::Error for InvalidCallback {}
