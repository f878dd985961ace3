//! The simulator's page at `CertifyUrl`, from a shop's start page to its return page.

use cloudauth_browser_tests::{Chromium, Size, Tab};
use cloudauth_sim::CallbackKind;
use serde_json::Value;

use crate::shop::Shop;

const SIZES: [(&str, Size); 3] = [
    ("phone", Size::PHONE),
    ("small-phone", Size::SMALL_PHONE),
    ("desktop", Size::DESKTOP),
];

const NONE: [String; 0] = [];

/// Writes `target/tmp/<name>.png`.
fn screenshot(tab: &Tab<'_>, name: &str) {
    tab.screenshot(format!("{}/{name}.png", env!("CARGO_TARGET_TMPDIR")));
}

/// Goes from the shop's start page to its `CertifyUrl`. Returns the certify ID.
fn start(tab: &Tab<'_>, shop: &Shop) -> String {
    tab.go(&shop.url);
    tab.press(".start");
    tab.wait_for("location.pathname.startsWith('/verify/')");
    tab.settle();
    tab.url().rsplit('/').next().unwrap().to_owned()
}

/// Waits for the shop's return page. Returns its `response` parameter.
fn returned(tab: &Tab<'_>) -> Value {
    tab.wait_for("location.pathname == '/done' && document.readyState == 'complete'");
    assert!(tab.url().starts_with("http://localhost:"), "another origin");
    tab.value_of("JSON.parse(new URLSearchParams(location.search).get('response'))")
}

/// The browser may show the form from its cache; submitting it again has no effect.
fn go_back_and_press_again(tab: &Tab<'_>, heading: &str) {
    tab.back();
    tab.wait_for("location.pathname.startsWith('/verify/')");
    tab.settle();
    if tab.value_of("document.querySelector('.pass') != null") == true {
        tab.press(".pass");
    }
    tab.wait_for(&format!(
        "document.querySelector('h1')?.textContent == '{heading}'"
    ));
}

/// The tab made requests to this machine only, and the browser reported no errors.
fn assert_no_errors(tab: &Tab<'_>) {
    assert_eq!(tab.errors(), NONE);
    for url in tab.requests() {
        let allowed = ["http://127.0.0.1:", "http://localhost:", "data:"];
        assert!(allowed.iter().any(|start| url.starts_with(start)), "{url}");
    }
}

#[test]
#[ignore = "needs Chromium"]
fn a_person_passes_and_returns() {
    let chromium = Chromium::start();
    for (name, size) in SIZES {
        let shop = Shop::open();
        let tab = chromium.tab(size, "en");
        let id = start(&tab, &shop);
        assert_eq!(tab.audit(), NONE, "{name}");
        screenshot(&tab, &format!("{name}-form"));
        tab.press(".pass");
        let response = returned(&tab);
        assert_eq!(
            (&response["code"], &response["subCode"]),
            (&1000.into(), &"Z5050".into())
        );
        assert_eq!(response["extInfo"]["certifyId"], id);
        assert_eq!(shop.verdict(&id), Ok((true, "200".to_owned())));
        let query = format!("callbackToken=secret&certifyId={id}&passed=200");
        assert_eq!(shop.called(), [query]);
        assert_no_errors(&tab);
    }
}

#[test]
#[ignore = "needs Chromium"]
fn a_person_fails_in_chinese() {
    let chromium = Chromium::start();
    for (name, size) in SIZES {
        let shop = Shop::open();
        let tab = chromium.tab(size, "zh-CN");
        let id = start(&tab, &shop);
        assert!(tab.text().contains("模拟实人认证"), "{}", tab.text());
        assert_eq!(tab.audit(), NONE, "{name}");
        screenshot(&tab, &format!("{name}-form-zh"));
        tab.choose("#sub_code", "205");
        tab.press(".fail");
        let response = returned(&tab);
        assert_eq!(
            (&response["code"], &response["subCode"]),
            (&2006.into(), &"Z5051".into())
        );
        assert_eq!(shop.verdict(&id), Ok((false, "205".to_owned())));
        let query = format!("callbackToken=secret&certifyId={id}&passed=205");
        assert_eq!(shop.called(), [query]);
        assert_no_errors(&tab);
    }
}

#[test]
#[ignore = "needs Chromium"]
fn an_abandoned_verification_causes_no_callback() {
    let chromium = Chromium::start();
    let shop = Shop::open();
    let tab = chromium.tab(Size::PHONE, "en");
    let id = start(&tab, &shop);
    tab.choose("#page_code", "Z5054");
    tab.press("button[value=abandon]");
    let response = returned(&tab);
    assert_eq!(
        (&response["code"], &response["subCode"]),
        (&1003.into(), &"Z5054".into())
    );
    assert!(shop.verdict(&id).is_err());
    assert_eq!(shop.called(), NONE);

    // Going back opens the page again, which is still valid.
    tab.back();
    tab.wait_for("location.pathname.startsWith('/verify/')");
    tab.settle();
    tab.press(".pass");
    assert_eq!(returned(&tab)["code"], 1000);
    assert_eq!(shop.verdict(&id), Ok((true, "200".to_owned())));
    assert_no_errors(&tab);
}

#[test]
#[ignore = "needs Chromium"]
fn pressing_twice_submits_once() {
    let chromium = Chromium::start();
    for (_, size) in SIZES {
        let shop = Shop::open();
        let tab = chromium.tab(size, "en");
        let id = start(&tab, &shop);
        tab.press_twice(".fail");
        // If the second press submits again, the page offers a link back to the shop.
        tab.wait_for("location.pathname == '/done' || document.querySelector('a.button') != null");
        tab.settle();
        if tab.url().contains("/verify/") {
            tab.press("a.button");
        }
        assert_eq!(returned(&tab)["code"], 2006);
        assert_eq!(shop.verdict(&id), Ok((false, "204".to_owned())));
        assert_eq!(shop.called().len(), 1);
    }
}

#[test]
#[ignore = "needs Chromium"]
fn the_back_button_opens_a_used_page_with_a_link_to_the_shop() {
    let chromium = Chromium::start();
    for (name, size) in SIZES {
        let shop = Shop::open();
        let tab = chromium.tab(size, "en");
        let id = start(&tab, &shop);
        tab.press(".pass");
        let first = returned(&tab);
        go_back_and_press_again(&tab, "Already used");
        assert_eq!(tab.audit(), NONE, "{name}");
        screenshot(&tab, &format!("{name}-used"));
        tab.press("a.button");
        assert_eq!(returned(&tab), first);
        assert_eq!(shop.verdict(&id), Ok((true, "200".to_owned())));
        assert_eq!(shop.called().len(), 1);
    }
}

#[test]
#[ignore = "needs Chromium"]
fn an_unknown_page_is_reported_in_the_person_s_language() {
    let chromium = Chromium::start();
    let shop = Shop::open();
    for (language, heading) in [("en", "No such verification"), ("zh", "认证不存在")] {
        let tab = chromium.tab(Size::PHONE, language);
        tab.go(&format!("{}/verify/sha0", shop.simulator.page_url()));
        assert!(tab.text().starts_with(heading), "{}", tab.text());
        assert_eq!(tab.audit(), NONE);
        screenshot(&tab, &format!("phone-unknown-{language}"));
    }
}

#[test]
#[ignore = "needs Chromium"]
fn an_expired_page_accepts_no_result() {
    let chromium = Chromium::start();
    let shop = Shop::open();
    let tab = chromium.tab(Size::PHONE, "en");
    let id = start(&tab, &shop);
    shop.simulator.move_clock(31 * 60);
    tab.press(".pass");
    tab.wait_for("document.querySelector('h1')?.textContent == 'Too late'");
    assert_eq!(tab.audit(), NONE);
    screenshot(&tab, "phone-expired");
    assert!(shop.verdict(&id).is_err());
    assert_eq!(shop.called(), NONE);
}

#[test]
#[ignore = "needs Chromium"]
fn the_language_can_be_changed_and_is_remembered() {
    let chromium = Chromium::start();
    let shop = Shop::open();
    let tab = chromium.tab(Size::DESKTOP, "en");
    start(&tab, &shop);
    tab.press("nav a");
    tab.wait_for("document.documentElement.lang == 'zh-CN'");
    tab.settle();
    tab.press(".pass");
    returned(&tab);
    go_back_and_press_again(&tab, "页面已使用");
}

#[test]
#[ignore = "needs Chromium"]
fn the_page_is_readable_in_dark_mode() {
    let chromium = Chromium::start();
    let shop = Shop::open();
    for (name, size) in SIZES {
        let tab = chromium.tab(size, "en");
        tab.set_dark(true);
        start(&tab, &shop);
        tab.press("summary");
        tab.wait_for("document.querySelector('details').open");
        assert_eq!(tab.audit(), NONE, "{name}");
        screenshot(&tab, &format!("{name}-dark"));
    }
}

#[test]
#[ignore = "needs Chromium"]
fn the_page_can_be_used_with_a_keyboard() {
    let chromium = Chromium::start();
    let shop = Shop::open();
    let tab = chromium.tab(Size::DESKTOP, "en");
    let id = start(&tab, &shop);
    for expected in ["A", "BUTTON"] {
        tab.key("Tab");
        assert_eq!(tab.value_of("document.activeElement.tagName"), expected);
        let outline = tab.value_of("getComputedStyle(document.activeElement).outlineStyle");
        assert_eq!(outline, "solid", "the focus is visible");
    }
    screenshot(&tab, "desktop-focus");
    tab.key("Enter");
    assert_eq!(returned(&tab)["code"], 1000);
    assert_eq!(shop.verdict(&id), Ok((true, "200".to_owned())));
}

#[test]
#[ignore = "needs Chromium"]
fn callback_faults_can_be_selected() {
    let chromium = Chromium::start();
    let shop = Shop::open();
    let tab = chromium.tab(Size::PHONE, "zh");
    let id = start(&tab, &shop);
    tab.press("summary");
    for fault in ["forged", "repeated"] {
        tab.press(&format!("input[value={fault}]"));
    }
    assert_eq!(tab.audit(), NONE);
    screenshot(&tab, "phone-advanced-zh");
    tab.press(".fail");
    returned(&tab);
    let queries = [("forged", 200), ("secret", 204), ("secret", 204)]
        .map(|(token, passed)| format!("callbackToken={token}&certifyId={id}&passed={passed}"));
    assert_eq!(shop.called(), queries);
    let world = shop.simulator.world();
    let kinds: Vec<_> = world.callbacks().map(|it| it.kind).collect();
    let (forged, genuine, repeated) = (
        CallbackKind::Forged,
        CallbackKind::Genuine,
        CallbackKind::Repeated,
    );
    assert_eq!(kinds, [forged, genuine, repeated]);
}

#[test]
#[ignore = "needs Chromium"]
fn a_page_in_a_frame_sends_a_message_to_the_shop() {
    let chromium = Chromium::start();
    let shop = Shop::open();
    let tab = chromium.tab(Size::DESKTOP, "en");
    tab.go(&format!("{}/frame", shop.url));
    let id = tab.value_of("document.querySelector('iframe').id");
    // Moves the focus into the frame: to the language link, then to the first button.
    tab.key("Tab");
    tab.key("Tab");
    screenshot(&tab, "desktop-frame");
    tab.key("Enter");
    tab.wait_for("window.received != null");
    screenshot(&tab, "desktop-frame-done");
    assert_eq!(tab.value_of("received.origin"), shop.simulator.page_url());
    let message = tab.value_of("received.data");
    assert_eq!(
        (&message["code"], &message["extInfo"]["certifyId"]),
        (&1000.into(), &id)
    );
    assert_eq!(
        shop.verdict(id.as_str().unwrap()),
        Ok((true, "200".to_owned()))
    );
    assert_no_errors(&tab);
}

#[test]
#[ignore = "needs Chromium"]
fn hostile_return_urls_are_shown_and_not_executed() {
    let chromium = Chromium::start();
    let shop = Shop::open();
    for hostile in [
        "javascript:alert(1)",
        "https://127.0.0.1:1/\"><img src=x onerror=alert(1)>",
        "https://127.0.0.1:1/</dd><script>alert(1)</script>",
    ] {
        let tab = chromium.tab(Size::PHONE, "en");
        let (id, url) = shop.opened(hostile);
        tab.go(&url);
        assert!(tab.text().contains(hostile), "{}", tab.text());
        assert_eq!(tab.audit(), NONE);
        assert_eq!(
            tab.value_of("document.querySelectorAll('img, script').length"),
            0
        );
        screenshot(&tab, "phone-hostile");
        assert_no_errors(&tab);
        if hostile.starts_with("javascript") {
            tab.press(".pass");
            tab.wait_for("document.querySelector('h1')?.textContent == 'Done'");
            assert_eq!(tab.value_of("document.querySelectorAll('a').length"), 0);
            screenshot(&tab, "phone-done");
            assert_eq!(shop.verdict(&id), Ok((true, "200".to_owned())));
            assert_no_errors(&tab);
        }
    }
}
