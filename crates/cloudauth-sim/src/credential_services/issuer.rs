//! Temporary access keys, issued with an expiry.

use serde_json::{Value, json};

use crate::dates::timestamp;
use crate::gateway::AccessKeys;

/// The lifetime of credentials in seconds, where the request does not state one.
pub(super) const DEFAULT_LIFETIME: u64 = 3_600;

/// With more credentials than this, the oldest are removed.
const CAPACITY: u64 = 10_000;

#[derive(Default)]
pub(super) struct Issuer {
    /// The lifetime of all credentials in seconds, if it was set.
    lifetime: Option<u64>,
    issued: u64,
}

impl Issuer {
    pub(super) fn set_lifetime(&mut self, seconds: u64) {
        self.lifetime = Some(seconds);
    }

    pub(super) const fn issued(&self) -> u64 {
        self.issued
    }

    /// Issues an access key that is valid from now on, for `lifetime` seconds or for the lifetime that
    /// was set.
    pub(super) fn issue(&mut self, keys: &mut AccessKeys, lifetime: u64, now_unix: u64) -> Value {
        self.issued += 1;
        let n = self.issued;
        let (id, secret) = (key_id(n), format!("issued-secret-{n}"));
        let token = format!("issued-token-{n}+/=");
        let expires = now_unix.saturating_add(self.lifetime.unwrap_or(lifetime));
        keys.add_temporary(&id, &secret, &token, Some(expires));
        // IDs count up, so the oldest one is known.
        if let Some(oldest) = n.checked_sub(CAPACITY) {
            keys.remove(&key_id(oldest));
        }
        json!({
            "AccessKeyId": id,
            "AccessKeySecret": secret,
            "SecurityToken": token,
            "Expiration": timestamp(expires),
        })
    }

    /// Issues an access key with the default lifetime, in an object with `Code: "Success"`.
    pub(super) fn issue_with_code(&mut self, keys: &mut AccessKeys, now_unix: u64) -> Value {
        let mut issued = self.issue(keys, DEFAULT_LIFETIME, now_unix);
        issued["Code"] = "Success".into();
        issued
    }
}

fn key_id(n: u64) -> String {
    format!("STS.Simulated{n:06}")
}
