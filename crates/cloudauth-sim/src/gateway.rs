//! The gateway in front of the operations: who calls, whether the request is new, and how many there were.

use std::collections::BTreeMap;

use crate::limits::Limits;
use crate::nonces::Nonces;
use crate::request::Incoming;
use crate::verify::{Refusal, Verified, verify};

/// The API version that the simulator speaks.
const VERSION: &str = "2019-03-07";

/// What lets files into the object store, and its version: an operation of another product.
pub(crate) const AUTHORIZE: (&str, &str) = ("AuthorizeFileUpload", "2019-12-19");

#[derive(Default)]
pub(crate) struct Gateway {
    pub(crate) keys: BTreeMap<String, Key>,
    pub(crate) limits: Limits,
    nonces: Nonces,
}

pub(crate) struct Key {
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
    /// In seconds since 1970.
    pub(crate) expires: Option<u64>,
    pub(crate) is_active: bool,
}

impl Key {
    pub(crate) const fn new(secret: String) -> Self {
        Self {
            secret,
            token: None,
            expires: None,
            is_active: true,
        }
    }
}

impl Gateway {
    /// Checks the signature and its time.
    pub(crate) fn verify(&self, request: &Incoming, now_unix: u64) -> Result<Verified, Refusal> {
        verify(request, |id| self.secret_of(id), now_unix)
    }

    pub(crate) fn secret_of(&self, access_key_id: &str) -> Option<String> {
        self.keys.get(access_key_id).map(|key| key.secret.clone())
    }

    /// The checks that need memory or a table.
    pub(crate) fn admit(
        &mut self,
        request: &Incoming,
        verified: &Verified,
        now_unix: u64,
    ) -> Result<(), Refusal> {
        self.admit_caller(verified, now_unix)?;
        let version = match verified.action.as_str() {
            action if action == AUTHORIZE.0 => AUTHORIZE.1,
            _ => VERSION,
        };
        if request.path() != "/" || verified.version != version {
            return Err(no_such_api());
        }
        let xml = match &verified.format {
            Some(format) => !format.eq_ignore_ascii_case("json"),
            // Under RPC 1.0 the service answers XML unless told otherwise (documented).
            None => verified.scheme == "HMAC-SHA1",
        };
        if xml {
            let message = "The simulator answers JSON only: send Format=JSON.";
            return Err(Refusal::new(400, "InvalidParameter", message));
        }
        self.limits.admit(verified, now_unix)
    }

    /// Whether the key is good, with its token, and the nonce is new.
    ///
    /// The codes about tokens are in the vendor's list of common errors, seen in other products' clients.
    pub(crate) fn admit_caller(
        &mut self,
        verified: &Verified,
        now_unix: u64,
    ) -> Result<(), Refusal> {
        let id = &verified.access_key_id;
        let key = self.keys.get(id);
        if key.is_some_and(|key| !key.is_active) {
            let message = "The access key is switched off.";
            return Err(Refusal::new(400, "InvalidAccessKeyId.Inactive", message));
        }
        let token = key.and_then(|key| key.token.as_ref());
        if verified.security_token.as_ref() != token {
            return Err(if verified.security_token.is_none() {
                let message = "The key is a temporary one and needs its token.";
                Refusal::new(400, "MissingSecurityToken", message)
            } else {
                let message = "The token does not belong to the key.";
                Refusal::new(400, "InvalidSecurityToken.MismatchWithAccessKey", message)
            });
        }
        if key.is_some_and(|key| key.expires.is_some_and(|expires| expires <= now_unix)) {
            let message = "The token is out of date.";
            return Err(Refusal::new(400, "InvalidSecurityToken.Expired", message));
        }
        if let Some(nonce) = &verified.nonce
            && !self
                .nonces
                .insert(id, nonce, verified.signed_at_unix, now_unix)
        {
            let message = "The nonce was used before.";
            return Err(Refusal::new(400, "SignatureNonceUsed", message));
        }
        Ok(())
    }
}

pub(crate) fn no_such_api() -> Refusal {
    let message = "There is no such operation in this version.";
    Refusal::new(404, "InvalidApi.NotFound", message)
}
