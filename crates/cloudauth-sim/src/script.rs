//! The script: which faults are to come, where, and how often each was met.

use std::collections::{BTreeMap, VecDeque};

use crate::fault::{Fault, Times};
use crate::region::Region;

/// More faults than this do not wait at one place.
const CAPACITY: usize = 1_000;

/// How many faults that are over are still shown.
const SHOWN: usize = 100;

/// The faults to come, in order, for each place.
#[derive(Debug)]
pub(crate) struct Script<Place = Region> {
    queues: BTreeMap<Place, VecDeque<Entry>>,
    over: VecDeque<(Place, Entry)>,
}

impl<Place> Default for Script<Place> {
    fn default() -> Self {
        Self {
            queues: BTreeMap::new(),
            over: VecDeque::new(),
        }
    }
}

/// A fault that waits, or waited, for requests.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) action: Option<String>,
    pub(crate) fault: Fault,
    /// `None`: for ever.
    pub(crate) left: Option<u32>,
    /// How many requests met it.
    pub(crate) hits: u64,
}

impl<Place: Copy + Ord> Script<Place> {
    /// Appends a fault, unless too many wait already.
    pub(crate) fn add(&mut self, place: Place, action: Option<String>, fault: Fault, times: Times) {
        let left = match times {
            Times::Once => Some(1),
            Times::N(n) => Some(n),
            Times::Always => None,
        };
        let entry = Entry {
            action,
            fault,
            left,
            hits: 0,
        };
        if self.has_room(place) && left != Some(0) {
            self.queues.entry(place).or_default().push_back(entry);
        }
    }

    pub(crate) fn has_room(&self, place: Place) -> bool {
        let queue = self.queues.get(&place);
        queue.is_none_or(|queue| queue.len() < CAPACITY)
    }

    /// Takes the first fault that is meant for a request to `action`.
    pub(crate) fn take(&mut self, place: Place, action: &str) -> Option<Fault> {
        self.take_if(place, |entry| {
            let is_meant = entry.action.as_deref().is_none_or(|only| only == action);
            is_meant && entry.fault != Fault::BadTls
        })
    }

    /// Takes a [`Fault::BadTls`], wherever it stands in the queue: a handshake names no action.
    pub(crate) fn take_bad_tls(&mut self, place: Place) -> bool {
        let taken = self.take_if(place, |entry| entry.fault == Fault::BadTls);
        taken.is_some()
    }

    fn take_if(&mut self, place: Place, is_meant: impl Fn(&Entry) -> bool) -> Option<Fault> {
        let queue = self.queues.get_mut(&place)?;
        let at = queue.iter().position(is_meant)?;
        let entry = queue.get_mut(at)?;
        let fault = entry.fault.clone();
        entry.hits += 1;
        if let Some(left) = &mut entry.left {
            *left -= 1;
            if *left == 0
                && let Some(entry) = queue.remove(at)
            {
                self.bury(place, entry);
            }
        }
        Some(fault)
    }

    fn bury(&mut self, place: Place, entry: Entry) {
        if self.over.len() >= SHOWN {
            self.over.pop_front();
        }
        self.over.push_back((place, entry));
    }

    /// Those that are over, then those that wait.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Place, &Entry)> {
        let over = self.over.iter().map(|(place, entry)| (*place, entry));
        let queues = self.queues.iter();
        over.chain(queues.flat_map(|(place, queue)| queue.iter().map(|entry| (*place, entry))))
    }

    /// Whether the next thing to happen to any request is that its connection is refused.
    pub(crate) fn refuses(&self, place: Place) -> bool {
        self.queues
            .get(&place)
            .and_then(VecDeque::front)
            .is_some_and(|entry| entry.fault == Fault::Refuse && entry.action.is_none())
    }

    pub(crate) fn clear(&mut self, place: Place) {
        for entry in self.queues.remove(&place).into_iter().flatten() {
            self.bury(place, entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(script: &mut Script<Region>, action: &str) -> Option<Fault> {
        script.take(Region::Shanghai, action)
    }

    #[test]
    fn faults_come_in_order_and_run_out() {
        let mut script = Script::<Region>::default();
        script.add(Region::Shanghai, None, Fault::Hang, Times::N(2));
        script.add(Region::Shanghai, None, Fault::Reset, Times::Once);
        script.add(Region::Shanghai, None, Fault::Empty, Times::N(0));
        let order: Vec<_> = (0..4).map(|_| taken(&mut script, "A")).collect();
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
        assert_eq!(taken(&mut script, "B"), None);
        assert_eq!(script.take(Region::Beijing, "A"), None);
        assert_eq!(taken(&mut script, "A"), Some(Fault::Hang));
    }

    #[test]
    fn hits_are_counted_also_of_faults_that_are_over() {
        let mut script = Script::<Region>::default();
        script.add(Region::Shanghai, None, Fault::Hang, Times::N(2));
        script.add(Region::Beijing, None, Fault::Empty, Times::Always);
        for _ in 0..3 {
            taken(&mut script, "A");
            script.take(Region::Beijing, "A");
        }
        let hits = |script: &Script| {
            let entries = script.entries();
            let entries = entries.map(|(place, entry)| (place, entry.left, entry.hits));
            entries.collect::<Vec<_>>()
        };
        let over = (Region::Shanghai, Some(0), 2);
        assert_eq!(hits(&script), [over, (Region::Beijing, None, 3)]);
        script.clear(Region::Beijing);
        assert_eq!(hits(&script), [over, (Region::Beijing, None, 3)]);
        assert_eq!(script.take(Region::Beijing, "A"), None);
    }

    #[test]
    fn a_handshake_takes_only_what_is_meant_for_it() {
        let mut script = Script::<Region>::default();
        script.add(Region::Shanghai, None, Fault::Hang, Times::Once);
        script.add(Region::Shanghai, None, Fault::BadTls, Times::Once);
        assert!(!script.take_bad_tls(Region::Beijing));
        assert!(script.take_bad_tls(Region::Shanghai));
        assert!(!script.take_bad_tls(Region::Shanghai));
        script.add(Region::Shanghai, None, Fault::BadTls, Times::Once);
        assert_eq!(taken(&mut script, "A"), Some(Fault::Hang));
        assert_eq!(taken(&mut script, "A"), None);
    }

    #[test]
    fn a_place_has_room_for_so_many_faults() {
        let mut script = Script::<Region>::default();
        for _ in 0..=CAPACITY {
            script.add(Region::Shanghai, None, Fault::Hang, Times::Once);
        }
        assert!(!script.has_room(Region::Shanghai));
        assert!(script.has_room(Region::Beijing));
        for _ in 0..CAPACITY {
            assert!(taken(&mut script, "A").is_some());
        }
        assert_eq!(taken(&mut script, "A"), None);
        assert_eq!(script.entries().count(), SHOWN);
    }

    #[test]
    fn a_region_refuses_only_when_that_comes_next() {
        let mut script = Script::<Region>::default();
        script.add(Region::Beijing, None, Fault::Code500, Times::Once);
        script.add(Region::Beijing, None, Fault::Refuse, Times::Always);
        assert!(!script.refuses(Region::Beijing));
        script.take(Region::Beijing, "A");
        assert!(script.refuses(Region::Beijing));
        assert!(!script.refuses(Region::Shanghai));
        script.clear(Region::Beijing);
        assert!(!script.refuses(Region::Beijing));
    }
}
