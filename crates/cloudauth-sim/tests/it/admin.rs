//! The admin endpoint of the running simulator, and what it refuses.

use core::fmt::Write as _;
use core::time::Duration;
use std::io::{Read as _, Write as _};

use cloudauth_sim::{Fault, Incoming, Region, Simulator, Times, magic_numbers};
use serde_json::{Value, json};

use crate::client::{Answer, Call, Wire, ask, clock, press, stopwatch};

fn pages(simulator: &Simulator) -> &str {
    simulator.page_url()
}

fn order(simulator: &Simulator, path: &str, body: &Value) -> Answer {
    let kind = ("content-type".to_owned(), "application/json".to_owned());
    tell(
        simulator,
        "POST",
        path,
        vec![kind],
        body.to_string().as_bytes(),
    )
}

/// Tells it something, as a program on this machine would.
fn tell(
    simulator: &Simulator,
    method: &str,
    path: &str,
    headers: Vec<(String, String)>,
    body: &[u8],
) -> Answer {
    raw(simulator, "127.0.0.1", method, path, headers, body)
}

fn raw(
    simulator: &Simulator,
    host: &str,
    method: &str,
    path: &str,
    headers: Vec<(String, String)>,
    body: &[u8],
) -> Answer {
    let mut wire = Wire::open(pages(simulator)).unwrap();
    let mut text = format!("{method} /admin{path} HTTP/1.1\r\nhost: {host}\r\n");
    for (name, value) in headers {
        write!(text, "{name}: {value}\r\n").unwrap();
    }
    write!(text, "content-length: {}\r\n\r\n", body.len()).unwrap();
    wire.stream.write_all(text.as_bytes()).unwrap();
    wire.stream.write_all(body).unwrap();
    wire.receive().unwrap()
}

fn state(simulator: &Simulator) -> Value {
    tell(simulator, "GET", "/state", Vec::new(), b"").json()
}

fn init(simulator: &Simulator, region: Region) -> std::io::Result<Answer> {
    ask(
        &simulator.url(region),
        &Call::init(simulator.now_unix()).sign(),
    )
}

#[test]
fn a_fault_is_injected_counted_and_cleared() {
    let simulator = Simulator::start().unwrap();
    let fault = json!({
        "fault": "status", "status": 503, "region": "cn-beijing", "action": "InitFaceVerify", "times": 2,
    });
    assert_eq!(order(&simulator, "/faults", &fault).status, 200);
    let always = json!({ "fault": "throttle", "region": "cn-beijing", "times": "always" });
    assert_eq!(order(&simulator, "/faults", &always).status, 200);
    let statuses: Vec<u16> = (0..3)
        .map(|_| init(&simulator, Region::Beijing).unwrap().status)
        .collect();
    assert_eq!(statuses, [503, 503, 400]);
    assert_eq!(init(&simulator, Region::Shanghai).unwrap().status, 200);
    assert_eq!(
        state(&simulator)["faults"],
        json!([
            { "region": "cn-beijing", "action": "InitFaceVerify", "fault": "status 503", "left": 0, "hits": 2 },
            { "region": "cn-beijing", "action": null, "fault": "throttle", "left": null, "hits": 1 },
        ])
    );
    let cleared = tell(
        &simulator,
        "DELETE",
        "/faults?region=cn-beijing",
        Vec::new(),
        b"",
    );
    assert_eq!(cleared.status, 200);
    assert_eq!(init(&simulator, Region::Beijing).unwrap().status, 200);
}

#[test]
fn a_region_goes_down_and_comes_back() {
    let simulator = Simulator::start().unwrap();
    let refuse = json!({ "fault": "refuse", "region": "cn-shanghai", "times": "always" });
    order(&simulator, "/faults", &refuse);
    assert!(eventually(|| init(&simulator, Region::Shanghai).is_err()));
    assert_eq!(state(&simulator)["regions"][0]["refuses"], true);
    tell(&simulator, "DELETE", "/faults", Vec::new(), b"");
    assert!(eventually(|| init(&simulator, Region::Shanghai).is_ok()));
}

fn eventually(mut is_so: impl FnMut() -> bool) -> bool {
    (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        is_so()
    })
}

#[test]
fn every_fault_can_be_asked_for() {
    let simulator = Simulator::start().unwrap();
    let fault = |name: &str| json!({ "fault": name });
    for name in [
        "refuse",
        "reset",
        "hang",
        "trickle",
        "code 500",
        "throttle",
        "garbage",
        "wrong type",
        "empty",
        "truncate",
        "close",
        "bad tls",
    ] {
        assert_eq!(
            order(&simulator, "/faults", &fault(name)).status,
            200,
            "{name}"
        );
    }
    for more in [
        json!({ "fault": "status", "status": 500 }),
        json!({ "fault": "gateway", "status": 403, "code": "NoPermission" }),
        json!({ "fault": "oversize", "bytes": 1000 }),
        json!({ "fault": "skew", "seconds": -3600 }),
        json!({ "fault": "custom", "status": 200, "body": "{}" }),
    ] {
        assert_eq!(order(&simulator, "/faults", &more).status, 200, "{more}");
    }
    assert_eq!(
        state(&simulator)["faults"].as_array().unwrap().len(),
        2 * 17
    );
}

#[test]
fn the_clock_moves() {
    let simulator = Simulator::start().unwrap();
    assert!(simulator.now_unix().abs_diff(clock()) <= 1);
    assert_eq!(
        order(&simulator, "/clock", &json!({ "move": 3600 })).status,
        200
    );
    assert!(simulator.now_unix().abs_diff(clock() + 3600) <= 1);
    let late = ask(
        &simulator.url(Region::Shanghai),
        &Call::init(clock()).sign(),
    )
    .unwrap();
    assert_eq!(late.code(), "InvalidTimeStamp.Expired");
    let date = late.header("date").unwrap().to_owned();
    simulator.move_clock(-3600);
    let answer = init(&simulator, Region::Shanghai).unwrap();
    assert_eq!(answer.code(), "200");
    assert_ne!(answer.header("date").unwrap(), date);

    let id = answer.json()["ResultObject"]["CertifyId"]
        .as_str()
        .unwrap()
        .to_owned();
    simulator.move_clock(1801);
    assert_eq!(
        ask(pages(&simulator), &press(&id, "pass")).unwrap().status,
        410
    );
    // As far as it goes, and no overflow.
    for far in [i64::MAX, i64::MAX, i64::MIN] {
        assert_eq!(
            order(&simulator, "/clock", &json!({ "move": far })).status,
            200
        );
    }
}

#[test]
fn a_verification_is_finished_from_outside_and_shown() {
    let simulator = Simulator::start().unwrap();
    let answer = init(&simulator, Region::Shanghai).unwrap();
    let id = answer.json()["ResultObject"]["CertifyId"].clone();
    let finish = json!({ "certifyId": id, "subCode": "204" });
    assert_eq!(order(&simulator, "/finish", &finish).status, 200);
    let again = order(&simulator, "/finish", &finish);
    assert_eq!(
        (again.status, &again.json()["error"]),
        (409, &json!("the certify id was used already"))
    );
    let state = state(&simulator);
    assert_eq!(
        state["verdicts"],
        json!([{ "certifyId": id, "subCode": "204", "passed": false }])
    );
    assert_eq!(state["executions"]["InitFaceVerify"], 1);
    assert_eq!(state["regions"][0]["attempts"], 1);
}

#[test]
fn limits_and_lock_outs_are_switched_from_outside() {
    let simulator = Simulator::start().unwrap();
    assert_eq!(
        order(&simulator, "/limits", &json!({ "keep": true })).status,
        200
    );
    let codes: Vec<String> = (0..60)
        .map(|_| {
            ask(
                &simulator.url(Region::Shanghai),
                &Call::new("DeepfakeDetect", clock()).sign(),
            )
        })
        .map(|answer| answer.unwrap().code())
        .collect();
    assert!(codes.contains(&"Throttling.User".to_owned()), "{codes:?}");
    assert_eq!(
        order(&simulator, "/limits", &json!({ "keep": false })).status,
        200
    );
    assert_eq!(order(&simulator, "/unlock", &json!({})).status, 200);
}

#[test]
fn what_is_shown_has_no_person_and_no_secret() {
    let simulator = Simulator::start().unwrap();
    let url = simulator.url(Region::Shanghai);
    let magic = magic_numbers()
        .into_iter()
        .find(|row| row.gives == "412")
        .unwrap()
        .number;
    for call in [
        Call::init(clock()),
        Call::init(clock()).set("CertNo", &magic),
        Call::init(clock()).set("CertNo", "SENTINEL-NUMBER"),
        Call::init(clock()).set("CallbackUrl", "http://x/SENTINEL-URL"),
        Call::init(clock()).with_key("testid", "SENTINEL-SECRET"),
        Call::init(clock()).set("SecurityToken", "SENTINEL-TOKEN"),
        Call::describe("SENTINEL-ID", clock()),
    ] {
        ask(&url, &call.sign()).unwrap();
    }
    let shown = tell(&simulator, "GET", "/state", Vec::new(), b"").text();
    assert!(shown.contains("SignatureDoesNotMatch") && shown.contains("\"412\""));
    for secret in [
        "SENTINEL",
        "张三",
        "330103199001011234",
        &magic,
        "testsecret",
        "testid",
    ] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    let log = format!("{:?}", simulator.world().requests());
    assert!(!log.contains("SENTINEL") && !log.contains("330103199001011234"));
}

#[test]
fn the_page_loads_nothing_from_elsewhere() {
    let simulator = Simulator::start().unwrap();
    let get = |path| tell(&simulator, "GET", path, Vec::new(), b"");
    assert_eq!(
        simulator.admin_url(),
        format!("{}/admin", pages(&simulator))
    );
    for path in ["", "/", "/live.js"] {
        let answer = get(path);
        assert_eq!(answer.status, 200);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"));
        let text = answer.text();
        for elsewhere in ["http://", "https://", "//cdn", "innerHTML", "@import"] {
            assert!(!text.contains(elsewhere), "{path}: {elsewhere}");
        }
    }
}

#[test]
fn foreign_pages_and_foreign_names_get_nothing() {
    let simulator = Simulator::start().unwrap();
    let json = || vec![("content-type".to_owned(), "application/json".to_owned())];
    for host in [
        "evil.example",
        "127.0.0.1.evil.example",
        "evil.example:80",
        "",
        "[::1].x",
    ] {
        let answer = raw(&simulator, host, "GET", "/state", Vec::new(), b"");
        assert_eq!(answer.status, 403, "{host}");
        let answer = raw(&simulator, host, "POST", "/unlock", json(), b"{}");
        assert_eq!(answer.status, 403, "{host}");
    }
    for host in [
        "localhost",
        "localhost:1",
        "127.0.0.1:99",
        "[::1]",
        "[::1]:80",
    ] {
        let answer = raw(&simulator, host, "GET", "/state", Vec::new(), b"");
        assert_eq!(answer.status, 200, "{host}");
    }
    // What a form of a foreign page can send without asking.
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=a",
    ] {
        let kind = vec![("content-type".to_owned(), kind.to_owned())];
        let answer = tell(&simulator, "POST", "/clock", kind, b"{\"move\":1}");
        assert_eq!(answer.status, 415);
    }
    assert_eq!(
        tell(&simulator, "POST", "/clock", Vec::new(), b"{\"move\":1}").status,
        415
    );
    assert!(simulator.now_unix().abs_diff(clock()) <= 1);
    // On the ports of the regions it is no path at all.
    let region = Incoming::new("GET", "/admin/state", Vec::new(), *b"");
    let answer = ask(&simulator.url(Region::Shanghai), &region).unwrap();
    assert!(answer.status >= 400);
    assert!(!answer.text().contains("requests"));
}

#[test]
fn junk_is_refused_with_a_reason() {
    let simulator = Simulator::start().unwrap();
    let faults = |body: &str| {
        let kind = vec![("content-type".to_owned(), "application/json".to_owned())];
        tell(&simulator, "POST", "/faults", kind, body.as_bytes())
    };
    let deep = "[".repeat(30_000);
    for body in [
        "",
        "{",
        "[]",
        "null",
        "1",
        "\"hang\"",
        "{}",
        "\u{0}",
        &deep,
        r#"{"fault":1}"#,
        r#"{"fault":"explode"}"#,
        r#"{"fault":"hang","region":"cn-hangzhou"}"#,
        r#"{"fault":"hang","region":1}"#,
        r#"{"fault":"hang","action":{}}"#,
        r#"{"fault":"hang","times":-1}"#,
        r#"{"fault":"hang","times":1e99}"#,
        r#"{"fault":"hang","times":4294967296}"#,
        r#"{"fault":"hang","times":"often"}"#,
        r#"{"fault":"status"}"#,
        r#"{"fault":"status","status":99}"#,
        r#"{"fault":"status","status":65536}"#,
        r#"{"fault":"oversize","bytes":-1}"#,
        r#"{"fault":"oversize","bytes":99999999999}"#,
        r#"{"fault":"skew","seconds":1.5}"#,
        r#"{"fault":"gateway","status":400}"#,
    ] {
        let answer = faults(body);
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.json()["error"].is_string());
    }
    let long = format!(
        r#"{{"fault":"custom","status":200,"body":"{}"}}"#,
        "x".repeat(70_000)
    );
    assert_eq!(faults(&long).status, 413);
    for (path, body) in [
        ("/clock", json!({ "move": "1" })),
        ("/finish", json!({ "certifyId": "sha0" })),
        ("/finish", json!({ "certifyId": "sha0", "subCode": "999" })),
        ("/limits", json!({ "keep": 1 })),
    ] {
        assert_eq!(order(&simulator, path, &body).status, 400, "{path}");
    }
    assert_eq!(order(&simulator, "/nothing", &json!({})).status, 404);
    assert_eq!(
        tell(&simulator, "PUT", "/faults", Vec::new(), b"").status,
        404
    );
    let query = tell(&simulator, "DELETE", "/faults?region=%zz", Vec::new(), b"");
    assert_eq!(query.status, 400);
    assert_eq!(state(&simulator)["faults"], json!([]));
}

#[test]
fn not_more_than_so_many_faults_wait() {
    let simulator = Simulator::start().unwrap();
    for _ in 0..1_000 {
        simulator.inject(Region::Beijing, Fault::Empty, Times::Always);
    }
    let one_more = json!({ "fault": "hang", "region": "cn-beijing" });
    assert_eq!(order(&simulator, "/faults", &one_more).status, 409);
}

#[test]
fn the_reason_of_a_refused_signature_is_shown() {
    let simulator = Simulator::start().unwrap();
    let mut request = Call::init(simulator.now_unix()).sign();
    request.method = "GET".into();
    let answer = ask(&simulator.url(Region::Beijing), &request).unwrap();
    assert_eq!(answer.code(), "SignatureDoesNotMatch");
    let seen = &state(&simulator)["requests"][0];
    assert_eq!(seen["detail"], "the method: POST was signed, GET came");
    assert_eq!(seen["scheme"], Value::Null);
}

#[test]
fn a_trickle_takes_its_time() {
    let simulator = Simulator::start().unwrap();
    simulator.inject(Region::Shanghai, Fault::Trickle, Times::Once);
    let mut wire = Wire::open(&simulator.url(Region::Shanghai)).unwrap();
    let call = Call::init(clock()).without("SceneId");
    let took = stopwatch(|| {
        wire.send(&call.sign()).unwrap();
        let mut head = vec![0; 512];
        let mut read = 0;
        // The head, then byte after byte.
        while !head[..read].ends_with(b"{\"Co") && read < head.len() {
            read += wire.stream.read(&mut head[read..]).unwrap();
        }
    });
    assert!(took >= Duration::from_millis(300), "{took:?}");
    assert_eq!(simulator.world().requests()[0].outcome, "fault: trickle");
}

#[test]
fn a_connection_closes_after_its_last_answer() {
    let simulator = Simulator::start().unwrap();
    simulator.inject(Region::Shanghai, Fault::Close, Times::Once);
    let mut wire = Wire::open(&simulator.url(Region::Shanghai)).unwrap();
    wire.send(&Call::init(clock()).sign()).unwrap();
    let answer = wire.receive().unwrap();
    assert_eq!(answer.code(), "200");
    assert_eq!(answer.header("connection"), None, "nothing announces it");
    assert_eq!(wire.stream.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_wrong_clock_and_wrong_types_are_met_once() {
    let simulator = Simulator::start().unwrap();
    simulator.inject(Region::Shanghai, Fault::Skew(3600), Times::Once);
    simulator.inject(Region::Shanghai, Fault::WrongType, Times::Once);
    let answer = init(&simulator, Region::Shanghai).unwrap();
    assert_eq!(answer.code(), "InvalidTimeStamp.Expired");
    let wrong = init(&simulator, Region::Shanghai).unwrap().json();
    assert!(wrong["Code"].is_array() && wrong["ResultObject"].is_string());
    assert!(wrong["RequestId"].is_string());
    assert_eq!(init(&simulator, Region::Shanghai).unwrap().code(), "200");
}
