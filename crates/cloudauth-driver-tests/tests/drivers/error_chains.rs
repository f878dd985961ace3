//! Errors of real connections: every cause is shown, once, whoever connects.

use core::error::Error as StdError;
use core::time::Duration;
use std::io::{self, Write};
use std::net::TcpListener;

use cloudauth_net::FetchError;
use cloudauth_proto::credentials::{AssumeRole, Role};
use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::{AttemptOutcome, Credentials, Endpoint, Endpoints, Error, Source};
use cloudauth_sim::conformance::limits;
use cloudauth_sim::{Region, Simulator};

use crate::driver::{Async, Blocking, Driver, both, options};

both! {
    a_failed_connection_of_a_call_is_told_once_with_its_cause => of_a_call;
    a_failed_connection_to_an_issuer_of_credentials_is_told_once_with_its_cause => of_an_issuer;
}

/// An endpoint that refuses connections, one whose name does not exist, one that is not TLS, and one with
/// an unknown certificate.
fn unreachable(simulator: &Simulator) -> [Endpoint; 4] {
    // The port is free again, and nobody listens on it.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let plain = simulator.url(Region::Shanghai);
    [
        refused.parse().unwrap(),
        Endpoint::plain_http("host.invalid").unwrap(),
        plain.replace("http:", "https:").parse().unwrap(),
        simulator.tls_url(Region::Shanghai).parse().unwrap(),
    ]
}

/// The messages of an error and all of its causes, each of which must say something new.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut messages = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        let above = messages.join(": ");
        assert!(!above.contains(&text), "{text} is in {above}");
        messages.push(text);
        next = cause.source();
    }
    messages.join(": ")
}

/// What tells the four failures apart.
fn assert_shown(causes: [String; 4]) {
    let parts = ["onnection refused", "", "", "UnknownIssuer"];
    for (cause, part) in causes.iter().zip(parts) {
        assert!(cause.contains("cannot connect: "), "{cause}");
        assert_eq!(cause.matches("cannot connect").count(), 1, "{cause}");
        assert!(cause.contains(part), "{cause}");
    }
    let reason = |text: &str| text.rsplit("cannot connect: ").next().unwrap().to_owned();
    let reasons = causes.map(|cause| reason(&cause));
    for (i, reason) in reasons.iter().enumerate() {
        assert!(!reasons[..i].contains(reason), "{reason}");
        assert!(reason.len() > 10, "{reason}");
    }
}

fn of_a_call<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let causes = unreachable(&simulator).map(|endpoint| {
        let mut limits = limits();
        limits.connect_timeout = Duration::from_secs(4);
        let options = options(limits, Endpoints::only(endpoint)).max_attempts(1);
        let query = DescribeFaceVerify::new(1, "sha1");
        let error = D::new(options).call(&query).unwrap_err();
        // The driver's error, and what it is made of.
        let AttemptOutcome::NotSent(cause) = &error.attempts()[0].outcome else {
            panic!("{error}");
        };
        let _ = chain(&**cause);
        chain(&error)
    });
    assert_shown(causes);
}

fn of_an_issuer<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let causes = unreachable(&simulator).map(|sts| {
        let key = Credentials::access_key("testid", "testsecret").unwrap();
        let role = Role::new("acs:ram::1:role/r", "s");
        let source = Source::AssumeRole(Box::new(AssumeRole::new(key.into(), role, sts)));
        let endpoint = simulator.url(Region::Shanghai).parse().unwrap();
        let options = options(limits(), Endpoints::only(endpoint)).credentials(source);
        let error = D::new(options)
            .call(&DescribeFaceVerify::new(1, "sha1"))
            .unwrap_err();
        assert!(matches!(error, Error::Credentials(_)), "{error}");
        chain(&error)
    });
    assert_shown(causes);
}

#[test]
fn an_error_of_a_writer_is_the_cause_of_that_of_the_fetched_file() {
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is full"))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let error: FetchError = Full.write(b"x").unwrap_err().into();
    assert_eq!(
        chain(&error),
        "cannot write the fetched file: the disk is full"
    );
    let error: FetchError = Error::Finished.into();
    assert_eq!(chain(&error), Error::Finished.to_string());
}
