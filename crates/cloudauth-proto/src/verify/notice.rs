//! The callback.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use ctutils::CtEq;
use percent_encoding::percent_decode_str;

use crate::codes::{self, Meaning};
use crate::ops::CertifyId;
use crate::secret::Secret;

/// What a callback says: that a verification is over. A hint to ask for its verdict, never the
/// verdict: whoever knows the URL can call it, and the service signs nothing (documented: it only
/// gives the token back).
///
/// The service calls `CallbackUrl` with GET and adds `certifyId`, `passed` and, if one was sent, the
/// token (documented). It calls only when the person has finished, passed or not, and calls again
/// when it is not answered with 200 within three seconds or so: answer 200 to all that can be read,
/// also to what comes again.
///
/// ```
/// use cloudauth_proto::verify::{CallbackKey, Notice, OuterOrderNo};
/// use cloudauth_proto::UnixTime;
///
/// let key = CallbackKey::new(&[7; 32])?; // of your own, random, the same on all your machines
/// let (opened, order) = (UnixTime::from_seconds(1_800_000_000), OuterOrderNo::new("order1")?);
/// let token = key.token(&order, UnixTime::from_seconds(1_800_003_600)); // into `callback_token`
///
/// let query = format!("callbackToken={}&certifyId=sha1&passed=200", token.expose());
/// let notice = Notice::parse(&query)?;
/// assert_eq!(key.check(&notice, opened), Ok(order));
/// assert_eq!(notice.certify_id().as_str(), "sha1"); // must be the one that this order got
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It does not stand for a [`Verified`](crate::verify::Verified):
///
/// ```compile_fail,E0308
/// use cloudauth_proto::verify::{Notice, Verified};
///
/// fn let_in(verified: &Verified) {}
///
/// let notice = Notice::parse("certifyId=sha1&passed=200").unwrap();
/// let_in(&notice);
/// ```
#[derive(Clone, Debug)]
pub struct Notice {
    certify_id: CertifyId,
    passed: Option<String>,
    token: Option<Secret>,
}

impl Notice {
    /// The longest query that is read, in bytes: many times what the service sends.
    pub const LONGEST_QUERY: usize = 16 << 10;

    /// Reads the query of a callback, as it came, without its `?`.
    ///
    /// Keys count in any letter case: the vendor's text and example differ. Other keys are the
    /// caller's own. A key may come twice if it says the same. `passed` may be `T` or `F`, `Y` or
    /// `N`, or a `SubCode`: the vendor's pages differ; `subCode` stands in if it is not there, as in
    /// the callbacks of `InitAuthVerify`.
    pub fn parse(query: &str) -> Result<Self, BadNotice> {
        if query.len() > Self::LONGEST_QUERY {
            return Err(BadNotice::TooLong);
        }
        let (mut certify_id, mut passed, mut sub_code, mut token) = (None, None, None, None);
        for pair in query.split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let key = decoded(key);
            let (place, key) = if key.eq_ignore_ascii_case("certifyId") {
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
            if place.as_ref().is_some_and(|before| *before != value) {
                return Err(BadNotice::Contradictory(key));
            }
            *place = Some(value);
        }
        let certify_id = certify_id.filter(|id| !id.is_empty());
        let certify_id = certify_id.ok_or(BadNotice::NoCertifyId)?;
        if certify_id.len() > 128 || !certify_id.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(BadNotice::NoCertifyId);
        }
        let is_word = |text: &Cow<'_, str>| {
            (1..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        Ok(Self {
            certify_id: CertifyId::new(certify_id),
            passed: passed.or(sub_code).filter(is_word).map(Cow::into_owned),
            token: token.filter(|it| !it.is_empty()).map(Secret::new),
        })
    }

    /// The verification that it is about. Its home is not told: put the one in that was kept.
    #[must_use]
    pub fn certify_id(&self) -> &CertifyId {
        &self.certify_id
    }

    /// What `passed` says, if that is a word.
    #[must_use]
    pub fn passed(&self) -> Option<&str> {
        self.passed.as_deref()
    }

    /// What it says of the reason, if it carries a `SubCode` that is in the tables.
    #[must_use]
    pub fn meaning(&self) -> Option<&'static Meaning> {
        self.passed().and_then(codes::sub_code)
    }

    /// Whether it carries this token. How long that takes does not depend on where a wrong token
    /// begins to be wrong.
    #[must_use]
    pub fn bears(&self, token: &Secret) -> bool {
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

/// A `+` stays: a token that holds one is compared as it was sent.
fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

/// A query that no callback of the service has. It is not quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadNotice {
    /// It is longer than [`Notice::LONGEST_QUERY`].
    TooLong,
    /// It names no verification, or one with characters that no name has.
    NoCertifyId,
    /// It has this key twice, with two values.
    Contradictory(&'static str),
}

impl fmt::Display for BadNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("the callback's query is too long"),
            Self::NoCertifyId => f.write_str("the callback has no certifyId"),
            Self::Contradictory(key) => write!(f, "the callback has two values of {key}"),
        }
    }
}

impl core::error::Error for BadNotice {}
