//! The callbacks that are to come.

use std::collections::{BTreeMap, VecDeque};

use super::address::{Callee, origin};
use super::{Callback, CallbackFault, CallbackKind, CallbackOutcome, CalledBack};
use crate::verdict::Verdict;

/// When to call again after an answer that is not 200, in seconds since the attempt before.
const AGAIN_AFTER_SECONDS: [u64; 1] = [2];

/// How long a callback is held back if no other one comes by.
const HELD_SECONDS: u64 = 30;

/// At most so many are on their way at once; the others wait.
const AT_ONCE: usize = 64;

/// More orders than this that wait for their callback and the oldest is forgotten.
const WAITING: usize = 10_000;

/// How many callbacks the log remembers.
const REMEMBERED: usize = 1_000;

#[derive(Clone, Copy)]
struct Step {
    kind: CallbackKind,
    passed: &'static str,
}

/// The callbacks of one order, one after the other.
pub(super) struct Delivery {
    turn: u64,
    certify_id: String,
    callee: Callee,
    /// The one whose turn it is, then the later ones.
    steps: VecDeque<Step>,
    attempt: usize,
    due_unix: u64,
    held_back: bool,
    on_its_way: bool,
}

pub(crate) struct Callbacks {
    pub(super) deliveries: VecDeque<Delivery>,
    pub(super) log: VecDeque<CalledBack>,
    pub(super) again_after: Vec<u64>,
    pub(super) routes: BTreeMap<String, String>,
    turns: u64,
}

impl Default for Callbacks {
    fn default() -> Self {
        Self {
            deliveries: VecDeque::new(),
            log: VecDeque::new(),
            again_after: AGAIN_AFTER_SECONDS.to_vec(),
            routes: BTreeMap::new(),
            turns: 0,
        }
    }
}

impl Callbacks {
    /// Plans what a verdict steps.
    pub(super) fn plan(
        &mut self,
        certify_id: &str,
        callee: Callee,
        verdict: Verdict,
        faults: &[CallbackFault],
        now_unix: u64,
    ) {
        let passed = verdict.sub_code();
        let untrue = if verdict.passed() {
            Verdict::FaceMismatch
        } else {
            Verdict::Passed
        };
        let (forged, genuine, repeated) = (
            Step {
                kind: CallbackKind::Forged,
                passed: untrue.sub_code(),
            },
            Step {
                kind: CallbackKind::Genuine,
                passed,
            },
            Step {
                kind: CallbackKind::Repeated,
                passed,
            },
        );
        let mut steps = VecDeque::from([genuine]);
        if faults.contains(&CallbackFault::Forged) {
            steps.push_front(forged);
        }
        if faults.contains(&CallbackFault::Repeated) {
            steps.push_back(repeated);
        }
        let held_back = faults.contains(&CallbackFault::HeldBack);
        self.turns += 1;
        if self.deliveries.len() >= WAITING {
            self.deliveries.pop_front();
        }
        self.deliveries.push_back(Delivery {
            turn: self.turns,
            certify_id: certify_id.to_owned(),
            callee,
            steps,
            attempt: 0,
            due_unix: now_unix.saturating_add(if held_back { HELD_SECONDS } else { 0 }),
            held_back,
            on_its_way: false,
        });
    }

    pub(super) fn take_due(&mut self, now_unix: u64) -> Vec<Callback> {
        let on_their_way = self.deliveries.iter().filter(|it| it.on_its_way).count();
        let free = AT_ONCE.saturating_sub(on_their_way);
        let routes = &self.routes;
        self.deliveries
            .iter_mut()
            .filter(|it| !it.on_its_way && it.due_unix <= now_unix)
            .filter_map(|it| {
                let step = it.steps.front()?;
                it.on_its_way = true;
                it.held_back = false;
                it.attempt += 1;
                it.due_unix = now_unix;
                let url = it.callee.url_of(&it.certify_id, step.kind, step.passed);
                let via = origin(&url, routes);
                Some(Callback {
                    turn: it.turn,
                    url,
                    via,
                })
            })
            .take(free)
            .collect()
    }

    pub(super) fn done(&mut self, callback: &Callback, outcome: CallbackOutcome, now_unix: u64) {
        let mut all = self.deliveries.iter_mut();
        let Some(at) = all.position(|it| it.turn == callback.turn && it.on_its_way) else {
            return;
        };
        let Some(delivery) = self.deliveries.get_mut(at) else {
            return;
        };
        let Some(step) = delivery.steps.front().copied() else {
            return;
        };
        delivery.on_its_way = false;
        let again = match (&outcome, step.kind) {
            (CallbackOutcome::Answered(200) | CallbackOutcome::NotSent(_), _)
            | (_, CallbackKind::Forged) => None,
            (CallbackOutcome::Answered(_) | CallbackOutcome::Unanswered(_), _) => {
                self.again_after.get(delivery.attempt - 1)
            }
        };
        let address = callback.url.split('?').next().unwrap_or_default();
        let done = CalledBack {
            certify_id: delivery.certify_id.clone(),
            passed: step.passed,
            kind: step.kind,
            attempt: delivery.attempt,
            address: address.to_owned(),
            at_unix: now_unix,
            outcome,
        };
        if let Some(after) = again {
            // The attempt began when it was due.
            delivery.due_unix = delivery.due_unix.saturating_add(*after).max(now_unix);
        } else {
            delivery.steps.pop_front();
            delivery.attempt = 0;
            delivery.due_unix = now_unix;
            if delivery.steps.is_empty() {
                self.deliveries.remove(at);
            }
        }
        if step.kind == CallbackKind::Genuine {
            self.let_go(&done.certify_id, now_unix);
        }
        if self.log.len() >= REMEMBERED {
            self.log.pop_front();
        }
        self.log.push_back(done);
    }

    /// Releases what was held back until another order's callback came by.
    fn let_go(&mut self, passing_by: &str, now_unix: u64) {
        let held = |it: &&mut Delivery| it.held_back && it.certify_id != passing_by;
        for delivery in self.deliveries.iter_mut().filter(held) {
            delivery.held_back = false;
            delivery.due_unix = now_unix;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_and_what_is_remembered_is_bounded() {
        let mut callbacks = Callbacks::default();
        let callee = Callee {
            url: "https://shop.example".to_owned(),
            token: None,
        };
        for _ in 0..WAITING + 10 {
            callbacks.plan("sha1", callee.clone(), Verdict::Passed, &[], 1);
        }
        assert_eq!(callbacks.deliveries.len(), WAITING);
        while !callbacks.deliveries.is_empty() {
            let due = callbacks.take_due(1);
            assert!(due.len() <= AT_ONCE);
            assert_eq!(callbacks.take_due(1), [], "these are on their way");
            for callback in due {
                callbacks.done(&callback, CallbackOutcome::Answered(200), 1);
            }
        }
        assert_eq!(callbacks.log.len(), REMEMBERED);
    }
}
