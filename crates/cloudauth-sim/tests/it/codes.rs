//! Every documented code can be produced. The counts are shown with `--nocapture`.

use std::collections::BTreeSet;

use cloudauth_proto::codes::{self, CodeKind};
use cloudauth_proto::verify::sm2::PublicKey;
use cloudauth_proto::verify::{MaterialInfo, parse_json};
use cloudauth_proto::{Entropy, Sensitive};
use cloudauth_sim::{
    Fault, MAX_FAILURES_PER_DAY, MagicNumber, Region, Times, Verdict, World, magic_numbers,
    magic_table,
};
use serde_json::Value;

use crate::client::{Call, NOW, Response, expect_response, get_page};

fn send_at(world: &mut World, call: Call, now: u64) -> Response {
    expect_response(world.handle(Region::Shanghai, &call.sign(), now))
}

fn send(world: &mut World, call: Call) -> Response {
    send_at(world, call, NOW)
}

fn certify_id(response: &Response) -> String {
    let body = response.json();
    body["ResultObject"]["CertifyId"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn open(world: &mut World) -> String {
    certify_id(&send(world, Call::init(NOW)))
}

fn listed(place: CodeKind) -> BTreeSet<&'static str> {
    let of_a_face = |operation: &str| operation == "DescribeFaceVerify";
    let all = codes::all().filter(|meaning| meaning.kind == place);
    let all =
        all.filter(|it| it.operations.is_empty() || it.operations.iter().any(|op| of_a_face(op)));
    all.map(|meaning| meaning.code).collect()
}

fn rows(field: &str) -> Vec<MagicNumber> {
    let rows = magic_numbers().into_iter();
    rows.filter(|row| row.field == field).collect()
}

/// The response of `DescribeFaceVerify` for a magic number, before the page is opened.
fn described(row: &MagicNumber) -> Response {
    let mut world = World::new();
    let id = certify_id(&send(
        &mut world,
        Call::init(NOW).set("CertNo", &row.number),
    ));
    send(&mut world, Call::describe(&id, NOW))
}

fn result(row: &MagicNumber) -> Value {
    let response = described(row);
    assert_eq!(response.code(), "200", "{row:?}");
    response.json()["ResultObject"].clone()
}

/// Checks that every code in the table was produced, and prints the count.
fn assert_all(what: &str, place: CodeKind, produced: &BTreeSet<String>) {
    let listed = listed(place);
    let count = listed
        .iter()
        .filter(|code| produced.contains(**code))
        .count();
    println!("{what}: {count} of {}", listed.len());
    let missing: Vec<_> = listed
        .iter()
        .filter(|code| !produced.contains(**code))
        .collect();
    assert!(missing.is_empty(), "{what}: {missing:?}");
}

#[test]
fn every_code_can_be_produced() {
    let mut produced = BTreeSet::new();
    let mut world = World::new();
    produced.insert(send(&mut world, Call::init(NOW)).code());
    let query = Call::new("QueryControlStrategy", NOW);
    produced.insert(send(&mut world, query).code());
    for row in rows("Code") {
        let response = send(&mut world, Call::init(NOW).set("CertNo", &row.number));
        assert_eq!(response.code(), row.value);
        // Every other operation with the number is refused in the same way.
        let check = Call::new("Id2MetaVerify", NOW).set("IdentifyNum", &row.number);
        assert_eq!(send(&mut world, check).code(), row.value);
        produced.insert(response.code());
    }
    assert_all("Code", CodeKind::Code, &produced);
}

#[test]
fn every_failure_code_can_come_from_describe_face_verify() {
    let mut produced = BTreeSet::from(["200".to_owned(), "Success".to_owned()]);
    for row in rows("Code, later") {
        let response = described(&row);
        assert_eq!(response.code(), row.value);
        produced.insert(response.code());
    }
    assert_all("Code of DescribeFaceVerify", CodeKind::Code, &produced);
}

#[test]
fn every_sub_code_can_be_produced() {
    let mut produced = BTreeSet::new();
    for row in rows("SubCode") {
        let result = result(&row);
        assert_eq!(result["SubCode"], row.value);
        let passed = if ["200", "210"].contains(&row.value) {
            "T"
        } else {
            "F"
        };
        assert_eq!(result["Passed"], passed, "{row:?}");
        produced.insert(row.value.to_owned());
        // In one request too.
        let compare = Call::new("ContrastFaceVerify", NOW).set("CertNo", &row.number);
        let compare = compare.set("FaceContrastPicture", "/9j/4AAQSkZJRg==");
        let compared = send(&mut World::new(), compare).json();
        assert_eq!(compared["ResultObject"]["SubCode"], row.value);
        assert_eq!(compared["ResultObject"]["Passed"], passed);
    }
    assert_all("SubCode", CodeKind::SubCode, &produced);
}

#[test]
fn every_device_risk_can_be_produced() {
    let risks = rows("DeviceRisk");
    let risks = risks
        .iter()
        .map(|row| result(row)["DeviceRisk"].as_str().unwrap().to_owned());
    assert_all("DeviceRisk", CodeKind::DeviceRisk, &risks.collect());
}

#[test]
fn every_code_of_the_gateway_can_be_produced() {
    let mut produced = BTreeSet::new();
    for code in listed(CodeKind::Gateway) {
        // A star is a wildcard.
        let sent = code.replace('*', "Rest");
        let mut world = World::new();
        let fault = Fault::Gateway {
            status: 400,
            code: sent.clone(),
        };
        world.inject(Region::Shanghai, fault, Times::Once);
        let response = send(&mut world, Call::init(NOW));
        assert_eq!((response.status, response.code()), (400, sent));
        produced.insert(code.to_owned());
    }
    assert_all("Code of the gateway", CodeKind::Gateway, &produced);
}

#[test]
fn codes_without_a_magic_number_have_their_documented_causes() {
    let mut world = World::new();
    let mut expect = |code: &str, call: Call| {
        assert_eq!(send(&mut world, call).code(), code);
    };
    expect("400", Call::init(NOW).without("MetaInfo"));
    expect("401", Call::init(NOW).set("CertNo", "33010319900101123Z"));
    expect("405", Call::init(NOW).set("CertNo", "330103201001011230"));
    expect("406", Call::describe("sha0", NOW));
    let pictures = Call::init(NOW).set("FaceContrastPictureUrl", "https://a.example/");
    expect("420", pictures.set("OssObjectName", "a"));
    // The limit of the service is a little lower than the one in the metadata, which results in 401.
    expect(
        "421",
        Call::init(NOW).set("FaceContrastPicture", &"A".repeat(1_400_000)),
    );
    expect("501", Call::init(NOW).set("EncryptType", "SM2"));

    let mut world = World::new();
    let id = open(&mut world);
    assert_eq!(send(&mut world, Call::describe(&id, NOW)).code(), "424");
    expect_response(world.handle(Region::Shanghai, &get_page(&id), NOW));
    assert_eq!(send(&mut world, Call::describe(&id, NOW)).code(), "403");
}

#[test]
fn an_identity_is_locked_after_a_verdict_about_it() {
    let mut world = World::new();
    let id = open(&mut world);
    world.finish(&id, Verdict::IdentityNotFound, NOW).unwrap();
    assert_eq!(send(&mut world, Call::init(NOW)).code(), "417");
    assert_eq!(world.executions("InitFaceVerify"), 1, "no order was opened");
    let somebody_else = Call::init(NOW).set("CertName", "李四");
    assert_eq!(send(&mut world, somebody_else).code(), "200");
    world.unlock_identities();
    assert_eq!(send(&mut world, Call::init(NOW)).code(), "200");
}

#[test]
fn an_identity_is_locked_after_too_many_failures_in_a_day() {
    let mut world = World::new();
    for _ in 0..MAX_FAILURES_PER_DAY {
        let id = open(&mut world);
        world.finish(&id, Verdict::FaceMismatch, NOW).unwrap();
    }
    assert_eq!(send(&mut world, Call::init(NOW)).code(), "418");
    let tomorrow = NOW + 86_400;
    assert_eq!(
        send_at(&mut world, Call::init(tomorrow), tomorrow).code(),
        "200"
    );
}

#[test]
fn a_magic_number_is_never_locked() {
    let mut world = World::new();
    let row = rows("SubCode")
        .into_iter()
        .find(|row| row.value == "201")
        .unwrap();
    for _ in 0..=MAX_FAILURES_PER_DAY {
        let response = send(&mut world, Call::init(NOW).set("CertNo", &row.number));
        let id = certify_id(&response);
        world.finish(&id, Verdict::Passed, NOW).unwrap();
        let response = send(&mut world, Call::describe(&id, NOW));
        assert_eq!(response.json()["ResultObject"]["SubCode"], "201");
    }
}

#[test]
fn a_failure_on_the_page_overrides_a_magic_number() {
    let mut world = World::new();
    let row = &rows("SubCode")[0];
    assert_eq!(row.value, "200");
    let id = certify_id(&send(
        &mut world,
        Call::init(NOW).set("CertNo", &row.number),
    ));
    world.finish(&id, Verdict::LivenessRisk, NOW).unwrap();
    let response = send(&mut world, Call::describe(&id, NOW));
    assert_eq!(response.json()["ResultObject"]["SubCode"], "205");
}

#[test]
fn material_info_has_every_documented_form() {
    let mut forms = BTreeSet::new();
    for row in rows("MaterialInfo") {
        let result = result(&row);
        assert_eq!(result["Passed"], "T");
        let text = result["MaterialInfo"].as_str().unwrap();
        assert!(
            forms.insert(text.to_owned()),
            "{row:?} is the same as another one"
        );
        // The client parses every form.
        let material = parse_json::<MaterialInfo>(&Sensitive::from(text)).unwrap();
        assert_eq!(material.is_none(), row.value == "empty");
    }
    assert_eq!(forms.len(), 10);
}

#[test]
fn a_rare_name_is_returned_with_the_encoding_that_passed() {
    let rows = rows("Name");
    for row in &rows {
        let user = result(row)["UserInfo"].as_str().unwrap().to_owned();
        let user: Value = serde_json::from_str(&user).unwrap();
        assert_eq!(user["name"], row.value);
        assert!(user["verifyName"].is_string());
    }
    assert_eq!(rows.len(), 4);
}

#[test]
fn a_link_to_a_picture_works_for_fifteen_minutes() {
    let mut world = World::new();
    let call = Call::init(NOW).set("VideoEvidence", "true");
    let id = certify_id(&send(&mut world, call));
    world.finish(&id, Verdict::Passed, NOW).unwrap();
    let response = send(&mut world, Call::describe(&id, NOW)).json();
    let material = response["ResultObject"]["MaterialInfo"].as_str().unwrap();
    let material: Value = serde_json::from_str(material).unwrap();
    for (link, kind) in [("pictureUrl", "image/gif"), ("verifyVideoUrl", "video/mp4")] {
        let link = material["facialPictureFront"][link].as_str().unwrap();
        let target = link.strip_prefix("http://simulator.invalid").unwrap();
        let request = cloudauth_sim::IncomingRequest::new("GET", target, Vec::new(), *b"");
        let mut fetch = |now| expect_response(world.handle(Region::Beijing, &request, now));
        let response = fetch(NOW + 900);
        assert_eq!(
            (response.status, response.header("content-type")),
            (200, Some(kind))
        );
        assert_eq!(fetch(NOW + 901).status, 403);
    }
}

fn public_key(public: &str) -> PublicKey {
    let bytes: Vec<u8> = (0..public.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&public[at..at + 2], 16).unwrap())
        .collect();
    PublicKey::new(&bytes).unwrap()
}

#[test]
fn an_encrypted_id_number_is_checked_like_a_plain_one() {
    let mut world = World::new();
    let mut entropy = Entropy::from_seed([1; 32]);
    let mut init = |key: &PublicKey, number: &str| {
        let mut encrypted = |text: &str| {
            let encrypted = key.encrypt(&Sensitive::from(text), &mut entropy).unwrap();
            encrypted.expose().to_owned()
        };
        Call::init(NOW)
            .set("EncryptType", "SM2")
            .set("CertName", &encrypted("张三"))
            .set("CertNo", &encrypted(number))
    };
    let number = "330103199001011230";
    let public = world.sm2_public_key();
    assert_eq!(public, cloudauth_sim::SM2_PUBLIC_KEY);
    let key = public_key(&public);
    assert_eq!(send(&mut world, init(&key, number)).code(), "200");
    assert_eq!(send(&mut world, init(&key, "3301")).code(), "401");
    assert_eq!(
        send(&mut world, init(&key, "330103201501011237")).code(),
        "405"
    );
    let magic = &rows("Code")[3];
    assert_eq!(
        send(&mut world, init(&key, &magic.number)).code(),
        magic.value
    );

    assert!(world.set_sm2_key(&"1".repeat(64)));
    assert!(!world.set_sm2_key("no key"));
    let other = public_key(&world.sm2_public_key());
    assert_eq!(send(&mut world, init(&key, number)).code(), "501");
    assert_eq!(send(&mut world, init(&other, number)).code(), "200");
    // The private key of the vendor's published key is not published.
    assert_eq!(
        send(&mut world, init(&PublicKey::published(), number)).code(),
        "501"
    );
    let unknown = Call::init(NOW).set("EncryptType", "RSA");
    assert_eq!(send(&mut world, unknown).code(), "401");
}

#[test]
fn requests_beyond_the_rate_limit_are_throttled() {
    let mut world = World::new();
    world.enforce_rate_limits(true);
    for (action, limit) in [("DescribeFaceVerify", 50), ("DeepfakeDetect", 10)] {
        let codes: Vec<String> = (0..=limit)
            .map(|_| send(&mut world, Call::new(action, NOW).set("FaceBase64", "/9j/")).code())
            .collect();
        assert!(
            codes[..limit].iter().all(|code| code != "Throttling.User"),
            "{action}"
        );
        let response = send(&mut world, Call::new(action, NOW));
        assert_eq!(
            (response.status, &*response.code()),
            (400, "Throttling.User"),
            "{action}"
        );
        assert_eq!(response.header("x-acs-retry-after"), Some("1000"));
        assert_eq!(codes[limit], "Throttling.User");
        let later = send_at(&mut world, Call::new(action, NOW + 1), NOW + 1);
        assert_ne!(later.code(), "Throttling.User");
    }
    // The one of the next second has no picture.
    assert_eq!(world.executions("DeepfakeDetect"), 10);
    world.enforce_rate_limits(false);
    for _ in 0..60 {
        assert_ne!(
            send(&mut world, Call::new("DeepfakeDetect", NOW)).code(),
            "Throttling.User"
        );
    }
}

#[test]
fn the_table_of_magic_numbers_is_up_to_date() {
    let hint = "cargo run -p cloudauth-sim --example magic > crates/cloudauth-sim/MAGIC.md";
    assert!(
        include_str!("../../MAGIC.md") == magic_table(),
        "run {hint}"
    );
}
