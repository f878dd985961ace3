//! The reference signer, written for clarity. It builds every string of the vendor's description in
//! turn.

use core::fmt::Write;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use sm3::Sm3;

/// A request to sign, with the credentials.
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "fuzz targets and benches construct it"
)]
pub struct UnsignedRequest<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// The host.
    pub host: &'a str,
    /// The operation.
    pub action: &'a str,
    /// The version of the API.
    pub version: &'a str,
    /// The time, as `2019-03-07T12:00:00Z`.
    pub timestamp: &'a str,
    /// The nonce.
    pub nonce: &'a str,
    /// The access key ID.
    pub id: &'a str,
    /// The access key secret.
    pub secret: &'a str,
    /// The security token of temporary credentials.
    pub token: Option<&'a str>,
    /// The name of the credentials provider.
    pub provider: &'a str,
    /// Parameters of the query.
    pub query: BTreeMap<String, String>,
    /// Parameters of the form, in the order in which they are sent. `None` for an operation without
    /// a form.
    pub form: Option<Vec<(String, String)>>,
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
#[must_use]
pub fn percent_encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Encodes parameters as `a=1&b=2`, sorted by name.
#[must_use]
pub fn canonical_query(params: &BTreeMap<String, String>) -> String {
    encoded(params.iter())
}

fn encoded<'p>(pairs: impl Iterator<Item = (&'p String, &'p String)>) -> String {
    let pairs =
        pairs.map(|(name, value)| format!("{}={}", percent_encode(name), percent_encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[expect(clippy::unwrap_used, reason = "HMAC accepts keys of any length")]
fn hmac<M: Mac + KeyInit>(key: &str, text: &str) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Signs with RPC 1.0. Returns all parameters except the signature, and the signature.
#[must_use]
pub fn rpc(request: &UnsignedRequest<'_>) -> (BTreeMap<String, String>, String) {
    let mut params = request.query.clone();
    params.extend(request.form.clone().unwrap_or_default());
    let mut add = |name: &str, value: &str| params.insert(name.to_owned(), value.to_owned());
    add("AccessKeyId", request.id);
    add("Action", request.action);
    add("Format", "JSON");
    add("SignatureMethod", "HMAC-SHA1");
    add("SignatureNonce", request.nonce);
    add("SignatureVersion", "1.0");
    add("Timestamp", request.timestamp);
    add("Version", request.version);
    if let Some(token) = request.token {
        add("SecurityToken", token);
    }
    let canonical = percent_encode(&canonical_query(&params));
    let string_to_sign = format!("{}&{}&{canonical}", request.method, percent_encode("/"));
    let key = format!("{}&", request.secret);
    let signature = STANDARD.encode(hmac::<Hmac<Sha1>>(&key, &string_to_sign));
    (params, signature)
}

/// Signs with ACS3-HMAC-SHA256. Returns the query, the form, and the signed headers with
/// `authorization`.
#[must_use]
pub fn acs3(request: &UnsignedRequest<'_>) -> (String, String, BTreeMap<String, String>) {
    acs3_with::<Sha256, Hmac<Sha256>>("ACS3-HMAC-SHA256", request)
}

/// Signs with ACS3-HMAC-SM3. Returns the same as [`acs3`].
#[must_use]
pub fn acs3_sm3(request: &UnsignedRequest<'_>) -> (String, String, BTreeMap<String, String>) {
    acs3_with::<Sm3, Hmac<Sm3>>("ACS3-HMAC-SM3", request)
}

fn acs3_with<D: Digest, M: Mac + KeyInit>(
    algorithm: &str,
    request: &UnsignedRequest<'_>,
) -> (String, String, BTreeMap<String, String>) {
    let query = canonical_query(&request.query);
    let form = request.form.as_deref().unwrap_or_default();
    let form = encoded(form.iter().map(|(name, value)| (name, value)));
    let payload_hash = hex(&D::digest(form.as_bytes()));
    let mut headers = BTreeMap::new();
    let mut add = |name: &str, value: &str| headers.insert(name.to_owned(), value.to_owned());
    if request.form.is_some() {
        add("content-type", "application/x-www-form-urlencoded");
    }
    add("host", request.host);
    add("x-acs-action", request.action);
    add("x-acs-content-sha256", &payload_hash);
    add("x-acs-credentials-provider", request.provider);
    add("x-acs-date", request.timestamp);
    add("x-acs-signature-nonce", request.nonce);
    add("x-acs-version", request.version);
    if let Some(token) = request.token {
        add("x-acs-accesskey-id", request.id);
        add("x-acs-security-token", token);
    }
    let lines = headers.iter();
    let lines = lines.map(|(name, value)| format!("{name}:{}\n", value.trim()));
    let lines = lines.collect::<String>();
    let names = headers.keys().cloned().collect::<Vec<_>>().join(";");
    let canonical = format!(
        "{}\n/\n{query}\n{lines}\n{names}\n{payload_hash}",
        request.method
    );
    let hash = hex(&D::digest(canonical.as_bytes()));
    let string_to_sign = format!("{algorithm}\n{hash}");
    let signature = hex(&hmac::<M>(request.secret, &string_to_sign));
    let authorization = format!(
        "{algorithm} Credential={},SignedHeaders={names},Signature={signature}",
        request.id
    );
    headers.insert("authorization".to_owned(), authorization);
    (query, form, headers)
}
