//! Draws a scenario from a seed. Recorded trace hashes depend on the order of the draws.

use core::time::Duration;

use cloudauth_proto::{Policy, Repeat, Scheme};
use oorandom::Rand64;

use super::expiring_credentials::{ExpiringCredentials, SourceKind};
use super::scenario::{LAST_CALL, LinkChange, PlannedCall, RECOVERED, Scenario};
use crate::simulation::operations::OperationKind;
use crate::simulation::{Impairment, Link};
use crate::{Fault, Region};

/// Calls start, and links change, within the first minute. In milliseconds.
const ACTIVE_MILLIS: u64 = 60_000;

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

    /// Draws a value once in `n` times.
    fn sometimes<T>(&mut self, n: u64, draw: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.one_in(n).then(|| draw(self))
    }
}

pub(super) fn generate(seed: u64) -> Scenario {
    let mut dice = Dice(Rand64::new(seed.into()));
    let rate_limit = dice.sometimes(10, |dice| dice.of(&[1, 2, 5]));
    let clock_ahead = dice.sometimes(5, |dice| {
        dice.of(&[-90_000, -3_600, -1_000, -30, 30, 1_000, 3_600, 86_000])
    });
    let mut scenario = Scenario {
        seed,
        scheme: dice.of(&[Scheme::Acs3HmacSha256, Scheme::RpcHmacSha1]),
        policy: policy(&mut dice),
        rate_limit,
        clock_ahead: clock_ahead.unwrap_or_default(),
        origin: dice.of(&Region::ALL),
        link_changes: Vec::new(),
        calls: Vec::new(),
        credentials: None,
    };
    let outage = dice.sometimes(3, |dice| dice.of(&Region::ALL));
    let is_other_unimpaired = outage.is_some() && dice.one_in(2);
    for region in Region::ALL {
        if outage == Some(region) {
            scenario.link_changes.push(LinkChange {
                at: dice.millis(ACTIVE_MILLIS / 4),
                region,
                link: Link::unimpaired().always(endpoint_impairment(&mut dice)),
            });
        }
        let changes = if is_other_unimpaired {
            0
        } else {
            dice.below(4)
        };
        for _ in 0..changes {
            scenario.link_changes.push(LinkChange {
                at: dice.millis(ACTIVE_MILLIS),
                region,
                link: link(&mut dice),
            });
        }
        scenario.link_changes.push(LinkChange {
            at: Duration::from_millis(ACTIVE_MILLIS),
            region,
            link: Link::unimpaired(),
        });
    }
    // An outage needs enough calls to open the region's circuit breaker.
    let calls = 1 + dice.below(if outage.is_some() { 20 } else { 6 });
    let is_hedged = dice.one_in(2);
    let burst = dice.sometimes(2, |dice| dice.millis(ACTIVE_MILLIS));
    for _ in 0..calls {
        let at = match burst {
            Some(burst) => burst + dice.millis(100),
            None => dice.millis(ACTIVE_MILLIS),
        };
        let mut call = call(&mut dice, at);
        call.hedge_after = call.hedge_after.filter(|_| is_hedged);
        scenario.calls.push(call);
    }
    scenario.calls.push(PlannedCall::read(RECOVERED));
    scenario.calls.push(PlannedCall::read(LAST_CALL));
    scenario.credentials = dice.sometimes(3, credentials);
    if let Some(credentials) = &mut scenario.credentials
        && credentials.source == SourceKind::External
        && scenario.clock_ahead != 0
    {
        // A program reports no time of its own, so a client with a wrong clock cannot know
        // when its credentials expire.
        credentials.source = SourceKind::Uri;
    }
    scenario
}

fn policy(dice: &mut Dice) -> Policy {
    let seconds = Duration::from_secs;
    let mut policy = Policy::default();
    policy.connect_timeout = seconds(dice.of(&[1, 3, 10]));
    policy.read_timeout = seconds(dice.of(&[1, 3, 10]));
    policy.total_timeout = seconds(dice.of(&[2, 8, 30, 40]));
    policy.max_attempts = dice.of(&[1, 2, 3, 4, 5]);
    policy.base_backoff = Duration::from_millis(dice.of(&[0, 100, 2_000]));
    policy
}

fn link(dice: &mut Dice) -> Link {
    let mut link = Link::unimpaired();
    if dice.one_in(4) {
        link = link.round_trip(Duration::ZERO, dice.millis(4_000));
    }
    if dice.one_in(4) {
        link = link.slow(dice.of(&[10, 200]), dice.millis(15_000));
    }
    for _ in 0..dice.below(3) {
        let impairment = impairment(dice);
        link = link.impair(dice.of(&[10, 300, 1_000]), impairment);
    }
    link
}

/// Credentials whose services are impaired within the first minute only.
fn credentials(dice: &mut Dice) -> ExpiringCredentials {
    let changes = dice.below(5);
    let mut link_changes: Vec<_> = (0..changes)
        .map(|_| (dice.millis(ACTIVE_MILLIS), link(dice)))
        .collect();
    if !link_changes.is_empty() {
        let recovered = Duration::from_millis(ACTIVE_MILLIS);
        link_changes.push((recovered, Link::unimpaired()));
    }
    ExpiringCredentials {
        source: dice.of(&SourceKind::ALL),
        lifetime: dice.of(&[20, 40, 60, 90, 900]),
        link_changes,
    }
}

fn impairment(dice: &mut Dice) -> Impairment {
    let custom = |body: &[u8]| Fault::Custom {
        status: 400,
        body: body.to_vec(),
    };
    Impairment::Fault(match dice.below(16) {
        0 => Fault::Status(429),
        1 => custom(br#"{"Code":"Throttling.User"}"#),
        2 => custom(br#"{"Code":"401","RequestId":"R"}"#),
        3 => Fault::Status(403),
        4 => Fault::Garbage,
        5 => Fault::Empty,
        _ => return endpoint_impairment(dice),
    })
}

/// Draws an impairment that counts as a failure of the endpoint.
fn endpoint_impairment(dice: &mut Dice) -> Impairment {
    Impairment::Fault(match dice.below(10) {
        0 => return Impairment::BlackHole,
        1 => return Impairment::Cut,
        2 => return Impairment::Lost,
        3 => Fault::Refuse,
        4 => Fault::Reset,
        5 => Fault::Hang,
        6 => Fault::Truncate,
        7 => Fault::Status(500),
        8 => Fault::Status(503),
        _ => Fault::Code500,
    })
}

fn call(dice: &mut Dice, at: Duration) -> PlannedCall {
    let kinds = [
        OperationKind::Read,
        OperationKind::Read,
        OperationKind::LookUp,
        OperationKind::Update,
        OperationKind::Open,
        OperationKind::Open,
        OperationKind::Charge,
        OperationKind::Charge,
    ];
    let repeats = [
        Repeat::ByEffect,
        Repeat::ByEffect,
        Repeat::ByEffect,
        Repeat::OnlyIfCertain,
        Repeat::EvenIfUncertain,
    ];
    PlannedCall {
        at,
        kind: dice.of(&kinds),
        repeat: dice.of(&repeats),
        total_timeout: dice.sometimes(8, |dice| dice.millis(20_000)),
        pinned: dice.sometimes(10, |dice| dice.of(&Region::ALL)),
        hedge_after: dice.sometimes(2, |dice| dice.millis(1_000)),
        dropped: dice.sometimes(8, |dice| at + dice.millis(15_000)),
    }
}
