//! What the network between a client and a region is like, over time.

use core::time::Duration;

use oorandom::Rand64;

use crate::fault::Fault;

/// Something that goes wrong with one exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// No packet comes through: the connection is never there. Not carried out.
    BlackHole,
    /// The connection is cut while the request is under way. Not carried out.
    Cut,
    /// The request is written and never arrives. Not carried out.
    Lost,
    /// The region does this.
    Fault(Fault),
}

/// What exchanges with a region meet. Chances are in a thousand.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Weather {
    shortest: Duration,
    longest: Duration,
    slow: Option<(u32, Duration)>,
    troubles: Vec<(u32, Trouble)>,
}

impl Weather {
    /// Every exchange takes 30 to 60 ms, and nothing goes wrong.
    pub const fn calm() -> Self {
        Self {
            shortest: Duration::from_millis(30),
            longest: Duration::from_millis(60),
            slow: None,
            troubles: Vec::new(),
        }
    }

    /// An exchange takes between these, any time as likely as another.
    pub fn takes(mut self, shortest: Duration, longest: Duration) -> Self {
        self.shortest = shortest;
        self.longest = longest;
        self
    }

    /// So many exchanges in a thousand take this long.
    pub fn slow(mut self, chance: u32, takes: Duration) -> Self {
        self.slow = Some((chance, takes));
        self
    }

    /// So many exchanges in a thousand meet this; chances of several troubles add up.
    pub fn trouble(mut self, chance: u32, trouble: Trouble) -> Self {
        self.troubles.push((chance, trouble));
        self
    }

    /// Every exchange meets this.
    pub fn always(self, trouble: Trouble) -> Self {
        self.trouble(1_000, trouble)
    }

    /// The troubles that may be met.
    pub fn troubles(&self) -> impl Iterator<Item = &Trouble> {
        self.troubles.iter().map(|(_, trouble)| trouble)
    }

    /// How long an exchange takes, and what goes wrong with it.
    fn draw(&self, random: &mut Rand64) -> (Duration, Option<Trouble>) {
        let takes = match self.slow {
            Some((chance, takes)) if thousandth(random) < chance => takes,
            Some(_) | None => between(random, self.shortest, self.longest),
        };
        let mut drawn = thousandth(random);
        let trouble = self.troubles.iter().find(|(chance, _)| {
            let is_met = drawn < *chance;
            drawn = drawn.saturating_sub(*chance);
            is_met
        });
        (takes, trouble.map(|(_, trouble)| trouble.clone()))
    }
}

fn thousandth(random: &mut Rand64) -> u32 {
    u32::try_from(random.rand_range(0..1_000)).unwrap_or_default()
}

/// A whole number of microseconds.
fn between(random: &mut Rand64, shortest: Duration, longest: Duration) -> Duration {
    let spread = longest.saturating_sub(shortest).as_micros();
    let spread = u64::try_from(spread).unwrap_or(u64::MAX - 1);
    shortest + Duration::from_micros(random.rand_range(0..spread + 1))
}

/// The weather of one region: calm at first, then what each change brings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Forecast {
    changes: Vec<(Duration, Weather)>,
}

impl Forecast {
    pub(crate) fn change(&mut self, at: Duration, weather: Weather) {
        let later = self.changes.partition_point(|(other, _)| *other <= at);
        self.changes.insert(later, (at, weather));
    }

    pub(crate) fn draw(&self, now: Duration, random: &mut Rand64) -> (Duration, Option<Trouble>) {
        let mut changes = self.changes.iter().rev();
        match changes.find(|(at, _)| *at <= now) {
            Some((_, weather)) => weather.draw(random),
            None => Weather::calm().draw(random),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn weather_changes_when_it_was_told_to() {
        let mut forecast = Forecast::default();
        forecast.change(SECOND * 2, Weather::calm());
        forecast.change(SECOND, Weather::calm().always(Trouble::Lost));
        let mut random = Rand64::new(1);
        let mut met = |at| forecast.draw(at, &mut random).1;
        assert_eq!(met(Duration::ZERO), None);
        assert_eq!(met(SECOND), Some(Trouble::Lost));
        assert_eq!(
            met(SECOND + Duration::from_nanos(999_999_999)),
            Some(Trouble::Lost)
        );
        assert_eq!(met(SECOND * 2), None);
    }

    #[test]
    fn chances_are_in_a_thousand_and_add_up() {
        let weather = Weather::calm()
            .slow(100, SECOND)
            .trouble(200, Trouble::Lost)
            .trouble(300, Trouble::Cut);
        let mut random = Rand64::new(1);
        let drawn: Vec<_> = (0..100_000).map(|_| weather.draw(&mut random)).collect();
        let percent = |count: usize| count / 1_000;
        let met = |trouble| drawn.iter().filter(|it| it.1 == trouble).count();
        let slow = drawn.iter().filter(|it| it.0 == SECOND).count();
        assert!((9..=10).contains(&percent(slow)));
        assert!((19..=20).contains(&percent(met(Some(Trouble::Lost)))));
        assert!((29..=30).contains(&percent(met(Some(Trouble::Cut)))));
        let usual = drawn.iter().filter(|it| it.0 != SECOND);
        let usual: Vec<_> = usual.map(|it| it.0.as_millis()).collect();
        assert_eq!(usual.iter().min(), Some(&30));
        assert_eq!(usual.iter().max(), Some(&60));
    }
}
