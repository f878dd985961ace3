//! The request log: which operations were requested and how that ended, without personal data and
//! secrets.

use std::collections::BTreeMap;

use ring::digest;

use crate::http::{IncomingRequest, percent};
use crate::ids::hex;
use crate::region::Region;

/// How many requests the log keeps.
const CAPACITY: usize = 10_000;

/// A request to the API in the log.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRequest {
    /// The region that it was sent to.
    pub region: Region,
    /// The operation that it names, verified or not; empty if it names none. At most 64 characters.
    pub action: String,
    /// When it arrived, in seconds since 1970.
    pub at_unix: u64,
    /// How it ended: the code in the body (`200`), the gateway's code (`SignatureDoesNotMatch`) or
    /// the scripted fault (`fault: hang`).
    pub outcome: String,
    /// The scheme of its signature; `None` if the signature was not found valid.
    pub scheme: Option<&'static str>,
    /// Details of a refusal, without values of parameters and without secrets. At most 200
    /// characters.
    pub detail: Option<String>,
    /// The names, not the values, of the parameters in its URL. At most 64 names of at most 64
    /// characters.
    pub url_query_names: Vec<String>,
    /// The request ID of the response.
    pub request_id: String,
    /// What the simulator accepted although the service probably refuses it; see
    /// [`World::set_strict`](crate::World::set_strict).
    pub doubts: Vec<&'static str>,
    /// A hash of the order number of the request or of the verification that it is about: requests
    /// with the same one belong together. Empty if there is none.
    pub group: String,
    /// How often the vendor's SDK says it has repeated the request (`x-acs-retry-attempts`). At most 64
    /// characters.
    pub retry_attempts: Option<String>,
}

/// The last requests, and counters of all of them.
#[derive(Default)]
pub(crate) struct RequestLog {
    /// Up to twice the capacity, so that requests are seldom removed and the rest is one slice.
    requests: Vec<LoggedRequest>,
    /// The number of requests to each region.
    requests_by_region: BTreeMap<Region, u64>,
    /// How often each operation was carried out.
    executions: BTreeMap<&'static str, usize>,
}

impl RequestLog {
    pub(crate) fn push(&mut self, request: LoggedRequest) {
        *self.requests_by_region.entry(request.region).or_default() += 1;
        if self.requests.len() >= 2 * CAPACITY {
            self.requests.drain(..CAPACITY);
        }
        self.requests.push(request);
    }

    pub(crate) fn count_execution(&mut self, action: &'static str) {
        *self.executions.entry(action).or_default() += 1;
    }

    /// The number of requests to a region.
    pub(crate) fn request_count(&self, region: Region) -> u64 {
        self.requests_by_region
            .get(&region)
            .copied()
            .unwrap_or_default()
    }

    pub(crate) const fn executions(&self) -> &BTreeMap<&'static str, usize> {
        &self.executions
    }

    /// The last requests, oldest first.
    pub(crate) fn last(&self) -> &[LoggedRequest] {
        let skipped = self.requests.len().saturating_sub(CAPACITY);
        self.requests.get(skipped..).unwrap_or_default()
    }
}

/// The names in a URL's query.
pub(crate) fn query_names(request: &IncomingRequest) -> Vec<String> {
    let pairs = percent::pairs(request.query()).unwrap_or_default();
    let names = pairs.iter().map(|(name, _)| shortened(name));
    names.take(64).collect()
}

/// The hash of an order number, which a client may have made from personal data.
pub(crate) fn group(order_number: &str) -> String {
    let hash = digest::digest(&digest::SHA256, order_number.as_bytes());
    let mut group = hex(hash.as_ref());
    group.truncate(8);
    group
}

/// The number of repetitions that a request states.
pub(crate) fn retry_attempts(request: &IncomingRequest) -> Option<String> {
    let mut attempts = request.header_values("x-acs-retry-attempts");
    attempts.next().map(shortened)
}

/// At most 64 characters of a string from a client.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

/// At most 200 characters of an explanation by the simulator.
pub(crate) fn detail(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_keeps_the_last_ten_thousand_requests() {
        let mut log = RequestLog::default();
        for at_unix in 0..30_001 {
            log.push(LoggedRequest {
                region: Region::Shanghai,
                action: String::new(),
                at_unix,
                outcome: String::new(),
                scheme: None,
                detail: None,
                url_query_names: Vec::new(),
                request_id: String::new(),
                doubts: Vec::new(),
                group: String::new(),
                retry_attempts: None,
            });
        }
        assert_eq!(log.last().len(), 10_000);
        assert_eq!(log.last()[0].at_unix, 20_001);
        assert_eq!(log.request_count(Region::Shanghai), 30_001);
        assert!(log.requests.len() <= 2 * CAPACITY);
    }
}
