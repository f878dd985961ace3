//! STS: `AssumeRole` and `GetCallerIdentity`, signed, and `AssumeRoleWithOIDC`, unsigned.

use serde_json::json;

use super::issuer::Issuer;
use super::{json_response, refusal};
use crate::gateway::Gateway;
use crate::gateway::verify::{check_timestamp, named_action};
use crate::http::{IncomingRequest, OutgoingResponse, Params, Refusal, params::value, percent};

/// The token of the simulated OIDC provider.
pub const OIDC_TOKEN: &str = "eyJhbGciOi.simulated.WT+/=";

const VERSION: &str = "2015-04-01";

/// The account of every simulated access key; the number is the vendor's placeholder.
const ACCOUNT: &str = "123456789012****";

pub(super) fn respond(
    request: &IncomingRequest,
    gateway: &mut Gateway,
    issuer: &mut Issuer,
    now_unix: u64,
) -> Result<OutgoingResponse, Refusal> {
    if named_action(request) == "GetCallerIdentity" {
        return caller_identity(request, gateway, now_unix);
    }
    assume_role(request, gateway, issuer, now_unix)
}

/// Names the caller: an assumed role for a temporary key, else a RAM user. The vendor's command line
/// ends its `configure` with this request. The names of the members are documented.
fn caller_identity(
    request: &IncomingRequest,
    gateway: &mut Gateway,
    now_unix: u64,
) -> Result<OutgoingResponse, Refusal> {
    let verified = gateway.verify(request, now_unix)?;
    gateway.admit_caller(&verified, now_unix)?;
    if verified.version != VERSION || verified.action != "GetCallerIdentity" {
        return Err(refusal(404, "InvalidApi.NotFound"));
    }
    let mut body = json!({
        "RequestId": "-",
        "AccountId": ACCOUNT,
        "PrincipalId": "28877424437521****",
    });
    if verified.security_token.is_some() {
        body["Arn"] = format!("acs:ram::{ACCOUNT}:assumed-role/simulated/session").into();
        body["IdentityType"] = "AssumedRoleUser".into();
        body["RoleId"] = "28877424437522****".into();
    } else {
        body["Arn"] = format!("acs:ram::{ACCOUNT}:user/simulated").into();
        body["IdentityType"] = "RAMUser".into();
        body["UserId"] = "28877424437521****".into();
    }
    Ok(json_response(now_unix, &body))
}

fn assume_role(
    request: &IncomingRequest,
    gateway: &mut Gateway,
    issuer: &mut Issuer,
    now_unix: u64,
) -> Result<OutgoingResponse, Refusal> {
    let params = if named_action(request) == "AssumeRoleWithOIDC" {
        oidc_params(request, now_unix)?
    } else {
        let verified = gateway.verify(request, now_unix)?;
        gateway.admit_caller(&verified, now_unix)?;
        if verified.version != VERSION || verified.action != "AssumeRole" {
            return Err(refusal(404, "InvalidApi.NotFound"));
        }
        verified.params
    };
    if !value(&params, "RoleArn").starts_with("acs:ram::") {
        return Err(refusal(400, "InvalidParameter.RoleArn"));
    }
    if value(&params, "RoleSessionName").is_empty() {
        return Err(refusal(400, "MissingRoleSessionName"));
    }
    // Minimum and maximum are documented.
    let seconds = match value(&params, "DurationSeconds").parse() {
        Ok(seconds) if (900..=43_200).contains(&seconds) => seconds,
        _ => return Err(refusal(400, "InvalidParameter.DurationSeconds")),
    };
    let credentials = issuer.issue(&mut gateway.keys, seconds, now_unix);
    let body = json!({"RequestId": "-", "Credentials": credentials});
    Ok(json_response(now_unix, &body))
}

/// The parameters of a request with a valid OIDC token, from URL and form: the vendor's Python SDK
/// sends a GET with all parameters, the token included, in the URL; its others post a form.
fn oidc_params(request: &IncomingRequest, now_unix: u64) -> Result<Params, Refusal> {
    let pairs = |text| percent::pairs(text).ok_or_else(|| refusal(400, "InvalidParameter"));
    let mut params: Params = pairs(request.query())?.into_iter().collect();
    let body = core::str::from_utf8(&request.body).unwrap_or_default();
    params.extend(pairs(body)?);
    if value(&params, "Version") != VERSION || value(&params, "Format") != "JSON" {
        return Err(refusal(404, "InvalidApi.NotFound"));
    }
    check_timestamp(value(&params, "Timestamp"), now_unix)?;
    if value(&params, "OIDCToken") != OIDC_TOKEN {
        return Err(refusal(400, "AuthenticationFail.OIDCToken.Invalid"));
    }
    if value(&params, "OIDCProviderArn").is_empty() {
        return Err(refusal(400, "MissingOIDCProviderArn"));
    }
    Ok(params)
}
