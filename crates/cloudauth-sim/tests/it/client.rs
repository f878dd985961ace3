//! A minimal client for the simulator, which signs under RPC 1.0.

use core::fmt::Write as _;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, IncomingRequest, Reaction};
use ring::hmac;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The time in tests without a clock: 2023-11-14T22:13:20Z.
pub(crate) const NOW: u64 = 1_700_000_000;

#[expect(
    clippy::disallowed_methods,
    reason = "a request to a real server is signed with the real time"
)]
pub(crate) fn clock() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs()
}

#[expect(clippy::disallowed_methods, reason = "to measure a real server")]
pub(crate) fn stopwatch(act: impl FnOnce()) -> Duration {
    let start = Instant::now();
    act();
    start.elapsed()
}

fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").unwrap();
        }
    }
    encoded
}

fn timestamp(unix: u64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(unix.try_into().unwrap());
    at.unwrap().format(&Rfc3339).unwrap()
}

/// A request before it is signed. Tests start from [`Call::new`] and change what they are about.
pub(crate) struct Call {
    pub(crate) method: &'static str,
    pub(crate) key: (String, String),
    pub(crate) params: Vec<(String, String)>,
}

impl Call {
    pub(crate) fn new(action: &str, at_unix: u64) -> Self {
        static NONCE: AtomicU64 = AtomicU64::new(0);
        let nonce = NONCE.fetch_add(1, Ordering::Relaxed).to_string();
        let call = Self {
            method: "POST",
            key: (ACCESS_KEY_ID.into(), ACCESS_KEY_SECRET.into()),
            params: Vec::new(),
        };
        call.set("Action", action)
            .set("Version", "2019-03-07")
            .set("Format", "JSON")
            .set("SignatureMethod", "HMAC-SHA1")
            .set("SignatureVersion", "1.0")
            .set("SignatureNonce", &nonce)
            .set("Timestamp", &timestamp(at_unix))
    }

    /// A complete `InitFaceVerify`.
    pub(crate) fn init(at_unix: u64) -> Self {
        Self::new("InitFaceVerify", at_unix)
            .set("SceneId", "1000000006")
            .set("OuterOrderNo", "order1")
            .set("ProductCode", "ID_PRO")
            .set("Model", "LIVENESS")
            .set("CertType", "IDENTITY_CARD")
            .set("CertName", "张三")
            .set("CertNo", "330103199001011230")
            .set("ReturnUrl", "https://shop.example/done?a=1#top")
            .set("MetaInfo", r#"{"deviceType":"h5"}"#)
    }

    pub(crate) fn describe(certify_id: &str, at_unix: u64) -> Self {
        Self::new("DescribeFaceVerify", at_unix)
            .set("SceneId", "1000000006")
            .set("CertifyId", certify_id)
    }

    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.params.push((name.into(), value.into()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.params.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn with_key(mut self, id: &str, secret: &str) -> Self {
        self.key = (id.into(), secret.into());
        self
    }

    /// Signs the request, with all parameters in the query.
    pub(crate) fn sign(self) -> IncomingRequest {
        let (id, secret) = self.key.clone();
        let method = self.method;
        let mut params = self.set("AccessKeyId", &id).params;
        params.sort();
        let joined = |params: &[(String, String)]| {
            let pairs = params.iter();
            let pairs: Vec<String> = pairs
                .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
                .collect();
            pairs.join("&")
        };
        let to_sign = format!("{method}&%2F&{}", encode(&joined(&params)));
        let key = hmac::Key::new(
            hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            format!("{secret}&").as_bytes(),
        );
        let signature = STANDARD.encode(hmac::sign(&key, to_sign.as_bytes()));
        params.push(("Signature".into(), signature));
        IncomingRequest::new(method, format!("/?{}", joined(&params)), Vec::new(), *b"")
    }
}

/// A request for the page of an order.
pub(crate) fn get_page(certify_id: &str) -> IncomingRequest {
    IncomingRequest::new("GET", format!("/verify/{certify_id}"), Vec::new(), *b"")
}

/// A submission of the page of an order; `outcome` may have more fields after a `&`.
pub(crate) fn submit_page(certify_id: &str, outcome: &str) -> IncomingRequest {
    let content_type = "application/x-www-form-urlencoded";
    let headers = vec![("content-type".into(), content_type.into())];
    let path = format!("/verify/{certify_id}");
    IncomingRequest::new("POST", path, headers, format!("outcome={outcome}"))
}

/// A response, parsed.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["Code"].as_str().unwrap().to_owned()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

pub(crate) fn expect_response(reaction: Reaction) -> Response {
    match reaction {
        Reaction::Response {
            status,
            headers,
            body,
        }
        | Reaction::ResponseThenClose {
            status,
            headers,
            body,
        } => Response {
            status,
            headers,
            body,
        },
        Reaction::Refuse
        | Reaction::Reset
        | Reaction::Hang
        | Reaction::Trickle { .. }
        | Reaction::Truncate { .. } => {
            panic!("not a response: {reaction:?}")
        }
    }
}

fn dial(url: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(url.strip_prefix("http://").unwrap())?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    Ok(stream)
}

/// A connection that stays open between requests.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
}

impl Connection {
    pub(crate) fn open(url: &str) -> io::Result<Self> {
        let stream = dial(url)?;
        Ok(Self { stream })
    }

    pub(crate) fn send(&mut self, request: &IncomingRequest) -> io::Result<()> {
        let mut text = format!("{} {} HTTP/1.1\r\n", request.method, request.target);
        text += "host: simulator\r\n";
        for (name, value) in &request.headers {
            write!(text, "{name}: {value}\r\n").unwrap();
        }
        write!(text, "content-length: {}\r\n\r\n", request.body.len()).unwrap();
        self.stream.write_all(text.as_bytes())?;
        self.stream.write_all(&request.body)
    }

    /// Reads a response up to its announced end; one that ends before is `UnexpectedEof`.
    pub(crate) fn receive(&mut self) -> io::Result<Response> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().lines();
        let status = lines.next().unwrap()[9..12].parse().unwrap();
        let headers: Vec<(String, String)> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let mut response = Response {
            status,
            headers,
            body: Vec::new(),
        };
        let length: usize = response.header("content-length").unwrap().parse().unwrap();
        response.body.resize(length, 0);
        self.stream.read_exact(&mut response.body)?;
        Ok(response)
    }
}

/// Sends one request on a connection of its own.
pub(crate) fn send(url: &str, request: &IncomingRequest) -> io::Result<Response> {
    let mut connection = Connection::open(url)?;
    connection.send(request)?;
    connection.receive()
}
