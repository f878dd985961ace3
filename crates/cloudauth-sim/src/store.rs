//! Files: the platform that lets them in, and the object store that they are posted to.
//!
//! Fields and order are recorded from the vendor's SDK, the XML is documented for its object store.
//! Which check comes first is inferred, and so are the names that the simulator gives.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use crate::reply::Reply;
use crate::request::Incoming;

const BUCKET: &str = "simulated-uploads";
const ENDPOINT: &str = "oss-cn-shanghai.aliyuncs.com";
const ACCESS_KEY_ID: &str = "simulated-upload-key";

/// More files than this and the oldest are forgotten.
const CAPACITY: usize = 64;

/// How long leave is good for. The simulator's choice.
const LIFETIME_SECONDS: u64 = 30 * 60;

/// What a post is called in the log and in scripts.
pub(crate) const POST: &str = "PostObject";

#[derive(Default)]
pub(crate) struct Store {
    given: u64,
    /// What was given leave for, by key, and until when.
    leaves: BTreeMap<String, u64>,
    files: VecDeque<(String, Vec<u8>)>,
}

/// Whether a request is a post to the object store.
pub(crate) fn is_post(request: &Incoming) -> bool {
    let mut types = request.header_values("content-type");
    request.method == "POST" && types.any(|value| value.starts_with("multipart/form-data"))
}

impl Store {
    /// Gives leave to post one file; the whole reply but for the request id.
    pub(crate) fn authorize(&mut self, now_unix: u64) -> Value {
        self.given += 1;
        let key = format!("simulated/{}/file {}.jpg", now_unix, self.given);
        while self.leaves.len() >= CAPACITY {
            self.leaves.pop_first();
        }
        self.leaves.insert(key.clone(), now_unix + LIFETIME_SECONDS);
        json!({
            "AccessKeyId": ACCESS_KEY_ID,
            "Bucket": BUCKET,
            "EncodedPolicy": policy(&key),
            "Endpoint": ENDPOINT,
            "ObjectKey": key,
            "Signature": signature(&key),
            "UseAccelerate": false,
        })
    }

    /// Stores a file, if there is leave; the reply, and its name for the log.
    pub(crate) fn post(&mut self, request: &Incoming, now_unix: u64) -> (Reply, &'static str) {
        match self.stored(request, now_unix) {
            Ok(key) => {
                let body = format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse><Bucket>{BUCKET}</Bucket>\
                     <Location>http://{BUCKET}.{ENDPOINT}/{key}</Location></PostResponse>"
                );
                (xml(201, now_unix, body), "201")
            }
            Err((status, code)) => {
                let body = format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
                     <Message>simulated</Message></Error>"
                );
                (xml(status, now_unix, body), code)
            }
        }
    }

    fn stored(&mut self, request: &Incoming, now_unix: u64) -> Result<String, (u16, &'static str)> {
        let malformed = (400, "MalformedPOSTRequest");
        let parts = parts(request).ok_or(malformed)?;
        let text = |name: &str| {
            let found = parts.iter().find(|(have, _)| have == name);
            let found = found.and_then(|(_, value)| core::str::from_utf8(value).ok());
            found.ok_or(malformed)
        };
        let Some((last, file)) = parts.last().filter(|(last, _)| last == "file") else {
            return Err(malformed);
        };
        if parts.iter().filter(|(name, _)| name == last).count() > 1 {
            return Err(malformed);
        }
        let key = text("key")?;
        if text("OSSAccessKeyId")? != ACCESS_KEY_ID {
            return Err((403, "InvalidAccessKeyId"));
        }
        if text("Signature")? != signature(key) {
            return Err((403, "SignatureDoesNotMatch"));
        }
        let until = self.leaves.get(key).copied();
        if text("policy")? != policy(key) || until.is_none_or(|until| now_unix > until) {
            return Err((403, "AccessDenied"));
        }
        if text("success_action_status")? != "201" {
            return Err(malformed);
        }
        self.files.retain(|(have, _)| have != key);
        if self.files.len() >= CAPACITY {
            self.files.pop_front();
        }
        self.files.push_back((key.to_owned(), file.clone()));
        Ok(key.to_owned())
    }

    /// The file that an operation names, if it was stored.
    pub(crate) fn file(&self, url: &str) -> Option<&[u8]> {
        let key = url.strip_prefix(&format!("http://{BUCKET}.{ENDPOINT}/"))?;
        let found = self.files.iter().find(|(have, _)| have == key);
        found.map(|(_, file)| file.as_slice())
    }

    /// The files, oldest first.
    pub(crate) fn files(&self) -> impl Iterator<Item = &[u8]> {
        self.files.iter().map(|(_, file)| file.as_slice())
    }
}

fn policy(key: &str) -> String {
    use base64::Engine as _;
    let policy = json!({ "conditions": [["eq", "$key", key]] }).to_string();
    base64::prelude::BASE64_STANDARD.encode(policy)
}

fn signature(key: &str) -> String {
    format!("simulated+signature/of={}", key.len())
}

fn xml(status: u16, now_unix: u64, body: String) -> Reply {
    Reply::new(status, "application/xml", now_unix, body.into_bytes())
}

/// The parts of a form: names and contents.
fn parts(request: &Incoming) -> Option<Vec<(String, Vec<u8>)>> {
    let kind = request.header_values("content-type").next()?;
    let (_, boundary) = kind.split_once("boundary=")?;
    let opening = format!("--{boundary}").into_bytes();
    let mut rest = request.body.strip_prefix(opening.as_slice())?;
    let next = format!("\r\n--{boundary}").into_bytes();
    let mut parts = Vec::new();
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let (head, body) = split(part, b"\r\n\r\n")?;
        let (content, after) = split(body, &next)?;
        let head = core::str::from_utf8(head).ok()?;
        let (_, name) = head.split_once("form-data; name=\"")?;
        let (name, _) = name.split_once('"')?;
        parts.push((name.to_owned(), content.to_vec()));
        rest = after;
    }
    (rest == b"--\r\n").then_some(parts)
}

/// What is before and after the first `mark`.
fn split<'t>(text: &'t [u8], mark: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let at = text.windows(mark.len()).position(|window| window == mark)?;
    Some((&text[..at], &text[at + mark.len()..]))
}
