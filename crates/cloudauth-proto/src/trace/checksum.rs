//! The checksums of lines. Each one covers all lines up to its own, so an edited, a missing and an added line
//! show. It is no signature: whoever edits a recording can compute it again.

use alloc::format;
use alloc::string::String;

use sha2::{Digest as _, Sha256};

use crate::encode::hex;

const BEFORE: &str = ",\"sum\":\"";
const AFTER: &str = "\"}";
const DIGITS: usize = 16;

/// The hash of the lines so far.
#[derive(Default)]
pub(super) struct Checksum([u8; 32]);

impl Checksum {
    /// Appends the checksum to an object as its last member.
    pub(super) fn append_to(&mut self, json: &str) -> String {
        let sum = self.next(json);
        let open = json.strip_suffix('}').unwrap_or(json);
        format!("{open}{BEFORE}{sum}{AFTER}")
    }

    /// The object without its checksum, if that is right.
    pub(super) fn remove_from(&mut self, line: &str) -> Option<String> {
        let rest = line.strip_suffix(AFTER)?;
        let at = rest.len().checked_sub(DIGITS)?;
        let (rest, sum) = rest.split_at_checked(at)?;
        let json = format!("{}}}", rest.strip_suffix(BEFORE)?);
        (self.next(&json) == sum).then_some(json)
    }

    fn next(&mut self, json: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(json.as_bytes());
        self.0 = hash.finalize().into();
        hex::text(&hex::digits(&self.0)[..DIGITS]).into()
    }
}
