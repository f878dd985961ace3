//! Flows whose options, clocks and deadlines are extreme: none panics.

#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use core::time::Duration;

use cloudauth_proto::credentials::{
    Chain, External, Profile, ProfileFormat, Settings, Source, Uri,
};
use cloudauth_proto::driver::{
    Delivery, ExchangeId, Failure, Head, MonoTime, Now, Refresh, Response,
};
use cloudauth_proto::ops::{ContrastFaceVerify, DescribeFaceVerify};
use cloudauth_proto::verify::PollVerdict;
use cloudauth_proto::{Call, CallOptions, Endpoint, Flow, Policy, Session, Step, UnixTime, WhoAmI};
use common::properties;
use proptest::prelude::*;

fn span() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        Just(Duration::from_nanos(1)),
        Just(Duration::from_secs(1)),
        Just(Duration::MAX.saturating_sub(Duration::from_nanos(1))),
        Just(Duration::MAX),
    ]
}

fn unix() -> impl Strategy<Value = UnixTime> {
    let seconds = prop_oneof![
        Just(0),
        Just(1_800_000_000),
        Just(u64::MAX - 1),
        Just(u64::MAX)
    ];
    seconds.prop_map(UnixTime::from_seconds)
}

fn policy() -> impl Strategy<Value = Policy> {
    [span(), span(), span(), span(), span()].prop_map(|[connect, read, total, base, max]| {
        let mut policy = Policy::default();
        policy.connect_timeout = connect;
        policy.read_timeout = read;
        policy.total_timeout = total;
        policy.base_backoff = base;
        policy.max_backoff = max;
        policy
    })
}

fn options() -> impl Strategy<Value = CallOptions> {
    (proptest::option::of(span()), proptest::option::of(span())).prop_map(|(total, hedge)| {
        let mut options = CallOptions::new();
        if let Some(total) = total {
            options = options.total_timeout(total);
        }
        if let Some(hedge) = hedge {
            options = options.hedge_after(hedge);
        }
        options
    })
}

fn source() -> impl Strategy<Value = Source> {
    let settings = Settings::default();
    let profile = Profile::new(ProfileFormat::Ini, "credentials", None, settings);
    let uri = Uri::new("https://issuer.example/").unwrap();
    let program = External::new("print-credentials").unwrap();
    let sources = [
        Source::Profile(profile),
        Source::Uri(uri),
        Source::External(program),
    ];
    let chain = Source::from(Chain::new(sources.to_vec()).continue_after_failure());
    prop_oneof![Just(chain), proptest::sample::select(sources.to_vec())]
}

/// What a driver does between two polls: the clocks move, then an exchange ends or an input is supplied.
#[derive(Clone, Debug)]
struct Turn {
    by: Duration,
    unix: UnixTime,
    end: usize,
    is_inline: bool,
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = (span(), unix(), 0..5_usize, any::<bool>());
    let turn = turn.prop_map(|(by, unix, end, is_inline)| Turn {
        by,
        unix,
        end,
        is_inline,
    });
    proptest::collection::vec(turn, 1..12)
}

const ISSUED: &str = r#"{"Code":"Success","AccessKeyId":"STS.x","AccessKeySecret":"s",
    "SecurityToken":"t","Expiration":"9999-12-31T23:59:59Z"}"#;

fn ended(end: usize) -> Result<Response, Failure> {
    let date = |text: &str| vec![("date".to_owned(), text.to_owned())];
    let (status, headers, body) = match end {
        0 => (200, Vec::new(), ISSUED),
        1 => (200, date("Thu, 01 Jan 1970 00:00:00 GMT"), ISSUED),
        2 => (
            400,
            date("Fri, 31 Dec 9999 23:59:59 GMT"),
            r#"{"Code":"InvalidTimeStamp.Expired"}"#,
        ),
        3 => (
            503,
            vec![("retry-after".to_owned(), u64::MAX.to_string())],
            "",
        ),
        _ => return Err(Failure::new(Delivery::NotSent, "connection refused")),
    };
    Ok(Response::new(
        Head::new(status, headers),
        body.as_bytes().to_vec(),
    ))
}

/// Drives a flow, and the refreshes that it needs, with one turn after each step.
fn drive<F: Flow>(
    flow: &mut F,
    session: &mut Session,
    now: &mut Now,
    turns: &mut impl Iterator<Item = Turn>,
) {
    let mut in_flight: Option<ExchangeId> = None;
    loop {
        let step = flow.poll(session, *now);
        let Some(turn) = turns.next() else { return };
        match step {
            Step::Send(exchange) => in_flight = Some(exchange.id()),
            Step::Authenticate(ticket) if turn.is_inline => {
                drive(&mut Refresh::inline(ticket), session, now, turns);
            }
            Step::Authenticate(ticket) => drive(&mut Refresh::new(ticket), session, now, turns),
            Step::Wait(until) if turn.end == 0 => now.mono = until,
            Step::Read { .. } | Step::Run { .. } | Step::Provide { .. } => {
                now.mono = now.mono + turn.by;
                flow.supply(Ok(b"[default]\ntype = ecs_ram_role\n".to_vec()));
            }
            Step::Done(_) => return,
            Step::Wait(_) | Step::Abandon(_) => {}
        }
        now.mono = now.mono + turn.by;
        now.unix = turn.unix;
        if let Some(id) = in_flight.filter(|_| turn.by != Duration::from_nanos(1)) {
            flow.report(session, id, ended(turn.end), *now);
        }
    }
}

proptest! {
    #![proptest_config(properties())]

    #[test]
    fn no_option_and_no_time_makes_a_flow_panic(
        policy in policy(),
        options in options(),
        source in source(),
        (begin, opened) in (span(), unix()),
        turns in turns(),
        kind in 0..4_usize,
        rate in prop_oneof![Just(0_u32), Just(1), Just(u32::MAX)],
    ) {
        let mut session = Session::new(source, [1; 32]).policy(policy);
        session = session.rate_limit("DescribeFaceVerify", rate);
        let mut now = Now { mono: MonoTime::new(begin), unix: opened };
        let mut turns = turns.into_iter();
        let query = DescribeFaceVerify::new(1, "sha0");
        let (session, now, turns) = (&mut session, &mut now, &mut turns);
        match kind {
            0 => drive(&mut Call::new(&query, options).unwrap(), session, now, turns),
            1 => drive(&mut WhoAmI::new(), session, now, turns),
            2 => {
                let poll = PollVerdict::new(query).opened_at(opened).for_at_most(Duration::MAX);
                drive(&mut { poll }, session, now, turns);
            }
            _ => {
                let upload = ContrastFaceVerify::new().with_face_contrast_file([1]);
                drive(&mut upload.platform(Endpoint::BEIJING), session, now, turns);
            }
        }
    }
}

#[test]
fn credentials_that_were_on_their_way_for_ever_have_no_time_left() {
    let source = Source::Uri(Uri::new("https://issuer.example/").unwrap());
    let mut session = Session::new(source, [1; 32]);
    let mut now = Now::default();
    let Step::Authenticate(ticket) = WhoAmI::new().poll(&mut session, now) else {
        panic!("no refresh is due");
    };
    let mut refresh = Refresh::new(ticket);
    let Step::Send(exchange) = refresh.poll(&mut session, now) else {
        panic!("sends nothing");
    };
    now.mono = MonoTime::new(Duration::MAX);
    refresh.report(&mut session, exchange.id(), ended(1), now);
    let Step::Done(Err(error)) = refresh.poll(&mut session, now) else {
        panic!("there are no credentials");
    };
    let expected = "no credentials: credentials_uri: the credentials have expired";
    assert_eq!(error.to_string(), expected);
}
