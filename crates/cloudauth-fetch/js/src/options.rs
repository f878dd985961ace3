//! Options, as JavaScript passes them: plain objects, described in `types.d.ts`.

use core::time::Duration;

use cloudauth_fetch::{
    AssumeRole, CallOptions, Credentials, Endpoint, Endpoints, Policy, Role, Source,
};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Options of a client.
    #[wasm_bindgen(typescript_type = "ClientOptions")]
    #[derive(Debug)]
    pub type Settings;
    #[wasm_bindgen(method, getter, js_name = accessKeyId)]
    fn access_key_id(this: &Settings) -> Option<String>;
    #[wasm_bindgen(method, getter, js_name = accessKeySecret)]
    fn access_key_secret(this: &Settings) -> Option<String>;
    #[wasm_bindgen(method, getter, js_name = securityToken)]
    fn security_token(this: &Settings) -> Option<String>;
    #[wasm_bindgen(method, getter, js_name = roleArn)]
    fn role_arn(this: &Settings) -> Option<String>;
    #[wasm_bindgen(method, getter, js_name = roleSessionName)]
    fn role_session_name(this: &Settings) -> Option<String>;
    #[wasm_bindgen(method, getter, js_name = stsEndpoint)]
    fn sts_endpoint(this: &Settings) -> Option<String>;
    #[wasm_bindgen(method, getter, js_name = endpoints)]
    fn endpoint_urls(this: &Settings) -> Option<Vec<String>>;
    #[wasm_bindgen(method, getter, js_name = connectTimeout)]
    fn connect_timeout(this: &Settings) -> Option<u32>;
    #[wasm_bindgen(method, getter, js_name = readTimeout)]
    fn read_timeout(this: &Settings) -> Option<u32>;
    #[wasm_bindgen(method, getter, js_name = totalTimeout)]
    fn total_timeout(this: &Settings) -> Option<u32>;
    #[wasm_bindgen(method, getter, js_name = responseLimit)]
    fn response_limit(this: &Settings) -> Option<u32>;

    /// Options of a call.
    #[wasm_bindgen(typescript_type = "CallSettings")]
    #[derive(Debug)]
    pub type CallSettings;
    #[wasm_bindgen(method, getter, js_name = origin)]
    fn origin_url(this: &CallSettings) -> Option<String>;
    #[wasm_bindgen(method, getter, js_name = totalTimeout)]
    fn total(this: &CallSettings) -> Option<u32>;
    #[wasm_bindgen(method, getter, js_name = hedgeAfter)]
    fn hedge_after(this: &CallSettings) -> Option<u32>;
}

impl Settings {
    /// Where the credentials come from: the keys, or the role that is assumed with them.
    pub(crate) fn source(&self) -> Result<Source, JsError> {
        let id = self.access_key_id().unwrap_or_default();
        let secret = self.access_key_secret().unwrap_or_default();
        let credentials = match self.security_token() {
            Some(token) => Credentials::temporary(id, secret, token)?,
            None => Credentials::access_key(id, secret)?,
        };
        let Some(arn) = self.role_arn() else {
            return Ok(credentials.into());
        };
        let name = self.role_session_name();
        let role = Role::new(arn, name.unwrap_or_else(|| "cloudauth-fetch".to_owned()));
        let sts = match self.sts_endpoint() {
            Some(url) => url.parse()?,
            None => Endpoint::STS,
        };
        let assumed = AssumeRole::new(credentials.into(), role, sts);
        Ok(Source::AssumeRole(Box::new(assumed)))
    }

    /// The endpoints, in order of preference.
    pub(crate) fn endpoints(&self) -> Result<Endpoints, JsError> {
        let mut endpoints: Option<Endpoints> = None;
        for url in self.endpoint_urls().unwrap_or_default() {
            let endpoint: Endpoint = url.parse()?;
            endpoints = Some(match endpoints {
                Some(endpoints) => endpoints.then(endpoint),
                None => Endpoints::only(endpoint),
            });
        }
        Ok(endpoints.unwrap_or_default())
    }

    /// Time-outs and limits.
    pub(crate) fn policy(&self) -> Policy {
        let mut policy = Policy::default();
        for (value, field) in [
            (self.connect_timeout(), &mut policy.connect_timeout),
            (self.read_timeout(), &mut policy.read_timeout),
            (self.total_timeout(), &mut policy.total_timeout),
        ] {
            if let Some(milliseconds) = value {
                *field = span(milliseconds);
            }
        }
        if let Some(bytes) = self.response_limit() {
            policy.response_limit = usize::try_from(bytes).unwrap_or(usize::MAX);
        }
        policy
    }
}

impl CallSettings {
    pub(crate) fn options(&self) -> CallOptions {
        let mut options = CallOptions::new();
        if let Some(milliseconds) = self.total() {
            options = options.total_timeout(span(milliseconds));
        }
        if let Some(milliseconds) = self.hedge_after() {
            options = options.hedge_after(span(milliseconds));
        }
        options
    }

    /// The endpoint that opened the verification.
    pub(crate) fn origin(&self) -> Result<Option<Endpoint>, JsError> {
        Ok(match self.origin_url() {
            Some(url) => Some(url.parse()?),
            None => None,
        })
    }
}

fn span(milliseconds: u32) -> Duration {
    Duration::from_millis(milliseconds.into())
}
