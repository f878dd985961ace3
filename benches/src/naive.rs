//! The naive signer: the one that the fuzz targets take as their reference.

use std::collections::BTreeMap;

use cloudauth_fuzz::reference::{self, Asked, canonical_query, percent_encode};
use percent_encoding::percent_decode_str;

use crate::calls::{ID, SECRET};

/// The same call with other people's data structures: names and values.
#[must_use]
pub fn asked(
    query: BTreeMap<String, String>,
    form: BTreeMap<String, String>,
    nonce: &str,
) -> Asked<'_> {
    Asked {
        method: "POST",
        host: "cloudauth.cn-shanghai.aliyuncs.com",
        action: "InitFaceVerify",
        version: "2019-03-07",
        timestamp: "2027-01-15T08:00:00Z",
        nonce,
        id: ID,
        secret: SECRET,
        token: None,
        provider: "static_ak",
        query,
        form: Some(form.into_iter().collect()),
    }
}

/// The body of an RPC 1.0 request.
#[must_use]
pub fn rpc(asked: &Asked<'_>) -> String {
    let (params, signature) = reference::rpc(asked);
    format!(
        "{}&Signature={}",
        canonical_query(&params),
        percent_encode(&signature)
    )
}

/// Target, body and headers of an ACS3 request.
#[must_use]
pub fn acs3(asked: &Asked<'_>) -> (String, String, BTreeMap<String, String>) {
    let (query, form, headers) = reference::acs3(asked);
    (format!("/?{query}"), form, headers)
}

/// Plain names and values of an encoded query or form.
#[must_use]
pub fn params_of(encoded: &str) -> BTreeMap<String, String> {
    let decode = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pairs = encoded.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}
