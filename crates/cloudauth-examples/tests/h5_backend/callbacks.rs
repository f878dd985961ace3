//! Callbacks of the service, genuine and forged.

use std::time::SystemTime;

use cloudauth_hyper::UnixTime;
use cloudauth_hyper::verify::{CallbackKey, OuterOrderNo};
use cloudauth_sim::{CallbackFault, Verdict};

use crate::fixture::{FAILED, Fixture, PASSED, SECRET, WAITING, certify_id};

#[test]
fn a_callback_suffices_for_the_verdict() {
    for (verdict, state) in [
        (Verdict::Passed, "passed"),
        (Verdict::LivenessRisk, "failed"),
    ] {
        let fixture = Fixture::new();
        let browser = fixture.browser();
        let (_, page) = browser.open();
        fixture.finish(&page, verdict, &[]);
        fixture.wait_for_state(state);
        assert_eq!(fixture.events().len(), 1);
        // The browser is redirected after the callback.
        assert_eq!(browser.get("/back?response=%7B%22code%22%3A1000%7D").0, 303);
        assert_eq!(browser.verdict().contains(PASSED), state == "passed");
    }
}

#[test]
fn forged_and_repeated_callbacks_change_nothing() {
    let fixture = Fixture::new();
    let browser = fixture.browser();
    let (_, page) = browser.open();
    let faults = [CallbackFault::Forged, CallbackFault::Repeated];
    fixture.finish(&page, Verdict::FaceMismatch, &faults);
    fixture.wait_for_callbacks();
    fixture.wait_for_state("failed");
    let events = fixture.events();
    assert!(
        events
            .into_iter()
            .eq(["callback 204", "forged_callback 200"])
    );
    assert!(browser.verdict().contains(FAILED));
    assert_eq!(fixture.sql("select kind from event").len(), 2);
}

#[test]
fn callbacks_get_a_response_and_determine_nothing() {
    let fixture = Fixture::new();
    let browser = fixture.browser();
    let (_, page) = browser.open();
    let id = certify_id(&page);
    let key = CallbackKey::new(SECRET).unwrap();
    let order = fixture.sql("select order_no from verification")[0][0].clone();
    #[expect(clippy::disallowed_methods, reason = "tokens expire in real time")]
    let now = UnixTime::from(SystemTime::now()).seconds();
    let token = |order: &str, end: u64| {
        let order = OuterOrderNo::new(order).unwrap();
        let token = key.token(&order, UnixTime::from_seconds(end));
        format!("certifyId={id}&passed=200&callbackToken={}", token.expose())
    };
    let genuine = token(&order, now + 9);
    for (status, query) in [
        (403, format!("certifyId={id}&passed=200")),
        (403, format!("certifyId={id}&passed=200&callbackToken=1")),
        (403, format!("{}0", token(&order, now + 9))),
        (200, token(&order, now - 1)),
        // A valid token of another order, and another certify ID with this order's token.
        (200, token("order1", now + 9)),
        (200, genuine.replace(id, "sha0")),
        (403, "certifyId=sha0&passed=200".into()),
        (400, "passed=200".into()),
        (400, String::new()),
        // Longer than the head of a request may be.
        (431, format!("certifyId={id}&x={}", "x".repeat(60_000))),
        // A genuine callback, but the query returns no verdict.
        (200, genuine),
    ] {
        for _ in 0..3 {
            assert_eq!(
                browser.get(&format!("/callback?{query}")).0,
                status,
                "{query}"
            );
        }
    }
    for broken in ["response=", "response=%7b", "response=[", "x", ""] {
        assert_eq!(browser.get(&format!("/back?{broken}")).1, "/result");
    }
    assert!(browser.result().contains(WAITING));
    let events = [
        "callback 200",
        "forged_callback 200",
        "invalid_redirect other",
        "late_callback 200",
        "mismatched_callback 200",
    ];
    assert!(fixture.events().into_iter().eq(events));
    assert_eq!(fixture.sql("select kind from event").len(), events.len());
}

#[test]
fn a_callback_right_after_a_query_suffices_for_the_verdict() {
    let fixture = Fixture::new();
    let browser = fixture.browser();
    let (_, page) = browser.open();
    assert!(browser.result().contains(WAITING));
    fixture.finish(&page, Verdict::Passed, &[]);
    fixture.wait_for_state("passed");
}
