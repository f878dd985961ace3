//! Draws a scenario from a seed.

use core::time::Duration;

use cloudauth_proto::{Policy, Repeat, Scheme};
use oorandom::Rand64;

use super::expiring::{Expiring, Giver};
use super::scenario::{CALM, Change, LATER, Planned, Scenario};
use crate::simulation::operations::Kind;
use crate::simulation::{Trouble, Weather};
use crate::{Fault, Region};

/// Calls start and the weather changes within the first minute.
const STORM: u64 = 60_000;

struct Dice(Rand64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0.rand_range(0..limit)
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        let limit = choices.len().try_into().unwrap_or(1);
        let drawn = usize::try_from(self.below(limit)).unwrap_or_default();
        choices[drawn].clone()
    }

    fn millis(&mut self, limit: u64) -> Duration {
        Duration::from_millis(self.below(limit))
    }

    fn sometimes<T>(&mut self, n: u64, draw: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.one_in(n).then(|| draw(self))
    }
}

impl Scenario {
    pub(super) fn generate(seed: u64) -> Self {
        let mut dice = Dice(Rand64::new(seed.into()));
        let rate_limit = dice.sometimes(10, |dice| dice.of(&[1, 2, 5]));
        let ahead = dice.sometimes(5, |dice| {
            dice.of(&[-90_000, -3_600, -1_000, -30, 30, 1_000, 3_600, 86_000])
        });
        let mut scenario = Self {
            seed,
            scheme: dice.of(&[Scheme::Acs3HmacSha256, Scheme::RpcHmacSha1]),
            policy: policy(&mut dice),
            rate_limit,
            ahead: ahead.unwrap_or_default(),
            home: dice.of(&Region::ALL),
            weather: Vec::new(),
            calls: Vec::new(),
            expiring: None,
        };
        let outage = dice.sometimes(3, |dice| dice.of(&Region::ALL));
        let is_rest_calm = outage.is_some() && dice.one_in(2);
        for region in Region::ALL {
            if outage == Some(region) {
                scenario.weather.push(Change {
                    at: dice.millis(STORM / 4),
                    region,
                    weather: Weather::calm().always(blamed(&mut dice)),
                });
            }
            let changes = if is_rest_calm { 0 } else { dice.below(4) };
            for _ in 0..changes {
                scenario.weather.push(Change {
                    at: dice.millis(STORM),
                    region,
                    weather: weather(&mut dice),
                });
            }
            scenario.weather.push(Change {
                at: Duration::from_millis(STORM),
                region,
                weather: Weather::calm(),
            });
        }
        // Enough of them that a region is given up.
        let calls = 1 + dice.below(if outage.is_some() { 20 } else { 6 });
        let is_hedged = dice.one_in(2);
        let burst = dice.sometimes(2, |dice| dice.millis(STORM));
        for _ in 0..calls {
            let at = match burst {
                Some(burst) => burst + dice.millis(100),
                None => dice.millis(STORM),
            };
            let mut call = call(&mut dice, at);
            call.hedged = call.hedged.filter(|_| is_hedged);
            scenario.calls.push(call);
        }
        scenario.calls.push(Planned::read(CALM));
        scenario.calls.push(Planned::read(LATER));
        scenario.expiring = dice.sometimes(3, expiring);
        if let Some(expiring) = &mut scenario.expiring
            && expiring.giver == Giver::External
            && scenario.ahead != 0
        {
            // A program does not tell its time: with a wrong clock nobody knows when they expire.
            expiring.giver = Giver::Uri;
        }
        scenario
    }
}

fn policy(dice: &mut Dice) -> Policy {
    let seconds = Duration::from_secs;
    let mut policy = Policy::default();
    policy.connect_timeout = seconds(dice.of(&[1, 3, 10]));
    policy.read_timeout = seconds(dice.of(&[1, 3, 10]));
    policy.total_timeout = seconds(dice.of(&[2, 8, 30, 40]));
    policy.max_attempts = dice.of(&[1, 2, 3, 4, 5]);
    policy.pause = Duration::from_millis(dice.of(&[0, 100, 2_000]));
    policy
}

fn weather(dice: &mut Dice) -> Weather {
    let mut weather = Weather::calm();
    if dice.one_in(4) {
        weather = weather.takes(Duration::ZERO, dice.millis(4_000));
    }
    if dice.one_in(4) {
        weather = weather.slow(dice.of(&[10, 200]), dice.millis(15_000));
    }
    for _ in 0..dice.below(3) {
        let trouble = trouble(dice);
        weather = weather.trouble(dice.of(&[10, 300, 1_000]), trouble);
    }
    weather
}

/// What gives credentials is slow, fails and comes back within the first minute.
fn expiring(dice: &mut Dice) -> Expiring {
    let changes = dice.below(5);
    let mut forecast: Vec<_> = (0..changes)
        .map(|_| (dice.millis(STORM), weather(dice)))
        .collect();
    if !forecast.is_empty() {
        forecast.push((Duration::from_millis(STORM), Weather::calm()));
    }
    Expiring {
        giver: dice.of(&Giver::ALL),
        life: dice.of(&[20, 40, 60, 90, 900]),
        weather: forecast,
    }
}

fn trouble(dice: &mut Dice) -> Trouble {
    let custom = |body: &[u8]| Fault::Custom {
        status: 400,
        body: body.to_vec(),
    };
    Trouble::Fault(match dice.below(16) {
        0 => Fault::Status(429),
        1 => custom(br#"{"Code":"Throttling.User"}"#),
        2 => custom(br#"{"Code":"401","RequestId":"R"}"#),
        3 => Fault::Status(403),
        4 => Fault::Garbage,
        5 => Fault::Empty,
        _ => return blamed(dice),
    })
}

/// A trouble that is blamed on the region.
fn blamed(dice: &mut Dice) -> Trouble {
    Trouble::Fault(match dice.below(10) {
        0 => return Trouble::BlackHole,
        1 => return Trouble::Cut,
        2 => return Trouble::Lost,
        3 => Fault::Refuse,
        4 => Fault::Reset,
        5 => Fault::Hang,
        6 => Fault::Truncate,
        7 => Fault::Status(500),
        8 => Fault::Status(503),
        _ => Fault::Code500,
    })
}

fn call(dice: &mut Dice, at: Duration) -> Planned {
    let kinds = [
        Kind::Read,
        Kind::Read,
        Kind::LookUp,
        Kind::Update,
        Kind::Open,
        Kind::Open,
        Kind::Charge,
        Kind::Charge,
    ];
    let repeats = [
        Repeat::AsItsEffectSays,
        Repeat::AsItsEffectSays,
        Repeat::AsItsEffectSays,
        Repeat::OnlyIfCertain,
        Repeat::EvenIfUncertain,
    ];
    Planned {
        at,
        kind: dice.of(&kinds),
        repeat: dice.of(&repeats),
        total: dice.sometimes(8, |dice| dice.millis(20_000)),
        pinned: dice.sometimes(10, |dice| dice.of(&Region::ALL)),
        hedged: dice.sometimes(2, |dice| dice.millis(1_000)),
        dropped: dice.sometimes(8, |dice| at + dice.millis(15_000)),
    }
}
