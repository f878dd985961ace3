//! Every documented code can be produced. `--nocapture` prints the counts.

use std::collections::BTreeSet;

use cloudauth_proto::codes::{self, CodePlace};
use cloudauth_proto::verify::{MaterialInfo, SealingKey, parse_json};
use cloudauth_proto::{Entropy, Sensitive};
use cloudauth_sim::{
    FAILURES_A_DAY, Fault, MagicNumber, Region, Times, Verdict, World, magic_numbers, magic_table,
};
use serde_json::Value;

use crate::client::{Answer, Call, NOW, answered, visit};

fn ask_at(world: &mut World, call: Call, now: u64) -> Answer {
    answered(world.handle(Region::Shanghai, &call.sign(), now))
}

fn ask(world: &mut World, call: Call) -> Answer {
    ask_at(world, call, NOW)
}

fn certify_id(answer: &Answer) -> String {
    let body = answer.json();
    body["ResultObject"]["CertifyId"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn open(world: &mut World) -> String {
    certify_id(&ask(world, Call::init(NOW)))
}

fn listed(place: CodePlace) -> BTreeSet<&'static str> {
    let all = codes::ALL.iter().filter(|meaning| meaning.place == place);
    all.map(|meaning| meaning.code).collect()
}

fn rows(about: &str) -> Vec<MagicNumber> {
    let rows = magic_numbers().into_iter();
    rows.filter(|row| row.about == about).collect()
}

/// What `DescribeFaceVerify` answers about a magic number, nobody having looked at the page.
fn described(row: &MagicNumber) -> Answer {
    let mut world = World::new();
    let id = certify_id(&ask(&mut world, Call::init(NOW).set("CertNo", &row.number)));
    ask(&mut world, Call::describe(&id, NOW))
}

fn result(row: &MagicNumber) -> Value {
    let answer = described(row);
    assert_eq!(answer.code(), "200", "{row:?}");
    answer.json()["ResultObject"].clone()
}

/// Compares what was produced with the table of codes, and prints the count.
fn assert_all(what: &str, place: CodePlace, produced: &BTreeSet<String>) {
    let listed = listed(place);
    let made = listed
        .iter()
        .filter(|code| produced.contains(**code))
        .count();
    println!("{what}: {made} of {}", listed.len());
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
    produced.insert(ask(&mut world, Call::init(NOW)).code());
    let query = Call::new("QueryControlStrategy", NOW);
    produced.insert(ask(&mut world, query).code());
    for row in rows("Code") {
        let answer = ask(&mut world, Call::init(NOW).set("CertNo", &row.number));
        assert_eq!(answer.code(), row.gives);
        // Any other operation that names the number gets the same.
        let check = Call::new("Id2MetaVerify", NOW).set("IdentifyNum", &row.number);
        assert_eq!(ask(&mut world, check).code(), row.gives);
        produced.insert(answer.code());
    }
    assert_all("Code", CodePlace::Code, &produced);
}

#[test]
fn every_code_of_a_failure_can_come_later() {
    let mut produced = BTreeSet::from(["200".to_owned(), "Success".to_owned()]);
    for row in rows("Code, later") {
        let answer = described(&row);
        assert_eq!(answer.code(), row.gives);
        produced.insert(answer.code());
    }
    assert_all("Code of DescribeFaceVerify", CodePlace::Code, &produced);
}

#[test]
fn every_sub_code_can_be_produced() {
    let mut produced = BTreeSet::new();
    for row in rows("SubCode") {
        let result = result(&row);
        assert_eq!(result["SubCode"], row.gives);
        let passed = if ["200", "210"].contains(&row.gives) {
            "T"
        } else {
            "F"
        };
        assert_eq!(result["Passed"], passed, "{row:?}");
        produced.insert(row.gives.to_owned());
        // In one go, too.
        let compare = Call::new("ContrastFaceVerify", NOW).set("CertNo", &row.number);
        let compared = ask(&mut World::new(), compare).json();
        assert_eq!(compared["ResultObject"]["SubCode"], row.gives);
        assert_eq!(compared["ResultObject"]["Passed"], passed);
    }
    assert_all("SubCode", CodePlace::SubCode, &produced);
}

#[test]
fn every_device_risk_can_be_produced() {
    let risks = rows("DeviceRisk");
    let risks = risks
        .iter()
        .map(|row| result(row)["DeviceRisk"].as_str().unwrap().to_owned());
    assert_all("DeviceRisk", CodePlace::DeviceRisk, &risks.collect());
}

#[test]
fn every_code_of_the_gateway_can_be_produced() {
    let mut produced = BTreeSet::new();
    for code in listed(CodePlace::Gateway) {
        // A star stands for any rest.
        let sent = code.replace('*', "Rest");
        let mut world = World::new();
        let fault = Fault::Gateway {
            status: 400,
            code: sent.clone(),
        };
        world.inject(Region::Shanghai, fault, Times::Once);
        let answer = ask(&mut world, Call::init(NOW));
        assert_eq!((answer.status, answer.code()), (400, sent));
        produced.insert(code.to_owned());
    }
    assert_all("Code of the gateway", CodePlace::Gateway, &produced);
}

/// Without a magic number and without a scripted fault.
#[test]
fn many_codes_have_their_own_reasons() {
    let mut world = World::new();
    let mut expect = |code: &str, call: Call| {
        assert_eq!(ask(&mut world, call).code(), code);
    };
    expect("400", Call::init(NOW).without("MetaInfo"));
    expect("401", Call::init(NOW).set("CertNo", "33010319900101123Z"));
    expect("405", Call::init(NOW).set("CertNo", "330103201001011234"));
    expect("406", Call::describe("sha0", NOW));
    let pictures = Call::init(NOW).set("FaceContrastPictureUrl", "https://a.example/");
    expect("420", pictures.set("OssObjectName", "a"));
    // Larger than what the metadata lets through is 401; the service's own limit is a little lower.
    expect(
        "421",
        Call::init(NOW).set("FaceContrastPicture", &"A".repeat(1_400_000)),
    );
    expect("501", Call::init(NOW).set("EncryptType", "SM2"));

    let mut world = World::new();
    let id = open(&mut world);
    assert_eq!(ask(&mut world, Call::describe(&id, NOW)).code(), "424");
    answered(world.handle(Region::Shanghai, &visit(&id), NOW));
    assert_eq!(ask(&mut world, Call::describe(&id, NOW)).code(), "403");
}

#[test]
fn an_identity_is_locked_after_a_verdict_about_it() {
    let mut world = World::new();
    let id = open(&mut world);
    world.finish(&id, Verdict::IdentityNotFound, NOW).unwrap();
    assert_eq!(ask(&mut world, Call::init(NOW)).code(), "417");
    assert_eq!(world.executions("InitFaceVerify"), 1, "no order was opened");
    let somebody_else = Call::init(NOW).set("CertName", "李四");
    assert_eq!(ask(&mut world, somebody_else).code(), "200");
    world.unlock_identities();
    assert_eq!(ask(&mut world, Call::init(NOW)).code(), "200");
}

#[test]
fn an_identity_fails_only_so_often_a_day() {
    let mut world = World::new();
    for _ in 0..FAILURES_A_DAY {
        let id = open(&mut world);
        world.finish(&id, Verdict::FaceMismatch, NOW).unwrap();
    }
    assert_eq!(ask(&mut world, Call::init(NOW)).code(), "418");
    let tomorrow = NOW + 86_400;
    assert_eq!(
        ask_at(&mut world, Call::init(tomorrow), tomorrow).code(),
        "200"
    );
}

#[test]
fn a_magic_number_is_never_locked_out() {
    let mut world = World::new();
    let row = rows("SubCode")
        .into_iter()
        .find(|row| row.gives == "201")
        .unwrap();
    for _ in 0..=FAILURES_A_DAY {
        let answer = ask(&mut world, Call::init(NOW).set("CertNo", &row.number));
        let id = certify_id(&answer);
        world.finish(&id, Verdict::Passed, NOW).unwrap();
        let answer = ask(&mut world, Call::describe(&id, NOW));
        assert_eq!(answer.json()["ResultObject"]["SubCode"], "201");
    }
}

#[test]
fn failing_on_the_page_beats_a_magic_number() {
    let mut world = World::new();
    let row = &rows("SubCode")[0];
    assert_eq!(row.gives, "200");
    let id = certify_id(&ask(&mut world, Call::init(NOW).set("CertNo", &row.number)));
    world.finish(&id, Verdict::LivenessRisk, NOW).unwrap();
    let answer = ask(&mut world, Call::describe(&id, NOW));
    assert_eq!(answer.json()["ResultObject"]["SubCode"], "205");
}

#[test]
fn material_comes_in_every_documented_form() {
    let mut seen = BTreeSet::new();
    for row in rows("MaterialInfo") {
        let result = result(&row);
        assert_eq!(result["Passed"], "T");
        let text = result["MaterialInfo"].as_str().unwrap();
        assert!(
            seen.insert(text.to_owned()),
            "{row:?} is another one's twin"
        );
        // The client reads each.
        let material = parse_json::<MaterialInfo>(&Sensitive::from(text)).unwrap();
        assert_eq!(material.is_none(), row.gives == "empty");
    }
    assert_eq!(seen.len(), 10);
}

#[test]
fn a_rare_name_comes_with_the_encoding_that_passed() {
    let rows = rows("Name");
    for row in &rows {
        let user = result(row)["UserInfo"].as_str().unwrap().to_owned();
        let user: Value = serde_json::from_str(&user).unwrap();
        assert_eq!(user["name"], row.gives);
        assert!(user["verifyName"].is_string());
    }
    assert_eq!(rows.len(), 4);
}

#[test]
fn a_link_to_a_picture_works_for_fifteen_minutes() {
    let mut world = World::new();
    let call = Call::init(NOW).set("VideoEvidence", "true");
    let id = certify_id(&ask(&mut world, call));
    world.finish(&id, Verdict::Passed, NOW).unwrap();
    let answer = ask(&mut world, Call::describe(&id, NOW)).json();
    let material = answer["ResultObject"]["MaterialInfo"].as_str().unwrap();
    let material: Value = serde_json::from_str(material).unwrap();
    for (link, kind) in [("pictureUrl", "image/gif"), ("verifyVideoUrl", "video/mp4")] {
        let link = material["facialPictureFront"][link].as_str().unwrap();
        let target = link.strip_prefix("http://simulator.invalid").unwrap();
        let request = cloudauth_sim::Incoming::new("GET", target, Vec::new(), *b"");
        let mut fetch = |now| answered(world.handle(Region::Beijing, &request, now));
        let answer = fetch(NOW + 900);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some(kind))
        );
        assert_eq!(fetch(NOW + 901).status, 403);
    }
}

fn sealing_key(public: &str) -> SealingKey {
    let bytes: Vec<u8> = (0..public.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&public[at..at + 2], 16).unwrap())
        .collect();
    SealingKey::new(&bytes).unwrap()
}

#[test]
fn an_encrypted_number_is_decrypted_and_checked_like_a_plain_one() {
    let mut world = World::new();
    let mut entropy = Entropy::from_seed([1; 32]);
    let mut init = |key: &SealingKey, number: &str| {
        let mut sealed = |text: &str| {
            let sealed = key.seal(&Sensitive::from(text), &mut entropy).unwrap();
            sealed.expose().to_owned()
        };
        Call::init(NOW)
            .set("EncryptType", "SM2")
            .set("CertName", &sealed("张三"))
            .set("CertNo", &sealed(number))
    };
    let number = "330103199001011234";
    let public = world.sm2_public_key();
    assert_eq!(public, cloudauth_sim::SM2_PUBLIC_KEY);
    let key = sealing_key(&public);
    assert_eq!(ask(&mut world, init(&key, number)).code(), "200");
    assert_eq!(ask(&mut world, init(&key, "3301")).code(), "401");
    assert_eq!(
        ask(&mut world, init(&key, "330103201501011234")).code(),
        "405"
    );
    let magic = &rows("Code")[3];
    assert_eq!(
        ask(&mut world, init(&key, &magic.number)).code(),
        magic.gives
    );

    assert!(world.set_sm2_key(&"1".repeat(64)));
    assert!(!world.set_sm2_key("no key"));
    let other = sealing_key(&world.sm2_public_key());
    assert_eq!(ask(&mut world, init(&key, number)).code(), "501");
    assert_eq!(ask(&mut world, init(&other, number)).code(), "200");
    // The vendor's published key: nobody here can decrypt for it.
    assert_eq!(
        ask(&mut world, init(&SealingKey::published(), number)).code(),
        "501"
    );
    let unknown = Call::init(NOW).set("EncryptType", "RSA");
    assert_eq!(ask(&mut world, unknown).code(), "401");
}

#[test]
fn so_many_queries_a_second_and_no_more() {
    let mut world = World::new();
    world.keep_limits(true);
    for (action, limit) in [("DescribeFaceVerify", 50), ("DeepfakeDetect", 10)] {
        let codes: Vec<String> = (0..=limit)
            .map(|_| ask(&mut world, Call::new(action, NOW)).code())
            .collect();
        assert!(
            codes[..limit].iter().all(|code| code != "Throttling.User"),
            "{action}"
        );
        let answer = ask(&mut world, Call::new(action, NOW));
        assert_eq!(
            (answer.status, &*answer.code()),
            (400, "Throttling.User"),
            "{action}"
        );
        assert_eq!(answer.header("x-acs-retry-after"), Some("1000"));
        assert_eq!(codes[limit], "Throttling.User");
        let later = ask_at(&mut world, Call::new(action, NOW + 1), NOW + 1);
        assert_ne!(later.code(), "Throttling.User");
    }
    assert_eq!(world.executions("DeepfakeDetect"), 11);
    world.keep_limits(false);
    for _ in 0..60 {
        assert_ne!(
            ask(&mut world, Call::new("DeepfakeDetect", NOW)).code(),
            "Throttling.User"
        );
    }
}

#[test]
fn the_table_in_the_docs_is_the_one_in_the_code() {
    let hint = "cargo run -p cloudauth-sim --example magic > crates/cloudauth-sim/MAGIC.md";
    assert!(
        include_str!("../../MAGIC.md") == magic_table(),
        "run {hint}"
    );
}
