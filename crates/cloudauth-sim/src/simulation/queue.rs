//! Scheduled events, ordered by time.

use core::cmp::{Ordering, Reverse};
use core::time::Duration;
use std::collections::BinaryHeap;

use cloudauth_proto::driver::{MonoTime, SupplyError};

use super::network::{FinishedExchange, RequestInTransit};

/// Something that happens at a later time. Calls are identified by their number.
#[derive(Debug)]
pub(super) enum ScheduledEvent {
    /// A call starts.
    Start(usize),
    /// A call's wait is over at this monotonic time.
    Wake(usize, MonoTime),
    /// A caller drops its call.
    Drop(usize),
    /// A request arrives at its destination.
    Arrival(Box<RequestInTransit>),
    /// The end of an exchange is reported to its caller.
    Report(Box<FinishedExchange>),
    /// The program that a call runs ends with this output.
    Supply(usize, Result<Vec<u8>, SupplyError>),
}

/// Events by time. Events of the same time keep the order in which they were pushed.
#[derive(Debug, Default)]
pub(super) struct EventQueue {
    entries: BinaryHeap<Reverse<QueueEntry>>,
    pushed: u64,
}

impl EventQueue {
    pub(super) fn push(&mut self, at: Duration, event: ScheduledEvent) {
        self.pushed += 1;
        let number = self.pushed;
        self.entries.push(Reverse(QueueEntry { at, number, event }));
    }

    /// Removes the next event.
    pub(super) fn pop(&mut self) -> Option<(Duration, ScheduledEvent)> {
        let Reverse(QueueEntry { at, event, .. }) = self.entries.pop()?;
        Some((at, event))
    }

    /// Time of the next event.
    pub(super) fn next_at(&self) -> Option<Duration> {
        self.entries.peek().map(|Reverse(entry)| entry.at)
    }
}

#[derive(Debug)]
struct QueueEntry {
    at: Duration,
    number: u64,
    event: ScheduledEvent,
}

impl PartialEq for QueueEntry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for QueueEntry {}

impl PartialOrd for QueueEntry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for QueueEntry {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

        #[test]
        fn events_are_popped_by_time_and_then_in_the_order_of_pushing(
            times in prop::collection::vec(0_u64..5, 0..50),
        ) {
            let mut queue = EventQueue::default();
            for (call, seconds) in times.iter().enumerate() {
                queue.push(Duration::from_secs(*seconds), ScheduledEvent::Start(call));
            }
            let mut expected: Vec<_> = times.iter().copied().zip(0..).collect();
            expected.sort_unstable();
            for (seconds, call) in expected {
                let at = Duration::from_secs(seconds);
                prop_assert_eq!(queue.next_at(), Some(at));
                let popped = queue.pop();
                let is_expected = matches!(
                    popped,
                    Some((time, ScheduledEvent::Start(other))) if (time, other) == (at, call)
                );
                prop_assert!(is_expected, "{:?}", popped);
            }
            prop_assert!(queue.pop().is_none());
        }
    }
}
