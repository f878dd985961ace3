//! The public URL and the cookies.

use crate::attacks;
use crate::fixture::{Fixture, PASSED, SECRET};
use crate::h5_backend::Site;

/// The value of a cookie.
fn value(cookie: &str) -> &str {
    cookie.split(';').next().unwrap().split_once('=').unwrap().1
}

fn check_cookies(fixture: &Fixture, is_https: bool) {
    let (passed, other) = (fixture.browser(), fixture.browser());
    let (_, page) = passed.open();
    passed.press(&page, "pass");
    assert!(passed.verdict().contains(PASSED));
    let foreign = Site::new("http://a", &[7; 32]).unwrap();
    let foreign = foreign.set_cookie(&"0".repeat(32));
    let (address, passed) = (fixture.address(), value(&passed.cookie));
    let (other, foreign) = (value(&other.cookie), value(&foreign));
    attacks::only_issued_cookies_count(address, is_https, passed, other, foreign);
    assert_eq!(fixture.executed("InitFaceVerify"), 1);
}

#[test]
fn over_http_only_cookies_that_the_backend_issued_count() {
    check_cookies(&Fixture::new(), false);
}

#[test]
fn over_https_only_cookies_with_the_host_prefix_that_the_backend_issued_count() {
    check_cookies(&Fixture::behind_https("HTTPS://shop.example/"), true);
}

#[test]
fn a_restarted_backend_knows_the_cookies_that_it_issued() {
    let mut fixture = Fixture::new();
    let browser = fixture.browser();
    let (_, page) = browser.open();
    fixture.restart();
    browser.press(&page, "pass");
    assert!(browser.verdict().contains(PASSED));
}

#[test]
fn a_cookie_is_for_one_host_and_hidden_from_scripts() {
    let cookie = |url: &str| Site::new(url, SECRET).unwrap().set_cookie("visit1");
    let attributes = "; HttpOnly; SameSite=Lax; Path=/";
    for url in [
        "https://shop.example",
        "https://shop.example:8443/",
        "HTTPS://SHOP.example",
    ] {
        let cookie = cookie(url);
        assert!(cookie.starts_with("__Host-visit=visit1."), "{cookie}");
        assert!(
            cookie.ends_with(&format!("{attributes}; Secure")),
            "{cookie}"
        );
    }
    let plain = cookie("http://127.0.0.1:8080");
    assert!(
        plain.starts_with("visit=visit1.") && plain.ends_with(attributes),
        "{plain}"
    );
}

#[test]
fn a_public_url_may_have_a_slash_at_its_end_and_no_path() {
    let url = |url: &str| Site::new(url, SECRET).map(|site| site.url().to_owned());
    for given in [
        "https://shop.example",
        "https://shop.example/",
        "https://shop.example//",
        " HTTPS://shop.example/ ",
    ] {
        assert_eq!(url(given).unwrap(), "https://shop.example", "{given}");
    }
    assert_eq!(url("http://[::1]:80/").unwrap(), "http://[::1]:80");
    for wrong in [
        "",
        "/",
        "https://",
        "https:///",
        "shop.example",
        "//shop.example",
        "ftp://shop.example",
        "https://shop.example/verify",
        "https://shop.example/?a",
        "https://shop.example#a",
        "https://user:password@shop.example",
        "https://shop example",
        "https:\\\\shop.example",
        "https://shop.example\r\nx: 1",
        "https://店.example",
    ] {
        assert!(url(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn with_a_slash_at_the_end_of_the_public_url_the_browser_returns_to_the_right_path() {
    let fixture = Fixture::behind_https("https://shop.example/");
    let browser = fixture.browser();
    let (_, page) = browser.open();
    let location = browser.press_for_url(&page, "pass");
    assert!(
        location.starts_with("https://shop.example/back?"),
        "{location}"
    );
}
