//! ACS3-HMAC-SHA256.
//!
//! Documented on the vendor's V3 page; the bytes are checked against recordings of its SDKs. Signed
//! are `host`, `content-type` and every `x-acs-*` header, as all of its SDKs but the Python one do:
//! a proxy may then change the others.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::{Draft, Explanation, FORM, MASK, Retry, Stamp, USER_AGENT};
use crate::credentials::Credentials;
use crate::wire::hex;
use crate::wire::http::{Body, Method, Request};
use crate::wire::params::{Encoded, sorted};

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

pub(super) fn sign(draft: &Draft<'_>, credentials: &Credentials, stamp: &Stamp) -> Request {
    let Unsigned {
        query,
        form,
        mut headers,
    } = unsigned(draft, credentials, stamp);
    let (canonical, signed_headers) = canonical_request(draft.method.as_str(), &query, &headers);
    let signature = signature(credentials, &string_to_sign(&canonical));
    let id = credentials.access_key_id();

    headers.push((
        "authorization",
        authorization(id, &signed_headers, &signature),
    ));
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
    }
}

pub(super) fn explain(draft: &Draft<'_>, credentials: &Credentials, stamp: &Stamp) -> Explanation {
    let Unsigned { query, headers, .. } = unsigned(draft, credentials, stamp);
    let (mut canonical, _) = canonical_request(draft.method.as_str(), &query, &headers);
    let string_to_sign = string_to_sign(&canonical);
    if let Some(token) = credentials.security_token() {
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

/// Everything that is signed. The query goes on the wire as it is signed, sorted.
fn unsigned(draft: &Draft<'_>, credentials: &Credentials, stamp: &Stamp) -> Unsigned {
    let params = draft.params;
    let (query, form) = match draft.method {
        Method::Post => (sorted(&[&params.query]).join("&"), Arc::clone(&params.form)),
        Method::Get => (
            sorted(&[&params.query, &params.form]).join("&"),
            Arc::default(),
        ),
    };
    let mut headers = Vec::with_capacity(16);
    if params.has_form && draft.method == Method::Post {
        headers.push(("content-type", FORM.into()));
    }
    headers.push(("host", draft.endpoint.authority().to_string()));
    if let Some(token) = credentials.security_token() {
        headers.push(("x-acs-accesskey-id", credentials.access_key_id().into()));
        headers.push(("x-acs-security-token", token.expose().into()));
    }
    headers.extend([
        ("x-acs-action", draft.action.into()),
        ("x-acs-content-sha256", payload_hash(form.text().as_bytes())),
        ("x-acs-credentials-provider", credentials.provider().into()),
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

/// The canonical request and the list of signed headers, for header names in lower case.
///
/// `query` is sorted and encoded. The hash of the payload is the header `x-acs-content-sha256`.
fn canonical_request(
    method: &str,
    query: &str,
    headers: &[(&'static str, String)],
) -> (String, String) {
    let hash = headers
        .iter()
        .find(|(name, _)| *name == "x-acs-content-sha256")
        .map_or("", |(_, hash)| hash);
    let headers: Vec<(&str, Cow<'_, str>)> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_str().into()))
        .collect();
    canonical_request_with_hash(method, query, headers, hash)
}

pub(super) fn canonical_request_with_hash(
    method: &str,
    query: &str,
    mut headers: Vec<(&str, Cow<'_, str>)>,
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

pub(super) fn payload_hash(payload: &[u8]) -> String {
    digits(&Sha256::digest(payload))
}

pub(super) fn string_to_sign(canonical: &str) -> String {
    format!("{ALGORITHM}\n{}", payload_hash(canonical.as_bytes()))
}

pub(super) fn signature(credentials: &Credentials, string_to_sign: &str) -> String {
    hmac_sha256(credentials.access_key_secret().expose(), string_to_sign)
}

pub(super) fn hmac_sha256(key: &str, text: &str) -> String {
    let mut mac = super::keyed::<Hmac<Sha256>>(key.as_bytes());
    mac.update(text.as_bytes());
    digits(&mac.finalize().into_bytes())
}

pub(super) fn authorization(id: &str, signed_headers: &str, signature: &str) -> String {
    format!("{ALGORITHM} Credential={id},SignedHeaders={signed_headers},Signature={signature}")
}

fn digits(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    hex::write(&mut text, bytes);
    text
}
