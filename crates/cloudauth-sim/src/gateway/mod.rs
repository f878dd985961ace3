//! The gateway in front of the operations: signatures, access keys, nonces and rate limits.

mod keys;
mod limits;
mod nonces;
pub(crate) mod verify;

pub(crate) use self::keys::AccessKeys;
use self::limits::RateLimits;
use self::nonces::Nonces;
use self::verify::{VerifiedRequest, verify};
use crate::http::{IncomingRequest, Refusal};

/// The simulated version of the API.
const VERSION: &str = "2019-03-07";

/// The operation that grants uploads. It belongs to another product of the vendor's.
pub(crate) const AUTHORIZE_FILE_UPLOAD: &str = "AuthorizeFileUpload";

/// The version of that product's API.
const FILE_PLATFORM_VERSION: &str = "2019-12-19";

#[derive(Default)]
pub(crate) struct Gateway {
    pub(crate) keys: AccessKeys,
    limits: RateLimits,
    nonces: Nonces,
}

impl Gateway {
    /// Enforces the documented rate limits, or does not.
    pub(crate) fn enforce_rate_limits(&mut self, enforce: bool) {
        self.limits.enforce(enforce);
    }

    /// Checks the signature and its timestamp.
    pub(crate) fn verify(
        &self,
        request: &IncomingRequest,
        now_unix: u64,
    ) -> Result<VerifiedRequest, Refusal> {
        verify(request, |id| self.keys.secret_of(id), now_unix)
    }

    /// The checks of a verified request for an operation: caller, version, format and rate limit.
    pub(crate) fn admit(
        &mut self,
        request: &IncomingRequest,
        verified: &VerifiedRequest,
        now_unix: u64,
    ) -> Result<(), Refusal> {
        self.admit_caller(verified, now_unix)?;
        let version = match verified.action.as_str() {
            AUTHORIZE_FILE_UPLOAD => FILE_PLATFORM_VERSION,
            _ => VERSION,
        };
        if request.path() != "/" || verified.version != version {
            return Err(no_such_api());
        }
        let is_known = |format: &String| {
            let names = ["json", "xml"];
            names.iter().any(|name| format.eq_ignore_ascii_case(name))
        };
        if !verified.format.as_ref().is_none_or(is_known) {
            let message = "Format is neither JSON nor XML.";
            return Err(Refusal::new(400, "InvalidParameter", message));
        }
        self.limits.admit(verified, now_unix)
    }

    /// Checks the access key with its token, and that the nonce is new.
    pub(crate) fn admit_caller(
        &mut self,
        verified: &VerifiedRequest,
        now_unix: u64,
    ) -> Result<(), Refusal> {
        self.keys.admit(verified, now_unix)?;
        let Some(nonce) = &verified.nonce else {
            return Ok(());
        };
        let id = &verified.access_key_id;
        if self
            .nonces
            .insert(id, nonce, verified.signed_at_unix, now_unix)
        {
            return Ok(());
        }
        let message = "The nonce was used before.";
        Err(Refusal::new(400, "SignatureNonceUsed", message))
    }
}

/// Whether the response to a request, verified or not, is in XML: under RPC 1.0 it is by default
/// (documented).
pub(crate) fn wants_xml(request: &IncomingRequest) -> bool {
    match verify::named_parameter(request, "Format") {
        Some(format) => format.eq_ignore_ascii_case("xml"),
        None => verify::named_parameter(request, "SignatureMethod").is_some(),
    }
}

pub(crate) fn no_such_api() -> Refusal {
    let message = "There is no such operation in this version.";
    Refusal::new(404, "InvalidApi.NotFound", message)
}
