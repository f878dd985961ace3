//! What was asked and how it ended, without persons and secrets.

use std::collections::BTreeMap;

use crate::percent;
use crate::region::Region;
use crate::request::Incoming;

/// How many requests the log remembers.
const CAPACITY: usize = 10_000;

/// A request that reached an API.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Where.
    pub region: Region,
    /// The operation that it named, verified or not; empty if it named none. At most 64 characters.
    pub action: String,
    /// When, in seconds since 1970.
    pub at_unix: u64,
    /// How it ended: the business code of the reply (`200`), the gateway's code (`SignatureDoesNotMatch`) or the
    /// scripted fault (`fault: hang`).
    pub outcome: String,
    /// The scheme of its signature if that was checked and good.
    pub scheme: Option<&'static str>,
    /// More about a refusal. It has no values of parameters and no secret.
    pub detail: Option<String>,
    /// The names, not the values, of what stood in its URL. At most 64 names of at most 64 characters.
    pub url_query_names: Vec<String>,
}

/// The last requests.
#[derive(Default)]
pub(crate) struct Log {
    /// Up to twice the capacity, so that forgetting is rare and the rest is one slice.
    seen: Vec<Seen>,
    /// How many there were in each region.
    attempts: BTreeMap<Region, u64>,
}

impl Log {
    pub(crate) fn push(&mut self, seen: Seen) {
        *self.attempts.entry(seen.region).or_default() += 1;
        if self.seen.len() >= 2 * CAPACITY {
            self.seen.drain(..CAPACITY);
        }
        self.seen.push(seen);
    }

    pub(crate) fn attempts(&self, region: Region) -> u64 {
        self.attempts.get(&region).copied().unwrap_or_default()
    }

    pub(crate) fn last(&self) -> &[Seen] {
        let forgotten = self.seen.len().saturating_sub(CAPACITY);
        self.seen.get(forgotten..).unwrap_or_default()
    }
}

/// The names in a URL's query.
pub(crate) fn query_names(request: &Incoming) -> Vec<String> {
    let pairs = percent::pairs(request.query()).unwrap_or_default();
    let names = pairs.iter().map(|(name, _)| shortened(name));
    names.take(64).collect()
}

/// At most 64 characters of something that a client wrote.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

/// At most 200 characters of the simulator's own words.
pub(crate) fn detail(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_keeps_the_last_ten_thousand() {
        let mut log = Log::default();
        for at_unix in 0..30_001 {
            log.push(Seen {
                region: Region::Shanghai,
                action: String::new(),
                at_unix,
                outcome: String::new(),
                scheme: None,
                detail: None,
                url_query_names: Vec::new(),
            });
        }
        assert_eq!(log.last().len(), 10_000);
        assert_eq!(log.last()[0].at_unix, 20_001);
        assert!(log.seen.len() <= 2 * CAPACITY);
    }
}
