//! RPC 1.0 with HMAC-SHA1.
//!
//! Documented on the vendor's V2 page. All parameters travel in the form body, which the service
//! signs together with the query (documented; the vendor's SDKs put them into the query).

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha1::Sha1;

use super::{Draft, Explanation, FORM, MASK, Retry, Stamp, USER_AGENT};
use crate::credentials::KeyPair;
use crate::wire::http::{Body, Method, Request};
use crate::wire::params::{Encoded, sorted};
use crate::wire::percent;

pub(super) fn sign(draft: &Draft<'_>, pair: &KeyPair, stamp: &Stamp) -> Request {
    let mut common = common(draft, pair, stamp);
    let canonical = canonical(draft, &common);
    let signature = signature(&pair.sha1, draft.method.as_str(), &canonical);
    common.push("Signature".into(), &signature);

    let mut headers = Vec::with_capacity(7);
    headers.push(("host", draft.endpoint.authority().to_string()));
    headers.push(("accept", "application/json".into()));
    headers.push(("user-agent", USER_AGENT.into()));
    headers.extend(stamp.retry.into_iter().flat_map(Retry::headers));
    let (target, body) = match draft.method {
        Method::Get => {
            let all = sorted(&[&draft.params.query, &draft.params.form, &common]);
            let mut target = String::from("/?");
            target.push_str(&all.join("&"));
            (target, Body::default())
        }
        Method::Post | Method::Put => {
            headers.push(("content-type", FORM.into()));
            (
                "/".into(),
                Body::new(Arc::clone(&draft.params.form), rest_of_form(draft, &common)),
            )
        }
    };
    headers.push(("content-length", body.len().to_string()));
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

/// What follows the part of the form that all attempts share.
fn rest_of_form(draft: &Draft<'_>, common: &Encoded) -> Vec<u8> {
    let (form, query) = (draft.params.form.text(), draft.params.query.text());
    let mut rest = Vec::with_capacity(query.len() + common.text().len() + 2);
    for part in [query, common.text()] {
        if !part.is_empty() {
            if !(form.is_empty() && rest.is_empty()) {
                rest.push(b'&');
            }
            rest.extend_from_slice(part.as_bytes());
        }
    }
    rest
}

pub(super) fn explain(draft: &Draft<'_>, pair: &KeyPair, stamp: &Stamp) -> Explanation {
    let common = common(draft, pair, stamp);
    let mut canonical = canonical(draft, &common);
    if let Some(token) = &pair.token {
        let mut encoded = String::new();
        percent::write(&mut encoded, token.expose());
        canonical = canonical.replace(&encoded, MASK);
    }
    let mut string_to_sign = String::new();
    string_to_sign_chunks(draft.method.as_str(), &canonical, |chunk| {
        string_to_sign.push_str(chunk);
    });
    Explanation {
        canonical,
        string_to_sign,
    }
}

/// The parameters that every request has, but for the signature.
fn common(draft: &Draft<'_>, pair: &KeyPair, stamp: &Stamp) -> Encoded {
    let mut common = Encoded::default();
    let mut push = |name, value: &str| common.push(Cow::Borrowed(name), value);
    push("AccessKeyId", &pair.id);
    push("Action", draft.action);
    push("Format", "JSON");
    if let Some(token) = &pair.token {
        push("SecurityToken", token.expose());
    }
    push("SignatureMethod", "HMAC-SHA1");
    push("SignatureNonce", stamp.nonce.as_str());
    push("SignatureVersion", "1.0");
    push("Timestamp", &stamp.at.to_string());
    push("Version", draft.version);
    common
}

fn canonical(draft: &Draft<'_>, common: &Encoded) -> String {
    let Draft { params, .. } = draft;
    sorted(&[&params.query, &params.form, common]).join("&")
}

/// Signs the sorted parameters. Their doubly encoded form is never built.
pub(super) fn signature(keyed: &Hmac<Sha1>, method: &str, canonical: &str) -> String {
    let mut mac = keyed.clone();
    string_to_sign_chunks(method, canonical, |chunk| mac.update(chunk.as_bytes()));
    STANDARD.encode(mac.finalize().into_bytes())
}

pub(super) fn string_to_sign_chunks(method: &str, canonical: &str, mut sink: impl FnMut(&str)) {
    sink(method);
    sink("&%2F&");
    percent::chunks(canonical, sink);
}
