//! The small worlds.

use super::action::ScriptedEnd;
use super::small_world::{InitialBreaker, RefreshMode, SearchedCall, SmallWorld};
use crate::Region;
use crate::simulation::operations::OperationKind;

const READ: SearchedCall = SearchedCall::new(OperationKind::Read);
const UPDATE: SearchedCall = SearchedCall::new(OperationKind::Update);
const OPEN: SearchedCall = SearchedCall::new(OperationKind::Open);
const CHARGE: SearchedCall = SearchedCall::new(OperationKind::Charge);

/// Everything that an endpoint can do when it is down.
const FAILURES: [ScriptedEnd; 5] = [
    ScriptedEnd::NotSent,
    ScriptedEnd::CertificateRefused,
    ScriptedEnd::NoResponse,
    ScriptedEnd::ServerError,
    ScriptedEnd::Unreadable,
];

/// Everything else that can come of a request.
const ODD: [ScriptedEnd; 8] = [
    ScriptedEnd::Refused,
    ScriptedEnd::LocalFailure,
    ScriptedEnd::Throttled,
    ScriptedEnd::Unreadable,
    ScriptedEnd::ClockSkew,
    ScriptedEnd::NonceReused,
    ScriptedEnd::CredentialsRefused,
    ScriptedEnd::CertificateRefused,
];

/// The worlds that are searched: one and two calls of every effect, all states of both circuit breakers,
/// all classifications, drops, jumps of the clock, late polls, hedges, rate limits and refreshes.
#[must_use]
pub fn small_worlds() -> Vec<SmallWorld> {
    let mut worlds = effects();
    worlds.extend(classifications());
    worlds.extend(short_calls());
    worlds.extend(hedges());
    worlds.extend(rate_limits());
    worlds.extend(look_ups());
    worlds.extend(refreshes());
    worlds.extend(breakers());
    worlds.extend(late_polls());
    worlds
}

fn effects() -> Vec<SmallWorld> {
    let down = FAILURES.to_vec();
    let all = |name: &str, call| SmallWorld {
        down: down.clone(),
        toggles: 2,
        ..SmallWorld::new(name, vec![call])
    };
    vec![
        all("read", READ),
        all("update", UPDATE),
        all("open", OPEN),
        all("charge", CHARGE),
        SmallWorld::new("2 reads", vec![READ, READ]),
        SmallWorld::new("read, charge", vec![READ, CHARGE]),
        SmallWorld::new("open, charge", vec![OPEN, CHARGE]),
        SmallWorld::new("2 charges", vec![CHARGE, CHARGE]),
        SmallWorld {
            max_attempts: 8,
            up: [false; 2],
            toggles: 0,
            drops: 0,
            jumps: 0,
            down: vec![ScriptedEnd::NotSent],
            ..SmallWorld::new("2 reads, 8 attempts, both down", vec![READ, READ])
        },
    ]
}

fn classifications() -> Vec<SmallWorld> {
    let odd = |name: &str, calls| SmallWorld {
        odd: ODD.to_vec(),
        odd_times: 2,
        ..SmallWorld::new(name, calls)
    };
    vec![
        odd("every classification, read", vec![READ]),
        odd("every classification, update", vec![UPDATE]),
        odd("every classification, open", vec![OPEN]),
        odd("every classification, charge", vec![CHARGE]),
        odd("every classification, hedged read", vec![READ.hedged()]),
        SmallWorld {
            odd_times: 1,
            ..odd("every classification, read, charge", vec![READ, CHARGE])
        },
        SmallWorld {
            odd_times: 3,
            max_attempts: 8,
            drops: 0,
            ..odd("every classification, 8 attempts, update", vec![UPDATE])
        },
    ]
}

fn short_calls() -> Vec<SmallWorld> {
    let hole = |name: &str, calls| SmallWorld {
        up: [false, true],
        toggles: 0,
        drops: 0,
        jumps: 0,
        down: Vec::new(),
        is_black_hole: true,
        one_at_a_time: true,
        ..SmallWorld::new(name, calls)
    };
    // Less time than a response takes.
    let brief = READ.within(50);
    let silent = |name: &str, calls| SmallWorld {
        is_black_hole: false,
        ..hole(name, calls)
    };
    vec![
        hole(
            "black hole, 8 charges in 900 ms",
            vec![CHARGE.within(900); 8],
        ),
        hole(
            "black hole, 8 reads in 1 100 ms",
            vec![READ.within(1_100); 8],
        ),
        silent("silence, 8 reads in 500 ms", vec![READ.within(500); 8]),
        silent("silence, 8 opens in 900 ms", vec![OPEN.within(900); 8]),
        silent("silence, 8 reads in 9 s", vec![READ.within(9_000); 8]),
        SmallWorld {
            breakers: [InitialBreaker::AlmostOpen, InitialBreaker::Closed],
            ..silent(
                "silence, 8 reads in 500 ms, Shanghai almost open",
                vec![READ.within(500); 8],
            )
        },
        SmallWorld {
            one_at_a_time: false,
            ..silent(
                "silence, 5 reads in 900 ms at once",
                vec![READ.within(900); 5],
            )
        },
        SmallWorld {
            drops: 0,
            ..SmallWorld::new(
                "5 reads in 50 ms, 2 reads",
                vec![brief, brief, brief, brief, brief, READ, READ],
            )
        },
        SmallWorld {
            jumps: 0,
            ..SmallWorld::new(
                "read in 900 ms, charge in 900 ms",
                vec![READ.within(900), CHARGE.within(900)],
            )
        },
    ]
}

fn hedges() -> Vec<SmallWorld> {
    let half_open = |first, second| SmallWorld {
        breakers: [first, second],
        drops: 0,
        ..SmallWorld::new(
            format!("hedged read, breakers {first:?}, {second:?}, no drop"),
            vec![READ.hedged()],
        )
    };
    vec![
        SmallWorld::new("hedged read", vec![READ.hedged()]),
        SmallWorld::new("hedged read, read", vec![READ.hedged(), READ]),
        SmallWorld::new(
            "hedged update, hedged charge",
            vec![UPDATE.hedged(), CHARGE.hedged()],
        ),
        half_open(InitialBreaker::Closed, InitialBreaker::HalfOpen),
        half_open(InitialBreaker::HalfOpen, InitialBreaker::Closed),
    ]
}

fn rate_limits() -> Vec<SmallWorld> {
    let limited = |limit, name: &str, calls| SmallWorld {
        rate_limit: Some(limit),
        ..SmallWorld::new(format!("{limit} reads per second, {name}"), calls)
    };
    let short = READ.within(1_500);
    vec![
        limited(1, "2 reads", vec![READ, READ]),
        limited(1, "2 reads in 900 ms", vec![READ.within(900); 2]),
        limited(1, "hedged read", vec![READ.hedged()]),
        limited(1, "hedged read, read", vec![READ.hedged(), READ]),
        limited(2, "hedged read", vec![READ.hedged()]),
        limited(2, "2 hedged reads", vec![READ.hedged(); 2]),
        limited(2, "3 reads", vec![READ; 3]),
        SmallWorld {
            toggles: 0,
            drops: 2,
            ..limited(1, "3 reads", vec![READ; 3])
        },
        SmallWorld {
            toggles: 0,
            ..limited(1, "3 reads in 1 500 ms", vec![short; 3])
        },
        SmallWorld {
            late_polls: true,
            ..limited(1, "2 reads, late polls", vec![READ, READ])
        },
        SmallWorld {
            late_polls: true,
            toggles: 0,
            ..limited(2, "4 reads, late polls", vec![READ; 4])
        },
        SmallWorld {
            refresh: Some(RefreshMode::Inline),
            jumps: 2,
            toggles: 0,
            ..limited(1, "3 reads, refresh", vec![READ; 3])
        },
    ]
}

fn look_ups() -> Vec<SmallWorld> {
    let at = SearchedCall::look_up;
    let look_up = |name: &str, calls| SmallWorld {
        toggles: 2,
        ..SmallWorld::new(name, calls)
    };
    let hedged = at(Region::Beijing).hedged();
    vec![
        look_up("look-up in Beijing", vec![at(Region::Beijing)]),
        look_up(
            "hedged look-up in Shanghai",
            vec![at(Region::Shanghai).hedged()],
        ),
        SmallWorld {
            toggles: 1,
            ..look_up("hedged look-up in Beijing, read", vec![hedged, READ])
        },
        SmallWorld {
            breakers: [InitialBreaker::AlmostOpen, InitialBreaker::HalfOpen],
            toggles: 1,
            ..look_up(
                "half-open, look-ups in Beijing and Shanghai",
                vec![at(Region::Beijing), at(Region::Shanghai)],
            )
        },
    ]
}

fn refreshes() -> Vec<SmallWorld> {
    let refresh = |mode, name: &str, calls| SmallWorld {
        refresh: Some(mode),
        toggles: 0,
        jumps: 2,
        ..SmallWorld::new(format!("refresh {mode:?}, {name}"), calls)
    };
    let mut worlds = Vec::new();
    for mode in [RefreshMode::Inline, RefreshMode::Beside] {
        worlds.push(refresh(mode, "2 reads", vec![READ, READ]));
        worlds.push(refresh(mode, "read, charge", vec![READ, CHARGE]));
        worlds.push(SmallWorld {
            jumps: 0,
            ..refresh(mode, "2 reads in 500 ms", vec![READ.within(500); 2])
        });
        worlds.push(SmallWorld {
            odd: vec![ScriptedEnd::CredentialsRefused, ScriptedEnd::ClockSkew],
            odd_times: 2,
            ..refresh(mode, "refused, read, charge", vec![READ, CHARGE])
        });
        worlds.push(SmallWorld {
            toggles: 1,
            jumps: 1,
            ..refresh(mode, "endpoint down, hedged read", vec![READ.hedged()])
        });
    }
    worlds
}

fn breakers() -> Vec<SmallWorld> {
    let states = [
        InitialBreaker::Closed,
        InitialBreaker::AlmostOpen,
        InitialBreaker::Open,
        InitialBreaker::HalfOpen,
    ];
    let pairs = states
        .into_iter()
        .flat_map(|first| states.map(|second| [first, second]));
    let pairs = pairs.filter(|pair| *pair != [InitialBreaker::Closed; 2]);
    let world = |breakers: [InitialBreaker; 2], name: &str, calls| SmallWorld {
        breakers,
        ..SmallWorld::new(
            format!("{name}, breakers {:?}, {:?}", breakers[0], breakers[1]),
            calls,
        )
    };
    let two_reads = |pair| {
        [
            SmallWorld {
                is_budget_spent: true,
                ..world(pair, "2 reads, budget spent", vec![READ, READ])
            },
            SmallWorld {
                releases: false,
                ..world(pair, "2 reads, drops not released", vec![READ, READ])
            },
        ]
    };
    let mut worlds: Vec<_> = pairs
        .flat_map(|pair| {
            [
                world(pair, "read", vec![READ]),
                world(pair, "charge", vec![CHARGE]),
                world(pair, "hedged read", vec![READ.hedged()]),
                world(pair, "2 reads", vec![READ, READ]),
            ]
        })
        .collect();
    for pair in [
        [InitialBreaker::Closed; 2],
        [InitialBreaker::HalfOpen, InitialBreaker::Closed],
        [InitialBreaker::Closed, InitialBreaker::HalfOpen],
        [InitialBreaker::HalfOpen; 2],
    ] {
        worlds.extend(two_reads(pair));
    }
    worlds
}

fn late_polls() -> Vec<SmallWorld> {
    let late = |name: &str, calls| SmallWorld {
        late_polls: true,
        jumps: 2,
        ..SmallWorld::new(format!("late polls, {name}"), calls)
    };
    vec![
        late("read, charge", vec![READ, CHARGE]),
        late(
            "hedged read in 3 s, charge in 3 s",
            vec![READ.within(3_000).hedged(), CHARGE.within(3_000)],
        ),
        SmallWorld {
            breakers: [InitialBreaker::HalfOpen, InitialBreaker::Closed],
            jumps: 1,
            ..late("half-open, 2 reads", vec![READ, READ])
        },
        SmallWorld {
            refresh: Some(RefreshMode::Inline),
            toggles: 0,
            ..late("refresh, 2 reads", vec![READ, READ])
        },
    ]
}
