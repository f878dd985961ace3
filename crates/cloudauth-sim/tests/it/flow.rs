//! A verification from the first call to the verdict, without sockets.

use cloudauth_sim::{FinishError, Incoming, Region, Verdict, World};
use serde_json::Value;

use crate::client::{Answer, Call, NOW, answered, press, visit};

fn ask_at(world: &mut World, request: &Incoming, now: u64) -> Answer {
    answered(world.handle(Region::Shanghai, request, now))
}

fn ask(world: &mut World, request: &Incoming) -> Answer {
    ask_at(world, request, NOW)
}

fn open_with(world: &mut World, call: Call) -> String {
    let answer = ask(world, &call.sign());
    assert_eq!(answer.code(), "200");
    let certify_id = &answer.json()["ResultObject"]["CertifyId"];
    certify_id.as_str().unwrap().to_owned()
}

fn open(world: &mut World) -> String {
    open_with(world, Call::init(NOW))
}

fn described(world: &mut World, certify_id: &str) -> String {
    ask(world, &Call::describe(certify_id, NOW).sign()).code()
}

#[test]
fn an_order_gets_a_certify_id_and_a_url() {
    let mut world = World::new();
    world.set_public_url("http://127.0.0.1:9".into());
    let answer = ask(&mut world, &Call::init(NOW).sign());
    let body = answer.json();
    assert_eq!((answer.status, &body["Message"]), (200, &"success".into()));
    let content_type = answer.header("content-type");
    assert_eq!(content_type, Some("application/json;charset=utf-8"));
    let id = body["ResultObject"]["CertifyId"].as_str().unwrap();
    assert!(id.starts_with("sha") && id.len() == 32);
    let url = format!("http://127.0.0.1:9/verify/{id}");
    assert_eq!(body["ResultObject"]["CertifyUrl"], url);
}

#[test]
fn two_worlds_say_the_same() {
    let request = Call::init(NOW).sign();
    let mut answers = (0..2).map(|_| ask(&mut World::new(), &request).text());
    assert_eq!(answers.next(), answers.next());
}

#[test]
fn a_repeated_order_number_is_accepted_and_visible() {
    let mut world = World::new();
    assert_ne!(open(&mut world), open(&mut world));
    assert_eq!(world.orders_named("order1"), 2);
    assert_eq!(world.orders_named("order2"), 0);
    assert_eq!(world.executions("InitFaceVerify"), 2);
}

#[test]
fn a_person_passes() {
    let mut world = World::new();
    let id = open(&mut world);
    assert_eq!(described(&mut world, &id), "424");

    let page = ask(&mut world, &visit(&id));
    assert_eq!(page.status, 200);
    assert_eq!(described(&mut world, &id), "403");

    let gone = ask(&mut world, &press(&id, "pass"));
    assert_eq!(gone.status, 303);
    let location = gone.header("location").unwrap();
    let response = location.strip_prefix("https://shop.example/done?a=1&response=");
    let response = response.unwrap().strip_suffix("#top").unwrap();
    let response = percent_encoding::percent_decode_str(response);
    let response: Value = serde_json::from_str(&response.decode_utf8().unwrap()).unwrap();
    assert_eq!(response["code"], 1000);
    assert_eq!(response["subCode"], "Z5050");
    assert_eq!(response["extInfo"]["certifyId"], id);

    let answer = ask(&mut world, &Call::describe(&id, NOW).sign());
    assert_eq!(answer.code(), "200");
    let result = &answer.json()["ResultObject"];
    assert_eq!(result["Passed"], "T");
    assert_eq!(result["SubCode"], "200");
    assert_eq!(result["Success"], "True");
    assert_eq!(result["IdentityInfo"], "null");
    let material: Value = serde_json::from_str(result["MaterialInfo"].as_str().unwrap()).unwrap();
    assert_eq!(material["faceAttack"], "F");
    assert!(material["facialPictureFront"]["verifyScore"].is_f64());

    for request in [press(&id, "pass"), visit(&id)] {
        assert_eq!(ask(&mut world, &request).status, 410);
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
        let gone = ask(&mut world, &press(&id, verdict.sub_code()));
        assert!(
            gone.header("location")
                .unwrap()
                .contains("%22code%22%3A2006")
        );
        let answer = ask(&mut world, &Call::describe(&id, NOW).sign());
        let result = &answer.json()["ResultObject"];
        assert_eq!(result["Passed"], "F");
        assert_eq!(result["SubCode"], verdict.sub_code());
    }
}

#[test]
fn a_person_who_leaves_may_come_back() {
    let mut world = World::new();
    let id = open(&mut world);
    ask(&mut world, &visit(&id));
    let gone = ask(&mut world, &press(&id, "abandon"));
    assert!(
        gone.header("location")
            .unwrap()
            .contains("%22code%22%3A1003")
    );
    assert_eq!(described(&mut world, &id), "424");
    assert_eq!(ask(&mut world, &visit(&id)).status, 200);
    assert_eq!(described(&mut world, &id), "403");
}

#[test]
fn a_test_can_finish_without_the_page() {
    let mut world = World::new();
    let id = open(&mut world);
    world.finish(&id, Verdict::LivenessRisk, NOW).unwrap();
    assert_eq!(described(&mut world, &id), "200");
    let unknown = world.finish("sha0", Verdict::Passed, NOW);
    assert_eq!(unknown, Err(FinishError::Unknown));
}

#[test]
fn a_page_expires_after_thirty_minutes_but_a_verdict_stays() {
    let mut world = World::new();
    let (id, done) = (open(&mut world), open(&mut world));
    world.finish(&done, Verdict::Passed, NOW).unwrap();
    let late = NOW + 1801;
    assert_eq!(ask_at(&mut world, &visit(&id), NOW + 1800).status, 200);
    assert_eq!(ask_at(&mut world, &visit(&id), late).status, 410);
    assert_eq!(ask_at(&mut world, &press(&id, "pass"), late).status, 410);
    let answer = ask_at(&mut world, &Call::describe(&done, late).sign(), late);
    assert_eq!(answer.code(), "200");
}

#[test]
fn both_regions_know_an_order() {
    let mut world = World::new();
    let id = open(&mut world);
    let request = Call::describe(&id, NOW).sign();
    let answer = answered(world.handle(Region::Beijing, &request, NOW));
    assert_eq!(answer.code(), "424");
}

#[test]
fn a_certify_id_is_looked_up_in_its_scene() {
    let mut world = World::new();
    let id = open(&mut world);
    assert_eq!(described(&mut world, "sha0"), "406");
    let elsewhere = Call::describe(&id, NOW).set("SceneId", "7").sign();
    assert_eq!(ask(&mut world, &elsewhere).code(), "401");
}

#[test]
fn a_page_needs_a_choice_and_a_known_method() {
    let mut world = World::new();
    let id = open(&mut world);
    for outcome in ["", "200", "299", "PASS", "pass%ff"] {
        assert_eq!(
            ask(&mut world, &press(&id, outcome)).status,
            400,
            "{outcome}"
        );
    }
    let put = Incoming::new("PUT", format!("/verify/{id}"), Vec::new(), *b"");
    assert_eq!(ask(&mut world, &put).status, 405);
    assert_eq!(ask(&mut world, &visit("<script>")).status, 404);
    assert_eq!(described(&mut world, &id), "424");
    assert_eq!(world.requests().len(), 2, "pages are not API requests");
}

#[test]
fn a_page_loads_nothing_from_elsewhere() {
    let mut world = World::new();
    let id = open(&mut world);
    let page = ask(&mut world, &visit(&id));
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
fn only_a_web_address_is_returned_to() {
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
        let answer = ask(&mut world, &press(&id, "pass"));
        match start {
            Some(start) => {
                assert_eq!(answer.status, 303);
                let location = answer.header("location").unwrap();
                assert!(location.starts_with(start), "{location}");
            }
            None => assert_eq!((answer.status, answer.header("location")), (200, None)),
        }
        assert_eq!(described(&mut world, &id), "200");
    }
}

#[test]
fn every_verdict_of_the_simulator_is_in_the_table_of_codes() {
    for verdict in Verdict::ALL {
        let meaning = cloudauth_proto::codes::sub_code(verdict.sub_code()).unwrap();
        let is_nobody_s = meaning.whose == cloudauth_proto::codes::Whose::Nobody;
        assert_eq!(is_nobody_s, verdict.passed(), "{meaning:?}");
    }
}
