//! Rate limits: documented per operation and main account, shared by its RAM users.
//!
//! That they count per second of the clock is our guess.

use std::collections::BTreeMap;

use super::verify::VerifiedRequest;
use crate::http::{Refusal, THROTTLED};

/// Queries per second for most operations (documented).
const DEFAULT: u32 = 50;

/// The documented exceptions by operation: face comparison, credentials, forgery detection, deletion
/// of results. NFC and video checks, 10 too, have no operation or product code of their own.
const BY_ACTION: [(&str, u32); 6] = [
    ("CompareFaceVerify", 10),
    ("CredentialProductVerifyV2", 10),
    ("CredentialVerify", 10),
    ("CredentialVerifyV2", 10),
    ("DeepfakeDetect", 10),
    ("DeleteFaceVerifyResult", 10),
];

/// The documented exceptions by product code: declarations of intent.
const BY_PRODUCT: [(&str, u32); 2] = [("ID_MIN_VIDEO", 10), ("MFVC", 10)];

/// The requests of the current second, by operation. All keys belong to one account.
#[derive(Default)]
pub(super) struct RateLimits {
    are_enforced: bool,
    second: u64,
    counts: BTreeMap<String, u32>,
}

impl RateLimits {
    pub(super) fn enforce(&mut self, enforce: bool) {
        self.are_enforced = enforce;
    }

    pub(super) fn admit(
        &mut self,
        verified: &VerifiedRequest,
        now_unix: u64,
    ) -> Result<(), Refusal> {
        if !self.are_enforced {
            return Ok(());
        }
        if self.second != now_unix {
            self.second = now_unix;
            self.counts.clear();
        }
        let limit = limit(verified);
        let count = self.counts.entry(verified.action.clone()).or_default();
        if *count >= limit {
            // HTTP 400 is documented for other products.
            let message = "Too many requests in this second.";
            return Err(Refusal::new(400, THROTTLED, message));
        }
        *count += 1;
        Ok(())
    }
}

fn limit(verified: &VerifiedRequest) -> u32 {
    let listed = |table: &[(&str, u32)], name: &str| {
        let found = table.iter().find(|(listed, _)| *listed == name);
        found.map(|(_, limit)| *limit)
    };
    let product = verified.params.get("ProductCode");
    product
        .and_then(|code| listed(&BY_PRODUCT, code))
        .or_else(|| listed(&BY_ACTION, &verified.action))
        .unwrap_or(DEFAULT)
}
