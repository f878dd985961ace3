//! Signatures: they turn parameters, credentials, a time stamp and a nonce into a [`Request`].
//!
//! [`Call`](crate::Call) signs by itself; this module is for programs that send requests in another way.
//! Signing cannot fail, since the types of its inputs admit valid values only. It works for every product
//! of Alibaba Cloud whose API is in the RPC style:
//!
//! ```
//! use cloudauth_proto::sign::{Draft, Stamp};
//! use cloudauth_proto::{Credentials, Endpoint, Scheme, UnixTime};
//! use cloudauth_proto::driver::Method;
//! use cloudauth_proto::operation::{ParamLocation, Params};
//! use cloudauth_proto::sign::Nonce;
//!
//! let endpoint: Endpoint = "ecs.cn-shanghai.aliyuncs.com".parse()?;
//! let mut params = Params::new();
//! params.push("RegionId", "cn-shanghai", ParamLocation::Query);
//! let draft = Draft::new(Method::Post, "DescribeRegions", "2014-05-26", &endpoint, &params)?;
//!
//! let credentials = Credentials::access_key("testid", "testsecret")?;
//! let stamp = Stamp {
//!     at: UnixTime::from_seconds(1_698_315_752), // the current time
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
mod anonymous;
mod draft;
mod mismatch;
mod rpc;

pub(crate) use anonymous::anonymous;
use draft::Identity;
pub(crate) use draft::check_names;
pub use draft::{Draft, Explanation, Retry, Stamp};
pub use mismatch::Mismatch;
use sha2::Sha256;

use crate::credentials::{Credentials, SigningKey};
pub use crate::entropy::Nonce;
use crate::http::Request;
use crate::secret::Secret;
use crate::text_enum::text_enum;

/// The signature scheme, which also determines where a request carries its parameters.
///
/// A session uses ACS3-HMAC-SHA256 unless [`Session::scheme`](crate::Session::scheme) sets another one.
/// Use RPC 1.0 where URLs are logged behind TLS, for example by a proxy that terminates it.
///
/// | scheme | signature | parameters of POST and PUT | parameters of GET |
/// |---|---|---|---|
/// | `Acs3HmacSha256`, `Acs3HmacSm3` | header `authorization` | query or form, by [`ParamLocation`](crate::operation::ParamLocation) | query |
/// | `RpcHmacSha1` | parameter `Signature` | form | query |
///
/// # Where personal data is in a request
///
/// | scheme | name, ID number and `MetaInfo` |
/// |---|---|
/// | `Acs3HmacSha256` (default, as in the vendor's SDKs), `Acs3HmacSm3` | **in the query of the URL** |
/// | `RpcHmacSha1` (deprecated by the vendor) | in the form body; no parameter is in the URL |
///
/// TLS protects all of it in transit. The difference is who can read it after TLS ends: for example, a gateway
/// that logs URLs. The clients log none of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// ACS3-HMAC-SHA256, the vendor's "V3", which its SDKs use for this service.
    ///
    /// Requests carry parameters where those of the vendor's SDKs do: for InitFaceVerify, **the name and
    /// the ID number are in the query of the URL**. TLS hides the URL in transit, but it appears in logs of
    /// URLs behind TLS.
    #[default]
    Acs3HmacSha256,
    /// RPC 1.0 with HMAC-SHA1, the vendor's "V2", which its documentation calls deprecated.
    ///
    /// The form body carries all parameters, so that no name and no ID number is ever in a URL.
    RpcHmacSha1,
    /// ACS3-HMAC-SM3: like ACS3-HMAC-SHA256, with the Chinese hash SM3 (GB/T 32905).
    #[cfg(feature = "sm3")]
    Acs3HmacSm3,
}

text_enum!(Scheme, "signature scheme", {
    Acs3HmacSha256 => "ACS3-HMAC-SHA256",
    RpcHmacSha1 => "HMAC-SHA1",
    #[cfg(feature = "sm3")]
    Acs3HmacSm3 => "ACS3-HMAC-SM3",
});

impl Scheme {
    /// Signs a draft, and returns the complete request.
    ///
    /// With a bearer token nothing is signed. The request is then as the vendor's SDKs send it
    /// (recorded): in the form of an ACS3 request, whatever the scheme.
    #[must_use]
    pub fn sign(self, draft: &Draft<'_>, credentials: &Credentials, stamp: &Stamp) -> Request {
        let pair = match credentials.key() {
            SigningKey::Bearer(token) => return acs3::bearer(draft, token, stamp),
            SigningKey::Pair(pair) => pair,
        };
        let identity = Identity {
            id: &pair.id,
            token: pair.token.as_ref().map(Secret::expose),
            provider: credentials.provider(),
        };
        match self {
            Self::Acs3HmacSha256 => acs3::sign::<Sha256>(draft, pair, identity, stamp),
            Self::RpcHmacSha1 => rpc::sign(draft, &pair.sha1, identity, stamp),
            #[cfg(feature = "sm3")]
            Self::Acs3HmacSm3 => acs3::sign::<sm3::Sm3>(draft, pair, identity, stamp),
        }
    }

    /// Returns the intermediate strings that [`sign`](Self::sign) computes. They are empty with a bearer
    /// token.
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

    /// Explains with `token` in place of the security token.
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
        let identity = Identity {
            id,
            token,
            provider: credentials.provider(),
        };
        match self {
            Self::Acs3HmacSha256 => acs3::explain::<Sha256>(draft, identity, stamp),
            Self::RpcHmacSha1 => rpc::explain(draft, identity, stamp),
            #[cfg(feature = "sm3")]
            Self::Acs3HmacSm3 => acs3::explain::<sm3::Sm3>(draft, identity, stamp),
        }
    }
}

/// Replaces a security token. Percent encoding does not change it.
const MASK: &str = "SECURITY-TOKEN";

#[cfg(test)]
mod known_answers;
