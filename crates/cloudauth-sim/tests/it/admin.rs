//! The admin interface of a running simulator.

use core::fmt::Write as _;
use core::time::Duration;
use std::io::Write as _;

use cloudauth_sim::{Fault, IncomingRequest, Region, Simulator, Times, magic_numbers};
use serde_json::{Value, json};

use crate::client::{Call, Connection, Response, clock, send, submit_page};

fn pages(simulator: &Simulator) -> &str {
    simulator.page_url()
}

fn command(simulator: &Simulator, path: &str, body: &Value) -> Response {
    let content_type = ("content-type".to_owned(), "application/json".to_owned());
    admin(
        simulator,
        "POST",
        path,
        vec![content_type],
        body.to_string().as_bytes(),
    )
}

/// A request to the admin interface from this machine.
fn admin(
    simulator: &Simulator,
    method: &str,
    path: &str,
    headers: Vec<(String, String)>,
    body: &[u8],
) -> Response {
    raw(simulator, "127.0.0.1", method, path, headers, body)
}

fn raw(
    simulator: &Simulator,
    host: &str,
    method: &str,
    path: &str,
    headers: Vec<(String, String)>,
    body: &[u8],
) -> Response {
    let mut connection = Connection::open(pages(simulator)).unwrap();
    let mut text = format!("{method} /admin{path} HTTP/1.1\r\nhost: {host}\r\n");
    for (name, value) in headers {
        write!(text, "{name}: {value}\r\n").unwrap();
    }
    write!(text, "content-length: {}\r\n\r\n", body.len()).unwrap();
    connection.stream.write_all(text.as_bytes()).unwrap();
    connection.stream.write_all(body).unwrap();
    connection.receive().unwrap()
}

fn state(simulator: &Simulator) -> Value {
    admin(simulator, "GET", "/state", Vec::new(), b"").json()
}

fn init(simulator: &Simulator, region: Region) -> std::io::Result<Response> {
    send(
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
    assert_eq!(command(&simulator, "/faults", &fault).status, 200);
    let always = json!({ "fault": "throttle", "region": "cn-beijing", "times": "always" });
    assert_eq!(command(&simulator, "/faults", &always).status, 200);
    let statuses: Vec<u16> = (0..3)
        .map(|_| init(&simulator, Region::Beijing).unwrap().status)
        .collect();
    assert_eq!(statuses, [503, 503, 400]);
    assert_eq!(init(&simulator, Region::Shanghai).unwrap().status, 200);
    assert_eq!(
        state(&simulator)["faults"],
        json!([
            { "region": "cn-beijing", "action": "InitFaceVerify", "fault": "status 503", "remaining": 0, "hits": 2 },
            { "region": "cn-beijing", "action": null, "fault": "throttle", "remaining": null, "hits": 1 },
        ])
    );
    let cleared = admin(
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
    command(&simulator, "/faults", &refuse);
    assert!(eventually(|| init(&simulator, Region::Shanghai).is_err()));
    assert_eq!(state(&simulator)["regions"][0]["refuses_connections"], true);
    admin(&simulator, "DELETE", "/faults", Vec::new(), b"");
    assert!(eventually(|| init(&simulator, Region::Shanghai).is_ok()));
}

fn eventually(mut holds: impl FnMut() -> bool) -> bool {
    (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        holds()
    })
}

#[test]
fn every_fault_can_be_injected() {
    let simulator = Simulator::start().unwrap();
    let fault = |name: &str| json!({ "fault": name });
    for name in [
        "refuse",
        "reset",
        "hang",
        "trickle",
        "code_500",
        "throttle",
        "garbage",
        "wrong_type",
        "empty",
        "truncate",
        "close",
        "bad_tls",
    ] {
        assert_eq!(
            command(&simulator, "/faults", &fault(name)).status,
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
        assert_eq!(command(&simulator, "/faults", &more).status, 200, "{more}");
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
        command(&simulator, "/clock", &json!({ "move_seconds": 3600 })).status,
        200
    );
    assert!(simulator.now_unix().abs_diff(clock() + 3600) <= 1);
    let late = send(
        &simulator.url(Region::Shanghai),
        &Call::init(clock()).sign(),
    )
    .unwrap();
    assert_eq!(late.code(), "InvalidTimeStamp.Expired");
    let date = late.header("date").unwrap().to_owned();
    simulator.move_clock(-3600);
    let response = init(&simulator, Region::Shanghai).unwrap();
    assert_eq!(response.code(), "200");
    assert_ne!(response.header("date").unwrap(), date);

    let id = response.json()["ResultObject"]["CertifyId"]
        .as_str()
        .unwrap()
        .to_owned();
    simulator.move_clock(1801);
    assert_eq!(
        send(pages(&simulator), &submit_page(&id, "pass"))
            .unwrap()
            .status,
        410
    );
    // The clock stops at its limits without an overflow.
    for far in [i64::MAX, i64::MAX, i64::MIN] {
        assert_eq!(
            command(&simulator, "/clock", &json!({ "move_seconds": far })).status,
            200
        );
    }
}

#[test]
fn a_verification_is_finished_and_listed() {
    let simulator = Simulator::start().unwrap();
    let response = init(&simulator, Region::Shanghai).unwrap();
    let id = response.json()["ResultObject"]["CertifyId"].clone();
    let finish = json!({ "certify_id": id, "sub_code": "204" });
    assert_eq!(command(&simulator, "/finish", &finish).status, 200);
    let again = command(&simulator, "/finish", &finish);
    assert_eq!(
        (again.status, &again.json()["error"]),
        (409, &json!("the certify ID was used already"))
    );
    let state = state(&simulator);
    assert_eq!(
        state["verdicts"],
        json!([{ "certify_id": id, "sub_code": "204", "passed": false }])
    );
    assert_eq!(state["executions"]["InitFaceVerify"], 1);
    assert_eq!(state["regions"][0]["request_count"], 1);
}

#[test]
fn rate_limits_are_enforced_and_identities_unlocked_on_command() {
    let simulator = Simulator::start().unwrap();
    assert_eq!(
        command(&simulator, "/limits", &json!({ "enforce": true })).status,
        200
    );
    let codes: Vec<String> = (0..60)
        .map(|_| {
            send(
                &simulator.url(Region::Shanghai),
                &Call::new("DeepfakeDetect", clock()).sign(),
            )
        })
        .map(|response| response.unwrap().code())
        .collect();
    assert!(codes.contains(&"Throttling.User".to_owned()), "{codes:?}");
    assert_eq!(
        command(&simulator, "/limits", &json!({ "enforce": false })).status,
        200
    );
    assert_eq!(command(&simulator, "/unlock", &json!({})).status, 200);
}

#[test]
fn the_state_contains_no_personal_data_and_no_secrets() {
    let simulator = Simulator::start().unwrap();
    let url = simulator.url(Region::Shanghai);
    let magic = magic_numbers()
        .into_iter()
        .find(|row| row.value == "412")
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
        send(&url, &call.sign()).unwrap();
    }
    let shown = admin(&simulator, "GET", "/state", Vec::new(), b"").text();
    assert!(shown.contains("SignatureDoesNotMatch") && shown.contains("\"412\""));
    for secret in [
        "SENTINEL",
        "张三",
        "330103199001011230",
        &magic,
        "testsecret",
        "testid",
    ] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    let log = format!("{:?}", simulator.world().requests());
    assert!(!log.contains("SENTINEL") && !log.contains("330103199001011230"));
}

#[test]
fn the_live_page_loads_nothing_from_other_origins() {
    let simulator = Simulator::start().unwrap();
    let get = |path| admin(&simulator, "GET", path, Vec::new(), b"");
    assert_eq!(
        simulator.admin_url(),
        format!("{}/admin", pages(&simulator))
    );
    for path in ["", "/", "/live.js"] {
        let response = get(path);
        assert_eq!(response.status, 200);
        let policy = response.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"));
        let text = response.text();
        for elsewhere in ["http://", "https://", "//cdn", "innerHTML", "@import"] {
            assert!(!text.contains(elsewhere), "{path}: {elsewhere}");
        }
    }
}

#[test]
fn foreign_pages_and_foreign_host_names_are_refused() {
    let simulator = Simulator::start().unwrap();
    let json = || vec![("content-type".to_owned(), "application/json".to_owned())];
    for host in [
        "evil.example",
        "127.0.0.1.evil.example",
        "evil.example:80",
        "",
        "[::1].x",
    ] {
        let response = raw(&simulator, host, "GET", "/state", Vec::new(), b"");
        assert_eq!(response.status, 403, "{host}");
        let response = raw(&simulator, host, "POST", "/unlock", json(), b"{}");
        assert_eq!(response.status, 403, "{host}");
    }
    for host in [
        "localhost",
        "localhost:1",
        "127.0.0.1:99",
        "[::1]",
        "[::1]:80",
    ] {
        let response = raw(&simulator, host, "GET", "/state", Vec::new(), b"");
        assert_eq!(response.status, 200, "{host}");
    }
    // The types that a form of a foreign page can send without a preflight request.
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=a",
    ] {
        let kind = vec![("content-type".to_owned(), kind.to_owned())];
        let response = admin(&simulator, "POST", "/clock", kind, b"{\"move_seconds\":1}");
        assert_eq!(response.status, 415);
    }
    assert_eq!(
        admin(
            &simulator,
            "POST",
            "/clock",
            Vec::new(),
            b"{\"move_seconds\":1}"
        )
        .status,
        415
    );
    assert!(simulator.now_unix().abs_diff(clock()) <= 1);
    // The ports of the regions have no such path.
    let region = IncomingRequest::new("GET", "/admin/state", Vec::new(), *b"");
    let response = send(&simulator.url(Region::Shanghai), &region).unwrap();
    assert!(response.status >= 400);
    assert!(!response.text().contains("requests"));
}

#[test]
fn invalid_commands_are_refused_with_a_reason() {
    let simulator = Simulator::start().unwrap();
    let faults = |body: &str| {
        let kind = vec![("content-type".to_owned(), "application/json".to_owned())];
        admin(&simulator, "POST", "/faults", kind, body.as_bytes())
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
        let response = faults(body);
        assert_eq!(response.status, 400, "{body}");
        assert!(response.json()["error"].is_string());
    }
    let long = format!(
        r#"{{"fault":"custom","status":200,"body":"{}"}}"#,
        "x".repeat(70_000)
    );
    assert_eq!(faults(&long).status, 413);
    for (path, body) in [
        ("/clock", json!({ "move_seconds": "1" })),
        ("/finish", json!({ "certify_id": "sha0" })),
        (
            "/finish",
            json!({ "certify_id": "sha0", "sub_code": "999" }),
        ),
        ("/limits", json!({ "enforce": 1 })),
    ] {
        assert_eq!(command(&simulator, path, &body).status, 400, "{path}");
    }
    assert_eq!(command(&simulator, "/nothing", &json!({})).status, 404);
    assert_eq!(
        admin(&simulator, "PUT", "/faults", Vec::new(), b"").status,
        404
    );
    let query = admin(&simulator, "DELETE", "/faults?region=%zz", Vec::new(), b"");
    assert_eq!(query.status, 400);
    assert_eq!(state(&simulator)["faults"], json!([]));
}

#[test]
fn the_number_of_waiting_faults_is_bounded() {
    let simulator = Simulator::start().unwrap();
    for _ in 0..1_000 {
        simulator.inject(Region::Beijing, Fault::Empty, Times::Always);
    }
    let one_more = json!({ "fault": "hang", "region": "cn-beijing" });
    assert_eq!(command(&simulator, "/faults", &one_more).status, 409);
}

#[test]
fn the_reason_for_a_signature_mismatch_is_listed() {
    let simulator = Simulator::start().unwrap();
    let mut request = Call::init(simulator.now_unix()).sign();
    request.method = "GET".into();
    let response = send(&simulator.url(Region::Beijing), &request).unwrap();
    assert_eq!(response.code(), "SignatureDoesNotMatch");
    let request = &state(&simulator)["requests"][0];
    assert_eq!(request["detail"], "the method: signed POST, received GET");
    assert_eq!(request["scheme"], Value::Null);
}
