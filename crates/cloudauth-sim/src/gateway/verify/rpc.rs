//! RPC 1.0 with HMAC-SHA1, the older signature that the service still accepts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use super::{VerifiedRequest, canonical_query, check_timestamp, form, secret_for, unique};
use crate::http::{IncomingRequest, Params, Refusal, percent};

pub(super) const SCHEME: &str = "HMAC-SHA1";

/// The parameters of the protocol, which no operation has (documented).
const RESERVED: [&str; 11] = [
    "AccessKeyId",
    "Action",
    "Format",
    "SecurityToken",
    "Signature",
    "SignatureMethod",
    "SignatureNonce",
    "SignatureType",
    "SignatureVersion",
    "Timestamp",
    "Version",
];

pub(super) fn verify(
    request: &IncomingRequest,
    query: Params,
    secret_of: impl Fn(&str) -> Option<String>,
    now_unix: u64,
) -> Result<VerifiedRequest, Refusal> {
    if !request.body.is_empty() && !request.has_form() {
        // The signature would not cover this body.
        let message = "The body is not declared as a form.";
        return Err(Refusal::new(400, "InvalidParameter", message));
    }
    let mut params = unique(form(request)?, query)?;

    let action = required(&params, "Action", "MissingAction")?;
    let version = required(&params, "Version", "MissingVersion")?;
    let access_key_id = required(&params, "AccessKeyId", "MissingAccessKeyId")?;
    let method = required(&params, "SignatureMethod", "MissingSignatureMethod")?;
    if method != SCHEME {
        let message = "SignatureMethod is not HMAC-SHA1.";
        return Err(Refusal::new(400, "InvalidSignatureMethod", message));
    }
    if required(&params, "SignatureVersion", "MissingSignatureVersion")? != "1.0" {
        let message = "SignatureVersion is not 1.0.";
        return Err(Refusal::new(400, "InvalidParameter", message));
    }
    let nonce = required(&params, "SignatureNonce", "MissingSignatureNonce")?;
    let signature = required(&params, "Signature", "MissingSignature")?;
    let timestamp = required(&params, "Timestamp", "MissingTimestamp")?;
    let signed_at_unix = check_timestamp(&timestamp, now_unix)?;
    let secret = secret_for(&access_key_id, secret_of)?;

    params.remove("Signature");
    let to_sign = string_to_sign(&request.method, &canonical_query(&params));
    if !signature_matches(&secret, &to_sign, &signature) {
        let message = format!(
            "The signature is not the one that the server computed. \
             server string to sign is:{to_sign}"
        );
        return Err(Refusal::new(400, "SignatureDoesNotMatch", message));
    }

    // The vendor's C++ SDK sends an empty one with every permanent key.
    let security_token = params.get("SecurityToken").cloned();
    let security_token = security_token.filter(|token| !token.is_empty());
    let format = params.get("Format").cloned();
    params.retain(|name, _| !RESERVED.contains(&name.as_str()));
    Ok(VerifiedRequest {
        access_key_id,
        security_token,
        action,
        version,
        nonce: Some(nonce),
        signed_at_unix,
        format,
        params,
        scheme: SCHEME,
    })
}

fn required(params: &Params, name: &str, code: &'static str) -> Result<String, Refusal> {
    params
        .get(name)
        .filter(|value| !value.is_empty())
        .cloned()
        .ok_or_else(|| Refusal::new(400, code, format!("The parameter {name} is missing.")))
}

/// The string that is signed. `query` are all parameters except the signature, canonical.
pub(super) fn string_to_sign(method: &str, query: &str) -> String {
    format!("{method}&%2F&{}", percent::encode(query))
}

/// Compares in constant time.
pub(super) fn signature_matches(secret: &str, string_to_sign: &str, signature: &str) -> bool {
    let key = hmac::Key::new(
        hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        format!("{secret}&").as_bytes(),
    );
    STANDARD
        .decode(signature)
        .is_ok_and(|tag| hmac::verify(&key, string_to_sign.as_bytes(), &tag).is_ok())
}
