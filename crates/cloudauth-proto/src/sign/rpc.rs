//! RPC 1.0 with HMAC-SHA1.
//!
//! Documented on the vendor's V2 page. All parameters travel in the form body, which the service
//! signs together with the query (documented; the vendor's SDKs put them into the query).

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha1::Sha1;

use super::{Draft, Explanation, FORM, Retry, Stamp, USER_AGENT, Who, text_of};
use crate::wire::http::{Body, Method, Request};
use crate::wire::out::{Buffer, Out, Stage};
use crate::wire::pairs::{Entry, Pair, Pairs, PlainName, push_plain_pair};
use crate::wire::params::Place;

pub(super) fn sign(draft: &Draft<'_>, keyed: &Hmac<Sha1>, who: Who<'_>, stamp: &Stamp) -> Request {
    let params = draft.params;
    let mut common = Common::new(draft, who, stamp);
    let pairs = params.pairs().merged(common.pairs());
    let signature = signature(keyed, draft.method.as_str(), pairs);
    common.push(plain!("Signature"), digits(&signature));
    let own = common.into_text();

    let mut headers = Vec::with_capacity(7);
    headers.push(("host", draft.endpoint.authority().clone()));
    headers.push(("accept", "application/json".into()));
    headers.push(("user-agent", USER_AGENT.into()));
    headers.extend(stamp.retry.into_iter().flat_map(Retry::headers));
    let (target, body) = match draft.method {
        Method::Get => {
            let target = [b"/?", params.form.as_bytes(), &own].concat();
            (text_of(target), Body::default())
        }
        Method::Post | Method::Put => {
            headers.push(("content-type", FORM.into()));
            ("/".into(), Body::new(Arc::clone(&params.form), own))
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

pub(super) fn explain(draft: &Draft<'_>, who: Who<'_>, stamp: &Stamp) -> Explanation {
    let common = Common::new(draft, who, stamp);
    let pairs = || draft.params.pairs().merged(common.pairs());
    let canonical: Vec<&[u8]> = pairs().map(Pair::text).collect();
    let mut string_to_sign = Buffer::default();
    write_string_to_sign(draft.method.as_str(), pairs(), &mut string_to_sign);
    Explanation {
        canonical: text_of(canonical.join(&b'&')),
        string_to_sign: text_of(string_to_sign.into_bytes()),
    }
}

/// The parameters that every request has.
struct Common {
    /// Those of the query are before them, since all of it is sent in one piece.
    text: Buffer,
    entries: Vec<Entry>,
}

/// A name that is looked at when this is compiled.
macro_rules! plain {
    ($name:literal) => {
        const { &PlainName::new($name) }
    };
}
use plain;

impl Common {
    /// All but the signature.
    fn new(draft: &Draft<'_>, who: Who<'_>, stamp: &Stamp) -> Self {
        let query = draft.params.query.as_bytes();
        let text = Buffer::behind(query, EXPECTED);
        let entries = Vec::with_capacity(9);
        let mut common = Self { text, entries };
        common.push(plain!("AccessKeyId"), who.id);
        common.push(plain!("Action"), draft.action);
        common.push(plain!("Format"), "JSON");
        if let Some(token) = who.token {
            common.push(plain!("SecurityToken"), token);
        }
        common.push(plain!("SignatureMethod"), "HMAC-SHA1");
        common.push(plain!("SignatureNonce"), stamp.nonce.as_str());
        common.push(plain!("SignatureVersion"), "1.0");
        common.push(plain!("Timestamp"), &stamp.at.text());
        common.push(plain!("Version"), draft.version);
        common
    }

    /// In the order of their names.
    fn push(&mut self, name: &PlainName, value: &str) {
        push_plain_pair(&mut self.text, &mut self.entries, name, value, Place::Query);
    }

    fn pairs(&self) -> Pairs<'_> {
        Pairs {
            entries: &self.entries,
            query: &self.text,
            form: &self.text,
        }
    }

    fn into_text(self) -> Vec<u8> {
        let mut text = self.text.into_bytes();
        text.pop();
        text
    }
}

/// What the common parameters take if there is no token.
const EXPECTED: usize = 360;

/// Signs the sorted parameters. Their doubly encoded form is never built.
pub(super) fn signature<'p>(
    keyed: &Hmac<Sha1>,
    method: &str,
    pairs: impl Iterator<Item = Pair<'p>>,
) -> [u8; 28] {
    let mut mac = keyed.clone();
    let mut stage = Stage::new(|bytes| mac.update(bytes));
    write_string_to_sign(method, pairs, &mut stage);
    stage.finish();
    let mut digits = [0; 28];
    // 20 bytes are 28 digits; the type does not say so.
    let _ = STANDARD.encode_slice(mac.finalize().into_bytes(), &mut digits);
    digits
}

pub(super) fn digits(signature: &[u8; 28]) -> &str {
    // They are ASCII; the type does not say so.
    core::str::from_utf8(signature).unwrap_or_default()
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
        pair.encode_again(out);
    }
}
