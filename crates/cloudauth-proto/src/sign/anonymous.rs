//! Requests that are not signed.

use alloc::string::ToString;
use alloc::vec;

use super::draft::{Draft, Stamp};
use crate::encode::{ParamLocation, Params, text_of};
use crate::endpoint::Endpoint;
use crate::http::plain::PlainRequest;
use crate::http::{FORM, JSON, Method};
use crate::secret::Secret;

/// Makes the request for an operation that is not signed. As in the vendor's SDKs, the query names the
/// operation, and the form carries its parameters.
pub(crate) fn anonymous(draft: &Draft<'_>, stamp: &Stamp) -> PlainRequest {
    let mut query = Params::new();
    for (name, value) in [
        ("Action", &*draft.action),
        ("Format", "JSON"),
        ("SignatureNonce", stamp.nonce.as_str()),
        ("Timestamp", &stamp.at.to_string()),
        ("Version", &*draft.version),
    ] {
        query.push(name, value, ParamLocation::Query);
    }
    let target = [b"/?", query.text(ParamLocation::Query)].concat();
    let form = draft.params.text(ParamLocation::Form).to_vec();
    PlainRequest {
        method: Method::Post,
        endpoint: Endpoint::clone(draft.endpoint),
        target: text_of(target),
        headers: vec![("content-type", Secret::new(FORM))],
        body: Secret::new(text_of(form)),
        accept: JSON,
        direct: false,
    }
}
