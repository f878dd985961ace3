//! ACS3-HMAC-SHA256 and ACS3-HMAC-SM3.
//!
//! The vendor's V3 page documents them; the bytes are checked against recordings of its SDKs. `host`,
//! `content-type` and every `x-acs-*` header are signed, as by all of its SDKs but the Python one: a proxy
//! may then change all other headers.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use hmac::{Hmac, Mac};
use sha2::digest::consts::U32;
use sha2::{Digest, Sha256};

use super::draft::{Draft, Explanation, Identity, Retry, Stamp};
use crate::credentials::AccessKeyPair;
use crate::encode::{BlockBuffer, Buffer, Pair, Sink, copy, hex, text_of};
use crate::http::{Body, FORM, Header, JSON, Method, Request, push_common_headers};
use crate::secret::Secret;

/// A hash for ACS3, and the name of the signature algorithm that uses it.
pub(super) trait Algorithm: Digest<OutputSize = U32> {
    const NAME: &str;
    type Mac: Mac<OutputSize = U32> + Clone;

    fn mac(pair: &AccessKeyPair) -> &Self::Mac;
}

impl Algorithm for Sha256 {
    const NAME: &str = "ACS3-HMAC-SHA256";
    type Mac = Hmac<Self>;

    fn mac(pair: &AccessKeyPair) -> &Self::Mac {
        &pair.sha256
    }
}

#[cfg(feature = "sm3")]
impl Algorithm for sm3::Sm3 {
    const NAME: &str = "ACS3-HMAC-SM3";
    type Mac = Hmac<Self>;

    fn mac(pair: &AccessKeyPair) -> &Self::Mac {
        &pair.sm3
    }
}

pub(super) fn sign<A: Algorithm>(
    draft: &Draft<'_>,
    pair: &AccessKeyPair,
    identity: Identity<'_>,
    stamp: &Stamp,
) -> Request {
    let mut unsigned = unsigned::<A>(draft, Some(identity), stamp);
    let authorization = AuthorizationHeader::new(A::NAME, identity.id, unsigned.signed_headers());
    let mut hash = A::new();
    let mut buffer = BlockBuffer::new(|bytes| hash.update(bytes));
    unsigned.write_canonical(draft, authorization.names(), |piece| {
        buffer.push(piece.as_bytes());
    });
    buffer.finish();
    let signature = signature::<A>(A::mac(pair), &hex::digits(&hash.finalize().into()));
    let authorization = authorization.with(&signature);
    unsigned
        .headers
        .push(("authorization", authorization.into()));
    unsigned.into_request(draft)
}

/// Makes a request that carries a token instead of a signature.
pub(super) fn bearer(draft: &Draft<'_>, token: &Secret, stamp: &Stamp) -> Request {
    let mut unsigned = unsigned::<Sha256>(draft, None, stamp);
    let separator = if unsigned.query().is_empty() {
        "?"
    } else {
        "&"
    };
    unsigned.target.push_str(separator);
    unsigned.target.push_str("SignatureType=BEARERTOKEN");
    let token = token.expose().to_string();
    unsigned.headers.push(("x-acs-bearer-token", token.into()));
    unsigned.into_request(draft)
}

pub(super) fn explain<A: Algorithm>(
    draft: &Draft<'_>,
    identity: Identity<'_>,
    stamp: &Stamp,
) -> Explanation {
    let unsigned = unsigned::<A>(draft, Some(identity), stamp);
    let authorization = AuthorizationHeader::new(A::NAME, identity.id, unsigned.signed_headers());
    let mut canonical = String::new();
    unsigned.write_canonical(draft, authorization.names(), |piece| {
        canonical.push_str(piece);
    });
    let string_to_sign = string_to_sign::<A>(&canonical);
    Explanation {
        canonical,
        string_to_sign,
    }
}

struct UnsignedRequest {
    target: String,
    body: Body,
    /// The signed headers, in their order in the signature.
    headers: Vec<Header>,
    payload_hash: [u8; 64],
}

/// Makes a request without its signature. The query is sent as it is signed, sorted.
fn unsigned<A: Algorithm>(
    draft: &Draft<'_>,
    identity: Option<Identity<'_>>,
    stamp: &Stamp,
) -> UnsignedRequest {
    let params = draft.params;
    let (target, body) = match draft.method {
        Method::Post | Method::Put => {
            let body = Body::new(Arc::clone(&params.form), Buffer::default());
            (target(params.pairs().of_query(), params.query.len()), body)
        }
        Method::Get => {
            let length = params.query.len() + params.form.len();
            (target(params.pairs(), length), Body::default())
        }
    };
    let payload_hash = hash::<A>(body.parts().0);
    let token = identity.and_then(|identity| identity.token);
    let mut headers: Vec<Header> = Vec::with_capacity(16);
    if params.has_form && draft.method == Method::Post {
        headers.push(("content-type", FORM.into()));
    }
    headers.push(("host", draft.endpoint.authority().clone()));
    if let (Some(identity), Some(_)) = (identity, token) {
        headers.push(("x-acs-accesskey-id", identity.id.to_string().into()));
    }
    headers.push(("x-acs-action", draft.action.clone()));
    let hash = hex::text(&payload_hash).to_string();
    headers.push(("x-acs-content-sha256", hash.into()));
    if let Some(identity) = identity {
        headers.push(("x-acs-credentials-provider", identity.provider.into()));
    }
    headers.push(("x-acs-date", stamp.at.text().into()));
    headers.extend(stamp.retry.into_iter().flat_map(Retry::headers));
    if let Some(token) = token {
        headers.push(("x-acs-security-token", token.to_string().into()));
    }
    let nonce = stamp.nonce.as_str().to_string();
    headers.push(("x-acs-signature-nonce", nonce.into()));
    headers.push(("x-acs-version", draft.version.clone()));
    UnsignedRequest {
        target,
        body,
        headers,
        payload_hash,
    }
}

/// The request target for pairs of `length` bytes in all.
fn target<'p>(pairs: impl Iterator<Item = Pair<'p>>, length: usize) -> String {
    let mut target = Vec::with_capacity(length + 2);
    target.extend_from_slice(b"/?");
    copy(pairs, &mut target);
    // This is the last `&`, or the `?` of an empty query.
    target.pop();
    text_of(target)
}

impl UnsignedRequest {
    fn query(&self) -> &str {
        self.target.strip_prefix("/?").unwrap_or_default()
    }

    fn signed_headers(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.headers.iter().map(|(name, value)| (*name, &**value))
    }

    fn write_canonical(&self, draft: &Draft<'_>, names: &str, sink: impl FnMut(&str)) {
        let (method, headers) = (draft.method.as_str(), self.signed_headers());
        write_canonical(
            method,
            self.query(),
            headers,
            names,
            hex::text(&self.payload_hash),
            sink,
        );
    }

    fn into_request(self, draft: &Draft<'_>) -> Request {
        let Self {
            target,
            body,
            mut headers,
            ..
        } = self;
        push_common_headers(&mut headers, JSON);
        headers.push(("content-length", body.len().to_string().into()));
        Request {
            method: draft.method,
            scheme: draft.endpoint.scheme(),
            authority: draft.endpoint.authority().clone(),
            target,
            headers,
            body,
            direct: false,
        }
    }
}

/// Writes the canonical request. The header names must be in lower case, sorted and unique, the header
/// values trimmed, the query sorted and encoded.
pub(super) fn write_canonical<'h>(
    method: &str,
    query: &str,
    headers: impl Iterator<Item = (&'h str, &'h str)>,
    names: &str,
    payload_hash: &str,
    mut sink: impl FnMut(&str),
) {
    [method, "\n/\n", query, "\n"]
        .into_iter()
        .for_each(&mut sink);
    for (name, value) in headers {
        [name, ":", value, "\n"].into_iter().for_each(&mut sink);
    }
    ["\n", names, "\n", payload_hash]
        .into_iter()
        .for_each(&mut sink);
}

pub(super) fn hash<A: Algorithm>(bytes: &[u8]) -> [u8; 64] {
    hex::digits(&A::digest(bytes).into())
}

pub(super) fn string_to_sign<A: Algorithm>(canonical: &str) -> String {
    format!(
        "{}\n{}",
        A::NAME,
        hex::text(&hash::<A>(canonical.as_bytes()))
    )
}

/// Signs the hash of a canonical request with a keyed HMAC state.
pub(super) fn signature<A: Algorithm>(keyed: &A::Mac, canonical_hash: &[u8; 64]) -> [u8; 64] {
    let mut mac = keyed.clone();
    mac.update(A::NAME.as_bytes());
    mac.update(b"\n");
    mac.update(canonical_hash);
    hex::digits(&mac.finalize().into_bytes().into())
}

/// The value of the header `authorization`, up to its signature.
pub(super) struct AuthorizationHeader {
    text: String,
    /// The offset of the names of the signed headers, which extend to the end.
    names: usize,
}

impl AuthorizationHeader {
    pub(super) fn new<'h>(
        algorithm: &str,
        id: &str,
        headers: impl Iterator<Item = (&'h str, &'h str)>,
    ) -> Self {
        let mut text = String::with_capacity(400);
        for piece in [algorithm, " Credential=", id, ",SignedHeaders="] {
            text.push_str(piece);
        }
        let names = text.len();
        for (i, (name, _)) in headers.enumerate() {
            if i > 0 {
                text.push(';');
            }
            text.push_str(name);
        }
        Self { text, names }
    }

    /// The names of the signed headers, separated by semicolons.
    pub(super) fn names(&self) -> &str {
        &self.text[self.names..]
    }

    /// Completes the value.
    pub(super) fn with(mut self, signature: &[u8; 64]) -> String {
        self.text.push_str(",Signature=");
        self.text.push_str(hex::text(signature));
        self.text
    }
}
