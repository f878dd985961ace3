//! The access keys that requests may be signed with.

use std::collections::BTreeMap;

use super::verify::VerifiedRequest;
use crate::http::Refusal;

/// Access keys by ID.
#[derive(Default)]
pub(crate) struct AccessKeys(BTreeMap<String, AccessKey>);

struct AccessKey {
    secret: String,
    /// The STS token of a temporary key.
    token: Option<String>,
    expires_unix: Option<u64>,
    is_active: bool,
}

impl AccessKeys {
    /// Adds a permanent key, or replaces the key with this ID.
    pub(crate) fn add(&mut self, id: &str, secret: &str) {
        self.insert(id, secret, None, None);
    }

    /// Adds a temporary key, or replaces the key with this ID. Without `expires_unix` it does not
    /// expire.
    pub(crate) fn add_temporary(
        &mut self,
        id: &str,
        secret: &str,
        token: &str,
        expires_unix: Option<u64>,
    ) {
        self.insert(id, secret, Some(token.to_owned()), expires_unix);
    }

    fn insert(&mut self, id: &str, secret: &str, token: Option<String>, expires_unix: Option<u64>) {
        let key = AccessKey {
            secret: secret.to_owned(),
            token,
            expires_unix,
            is_active: true,
        };
        self.0.insert(id.to_owned(), key);
    }

    pub(crate) fn remove(&mut self, id: &str) {
        self.0.remove(id);
    }

    /// Deactivates a key. An unknown ID changes nothing.
    pub(crate) fn deactivate(&mut self, id: &str) {
        if let Some(key) = self.0.get_mut(id) {
            key.is_active = false;
        }
    }

    /// Makes all temporary keys expire.
    pub(crate) fn expire_temporary(&mut self) {
        for key in self.0.values_mut().filter(|key| key.token.is_some()) {
            key.expires_unix = Some(0);
        }
    }

    pub(crate) fn secret_of(&self, id: &str) -> Option<String> {
        self.0.get(id).map(|key| key.secret.clone())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Checks that the key of a verified request is active, sent with its token, and not expired.
    ///
    /// The codes about tokens are in the vendor's list of common errors, seen in other products'
    /// clients.
    pub(super) fn admit(&self, verified: &VerifiedRequest, now_unix: u64) -> Result<(), Refusal> {
        let key = self.0.get(&verified.access_key_id);
        if key.is_some_and(|key| !key.is_active) {
            let message = "The access key is inactive.";
            return Err(Refusal::new(400, "InvalidAccessKeyId.Inactive", message));
        }
        let token = key.and_then(|key| key.token.as_ref());
        if verified.security_token.as_ref() != token {
            return Err(if verified.security_token.is_none() {
                let message = "The access key is temporary and requires its token.";
                Refusal::new(400, "MissingSecurityToken", message)
            } else {
                let message = "The token does not belong to the access key.";
                Refusal::new(400, "InvalidSecurityToken.MismatchWithAccessKey", message)
            });
        }
        let has_expired = |key: &AccessKey| key.expires_unix.is_some_and(|at| at <= now_unix);
        if key.is_some_and(has_expired) {
            let message = "The token has expired.";
            return Err(Refusal::new(400, "InvalidSecurityToken.Expired", message));
        }
        Ok(())
    }
}
