//! Network links: latency and impairments over time.

use core::time::Duration;

use oorandom::Rand64;

use crate::faults::Fault;

/// An impairment of one exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Impairment {
    /// No packet passes, so no connection is established. The operation is not carried out.
    BlackHole,
    /// The connection is cut while the request is in transit. The operation is not carried out.
    Cut,
    /// The request is written but never arrives. The operation is not carried out.
    Lost,
    /// The client cannot send the request, for a reason of its own. The operation is not carried out.
    LocalFailure,
    /// The client refuses the server's certificate. The operation is not carried out.
    CertificateRefused,
    /// The service shows this fault.
    Fault(Fault),
}

/// Latency and impairments of a network link.
///
/// Each exchange draws its round-trip time and at most one impairment at random.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Link {
    min: Duration,
    max: Duration,
    slow: Option<(u32, Duration)>,
    impairments: Vec<(u32, Impairment)>,
}

impl Link {
    /// A link with round trips of 30 to 60 ms and no impairment.
    pub const fn unimpaired() -> Self {
        Self {
            min: Duration::from_millis(30),
            max: Duration::from_millis(60),
            slow: None,
            impairments: Vec::new(),
        }
    }

    /// Sets the range of round-trip times. They are uniformly distributed, in whole microseconds.
    pub fn round_trip(mut self, min: Duration, max: Duration) -> Self {
        self.min = min;
        self.max = max;
        self
    }

    /// Slows a share of the exchanges, in thousandths, down to this round-trip time.
    pub fn slow(mut self, permille: u32, round_trip: Duration) -> Self {
        self.slow = Some((permille, round_trip));
        self
    }

    /// Impairs a share of the exchanges, in thousandths. The shares of several impairments add up.
    pub fn impair(mut self, permille: u32, impairment: Impairment) -> Self {
        self.impairments.push((permille, impairment));
        self
    }

    /// Impairs every exchange.
    pub fn always(self, impairment: Impairment) -> Self {
        self.impair(1_000, impairment)
    }

    /// The impairments that an exchange can draw.
    pub fn impairments(&self) -> impl Iterator<Item = &Impairment> {
        self.impairments.iter().map(|(_, impairment)| impairment)
    }

    /// Draws the round-trip time of one exchange, and its impairment.
    fn draw(&self, random: &mut Rand64) -> (Duration, Option<Impairment>) {
        let round_trip = match self.slow {
            Some((permille, round_trip)) if draw_permille(random) < permille => round_trip,
            Some(_) | None => draw_between(random, self.min, self.max),
        };
        let mut drawn = draw_permille(random);
        let impairment = self.impairments.iter().find(|(permille, _)| {
            let is_drawn = drawn < *permille;
            drawn = drawn.saturating_sub(*permille);
            is_drawn
        });
        (
            round_trip,
            impairment.map(|(_, impairment)| impairment.clone()),
        )
    }
}

fn draw_permille(random: &mut Rand64) -> u32 {
    u32::try_from(random.rand_range(0..1_000)).unwrap_or_default()
}

/// Draws a whole number of microseconds.
fn draw_between(random: &mut Rand64, min: Duration, max: Duration) -> Duration {
    let spread = max.saturating_sub(min).as_micros();
    let spread = u64::try_from(spread).unwrap_or(u64::MAX - 1);
    min + Duration::from_micros(random.rand_range(0..spread + 1))
}

/// A link over time: unimpaired at first, then as changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// By time; changes of the same time in the order of the calls of [`Self::change`].
    changes: Vec<(Duration, Link)>,
}

impl Schedule {
    /// Replaces the link from `at` on. The last of several changes of the same time applies.
    pub(crate) fn change(&mut self, at: Duration, link: Link) {
        let later = self.changes.partition_point(|(other, _)| *other <= at);
        self.changes.insert(later, (at, link));
    }

    /// Draws the round-trip time of an exchange that starts at `now`, and its impairment.
    pub(crate) fn draw(
        &self,
        now: Duration,
        random: &mut Rand64,
    ) -> (Duration, Option<Impairment>) {
        let mut changes = self.changes.iter().rev();
        match changes.find(|(at, _)| *at <= now) {
            Some((_, link)) => link.draw(random),
            None => Link::unimpaired().draw(random),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

        /// Each change gives the link a fixed round trip that identifies the change.
        #[test]
        fn the_latest_change_applies_and_of_equal_times_the_last(
            changes in prop::collection::vec(0_u32..10, 0..20),
            now in 0_u32..10,
        ) {
            let mut schedule = Schedule::default();
            let round_trip = |number: usize| SECOND * u32::try_from(number).unwrap();
            for (number, at) in changes.iter().enumerate() {
                let fixed = round_trip(number);
                schedule.change(SECOND * *at, Link::unimpaired().round_trip(fixed, fixed));
            }
            let (drawn, impairment) = schedule.draw(SECOND * now, &mut Rand64::new(1));
            prop_assert_eq!(impairment, None);
            let past = (0..changes.len()).filter(|number| changes[*number] <= now);
            match past.max_by_key(|number| (changes[*number], *number)) {
                Some(latest) => prop_assert_eq!(drawn, round_trip(latest)),
                None => prop_assert!((30..=60).contains(&drawn.as_millis())),
            }
        }
    }

    #[test]
    fn a_change_of_the_link_applies_from_its_time_on() {
        let mut schedule = Schedule::default();
        schedule.change(SECOND, Link::unimpaired().always(Impairment::Lost));
        let mut random = Rand64::new(1);
        let mut drawn = |at| schedule.draw(at, &mut random).1;
        assert_eq!(drawn(Duration::from_millis(999)), None);
        assert_eq!(drawn(SECOND), Some(Impairment::Lost));
    }

    #[test]
    fn shares_are_per_mille_and_add_up() {
        let link = Link::unimpaired()
            .slow(100, SECOND)
            .impair(200, Impairment::Lost)
            .impair(300, Impairment::Cut);
        let mut random = Rand64::new(1);
        let drawn: Vec<_> = (0..100_000).map(|_| link.draw(&mut random)).collect();
        let percent = |count: usize| count / 1_000;
        let impaired = |impairment| drawn.iter().filter(|it| it.1 == impairment).count();
        let slow = drawn.iter().filter(|it| it.0 == SECOND).count();
        assert!((9..=10).contains(&percent(slow)));
        assert!((19..=20).contains(&percent(impaired(Some(Impairment::Lost)))));
        assert!((29..=30).contains(&percent(impaired(Some(Impairment::Cut)))));
        let usual = drawn.iter().filter(|it| it.0 != SECOND);
        let usual: Vec<_> = usual.map(|it| it.0.as_millis()).collect();
        assert_eq!(usual.iter().min(), Some(&30));
        assert_eq!(usual.iter().max(), Some(&60));
    }
}
