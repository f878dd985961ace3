//! Observation of calls: the `on_attempt` hook and `tracing`.

use core::time::Duration;
use std::sync::{Arc, Mutex};

use cloudauth_proto::Source;
use cloudauth_proto::credentials::{Chain, SkippedSource, SourceError, Uri};
use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::verify::PollVerdict;
use cloudauth_sim::conformance::limits;
use cloudauth_sim::{CREDENTIALS_PATH, Fault, Region, Simulator, Times};
use tracing::subscriber::with_default;

use crate::canaries::TraceOutput;
use crate::driver::{Async, Blocking, Driver, both, endpoints, options};
use crate::fault_injection::Closed;

both! {
    the_hook_is_called_for_every_attempt => hook;
    a_verdict_that_is_polled_for_and_a_refresh_are_observed => every_flow;
    failovers_and_opened_circuit_breakers_are_warnings => warnings;
    a_refresh_that_failed_is_a_warning => refresh;
    skipped_sources_of_credentials_are_a_warning => skipped;
    a_subscriber_receives_the_call_and_its_attempts_without_personal_data => subscriber;
}

const NAME: &str = "CANARY-NAME";
const NUMBER: &str = "330103199001011230";

fn init() -> InitFaceVerify {
    let open = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}");
    open.cert_name(NAME).cert_no(NUMBER)
}

fn hook<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    simulator.inject(Region::Shanghai, Fault::Status(503), Times::Always);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&seen);
    let options = options(limits(), endpoints(&simulator)).on_attempt(move |action, attempt| {
        let line = format!("{action} {}: {}", attempt.endpoint, attempt.outcome);
        recorded.lock().unwrap().push(line);
    });
    D::new(options).call(&init()).unwrap();
    let url = |region| simulator.url(region);
    let expected = [
        format!(
            "InitFaceVerify {}: HTTP 503, code ServiceUnavailable",
            url(Region::Shanghai)
        ),
        format!(
            "InitFaceVerify {}: HTTP 200, code 200",
            url(Region::Beijing)
        ),
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
}

fn subscriber<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    simulator.inject(Region::Shanghai, Fault::Reset, Times::Always);
    let written = TraceOutput::default();
    let options = options(limits(), endpoints(&simulator));
    with_default(written.subscriber(), || {
        D::new(options).call(&init()).unwrap()
    });
    let written = written.take();

    let attempts = written
        .lines()
        .filter(|line| line.contains(" attempt action="));
    let attempts: Vec<&str> = attempts.collect();
    assert_eq!(attempts.len(), 2, "{written}");
    for attempt in &attempts {
        let span = r#"cloudauth{otel.kind="client" action="InitFaceVerify"}:attempt{otel.kind="client" action="InitFaceVerify" http.request.method="POST""#;
        assert!(attempt.contains(span), "{attempt}");
    }
    let host = |region| simulator.url(region).replace("http://", "");
    let has = |attempt: &str, field: &str| assert!(attempt.contains(field), "{attempt}");
    has(
        attempts[0],
        &format!("server.address=\"{}\"", host(Region::Shanghai)),
    );
    has(attempts[0], "http.request.resend_count=0");
    has(attempts[0], "error.type=\"no_response\"");
    has(
        attempts[1],
        &format!("server.address=\"{}\"", host(Region::Beijing)),
    );
    has(attempts[1], "http.request.resend_count=1");
    has(attempts[1], "http.response.status_code=200");
    has(attempts[1], "request_id=\"");
    assert!(!attempts[1].contains("error.type"), "{}", attempts[1]);
    for canary in [NAME, NUMBER, "Signature", "testid", "CertName"] {
        assert!(!written.contains(canary), "{canary} is in {written}");
    }
}

/// What a subscriber writes while `run` runs.
fn written(run: impl FnOnce()) -> String {
    let written = TraceOutput::default();
    with_default(written.subscriber(), run);
    written.take()
}

fn every_flow<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let uri = format!("{}{CREDENTIALS_PATH}", simulator.credential_services_url());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&seen);
    let options = options(limits(), endpoints(&simulator))
        .credentials(Source::Uri(Uri::new(&uri).unwrap()))
        .on_attempt(move |action, _| recorded.lock().unwrap().push(action.to_owned()));
    let log = written(|| {
        let driver = D::new(options);
        let id = driver.call(&init()).unwrap().value.certify_id;
        let query = DescribeFaceVerify::new(1_000_000_006, id);
        assert!(driver.run(PollVerdict::once(query)).unwrap().is_none());
    });
    let expected = ["credentials", "InitFaceVerify", "DescribeFaceVerify"];
    assert_eq!(*seen.lock().unwrap(), expected);
    if D::NAME == "hyper" {
        // ureq refreshes on a thread of its own, where this subscriber is not.
        assert!(
            log.contains(r#"cloudauth{otel.kind="client" action="credentials"}"#),
            "{log}"
        );
    }
    assert!(
        log.contains(r#"cloudauth{otel.kind="client" action="DescribeFaceVerify"}"#),
        "{log}"
    );
    assert!(!log.contains("WARN cloudauth"), "{log}");
}

fn warnings<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    simulator.inject(Region::Shanghai, Fault::Status(503), Times::Always);
    let log = written(|| {
        let driver = D::new(options(limits(), endpoints(&simulator)));
        for _ in 0..6 {
            driver.call(&init()).unwrap();
        }
        simulator.restore(Region::Shanghai).unwrap();
        driver.idle(Duration::from_secs(6));
        driver.call(&init()).unwrap();
    });
    let warnings = |text: &str| {
        let lines = log.lines().filter(|line| line.contains(text));
        lines.map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    let shanghai = simulator.url(Region::Shanghai).replace("http://", "");
    let failed_over = warnings("failed over");
    assert_eq!(failed_over.len(), 5, "{log}");
    assert!(failed_over[0].contains("WARN"), "{log}");
    assert!(
        failed_over[0].contains(&format!("from=\"{shanghai}\"")),
        "{log}"
    );
    assert!(failed_over[0].contains("reason=\"server_error\""), "{log}");
    for (text, level) in [
        ("circuit breaker opened", "WARN"),
        ("circuit breaker closed", "INFO"),
    ] {
        let [line] = &warnings(text)[..] else {
            panic!("{log}");
        };
        assert!(line.contains(level) && line.contains(&shanghai), "{log}");
    }
}

fn refresh<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let closed = Closed::new();
    let source = Source::Uri(Uri::new(&format!("{}/credentials", closed.url())).unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&seen);
    let options = options(limits(), endpoints(&simulator))
        .credentials(source)
        .on_attempt(move |action, _| recorded.lock().unwrap().push(action.to_owned()));
    let log = written(|| {
        D::new(options).call(&init()).unwrap_err();
    });
    assert!(seen.lock().unwrap().contains(&"credentials".to_owned()));
    if D::NAME == "hyper" {
        assert!(
            log.contains("WARN") && log.contains("credentials could not be refreshed"),
            "{log}"
        );
    }
}

fn skipped<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let absent = SkippedSource::new("a vault", SourceError::NoRole);
    let uri = format!("{}{CREDENTIALS_PATH}", simulator.credential_services_url());
    let chain = Chain::new(vec![Source::Absent(absent), Uri::new(&uri).unwrap().into()]);
    let log = written(|| {
        let driver = D::new(options(limits(), endpoints(&simulator)).credentials(chain.clone()));
        driver.call(&init()).unwrap();
        driver.call(&init()).unwrap();
        let lenient = chain.clone().continue_after_failure();
        D::new(options(limits(), endpoints(&simulator)).credentials(lenient));
    });
    assert!(
        log.contains("if a source of credentials fails, the next one is used"),
        "{log}"
    );
    // The blocking driver's refresh runs on a thread of its own, which this test does not record.
    if D::NAME == "hyper" {
        let skipped = "sources of credentials were skipped";
        assert!(log.contains(skipped), "{log}");
        assert!(
            log.contains("a vault: the metadata service has no role"),
            "{log}"
        );
    }
}

/// Whether the service carries it out is then unknown.
#[test]
fn a_dropped_call_is_reported() {
    let simulator = Simulator::start().unwrap();
    simulator.inject(Region::Shanghai, Fault::Hang, Times::Always);
    let driver = Async::new(options(limits(), endpoints(&simulator)));
    let log = written(|| {
        driver.1.block_on(async {
            let open = init();
            let call = driver.0.call(&open);
            assert!(
                tokio::time::timeout(Duration::from_millis(150), call)
                    .await
                    .is_err()
            );
        });
    });
    let dropped = log.lines().find(|line| line.contains("cloudauth: dropped"));
    let dropped = dropped.unwrap_or_else(|| panic!("{log}"));
    assert!(
        dropped.contains("WARN") && dropped.contains("in_flight=1"),
        "{log}"
    );
}
