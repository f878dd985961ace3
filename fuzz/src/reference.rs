//! A signer written for clarity: every text of the vendor's description is built, one after the
//! other. What the fast one is compared with.

use core::fmt::Write;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use sm3::Sm3;

/// What is asked, and by whom.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "targets and benches fill it in")]
pub struct Asked<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// The host.
    pub host: &'a str,
    /// The operation.
    pub action: &'a str,
    /// The version of the API.
    pub version: &'a str,
    /// `2019-03-07T12:00:00Z`.
    pub timestamp: &'a str,
    /// The nonce.
    pub nonce: &'a str,
    /// The key's id.
    pub id: &'a str,
    /// The key's secret.
    pub secret: &'a str,
    /// The token of a temporary key.
    pub token: Option<&'a str>,
    /// Where the key came from.
    pub provider: &'a str,
    /// Parameters of the query.
    pub query: BTreeMap<String, String>,
    /// Parameters of the form, in the order in which they travel; `None` for an operation that has
    /// no form.
    pub form: Option<Vec<(String, String)>>,
}

/// RFC 3986.
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

/// `a=1&b=2`, in the order of the names.
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

#[expect(clippy::unwrap_used, reason = "HMAC takes keys of every length")]
fn hmac<M: Mac + KeyInit>(key: &str, text: &str) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// RPC 1.0: all parameters but the signature, and the signature.
#[must_use]
pub fn rpc(asked: &Asked<'_>) -> (BTreeMap<String, String>, String) {
    let mut params = asked.query.clone();
    params.extend(asked.form.clone().unwrap_or_default());
    let mut add = |name: &str, value: &str| params.insert(name.to_owned(), value.to_owned());
    add("AccessKeyId", asked.id);
    add("Action", asked.action);
    add("Format", "JSON");
    add("SignatureMethod", "HMAC-SHA1");
    add("SignatureNonce", asked.nonce);
    add("SignatureVersion", "1.0");
    add("Timestamp", asked.timestamp);
    add("Version", asked.version);
    if let Some(token) = asked.token {
        add("SecurityToken", token);
    }
    let canonical = percent_encode(&canonical_query(&params));
    let string_to_sign = format!("{}&{}&{canonical}", asked.method, percent_encode("/"));
    let key = format!("{}&", asked.secret);
    let signature = STANDARD.encode(hmac::<Hmac<Sha1>>(&key, &string_to_sign));
    (params, signature)
}

/// The query, the form, and the signed headers with `authorization`, of an ACS3 request.
#[must_use]
pub fn acs3(asked: &Asked<'_>) -> (String, String, BTreeMap<String, String>) {
    acs3_with::<Sha256, Hmac<Sha256>>("ACS3-HMAC-SHA256", asked)
}

/// The same with SM3.
#[must_use]
pub fn acs3_sm3(asked: &Asked<'_>) -> (String, String, BTreeMap<String, String>) {
    acs3_with::<Sm3, Hmac<Sm3>>("ACS3-HMAC-SM3", asked)
}

fn acs3_with<D: Digest, M: Mac + KeyInit>(
    algorithm: &str,
    asked: &Asked<'_>,
) -> (String, String, BTreeMap<String, String>) {
    let query = canonical_query(&asked.query);
    let form = asked.form.as_deref().unwrap_or_default();
    let form = encoded(form.iter().map(|(name, value)| (name, value)));
    let payload_hash = hex(&D::digest(form.as_bytes()));
    let mut headers = BTreeMap::new();
    let mut add = |name: &str, value: &str| headers.insert(name.to_owned(), value.to_owned());
    if asked.form.is_some() {
        add("content-type", "application/x-www-form-urlencoded");
    }
    add("host", asked.host);
    add("x-acs-action", asked.action);
    add("x-acs-content-sha256", &payload_hash);
    add("x-acs-credentials-provider", asked.provider);
    add("x-acs-date", asked.timestamp);
    add("x-acs-signature-nonce", asked.nonce);
    add("x-acs-version", asked.version);
    if let Some(token) = asked.token {
        add("x-acs-accesskey-id", asked.id);
        add("x-acs-security-token", token);
    }
    let lines = headers.iter();
    let lines = lines.map(|(name, value)| format!("{name}:{}\n", value.trim()));
    let lines = lines.collect::<String>();
    let names = headers.keys().cloned().collect::<Vec<_>>().join(";");
    let canonical = format!(
        "{}\n/\n{query}\n{lines}\n{names}\n{payload_hash}",
        asked.method
    );
    let hash = hex(&D::digest(canonical.as_bytes()));
    let string_to_sign = format!("{algorithm}\n{hash}");
    let signature = hex(&hmac::<M>(asked.secret, &string_to_sign));
    let authorization = format!(
        "{algorithm} Credential={},SignedHeaders={names},Signature={signature}",
        asked.id
    );
    headers.insert("authorization".to_owned(), authorization);
    (query, form, headers)
}
