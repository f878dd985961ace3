//! RPC 1.0 with HMAC-SHA1.
//!
//! The vendor's V2 page documents it. The form body carries all parameters; the service includes it in
//! the signature together with the query (documented; the vendor's SDKs put them into the query).

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha1::Sha1;

use super::draft::{Draft, Explanation, Identity, Retry, Stamp};
use crate::encode::{
    BlockBuffer, Buffer, Entry, Pair, Pairs, ParamLocation, PlainName, Sink, push_plain_pair,
    text_of,
};
use crate::http::{Body, FORM, JSON, Method, Request, push_common_headers};

pub(super) fn sign(
    draft: &Draft<'_>,
    keyed: &Hmac<Sha1>,
    identity: Identity<'_>,
    stamp: &Stamp,
) -> Request {
    let params = draft.params;
    let mut common = CommonParams::new(draft, identity, stamp);
    let pairs = params.pairs().merged(common.pairs());
    let signature = signature(keyed, draft.method.as_str(), pairs);
    common.push(plain!("Signature"), digits(&signature));
    let own = common.into_text();

    let mut headers = Vec::with_capacity(8);
    headers.push(("host", draft.endpoint.authority().clone()));
    push_common_headers(&mut headers, JSON);
    headers.extend(stamp.retry.into_iter().flat_map(Retry::headers));
    let (target, body) = match draft.method {
        Method::Get => {
            let target = [b"/?", params.form.as_bytes(), own.as_bytes()].concat();
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

pub(super) fn explain(draft: &Draft<'_>, identity: Identity<'_>, stamp: &Stamp) -> Explanation {
    let common = CommonParams::new(draft, identity, stamp);
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
struct CommonParams {
    /// The encoded query parameters of the operation, then the common parameters: they are sent in one
    /// piece.
    text: Buffer,
    entries: Vec<Entry>,
}

/// A parameter name that is checked at compile time.
macro_rules! plain {
    ($name:literal) => {
        const { &PlainName::new($name) }
    };
}
use plain;

impl CommonParams {
    /// The common parameters but for the signature.
    fn new(draft: &Draft<'_>, identity: Identity<'_>, stamp: &Stamp) -> Self {
        let mut text = Buffer::behind(&draft.params.query, EXPECTED);
        if let Some(token) = identity.token {
            text.expect_secret(EXPECTED + token.len());
        }
        let entries = Vec::with_capacity(9);
        let mut common = Self { text, entries };
        common.push(plain!("AccessKeyId"), identity.id);
        common.push(plain!("Action"), &draft.action);
        common.push(plain!("Format"), "JSON");
        if let Some(token) = identity.token {
            common.push(plain!("SecurityToken"), token);
        }
        common.push(plain!("SignatureMethod"), "HMAC-SHA1");
        common.push(plain!("SignatureNonce"), stamp.nonce.as_str());
        common.push(plain!("SignatureVersion"), "1.0");
        common.push(plain!("Timestamp"), &stamp.at.text());
        common.push(plain!("Version"), &draft.version);
        common
    }

    /// Appends a parameter. They must be pushed in the order of their names.
    fn push(&mut self, name: &PlainName, value: &str) {
        push_plain_pair(
            &mut self.text,
            &mut self.entries,
            name,
            value,
            ParamLocation::Query,
        );
    }

    fn pairs(&self) -> Pairs<'_> {
        Pairs {
            entries: &self.entries,
            query: &self.text,
            form: &self.text,
        }
    }

    fn into_text(mut self) -> Buffer {
        self.text.remove_last();
        self.text
    }
}

/// The length of the common parameters without a token, in bytes, rounded up.
const EXPECTED: usize = 360;

/// Signs the sorted parameters, without building their doubly encoded form in memory.
pub(super) fn signature<'p>(
    keyed: &Hmac<Sha1>,
    method: &str,
    pairs: impl Iterator<Item = Pair<'p>>,
) -> [u8; 28] {
    let mut mac = keyed.clone();
    let mut buffer = BlockBuffer::new(|bytes| mac.update(bytes));
    write_string_to_sign(method, pairs, &mut buffer);
    buffer.finish();
    let mut digits = [0; 28];
    // 20 bytes are 28 digits, so this does not fail.
    let _ = STANDARD.encode_slice(mac.finalize().into_bytes(), &mut digits);
    digits
}

/// Base64 digits as a string.
pub(super) fn digits(signature: &[u8; 28]) -> &str {
    // Base64 digits are ASCII, so the default is never used.
    core::str::from_utf8(signature).unwrap_or_default()
}

pub(super) fn write_string_to_sign<'p>(
    method: &str,
    pairs: impl Iterator<Item = Pair<'p>>,
    out: &mut impl Sink,
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
