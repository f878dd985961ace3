use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::SystemTime;

use cloudauth_proto::UnixTime;
use cloudauth_proto::verify::{CallbackKey, OuterOrderNo};
use serde_json::{Value, json};

use crate::process::{Running, TempFile, run};

const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

/// A running `listen`.
struct Listener {
    command: Running,
    address: String,
}

impl Listener {
    fn new(option: &str, file: &TempFile) -> Self {
        Self::with(Running::new(&[
            "listen",
            "--port",
            "0",
            option,
            file.path(),
        ]))
    }

    fn with(mut command: Running) -> Self {
        let listening = command.json();
        let url = listening["listening"].as_str().unwrap();
        let address = url.strip_prefix("http://").unwrap().to_owned();
        Self { command, address }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).unwrap()
    }

    /// Sends a request line; returns the status of the response.
    fn status(&self, request_line: &str) -> u16 {
        let mut stream = self.connect();
        let request = format!("{request_line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response[9..12].parse().unwrap()
    }

    /// Sends a callback; returns the status of the response and what the command prints.
    fn callback(&mut self, query: &str) -> (u16, Value) {
        let status = self.status(&format!("GET /callback?{query}"));
        (status, self.command.json())
    }
}

fn token(expires: u64) -> String {
    let order = OuterOrderNo::new("order1").unwrap();
    let key = CallbackKey::new(KEY).unwrap();
    let token = key.token(&order, UnixTime::from_seconds(expires));
    format!("callbackToken={}", token.expose())
}

#[test]
fn listen_classifies_callbacks_by_their_token() {
    let mut listener = Listener::new("--key", &TempFile::new(KEY));
    #[expect(clippy::disallowed_methods, reason = "tokens expire in real time")]
    let now = UnixTime::from(SystemTime::now()).seconds();
    let good = format!("certifyId=sha1&passed=204&{}", token(now + 60));
    let (status, printed) = listener.callback(&good);
    let expected = json!({
        "callback": "genuine",
        "CertifyId": "sha1",
        "Passed": "204",
        "hint": printed["hint"],
        "OuterOrderNo": "order1",
    });
    assert_eq!((status, &printed), (200, &expected));
    assert!(printed["hint"].is_string());

    let late = format!("certifyId=sha1&{}", token(now - 60));
    let too_long = format!("{good}&x={}", "x".repeat(20 << 10));
    for (query, status, class) in [
        (good.clone(), 200, "repeated"),
        (late, 200, "late"),
        (good.replace("order1", "order2"), 403, "forged"),
        ("certifyId=sha1&passed=200".into(), 403, "forged"),
        ("passed=200".into(), 400, "unreadable"),
        (too_long, 400, "unreadable"),
        (good.replace("sha1", "sha2"), 200, "genuine"),
    ] {
        let (actual, printed) = listener.callback(&query);
        let start = &query[..query.len().min(200)];
        assert_eq!(
            (actual, &printed["callback"]),
            (status, &json!(class)),
            "{start}"
        );
    }
    assert_eq!(listener.status("POST /callback"), 405);
    let expected = json!({"callback": "unreadable", "error": "the method is not GET"});
    assert_eq!(listener.command.json(), expected);
}

/// An application that receives callbacks: returns its URL, and the request lines that it receives.
fn application(status: &'static str) -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/callback", listener.local_addr().unwrap());
    let (lines, received) = std::sync::mpsc::channel();
    // The thread ends with the test process.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = String::new();
            std::io::BufRead::read_line(&mut std::io::BufReader::new(&stream), &mut request)
                .unwrap();
            let response =
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(response.as_bytes()).unwrap();
            if lines.send(request.trim_end().to_owned()).is_err() {
                return;
            }
        }
    });
    (url, received)
}

#[test]
fn listen_forwards_callbacks_that_are_not_forged_and_returns_the_status() {
    let (url, received) = application("503 X");
    let token = TempFile::new("1000004826\n");
    let args = [
        "listen",
        "--port",
        "0",
        "--token",
        token.path(),
        "--forward-to",
        &url,
    ];
    let mut listener = Listener::with(Running::new(&args));
    let query = "certifyId=sha1&passed=T&CallbackToken=1000004826";
    let (status, printed) = listener.callback(query);
    assert_eq!((status, &printed["callback"]), (503, &json!("genuine")));
    assert_eq!(
        (&printed["forwarded"], &printed["forward_error"]),
        (&json!(503), &Value::Null)
    );
    assert_eq!(
        received.recv().unwrap(),
        format!("GET /callback?{query} HTTP/1.1")
    );
    let (status, printed) = listener.callback(&query.replace("4826", "4827"));
    assert_eq!((status, &printed["callback"]), (403, &json!("forged")));
    assert!(received.try_recv().is_err());
    assert_eq!(printed.get("forwarded"), None);
}

#[test]
fn listen_reports_an_application_that_cannot_be_reached_without_the_token() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let token = TempFile::new("1000004826\n");
    let url = format!("http://{closed}/");
    let args = [
        "listen",
        "--port",
        "0",
        "--token",
        token.path(),
        "--forward-to",
        &url,
    ];
    let mut listener = Listener::with(Running::new(&args));
    let (status, printed) = listener.callback("certifyId=sha1&CallbackToken=1000004826");
    assert_eq!((status, &printed["forwarded"]), (502, &Value::Null));
    let error = printed["forward_error"].as_str().unwrap();
    assert_eq!(error, "cannot connect, or the connection was lost");
}

#[test]
fn the_simulator_sends_its_callbacks_to_listen_with_the_option_that_is_printed() {
    let key = TempFile::new(KEY);
    let mut command = Running::new(&["listen", "--port", "0", "--key", key.path()]);
    let listening = command.json();
    let option = listening["sim_option"].as_str().unwrap();
    let (name, route) = option.split_once(' ').unwrap();
    let route = route.replace("HOST", "shop.example");
    let mut sim = Running::new(&[
        "sim",
        "--shanghai",
        "0",
        "--beijing",
        "0",
        "--pages",
        "0",
        name,
        &route,
    ]);
    let mut url = String::new();
    loop {
        let line = sim.line();
        if let Some(it) = line.strip_prefix("# Shanghai ") {
            url = it.to_owned();
        }
        if line == "# ready" {
            break;
        }
    }
    let (person, meta_info) = (TempFile::new(crate::process::PERSON), TempFile::new("{}"));
    let opened = run(
        &[
            "init",
            "--endpoint",
            &url,
            "--scene-id",
            "7",
            "--outer-order-no",
            "order1",
            "--return-url",
            "https://www.example.com/",
            "--meta-info",
            meta_info.path(),
            "--person",
            person.path(),
            "--callback-url",
            "https://shop.example/callback",
            "--callback-key",
            key.path(),
        ],
        "",
    )
    .json();
    crate::process::submit(opened["CertifyUrl"].as_str().unwrap(), "pass");
    let printed = command.json();
    assert_eq!(
        (&printed["callback"], &printed["OuterOrderNo"]),
        (&json!("genuine"), &json!("order1"))
    );
}

#[test]
fn listen_ends_when_nobody_reads_its_output_any_more() {
    let token = TempFile::new("1000004826\n");
    let mut listener = Listener::new("--token", &token);
    listener.command.close_stdout();
    let query = "certifyId=sha1&CallbackToken=1000004826";
    assert_eq!(listener.status(&format!("GET /callback?{query}")), 200);
    assert_eq!(listener.command.finish(), (0, String::new()));
}

#[test]
fn listen_accepts_one_token_for_all_callbacks_from_a_file_with_a_mark() {
    let mut listener = Listener::new("--token", &TempFile::new("\u{feff}1000004826\r\n"));
    let query = "certifyId=sha1&passed=T&CallbackToken=";
    let (status, printed) = listener.callback(&format!("{query}1000004826"));
    assert_eq!((status, &printed["callback"]), (200, &json!("genuine")));
    let (status, printed) = listener.callback(&format!("{query}1000004827"));
    assert_eq!((status, &printed["callback"]), (403, &json!("forged")));
}

#[test]
fn listen_survives_requests_that_are_not_http() {
    let mut listener = Listener::new("--token", &TempFile::new("1000004826\n"));
    let idle = listener.connect();
    let huge = "x".repeat(1 << 20);
    for request in [
        "\r\n\r\n",
        "GET /callback HTTP/9\r\n\r\n",
        "\0\0\0\0",
        &huge,
    ] {
        // The listener may close the connection while this is written.
        let _ = listener.connect().write_all(request.as_bytes());
    }
    let (status, printed) = listener.callback("certifyId=sha1&CallbackToken=1000004826");
    assert_eq!((status, &printed["callback"]), (200, &json!("genuine")));
    drop(idle);
}

#[test]
fn listen_rejects_a_key_that_is_too_short() {
    let key = TempFile::new("0123456789");
    let result = run(&["listen", "--key", key.path()], "");
    let expected = "--key: a callback key needs at least 32 bytes";
    assert_eq!(result.error(2), expected);
}
