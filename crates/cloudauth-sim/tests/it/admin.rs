//! The admin interface of a running simulator.

use core::fmt::Write as _;
use core::time::Duration;
use std::io::Write as _;

use cloudauth_sim::{
    Fault, IncomingRequest, Region, Simulator, SimulatorOptions, Times, magic_numbers,
};
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
}

#[test]
fn the_clock_has_bounds() {
    let simulator = Simulator::start().unwrap();
    let century = 100 * 365 * 86_400_i64;
    for far in [i64::MAX, i64::MIN, century + 1] {
        let refused = command(&simulator, "/clock", &json!({ "move_seconds": far }));
        assert_eq!(refused.status, 400, "{far}");
        let skewed = json!({ "fault": "skew", "seconds": far });
        assert_eq!(command(&simulator, "/faults", &skewed).status, 400, "{far}");
    }
    // It stops at its limits, and everything still responds.
    for _ in 0..3 {
        let moved = command(&simulator, "/clock", &json!({ "move_seconds": century }));
        assert_eq!(moved.status, 200);
    }
    let now = clock();
    let limit = now + century.unsigned_abs();
    assert!(simulator.now_unix().abs_diff(limit) <= 1);
    let role = IncomingRequest::new(
        "GET",
        "/latest/meta-data/ram/security-credentials/SimulatedRole",
        Vec::new(),
        *b"",
    );
    assert_eq!(send(pages(&simulator), &role).unwrap().status, 200);
    assert_eq!(init(&simulator, Region::Shanghai).unwrap().code(), "200");
    simulator.move_clock(i64::MIN);
    let response = send(pages(&simulator), &role).unwrap();
    assert_eq!(response.status, 200);
}

#[test]
fn an_unknown_key_is_refused_with_a_list_of_what_there_is() {
    let simulator = Simulator::start().unwrap();
    for (path, body, listed) in [
        (
            "/faults",
            json!({ "fault": "refuse", "regoin": "cn-beijing", "times": "always" }),
            "action, times",
        ),
        ("/clock", json!({ "move": 1 }), "there are: move_seconds"),
        ("/unlock", json!({ "all": true }), "there are: none"),
        ("/faults", json!({ "fault": "explode" }), "refuse, reset"),
    ] {
        let refused = command(&simulator, path, &body);
        assert_eq!(refused.status, 400, "{path}");
        let error = refused.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(listed), "{error}");
    }
    let query = admin(&simulator, "DELETE", "/faults?regoin=a", Vec::new(), b"");
    assert_eq!(query.status, 400);
    assert_eq!(state(&simulator)["faults"], json!([]));
    assert!(init(&simulator, Region::Shanghai).is_ok());
}

// Other systems may not let two sockets bind a port, of which one does not listen.
#[cfg(target_os = "linux")]
#[test]
fn restoring_a_region_whose_port_was_taken_says_so() {
    let simulator = Simulator::start().unwrap();
    let url = simulator.url(Region::Beijing);
    let port: u16 = url.rsplit(':').next().unwrap().parse().unwrap();
    // A requested port is not shared, so that another process may get it while it is closed.
    drop(simulator);
    let options = SimulatorOptions::new().ports(0, port);
    let simulator = Simulator::start_with(&options).unwrap();
    let refuse = json!({ "fault": "refuse", "region": "cn-beijing", "times": "always" });
    command(&simulator, "/faults", &refuse);
    let taken = core::iter::repeat_with(|| {
        std::thread::sleep(Duration::from_millis(10));
        std::net::TcpListener::bind(("127.0.0.1", port))
    });
    let taken = taken.take(200).find_map(Result::ok).unwrap();
    let healed = admin(&simulator, "DELETE", "/faults", Vec::new(), b"");
    assert_eq!(healed.status, 409);
    let error = healed.json()["error"].as_str().unwrap().to_owned();
    assert!(error.contains("cn-beijing stays closed"), "{error}");
    drop(taken);
    let healed = admin(&simulator, "DELETE", "/faults", Vec::new(), b"");
    assert_eq!(healed.status, 200);
    assert!(init(&simulator, Region::Beijing).is_ok());
}

#[test]
fn the_interface_describes_itself_and_the_root_leads_to_it() {
    let simulator = Simulator::start().unwrap();
    let accept = |value: &str| vec![("accept".to_owned(), value.to_owned())];
    let described = admin(&simulator, "GET", "", accept("*/*"), b"").json();
    for described in described["commands"].as_array().unwrap() {
        let path = described["path"].as_str().unwrap();
        let path = path.strip_prefix("/admin").unwrap();
        let method = described["method"].as_str().unwrap();
        let json = vec![("content-type".to_owned(), "application/json".to_owned())];
        let response = admin(&simulator, method, path, json, b"{}");
        assert_ne!(response.status, 404, "{described}");
        assert!(described["does"].is_string() && described["keys"].is_object());
    }
    let faults: Vec<_> = described["faults"].as_array().unwrap().iter().collect();
    assert_eq!(faults.len(), 17);
    for fault in faults {
        let body = json!({
            "fault": fault, "status": 500, "code": "a", "bytes": 1, "seconds": 1, "body": "", "times": 0,
        });
        assert_eq!(command(&simulator, "/faults", &body).status, 200, "{fault}");
    }
    let root = IncomingRequest::new("GET", "/", Vec::new(), *b"");
    let root = send(pages(&simulator), &root).unwrap();
    assert_eq!(
        (root.status, root.header("location")),
        (303, Some("/admin"))
    );
    let health = IncomingRequest::new("GET", "/healthz", Vec::new(), *b"");
    assert_eq!(send(pages(&simulator), &health).unwrap().status, 200);
}

#[test]
fn an_exposed_interface_requires_its_token() {
    let options = SimulatorOptions::new().expose("127.0.0.1".parse().unwrap());
    let simulator = Simulator::start_with(&options).unwrap();
    let url = simulator.admin_url();
    let token = url.rsplit('/').next().unwrap().to_owned();
    assert_eq!(token.len(), 32);
    let get = |path: &str| raw(&simulator, "sim:8733", "GET", path, Vec::new(), b"");
    assert_eq!(get(&format!("/{token}/state")).status, 200);
    let page = get(&format!("/{token}"));
    assert!(page.text().contains(&format!("/admin/{token}/live.js")));
    assert_eq!(get(&format!("/{token}/live.js")).status, 200);
    for path in [
        "",
        "/",
        "/state",
        "/live.js",
        &format!("/{}/state", &token[1..]),
        &format!("/{token}x/state"),
        &format!("//{token}/state"),
    ] {
        let response = get(path);
        assert_eq!(response.status, 403, "{path}");
        assert!(!response.text().contains(&token));
    }
    let root = IncomingRequest::new("GET", "/", Vec::new(), *b"");
    let root = send(pages(&simulator), &root).unwrap();
    assert_eq!(root.status, 404);
    assert!(!root.text().contains(&token) && root.header("location").is_none());
    // Another start has another token.
    let other = Simulator::start_with(&options).unwrap();
    assert!(!other.admin_url().contains(&token));
}

#[test]
fn the_live_page_shows_what_happens_in_both_languages_as_text() {
    let simulator = Simulator::start().unwrap();
    let hostile = "\"><script>alert(1)</script>";
    let call = Call::init(clock())
        .set("OuterOrderNo", hostile)
        .set("CallbackUrl", "https://shop.example/called");
    let response = send(&simulator.url(Region::Shanghai), &call.sign()).unwrap();
    let id = response.json()["ResultObject"]["CertifyId"]
        .as_str()
        .unwrap()
        .to_owned();
    let again = Call::init(clock()).set("OuterOrderNo", hostile).sign();
    send(&simulator.url(Region::Beijing), &again).unwrap();
    let named = Call::new(hostile, clock()).sign();
    send(&simulator.url(Region::Beijing), &named).unwrap();

    let page = |query: &str| admin(&simulator, "GET", query, Vec::new(), b"").text();
    let text = page("?lang=en");
    assert!(!text.contains("<script>alert"), "{text}");
    let link = format!("href=\"{}/verify/{id}\"", simulator.page_url());
    assert!(text.contains(&link), "{text}");
    assert!(text.contains("Verifications under way"));
    assert!(page("?lang=zh").contains("进行中的认证"));
    let state = state(&simulator);
    let request = &state["requests"][2];
    let request_id = request["request_id"].as_str().unwrap();
    assert!(text.contains(request_id));
    // Both requests about the order have one mark, which selects them.
    let group = request["group"].as_str().unwrap();
    assert_eq!(state["requests"][1]["group"], group);
    assert_eq!(state["requests"][0]["group"], "");
    let selected = page(&format!("?group={group}"));
    assert!(selected.contains(request_id));
    let other = state["requests"][0]["request_id"].as_str().unwrap();
    assert!(text.contains(other) && !selected.contains(other));
    assert!(text.contains("other than letters and digits"), "a doubt");

    // Its buttons are commands that the interface takes.
    let buttons: Vec<_> = text.split("<button").skip(1).collect();
    let mut pressed = 0;
    // Those of the clock last: they end the verifications.
    for button in buttons.into_iter().rev() {
        let attribute = |name: &str| {
            let (_, rest) = button.split_once(&format!("{name}=\""))?;
            Some(rest.split_once('"')?.0.replace("&quot;", "\""))
        };
        let path = attribute("data-path").unwrap();
        let method = attribute("data-method").unwrap_or_else(|| "POST".to_owned());
        let body = attribute("data-body").unwrap_or_default();
        let json = vec![("content-type".to_owned(), "application/json".to_owned())];
        let response = admin(&simulator, &method, &path, json, body.as_bytes());
        let is_second_verdict = response.status == 409 && path == "/finish";
        assert!(response.status == 200 || is_second_verdict, "{button}");
        pressed += 1;
    }
    assert_eq!(pressed, 3 + 2 * 2 + 2 * 2);
    // The callback was not sent: its host is another machine.
    assert!(eventually(
        || page("?lang=en").contains("not sent: OtherMachine")
    ));
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
        let links = format!("{}/verify/", pages(&simulator));
        assert_eq!(response.status, 200);
        let policy = response.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"));
        let text = response.text().replace(&links, "");
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
        ("/finish", json!({ "sub_code": "200" })),
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
