//! Signatures: what makes a [`Request`] out of parameters, credentials, a time and a nonce.
//!
//! Signing cannot fail: its inputs are types that cannot be wrong. It works for every product of
//! Alibaba Cloud that is called in the RPC style:
//!
//! ```
//! use cloudauth_proto::sign::{Draft, Stamp};
//! use cloudauth_proto::{Credentials, Endpoint, Method, Nonce, Params, Place, Scheme, UnixTime};
//!
//! let endpoint: Endpoint = "ecs.cn-shanghai.aliyuncs.com".parse()?;
//! let mut params = Params::new();
//! params.push("RegionId", "cn-shanghai", Place::Query);
//! let draft = Draft::new(Method::Post, "DescribeRegions", "2014-05-26", &endpoint, &params)?;
//!
//! let credentials = Credentials::access_key("testid", "testsecret")?;
//! let stamp = Stamp {
//!     at: UnixTime::from_seconds(1_698_315_752), // of the system's clock
//!     nonce: Nonce::new("3156853299f313e23d1673dc12e1703d").ok_or("not a nonce")?, // a new one
//!     retry: None,
//! };
//! let request = Scheme::Acs3HmacSha256.sign(&draft, &credentials, &stamp);
//! assert_eq!(request.target, "/?RegionId=cn-shanghai");
//! let (_, authorization) = request.headers.iter().find(|(name, _)| *name == "authorization")
//!     .ok_or("not signed")?;
//! assert!(authorization.starts_with("ACS3-HMAC-SHA256 Credential=testid,SignedHeaders=host;"));
//!
//! let mut bytes = Vec::new();
//! request.write_http1(&mut bytes); // or `request.into_http(..)` with the feature `http`
//! assert!(bytes.starts_with(b"POST /?RegionId=cn-shanghai HTTP/1.1\r\nhost: ecs."));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod acs3;
mod mismatch;
mod rpc;

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use sha2::Sha256;

use crate::clock::UnixTime;
use crate::credentials::{Credentials, Key};
use crate::endpoint::Endpoint;
use crate::entropy::Nonce;
use crate::error::{Invalid, Problem};
use crate::secret::Secret;
use crate::wire::http::{Method, Request};
use crate::wire::params::Params;

pub use mismatch::Mismatch;

/// Which signature, and with it, where the parameters travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scheme {
    /// ACS3-HMAC-SHA256, the vendor's "V3", which its SDKs use for this service.
    ///
    /// Parameters travel as the vendor's SDKs send them: for InitFaceVerify, **the name and the ID
    /// number are in the query of the URL**. TLS hides it on the way, but whatever logs URLs behind
    /// TLS sees it.
    #[default]
    Acs3HmacSha256,
    /// RPC 1.0 with HMAC-SHA1, the vendor's "V2", which its documents call deprecated.
    ///
    /// All parameters travel in the form body, so that no name or number is ever in a URL.
    RpcHmacSha1,
    /// ACS3-HMAC-SM3: as ACS3-HMAC-SHA256, with the Chinese hash of GB/T 32905.
    #[cfg(feature = "sm3")]
    Acs3HmacSm3,
}

impl Scheme {
    /// The request that asks for `draft`, signed.
    ///
    /// With a bearer token nothing is signed, and the request is as the vendor's SDKs send it then
    /// (recorded): like an ACS3 request, whatever the scheme.
    #[must_use]
    pub fn sign(self, draft: &Draft<'_>, credentials: &Credentials, stamp: &Stamp) -> Request {
        let pair = match credentials.key() {
            Key::Bearer(token) => return acs3::bearer(draft, token, stamp),
            Key::Pair(pair) => pair,
        };
        let who = Who {
            id: &pair.id,
            token: pair.token.as_ref().map(Secret::expose),
            provider: credentials.provider(),
        };
        match self {
            Self::Acs3HmacSha256 => acs3::sign::<Sha256>(draft, pair, who, stamp),
            Self::RpcHmacSha1 => rpc::sign(draft, &pair.sha1, who, stamp),
            #[cfg(feature = "sm3")]
            Self::Acs3HmacSm3 => acs3::sign::<sm3::Sm3>(draft, pair, who, stamp),
        }
    }

    /// What [`sign`](Self::sign) computes on its way; nothing with a bearer token.
    #[must_use]
    pub fn explain(
        self,
        draft: &Draft<'_>,
        credentials: &Credentials,
        stamp: &Stamp,
    ) -> Explanation {
        let mask = credentials.security_token().map(|_| MASK);
        self.explain_with(draft, credentials, mask, stamp)
    }

    /// With this in the place of the security token.
    fn explain_with(
        self,
        draft: &Draft<'_>,
        credentials: &Credentials,
        token: Option<&str>,
        stamp: &Stamp,
    ) -> Explanation {
        let Some(id) = credentials.access_key_id() else {
            return Explanation::default();
        };
        let who = Who {
            id,
            token,
            provider: credentials.provider(),
        };
        match self {
            Self::Acs3HmacSha256 => acs3::explain::<Sha256>(draft, who, stamp),
            Self::RpcHmacSha1 => rpc::explain(draft, who, stamp),
            #[cfg(feature = "sm3")]
            Self::Acs3HmacSm3 => acs3::explain::<sm3::Sm3>(draft, who, stamp),
        }
    }
}

/// What a request says of whoever asks.
#[derive(Clone, Copy)]
struct Who<'a> {
    id: &'a str,
    token: Option<&'a str>,
    provider: &'static str,
}

/// What is asked, of whom.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    pub(crate) method: Method,
    pub(crate) action: &'a str,
    pub(crate) version: &'a str,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) params: &'a Params,
}

impl<'a> Draft<'a> {
    /// Asks `endpoint` to do `action` of the API `version` (a date), of any product that is called
    /// in this style.
    ///
    /// An action is letters and digits, a version digits and hyphens: anything else is refused,
    /// since both travel in headers.
    pub fn new(
        method: Method,
        action: &'a str,
        version: &'a str,
        endpoint: &'a Endpoint,
        params: &'a Params,
    ) -> Result<Self, Invalid> {
        let problems = check_names(action, version);
        if problems.is_empty() {
            Ok(Self {
                method,
                action,
                version,
                endpoint,
                params,
            })
        } else {
            let action = Cow::Borrowed("the draft");
            Err(Invalid { action, problems })
        }
    }
}

pub(crate) fn check_names(action: &str, version: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    if action.is_empty() || !action.bytes().all(|b| b.is_ascii_alphanumeric()) {
        problems.push(Problem::new("Action", "must be letters and digits"));
    }
    let is_version = |b: u8| b.is_ascii_digit() || b == b'-';
    if version.is_empty() || !version.bytes().all(is_version) {
        problems.push(Problem::new("Version", "must be digits and hyphens"));
    }
    problems
}

/// All that makes one signature differ from the next one for the same draft.
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the caller of the signing layer fills it in"
)]
pub struct Stamp {
    /// The time stamp; the service accepts 15 minutes either way (documented for ACS3).
    pub at: UnixTime,
    /// Accepted once.
    pub nonce: Nonce,
    /// What the service is told of attempts before this one, as the vendor's SDKs do (recorded).
    pub retry: Option<Retry>,
}

/// That a request is not the first of its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the caller of the signing layer fills it in"
)]
pub struct Retry {
    /// How many attempts there were before: `x-acs-retry-attempts`.
    pub attempts: usize,
    /// How long ago the last of them ended: `x-acs-retry-delay`, in milliseconds.
    pub delay: Duration,
}

impl Retry {
    fn headers(self) -> [Header; 2] {
        let delay = self.delay.as_millis();
        [
            ("x-acs-retry-attempts", self.attempts.to_string().into()),
            ("x-acs-retry-delay", delay.to_string().into()),
        ]
    }
}

/// The intermediate texts of a signature, to be compared with what the service says it computed.
///
/// They hold the parameters, and so the person, but no secret: a security token is masked.
/// `Debug` shows their sizes.
#[derive(Default)]
#[non_exhaustive]
pub struct Explanation {
    /// ACS3: the canonical request. RPC 1.0: the sorted parameters.
    pub canonical: String,
    /// What the key is applied to.
    pub string_to_sign: String,
}

impl fmt::Debug for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explanation")
            .field("canonical_bytes", &self.canonical.len())
            .field("string_to_sign_bytes", &self.string_to_sign.len())
            .finish()
    }
}

/// Text that was put together from encoded pieces.
pub(crate) fn text_of(pieces: Vec<u8>) -> String {
    // What is encoded is ASCII; the type does not say so.
    match String::from_utf8(pieces) {
        Ok(text) => text,
        Err(_) => unreachable!("encoded text is ASCII"),
    }
}

/// A MAC under `key`, which may have any length.
pub(crate) fn keyed<M: hmac::KeyInit>(key: &[u8]) -> M {
    // HMAC takes keys of every length, so the error cannot happen; the type does not say so.
    match M::new_from_slice(key) {
        Ok(mac) => mac,
        Err(_) => unreachable!("HMAC takes keys of every length"),
    }
}

/// Stands where a security token was; it is the same when it is encoded.
const MASK: &str = "SECURITY-TOKEN";

type Header = (&'static str, Cow<'static, str>);

const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const USER_AGENT: &str = concat!("cloudauth-rs/", env!("CARGO_PKG_VERSION"));

#[cfg(test)]
mod known_answers;
