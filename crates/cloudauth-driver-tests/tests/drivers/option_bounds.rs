//! Every option at its bounds: it works, or is an error when the client is built.

use core::time::Duration;

use cloudauth_net::{Options, OptionsError};
use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::{CallOptions, Endpoints, Error, Policy};
use cloudauth_sim::conformance::limits;

use crate::driver::{Async, Blocking, Driver, both, options};
use crate::mock_server::{MockServer, response};

both! {
    every_option_works_at_its_bounds => bounds;
    options_of_a_call_work_at_their_bounds => call_options;
}

const VERDICT: &str =
    r#"{"Code":"200","RequestId":"R","ResultObject":{"Passed":"T","SubCode":"200"}}"#;

const MAX: Duration = Duration::MAX;

fn describe() -> DescribeFaceVerify {
    DescribeFaceVerify::new(1_000_000_006, "sha1")
}

/// An endpoint that is out of service, then one that works.
fn servers() -> [MockServer; 2] {
    [
        MockServer::new(|mut connection| {
            while connection.read_request() {
                connection.send("HTTP/1.1 503 S\r\ncontent-length: 2\r\n\r\n{}");
            }
        }),
        MockServer::new(|mut connection| {
            while connection.read_request() {
                connection.send(&response(VERDICT));
            }
        }),
    ]
}

fn endpoints(servers: &[MockServer; 2]) -> Endpoints {
    let [broken, working] = servers.each_ref().map(|it| it.url.parse().unwrap());
    Endpoints::only(broken).then(working)
}

/// Every duration and number of a policy at its largest value.
fn largest_policy() -> Policy {
    let mut policy = Policy::default();
    policy.connect_timeout = MAX;
    policy.read_timeout = MAX;
    policy.total_timeout = MAX;
    policy.max_attempts = usize::MAX;
    policy.max_backoff = MAX;
    policy.response_limit = usize::MAX;
    policy
}

type Set = fn(Options) -> Options;

/// Bounds that work.
const BOUNDS: [(&str, Set); 21] = [
    ("largest policy", |it| it.policy(largest_policy())),
    ("connect_timeout", |it| it.connect_timeout(MAX)),
    ("read_timeout", |it| it.read_timeout(MAX)),
    ("total_timeout", |it| it.total_timeout(MAX)),
    ("max_attempts", |it| it.max_attempts(usize::MAX)),
    ("response_limit", |it| it.response_limit(usize::MAX)),
    ("rate_limit", |it| {
        it.rate_limit("DescribeFaceVerify", u32::MAX)
    }),
    ("rate_limit_raw", |it| it.rate_limit_raw("X", u32::MAX)),
    ("rate_limit_raw, empty", |it| it.rate_limit_raw("", 1)),
    ("rate_limit_raw, not ASCII", |it| {
        it.rate_limit_raw("操作", 1)
    }),
    ("max_billed 0", |it| {
        it.max_billed(0, Duration::from_nanos(1))
    }),
    ("max_billed", |it| it.max_billed(u32::MAX, MAX)),
    ("max_idle_connections 0", |it| it.max_idle_connections(0)),
    ("max_idle_connections", |it| {
        it.max_idle_connections(usize::MAX)
    }),
    ("idle_timeout 0", |it| it.idle_timeout(Duration::ZERO)),
    ("idle_timeout", |it| it.idle_timeout(MAX)),
    ("user_agent", |it| it.user_agent("x".repeat(4_000))),
    ("backoffs of zero", |it| {
        let mut policy = limits();
        policy.base_backoff = Duration::ZERO;
        policy.max_backoff = Duration::ZERO;
        it.policy(policy)
    }),
    ("backoffs", |it| {
        let mut policy = limits();
        policy.base_backoff = MAX;
        policy.max_backoff = MAX;
        it.policy(policy)
    }),
    ("on_attempt", |it| it.on_attempt(|_, _| {})),
    ("smallest timeouts", |it| {
        let least = Duration::from_nanos(1);
        it.connect_timeout(least)
            .read_timeout(least)
            .total_timeout(least)
    }),
];

/// Bounds that are errors, beside those that are tested as invalid options.
const REFUSED: [(&str, Set); 7] = [
    ("root_certificates", |it| it.root_certificates("")),
    ("root_certificates", |it| it.root_certificates("证书")),
    ("client_certificate", |it| it.client_certificate("", "")),
    ("client_certificate", |it| {
        it.client_certificate("证书", "密钥")
    }),
    ("user_agent", |it| it.user_agent("")),
    ("rate_limit", |it| it.rate_limit("", 1)),
    ("max_billed", |it| it.max_billed(1, Duration::ZERO)),
];

fn bounds<D: Driver>() {
    let servers = servers();
    let valid = || options(limits(), endpoints(&servers));
    for (name, set) in BOUNDS {
        let driver = D::new(set(valid()));
        for _ in 0..2 {
            let called = driver.call(&describe());
            if name == "smallest timeouts" {
                assert!(
                    matches!(called, Err(Error::Exhausted(_))),
                    "{name}: {called:?}"
                );
            } else {
                assert!(called.is_ok(), "{name}: {called:?}");
            }
        }
    }
    for (name, set) in REFUSED {
        let built: Result<D, OptionsError> = D::build(set(valid()));
        let error = built.map(drop).unwrap_err().to_string();
        assert!(error.starts_with(name), "{name}: {error}");
    }
}

fn call_options<D: Driver>() {
    let servers = servers();
    let driver = D::new(options(limits(), endpoints(&servers)));
    let call = |options| driver.call_with(&describe(), options);
    let new = CallOptions::new;
    for (name, options) in [
        ("total_timeout", new().total_timeout(MAX)),
        ("hedge_after", new().hedge_after(MAX)),
        ("hedge_after 0", new().hedge_after(Duration::ZERO)),
    ] {
        assert!(call(options).is_ok(), "{name}");
    }
    let timed_out = call(new().total_timeout(Duration::ZERO));
    assert!(
        matches!(timed_out, Err(Error::Exhausted(_))),
        "{timed_out:?}"
    );
}
