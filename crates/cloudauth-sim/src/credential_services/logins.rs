//! A credentials URI, CloudSSO, the exchange of a browser login's token, and an external program.

use serde_json::{Value, json};

use super::issuer::{DEFAULT_LIFETIME, Issuer};
use super::{json_response, refusal};
use crate::gateway::AccessKeys;
use crate::http::{IncomingRequest, OutgoingResponse, Refusal};

/// The access token of the simulated CloudSSO login.
pub const SSO_TOKEN: &str = "simulated-sso-token";

/// The access token of the simulated browser login.
pub const OAUTH_TOKEN: &str = "simulated-oauth-token";

pub(super) fn credentials_uri(
    request: &IncomingRequest,
    keys: &mut AccessKeys,
    issuer: &mut Issuer,
    now_unix: u64,
) -> Result<OutgoingResponse, Refusal> {
    if request.method != "GET" {
        return Err(refusal(405, "UnsupportedHTTPMethod"));
    }
    let credentials = issuer.issue_with_code(keys, now_unix);
    Ok(json_response(now_unix, &credentials))
}

pub(super) fn cloud_sso(
    request: &IncomingRequest,
    keys: &mut AccessKeys,
    issuer: &mut Issuer,
    now_unix: u64,
) -> Result<OutgoingResponse, Refusal> {
    if request.method != "POST" || !has_bearer(request, SSO_TOKEN) {
        return Err(refusal(401, "InvalidAccessToken"));
    }
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let has = |name: &str| body[name].as_str().is_some_and(|text| !text.is_empty());
    if !has("AccountId") || !has("AccessConfigurationId") {
        return Err(refusal(400, "InvalidParameter"));
    }
    let credential = issuer.issue(keys, DEFAULT_LIFETIME, now_unix);
    let body = json!({"CloudCredential": credential});
    Ok(json_response(now_unix, &body))
}

/// The names begin with a lower-case letter, as the vendor's Go, Java and TypeScript SDKs read them.
pub(super) fn oauth(
    request: &IncomingRequest,
    keys: &mut AccessKeys,
    issuer: &mut Issuer,
    now_unix: u64,
) -> Result<OutgoingResponse, Refusal> {
    if request.method != "POST" || !has_bearer(request, OAUTH_TOKEN) {
        return Err(refusal(401, "InvalidAccessToken"));
    }
    let credentials = issuer.issue(keys, DEFAULT_LIFETIME, now_unix);
    let body = json!({
        "requestId": "-",
        "accessKeyId": credentials["AccessKeyId"],
        "accessKeySecret": credentials["AccessKeySecret"],
        "securityToken": credentials["SecurityToken"],
        "expiration": credentials["Expiration"],
    });
    Ok(json_response(now_unix, &body))
}

pub(super) fn external_program_output(
    keys: &mut AccessKeys,
    issuer: &mut Issuer,
    now_unix: u64,
) -> Vec<u8> {
    let credentials = issuer.issue(keys, DEFAULT_LIFETIME, now_unix);
    let printed = json!({
        "mode": "StsToken",
        "access_key_id": credentials["AccessKeyId"],
        "access_key_secret": credentials["AccessKeySecret"],
        "sts_token": credentials["SecurityToken"],
        "expiration": credentials["Expiration"],
    });
    printed.to_string().into_bytes()
}

fn has_bearer(request: &IncomingRequest, token: &str) -> bool {
    let expected = format!("Bearer {token}");
    request
        .header_values("authorization")
        .eq([expected.as_str()])
}
