//! Draws a scenario from a seed. Recorded trace hashes depend on the order of the draws.

use core::time::Duration;

use cloudauth_proto::{Policy, Repeat, Scheme};
use oorandom::Rand64;

use super::checked_call::TOLERATED_SKEW;
use super::expiring_credentials::{ExpiringCredentials, SourceKind};
use super::scenario::{LAST_CALL, LinkChange, PlannedCall, RECOVERED, Scenario};
use crate::simulation::operations::OperationKind;
use crate::simulation::{Halt, Impairment, Link};
use crate::{Fault, Region};

/// Calls start, and links change, within the first minute. In milliseconds.
const ACTIVE_MILLIS: u64 = 60_000;

const CLOCK_DIFFERENCES: [i64; 8] = [-90_000, -3_600, -1_000, -30, 30, 1_000, 3_600, 86_000];

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
    let rate_limit = dice.sometimes(8, |dice| dice.of(&[1, 2, 5, 10]));
    let clock_ahead = dice.sometimes(5, |dice| dice.of(&CLOCK_DIFFERENCES));
    let (shanghai, beijing) = (Region::Shanghai, Region::Beijing);
    let both = || vec![shanghai, beijing];
    let mut scenario = Scenario {
        seed,
        scheme: dice.of(&[Scheme::Acs3HmacSha256, Scheme::RpcHmacSha1]),
        policy: policy(&mut dice),
        rate_limit,
        listed: dice
            .sometimes(8, |dice| dice.of(&[vec![shanghai], vec![beijing]]))
            .unwrap_or_else(both),
        clock_ahead: clock_ahead.unwrap_or_default(),
        clock_steps: Vec::new(),
        halts: Vec::new(),
        poll_delay: Duration::ZERO,
        refreshes_beside: false,
        origin: dice.of(&Region::ALL),
        link_changes: Vec::new(),
        calls: Vec::new(),
        credentials: None,
    };
    let outage = dice.sometimes(2, |dice| dice.of(&Region::ALL));
    scenario.link_changes = link_changes(&mut dice, outage);
    // An outage needs enough calls to open the region's circuit breaker, and a rate limit to be reached.
    let calls = match (rate_limit, outage) {
        (Some(_), _) => 1 + dice.below(30),
        (None, Some(_)) => 1 + dice.below(20),
        (None, None) => 1 + dice.below(6),
    };
    scenario.calls = calls_of_all_kinds(&mut dice, calls);
    add_events_of_the_host(&mut dice, &mut scenario);
    scenario.calls.push(PlannedCall::read(RECOVERED));
    scenario.calls.push(PlannedCall::read(LAST_CALL));
    scenario.credentials = dice.sometimes(3, credentials);
    scenario.refreshes_beside = scenario.credentials.is_some() && dice.one_in(2);
    let is_clock_right = scenario.clock_differences().all(|seconds| seconds == 0);
    if let Some(credentials) = &mut scenario.credentials
        && credentials.source == SourceKind::External
        && !is_clock_right
    {
        // A program reports no time of its own, so a client with a wrong clock cannot know
        // when its credentials expire.
        credentials.source = SourceKind::Uri;
    }
    // A client whose clock is ahead takes what a metadata service without a date issues for expired. One whose
    // clock is behind cannot know when it expires, and one whose clock is nearly right is not corrected.
    let clock_ahead = scenario.clock_ahead;
    let is_refused = clock_ahead > TOLERATED_SKEW.cast_signed();
    if let Some(credentials) = &mut scenario.credentials
        && credentials.source == SourceKind::Metadata
        && scenario.clock_steps.is_empty()
        && (clock_ahead == 0 || is_refused)
    {
        credentials.has_date = dice.one_in(2);
    }
    scenario
}

/// Links that are impaired within the first minute only.
fn link_changes(dice: &mut Dice, outage: Option<Region>) -> Vec<LinkChange> {
    let mut all = Vec::new();
    let is_other_unimpaired = outage.is_some() && dice.one_in(2);
    for region in Region::ALL {
        if outage == Some(region) {
            let at = dice.millis(ACTIVE_MILLIS / 4);
            all.push(LinkChange {
                at,
                region,
                link: Link::unimpaired().always(impairment_of_outage(dice)),
            });
            if dice.one_in(3) {
                let link = Link::unimpaired();
                let at = at + dice.millis(ACTIVE_MILLIS / 2);
                all.push(LinkChange { at, region, link });
            }
        }
        let changes = match outage {
            Some(_) if is_other_unimpaired => 0,
            Some(down) if down == region => dice.below(2),
            Some(_) | None => dice.below(4),
        };
        for _ in 0..changes {
            all.push(LinkChange {
                at: dice.millis(ACTIVE_MILLIS),
                region,
                link: link(dice),
            });
        }
        all.push(LinkChange {
            at: Duration::from_millis(ACTIVE_MILLIS),
            region,
            link: Link::unimpaired(),
        });
    }
    all
}

/// Steps and halts of the client's clocks, most of them during a call, and late polls.
fn add_events_of_the_host(dice: &mut Dice, scenario: &mut Scenario) {
    let near_call = |dice: &mut Dice, millis| {
        let starts: Vec<_> = scenario.calls.iter().map(|call| call.at).collect();
        dice.of(&starts) + dice.millis(millis)
    };
    if dice.one_in(6) {
        for _ in 0..=dice.below(2) {
            let ahead = if dice.one_in(3) {
                0
            } else {
                dice.of(&CLOCK_DIFFERENCES)
            };
            scenario.clock_steps.push((near_call(dice, 100), ahead));
        }
        scenario.clock_steps.sort_unstable();
    }
    if dice.one_in(6) {
        for _ in 0..=dice.below(2) {
            scenario.halts.push(Halt {
                at: near_call(dice, 3_000),
                length: Duration::from_millis(dice.of(&[200, 3_000, 30_000])),
                is_suspend: dice.one_in(2),
            });
        }
        // Halts do not overlap.
        scenario.halts.sort_unstable_by_key(|halt| halt.at);
        let mut end = Duration::ZERO;
        scenario.halts.retain(|halt| {
            let is_apart = end <= halt.at;
            end = end.max(halt.end());
            is_apart
        });
    }
    let late = dice.sometimes(8, |dice| Duration::from_millis(dice.of(&[20, 300])));
    scenario.poll_delay = late.unwrap_or_default();
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
    if dice.one_in(8) {
        let steady = Duration::from_millis(dice.of(&[100, 200, 600]));
        link = link.round_trip(steady, steady);
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
        has_date: true,
        link_changes,
    }
}

fn custom(status: u16, body: &[u8]) -> Fault {
    let body = body.to_vec();
    Fault::Custom { status, body }
}

fn impairment(dice: &mut Dice) -> Impairment {
    Impairment::Fault(match dice.below(16) {
        0 => custom(400, br#"{"Code":"401","RequestId":"R"}"#),
        1 => Fault::Status(403),
        2 => return Impairment::LocalFailure,
        3 => Fault::Close,
        4 | 5 => return foreign_impairment(dice),
        _ => return endpoint_impairment(dice),
    })
}

/// Draws what a region shows during an outage.
fn impairment_of_outage(dice: &mut Dice) -> Impairment {
    match dice.below(8) {
        0 => Impairment::LocalFailure,
        1 | 2 => foreign_impairment(dice),
        _ => endpoint_impairment(dice),
    }
}

/// Draws an impairment after which a read goes on at another endpoint, though it does not count as a
/// failure of the endpoint.
fn foreign_impairment(dice: &mut Dice) -> Impairment {
    const HTML: &[u8] = b"<html><body><h1>Sign in</h1></body></html>";
    Impairment::Fault(match dice.below(10) {
        0 => Fault::Status(429),
        1 => custom(400, br#"{"Code":"Throttling.User"}"#),
        2 => Fault::Throttle,
        3 => custom(403, HTML),
        4 => custom(302, HTML),
        5 => custom(200, br#"{"Code":"200","RequestId":"R","ResultObject":{}}"#),
        6 => Fault::Empty,
        7 => custom(403, b""),
        _ => Fault::Garbage,
    })
}

/// Draws an impairment that counts as a failure of the endpoint.
fn endpoint_impairment(dice: &mut Dice) -> Impairment {
    Impairment::Fault(match dice.below(13) {
        0 | 1 => return Impairment::BlackHole,
        2 => return Impairment::Cut,
        3 => return Impairment::Lost,
        4 => return Impairment::CertificateRefused,
        5 => Fault::Refuse,
        6 => Fault::Reset,
        7 => Fault::Hang,
        8 => Fault::Truncate,
        9 => Fault::Status(500),
        10 => Fault::Status(503),
        11 => Fault::Gateway {
            status: 400,
            code: "ServiceUnavailable".to_owned(),
        },
        _ => Fault::Code500,
    })
}

/// When the calls of a scenario start.
#[derive(Clone, Copy)]
enum Arrivals {
    Anytime,
    Burst(Duration),
    /// A burst, then others for this long.
    BurstAndMore(Duration, u64),
    /// Evenly spaced.
    Steady(Duration, u32),
}

fn calls_of_all_kinds(dice: &mut Dice, calls: u64) -> Vec<PlannedCall> {
    let arrivals = match dice.below(4) {
        0 => Arrivals::Anytime,
        1 => Arrivals::Burst(dice.millis(ACTIVE_MILLIS)),
        2 => {
            let burst = dice.millis(ACTIVE_MILLIS / 2);
            Arrivals::BurstAndMore(burst, dice.of(&[3_000, 20_000]))
        }
        _ => {
            let first = dice.millis(ACTIVE_MILLIS / 4);
            Arrivals::Steady(first, dice.of(&[20, 100, 1_000, 6_000]))
        }
    };
    let is_hedged = dice.one_in(2);
    let reads_only = dice.one_in(4);
    let deadline = dice.sometimes(4, |dice| Duration::from_millis(dice.of(&[50, 500, 900])));
    let are_dropped = dice.one_in(4);
    let call = |i| {
        let at = match arrivals {
            Arrivals::Anytime => dice.millis(ACTIVE_MILLIS),
            Arrivals::BurstAndMore(burst, more) if dice.one_in(2) => burst + dice.millis(more),
            Arrivals::Burst(burst) | Arrivals::BurstAndMore(burst, _) => burst + dice.millis(100),
            Arrivals::Steady(first, millis) => {
                first + Duration::from_millis(millis.into()) * i + dice.millis(10)
            }
        };
        let mut call = call(dice, at.min(Duration::from_millis(ACTIVE_MILLIS)));
        call.hedge_after = call.hedge_after.filter(|_| is_hedged);
        if reads_only {
            call.kind = OperationKind::Read;
        }
        if deadline.is_some() && !dice.one_in(4) {
            call.total_timeout = deadline;
        }
        if are_dropped && dice.one_in(2) {
            let limit = dice.of(&[100, 1_500, 15_000]);
            call.dropped = Some(call.at + dice.millis(limit));
        }
        call
    };
    (0..u32::try_from(calls).unwrap_or(1)).map(call).collect()
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
        dropped: dice.sometimes(12, |dice| at + dice.millis(15_000)),
    }
}
