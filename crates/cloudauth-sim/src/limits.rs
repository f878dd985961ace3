//! Queries per second: documented per operation and main account, shared by its RAM users.
//!
//! That a second begins with the clock's is our guess.

use std::collections::BTreeMap;

use crate::verify::{Refusal, Verified};

/// What the page on limits gives for most operations.
const USUAL: u32 = 50;

/// What it gives for others: face comparison, credentials, forgery, deletion of results; and, by product code,
/// declarations of intent. (NFC and video checks, 10 too, cannot be told apart by a name.)
const OTHERS: [(&str, u32); 6] = [
    ("CompareFaceVerify", 10),
    ("CredentialProductVerifyV2", 10),
    ("CredentialVerify", 10),
    ("CredentialVerifyV2", 10),
    ("DeepfakeDetect", 10),
    ("DeleteFaceVerifyResult", 10),
];

const BY_PRODUCT: [(&str, u32); 2] = [("ID_MIN_VIDEO", 10), ("MFVC", 10)];

/// Counts what came in this second.
#[derive(Default)]
pub(crate) struct Limits {
    are_kept: bool,
    second: u64,
    counts: BTreeMap<String, u32>,
}

pub(crate) const CODE: &str = "Throttling.User";

/// The headers that say how long to wait, in milliseconds: the one that older cores of the vendor's SDKs read, and the
/// one that newer cores read. The world's clock knows whole seconds only.
pub(crate) const HINTS: [(&str, &str); 2] = [
    ("x-ratelimit-user-api", "Remain:0,TimeLeft:1000,Reset:1000"),
    ("x-acs-retry-after", "1000"),
];

impl Limits {
    pub(crate) fn keep(&mut self, are_kept: bool) {
        self.are_kept = are_kept;
    }

    pub(crate) fn admit(&mut self, verified: &Verified, now_unix: u64) -> Result<(), Refusal> {
        if !self.are_kept {
            return Ok(());
        }
        if self.second != now_unix {
            self.second = now_unix;
            self.counts.clear();
        }
        let limit = limit(verified);
        // All keys of the simulator belong to one account.
        let count = self.counts.entry(verified.action.clone()).or_default();
        if *count >= limit {
            return Err(throttled());
        }
        *count += 1;
        Ok(())
    }
}

fn limit(verified: &Verified) -> u32 {
    let of = |table: &[(&str, u32)], name: &str| {
        let found = table.iter().find(|(listed, _)| *listed == name);
        found.map(|(_, limit)| *limit)
    };
    let product = verified.params.get("ProductCode");
    product
        .and_then(|code| of(&BY_PRODUCT, code))
        .or_else(|| of(&OTHERS, &verified.action))
        .unwrap_or(USUAL)
}

/// The code is documented, with HTTP 400 for other products.
fn throttled() -> Refusal {
    Refusal::new(400, CODE, "Too many requests in this second.")
}
