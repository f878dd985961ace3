//! The naive signer: the reference signer of the fuzz targets, which is written for clarity.

use std::collections::BTreeMap;

use cloudauth_fuzz::reference::{self, UnsignedRequest, canonical_query, percent_encode};
use percent_encoding::percent_decode_str;

use crate::calls::{ACCESS_KEY_ID, ACCESS_KEY_SECRET};

/// The measured call, as maps of names and values.
#[must_use]
pub fn unsigned_request(
    query: BTreeMap<String, String>,
    form: BTreeMap<String, String>,
    nonce: &str,
) -> UnsignedRequest<'_> {
    UnsignedRequest {
        method: "POST",
        host: "cloudauth.cn-shanghai.aliyuncs.com",
        action: "InitFaceVerify",
        version: "2019-03-07",
        timestamp: "2027-01-15T08:00:00Z",
        nonce,
        id: ACCESS_KEY_ID,
        secret: ACCESS_KEY_SECRET,
        token: None,
        provider: "static_ak",
        query,
        form: Some(form.into_iter().collect()),
    }
}

/// Signs with RPC 1.0 and returns the body.
#[must_use]
pub fn rpc(request: &UnsignedRequest<'_>) -> String {
    let (params, signature) = reference::rpc(request);
    format!(
        "{}&Signature={}",
        canonical_query(&params),
        percent_encode(&signature)
    )
}

/// Signs with ACS3 and returns the target, the body and the headers.
#[must_use]
pub fn acs3(request: &UnsignedRequest<'_>) -> (String, String, BTreeMap<String, String>) {
    let (query, form, headers) = reference::acs3(request);
    (format!("/?{query}"), form, headers)
}

/// Decodes a query or form.
#[must_use]
pub fn params_of(encoded: &str) -> BTreeMap<String, String> {
    let decode = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pairs = encoded.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}
