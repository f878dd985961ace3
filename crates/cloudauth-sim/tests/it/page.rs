//! The page behind a `CertifyUrl`: its contents, its redirects, and the escaping of strings from requests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloudauth_sim::{IncomingRequest, Region, Verdict, World, magic_numbers};
use ring::digest;
use serde_json::{Value, json};

use crate::client::{Call, NOW, Response, expect_response, get_page, submit_page};

fn open_with(world: &mut World, call: Call) -> String {
    let response = expect_response(world.handle(Region::Shanghai, &call.sign(), NOW));
    let certify_id = &response.json()["ResultObject"]["CertifyId"];
    certify_id.as_str().unwrap().to_owned()
}

fn page(world: &mut World, request: &IncomingRequest) -> Response {
    expect_response(world.handle_page(request, NOW))
}

fn described(world: &mut World, certify_id: &str, now: u64) -> String {
    let request = Call::describe(certify_id, now).sign();
    expect_response(world.handle(Region::Shanghai, &request, now)).code()
}

/// The text between two delimiters.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap();
    rest.split_once(end).unwrap().0
}

fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

fn returned(location: &str) -> Value {
    let (_, response) = location.split_once("response=").unwrap();
    let response = response.split(['&', '#']).next().unwrap();
    assert!(
        response
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.~%".contains(&b)),
        "{response}"
    );
    let response = percent_encoding::percent_decode_str(response).decode_utf8();
    serde_json::from_str(&response.unwrap()).unwrap()
}

#[test]
fn the_redirect_has_the_documented_response_object() {
    for (outcome, code, sub_code) in [
        ("pass", 1000, "Z5050"),
        ("fail&sub_code=204", 2006, "Z5051"),
        ("201", 2006, "Z5051"),
        ("abandon", 1003, "Z5055"),
        ("abandon&page_code=Z5054", 1003, "Z5054"),
    ] {
        let mut world = World::new();
        let id = open_with(&mut world, Call::init(NOW));
        let response = page(&mut world, &submit_page(&id, outcome));
        assert_eq!(response.status, 303);
        let mut response = returned(response.header("location").unwrap());
        let reason = response.as_object_mut().unwrap().remove("reason").unwrap();
        assert!(!reason.as_str().unwrap().is_empty());
        let expected = json!({
            "code": code, "subCode": sub_code, "extInfo": { "certifyId": id },
        });
        assert_eq!(response, expected, "{outcome}");
    }
}

#[test]
fn a_magic_number_replaces_a_passing_verdict() {
    let rows = magic_numbers();
    let mut rows = rows.iter().filter(|row| row.field == "SubCode");
    let row = rows.find(|row| row.value == "205").unwrap();
    let mut world = World::new();
    let call = Call::init(NOW)
        .set("CertNo", &row.number)
        .set("CallbackUrl", "https://shop.example/called");
    let id = open_with(&mut world, call);
    let response = page(&mut world, &submit_page(&id, "pass"));
    let location = response.header("location").unwrap();
    assert_eq!(returned(location)["code"], 2006);
    let due = world.take_due_callbacks(NOW);
    assert!(due[0].url().ends_with("&passed=205"));
    let again = page(&mut world, &get_page(&id)).text();
    assert!(unescaped(&again).contains(location));
}

#[test]
fn an_incomplete_form_changes_nothing() {
    let mut world = World::new();
    let id = open_with(&mut world, Call::init(NOW));
    for outcome in [
        "fail",
        "fail&sub_code=200",
        "fail&sub_code=999",
        "abandon&page_code=Z9999",
        "abandon&page_code=%22%3E",
        "<script>",
    ] {
        let response = page(&mut world, &submit_page(&id, outcome));
        assert_eq!(response.status, 400, "{outcome}");
        assert!(!response.text().contains("<script>"));
    }
    assert_eq!(described(&mut world, &id, NOW), "424");
}

#[test]
fn every_failure_is_an_option_with_its_meaning_in_both_languages() {
    let mut world = World::new();
    let id = open_with(&mut world, Call::init(NOW));
    for (language, attribute, face) in [
        ("en", "lang=\"en\"", "204 the face does not match"),
        ("zh", "lang=\"zh-CN\"", "204 人脸比对不一致"),
    ] {
        let mut request = get_page(&id);
        request.target = format!("{}?lang={language}", request.target);
        let text = page(&mut world, &request).text();
        assert!(text.contains(&format!("<html {attribute}>")));
        assert!(text.contains(face), "{text}");
        for verdict in Verdict::ALL.into_iter().filter(|verdict| !verdict.passed()) {
            let code = verdict.sub_code();
            let option = between(&text, &format!("<option value=\"{code}\""), "</option>");
            let meaning = option.rsplit(&format!("{code} ")).next().unwrap();
            assert!(meaning.chars().count() >= 4, "{option}");
        }
        assert!(text.contains("value=\"Z5054\""));
    }
    let mut request = get_page(&id);
    request.headers = vec![("accept-language".into(), "zh-CN,zh;q=0.9".into())];
    assert!(page(&mut world, &request).text().contains("模拟实人认证"));
}

#[test]
fn a_used_expired_or_unknown_page_has_a_message_and_changes_nothing() {
    let mut world = World::new();
    let call = Call::init(NOW).set("CallbackUrl", "https://shop.example/called");
    let (used, expired) = (
        open_with(&mut world, call),
        open_with(&mut world, Call::init(NOW)),
    );
    let first = page(&mut world, &submit_page(&used, "204"));
    let location = first.header("location").unwrap().to_owned();
    assert_eq!(world.pending_callbacks(), 1);
    for (id, now, status, heading) in [
        (used.as_str(), NOW, 410, "Already used"),
        (expired.as_str(), NOW + 1801, 410, "Too late"),
        ("sha0", NOW, 404, "No such verification"),
        ("", NOW, 404, "No such verification"),
    ] {
        for request in [
            get_page(id),
            submit_page(id, "pass"),
            submit_page(id, "abandon"),
        ] {
            let response = expect_response(world.handle_page(&request, now));
            assert_eq!(response.status, status, "{heading}");
            assert_eq!(response.header("location"), None);
            let text = response.text();
            assert!(text.contains(&format!("<h1>{heading}</h1>")), "{text}");
            assert!(!text.contains("<form"), "{text}");
            if id == used {
                // After a double click the page still links to the first redirect.
                let back = unescaped(between(&text, "href=\"http", "\""));
                assert_eq!(format!("http{back}"), location);
            }
        }
    }
    assert_eq!(world.pending_callbacks(), 1);
    assert_eq!(described(&mut world, &expired, NOW), "424");
    let request = Call::describe(&used, NOW).sign();
    let response = expect_response(world.handle(Region::Shanghai, &request, NOW));
    assert_eq!(response.json()["ResultObject"]["SubCode"], "204");
}

#[test]
fn a_head_request_does_not_open_the_page() {
    let mut world = World::new();
    let id = open_with(&mut world, Call::init(NOW));
    let mut request = get_page(&id);
    request.method = "HEAD".into();
    assert_eq!(page(&mut world, &request).status, 200);
    assert_eq!(described(&mut world, &id, NOW), "424");
}

#[test]
fn strings_from_requests_are_never_markup() {
    for hostile in [
        "javascript:alert(1)",
        "JaVaScRiPt://x/%0aalert(1)",
        "data:text/html,<script>alert(1)</script>",
        "https://a/\"><script>alert(1)</script>",
        "https://a/'onmouseover='alert(1)",
        "https://a/\"onmouseover=\"alert(1)",
        "https://<img src=x onerror=alert(1)>/",
        "https://a/</dd><svg/onload=alert(1)>",
        "https://a/\r\nSet-Cookie: a=b\r\n\r\n<script>",
        "vbscript:x",
        "//evil.example",
    ] {
        let mut world = World::new();
        let call = Call::init(NOW)
            .set("ReturnUrl", hostile)
            .set("CallbackUrl", &format!("https://a/{hostile}"))
            .set("CallbackToken", "\"><script>alert(2)</script>")
            .set("OuterOrderNo", "\"><script>alert(3)</script>")
            .set("CertName", "张<script>alert(4)</script>");
        let id = open_with(&mut world, call);
        let mut responses = vec![page(&mut world, &get_page(&id))];
        for outcome in ["abandon", "pass", "pass"] {
            responses.push(page(&mut world, &submit_page(&id, outcome)));
        }
        for response in responses {
            let text = response.text();
            for markup in [
                "<script",
                "<img",
                "<svg/",
                // All attributes are in double quotes.
                "\"onmouseover",
                "alert(4)",
            ] {
                assert!(!text.contains(markup), "{markup} in {text}");
            }
            for (_, href) in text
                .match_indices("href=\"")
                .map(|(at, mark)| text.split_at(at + mark.len()))
            {
                let href = href.split('"').next().unwrap();
                let known = ["?lang=", "data:,", "https://"];
                assert!(known.iter().any(|start| href.starts_with(start)), "{href}");
            }
            if let Some(location) = response.header("location") {
                assert!(location.starts_with("https://"), "{location}");
                assert!(location.bytes().all(|b| b.is_ascii_graphic()), "{location}");
            }
            let policy = response.header("content-security-policy").unwrap();
            assert!(!policy.contains("unsafe"), "{policy}");
        }
    }
}

#[test]
fn the_policy_allows_only_the_page_s_own_style_and_script() {
    let mut world = World::new();
    let id = open_with(&mut world, Call::init(NOW));
    let response = page(&mut world, &get_page(&id));
    let text = response.text();
    let hash = |text: &str| {
        let digest = digest::digest(&digest::SHA256, text.as_bytes());
        format!("'sha256-{}'", STANDARD.encode(digest))
    };
    let style = hash(between(&text, "<style>", "</style>"));
    let expected = format!("default-src 'none'; style-src {style}; img-src data:; base-uri 'none'");
    assert_eq!(
        response.header("content-security-policy"),
        Some(expected.as_str())
    );
    let handler = |rest: &str| {
        let (name, value) = rest.split_once('=').unwrap_or_default();
        !value.is_empty() && name.bytes().all(|b| b.is_ascii_alphabetic())
    };
    let inline = text.contains(" style=") || text.split(" on").skip(1).any(handler);
    assert!(!inline, "{text}");

    let framed = open_with(&mut world, Call::init(NOW).set("ReturnUrl", "iframe"));
    let response = page(&mut world, &submit_page(&framed, "pass"));
    let text = response.text();
    let script = hash(between(&text, "<script>", "</script>"));
    let expected = format!("{expected}; script-src {script}");
    assert_eq!(
        response.header("content-security-policy"),
        Some(expected.as_str())
    );
}

#[test]
fn a_page_in_a_frame_posts_to_its_parent() {
    for (outcome, code) in [("pass", 1000), ("204", 2006), ("abandon", 1003)] {
        let mut world = World::new();
        let id = open_with(&mut world, Call::init(NOW).set("ReturnUrl", "iframe"));
        let response = page(&mut world, &submit_page(&id, outcome));
        assert_eq!((response.status, response.header("location")), (200, None));
        let text = response.text();
        let response = unescaped(between(&text, "data-response=\"", "\""));
        let response: Value = serde_json::from_str(&response).unwrap();
        assert_eq!(
            (&response["code"], &response["extInfo"]["certifyId"]),
            (&code.into(), &id.into())
        );
        assert!(
            text.contains("is not documented"),
            "the script states that it is a guess"
        );
    }
}
