//! A verification from `InitFaceVerify` to the verdict, without sockets.

use cloudauth_sim::{FinishError, IncomingRequest, Region, Verdict, World};
use serde_json::Value;

use crate::client::{Call, NOW, Response, expect_response, get_page, submit_page};

fn send_at(world: &mut World, request: &IncomingRequest, now: u64) -> Response {
    expect_response(world.handle(Region::Shanghai, request, now))
}

fn send(world: &mut World, request: &IncomingRequest) -> Response {
    send_at(world, request, NOW)
}

fn open_with(world: &mut World, call: Call) -> String {
    let response = send(world, &call.sign());
    assert_eq!(response.code(), "200");
    let certify_id = &response.json()["ResultObject"]["CertifyId"];
    certify_id.as_str().unwrap().to_owned()
}

fn open(world: &mut World) -> String {
    open_with(world, Call::init(NOW))
}

fn described(world: &mut World, certify_id: &str) -> String {
    send(world, &Call::describe(certify_id, NOW).sign()).code()
}

#[test]
fn an_order_has_a_certify_id_and_a_url() {
    let mut world = World::new();
    world.set_public_url("http://127.0.0.1:9".into());
    let response = send(&mut world, &Call::init(NOW).sign());
    let body = response.json();
    assert_eq!(
        (response.status, &body["Message"]),
        (200, &"success".into())
    );
    let content_type = response.header("content-type");
    assert_eq!(content_type, Some("application/json;charset=utf-8"));
    let id = body["ResultObject"]["CertifyId"].as_str().unwrap();
    assert!(id.starts_with("sha") && id.len() == 32);
    let url = format!("http://127.0.0.1:9/verify/{id}");
    assert_eq!(body["ResultObject"]["CertifyUrl"], url);
}

#[test]
fn two_worlds_have_the_same_responses() {
    let request = Call::init(NOW).sign();
    let mut responses = (0..2).map(|_| send(&mut World::new(), &request).text());
    assert_eq!(responses.next(), responses.next());
}

#[test]
fn a_repeated_order_number_is_accepted_and_counted() {
    let mut world = World::new();
    assert_ne!(open(&mut world), open(&mut world));
    assert_eq!(world.order_count("order1"), 2);
    assert_eq!(world.order_count("order2"), 0);
    assert_eq!(world.executions("InitFaceVerify"), 2);
}

#[test]
fn a_person_passes() {
    let mut world = World::new();
    let id = open(&mut world);
    assert_eq!(described(&mut world, &id), "424");

    let page = send(&mut world, &get_page(&id));
    assert_eq!(page.status, 200);
    assert_eq!(described(&mut world, &id), "403");

    let redirect = send(&mut world, &submit_page(&id, "pass"));
    assert_eq!(redirect.status, 303);
    let location = redirect.header("location").unwrap();
    let response = location.strip_prefix("https://shop.example/done?a=1&response=");
    let response = response.unwrap().strip_suffix("#top").unwrap();
    let response = percent_encoding::percent_decode_str(response);
    let response: Value = serde_json::from_str(&response.decode_utf8().unwrap()).unwrap();
    assert_eq!(response["code"], 1000);
    assert_eq!(response["subCode"], "Z5050");
    assert_eq!(response["extInfo"]["certifyId"], id);

    let response = send(&mut world, &Call::describe(&id, NOW).sign());
    assert_eq!(response.code(), "200");
    let result = &response.json()["ResultObject"];
    assert_eq!(result["Passed"], "T");
    assert_eq!(result["SubCode"], "200");
    assert_eq!(result["Success"], "True");
    assert_eq!(result["IdentityInfo"], "null");
    let material: Value = serde_json::from_str(result["MaterialInfo"].as_str().unwrap()).unwrap();
    assert_eq!(material["faceAttack"], "F");
    assert!(material["facialPictureFront"]["verifyScore"].is_f64());

    for request in [submit_page(&id, "pass"), get_page(&id)] {
        assert_eq!(send(&mut world, &request).status, 410);
    }
    let again = world.finish(&id, Verdict::FaceMismatch, NOW);
    assert_eq!(again, Err(FinishError::Used));
    assert_eq!(world.executions("DescribeFaceVerify"), 3);
}

#[test]
fn a_person_fails_for_each_reason() {
    for verdict in Verdict::ALL.into_iter().filter(|verdict| !verdict.passed()) {
        let mut world = World::new();
        let id = open(&mut world);
        let redirect = send(&mut world, &submit_page(&id, verdict.sub_code()));
        assert!(
            redirect
                .header("location")
                .unwrap()
                .contains("%22code%22%3A2006")
        );
        let response = send(&mut world, &Call::describe(&id, NOW).sign());
        let result = &response.json()["ResultObject"];
        assert_eq!(result["Passed"], "F");
        assert_eq!(result["SubCode"], verdict.sub_code());
    }
}

#[test]
fn an_abandoned_page_can_be_opened_again() {
    let mut world = World::new();
    let id = open(&mut world);
    send(&mut world, &get_page(&id));
    let redirect = send(&mut world, &submit_page(&id, "abandon"));
    assert!(
        redirect
            .header("location")
            .unwrap()
            .contains("%22code%22%3A1003")
    );
    assert_eq!(described(&mut world, &id), "424");
    assert_eq!(send(&mut world, &get_page(&id)).status, 200);
    assert_eq!(described(&mut world, &id), "403");
}

#[test]
fn a_verification_can_be_finished_without_the_page() {
    let mut world = World::new();
    let id = open(&mut world);
    world.finish(&id, Verdict::LivenessRisk, NOW).unwrap();
    assert_eq!(described(&mut world, &id), "200");
    let unknown = world.finish("sha0", Verdict::Passed, NOW);
    assert_eq!(unknown, Err(FinishError::Unknown));
}

#[test]
fn a_page_expires_after_thirty_minutes_and_a_verdict_does_not() {
    let mut world = World::new();
    let (id, done) = (open(&mut world), open(&mut world));
    world.finish(&done, Verdict::Passed, NOW).unwrap();
    let late = NOW + 1801;
    assert_eq!(send_at(&mut world, &get_page(&id), NOW + 1800).status, 200);
    assert_eq!(send_at(&mut world, &get_page(&id), late).status, 410);
    assert_eq!(
        send_at(&mut world, &submit_page(&id, "pass"), late).status,
        410
    );
    let response = send_at(&mut world, &Call::describe(&done, late).sign(), late);
    assert_eq!(response.code(), "200");
}

#[test]
fn an_order_can_be_looked_up_in_both_regions() {
    let mut world = World::new();
    let id = open(&mut world);
    let request = Call::describe(&id, NOW).sign();
    let response = expect_response(world.handle(Region::Beijing, &request, NOW));
    assert_eq!(response.code(), "424");
}

#[test]
fn a_certify_id_is_found_in_its_scene_only() {
    let mut world = World::new();
    let id = open(&mut world);
    assert_eq!(described(&mut world, "sha0"), "406");
    let elsewhere = Call::describe(&id, NOW).set("SceneId", "7").sign();
    assert_eq!(send(&mut world, &elsewhere).code(), "401");
}

#[test]
fn a_page_refuses_invalid_forms_and_methods() {
    let mut world = World::new();
    let id = open(&mut world);
    for outcome in ["", "200", "299", "PASS", "pass%ff"] {
        assert_eq!(
            send(&mut world, &submit_page(&id, outcome)).status,
            400,
            "{outcome}"
        );
    }
    let put = IncomingRequest::new("PUT", format!("/verify/{id}"), Vec::new(), *b"");
    assert_eq!(send(&mut world, &put).status, 405);
    assert_eq!(send(&mut world, &get_page("<script>")).status, 404);
    assert_eq!(described(&mut world, &id), "424");
    assert_eq!(world.requests().len(), 2, "pages are not API requests");
}

#[test]
fn a_page_loads_nothing_from_other_origins() {
    let mut world = World::new();
    let id = open(&mut world);
    let page = send(&mut world, &get_page(&id));
    let text = page.text();
    for asset in [
        "src=",
        "<script",
        "<iframe",
        "url(http",
        "url(/",
        "@import",
        "href=\"http",
    ] {
        assert!(!text.contains(asset), "{asset}");
    }
    for choice in [
        "value=\"pass\"",
        "value=\"abandon\"",
        "value=\"206\"",
        ">Pass<",
    ] {
        assert!(text.contains(choice), "{choice}");
    }
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"));
}

#[test]
fn only_http_and_https_return_urls_are_followed() {
    for (return_url, start) in [
        (
            "https://shop.example",
            Some("https://shop.example?response="),
        ),
        (
            "https://shop.example/?",
            Some("https://shop.example/?response="),
        ),
        (
            "HTTP://shop.example/a?b",
            Some("HTTP://shop.example/a?b&response="),
        ),
        (
            "https://shop.example/?name=张 三\r\nx: y",
            Some("https://shop.example/?name=%E5%BC%A0%20%E4%B8%89%0D%0Ax:%20y&response="),
        ),
        ("iframe", None),
        ("javascript://%0aalert(1)", None),
        ("myapp://done", None),
        ("https://", None),
    ] {
        let mut world = World::new();
        let id = open_with(&mut world, Call::init(NOW).set("ReturnUrl", return_url));
        let response = send(&mut world, &submit_page(&id, "pass"));
        match start {
            Some(start) => {
                assert_eq!(response.status, 303);
                let location = response.header("location").unwrap();
                assert!(location.starts_with(start), "{location}");
            }
            None => assert_eq!((response.status, response.header("location")), (200, None)),
        }
        assert_eq!(described(&mut world, &id), "200");
    }
}

#[test]
fn every_verdict_is_in_the_table_of_codes() {
    for verdict in Verdict::ALL {
        let meaning = cloudauth_proto::codes::sub_code(verdict.sub_code()).unwrap();
        let is_no_failure = meaning.responsible == cloudauth_proto::codes::Responsible::Nobody;
        assert_eq!(is_no_failure, verdict.passed(), "{meaning:?}");
    }
}
