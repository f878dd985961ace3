//! The scripted faults of every target, in order, and how often each was applied.

use std::collections::{BTreeMap, VecDeque};

use super::{Fault, Times};
use crate::region::Region;

/// More faults than this cannot wait for one target.
const CAPACITY: usize = 1_000;

/// How many finished faults are kept for display.
const FINISHED: usize = 100;

/// The faults that wait for requests, in order, by target: a region or a credential service.
#[derive(Debug)]
pub(crate) struct Script<Target = Region> {
    queues: BTreeMap<Target, VecDeque<ScriptedFault>>,
    finished: VecDeque<(Target, ScriptedFault)>,
}

impl<Target> Default for Script<Target> {
    fn default() -> Self {
        Self {
            queues: BTreeMap::new(),
            finished: VecDeque::new(),
        }
    }
}

/// A fault that waits, or waited, for requests.
#[derive(Debug)]
pub(crate) struct ScriptedFault {
    /// The only action that it applies to; `None` for every action.
    pub(crate) action: Option<String>,
    pub(crate) fault: Fault,
    /// How many more requests it applies to; `None` for all of them.
    pub(crate) remaining: Option<u32>,
    /// How many requests it was applied to.
    pub(crate) hits: u64,
}

impl<Target: Copy + Ord> Script<Target> {
    /// Appends a fault, unless too many wait already.
    pub(crate) fn add(
        &mut self,
        target: Target,
        action: Option<String>,
        fault: Fault,
        times: Times,
    ) {
        let remaining = match times {
            Times::Once => Some(1),
            Times::N(n) => Some(n),
            Times::Always => None,
        };
        let entry = ScriptedFault {
            action,
            fault,
            remaining,
            hits: 0,
        };
        if self.has_room(target) && remaining != Some(0) {
            self.queues.entry(target).or_default().push_back(entry);
        }
    }

    pub(crate) fn has_room(&self, target: Target) -> bool {
        let queue = self.queues.get(&target);
        queue.is_none_or(|queue| queue.len() < CAPACITY)
    }

    /// Takes the first fault that applies to a request for `action`.
    pub(crate) fn take(&mut self, target: Target, action: &str) -> Option<Fault> {
        self.take_first(target, |entry| {
            let applies = entry.action.as_deref().is_none_or(|only| only == action);
            applies && entry.fault != Fault::BadTls
        })
    }

    /// Takes the first [`Fault::BadTls`], wherever it is in the queue: a handshake names no action.
    pub(crate) fn take_bad_tls(&mut self, target: Target) -> bool {
        let taken = self.take_first(target, |entry| entry.fault == Fault::BadTls);
        taken.is_some()
    }

    fn take_first(
        &mut self,
        target: Target,
        applies: impl Fn(&ScriptedFault) -> bool,
    ) -> Option<Fault> {
        let queue = self.queues.get_mut(&target)?;
        let at = queue.iter().position(applies)?;
        let entry = queue.get_mut(at)?;
        let fault = entry.fault.clone();
        entry.hits += 1;
        if let Some(remaining) = &mut entry.remaining {
            *remaining -= 1;
            if *remaining == 0
                && let Some(entry) = queue.remove(at)
            {
                self.finish(target, entry);
            }
        }
        Some(fault)
    }

    fn finish(&mut self, target: Target, entry: ScriptedFault) {
        if self.finished.len() >= FINISHED {
            self.finished.pop_front();
        }
        self.finished.push_back((target, entry));
    }

    /// The finished faults, then those that wait.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Target, &ScriptedFault)> {
        let finished = self.finished.iter().map(|(target, entry)| (*target, entry));
        let queues = self.queues.iter();
        finished
            .chain(queues.flat_map(|(target, queue)| queue.iter().map(|entry| (*target, entry))))
    }

    /// Whether [`Fault::Refuse`] is next for every request, whatever its action.
    pub(crate) fn refuses_connections(&self, target: Target) -> bool {
        self.queues
            .get(&target)
            .and_then(VecDeque::front)
            .is_some_and(|entry| entry.fault == Fault::Refuse && entry.action.is_none())
    }

    pub(crate) fn clear(&mut self, target: Target) {
        for entry in self.queues.remove(&target).into_iter().flatten() {
            self.finish(target, entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(script: &mut Script<Region>, action: &str) -> Option<Fault> {
        script.take(Region::Shanghai, action)
    }

    #[test]
    fn faults_apply_in_order_and_as_often_as_stated() {
        let mut script = Script::<Region>::default();
        script.add(Region::Shanghai, None, Fault::Hang, Times::N(2));
        script.add(Region::Shanghai, None, Fault::Reset, Times::Once);
        script.add(Region::Shanghai, None, Fault::Empty, Times::N(0));
        let order: Vec<_> = (0..4).map(|_| take(&mut script, "A")).collect();
        let expected = [
            Some(Fault::Hang),
            Some(Fault::Hang),
            Some(Fault::Reset),
            None,
        ];
        assert_eq!(order, expected);
    }

    #[test]
    fn a_fault_for_another_action_or_region_waits() {
        let mut script = Script::<Region>::default();
        script.add(Region::Shanghai, Some("A".into()), Fault::Hang, Times::Once);
        assert_eq!(take(&mut script, "B"), None);
        assert_eq!(script.take(Region::Beijing, "A"), None);
        assert_eq!(take(&mut script, "A"), Some(Fault::Hang));
    }

    #[test]
    fn hits_of_finished_faults_are_kept() {
        let mut script = Script::<Region>::default();
        script.add(Region::Shanghai, None, Fault::Hang, Times::N(2));
        script.add(Region::Beijing, None, Fault::Empty, Times::Always);
        for _ in 0..3 {
            take(&mut script, "A");
            script.take(Region::Beijing, "A");
        }
        let hits = |script: &Script| {
            let entries = script.entries();
            let entries = entries.map(|(target, entry)| (target, entry.remaining, entry.hits));
            entries.collect::<Vec<_>>()
        };
        let finished = (Region::Shanghai, Some(0), 2);
        assert_eq!(hits(&script), [finished, (Region::Beijing, None, 3)]);
        script.clear(Region::Beijing);
        assert_eq!(hits(&script), [finished, (Region::Beijing, None, 3)]);
        assert_eq!(script.take(Region::Beijing, "A"), None);
    }

    #[test]
    fn a_handshake_takes_only_faults_for_handshakes() {
        let mut script = Script::<Region>::default();
        script.add(Region::Shanghai, None, Fault::Hang, Times::Once);
        script.add(Region::Shanghai, None, Fault::BadTls, Times::Once);
        assert!(!script.take_bad_tls(Region::Beijing));
        assert!(script.take_bad_tls(Region::Shanghai));
        assert!(!script.take_bad_tls(Region::Shanghai));
        script.add(Region::Shanghai, None, Fault::BadTls, Times::Once);
        assert_eq!(take(&mut script, "A"), Some(Fault::Hang));
        assert_eq!(take(&mut script, "A"), None);
    }

    #[test]
    fn the_number_of_waiting_and_of_finished_faults_is_bounded() {
        let mut script = Script::<Region>::default();
        for _ in 0..=CAPACITY {
            script.add(Region::Shanghai, None, Fault::Hang, Times::Once);
        }
        assert!(!script.has_room(Region::Shanghai));
        assert!(script.has_room(Region::Beijing));
        for _ in 0..CAPACITY {
            assert!(take(&mut script, "A").is_some());
        }
        assert_eq!(take(&mut script, "A"), None);
        assert_eq!(script.entries().count(), FINISHED);
    }

    #[test]
    fn a_region_refuses_connections_only_when_that_fault_is_next() {
        let mut script = Script::<Region>::default();
        script.add(Region::Beijing, None, Fault::Code500, Times::Once);
        script.add(Region::Beijing, None, Fault::Refuse, Times::Always);
        assert!(!script.refuses_connections(Region::Beijing));
        script.take(Region::Beijing, "A");
        assert!(script.refuses_connections(Region::Beijing));
        assert!(!script.refuses_connections(Region::Shanghai));
        script.clear(Region::Beijing);
        assert!(!script.refuses_connections(Region::Beijing));
    }
}
