//! A credentials URI, CloudSSO, and the exchange of a browser login's token.

use serde_json::{Value, json};

use super::{Given, LIFE, OAUTH_TOKEN, SSO_TOKEN, has_bearer, json as answer, refuse};
use crate::request::Incoming;
use crate::world::World;

impl World {
    pub(super) fn credentials_uri(&mut self, request: &Incoming, now_unix: u64) -> Given {
        if request.method != "GET" {
            return Err(refuse(405, "UnsupportedHTTPMethod"));
        }
        Ok(answer(now_unix, &self.issue_well(now_unix)))
    }

    pub(super) fn cloud_sso(&mut self, request: &Incoming, now_unix: u64) -> Given {
        if request.method != "POST" || !has_bearer(request, SSO_TOKEN) {
            return Err(refuse(401, "InvalidAccessToken"));
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let has = |name: &str| body[name].as_str().is_some_and(|text| !text.is_empty());
        if !has("AccountId") || !has("AccessConfigurationId") {
            return Err(refuse(400, "InvalidParameter"));
        }
        let credential = self.issue(LIFE, now_unix);
        Ok(answer(now_unix, &json!({"CloudCredential": credential})))
    }

    /// What a program prints that has credentials to give.
    pub(crate) fn print(&mut self, now_unix: u64) -> Vec<u8> {
        let issued = self.issue(LIFE, now_unix);
        let printed = json!({
            "mode": "StsToken",
            "access_key_id": issued["AccessKeyId"],
            "access_key_secret": issued["AccessKeySecret"],
            "sts_token": issued["SecurityToken"],
            "expiration": issued["Expiration"],
        });
        printed.to_string().into_bytes()
    }

    /// Answers with names that begin small, as the vendor's Go, Java and TypeScript SDKs read them.
    pub(super) fn oauth(&mut self, request: &Incoming, now_unix: u64) -> Given {
        if request.method != "POST" || !has_bearer(request, OAUTH_TOKEN) {
            return Err(refuse(401, "InvalidAccessToken"));
        }
        let issued = self.issue(LIFE, now_unix);
        let body = json!({
            "requestId": "-",
            "accessKeyId": issued["AccessKeyId"],
            "accessKeySecret": issued["AccessKeySecret"],
            "securityToken": issued["SecurityToken"],
            "expiration": issued["Expiration"],
        });
        Ok(answer(now_unix, &body))
    }
}
