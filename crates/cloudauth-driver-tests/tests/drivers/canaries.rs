//! Canary values, which must not appear in any output, and every encoding in which they could.

use core::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex};

use cloudauth_proto::Credentials;
use tracing::Level;

pub(crate) const NAME: &str = "张三CANARYOFTHENAME";
pub(crate) const NUMBER: &str = "330103199001011230";
const ID: &str = "LTAICANARYOFTHEID";
const SECRET: &str = "CANARYOFTHESECRET";
const TOKEN: &str = "CANARYOFTHETOKEN/+=";

/// Credentials made of canaries.
pub(crate) fn credentials() -> Credentials {
    Credentials::temporary(ID, SECRET, TOKEN).unwrap()
}

/// The encodings of a canary: plain, percent-encoded, escaped as in JSON, hex, a list of bytes, and base64
/// at each of the three alignments.
fn encodings(canary: &str) -> Vec<String> {
    let bytes = canary.as_bytes();
    let each = |write: &dyn Fn(&mut String, u8)| {
        let mut text = String::new();
        for byte in bytes {
            write(&mut text, *byte);
        }
        text
    };
    let percent = each(&|text, byte| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => {
            text.push(byte.into());
        }
        _ => write!(text, "%{byte:02X}").unwrap(),
    });
    let escaped = canary.chars().fold(String::new(), |mut text, c| {
        if c.is_ascii() {
            text.push(c);
        } else {
            write!(text, "\\u{:04x}", u32::from(c)).unwrap();
        }
        text
    });
    let hex = each(&|text, byte| write!(text, "{byte:02x}").unwrap());
    let list = each(&|text, byte| write!(text, "{byte}, ").unwrap());
    let mut all = vec![
        canary.to_owned(),
        percent,
        escaped,
        hex.to_uppercase(),
        hex,
        list.trim_end_matches(", ").to_owned(),
        bytes.escape_ascii().to_string(),
    ];
    for shift in 0..3 {
        // The characters at both ends also depend on the bytes before and after the canary.
        let from = (3 - shift) % 3;
        let whole = (bytes.len() - from) / 3 * 3;
        all.push(base64(&bytes[from..from + whole]));
    }
    all
}

fn base64(bytes: &[u8]) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks_exact(3) {
        let word = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for shift in [18, 12, 6, 0] {
            text.push(alphabet[(word >> shift & 63) as usize].into());
        }
    }
    text
}

/// Searches text for canaries.
pub(crate) struct Search(Vec<String>);

impl Search {
    pub(crate) fn new() -> Self {
        let canaries = [NAME, NUMBER, ID, SECRET, TOKEN];
        Self(canaries.into_iter().flat_map(encodings).collect())
    }

    /// The first encoded canary found in the text.
    pub(crate) fn find(&self, text: &str) -> Option<&str> {
        let found = self.0.iter().find(|encoding| text.contains(*encoding));
        found.map(String::as_str)
    }
}

/// The output of a `tracing` subscriber at the `TRACE` level.
#[derive(Clone, Default)]
pub(crate) struct TraceOutput(Arc<Mutex<Vec<u8>>>);

impl TraceOutput {
    /// A subscriber that writes all events here.
    pub(crate) fn subscriber(&self) -> impl tracing::Subscriber + Send + Sync + 'static {
        let writer = self.clone();
        tracing_subscriber::fmt()
            .with_max_level(Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish()
    }

    /// Takes what was written since the last call.
    pub(crate) fn take(&self) -> String {
        let written = core::mem::take(&mut *self.0.lock().unwrap());
        String::from_utf8(written).unwrap()
    }
}

#[expect(clippy::unwrap_in_result, reason = "a test")]
impl io::Write for TraceOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn canaries_are_found_in_every_encoding() {
    let search = Search::new();
    let json = "{\"n\":\"\\u5f20\\u4e09CANARYOFTHENAME\"}";
    for text in [
        format!("x{NAME}x"),
        "%E5%BC%A0%E4%B8%89CANARYOFTHENAME".to_owned(),
        json.to_owned(),
        "333330313033313939303031303131323330".to_owned(),
        format!("{:?}", NUMBER.as_bytes()),
        format!("{:?}", bytes::Bytes::from_static(NAME.as_bytes())),
    ] {
        assert!(search.find(&text).is_some(), "{text}");
    }
    for before in ["", "a", "ab"] {
        let mut text = format!("{before}{NUMBER}ab").into_bytes();
        text.truncate(text.len() / 3 * 3);
        assert!(search.find(&base64(&text)).is_some(), "{before}");
    }
    assert!(search.find("InitFaceVerify").is_none());
}
