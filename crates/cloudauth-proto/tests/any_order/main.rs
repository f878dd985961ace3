//! The contract of flows, under drivers that poll, report, supply and move their clocks in any order.

#![expect(clippy::unwrap_used, reason = "a test")]

mod driver;
#[path = "../common/random.rs"]
mod random;
mod script;

use core::fmt::Debug;
use core::time::Duration;

use cloudauth_proto::WhoAmI;
use cloudauth_proto::credentials::{
    AssumeRole, Chain, EcsRole, External, Oidc, Profile, ProfileFormat, Role, Settings, Uri,
};
use cloudauth_proto::driver::{Head, MonoTime, Now, Refresh, Response};
use cloudauth_proto::operation::{InvalidField, OperationMetadata, Params};
use cloudauth_proto::ops::{ContrastFaceVerify, DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::verify::{Evidence, FetchEvidence, PollVerdict};
use cloudauth_proto::{
    Attempt, AttemptOutcome, Call, CallOptions, Credentials, Effect, Endpoint, Error, Flow,
    Operation, Policy, Reply, Session, Source, Step, UnixTime,
};
use driver::Driver;
use proptest::prelude::*;
use proptest::sample::select;
use random::config;
use script::{Action, script};

/// Plays a script with and without everything that must not have an effect, and compares all steps.
fn check<F: Flow<Output: Debug>>(
    script: &[Action],
    refreshes: bool,
    make: impl Fn() -> (F, Session),
) -> Driver<F> {
    let run = |is_noisy| {
        let (flow, session) = make();
        Driver::new(flow, session, refreshes, is_noisy).play(script)
    };
    let (quiet, noisy) = (run(false), run(true));
    for (quiet, noisy) in quiet.trace.iter().zip(&noisy.trace) {
        assert_eq!(quiet, noisy);
    }
    assert_eq!(quiet.trace.len(), noisy.trace.len());
    let mut nonces: Vec<&[u8]> = noisy.requests.iter().filter_map(|it| nonce(it)).collect();
    let count = nonces.len();
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!(nonces.len(), count, "a nonce is sent twice");
    noisy
}

/// The nonce of an ACS3 request.
fn nonce(request: &[u8]) -> Option<&[u8]> {
    let name = b"x-acs-signature-nonce: ";
    let at = request.windows(name.len()).position(|it| it == name)?;
    request[at + name.len()..]
        .split(|byte| *byte == b'\r')
        .next()
}

fn key() -> Credentials {
    Credentials::access_key("testid", "testsecret").unwrap()
}

/// An operation that is billed per call.
struct Pay;

impl Operation for Pay {
    type Response = serde_json::Value;

    fn metadata(&self) -> OperationMetadata {
        OperationMetadata::new("Pay".into(), Effect::NotIdempotent)
    }

    fn check(&self) -> Vec<InvalidField> {
        Vec::new()
    }

    fn encode(&self, _: &mut Params) {}
}

fn attempts<T>(result: &Result<Reply<T>, Error>) -> &[Attempt] {
    match result {
        Ok(reply) => &reply.attempts,
        Err(error) => error.attempts(),
    }
}

/// Checks a call, every exchange of which must be one of the attempts, and every report an outcome.
fn check_call<O: Operation<Response: Debug>>(
    script: &[Action],
    operation: &O,
    options: &CallOptions,
    max_attempts: usize,
) {
    let driver = check(script, false, || {
        let mut policy = Policy::default();
        policy.max_attempts = max_attempts;
        let session = Session::new(key(), [1; 32]).policy(policy);
        let call = Call::new(operation, options.clone()).unwrap();
        (call, session.rate_limit("DescribeFaceVerify", 2))
    });
    let attempts = attempts(driver.result.as_ref().unwrap());
    assert_eq!(attempts.len(), driver.sent, "{attempts:?}");
    assert!(driver.sent <= max_attempts);
    let is_report = |it: &&Attempt| {
        !matches!(
            it.outcome,
            AttemptOutcome::TimedOut | AttemptOutcome::Superseded
        )
    };
    let has_race = attempts
        .iter()
        .any(|it| matches!(it.outcome, AttemptOutcome::Superseded));
    let outcomes: Vec<_> = attempts.iter().filter(is_report).collect();
    let reports = driver.reports.iter();
    assert!(
        reports
            .zip(&outcomes)
            .all(|(end, attempt)| end.is(&attempt.outcome))
    );
    // The loser of a race may have been reported after its end.
    let lost = driver.reports.len() - outcomes.len();
    assert!(
        lost <= usize::from(has_race),
        "{:?} {attempts:?}",
        driver.reports
    );
    for attempt in attempts {
        assert!(attempt.started <= attempt.ended);
    }
}

const START: Now = Now {
    mono: MonoTime::new(Duration::from_secs(1_000)),
    unix: UnixTime::from_seconds(1_800_000_000),
};

/// The picture of a verdict.
fn face(session: &mut Session) -> Evidence {
    let mut poll = PollVerdict::once(DescribeFaceVerify::new(1, "sha1"));
    let Step::Send(exchange) = poll.poll(session, START) else {
        panic!("the flow does not query");
    };
    let material = r#"{\"facialPictureFront\":{\"pictureUrl\":\"https://b.oss.aliyuncs.com/f\"}}"#;
    let body = format!(r#"{{"ResultObject":{{"Passed":"T","MaterialInfo":"{material}"}}}}"#);
    let response = Response::new(Head::new(200, Vec::new()), body.into());
    poll.report(session, exchange.id(), Ok(response), START);
    let Step::Done(Ok(Some(verdict))) = poll.poll(session, START) else {
        panic!("there is no verdict");
    };
    verdict.reply().evidence().unwrap().remove(0)
}

fn role() -> Role {
    Role::new("acs:ram::1:role/r", "session")
}

fn sources() -> Vec<Source> {
    let settings = Settings::default();
    let oidc = Oidc::new(
        "/token",
        "acs:ram::1:oidc-provider/p",
        role(),
        Endpoint::STS,
    );
    let profile = Profile::new(ProfileFormat::Ini, "/f", None, settings.clone());
    let external = External::new("/bin/x").unwrap();
    let external = || Source::External(external.clone());
    let uri = Uri::new("https://127.0.0.1/x").unwrap();
    let assumed = AssumeRole::new(external(), role(), Endpoint::STS);
    vec![
        external(),
        EcsRole::new(None, &settings).unwrap().into(),
        EcsRole::new(Some("r".into()), &settings).unwrap().into(),
        Source::Profile(profile),
        Source::Uri(uri),
        Source::Oidc(Box::new(oidc)),
        Source::AssumeRole(Box::new(assumed)),
    ]
}

fn source() -> impl Strategy<Value = Source> {
    let sources = sources();
    prop_oneof![
        select(sources.clone()),
        prop::sample::subsequence(sources.clone(), 0..=sources.len())
            .prop_shuffle()
            .prop_map(|sources| Chain::new(sources).continue_after_failure().into()),
    ]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_call_keeps_the_contract(script in script(), max_attempts in 1..6_usize, hedges: bool) {
        let mut options = CallOptions::new();
        if hedges {
            options = options.hedge_after(Duration::from_secs(1));
        }
        let init = InitFaceVerify::new(1, "order1", "LR_FR").user_id("7").meta_info("{}");
        check_call(&script, &DescribeFaceVerify::new(1, "sha1"), &options, max_attempts);
        check_call(&script, &init, &options, max_attempts);
        check_call(&script, &Pay, &options, max_attempts);
    }

    #[test]
    fn polling_for_a_verdict_keeps_the_contract(script in script()) {
        check(&script, false, || {
            let poll = PollVerdict::new(DescribeFaceVerify::new(1, "sha1"));
            (poll, Session::new(key(), [1; 32]))
        });
    }

    #[test]
    fn a_download_keeps_the_contract(script in script()) {
        check(&script, false, || {
            let mut session = Session::new(key(), [1; 32]);
            let face = face(&mut session);
            (FetchEvidence::new(face), session)
        });
    }

    #[test]
    fn an_upload_keeps_the_contract(script in script()) {
        check(&script, false, || {
            let upload = ContrastFaceVerify::new().with_face_contrast_file([1]);
            (upload, Session::new(key(), [1; 32]))
        });
    }

    #[test]
    fn a_refresh_keeps_the_contract(script in script(), source in source()) {
        check(&script, false, || {
            let mut session = Session::new(source.clone(), [1; 32]);
            let Step::Authenticate(ticket) = WhoAmI::new().poll(&mut session, START) else {
                panic!("no refresh is due");
            };
            (Refresh::new(ticket), session)
        });
    }

    #[test]
    fn flows_that_need_a_refresh_keep_the_contract(
        script in script(),
        source in source(),
        refreshes: bool,
    ) {
        let session = || Session::new(source.clone(), [1; 32]);
        check(&script, refreshes, || (WhoAmI::new(), session()));
        check(&script, refreshes, || {
            let call = Call::new(&DescribeFaceVerify::new(1, "sha1"), CallOptions::new()).unwrap();
            (call, session())
        });
    }
}
