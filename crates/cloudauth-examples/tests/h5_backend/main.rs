//! The example backend, used by ordinary browsers and by hostile ones, and killed at every point.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod attacks;
mod callbacks;
mod claims;
mod cookies;
mod crashing;
mod fixture;
#[allow(dead_code, reason = "its main is not called here")]
#[path = "../../examples/h5_backend/main.rs"]
mod h5_backend;
mod key_file;
mod sweep;

use core::time::Duration;
use std::io::Write as _;
use std::net::TcpStream;
use std::{fs, thread};

use cloudauth_sim::{CallbackFault, Fault, Region, Times, Verdict};
use crashing::Countdown;
use fixture::{FAILED, Fixture, NAME, NUMBER, PASSED, WAITING};

#[test]
fn a_person_passes_and_another_does_not() {
    let fixture = Fixture::new();
    for (outcome, text) in [("pass", PASSED), ("204", FAILED)] {
        let browser = fixture.browser();
        let (status, page) = browser.open();
        assert_eq!(status, 303);
        assert!(browser.result().contains(WAITING));
        let back = browser.press(&page, outcome);
        assert_eq!(browser.get(&back), (303, "/result".into()));
        for _ in 0..2 {
            assert!(browser.verdict().contains(text), "{outcome}");
        }
        // The form is submitted again.
        assert_eq!(browser.open(), (303, "/result".into()));
    }
    fixture.wait_for_callbacks();
    assert_eq!(fixture.executed("InitFaceVerify"), 2);
    fixture.assert_store_matches_service();
    assert_eq!(fixture.executed("DeleteFaceVerifyResult"), 2);
}

#[test]
fn a_visit_does_not_pass_with_another_visit_s_verdict() {
    let fixture = Fixture::new();
    let (one, two) = (fixture.browser(), fixture.browser());
    let (page_one, page_two) = (one.open().1, two.open().1);
    let back_one = one.press(&page_one, "pass");
    // The second browser is redirected with the first one's query string.
    assert_eq!(two.get(&back_one), (303, "/result".into()));
    assert!(two.result().contains(WAITING));
    assert!(fixture.events().contains("mismatched_redirect Z5050"));
    let back_two = two.press(&page_two, "205");
    two.get(&back_two);
    assert!(two.verdict().contains(FAILED));
    assert!(one.verdict().contains(PASSED));
}

#[test]
fn without_its_cookie_a_browser_sees_nothing() {
    let fixture = Fixture::new();
    let mut browser = fixture.browser();
    let (_, page) = browser.open();
    let back = browser.press(&page, "pass");
    for cookie in ["visit=0", ""] {
        cookie.clone_into(&mut browser.cookie);
        assert_eq!(browser.get("/result"), (303, "/".into()));
        assert_eq!(browser.get(&back), (303, "/".into()));
        assert_eq!(browser.open(), (303, "/".into()));
    }
    assert_eq!(fixture.executed("InitFaceVerify"), 1);
}

#[test]
fn a_form_submitted_many_times_opens_one_verification() {
    let fixture = Fixture::new();
    let browser = fixture.browser();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(browser.open().0, 303));
        }
    });
    assert_eq!(fixture.executed("InitFaceVerify"), 1);
    assert!(browser.open().1.contains("/verify/"));
    assert_eq!(browser.get("/"), (303, "/result".into()));
}

#[test]
fn a_browser_that_disconnects_while_the_verification_is_opened_finds_it_open() {
    let fixture = Fixture::new();
    let browser = fixture.browser();
    // Opening takes a while, because it needs a second attempt.
    let simulator = &fixture.simulator;
    simulator.inject(Region::Shanghai, Fault::Throttle, Times::Once);
    let form = format!("name=%E5%BC%A0%E4%B8%89&number={NUMBER}&meta=%7B%7D&consent=yes");
    let host = fixture.url.strip_prefix("http://").unwrap();
    let mut socket = TcpStream::connect(host).unwrap();
    let request = format!(
        "POST /open HTTP/1.1\r\nhost: {host}\r\ncookie: {}\r\ncontent-length: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\n\r\n{form}",
        browser.cookie,
        form.len()
    );
    socket.write_all(request.as_bytes()).unwrap();
    thread::sleep(Duration::from_millis(100));
    drop(socket);
    fixture.wait_for_state("open");
    assert!(browser.open().1.contains("/verify/"));
    assert_eq!(fixture.executed("InitFaceVerify"), 1);
}

#[test]
fn an_abandoned_verification_can_be_continued_and_expires() {
    let fixture = Fixture::new();
    let mut browser = fixture.browser();
    let (_, page) = browser.open();
    let back = browser.press(&page, "abandon");
    let (status, text) = browser.get(&back);
    assert_eq!(status, 200);
    assert!(text.contains("not finished") && text.contains(&page));
    fixture.sweep();
    assert_eq!(fixture.state(), "open");
    fixture.age_store_by_an_hour();
    fixture.sweep();
    assert_eq!(fixture.state(), "expired");
    assert!(browser.result().contains("Your verification has expired"));
    fixture.assert_store_matches_service();
    // A late callback of the service is still accepted.
    browser.press(&page, "pass");
    fixture.wait_for_state("passed");
    assert!(browser.verdict().contains(PASSED));
    assert_eq!(browser.start(), 303);
}

#[test]
fn nobody_is_kept_out_by_idle_connections_half_heads_and_stalled_bodies() {
    let fixture = Fixture::new();
    let browser = fixture.browser();
    attacks::nobody_is_kept_out(fixture.address(), &browser.cookie);
    assert!(browser.open().1.contains("/verify/"));
    assert_eq!(fixture.executed("InitFaceVerify"), 1);
}

#[test]
fn requests_that_are_too_large_or_lie_about_their_length_are_refused() {
    let fixture = Fixture::new();
    let browser = fixture.browser();
    attacks::oversized_and_lying_requests_are_refused(fixture.address(), &browser.cookie);
    assert_eq!(fixture.executed("InitFaceVerify"), 0);
    assert_eq!(browser.open().0, 303);
    assert_eq!(fixture.executed("InitFaceVerify"), 1);
}

#[test]
fn requests_that_are_too_slow_end() {
    let fixture = Fixture::new();
    attacks::slow_requests_end(fixture.address(), &fixture.browser().cookie);
}

#[test]
fn while_the_service_hangs_people_get_the_other_pages() {
    let fixture = Fixture::new();
    let simulator = &fixture.simulator;
    simulator.inject(Region::Shanghai, Fault::Hang, Times::Always);
    let browsers: Vec<_> = (0..40).map(|_| fixture.browser()).collect();
    thread::scope(|scope| {
        for browser in &browsers {
            scope.spawn(|| browser.open());
        }
        thread::sleep(Duration::from_millis(200));
        attacks::others_are_served(fixture.address(), "calls that hang");
    });
}

#[test]
fn a_form_without_consent_opens_nothing() {
    let fixture = Fixture::new();
    let browser = fixture.browser();
    let all = [
        ("name", NAME),
        ("number", NUMBER),
        ("meta", "{}"),
        ("consent", "yes"),
    ];
    for missing in 0..all.len() {
        let mut form = all.to_vec();
        form[missing].1 = " ";
        assert_eq!(browser.submit(&form).0, 400);
        form.remove(missing);
        assert_eq!(browser.submit(&form).0, 400);
    }
    assert_eq!(fixture.executed("InitFaceVerify"), 0);
    assert_eq!(fixture.sql("select state from verification").len(), 0);
}

/// Magic numbers of the simulator: the service refuses the person, and the application.
const REFUSED: &str = "110101190001024176";
const NOT_CONFIGURED: &str = "110101190001024029";

#[test]
fn a_person_whom_the_service_refuses_sees_the_reason() {
    let fixture = Fixture::new();
    for number in [REFUSED, NOT_CONFIGURED] {
        let browser = fixture.browser();
        let form = [
            ("name", NAME),
            ("number", number),
            ("meta", "{}"),
            ("consent", "yes"),
        ];
        assert_eq!(browser.submit(&form), (303, "/result".into()));
        let text = browser.result();
        let is_shown = text.contains("the person can use another way to identify");
        assert_eq!(is_shown, number == REFUSED, "{text}");
        let is_asked_to_wait = text.contains("please try again later");
        assert_eq!(is_asked_to_wait, number == NOT_CONFIGURED, "{text}");
    }
    fixture.assert_store_matches_service();
}

#[test]
fn a_result_page_loaded_many_times_queries_once() {
    let fixture = Fixture::new();
    let browser = fixture.browser();
    let (_, page) = browser.open();
    fixture.finish(&page, Verdict::Passed, &[CallbackFault::HeldBack]);
    // The first query takes a while.
    let simulator = &fixture.simulator;
    simulator.inject(Region::Shanghai, Fault::Throttle, Times::Once);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| browser.verdict());
        }
    });
    fixture.wait_until_idle();
    assert_eq!(fixture.executed("DescribeFaceVerify"), 1);
    assert_eq!(fixture.executed("DeleteFaceVerifyResult"), 1);
}

#[test]
fn a_result_page_that_is_reloaded_does_not_query_the_service_each_time() {
    let fixture = Fixture::new();
    let browser = fixture.browser();
    let (_, page) = browser.open();
    for _ in 0..20 {
        assert!(browser.result().contains(WAITING));
    }
    let queries = fixture.executed("DescribeFaceVerify");
    assert!((1..=2).contains(&queries), "{queries}");
    fixture.finish(&page, Verdict::Passed, &[CallbackFault::HeldBack]);
    assert!(browser.verdict().contains(PASSED));
    let queries = fixture.executed("DescribeFaceVerify");
    for _ in 0..20 {
        assert!(browser.result().contains(PASSED));
    }
    assert_eq!(fixture.executed("DescribeFaceVerify"), queries);
}

#[test]
fn the_store_holds_no_personal_data() {
    let fixture = Fixture::new();
    let browser = fixture.browser();
    let (_, page) = browser.open();
    let contains = |text: &str| {
        let file = fs::read(fixture.database_file()).unwrap();
        file.windows(text.len()).any(|it| it == text.as_bytes())
    };
    let cookie = browser.cookie.strip_prefix("visit=").unwrap();
    let (visit, _) = cookie.split_once('.').unwrap();
    for text in [NAME, NUMBER, visit] {
        assert!(!contains(text));
    }
    assert!(contains(&page), "the search reads the right file");
    browser.press(&page, "pass");
    assert!(browser.verdict().contains(PASSED));
    assert_eq!(fixture.sql("select page from verification"), [[""]]);
}

#[test]
fn only_at_the_real_service_the_start_page_loads_the_vendor_s_script() {
    let script = "https://o.alicdn.com/yd-cloudauth/cloudauth-cdn/jsvm_all.js";
    let page = h5_backend::pages::start::<String>(false, "visit=1");
    assert_eq!(page.headers()["set-cookie"], "visit=1");
    assert!(
        page.body()
            .contains(&format!("<script src=\"{script}\"></script>"))
    );
    assert!(
        page.body()
            .contains("if (window.getMetaInfo) document.forms[0].meta.value =")
    );
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(!policy.contains("default-src") && policy.contains("frame-ancestors 'none'"));

    let page = h5_backend::pages::start::<String>(true, "visit=1");
    assert!(!page.body().contains("<script") && page.body().contains("simulated"));
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'"));
}

#[test]
fn values_from_the_service_are_escaped() {
    let fixture = Fixture::new();
    let url = "http://127.0.0.1:1/\"'><script>alert(1)</script>&amp".to_owned();
    fixture.simulator.world().set_public_url(url);
    let browser = fixture.browser();
    browser.open();
    let text = browser.result();
    assert!(text.contains(WAITING));
    assert!(!text.contains("<script") && !text.contains("\"'>") && text.contains("'&gt;&lt;s"));
    assert!(text.contains("&amp;amp/verify/"), "{text}");
}

#[test]
fn killed_at_any_point_the_backend_loses_nothing_and_does_nothing_twice() {
    let mut crashes = 0;
    loop {
        let countdown = Countdown::from(crashes + 1);
        let mut fixture = Fixture::with(countdown.clone());
        fixture.simulator.world().set_callback_retries(Vec::new());
        let outcome = ["pass", "205"][crashes % 2];
        let mut browser = fixture.browser();
        let mut page = verify(&browser, outcome);
        fixture.wait_for_callbacks();
        browser.result();
        while !countdown.has_crashed() && !fixture.is_idle() {
            thread::sleep(Duration::from_millis(10));
        }
        if !countdown.has_crashed() {
            assert!(page, "there was no crash");
            fixture.assert_store_matches_service();
            break;
        }
        crashes += 1;
        fixture.restart();
        browser.result();
        if !page {
            // The person tries again: at once, or when the state has become unknown.
            page = verify(&browser, outcome);
        }
        fixture.age_store_by_an_hour();
        if !page && browser.start() == 200 {
            verify(&browser, outcome);
        }
        fixture.wait_for_callbacks();
        browser.result();
        fixture.wait_until_idle();
        fixture.age_store_by_an_hour();
        fixture.sweep();
        fixture.assert_store_matches_service();
        let text = if outcome == "pass" { PASSED } else { FAILED };
        let result = browser.verdict();
        assert!(result.contains(text), "after {crashes}: {result}");
        let with_verdict =
            fixture.sql("select state from verification where state in ('passed', 'failed')");
        assert_eq!(with_verdict.len(), 1, "after {crashes}");
    }
    assert!(crashes > 12, "{crashes}");
}

/// Submits the form and the service's page, and follows the redirect. Returns whether the browser reached
/// the service's page.
fn verify(browser: &fixture::Browser, outcome: &str) -> bool {
    let (_, page) = browser.open();
    let has_page = page.contains("/verify/");
    if has_page {
        let back = browser.press(&page, outcome);
        browser.get(&back);
    }
    has_page
}
