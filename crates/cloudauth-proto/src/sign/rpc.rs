//! RPC 1.0 with HMAC-SHA1.
//!
//! Documented on the vendor's V2 page. All parameters travel in the form body, which the service
//! signs together with the query (documented; the vendor's SDKs put them into the query).

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha1::Sha1;

use super::{Draft, Explanation, FORM, Retry, Stamp, USER_AGENT, Who, text_of};
use crate::wire::http::{Body, Method, Request};
use crate::wire::out::{Buffer, Out, Stage, WIDE};
use crate::wire::params::{Encoded, Pair, PlainName, merged};
use crate::wire::percent;

pub(super) fn sign(draft: &Draft<'_>, keyed: &Hmac<Sha1>, who: Who<'_>, stamp: &Stamp) -> Request {
    let mut common = common(draft, who, stamp);
    let pairs = merged([&draft.params.query, &*draft.params.form, &common]);
    let signature = signature(keyed, draft.method.as_str(), pairs);
    common.push("Signature".into(), &signature);

    let mut headers = Vec::with_capacity(7);
    headers.push(("host", draft.endpoint.authority().clone()));
    headers.push(("accept", "application/json".into()));
    headers.push(("user-agent", USER_AGENT.into()));
    headers.extend(stamp.retry.into_iter().flat_map(Retry::headers));
    let (target, body) = match draft.method {
        Method::Get => {
            let parts = [&draft.params.query, &draft.params.form, &common];
            let mut target = b"/?".to_vec();
            merged(parts).for_each(|pair| target.extend_from_slice(pair.text));
            (text_of(target), Body::default())
        }
        Method::Post | Method::Put => {
            headers.push(("content-type", FORM.into()));
            let rest = rest_of_form(draft, &common);
            ("/".into(), Body::new(Arc::clone(&draft.params.form), rest))
        }
    };
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

/// What follows the part of the form that all attempts share.
fn rest_of_form(draft: &Draft<'_>, common: &Encoded) -> Vec<u8> {
    let (form, query) = (draft.params.form.text(), draft.params.query.text());
    let mut rest = Vec::with_capacity(query.len() + common.text().len() + 2);
    for part in [query, common.text()] {
        if !part.is_empty() {
            if !(form.is_empty() && rest.is_empty()) {
                rest.push(b'&');
            }
            rest.extend_from_slice(part);
        }
    }
    rest
}

pub(super) fn explain(draft: &Draft<'_>, who: Who<'_>, stamp: &Stamp) -> Explanation {
    let common = common(draft, who, stamp);
    let parts = [&draft.params.query, &*draft.params.form, &common];
    let canonical: Vec<&[u8]> = merged(parts).map(|pair| pair.text).collect();
    let mut string_to_sign = Buffer::default();
    write_string_to_sign(draft.method.as_str(), merged(parts), &mut string_to_sign);
    Explanation {
        canonical: text_of(canonical.concat()),
        string_to_sign: text_of(string_to_sign.into_bytes()),
    }
}

/// The parameters that every request has, but for the signature.
fn common(draft: &Draft<'_>, who: Who<'_>, stamp: &Stamp) -> Encoded {
    let mut common = Encoded::expecting(12);
    // A name is looked at when this is compiled.
    macro_rules! push {
        ($name:literal, $value:expr) => {
            common.push_plain(const { PlainName::new($name) }, $value);
        };
    }
    push!("AccessKeyId", who.id);
    push!("Action", draft.action);
    push!("Format", "JSON");
    if let Some(token) = who.token {
        push!("SecurityToken", token);
    }
    push!("SignatureMethod", "HMAC-SHA1");
    push!("SignatureNonce", stamp.nonce.as_str());
    push!("SignatureVersion", "1.0");
    push!("Timestamp", &stamp.at.text());
    push!("Version", draft.version);
    common
}

/// Signs the sorted parameters. Their doubly encoded form is never built.
pub(super) fn signature<'p>(
    keyed: &Hmac<Sha1>,
    method: &str,
    pairs: impl Iterator<Item = Pair<'p>>,
) -> String {
    let mut mac = keyed.clone();
    let mut stage = Stage::new(|bytes| mac.update(bytes));
    write_string_to_sign(method, pairs, &mut stage);
    stage.finish();
    STANDARD.encode(mac.finalize().into_bytes())
}

pub(super) fn write_string_to_sign<'p>(
    method: &str,
    pairs: impl Iterator<Item = Pair<'p>>,
    out: &mut impl Out,
) {
    out.push(method.as_bytes());
    out.push(b"&%2F&");
    for (i, pair) in pairs.enumerate() {
        if i > 0 {
            out.push(b"%26");
        }
        if pair.has_escape {
            percent::encode_again(pair.name.bytes, out);
            out.push(b"%3D");
            percent::encode_again(pair.value.bytes, out);
        } else if let (Some(name), Some(value)) = (pair.name.wide, pair.value.wide) {
            // All at once, which most pairs are short enough for.
            let room = out.room(2 * WIDE + 3);
            let equals = pair.name.bytes.len();
            room[..WIDE].copy_from_slice(name);
            room[equals..equals + 3].copy_from_slice(b"%3D");
            room[equals + 3..equals + 3 + WIDE].copy_from_slice(value);
            out.advance(equals + 3 + pair.value.bytes.len());
        } else {
            out.push(pair.name.bytes);
            out.push(b"%3D");
            out.push(pair.value.bytes);
        }
    }
}
