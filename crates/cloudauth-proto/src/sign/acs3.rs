//! ACS3-HMAC-SHA256 and ACS3-HMAC-SM3.
//!
//! Documented on the vendor's V3 page; the bytes are checked against recordings of its SDKs. Signed
//! are `host`, `content-type` and every `x-acs-*` header, as all of its SDKs but the Python one do:
//! a proxy may then change the others.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use hmac::{Hmac, Mac};
use sha2::digest::consts::U32;
use sha2::{Digest, Sha256};

use super::{Draft, Explanation, FORM, Header, Retry, Stamp, USER_AGENT, Who, text_of};
use crate::credentials::KeyPair;
use crate::secret::Secret;
use crate::wire::hex;
use crate::wire::http::{Body, Method, Request};
use crate::wire::out::{Out, Stage};
use crate::wire::pairs::{Pair, copy};

/// The hash under ACS3, and the name of the signature that is made with it.
pub(super) trait Algorithm: Digest<OutputSize = U32> {
    const NAME: &str;
    type Mac: Mac<OutputSize = U32> + Clone;

    fn mac(pair: &KeyPair) -> &Self::Mac;
}

impl Algorithm for Sha256 {
    const NAME: &str = "ACS3-HMAC-SHA256";
    type Mac = Hmac<Self>;

    fn mac(pair: &KeyPair) -> &Self::Mac {
        &pair.sha256
    }
}

#[cfg(feature = "sm3")]
impl Algorithm for sm3::Sm3 {
    const NAME: &str = "ACS3-HMAC-SM3";
    type Mac = Hmac<Self>;

    fn mac(pair: &KeyPair) -> &Self::Mac {
        &pair.sm3
    }
}

pub(super) fn sign<A: Algorithm>(
    draft: &Draft<'_>,
    pair: &KeyPair,
    who: Who<'_>,
    stamp: &Stamp,
) -> Request {
    let mut unsigned = unsigned::<A>(draft, Some(who), stamp);
    let authorization = Authorization::new(A::NAME, who.id, unsigned.signed_headers());
    let mut hash = A::new();
    let mut stage = Stage::new(|bytes| hash.update(bytes));
    unsigned.write_canonical(draft, authorization.names(), |piece| {
        stage.push(piece.as_bytes());
    });
    stage.finish();
    let signature = signature::<A>(A::mac(pair), &hex::digits(&hash.finalize().into()));
    let authorization = authorization.with(&signature);
    unsigned
        .headers
        .push(("authorization", authorization.into()));
    unsigned.into_request(draft)
}

/// A request that carries a token instead of a signature.
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

pub(super) fn explain<A: Algorithm>(draft: &Draft<'_>, who: Who<'_>, stamp: &Stamp) -> Explanation {
    let unsigned = unsigned::<A>(draft, Some(who), stamp);
    let authorization = Authorization::new(A::NAME, who.id, unsigned.signed_headers());
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

struct Unsigned {
    target: String,
    body: Body,
    /// Those that are signed, in the order in which they are.
    headers: Vec<Header>,
    payload_hash: [u8; 64],
}

/// Everything but what the signature gives. The query goes on the wire as it is signed, sorted.
fn unsigned<A: Algorithm>(draft: &Draft<'_>, who: Option<Who<'_>>, stamp: &Stamp) -> Unsigned {
    let params = draft.params;
    let (target, body) = match draft.method {
        Method::Post | Method::Put => {
            let body = Body::new(Arc::clone(&params.form), Vec::new());
            (target(params.pairs().of_query(), params.query.len()), body)
        }
        Method::Get => {
            let length = params.query.len() + params.form.len();
            (target(params.pairs(), length), Body::default())
        }
    };
    let payload_hash = hash::<A>(body.parts().0);
    let token = who.and_then(|who| who.token);
    let mut headers: Vec<Header> = Vec::with_capacity(16);
    if params.has_form && draft.method == Method::Post {
        headers.push(("content-type", FORM.into()));
    }
    headers.push(("host", draft.endpoint.authority().clone()));
    if let (Some(who), Some(_)) = (who, token) {
        headers.push(("x-acs-accesskey-id", who.id.to_string().into()));
    }
    headers.push(("x-acs-action", draft.action.to_string().into()));
    let hash = text(&payload_hash).to_string();
    headers.push(("x-acs-content-sha256", hash.into()));
    if let Some(who) = who {
        headers.push(("x-acs-credentials-provider", who.provider.into()));
    }
    headers.push(("x-acs-date", stamp.at.text().into()));
    headers.extend(stamp.retry.into_iter().flat_map(Retry::headers));
    if let Some(token) = token {
        headers.push(("x-acs-security-token", token.to_string().into()));
    }
    let nonce = stamp.nonce.as_str().to_string();
    headers.push(("x-acs-signature-nonce", nonce.into()));
    headers.push(("x-acs-version", draft.version.to_string().into()));
    Unsigned {
        target,
        body,
        headers,
        payload_hash,
    }
}

/// For pairs that take `length` bytes.
fn target<'p>(pairs: impl Iterator<Item = Pair<'p>>, length: usize) -> String {
    let mut target = Vec::with_capacity(length + 2);
    target.extend_from_slice(b"/?");
    copy(pairs, &mut target);
    // An `&`, or the `?` of an empty query.
    target.pop();
    text_of(target)
}

impl Unsigned {
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
            text(&self.payload_hash),
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
        headers.push(("accept", "application/json".into()));
        headers.push(("user-agent", USER_AGENT.into()));
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

/// For header names in lower case, none twice and in their order, with trimmed values, and a query
/// that is sorted and encoded.
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

/// Digits as text.
pub(super) fn text(digits: &[u8; 64]) -> &str {
    // They are ASCII; the type does not say so.
    core::str::from_utf8(digits).unwrap_or_default()
}

pub(super) fn string_to_sign<A: Algorithm>(canonical: &str) -> String {
    format!("{}\n{}", A::NAME, text(&hash::<A>(canonical.as_bytes())))
}

/// Of the hash of a canonical request, under a key whose state is there already.
pub(super) fn signature<A: Algorithm>(keyed: &A::Mac, canonical_hash: &[u8; 64]) -> [u8; 64] {
    let mut mac = keyed.clone();
    mac.update(A::NAME.as_bytes());
    mac.update(b"\n");
    mac.update(canonical_hash);
    hex::digits(&mac.finalize().into_bytes().into())
}

/// The header of that name.
pub(super) struct Authorization {
    text: String,
    /// Where the names of the signed headers begin; up to the end, as long as there is no signature.
    names: usize,
}

impl Authorization {
    /// All but the signature.
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

    /// As the signature lists them.
    pub(super) fn names(&self) -> &str {
        &self.text[self.names..]
    }

    pub(super) fn with(mut self, signature: &[u8; 64]) -> String {
        self.text.push_str(",Signature=");
        self.text.push_str(text(signature));
        self.text
    }
}
