//! The axum backend of the examples, walked from its start page to its result page.

use core::time::Duration;
use std::thread::sleep;

use cloudauth_browser_tests::{Chromium, Size, Tab};
use cloudauth_sim::Verdict;

use crate::backend::Backend;

const NOTHING: [String; 0] = [];

/// `target/tmp/backend-<name>.png`, of a page without faults.
fn look_at(tab: &Tab<'_>, name: &str) {
    assert_eq!(tab.complaints(), NOTHING, "{name}");
    tab.screenshot(format!(
        "{}/backend-{name}.png",
        env!("CARGO_TARGET_TMPDIR")
    ));
}

fn fill_in(tab: &Tab<'_>, backend: &Backend) {
    tab.go(&backend.url);
    tab.type_into("#name", "张三");
    tab.type_into("#number", "330103199001011234");
    tab.press("input[name=consent]");
}

/// From the start page to the service's; the certify id.
fn start(tab: &Tab<'_>, backend: &Backend) -> String {
    fill_in(tab, backend);
    tab.press("button");
    away(tab)
}

fn away(tab: &Tab<'_>) -> String {
    tab.wait_for("location.pathname.startsWith('/verify/')");
    tab.settle();
    tab.url().rsplit('/').next().unwrap().to_owned()
}

/// Waits until the backend's page says this.
fn reads(tab: &Tab<'_>, english: &str) {
    tab.wait_for(&format!(
        "document.readyState == 'complete' && document.querySelector('h1 + p')?.textContent == '{english}'"
    ));
}

/// Only this machine was asked for anything, and the browser complained of nothing.
fn assert_quiet(tab: &Tab<'_>) {
    assert_eq!(tab.problems(), NOTHING);
    for url in tab.requests() {
        let known = ["http://127.0.0.1:", "data:"];
        assert!(known.iter().any(|start| url.starts_with(start)), "{url}");
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
        look_at(&tab, &format!("{name}-start"));
        tab.press("button");
        away(&tab);
        tab.press(".pass");
        reads(&tab, "Passed");
        look_at(&tab, &format!("{name}-passed"));
        backend.settle();
        backend.assert_both_know_the_same();
        assert_quiet(&tab);
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
    reads(&tab, "Not passed");
    look_at(&tab, "failed");
    tab.press("a.button");
    reads(&tab, "Who are you?");
    start(&tab, &backend);
    tab.press(".pass");
    reads(&tab, "Passed");
    backend.wait_for_states(&["failed", "passed"]);
    backend.assert_both_know_the_same();
    assert_quiet(&tab);
}

#[test]
#[ignore = "needs Chromium"]
fn a_person_leaves_and_goes_on() {
    let chromium = Chromium::start();
    let backend = Backend::new();
    let tab = chromium.tab(Size::PHONE, "zh-CN");
    start(&tab, &backend);
    tab.press("button[value=abandon]");
    reads(&tab, "You have not finished");
    look_at(&tab, "unfinished");
    tab.go(&format!("{}/result", backend.url));
    reads(&tab, "There is no verdict yet");
    look_at(&tab, "waiting");
    tab.press("a.button");
    away(&tab);
    tab.press(".pass");
    reads(&tab, "Passed");
    backend.assert_both_know_the_same();
    assert_quiet(&tab);
}

#[test]
#[ignore = "needs Chromium"]
fn a_person_leaves_for_good() {
    let chromium = Chromium::start();
    let backend = Backend::with_patience(2);
    let tab = chromium.tab(Size::PHONE, "zh-CN");
    start(&tab, &backend);
    tab.press("button[value=abandon]");
    tab.wait_for("location.pathname == '/back' || location.pathname == '/result'");
    backend.wait_for_states(&["lapsed"]);
    tab.go(&format!("{}/result", backend.url));
    reads(&tab, "It took too long");
    look_at(&tab, "lapsed");
    backend.assert_both_know_the_same();
}

#[test]
#[ignore = "needs Chromium"]
fn the_back_button_leads_nowhere_new() {
    let chromium = Chromium::start();
    let backend = Backend::new();
    let tab = chromium.tab(Size::PHONE, "en");
    start(&tab, &backend);
    // Back to the form, which leads to the verification that is open.
    tab.back();
    tab.wait_for("location.pathname == '/' || location.pathname == '/result'");
    tab.settle();
    tab.go(&backend.url);
    reads(&tab, "There is no verdict yet");
    tab.press("a.button");
    away(&tab);
    tab.press(".pass");
    reads(&tab, "Passed");
    // Back to the service's page, which takes nothing any more.
    tab.back();
    away(&tab);
    if tab.value_of("document.querySelector('.pass') != null") == true {
        tab.press(".pass");
        tab.wait_for("document.querySelector('a.button') != null");
        tab.settle();
    }
    tab.press("a.button");
    reads(&tab, "Passed");
    tab.go(&backend.url);
    reads(&tab, "Passed");
    backend.settle();
    assert_eq!(backend.simulator.world().executions("InitFaceVerify"), 1);
    backend.assert_both_know_the_same();
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
        // Whoever comes while it is being opened waits, and the page comes again by itself.
        tab.wait_for(
            "location.pathname.startsWith('/verify/') || document.querySelector('a.button') != null",
        );
        tab.settle();
        if !tab.url().contains("/verify/") {
            tab.press("a.button");
        }
        away(&tab);
        tab.press_twice(".pass");
        tab.wait_for(
            "location.pathname == '/result' || document.querySelector('a.button') != null",
        );
        tab.settle();
        if tab.url().contains("/verify/") {
            tab.press("a.button");
        }
        reads(&tab, "Passed");
        backend.settle();
        assert_eq!(backend.simulator.world().executions("InitFaceVerify"), 1);
        backend.assert_both_know_the_same();
    }
}

#[test]
#[ignore = "needs Chromium"]
fn callbacks_come_before_the_return_after_it_and_never() {
    let chromium = Chromium::start();
    let backend = Backend::new();

    // Before: the verdict is there while the person is still away.
    let early = chromium.tab(Size::PHONE, "en");
    let id = start(&early, &backend);
    let now = backend.simulator.now_unix();
    let mut world = backend.simulator.world();
    world.finish(&id, Verdict::Passed, now).unwrap();
    drop(world);
    backend.wait_for_states(&["passed"]);
    early.go(&format!("{}/result", backend.url));
    reads(&early, "Passed");

    // Held back: the return is enough.
    let never = chromium.tab(Size::PHONE, "en");
    start(&never, &backend);
    never.press("summary");
    never.press("input[value=held-back]");
    never.press(".fail");
    reads(&never, "Not passed");
    backend.assert_both_know_the_same();
    assert_eq!(backend.simulator.world().callbacks_to_come(), 1);

    // After: another order's callback lets that one go.
    let after = chromium.tab(Size::PHONE, "en");
    start(&after, &backend);
    after.press(".pass");
    reads(&after, "Passed");
    backend.settle();
    backend.wait_for_states(&["failed", "passed", "passed"]);
    backend.assert_both_know_the_same();
    never.go(&format!("{}/result", backend.url));
    reads(&never, "Not passed");
}

#[test]
#[ignore = "needs Chromium"]
fn killed_at_each_step_it_goes_on_where_it_was() {
    let chromium = Chromium::start();
    for step in ["start", "away", "return", "result"] {
        let mut backend = Backend::new();
        let tab = chromium.tab(Size::PHONE, "en");
        let again = |at: &str, backend: &mut Backend| {
            if at == step {
                backend.kill();
                backend.start();
            }
        };
        fill_in(&tab, &backend);
        again("start", &mut backend);
        tab.press("button");
        away(&tab);
        again("away", &mut backend);
        if step == "return" {
            // Nobody is there when the browser and the callback come; the callback comes again.
            backend.kill();
            tab.press(".pass");
            sleep(Duration::from_millis(500));
            backend.start();
            tab.go(&format!("{}/result", backend.url));
        } else {
            tab.press(".pass");
        }
        reads(&tab, "Passed");
        again("result", &mut backend);
        tab.go(&format!("{}/result", backend.url));
        reads(&tab, "Passed");
        backend.settle();
        backend.assert_both_know_the_same();
        let world = backend.simulator.world();
        assert_eq!(world.executions("InitFaceVerify"), 1, "{step}");
    }
}

#[test]
#[ignore = "needs Chromium"]
fn the_pages_can_be_read_in_the_dark() {
    let chromium = Chromium::start();
    let backend = Backend::new();
    let tab = chromium.tab(Size::PHONE, "zh-CN");
    tab.set_dark(true);
    fill_in(&tab, &backend);
    look_at(&tab, "dark-start");
    tab.press("button");
    away(&tab);
    tab.press(".pass");
    reads(&tab, "Passed");
    look_at(&tab, "dark-passed");
    tab.go(&format!("{}/nowhere", backend.url));
    look_at(&tab, "dark-nowhere");
}
