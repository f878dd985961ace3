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
use crate::wire::params::{Encoded, merged};

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
    let mut hash = A::new();
    let mut stage = Stage::new(|bytes| hash.update(bytes));
    unsigned.write_canonical(draft, |piece| stage.push(piece.as_bytes()));
    stage.finish();
    let signature = signature::<A>(A::mac(pair), &hex::digits(&hash.finalize().into()));
    let authorization = authorization(A::NAME, who.id, unsigned.signed_headers(), &signature);
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
    let mut canonical = String::new();
    unsigned::<A>(draft, Some(who), stamp)
        .write_canonical(draft, |piece| canonical.push_str(piece));
    let string_to_sign = string_to_sign::<A>(&canonical);
    Explanation {
        canonical,
        string_to_sign,
    }
}

struct Unsigned {
    target: String,
    form: Arc<Encoded>,
    /// Those that are signed, in the order in which they are.
    headers: Vec<Header>,
    payload_hash: [u8; 64],
}

/// Everything but what the signature gives. The query goes on the wire as it is signed, sorted.
fn unsigned<A: Algorithm>(draft: &Draft<'_>, who: Option<Who<'_>>, stamp: &Stamp) -> Unsigned {
    let params = draft.params;
    let (target, form) = match draft.method {
        Method::Post | Method::Put => (target([&params.query]), Arc::clone(&params.form)),
        Method::Get => (target([&params.query, &params.form]), Arc::default()),
    };
    let payload_hash = hash::<A>(form.text());
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
        form,
        headers,
        payload_hash,
    }
}

fn target<const N: usize>(parts: [&Encoded; N]) -> String {
    let length: usize = parts.iter().map(|part| part.text().len() + 1).sum();
    let mut target = Vec::with_capacity(length + 1);
    target.push(b'/');
    if length > N {
        target.push(b'?');
        merged(parts).for_each(|pair| target.extend_from_slice(pair.text));
    }
    text_of(target)
}

impl Unsigned {
    fn query(&self) -> &str {
        self.target.strip_prefix("/?").unwrap_or_default()
    }

    fn signed_headers(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.headers.iter().map(|(name, value)| (*name, &**value))
    }

    fn write_canonical(&self, draft: &Draft<'_>, sink: impl FnMut(&str)) {
        let (method, headers) = (draft.method.as_str(), self.signed_headers());
        write_canonical(
            method,
            self.query(),
            headers,
            text(&self.payload_hash),
            sink,
        );
    }

    fn into_request(self, draft: &Draft<'_>) -> Request {
        let Self {
            target,
            form,
            mut headers,
            ..
        } = self;
        headers.push(("accept", "application/json".into()));
        headers.push(("user-agent", USER_AGENT.into()));
        headers.push(("content-length", form.text().len().to_string().into()));
        Request {
            method: draft.method,
            scheme: draft.endpoint.scheme(),
            authority: draft.endpoint.authority().clone(),
            target,
            headers,
            body: Body::new(form, Vec::new()),
            direct: false,
        }
    }
}

/// For header names in lower case, none twice and in their order, with trimmed values, and a query that is sorted and
/// encoded.
pub(super) fn write_canonical<'h>(
    method: &str,
    query: &str,
    headers: impl Iterator<Item = (&'h str, &'h str)> + Clone,
    payload_hash: &str,
    mut sink: impl FnMut(&str),
) {
    [method, "\n/\n", query, "\n"]
        .into_iter()
        .for_each(&mut sink);
    for (name, value) in headers.clone() {
        [name, ":", value, "\n"].into_iter().for_each(&mut sink);
    }
    sink("\n");
    write_names(headers, &mut sink);
    ["\n", payload_hash].into_iter().for_each(&mut sink);
}

fn write_names<'h>(headers: impl Iterator<Item = (&'h str, &'h str)>, mut sink: impl FnMut(&str)) {
    for (i, (name, _)) in headers.enumerate() {
        if i > 0 {
            sink(";");
        }
        sink(name);
    }
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

pub(super) fn authorization<'h>(
    algorithm: &str,
    id: &str,
    headers: impl Iterator<Item = (&'h str, &'h str)>,
    signature: &[u8; 64],
) -> String {
    let mut text = String::with_capacity(384);
    let mut push = |piece: &str| text.push_str(piece);
    [algorithm, " Credential=", id, ",SignedHeaders="]
        .into_iter()
        .for_each(&mut push);
    write_names(headers, &mut push);
    [",Signature=", self::text(signature)]
        .into_iter()
        .for_each(&mut push);
    text
}
