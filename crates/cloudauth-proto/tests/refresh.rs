//! Refreshes that run beside the calls that wait for them: their limits, their failures, their clocks.

#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "a test"
)]

use core::cell::Cell;
use core::time::Duration;

use cloudauth_proto::credentials::{
    Chain, Credentials, CredentialsError, CustomSource, EcsRole, Environment, External, Profile,
    ProfileFormat, ProvidedCredentials, Settings, SourceError, Uri,
};
use cloudauth_proto::driver::{
    Delivery, Exchange, Failure, Head, MonoTime, Now, Refresh, RefreshTicket, Response, SupplyError,
};
use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::verify::PollVerdict;
use cloudauth_proto::{
    Call, CallOptions, Error, Flow, Policy, Session, Source, Step, UnixTime, WhoAmI,
};

/// A client at this many milliseconds.
fn at(millis: u64) -> Now {
    Now {
        mono: MonoTime::new(Duration::from_millis(millis)),
        unix: UnixTime::from_seconds(1_800_000_000 + millis / 1_000),
    }
}

fn session(source: Source, total: Duration) -> Session {
    let mut policy = Policy::default();
    policy.total_timeout = total;
    Session::new(source, [3; 32]).policy(policy)
}

fn ticket(session: &mut Session, now: Now) -> RefreshTicket {
    match WhoAmI::new().poll(session, now) {
        Step::Authenticate(ticket) => ticket,
        step => panic!("no refresh is due: {step:?}"),
    }
}

fn profile() -> Source {
    let settings = Settings::default();
    let profile = Profile::new(ProfileFormat::Ini, "credentials", None, settings);
    Source::Profile(profile)
}

fn program() -> Source {
    Source::External(External::new("print-credentials").unwrap())
}

fn access_key() -> Source {
    Source::Static(Credentials::access_key("LTAI5tExample", "secret").unwrap())
}

/// The time limit of the file or the program that the flow requests.
fn limit<T>(step: Step<T>) -> Duration {
    match step {
        Step::Read { timeout, .. } | Step::Run { timeout, .. } | Step::Provide { timeout, .. } => {
            timeout
        }
        _ => panic!("requests neither a file nor a program"),
    }
}

#[test]
fn a_file_or_a_program_that_is_never_supplied_fails_at_its_limit() {
    let timed_out = SupplyError::TimedOut;
    for (source, seconds, expected) in [
        (
            profile(),
            5,
            SourceError::File {
                path: "credentials".into(),
                problem: timed_out,
            },
        ),
        (program(), 60, SourceError::Program(timed_out)),
    ] {
        let chain = Chain::new(vec![source, access_key()]).continue_after_failure();
        let mut session = session(chain.into(), Duration::from_secs(1));
        let mut refresh = Refresh::new(ticket(&mut session, at(0)));
        let limit = limit(refresh.poll(&mut session, at(0)));
        assert_eq!(limit, Duration::from_secs(seconds));
        let over = at(seconds * 1_000);
        let step = refresh.poll(&mut session, at(seconds * 1_000 - 1));
        assert!(matches!(step, Step::Wait(until) if until == over.mono));
        let Step::Done(Ok(found)) = refresh.poll(&mut session, over) else {
            panic!("the second source has credentials");
        };
        assert_eq!(found.source, "static_ak");
        assert_eq!(found.skipped[0].reason, expected);
    }
}

#[test]
fn no_source_is_waited_for_beyond_the_deadline_of_the_refresh() {
    for source in [profile(), program()] {
        let chain = Source::from(Chain::new(vec![source, access_key()]));
        let mut session = session(chain, Duration::from_secs(3));
        let mut refresh = Refresh::inline(ticket(&mut session, at(0)));
        let limit = limit(refresh.poll(&mut session, at(0)));
        assert_eq!(limit, Duration::from_secs(3));
        let step = refresh.poll(&mut session, at(2_999));
        assert!(matches!(step, Step::Wait(until) if until == at(3_000).mono));
        let Step::Done(Err(Error::Credentials(error))) = refresh.poll(&mut session, at(3_000))
        else {
            panic!("the time is over");
        };
        assert!(matches!(*error, CredentialsError::Failed { .. }), "{error}");
    }
}

fn issuer() -> Source {
    Source::Uri(Uri::new("https://issuer.example/").unwrap())
}

/// Credentials that expire this many seconds after the start.
fn issued(seconds: u64) -> Result<Response, Failure> {
    let expires = UnixTime::from_seconds(1_800_000_000 + seconds);
    let body = format!(
        r#"{{"Code":"Success","AccessKeyId":"STS.x","AccessKeySecret":"s","SecurityToken":"t",
        "Expiration":"{expires}"}}"#
    );
    Ok(Response::new(Head::new(200, Vec::new()), body.into_bytes()))
}

fn refused(status: u16) -> Result<Response, Failure> {
    Ok(Response::new(Head::new(status, Vec::new()), Vec::new()))
}

fn unreachable() -> Result<Response, Failure> {
    Err(Failure::new(Delivery::NotSent, "connection refused"))
}

fn call() -> Call<DescribeFaceVerify> {
    Call::new(&DescribeFaceVerify::new(1, "sha0"), CallOptions::new()).unwrap()
}

fn authenticate<T>(step: Step<T>) -> RefreshTicket {
    match step {
        Step::Authenticate(ticket) => ticket,
        _ => panic!("no refresh is due"),
    }
}

fn send<T: core::fmt::Debug>(step: Step<T>) -> Exchange {
    match step {
        Step::Send(exchange) => exchange,
        step => panic!("sends nothing: {step:?}"),
    }
}

fn wait<T: core::fmt::Debug>(step: Step<T>) -> MonoTime {
    match step {
        Step::Wait(until) => until,
        step => panic!("does not wait: {step:?}"),
    }
}

fn no_credentials<T: core::fmt::Debug>(step: Step<T>) -> CredentialsError {
    match step {
        Step::Done(Err(Error::Credentials(error))) => *error,
        step => panic!("does not name the credentials: {step:?}"),
    }
}

/// Runs a refresh whose every request has this response.
fn run(
    mut refresh: Refresh,
    session: &mut Session,
    now: Now,
    respond: impl Fn() -> Result<Response, Failure>,
) {
    loop {
        match refresh.poll(session, now) {
            Step::Send(exchange) => refresh.report(session, exchange.id(), respond(), now),
            Step::Done(_) => return,
            step => panic!("{step:?}"),
        }
    }
}

#[test]
fn a_refresh_goes_on_without_the_impatient_call_that_began_it() {
    let mut session = session(issuer(), Duration::from_millis(500));
    let mut hasty = call();
    let ticket = authenticate(hasty.poll(&mut session, at(0)));
    let mut refresh = Refresh::new(ticket);
    let exchange = send(refresh.poll(&mut session, at(0)));
    assert!(exchange.timeouts().total >= Duration::from_secs(10));
    assert_eq!(wait(hasty.poll(&mut session, at(0))), at(500).mono);
    let error = no_credentials(hasty.poll(&mut session, at(500)));
    assert_eq!(error, CredentialsError::TimedOut);
    drop(hasty);

    let mut waiting = call();
    wait(waiting.poll(&mut session, at(550)));
    refresh.report(&mut session, exchange.id(), issued(3_600), at(600));
    assert!(matches!(
        refresh.poll(&mut session, at(600)),
        Step::Done(Ok(_))
    ));
    send(waiting.poll(&mut session, at(600)));
}

#[test]
fn an_inline_refresh_ends_at_the_deadline_of_its_call_and_is_no_failure_of_the_source() {
    let mut session = session(issuer(), Duration::from_millis(500));
    let mut hasty = call();
    let mut refresh = Refresh::inline(authenticate(hasty.poll(&mut session, at(0))));
    send(refresh.poll(&mut session, at(0)));
    assert_eq!(wait(refresh.poll(&mut session, at(0))), at(500).mono);
    assert!(matches!(
        refresh.poll(&mut session, at(500)),
        Step::Abandon(_)
    ));
    no_credentials(refresh.poll(&mut session, at(500)));
    let error = no_credentials(hasty.poll(&mut session, at(500)));
    let expected = "no credentials: credentials_uri: timed out";
    assert_eq!(error.to_string(), expected);
    authenticate(call().poll(&mut session, at(501)));
}

#[test]
fn a_call_with_usable_credentials_spends_a_quarter_of_its_time_on_an_inline_refresh() {
    let mut session = session(issuer(), Duration::from_secs(8));
    let refresh = Refresh::new(ticket(&mut session, at(0)));
    run(refresh, &mut session, at(0), || issued(1_000));
    let late = 900_000;
    let mut call = call();
    let mut refresh = Refresh::inline(authenticate(call.poll(&mut session, at(late))));
    send(refresh.poll(&mut session, at(late)));
    let until = wait(refresh.poll(&mut session, at(late)));
    assert_eq!(until, at(late + 2_000).mono);
    while let Step::Abandon(_) = refresh.poll(&mut session, at(late + 2_000)) {}
    // The source is given time to recover, and the old credentials are used meanwhile.
    send(call.poll(&mut session, at(late + 2_000)));
}

#[test]
fn expired_credentials_of_an_instance_are_used_during_the_backoff_only_and_then_refreshed_first() {
    let mut session = session(EcsRole::named("r").into(), Duration::from_secs(30));
    let mut first = call();
    let ticket = authenticate(first.poll(&mut session, at(0)));
    let is_token = Cell::new(true);
    run(Refresh::new(ticket), &mut session, at(0), || {
        if is_token.replace(false) {
            return Ok(Response::new(Head::new(200, Vec::new()), b"token".to_vec()));
        }
        issued(3_600)
    });
    send(first.poll(&mut session, at(0)));

    // They are over, and their service cannot be reached.
    let (over, later) = (at(7_200_000), at(14_400_000));
    let mut second = call();
    let ticket = authenticate(second.poll(&mut session, over));
    run(Refresh::new(ticket), &mut session, over, unreachable);
    send(second.poll(&mut session, over));

    // Long after the backoff it may have recovered: calls wait for what it responds.
    let (mut third, mut fourth) = (call(), call());
    authenticate(third.poll(&mut session, later));
    wait(third.poll(&mut session, later));
    wait(fourth.poll(&mut session, later));
}

#[test]
fn a_call_waits_for_the_backoff_of_a_transient_failure_and_tries_again() {
    for respond in [unreachable, || refused(503)] {
        let mut session = session(issuer(), Duration::from_secs(8));
        let mut call = call();
        let first = authenticate(call.poll(&mut session, at(0)));
        run(Refresh::new(first), &mut session, at(0), respond);
        let until = wait(call.poll(&mut session, at(0)));
        assert!(until > at(0).mono && until <= at(1_000).mono);
        let second = authenticate(call.poll(&mut session, at(1_000)));
        run(Refresh::new(second), &mut session, at(1_000), || {
            issued(3_600)
        });
        send(call.poll(&mut session, at(1_000)));
    }
}

#[test]
fn a_call_that_no_backoff_leaves_time_for_ends_at_once_with_the_error_of_the_source() {
    let mut session = session(issuer(), Duration::from_millis(400));
    let mut call = call();
    let first = authenticate(call.poll(&mut session, at(0)));
    run(Refresh::new(first), &mut session, at(0), unreachable);
    let error = no_credentials(call.poll(&mut session, at(0)));
    let expected = "no credentials: credentials_uri: cannot connect: connection refused";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_permanent_failure_ends_a_call_at_once() {
    for supplied in [
        Err(SupplyError::Missing),
        Ok(b"[other]\ntype = ecs_ram_role\n".to_vec()),
        Ok(b"[default]\ntype = unknown\n".to_vec()),
        Ok(b"not a file with profiles".to_vec()),
    ] {
        let mut session = session(profile(), Duration::from_secs(30));
        let mut call = call();
        let mut refresh = Refresh::new(authenticate(call.poll(&mut session, at(0))));
        limit(refresh.poll(&mut session, at(0)));
        refresh.supply(supplied);
        no_credentials(refresh.poll(&mut session, at(0)));
        no_credentials(call.poll(&mut session, at(0)));
    }
    let mut session = session(issuer(), Duration::from_secs(30));
    let mut call = call();
    let first = authenticate(call.poll(&mut session, at(0)));
    run(Refresh::new(first), &mut session, at(0), || refused(403));
    no_credentials(call.poll(&mut session, at(0)));
}

#[test]
fn a_program_outside_of_an_instance_without_any_credentials_fails_at_once() {
    let source = Source::default_chain(&Environment::default());
    let mut session = session(source, Duration::from_secs(30));
    let mut call = call();
    let mut refresh = Refresh::new(authenticate(call.poll(&mut session, at(0))));
    loop {
        match refresh.poll(&mut session, at(0)) {
            Step::Read { .. } => refresh.supply(Err(SupplyError::Missing)),
            Step::Send(exchange) => {
                refresh.report(&mut session, exchange.id(), unreachable(), at(0));
            }
            Step::Done(_) => break,
            step => panic!("{step:?}"),
        }
    }
    no_credentials(call.poll(&mut session, at(0)));
}

#[test]
fn a_call_whose_credentials_expire_between_its_attempts_names_the_credentials() {
    let mut session = session(issuer(), Duration::from_secs(30));
    let refresh = Refresh::new(ticket(&mut session, at(0)));
    run(refresh, &mut session, at(0), || issued(100));
    let mut call = call();
    let exchange = send(call.poll(&mut session, at(70_000)));
    let lost = Err(Failure::new(Delivery::MaybeSent, "connection lost"));
    call.report(&mut session, exchange.id(), lost, at(99_000));
    let ticket = authenticate(call.poll(&mut session, at(99_500)));
    run(Refresh::new(ticket), &mut session, at(99_500), || {
        refused(403)
    });
    let error = no_credentials(call.poll(&mut session, at(99_500)));
    let expected = "no credentials: credentials_uri: refused (HTTP 403)";
    assert_eq!(error.to_string(), expected);
}

/// A client whose clocks differ by what happened to them: seconds on each since the start.
fn clocks(mono: u64, unix: u64) -> Now {
    Now {
        mono: MonoTime::new(Duration::from_secs(mono)),
        unix: UnixTime::from_seconds(1_800_000_000 + unix),
    }
}

/// A session that stored credentials for an hour, by these clocks.
fn session_for_an_hour(now: Now) -> Session {
    let mut session = session(issuer(), Duration::from_secs(30));
    let refresh = Refresh::new(ticket(&mut session, now));
    let expires = now.unix.seconds() - 1_800_000_000 + 3_600;
    run(refresh, &mut session, now, || issued(expires));
    session
}

#[test]
fn credentials_are_refreshed_after_a_suspend_during_which_the_monotonic_clock_stood_still() {
    let mut session = session_for_an_hour(clocks(0, 0));
    send(call().poll(&mut session, clocks(60, 60)));
    let woken = clocks(61, 7_261);
    let mut call = call();
    let ticket = authenticate(call.poll(&mut session, woken));
    // They are over, and not merely no longer fresh.
    wait(call.poll(&mut session, woken));
    run(Refresh::new(ticket), &mut session, woken, || issued(10_861));
    send(call.poll(&mut session, woken));
}

#[test]
fn a_backoff_that_began_before_a_suspend_does_not_delay_the_refresh_after_it() {
    let mut session = session_for_an_hour(clocks(0, 0));
    let late = clocks(3_000, 3_000);
    let first = authenticate(call().poll(&mut session, late));
    run(Refresh::new(first), &mut session, late, || refused(403));
    send(call().poll(&mut session, late));
    authenticate(call().poll(&mut session, clocks(3_000, 10_200)));
}

#[test]
fn credentials_are_refreshed_by_age_after_the_wall_clock_was_stepped_back() {
    let mut session = session_for_an_hour(clocks(0, 10_000));
    send(call().poll(&mut session, clocks(60, 2_860)));
    send(call().poll(&mut session, clocks(1_000, 3_800)));
    authenticate(call().poll(&mut session, clocks(3_590, 6_390)));
}

#[test]
fn a_wall_clock_that_is_stepped_forth_and_back_costs_one_refresh() {
    let mut session = session_for_an_hour(clocks(0, 0));
    let forward = clocks(60, 7_260);
    let mut call_after = call();
    let ticket = authenticate(call_after.poll(&mut session, forward));
    // The issuer's clock has not been stepped: what it issued looks expired already, and is used by age.
    let date = "Fri, 15 Jan 2027 08:01:00 GMT";
    let respond = || {
        issued(3_660).map(|response| {
            let headers = vec![("date".to_owned(), date.to_owned())];
            Response::new(Head::new(200, headers), response.body)
        })
    };
    run(Refresh::new(ticket), &mut session, forward, respond);
    send(call_after.poll(&mut session, forward));
    send(call().poll(&mut session, clocks(70, 7_270)));
    send(call().poll(&mut session, clocks(80, 80)));
    send(call().poll(&mut session, clocks(90, 7_290)));
}

#[test]
fn credentials_that_expired_while_their_response_waited_out_a_suspend_are_not_used() {
    let mut session = session(issuer(), Duration::from_secs(30));
    let begun = clocks(0, 0);
    let mut refresh = Refresh::new(ticket(&mut session, begun));
    let exchange = send(refresh.poll(&mut session, begun));
    let date = (
        "date".to_owned(),
        "Fri, 15 Jan 2027 08:00:00 GMT".to_owned(),
    );
    let body = issued(3_600).unwrap().body;
    let response = Response::new(Head::new(200, vec![date]), body);
    let woken = clocks(1, 7_200);
    refresh.report(&mut session, exchange.id(), Ok(response), woken);
    let error = no_credentials(refresh.poll(&mut session, woken));
    assert!(error.to_string().contains("expired"), "{error}");
}

#[test]
fn credentials_that_were_refused_after_a_suspend_are_replaced() {
    let mut session = session_for_an_hour(clocks(0, 0));
    let woken = clocks(5, 1_805);
    let mut call = call();
    let exchange = send(call.poll(&mut session, woken));
    let body = br#"{"Code":"InvalidSecurityToken.Expired"}"#;
    let response = Response::new(Head::new(400, Vec::new()), body.to_vec());
    call.report(&mut session, exchange.id(), Ok(response), woken);
    authenticate(call.poll(&mut session, woken));
}

#[test]
fn polling_for_a_verdict_goes_on_after_the_issuer_was_unreachable() {
    let mut session = session(issuer(), Duration::from_millis(400));
    let mut poll = PollVerdict::new(DescribeFaceVerify::new(1, "sha0"));
    let first = authenticate(poll.poll(&mut session, at(0)));
    run(Refresh::new(first), &mut session, at(0), unreachable);
    wait(poll.poll(&mut session, at(0)));
    let second = authenticate(poll.poll(&mut session, at(1_500)));
    run(Refresh::new(second), &mut session, at(1_500), || {
        issued(3_600)
    });
    send(poll.poll(&mut session, at(1_500)));
}

fn metadata() -> Source {
    EcsRole::named("r").into()
}

/// Runs a refresh from a metadata service, whose responses carry no `Date`.
fn fetch_metadata(
    ticket: RefreshTicket,
    session: &mut Session,
    now: Now,
    keys: impl Fn() -> Result<Response, Failure>,
) {
    let mut refresh = Refresh::new(ticket);
    loop {
        match refresh.poll(session, now) {
            Step::Send(exchange) => {
                let is_token = exchange.sign().target == "/latest/api/token";
                let token = || Ok(Response::new(Head::new(200, Vec::new()), b"token".to_vec()));
                let result = if is_token { token() } else { keys() };
                refresh.report(session, exchange.id(), result, now);
            }
            Step::Done(_) => return,
            step => panic!("{step:?}"),
        }
    }
}

#[test]
fn credentials_of_a_metadata_service_that_is_unreachable_are_used_after_they_expired() {
    for (respond, is_used) in [
        (unreachable as fn() -> _, true),
        (|| refused(503), false),
        (|| refused(404), false),
        (|| issued(1), true),
    ] {
        let mut session = session(metadata(), Duration::from_secs(30));
        let first = ticket(&mut session, clocks(0, 0));
        fetch_metadata(first, &mut session, clocks(0, 0), || issued(3_600));
        let late = clocks(4_000, 4_000);
        let mut call = call();
        // They are refreshed first.
        let ticket = authenticate(call.poll(&mut session, late));
        fetch_metadata(ticket, &mut session, late, respond);
        let step = call.poll(&mut session, late);
        assert_eq!(matches!(step, Step::Send(_)), is_used, "{step:?}");
        if let Step::Send(exchange) = step {
            // The service decides.
            let body = br#"{"Code":"InvalidSecurityToken.Expired"}"#;
            let response = Response::new(Head::new(400, Vec::new()), body.to_vec());
            call.report(&mut session, exchange.id(), Ok(response), late);
            let step = call.poll(&mut session, late);
            assert!(!matches!(step, Step::Send(_)), "{step:?}");
        }
    }
}

#[test]
fn credentials_that_others_issued_are_not_used_after_they_expired() {
    let mut session = session_for_an_hour(clocks(0, 0));
    let late = clocks(4_000, 4_000);
    let mut call = call();
    let ticket = authenticate(call.poll(&mut session, late));
    run(Refresh::new(ticket), &mut session, late, unreachable);
    let step = call.poll(&mut session, late);
    assert!(!matches!(step, Step::Send(_)), "{step:?}");
}

#[test]
fn credentials_that_look_expired_on_arrival_are_used_by_one_call_which_learns_the_skew() {
    let hours = |hours: u64| hours * 3_600;
    // The client's clock is 7 h ahead.
    let ahead = |seconds: u64| clocks(seconds, hours(7) + seconds);
    let mut session = session(metadata(), Duration::from_secs(30));
    let mut first = call();
    let ticket = authenticate(first.poll(&mut session, ahead(0)));
    let keys = || issued(hours(6));
    fetch_metadata(ticket, &mut session, ahead(0), keys);
    let exchange = send(first.poll(&mut session, ahead(0)));
    // No other call uses them meanwhile.
    let mut second = call();
    let ticket = authenticate(second.poll(&mut session, ahead(0)));
    fetch_metadata(ticket, &mut session, ahead(0), keys);
    let step = second.poll(&mut session, ahead(0));
    assert!(matches!(step, Step::Wait(_)), "{step:?}");

    let date = (
        "date".to_owned(),
        "Fri, 15 Jan 2027 08:00:00 GMT".to_owned(),
    );
    let body = br#"{"Code":"InvalidTimeStamp.Expired"}"#;
    let refusal = Response::new(Head::new(400, vec![date]), body.to_vec());
    first.report(&mut session, exchange.id(), Ok(refusal), ahead(1));
    let mut step = first.poll(&mut session, ahead(1));
    if let Step::Wait(until) = step {
        assert!(until <= ahead(3).mono, "{until:?}");
        step = first.poll(&mut session, ahead(3));
    }
    fetch_metadata(authenticate(step), &mut session, ahead(3), keys);
    send(first.poll(&mut session, ahead(3)));
    // With the service's time they are as good as any.
    send(call().poll(&mut session, ahead(hours(1))));
}

#[test]
fn credentials_that_have_expired_by_the_issuer_s_clock_are_not_tried() {
    let mut session = session(metadata(), Duration::from_secs(30));
    let mut call = call();
    let ticket = authenticate(call.poll(&mut session, clocks(0, 0)));
    fetch_metadata(ticket, &mut session, clocks(0, 0), || {
        let date = (
            "date".to_owned(),
            "Fri, 15 Jan 2027 08:00:00 GMT".to_owned(),
        );
        issued(0).map(|it| Response::new(Head::new(200, vec![date]), it.body))
    });
    let step = call.poll(&mut session, clocks(0, 0));
    assert!(matches!(step, Step::Wait(_)), "{step:?}");
}

fn vault() -> CustomSource {
    CustomSource::new("vault").timeout(Duration::from_secs(7))
}

fn provided(seconds: Option<u64>) -> ProvidedCredentials {
    ProvidedCredentials {
        credentials: Credentials::temporary("STS.vault", "secret", "token").unwrap(),
        expires: seconds.map(|it| UnixTime::from_seconds(1_800_000_000 + it)),
    }
}

#[test]
fn a_source_of_the_caller_s_own_is_run_by_its_name_within_its_time_limit() {
    let mut session = session(vault().into(), Duration::from_secs(30));
    let mut refresh = Refresh::new(ticket(&mut session, at(0)));
    let step = refresh.poll(&mut session, at(0));
    assert!(
        matches!(&step, Step::Provide { name, .. } if name == "vault"),
        "{step:?}"
    );
    assert_eq!(limit(step), Duration::from_secs(7));
    // One at a time.
    wait(call().poll(&mut session, at(0)));
    refresh.provide(Ok(provided(Some(3_600))));
    let Step::Done(Ok(found)) = refresh.poll(&mut session, at(0)) else {
        panic!("there are credentials");
    };
    assert_eq!(found.source, "vault");
    assert_eq!(found.expires.unwrap().seconds(), 1_800_003_600);
    send(call().poll(&mut session, at(2_600_000)));
    // They are refreshed as all others are.
    authenticate(call().poll(&mut session, at(2_800_000)));
}

#[test]
fn a_source_of_the_caller_s_own_without_an_expiry_is_run_again_after_a_refusal() {
    let mut session = session(vault().into(), Duration::from_secs(30));
    let mut refresh = Refresh::new(ticket(&mut session, at(0)));
    limit(refresh.poll(&mut session, at(0)));
    refresh.provide(Ok(provided(None)));
    assert!(matches!(
        refresh.poll(&mut session, at(0)),
        Step::Done(Ok(_))
    ));
    let late = at(1_000_000_000);
    let mut call = call();
    let exchange = send(call.poll(&mut session, late));
    let body = br#"{"Code":"InvalidAccessKeyId.Inactive"}"#.to_vec();
    let response = Response::new(Head::new(403, Vec::new()), body);
    call.report(&mut session, exchange.id(), Ok(response), late);
    authenticate(call.poll(&mut session, late));
}

#[test]
fn a_source_of_the_caller_s_own_that_fails_ends_the_search_with_the_kind_of_its_error() {
    for (problem, text) in [
        (Some(SupplyError::Denied), "permission denied"),
        (Some(SupplyError::Missing), "not found"),
        (None, "timed out"),
    ] {
        let key = Credentials::access_key("LTAIother", "s").unwrap();
        let chain = Chain::new(vec![vault().into(), key.into()]);
        let mut session = session(chain.into(), Duration::from_secs(30));
        let mut refresh = Refresh::new(ticket(&mut session, at(0)));
        limit(refresh.poll(&mut session, at(0)));
        let mut now = at(0);
        match problem {
            Some(problem) => refresh.provide(Err(problem)),
            None => now = at(7_000),
        }
        let error = no_credentials(refresh.poll(&mut session, now));
        assert_eq!(error.to_string(), format!("no credentials: vault: {text}"));
    }
}
