//! STS: `AssumeRole`, signed, and `AssumeRoleWithOIDC`, which is not.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Given, OIDC_TOKEN, json as answer, refuse};
use crate::percent;
use crate::request::Incoming;
use crate::verify::{check_time, named_action};
use crate::world::World;

const VERSION: &str = "2015-04-01";

impl World {
    pub(super) fn assume_role(&mut self, request: &Incoming, now_unix: u64) -> Given {
        let params = if named_action(request) == "AssumeRoleWithOIDC" {
            with_token(request, now_unix)?
        } else {
            let verified = self.gateway.verify(request, now_unix)?;
            self.gateway.admit_caller(&verified, now_unix)?;
            if verified.version != VERSION || verified.action != "AssumeRole" {
                return Err(refuse(404, "InvalidApi.NotFound"));
            }
            verified.params
        };
        let given = |name| params.get(name).map(String::as_str).unwrap_or_default();
        if !given("RoleArn").starts_with("acs:ram::") {
            return Err(refuse(400, "InvalidParameter.RoleArn"));
        }
        if given("RoleSessionName").is_empty() {
            return Err(refuse(400, "MissingRoleSessionName"));
        }
        // The least and the most are documented.
        let seconds = match given("DurationSeconds").parse() {
            Ok(seconds) if (900..=43_200).contains(&seconds) => seconds,
            _ => return Err(refuse(400, "InvalidParameter.DurationSeconds")),
        };
        let credentials = self.issue(seconds, now_unix);
        let body = json!({"RequestId": "-", "Credentials": credentials});
        Ok(answer(now_unix, &body))
    }
}

/// Parameters may stand in the URL or in a form: the vendor's Python SDK asks with GET and puts all of them, the token
/// too, in the URL; its others post a form.
fn with_token(
    request: &Incoming,
    now_unix: u64,
) -> Result<BTreeMap<String, String>, crate::Refusal> {
    let pairs = |text| percent::pairs(text).ok_or_else(|| refuse(400, "InvalidParameter"));
    let mut params: BTreeMap<_, _> = pairs(request.query())?.into_iter().collect();
    params.extend(pairs(
        core::str::from_utf8(&request.body).unwrap_or_default(),
    )?);
    let given = |name| params.get(name).map(String::as_str).unwrap_or_default();
    if given("Version") != VERSION || given("Format") != "JSON" {
        return Err(refuse(404, "InvalidApi.NotFound"));
    }
    check_time(given("Timestamp"), now_unix)?;
    if given("OIDCToken") != OIDC_TOKEN {
        return Err(refuse(400, "AuthenticationFail.OIDCToken.Invalid"));
    }
    if given("OIDCProviderArn").is_empty() {
        return Err(refuse(400, "MissingOIDCProviderArn"));
    }
    Ok(params)
}
