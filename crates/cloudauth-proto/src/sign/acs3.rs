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
use sha2::{Digest, Sha256};

use super::{Draft, Explanation, FORM, MASK, Retry, Stamp, USER_AGENT};
use crate::credentials::KeyPair;
use crate::secret::Secret;
use crate::wire::hex;
use crate::wire::http::{Body, Method, Request};
use crate::wire::params::{Encoded, sorted};

/// The hash under ACS3, and the name of the signature that is made with it.
pub(super) trait Algorithm: Digest {
    const NAME: &str;
    type Mac: Mac + Clone;

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
    provider: &'static str,
    stamp: &Stamp,
) -> Request {
    let mut unsigned = unsigned::<A>(draft, stamp);
    unsigned.identify(pair, provider);
    let (canonical, signed_headers) = unsigned.canonical(draft);
    let signature = signature(A::mac(pair), &string_to_sign::<A>(&canonical));
    let authorization = authorization(A::NAME, &pair.id, &signed_headers, &signature);
    unsigned.headers.push(("authorization", authorization));
    unsigned.into_request(draft)
}

/// A request that carries a token instead of a signature.
pub(super) fn bearer(draft: &Draft<'_>, token: &Secret, stamp: &Stamp) -> Request {
    let mut unsigned = unsigned::<Sha256>(draft, stamp);
    let separator = if unsigned.query.is_empty() { "" } else { "&" };
    unsigned.query.push_str(separator);
    unsigned.query.push_str("SignatureType=BEARERTOKEN");
    let token = token.expose().into();
    unsigned.headers.push(("x-acs-bearer-token", token));
    unsigned.into_request(draft)
}

pub(super) fn explain<A: Algorithm>(
    draft: &Draft<'_>,
    pair: &KeyPair,
    provider: &'static str,
    stamp: &Stamp,
) -> Explanation {
    let mut unsigned = unsigned::<A>(draft, stamp);
    unsigned.identify(pair, provider);
    let (mut canonical, _) = unsigned.canonical(draft);
    let string_to_sign = string_to_sign::<A>(&canonical);
    if let Some(token) = &pair.token {
        canonical = canonical.replace(token.expose(), MASK);
    }
    Explanation {
        canonical,
        string_to_sign,
    }
}

struct Unsigned {
    query: String,
    form: Arc<Encoded>,
    headers: Vec<(&'static str, String)>,
}

/// What is the same however the request is signed. The query goes on the wire as it is signed,
/// sorted.
fn unsigned<A: Algorithm>(draft: &Draft<'_>, stamp: &Stamp) -> Unsigned {
    let params = draft.params;
    let (query, form) = match draft.method {
        Method::Post | Method::Put => {
            (sorted(&[&params.query]).join("&"), Arc::clone(&params.form))
        }
        Method::Get => (
            sorted(&[&params.query, &params.form]).join("&"),
            Arc::default(),
        ),
    };
    let mut headers = Vec::with_capacity(18);
    if params.has_form && draft.method == Method::Post {
        headers.push(("content-type", FORM.into()));
    }
    headers.extend([
        ("host", draft.endpoint.authority().to_string()),
        ("x-acs-action", draft.action.into()),
        ("x-acs-content-sha256", hash::<A>(form.text().as_bytes())),
        ("x-acs-date", stamp.at.to_string()),
        ("x-acs-signature-nonce", stamp.nonce.as_str().into()),
        ("x-acs-version", draft.version.into()),
    ]);
    headers.extend(stamp.retry.into_iter().flat_map(Retry::headers));
    Unsigned {
        query,
        form,
        headers,
    }
}

impl Unsigned {
    /// Says who asks.
    fn identify(&mut self, pair: &KeyPair, provider: &'static str) {
        let headers = &mut self.headers;
        headers.push(("x-acs-credentials-provider", provider.into()));
        if let Some(token) = &pair.token {
            headers.push(("x-acs-accesskey-id", pair.id.clone()));
            headers.push(("x-acs-security-token", token.expose().into()));
        }
    }

    /// The canonical request and the list of signed headers.
    fn canonical(&self, draft: &Draft<'_>) -> (String, String) {
        let headers = self.headers.iter();
        let hash = headers
            .clone()
            .find(|(name, _)| *name == "x-acs-content-sha256");
        let hash = hash.map_or("", |(_, hash)| hash);
        let headers = headers.map(|(name, value)| (*name, value.as_str()));
        canonical_request(draft.method.as_str(), &self.query, headers.collect(), hash)
    }

    fn into_request(self, draft: &Draft<'_>) -> Request {
        let Self {
            query,
            form,
            mut headers,
        } = self;
        headers.push(("accept", "application/json".into()));
        headers.push(("user-agent", USER_AGENT.into()));
        headers.push(("content-length", form.text().len().to_string()));
        Request {
            method: draft.method,
            scheme: draft.endpoint.scheme(),
            authority: draft.endpoint.authority().clone(),
            target: if query.is_empty() {
                "/".into()
            } else {
                format!("/?{query}")
            },
            headers,
            body: Body::new(form, Vec::new()),
            direct: false,
        }
    }
}

/// For header names in lower case, none twice, and a query that is sorted and encoded.
pub(super) fn canonical_request(
    method: &str,
    query: &str,
    mut headers: Vec<(&str, &str)>,
    payload_hash: &str,
) -> (String, String) {
    headers.sort_unstable();
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let signed_headers = names.join(";");

    let mut canonical = String::with_capacity(512 + query.len());
    for part in [method, "\n/\n", query, "\n"] {
        canonical.push_str(part);
    }
    for (name, value) in &headers {
        for part in [name, ":", value.trim(), "\n"] {
            canonical.push_str(part);
        }
    }
    for part in ["\n", &signed_headers, "\n", payload_hash] {
        canonical.push_str(part);
    }
    (canonical, signed_headers)
}

pub(super) fn hash<A: Algorithm>(bytes: &[u8]) -> String {
    digits(&A::digest(bytes))
}

pub(super) fn string_to_sign<A: Algorithm>(canonical: &str) -> String {
    format!("{}\n{}", A::NAME, hash::<A>(canonical.as_bytes()))
}

/// Under a key whose state is there already.
pub(super) fn signature<M: Mac + Clone>(keyed: &M, string_to_sign: &str) -> String {
    let mut mac = keyed.clone();
    mac.update(string_to_sign.as_bytes());
    digits(&mac.finalize().into_bytes())
}

pub(super) fn authorization(
    algorithm: &str,
    id: &str,
    signed_headers: &str,
    signature: &str,
) -> String {
    format!("{algorithm} Credential={id},SignedHeaders={signed_headers},Signature={signature}")
}

fn digits(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    hex::write(&mut text, bytes);
    text
}
