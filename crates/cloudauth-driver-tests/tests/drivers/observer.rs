//! Observation of calls: the `on_attempt` hook and `tracing`.

use std::sync::{Arc, Mutex};

use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_sim::conformance::limits;
use cloudauth_sim::{Fault, Region, Simulator, Times};
use tracing::subscriber::with_default;

use crate::canaries::TraceOutput;
use crate::driver::{Async, Blocking, Driver, both, endpoints, options};

both! {
    the_hook_is_called_for_every_attempt => hook;
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

    let attempts = written.lines().filter(|line| line.contains(": attempt "));
    let attempts: Vec<&str> = attempts.collect();
    assert_eq!(attempts.len(), 2, "{written}");
    for attempt in &attempts {
        let span =
            r#"cloudauth{otel.kind="client" action="InitFaceVerify" http.request.method="POST"}"#;
        assert!(attempt.contains(span), "{attempt}");
    }
    let host = |region| simulator.url(region).replace("http://", "");
    let has = |attempt: &str, field: &str| assert!(attempt.contains(field), "{attempt}");
    has(
        attempts[0],
        &format!("server.address=\"{}\"", host(Region::Shanghai)),
    );
    has(attempts[0], "http.request.resend_count=0");
    has(attempts[0], "error.type=\"no_reply\"");
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
