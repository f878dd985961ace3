//! Sweeps: verdicts without a redirect, outages, deletions.

use cloudauth_sim::{CallbackFault, Fault, Region, Times, Verdict};

use crate::fixture::{Fixture, PASSED};

#[test]
fn a_sweep_finds_the_verdict_if_the_browser_is_not_redirected() {
    let fixture = Fixture::new();
    let browser = fixture.browser();
    let (_, page) = browser.open();
    fixture.finish(&page, Verdict::Passed, &[CallbackFault::HeldBack]);
    fixture.sweep();
    assert_eq!(fixture.state(), "open", "it is too early");
    fixture.age_store_by_an_hour();
    fixture.sweep();
    fixture.assert_store_matches_service();
    assert_eq!(fixture.events().len(), 0);
    assert!(browser.verdict().contains(PASSED));
}

#[test]
fn a_service_outage_is_reported_and_retried_later() {
    let fixture = Fixture::new();
    let mut browser = fixture.browser();
    let start_outage = || {
        fixture
            .simulator
            .inject(Region::Shanghai, Fault::Refuse, Times::Always);
    };
    start_outage();
    assert_eq!(browser.open(), (303, "/result".into()));
    assert!(browser.result().contains("Verification is not available"));
    assert_eq!(fixture.state(), "refused");
    fixture.simulator.restore(Region::Shanghai).unwrap();
    assert_eq!(browser.start(), 200);
    let (_, page) = browser.open();
    // A second outage when there is a verdict, and during the sweep.
    start_outage();
    fixture.finish(&page, Verdict::Passed, &[]);
    fixture.wait_for_callbacks();
    fixture.age_store_by_an_hour();
    fixture.sweep();
    fixture.simulator.restore(Region::Shanghai).unwrap();
    fixture.sweep();
    let open = || {
        fixture
            .sql("select state from verification where state = 'open'")
            .len()
    };
    assert_eq!(open(), 1, "not retried at once");
    fixture.age_store_by_an_hour();
    fixture.sweep();
    fixture.assert_store_matches_service();
}

#[test]
fn a_failed_deletion_is_retried_by_a_sweep() {
    let fixture = Fixture::new();
    let browser = fixture.browser();
    let (_, page) = browser.open();
    let fault = Fault::Status(403);
    fixture.simulator.world().inject_for_action(
        Region::Shanghai,
        "DeleteFaceVerifyResult",
        fault,
        Times::Always,
    );
    fixture.finish(&page, Verdict::Passed, &[CallbackFault::HeldBack]);
    assert!(browser.verdict().contains(PASSED));
    assert_eq!(fixture.executed("DeleteFaceVerifyResult"), 0);
    fixture.simulator.world().clear_faults();
    fixture.age_store_by_an_hour();
    fixture.sweep();
    fixture.sweep();
    assert_eq!(fixture.executed("DeleteFaceVerifyResult"), 1);
    fixture.assert_store_matches_service();
}

#[test]
fn two_concurrent_sweeps_share_the_work() {
    let fixture = Fixture::new();
    for turn in 0..40 {
        fixture.simulator.world().unlock_identities();
        let (_, page) = fixture.browser().open();
        let verdict = [Verdict::Passed, Verdict::LivenessRisk][turn % 2];
        fixture.finish(&page, verdict, &[CallbackFault::HeldBack]);
    }
    fixture.age_store_by_an_hour();
    fixture.sweep_twice_at_once();
    fixture.assert_store_matches_service();
    for action in ["DescribeFaceVerify", "DeleteFaceVerifyResult"] {
        assert_eq!(fixture.executed(action), 40, "{action}");
    }
}
