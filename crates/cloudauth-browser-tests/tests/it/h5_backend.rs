//! The example backends, from their start page to their result page.

use core::time::Duration;
use std::thread::sleep;

use cloudauth_browser_tests::{Chromium, Size, Tab};
use cloudauth_sim::Verdict;

use crate::backend::{Backend, Example};

const NONE: [String; 0] = [];

/// Audits the page, and writes `target/tmp/backend-<name>.png`.
fn audit(tab: &Tab<'_>, name: &str) {
    assert_eq!(tab.audit(), NONE, "{name}");
    tab.screenshot(format!(
        "{}/backend-{name}.png",
        env!("CARGO_TARGET_TMPDIR")
    ));
}

fn fill_in(tab: &Tab<'_>, backend: &Backend) {
    tab.go(&backend.url);
    tab.type_into("#name", "张三");
    tab.type_into("#number", "330103199001011230");
    tab.press("input[name=consent]");
}

/// Goes from the start page to the service's page. Returns the certify ID.
fn start(tab: &Tab<'_>, backend: &Backend) -> String {
    fill_in(tab, backend);
    tab.press("button");
    service_page(tab)
}

/// Waits for the service's page. Returns the certify ID.
fn service_page(tab: &Tab<'_>) -> String {
    tab.wait_for("location.pathname.startsWith('/verify/')");
    tab.settle();
    tab.url().rsplit('/').next().unwrap().to_owned()
}

/// Waits for the backend's page with this text below its heading.
fn wait_for_page(tab: &Tab<'_>, english: &str) {
    tab.wait_for(&format!(
        "document.readyState == 'complete' && document.querySelector('h1 + p')?.textContent == '{english}'"
    ));
}

/// The tab made requests to this machine only, and the browser reported no errors.
fn assert_no_errors(tab: &Tab<'_>) {
    assert_eq!(tab.errors(), NONE);
    for url in tab.requests() {
        let allowed = ["http://127.0.0.1:", "data:"];
        assert!(allowed.iter().any(|start| url.starts_with(start)), "{url}");
    }
}

#[test]
#[ignore = "needs Chromium"]
fn a_person_passes_at_every_size() {
    let chromium = Chromium::start();
    for (name, size) in [
        ("phone", Size::PHONE),
        ("small-phone", Size::SMALL_PHONE),
        ("desktop", Size::DESKTOP),
    ] {
        let backend = Backend::new();
        let tab = chromium.tab(size, "zh-CN");
        fill_in(&tab, &backend);
        audit(&tab, &format!("{name}-start"));
        tab.press("button");
        service_page(&tab);
        tab.press(".pass");
        wait_for_page(&tab, "Passed");
        audit(&tab, &format!("{name}-passed"));
        backend.wait_for_callbacks();
        backend.assert_store_matches_service();
        assert_no_errors(&tab);
    }
}

#[test]
#[ignore = "needs Chromium"]
fn without_a_database_a_person_fails_continues_and_passes() {
    let chromium = Chromium::start();
    for example in [Example::Minimal, Example::Blocking] {
        for (size_name, size) in [("phone", Size::PHONE), ("desktop", Size::DESKTOP)] {
            let name = |page: &str| format!("{}-{size_name}-{page}", example.name());
            let backend = Backend::of(example);
            let tab = chromium.tab(size, "zh-CN");
            fill_in(&tab, &backend);
            audit(&tab, &name("start"));
            tab.press("button");
            service_page(&tab);
            tab.press(".fail");
            wait_for_page(&tab, "Not passed");
            audit(&tab, &name("failed"));
            tab.press("a.button");
            wait_for_page(&tab, "Identity verification");
            start(&tab, &backend);
            tab.press("button[value=abandon]");
            wait_for_page(&tab, "Your verification is not finished");
            audit(&tab, &name("unfinished"));
            tab.go(&format!("{}/result", backend.url));
            wait_for_page(&tab, "There is no result yet");
            audit(&tab, &name("waiting"));
            tab.press("a.button");
            service_page(&tab);
            tab.press(".pass");
            wait_for_page(&tab, "Passed");
            audit(&tab, &name("passed"));
            tab.go(&format!("{}/nowhere", backend.url));
            wait_for_page(&tab, "Page not found");
            tab.go(&backend.url);
            wait_for_page(&tab, "Passed");
            assert_eq!(backend.simulator.world().executions("InitFaceVerify"), 2);
        }
    }
}

#[test]
#[ignore = "needs Chromium"]
fn a_person_fails_and_passes_the_second_time() {
    let chromium = Chromium::start();
    let backend = Backend::new();
    let tab = chromium.tab(Size::PHONE, "zh-CN");
    start(&tab, &backend);
    tab.press(".fail");
    wait_for_page(&tab, "Not passed");
    audit(&tab, "failed");
    tab.press("a.button");
    wait_for_page(&tab, "Identity verification");
    start(&tab, &backend);
    tab.press(".pass");
    wait_for_page(&tab, "Passed");
    backend.wait_for_states(&["failed", "passed"]);
    backend.assert_store_matches_service();
    assert_no_errors(&tab);
}

#[test]
#[ignore = "needs Chromium"]
fn an_abandoned_verification_can_be_continued() {
    let chromium = Chromium::start();
    let backend = Backend::new();
    let tab = chromium.tab(Size::PHONE, "zh-CN");
    start(&tab, &backend);
    tab.press("button[value=abandon]");
    wait_for_page(&tab, "Your verification is not finished");
    audit(&tab, "unfinished");
    tab.go(&format!("{}/result", backend.url));
    wait_for_page(&tab, "There is no result yet");
    audit(&tab, "waiting");
    tab.press("a.button");
    service_page(&tab);
    tab.press(".pass");
    wait_for_page(&tab, "Passed");
    backend.assert_store_matches_service();
    assert_no_errors(&tab);
}

#[test]
#[ignore = "needs Chromium"]
fn an_abandoned_verification_expires() {
    let chromium = Chromium::start();
    let backend = Backend::with_verdict_timeout(2);
    let tab = chromium.tab(Size::PHONE, "zh-CN");
    start(&tab, &backend);
    tab.press("button[value=abandon]");
    tab.wait_for("location.pathname == '/back' || location.pathname == '/result'");
    backend.wait_for_states(&["expired"]);
    tab.go(&format!("{}/result", backend.url));
    wait_for_page(&tab, "Your verification has expired");
    audit(&tab, "expired");
    backend.assert_store_matches_service();
}

#[test]
#[ignore = "needs Chromium"]
fn the_back_button_opens_no_second_verification() {
    let chromium = Chromium::start();
    let backend = Backend::new();
    let tab = chromium.tab(Size::PHONE, "en");
    start(&tab, &backend);
    // Back to the form, which redirects to the open verification.
    tab.back();
    tab.wait_for("location.pathname == '/' || location.pathname == '/result'");
    tab.settle();
    tab.go(&backend.url);
    wait_for_page(&tab, "There is no result yet");
    tab.press("a.button");
    service_page(&tab);
    tab.press(".pass");
    wait_for_page(&tab, "Passed");
    // Back to the service's page, which accepts no second result.
    tab.back();
    service_page(&tab);
    if tab.value_of("document.querySelector('.pass') != null") == true {
        tab.press(".pass");
        tab.wait_for("document.querySelector('a.button') != null");
        tab.settle();
    }
    tab.press("a.button");
    wait_for_page(&tab, "Passed");
    tab.go(&backend.url);
    wait_for_page(&tab, "Passed");
    backend.wait_for_callbacks();
    assert_eq!(backend.simulator.world().executions("InitFaceVerify"), 1);
    backend.assert_store_matches_service();
}

#[test]
#[ignore = "needs Chromium"]
fn pressing_twice_opens_one_verification() {
    let chromium = Chromium::start();
    for size in [Size::PHONE, Size::DESKTOP] {
        let backend = Backend::new();
        let tab = chromium.tab(size, "en");
        fill_in(&tab, &backend);
        tab.press_twice("button");
        // While the verification is being opened, the waiting page reloads itself.
        tab.wait_for(
            "location.pathname.startsWith('/verify/') || document.querySelector('a.button') != null",
        );
        tab.settle();
        if !tab.url().contains("/verify/") {
            tab.press("a.button");
        }
        service_page(&tab);
        tab.press_twice(".pass");
        tab.wait_for(
            "location.pathname == '/result' || document.querySelector('a.button') != null",
        );
        tab.settle();
        if tab.url().contains("/verify/") {
            tab.press("a.button");
        }
        wait_for_page(&tab, "Passed");
        backend.wait_for_callbacks();
        assert_eq!(backend.simulator.world().executions("InitFaceVerify"), 1);
        backend.assert_store_matches_service();
    }
}

#[test]
#[ignore = "needs Chromium"]
fn callbacks_may_arrive_before_the_redirect_after_it_or_never() {
    let chromium = Chromium::start();
    let backend = Backend::new();

    // Before: there is a verdict while the browser is still at the service's page.
    let early = chromium.tab(Size::PHONE, "en");
    let id = start(&early, &backend);
    let now = backend.simulator.now_unix();
    let mut world = backend.simulator.world();
    world.finish(&id, Verdict::Passed, now).unwrap();
    drop(world);
    backend.wait_for_states(&["passed"]);
    early.go(&format!("{}/result", backend.url));
    wait_for_page(&early, "Passed");

    // Never: the redirect suffices.
    let never = chromium.tab(Size::PHONE, "en");
    start(&never, &backend);
    never.press("summary");
    never.press("input[value=held_back]");
    never.press(".fail");
    wait_for_page(&never, "Not passed");
    backend.assert_store_matches_service();
    assert_eq!(backend.simulator.world().pending_callbacks(), 1);

    // After: a later callback releases the one that is held back.
    let after = chromium.tab(Size::PHONE, "en");
    start(&after, &backend);
    after.press(".pass");
    wait_for_page(&after, "Passed");
    backend.wait_for_callbacks();
    backend.wait_for_states(&["failed", "passed", "passed"]);
    backend.assert_store_matches_service();
    never.go(&format!("{}/result", backend.url));
    wait_for_page(&never, "Not passed");
}

#[test]
#[ignore = "needs Chromium"]
fn a_backend_killed_at_any_step_resumes() {
    let chromium = Chromium::start();
    for step in ["start", "open", "redirect", "result"] {
        let mut backend = Backend::new();
        let tab = chromium.tab(Size::PHONE, "en");
        let restart = |at: &str, backend: &mut Backend| {
            if at == step {
                backend.kill();
                backend.start();
            }
        };
        fill_in(&tab, &backend);
        restart("start", &mut backend);
        tab.press("button");
        service_page(&tab);
        restart("open", &mut backend);
        if step == "redirect" {
            // The backend is down when the browser is redirected and the callback arrives; the callback is
            // repeated.
            backend.kill();
            tab.press(".pass");
            sleep(Duration::from_millis(500));
            backend.start();
            tab.go(&format!("{}/result", backend.url));
        } else {
            tab.press(".pass");
        }
        wait_for_page(&tab, "Passed");
        restart("result", &mut backend);
        tab.go(&format!("{}/result", backend.url));
        wait_for_page(&tab, "Passed");
        backend.wait_for_callbacks();
        backend.assert_store_matches_service();
        let world = backend.simulator.world();
        assert_eq!(world.executions("InitFaceVerify"), 1, "{step}");
    }
}

#[test]
#[ignore = "needs Chromium"]
fn the_pages_are_readable_in_dark_mode() {
    let chromium = Chromium::start();
    let backend = Backend::new();
    let tab = chromium.tab(Size::PHONE, "zh-CN");
    tab.set_dark(true);
    fill_in(&tab, &backend);
    audit(&tab, "dark-start");
    tab.press("button");
    service_page(&tab);
    tab.press(".pass");
    wait_for_page(&tab, "Passed");
    audit(&tab, "dark-passed");
    tab.go(&format!("{}/nowhere", backend.url));
    audit(&tab, "dark-not-found");
}
