//! The two subcommands that wait: `watch` for a verdict, `listen` for callbacks.
#![expect(clippy::unwrap_used, reason = "a test")]

use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::SystemTime;

use cloudauth_proto::UnixTime;
use cloudauth_proto::verify::{CallbackKey, OuterOrderNo};
use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Region, Simulator};
use serde_json::{Value, json};

/// A command that runs; it ends with the test.
struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Running {
    fn new(args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cloudauth"))
            .args(args)
            .env_clear()
            .env("ALIBABA_CLOUD_ACCESS_KEY_ID", ACCESS_KEY_ID)
            .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ACCESS_KEY_SECRET)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    /// The next line of JSON.
    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// The status, and what stands on stderr.
    fn end(&mut self) -> (i32, String) {
        let status = self.child.wait().unwrap().code().unwrap();
        let mut err = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut err)
            .unwrap();
        (status, err)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn file(name: &str, contents: &[u8]) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("cloudauth-{name}-{}-{number}", std::process::id());
    let path: PathBuf = std::env::temp_dir().join(name);
    std::fs::write(&path, contents).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Opens a verification; where its page is, and what it is called.
fn open(simulator: &Simulator, more: &[&str]) -> (String, String) {
    let url = simulator.url(Region::Shanghai);
    let person = file("person", "张三\n330103199001011234\n".as_bytes());
    let meta_info = file("meta", b"{}");
    let mut args = vec!["init", "--endpoint", &url, "--scene-id", "7"];
    args.extend([
        "--outer-order-no",
        "order1",
        "--return-url",
        "https://www.example.com/",
    ]);
    args.extend(["--person", &person, "--meta-info", &meta_info]);
    args.extend(more);
    let opened = Running::new(&args).line();
    let text = |name: &str| opened[name].as_str().unwrap().to_owned();
    (text("CertifyUrl"), text("CertifyId"))
}

fn watch(simulator: &Simulator, certify_id: &str, seconds: &str) -> Running {
    let url = simulator.url(Region::Shanghai);
    let question = ["--scene-id", "7", "--certify-id", certify_id];
    let args = ["watch", "--endpoint", &url, "--for", seconds];
    Running::new(&[&args[..], &question].concat())
}

#[test]
fn watch_waits_for_the_verdict() {
    let simulator = Simulator::start().unwrap();
    let (page, certify_id) = open(&simulator, &[]);
    let mut watch = watch(&simulator, &certify_id, "60");
    sleep(Duration::from_millis(300));
    let browser = ureq::Agent::config_builder().proxy(None).max_redirects(0);
    let browser: ureq::Agent = browser.build().into();
    browser.post(&page).send_form([("outcome", "204")]).unwrap();
    let told = watch.line();
    assert_eq!(
        (&told["Passed"], &told["SubCode"]),
        (&json!("F"), &json!("204"))
    );
    assert_eq!(watch.end(), (0, String::new()));
}

#[test]
fn watch_says_that_nobody_came() {
    let simulator = Simulator::start().unwrap();
    let (_, certify_id) = open(&simulator, &[]);
    let told = "error: there is no verdict: the person did not finish in time\n".to_owned();
    assert_eq!(watch(&simulator, &certify_id, "0").end(), (1, told));
    let (status, told) = watch(&simulator, "sha0", "60").end();
    assert_eq!(status, 1);
    assert!(
        told.starts_with("error: DescribeFaceVerify was refused: 406 "),
        "{told}"
    );
}

/// Sends a request as it is; the status that comes back.
fn send(listen: &Value, request: &str) -> u16 {
    let url = listen["Listening"].as_str().unwrap();
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    let text = format!("{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(text.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply[9..12].parse().unwrap()
}

#[test]
fn listen_says_what_each_callback_is() {
    let secret = b"0123456789abcdef0123456789abcdef";
    let key = file("key", secret);
    let mut listen = Running::new(&["listen", "--port", "0", "--key", &key]);
    let at = listen.line();
    let mut said = |query: &str| {
        let status = send(&at, &format!("GET /callback?{query}"));
        (status, listen.line())
    };

    #[expect(clippy::disallowed_methods, reason = "tokens expire in real time")]
    let now = UnixTime::from(SystemTime::now()).seconds();
    let token = |end: u64| {
        let order = OuterOrderNo::new("order1").unwrap();
        let key = CallbackKey::new(secret).unwrap();
        let token = key.token(&order, UnixTime::from_seconds(end));
        format!("callbackToken={}", token.expose())
    };
    let good = format!("certifyId=sha1&passed=204&{}", token(now + 60));
    let (status, told) = said(&good);
    let expected = json!({
        "Callback": "genuine",
        "CertifyId": "sha1",
        "Passed": "204",
        "Hint": told["Hint"],
        "OuterOrderNo": "order1",
    });
    assert_eq!((status, &told), (200, &expected));
    assert!(told["Hint"].is_string());

    for (query, status, word) in [
        (good.clone(), 200, "repeated"),
        (format!("certifyId=sha1&{}", token(now - 60)), 200, "late"),
        (good.replace("order1", "order2"), 403, "forged"),
        ("certifyId=sha1&passed=200".into(), 403, "forged"),
        ("passed=200".into(), 400, "unreadable"),
        (
            format!("{good}&x={}", "x".repeat(1 << 20)),
            400,
            "unreadable",
        ),
        (good.replace("sha1", "sha2"), 200, "genuine"),
    ] {
        let (answered, told) = said(&query);
        let short = &query[..query.len().min(200)];
        assert_eq!(
            (answered, &told["Callback"]),
            (status, &json!(word)),
            "{short}"
        );
    }
    assert_eq!(send(&at, "POST /callback"), 405);
    assert_eq!(listen.line(), json!({"Callback": "not a GET"}));
}

#[test]
fn listen_takes_one_token_for_all() {
    let token = file("token", b"1000004826\n");
    let mut listen = Running::new(&["listen", "--port", "0", "--token", &token]);
    let at = listen.line();
    let query = "GET /?certifyId=sha1&passed=T&CallbackToken=";
    assert_eq!(send(&at, &format!("{query}1000004826")), 200);
    assert_eq!(listen.line()["Callback"], "genuine");
    assert_eq!(send(&at, &format!("{query}1000004827")), 403);
    assert_eq!(listen.line()["Callback"], "forged");
}

#[test]
fn listen_says_what_is_wrong_with_its_key() {
    let short = file("short", b"0123456789");
    let (status, told) = Running::new(&["listen", "--key", &short]).end();
    assert_eq!(status, 1);
    assert!(
        told.ends_with("cannot be used: a callback key needs at least 32 bytes\n"),
        "{told}"
    );
    assert_eq!(Running::new(&["listen"]).end().0, 2);
}

#[test]
fn init_sends_a_token_with_the_callback_url() {
    let simulator = Simulator::start().unwrap();
    let secret = b"fedcba9876543210fedcba9876543210";
    let key = file("init-key", secret);
    let url = "https://www.example.com/callback";
    open(&simulator, &["--callback-url", url, "--callback-key", &key]);
    let world = simulator.world();
    let sent = &world.requests().last().unwrap().url_query_names;
    assert!(sent.iter().any(|it| it == "CallbackToken"), "{sent:?}");
    assert!(sent.iter().any(|it| it == "CallbackUrl"), "{sent:?}");
}
