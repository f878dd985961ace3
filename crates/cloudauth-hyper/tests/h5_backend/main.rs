//! The example backend, walked by browsers that mean well and by others, and killed on the way.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod claims;
mod dying;
#[allow(dead_code, reason = "its main is not called here")]
#[path = "../../examples/h5_backend/main.rs"]
mod h5_backend;
mod scene;

use core::time::Duration;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::SystemTime;
use std::{fs, thread};

use cloudauth_hyper::UnixTime;
use cloudauth_hyper::verify::{CallbackKey, OuterOrderNo};
use cloudauth_sim::{CallbackFault, Fault, Region, Times, Verdict};
use dying::Fuse;
use scene::{NAME, NUMBER, SECRET, Scene};

const WAITING: &str = "There is no verdict yet";
const PASSED: &str = ">Passed<";
const FAILED: &str = ">Not passed<";

/// The verification behind a page.
fn certify_id(page: &str) -> &str {
    page.rsplit('/').next().unwrap()
}

#[test]
fn a_person_passes_and_another_does_not() {
    let scene = Scene::new();
    for (outcome, told) in [("pass", PASSED), ("204", FAILED)] {
        let browser = scene.browser();
        let (status, page) = browser.open();
        assert_eq!(status, 303);
        assert!(browser.result().contains(WAITING));
        let back = browser.press(&page, outcome);
        assert_eq!(browser.get(&back), (303, "/result".into()));
        for _ in 0..2 {
            assert!(browser.verdict().contains(told), "{outcome}");
        }
        // The form once more.
        assert_eq!(browser.open(), (303, "/result".into()));
    }
    scene.settle();
    assert_eq!(scene.executed("InitFaceVerify"), 2);
    scene.assert_both_know_the_same();
    assert_eq!(scene.executed("DeleteFaceVerifyResult"), 2);
}

#[test]
fn somebody_else_s_verdict_does_not_pass_here() {
    let scene = Scene::new();
    let (one, two) = (scene.browser(), scene.browser());
    let (page_one, page_two) = (one.open().1, two.open().1);
    let back_one = one.press(&page_one, "pass");
    // The second browser comes with what the first one got.
    assert_eq!(two.get(&back_one), (303, "/result".into()));
    assert!(two.result().contains(WAITING));
    assert!(scene.hints().contains("crossed return Z5050"));
    let back_two = two.press(&page_two, "205");
    two.get(&back_two);
    assert!(two.verdict().contains(FAILED));
    assert!(one.verdict().contains(PASSED));
}

#[test]
fn who_has_no_cookie_sees_nothing() {
    let scene = Scene::new();
    let mut browser = scene.browser();
    let (_, page) = browser.open();
    let back = browser.press(&page, "pass");
    let other = format!("visit={}", "0".repeat(32));
    for cookie in [other.as_str(), "visit=", "visit=0", "visit=x", "", "a=b; c"] {
        cookie.clone_into(&mut browser.cookie);
        assert_eq!(browser.get("/result"), (303, "/".into()));
        assert_eq!(browser.get(&back), (303, "/".into()));
    }
    // What the backend did not give is no cookie.
    for cookie in ["visit=0", ""] {
        cookie.clone_into(&mut browser.cookie);
        assert_eq!(browser.open(), (303, "/".into()));
    }
    assert_eq!(scene.executed("InitFaceVerify"), 1);
}

#[test]
fn a_form_that_is_sent_many_times_opens_one_verification() {
    let scene = Scene::new();
    let browser = scene.browser();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(browser.open().0, 303));
        }
    });
    assert_eq!(scene.executed("InitFaceVerify"), 1);
    assert!(browser.open().1.contains("/verify/"));
    assert_eq!(browser.get("/"), (303, "/result".into()));
}

#[test]
fn who_hangs_up_while_it_is_opened_finds_it_open() {
    let scene = Scene::new();
    let browser = scene.browser();
    // It takes a while: the service must be asked twice.
    let simulator = &scene.simulator;
    simulator.inject(Region::Shanghai, Fault::Throttle, Times::Once);
    let form = format!("name=a&number={NUMBER}&meta=%7B%7D&consent=yes");
    let host = scene.url.strip_prefix("http://").unwrap();
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
    scene.wait_for_state("open");
    assert!(browser.open().1.contains("/verify/"));
    assert_eq!(scene.executed("InitFaceVerify"), 1);
}

#[test]
fn who_leaves_can_go_on_and_who_stays_away_is_given_up() {
    let scene = Scene::new();
    let mut browser = scene.browser();
    let (_, page) = browser.open();
    let back = browser.press(&page, "abandon");
    let (status, text) = browser.get(&back);
    assert_eq!(status, 200);
    assert!(text.contains("not finished") && text.contains(&page));
    scene.sweep();
    assert_eq!(scene.state(), "open");
    scene.an_hour_passes();
    scene.sweep();
    assert_eq!(scene.state(), "lapsed");
    assert!(browser.result().contains("It took too long"));
    scene.assert_both_know_the_same();
    // Late, but the service says so: its callback is heard.
    browser.press(&page, "pass");
    scene.wait_for_state("passed");
    assert!(browser.verdict().contains(PASSED));
    assert_eq!(browser.start(), 303);
}

#[test]
fn a_verdict_that_nobody_came_back_for_is_found() {
    let scene = Scene::new();
    let browser = scene.browser();
    let (_, page) = browser.open();
    finish(&scene, &page, Verdict::Passed, &[CallbackFault::HeldBack]);
    scene.sweep();
    assert_eq!(scene.state(), "open", "it is not time");
    scene.an_hour_passes();
    scene.sweep();
    scene.assert_both_know_the_same();
    assert_eq!(scene.hints().len(), 0);
    assert!(browser.verdict().contains(PASSED));
}

/// What the person does on the page, while the browser stays away.
fn finish(scene: &Scene, page: &str, verdict: Verdict, faults: &[CallbackFault]) {
    let now = scene.simulator.now_unix();
    let mut world = scene.simulator.world();
    let finished = world.finish_with(certify_id(page), verdict, faults, now);
    finished.unwrap();
}

#[test]
fn a_callback_is_enough() {
    for (verdict, state) in [
        (Verdict::Passed, "passed"),
        (Verdict::LivenessRisk, "failed"),
    ] {
        let scene = Scene::new();
        let browser = scene.browser();
        let (_, page) = browser.open();
        finish(&scene, &page, verdict, &[]);
        scene.wait_for_state(state);
        assert_eq!(scene.hints().len(), 1);
        // The return comes after it.
        assert_eq!(browser.get("/back?response=%7B%22code%22%3A1000%7D").0, 303);
        assert_eq!(browser.verdict().contains(PASSED), state == "passed");
    }
}

#[test]
fn callbacks_that_are_forged_or_come_again_change_nothing() {
    let scene = Scene::new();
    let browser = scene.browser();
    let (_, page) = browser.open();
    let faults = [CallbackFault::Forged, CallbackFault::Repeated];
    finish(&scene, &page, Verdict::FaceMismatch, &faults);
    scene.settle();
    scene.wait_for_state("failed");
    let hints = scene.hints();
    assert!(
        hints
            .into_iter()
            .eq(["callback 204", "forged callback 200"])
    );
    assert!(browser.verdict().contains(FAILED));
    assert_eq!(scene.sql("select kind from hint").len(), 2);
}

#[test]
fn callbacks_are_answered_and_decide_nothing() {
    let scene = Scene::new();
    let browser = scene.browser();
    let (_, page) = browser.open();
    let id = certify_id(&page);
    let key = CallbackKey::new(SECRET).unwrap();
    let order = scene.sql("select order_no from verification")[0][0].clone();
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
        // A good token of another order, and another verification with this one's.
        (200, token("order1", now + 9)),
        (200, genuine.replace(id, "sha0")),
        (403, "certifyId=sha0&passed=200".into()),
        (400, "passed=200".into()),
        (400, String::new()),
        (400, format!("certifyId={id}&x={}", "x".repeat(60_000))),
        // Genuine, but there is no verdict whatever it says.
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
    let hints = [
        "broken return other",
        "callback 200",
        "crossed callback 200",
        "forged callback 200",
        "late callback 200",
    ];
    assert!(scene.hints().into_iter().eq(hints));
    assert_eq!(scene.sql("select kind from hint").len(), hints.len());
}

#[test]
fn a_megabyte_is_refused() {
    let scene = Scene::new();
    let browser = scene.browser();
    let (host, cookie) = (scene.url.strip_prefix("http://").unwrap(), &browser.cookie);
    let megabyte = "x".repeat(1 << 20);
    let form = format!("name={megabyte}&number={NUMBER}&meta=%7B%7D&consent=yes");
    let kind = "application/x-www-form-urlencoded";
    for request in [
        format!("GET /callback?x={megabyte} HTTP/1.1\r\nhost: a\r\n\r\n"),
        format!(
            "POST /open HTTP/1.1\r\nhost: a\r\ncookie: {cookie}\r\ncontent-type: {kind}\r\n\
             content-length: {}\r\n\r\n{form}",
            form.len()
        ),
    ] {
        let mut socket = TcpStream::connect(host).unwrap();
        // It may hang up in the middle, and that may overtake the answer.
        let _ = socket.write_all(request.as_bytes());
        let mut answer = [0; 12];
        if socket.read_exact(&mut answer).is_ok() {
            assert!(answer.starts_with(b"HTTP/1.1 4"), "{answer:?}");
        }
    }
    assert_eq!(scene.executed("InitFaceVerify"), 0);
    assert_eq!(browser.open().0, 303);
    assert_eq!(scene.executed("InitFaceVerify"), 1);
}

#[test]
fn a_form_without_consent_opens_nothing() {
    let scene = Scene::new();
    let browser = scene.browser();
    let all = [
        ("name", NAME),
        ("number", NUMBER),
        ("meta", "{}"),
        ("consent", "yes"),
    ];
    for missing in 0..all.len() {
        let mut form = all.to_vec();
        form[missing].1 = " ";
        assert_eq!(browser.send(&form).0, 400);
        form.remove(missing);
        assert_eq!(browser.send(&form).0, 400);
    }
    assert_eq!(scene.executed("InitFaceVerify"), 0);
    assert_eq!(scene.sql("select state from verification").len(), 0);
}

#[test]
fn a_service_that_is_down_is_said_and_tried_again() {
    let scene = Scene::new();
    let mut browser = scene.browser();
    let down = || {
        scene
            .simulator
            .inject(Region::Shanghai, Fault::Refuse, Times::Always);
    };
    down();
    assert_eq!(browser.open(), (303, "/result".into()));
    assert!(browser.result().contains("That did not work"));
    assert_eq!(scene.state(), "refused");
    scene.simulator.heal(Region::Shanghai).unwrap();
    assert_eq!(browser.start(), 200);
    let (_, page) = browser.open();
    // Down again when the verdict is there, and when the sweep comes by.
    down();
    finish(&scene, &page, Verdict::Passed, &[]);
    scene.settle();
    scene.an_hour_passes();
    scene.sweep();
    scene.simulator.heal(Region::Shanghai).unwrap();
    scene.sweep();
    let open = || {
        scene
            .sql("select state from verification where state = 'open'")
            .len()
    };
    assert_eq!(open(), 1, "not at once again");
    scene.an_hour_passes();
    scene.sweep();
    scene.assert_both_know_the_same();
}

#[test]
fn what_is_not_erased_is_erased_later() {
    let scene = Scene::new();
    let browser = scene.browser();
    let (_, page) = browser.open();
    let fault = Fault::Status(403);
    scene.simulator.world().inject_on(
        Region::Shanghai,
        "DeleteFaceVerifyResult",
        fault,
        Times::Always,
    );
    finish(&scene, &page, Verdict::Passed, &[CallbackFault::HeldBack]);
    assert!(browser.verdict().contains(PASSED));
    assert_eq!(scene.executed("DeleteFaceVerifyResult"), 0);
    scene.simulator.world().clear_faults();
    scene.an_hour_passes();
    scene.sweep();
    scene.sweep();
    assert_eq!(scene.executed("DeleteFaceVerifyResult"), 1);
    scene.assert_both_know_the_same();
}

#[test]
fn two_that_sweep_at_once_share_the_work() {
    let scene = Scene::new();
    for turn in 0..40 {
        scene.simulator.world().unlock_identities();
        let (_, page) = scene.browser().open();
        let verdict = [Verdict::Passed, Verdict::LivenessRisk][turn % 2];
        finish(&scene, &page, verdict, &[CallbackFault::HeldBack]);
    }
    scene.an_hour_passes();
    scene.two_sweep();
    scene.assert_both_know_the_same();
    for action in ["DescribeFaceVerify", "DeleteFaceVerifyResult"] {
        assert_eq!(scene.executed(action), 40, "{action}");
    }
}

#[test]
fn a_page_that_is_loaded_many_times_asks_once() {
    let scene = Scene::new();
    let browser = scene.browser();
    let (_, page) = browser.open();
    finish(&scene, &page, Verdict::Passed, &[CallbackFault::HeldBack]);
    // The first question takes a while.
    let simulator = &scene.simulator;
    simulator.inject(Region::Shanghai, Fault::Throttle, Times::Once);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| browser.verdict());
        }
    });
    scene.idle();
    assert_eq!(scene.executed("DescribeFaceVerify"), 1);
    assert_eq!(scene.executed("DeleteFaceVerifyResult"), 1);
}

#[test]
fn nobody_can_be_read_in_the_ledger() {
    let scene = Scene::new();
    let browser = scene.browser();
    let (_, page) = browser.open();
    let holds = |text: &str| {
        let file = fs::read(scene.ledger_file()).unwrap();
        file.windows(text.len()).any(|it| it == text.as_bytes())
    };
    let cookie = browser.cookie.strip_prefix("visit=").unwrap();
    for text in [NAME, NUMBER, cookie] {
        assert!(!holds(text));
    }
    assert!(holds(&page), "it is looked for in the right place");
    browser.press(&page, "pass");
    assert!(browser.verdict().contains(PASSED));
    assert_eq!(scene.sql("select page from verification"), [[""]]);
}

#[test]
fn what_the_service_says_is_escaped() {
    let scene = Scene::new();
    let url = "http://127.0.0.1:1/\"'><script>alert(1)</script>&amp".to_owned();
    scene.simulator.world().set_public_url(url);
    let browser = scene.browser();
    browser.open();
    let text = browser.result();
    assert!(text.contains(WAITING));
    assert!(!text.contains("<script") && !text.contains("'>") && text.contains("&#39;&gt;&lt;s"));
    assert!(text.contains("&amp;amp/verify/"), "{text}");
}

#[test]
fn killed_at_each_moment_nothing_is_lost_and_nothing_done_twice() {
    let mut deaths = 0;
    loop {
        let fuse = Fuse::of(deaths + 1);
        let mut scene = Scene::with(fuse.clone());
        scene.simulator.world().repeat_callbacks_after(Vec::new());
        let outcome = ["pass", "205"][deaths % 2];
        let mut browser = scene.browser();
        let mut page = walk(&browser, outcome);
        scene.settle();
        browser.result();
        while !fuse.is_burnt() && !scene.is_idle() {
            thread::sleep(Duration::from_millis(10));
        }
        if !fuse.is_burnt() {
            assert!(page, "it was not killed");
            scene.assert_both_know_the_same();
            break;
        }
        deaths += 1;
        scene.restart();
        browser.result();
        if !page {
            // The person tries again: at once, or when it is clear that no answer comes.
            page = walk(&browser, outcome);
        }
        scene.an_hour_passes();
        if !page && browser.start() == 200 {
            walk(&browser, outcome);
        }
        scene.settle();
        browser.result();
        scene.idle();
        scene.an_hour_passes();
        scene.sweep();
        scene.assert_both_know_the_same();
        let told = if outcome == "pass" { PASSED } else { FAILED };
        let result = browser.verdict();
        assert!(result.contains(told), "after {deaths}: {result}");
        let judged =
            scene.sql("select state from verification where state in ('passed', 'failed')");
        assert_eq!(judged.len(), 1, "after {deaths}");
    }
    assert!(deaths > 12, "{deaths}");
}

/// The form, the service's page and the way back; whether the person got to the page.
fn walk(browser: &scene::Browser, outcome: &str) -> bool {
    let (_, page) = browser.open();
    let has_page = page.contains("/verify/");
    if has_page {
        let back = browser.press(&page, outcome);
        browser.get(&back);
    }
    has_page
}
