//! New keys for a session, and drivers that lack files, programs or refreshes.
#![expect(clippy::unwrap_used, reason = "a test")]

use core::time::Duration;

use cloudauth_proto::credentials::{
    CredentialsError, Environment, External, Profile, ProfileFormat, Settings, SourceError, Uri,
};
use cloudauth_proto::driver::{
    Delivery, Exchange, Failure, Head, MonoTime, Now, Refresh, RefreshTicket, Response, SupplyError,
};
use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::{
    Call, CallOptions, Credentials, Endpoint, Error, Flow, Session, Source, Step, UnixTime,
};

fn at(seconds: u64) -> Now {
    Now {
        mono: MonoTime::new(Duration::from_secs(seconds)),
        unix: UnixTime::from_seconds(1_800_000_000 + seconds),
    }
}

fn call() -> Call<DescribeFaceVerify> {
    Call::new(&DescribeFaceVerify::new(1, "sha1"), CallOptions::new()).unwrap()
}

fn sent<F: Flow>(flow: &mut F, session: &mut Session, now: Now) -> Exchange {
    let Step::Send(exchange) = flow.poll(session, now) else {
        panic!("nothing is sent");
    };
    exchange
}

fn ticket<F: Flow>(flow: &mut F, session: &mut Session, now: Now) -> RefreshTicket {
    let Step::Authenticate(ticket) = flow.poll(session, now) else {
        panic!("credentials are not refreshed");
    };
    ticket
}

/// The ID of the access key that signed a request.
fn key(exchange: &Exchange) -> String {
    let request = exchange.sign();
    let mut headers = request.headers.iter();
    let (_, value) = headers.find(|(name, _)| *name == "authorization").unwrap();
    let (_, rest) = value.split_once("Credential=").unwrap();
    rest.split(',').next().unwrap().to_owned()
}

fn new_key() -> Credentials {
    Credentials::access_key("new", "secret").unwrap()
}

fn from_uri() -> Source {
    Source::Uri(Uri::new("https://credentials.example.com/").unwrap())
}

/// Ends a refresh whose source responds with the key `old`.
fn respond(refresh: &mut Refresh, session: &mut Session, requested: &Exchange, now: Now) {
    let body = br#"{"Code":"Success","AccessKeyId":"old","AccessKeySecret":"s","SecurityToken":"t",
        "Expiration":"2099-01-01T00:00:00Z"}"#;
    let response = Response::new(Head::read(200, |_| None), body.to_vec());
    refresh.report(session, requested.id(), Ok(response), now);
    let Step::Done(found) = refresh.poll(session, now) else {
        panic!("the refresh goes on");
    };
    found.unwrap();
}

#[test]
fn new_keys_sign_the_next_request_and_the_circuit_breakers_stay() {
    let old = Credentials::access_key("old", "secret").unwrap();
    let mut session = Session::new(old, [7; 32]);
    let mut failing = call();
    let exchange = sent(&mut failing, &mut session, at(0));
    assert_eq!(key(&exchange), "old");
    session.set_credentials(new_key());
    let refused = Failure::new(Delivery::NotSent, "connection refused");
    failing.report(&mut session, exchange.id(), Err(refused), at(0));
    let retry = sent(&mut failing, &mut session, at(0));
    assert_eq!(key(&retry), "new");

    for _ in 0..4 {
        let mut failing = call();
        let exchange = sent(&mut failing, &mut session, at(0));
        let refused = Failure::new(Delivery::NotSent, "connection refused");
        failing.report(&mut session, exchange.id(), Err(refused), at(0));
    }
    // Shanghai has failed; it is still avoided after another change of keys.
    session.set_credentials(Credentials::access_key("newer", "secret").unwrap());
    let next = sent(&mut call(), &mut session, at(1));
    assert_eq!(key(&next), "newer");
    let beijing: Endpoint = next.sign().authority.parse().unwrap();
    assert_eq!(beijing, Endpoint::BEIJING);
}

#[test]
fn a_refresh_that_is_overtaken_by_new_keys_changes_nothing() {
    let mut session = Session::new(from_uri(), [7; 32]);
    let mut waiting = call();
    let mut refresh = Refresh::new(ticket(&mut waiting, &mut session, at(0)));
    let requested = sent(&mut refresh, &mut session, at(0));
    session.set_credentials(new_key());
    assert_eq!(key(&sent(&mut waiting, &mut session, at(0))), "new");
    respond(&mut refresh, &mut session, &requested, at(0));
    assert_eq!(key(&sent(&mut call(), &mut session, at(1))), "new");
}

#[test]
fn a_new_source_is_consulted_although_a_refresh_of_the_old_one_is_in_progress() {
    let mut session = Session::new(from_uri(), [7; 32]);
    let mut waiting = call();
    let mut old = Refresh::new(ticket(&mut waiting, &mut session, at(0)));
    session.set_credentials(from_uri());
    let requested = sent(&mut old, &mut session, at(0));
    let mut new = Refresh::new(ticket(&mut waiting, &mut session, at(0)));
    respond(&mut old, &mut session, &requested, at(0));
    assert!(matches!(waiting.poll(&mut session, at(0)), Step::Wait(_)));
    let requested = sent(&mut new, &mut session, at(0));
    respond(&mut new, &mut session, &requested, at(0));
    assert_eq!(key(&sent(&mut waiting, &mut session, at(0))), "old");
}

#[test]
fn a_declined_refresh_ends_the_calls_at_once_and_says_why() {
    let mut session = Session::new(from_uri(), [7; 32]);
    let mut first = call();
    let ticket = ticket(&mut first, &mut session, at(0));
    let mut second = call();
    assert!(matches!(second.poll(&mut session, at(0)), Step::Wait(_)));
    session.decline_refresh(&ticket, at(0));
    for mut waiting in [first, second] {
        let Step::Done(Err(Error::Credentials(error))) = waiting.poll(&mut session, at(0)) else {
            panic!("the call goes on");
        };
        let CredentialsError::Failed { source, .. } = *error else {
            panic!("{error}");
        };
        assert_eq!(source.source, "credentials_uri");
        assert_eq!(source.reason, SourceError::Unsupported);
    }
    // Given keys need no refresh.
    session.set_credentials(new_key());
    assert_eq!(key(&sent(&mut call(), &mut session, at(0))), "new");
}

/// Runs a refresh on a platform without files and programs.
fn without_files(source: impl Into<Source>) -> Result<(), Error> {
    let mut session = Session::new(source, [7; 32]);
    let ticket = ticket(&mut call(), &mut session, at(0));
    let mut refresh = Refresh::new(ticket);
    let mut now = at(0);
    loop {
        match refresh.poll(&mut session, now) {
            Step::Read { .. } | Step::Run { .. } => refresh.supply(Err(SupplyError::Unsupported)),
            Step::Send(exchange) => {
                let refused = Failure::new(Delivery::NotSent, "connection refused");
                refresh.report(&mut session, exchange.id(), Err(refused), at(0));
            }
            Step::Wait(until) => now.mono = until,
            Step::Done(found) => return found.map(drop),
            Step::Abandon(_) | Step::Authenticate(_) | Step::Provide { .. } => {
                panic!("this source needs none of them")
            }
        }
    }
}

fn profile() -> Source {
    let settings = Settings::default();
    Source::Profile(Profile::new(
        ProfileFormat::Ini,
        "credentials",
        None,
        settings,
    ))
}

#[test]
fn where_there_are_no_files_the_chain_goes_on_and_a_program_says_so() {
    // The files of the home directory are skipped. The last source is the metadata service.
    let home = Environment::read(|name| (name == "HOME").then_some("/home/user"));
    let error = without_files(Source::default_chain(&home))
        .unwrap_err()
        .to_string();
    assert!(error.contains("ecs_ram_role"), "{error}");
    // A file that was requested for fails.
    let program = External::new("/bin/credentials").unwrap();
    let error = without_files(Source::External(program))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("program: not supported on this platform"),
        "{error}"
    );
    let error = without_files(profile()).unwrap_err().to_string();
    assert!(error.contains("not supported on this platform"), "{error}");
}
