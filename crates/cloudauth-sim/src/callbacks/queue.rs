//! The queue of callbacks.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use super::target::connection_origin;
use super::{
    Callback, CallbackFault, CallbackKind, CallbackOutcome, CallbackRecord, CallbackTarget,
};
use crate::verdict::Verdict;

/// When a callback is sent again after a response that is not 200, in seconds since the previous
/// attempt.
const RETRY_AFTER_SECONDS: [u64; 1] = [2];

/// How long a callback is held back if no other order's callback is sent.
const HELD_BACK_SECONDS: u64 = 30;

/// How many callbacks are under way at once; the others wait.
const MAX_IN_FLIGHT: usize = 64;

/// With more orders than this in the queue, the oldest is removed.
const CAPACITY: usize = 10_000;

/// How many callbacks the log keeps.
const LOG_CAPACITY: usize = 1_000;

#[derive(Clone, Copy)]
struct PlannedCallback {
    kind: CallbackKind,
    passed: &'static str,
}

/// The callbacks of one order, sent one after the other.
struct Delivery {
    number: u64,
    certify_id: String,
    target: CallbackTarget,
    /// The current callback, then the later ones.
    callbacks: VecDeque<PlannedCallback>,
    /// How often the current callback was sent.
    attempts: usize,
    due_unix: u64,
    is_held_back: bool,
    is_in_flight: bool,
}

pub(crate) struct CallbackQueue {
    deliveries: VecDeque<Delivery>,
    log: VecDeque<CallbackRecord>,
    retry_after_seconds: Vec<u64>,
    /// The origins that replace hosts.
    routes: BTreeMap<String, String>,
    /// Whether callbacks without a route are not sent, to this machine neither.
    routes_only: bool,
    last_delivery: u64,
}

impl Default for CallbackQueue {
    fn default() -> Self {
        Self {
            deliveries: VecDeque::new(),
            log: VecDeque::new(),
            retry_after_seconds: RETRY_AFTER_SECONDS.to_vec(),
            routes: BTreeMap::new(),
            routes_only: false,
            last_delivery: 0,
        }
    }
}

impl CallbackQueue {
    /// Schedules the callbacks about a verdict.
    pub(crate) fn schedule(
        &mut self,
        certify_id: &str,
        target: CallbackTarget,
        verdict: Verdict,
        faults: &[CallbackFault],
        now_unix: u64,
    ) {
        let wrong_verdict = if verdict.passed() {
            Verdict::FaceMismatch
        } else {
            Verdict::Passed
        };
        let planned = |kind, verdict: Verdict| PlannedCallback {
            kind,
            passed: verdict.sub_code(),
        };
        let mut callbacks = VecDeque::from([planned(CallbackKind::Genuine, verdict)]);
        if faults.contains(&CallbackFault::Forged) {
            callbacks.push_front(planned(CallbackKind::Forged, wrong_verdict));
        }
        if faults.contains(&CallbackFault::Repeated) {
            callbacks.push_back(planned(CallbackKind::Repeated, verdict));
        }
        let is_held_back = faults.contains(&CallbackFault::HeldBack);
        let delay = if is_held_back { HELD_BACK_SECONDS } else { 0 };
        self.last_delivery += 1;
        if self.deliveries.len() >= CAPACITY {
            self.deliveries.pop_front();
        }
        self.deliveries.push_back(Delivery {
            number: self.last_delivery,
            certify_id: certify_id.to_owned(),
            target,
            callbacks,
            attempts: 0,
            due_unix: now_unix.saturating_add(delay),
            is_held_back,
            is_in_flight: false,
        });
    }

    /// One record for each order whose callbacks are not finished. One that is under way is sent
    /// again.
    pub(crate) fn pending_records(&self) -> impl Iterator<Item = Value> {
        self.deliveries.iter().map(|it| {
            let callbacks = it.callbacks.iter();
            let callbacks = callbacks.map(|planned| json!([planned.kind.name(), planned.passed]));
            json!({ "callback": {
                "certify_id": it.certify_id,
                "url": it.target.url,
                "token": it.target.token,
                "callbacks": callbacks.collect::<Vec<_>>(),
                "attempts": it.attempts - usize::from(it.is_in_flight),
                "due_unix": it.due_unix,
                "is_held_back": it.is_held_back,
            } })
        })
    }

    pub(crate) fn restore(&mut self, record: &Value) -> Option<()> {
        let text = |name: &str| record[name].as_str().map(str::to_owned);
        let callbacks = record["callbacks"].as_array()?.iter().map(|planned| {
            let verdict = Verdict::from_sub_code(planned[1].as_str()?)?;
            Some(PlannedCallback {
                kind: CallbackKind::from_name(planned[0].as_str()?)?,
                passed: verdict.sub_code(),
            })
        });
        self.last_delivery += 1;
        self.deliveries.push_back(Delivery {
            number: self.last_delivery,
            certify_id: text("certify_id")?,
            target: CallbackTarget {
                url: text("url")?,
                token: text("token"),
            },
            callbacks: callbacks.collect::<Option<_>>()?,
            attempts: usize::try_from(record["attempts"].as_u64()?).ok()?,
            due_unix: record["due_unix"].as_u64()?,
            is_held_back: record["is_held_back"].as_bool()?,
            is_in_flight: false,
        });
        Some(())
    }

    /// Takes the callbacks that are due.
    pub(crate) fn take_due(&mut self, now_unix: u64) -> Vec<Callback> {
        let in_flight = self.deliveries.iter().filter(|it| it.is_in_flight).count();
        let free = MAX_IN_FLIGHT.saturating_sub(in_flight);
        let (routes, routes_only) = (&self.routes, self.routes_only);
        self.deliveries
            .iter_mut()
            .filter(|it| !it.is_in_flight && it.due_unix <= now_unix)
            .filter_map(|it| {
                let callback = it.callbacks.front()?;
                it.is_in_flight = true;
                it.is_held_back = false;
                it.attempts += 1;
                it.due_unix = now_unix;
                let url = it
                    .target
                    .url(&it.certify_id, callback.kind, callback.passed);
                let origin = connection_origin(&url, routes, routes_only);
                Some(Callback {
                    delivery: it.number,
                    url,
                    origin,
                })
            })
            .take(free)
            .collect()
    }

    /// Records the outcome of a callback, and schedules the next attempt or the next callback of its
    /// order. A callback that is not under way is ignored.
    pub(crate) fn record_outcome(
        &mut self,
        callback: &Callback,
        outcome: CallbackOutcome,
        now_unix: u64,
    ) {
        let mut all = self.deliveries.iter_mut();
        let Some(at) = all.position(|it| it.number == callback.delivery && it.is_in_flight) else {
            return;
        };
        let Some(delivery) = self.deliveries.get_mut(at) else {
            return;
        };
        let Some(planned) = delivery.callbacks.front().copied() else {
            return;
        };
        delivery.is_in_flight = false;
        let retry_after = match (&outcome, planned.kind) {
            (CallbackOutcome::Response(200) | CallbackOutcome::NotSent(_), _)
            | (_, CallbackKind::Forged) => None,
            (CallbackOutcome::Response(_) | CallbackOutcome::NoResponse(_), _) => {
                self.retry_after_seconds.get(delivery.attempts - 1)
            }
        };
        let address = callback.url.split('?').next().unwrap_or_default();
        let record = CallbackRecord {
            certify_id: delivery.certify_id.clone(),
            passed: planned.passed,
            kind: planned.kind,
            attempt: delivery.attempts,
            address: address.to_owned(),
            at_unix: now_unix,
            outcome,
        };
        if let Some(seconds) = retry_after {
            // The attempt began when it was due.
            delivery.due_unix = delivery.due_unix.saturating_add(*seconds).max(now_unix);
        } else {
            delivery.callbacks.pop_front();
            delivery.attempts = 0;
            delivery.due_unix = now_unix;
            if delivery.callbacks.is_empty() {
                self.deliveries.remove(at);
            }
        }
        if planned.kind == CallbackKind::Genuine {
            self.release_held_back(&record.certify_id, now_unix);
        }
        if self.log.len() >= LOG_CAPACITY {
            self.log.pop_front();
        }
        self.log.push_back(record);
    }

    /// Makes the callbacks due that were held back until one of another order was sent.
    fn release_held_back(&mut self, sent: &str, now_unix: u64) {
        let held_back = |it: &&mut Delivery| it.is_held_back && it.certify_id != sent;
        for delivery in self.deliveries.iter_mut().filter(held_back) {
            delivery.is_held_back = false;
            delivery.due_unix = now_unix;
        }
    }

    /// The outcomes, oldest first.
    pub(crate) fn records(&self) -> impl DoubleEndedIterator<Item = &CallbackRecord> {
        self.log.iter()
    }

    /// How many orders have a callback that is not finished.
    pub(crate) fn pending(&self) -> usize {
        self.deliveries.len()
    }

    pub(crate) fn set_retries(&mut self, after_seconds: Vec<u64>) {
        self.retry_after_seconds = after_seconds;
    }

    /// Sends callbacks only where there is a route, or to this machine too.
    pub(crate) fn set_routes_only(&mut self, routes_only: bool) {
        self.routes_only = routes_only;
    }

    /// Connects to `origin` for callbacks to `host`.
    pub(crate) fn add_route(&mut self, host: &str, origin: &str) {
        let origin = origin.trim_end_matches('/').to_owned();
        self.routes.insert(host.to_ascii_lowercase(), origin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_and_log_are_bounded() {
        let mut queue = CallbackQueue::default();
        let target = CallbackTarget {
            url: "https://shop.example".to_owned(),
            token: None,
        };
        for _ in 0..CAPACITY + 10 {
            queue.schedule("sha1", target.clone(), Verdict::Passed, &[], 1);
        }
        assert_eq!(queue.pending(), CAPACITY);
        while queue.pending() > 0 {
            let due = queue.take_due(1);
            assert!(due.len() <= MAX_IN_FLIGHT);
            assert_eq!(queue.take_due(1), [], "all of these are in flight");
            for callback in due {
                queue.record_outcome(&callback, CallbackOutcome::Response(200), 1);
            }
        }
        assert_eq!(queue.records().count(), LOG_CAPACITY);
    }
}
