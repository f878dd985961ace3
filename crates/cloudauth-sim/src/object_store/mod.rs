//! The object store: upload grants, uploaded files, and signed links to pictures.
//!
//! Fields and their order are recorded from the vendor's SDK; the XML is documented for its object
//! store. The order of the checks is inferred, and so are the names of bucket and objects.

pub(crate) mod links;

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::http::{IncomingRequest, OutgoingResponse};

const BUCKET: &str = "simulated-uploads";
const ENDPOINT: &str = "oss-cn-shanghai.aliyuncs.com";
const ACCESS_KEY_ID: &str = "simulated-upload-key";

/// With more grants or files than this, the oldest are removed.
const CAPACITY: usize = 64;

/// How long an upload grant is valid, our choice.
const LIFETIME_SECONDS: u64 = 30 * 60;

/// The action of an upload in the log and in scripts.
pub(crate) const POST_OBJECT: &str = "PostObject";

#[derive(Default)]
pub(crate) struct ObjectStore {
    granted: u64,
    /// Object keys and when their grants expire, oldest first.
    grants: VecDeque<(String, u64)>,
    /// Object keys with contents, oldest first.
    files: VecDeque<(String, Vec<u8>)>,
}

/// Whether a request is an upload to the object store.
pub(crate) fn is_upload(request: &IncomingRequest) -> bool {
    let mut types = request.header_values("content-type");
    request.method == "POST" && types.any(|value| value.starts_with("multipart/form-data"))
}

impl ObjectStore {
    /// Grants the upload of one file: the body of the response except the request ID.
    pub(crate) fn grant_upload(&mut self, now_unix: u64) -> Value {
        self.granted += 1;
        let key = format!("simulated/{}/file {}.jpg", now_unix, self.granted);
        if self.grants.len() >= CAPACITY {
            self.grants.pop_front();
        }
        let expires = now_unix.saturating_add(LIFETIME_SECONDS);
        self.grants.push_back((key.clone(), expires));
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

    /// Stores a file if its upload was granted; returns the response, and its code for the log.
    pub(crate) fn upload(
        &mut self,
        request: &IncomingRequest,
        now_unix: u64,
    ) -> (OutgoingResponse, &'static str) {
        match self.store(request, now_unix) {
            Ok(key) => {
                let body = format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                     <PostResponse><Bucket>{BUCKET}</Bucket>\
                     <Location>http://{BUCKET}.{ENDPOINT}/{key}</Location></PostResponse>"
                );
                (xml(201, now_unix, body), "201")
            }
            Err((status, code)) => (error(status, code, "simulated", now_unix), code),
        }
    }

    fn store(
        &mut self,
        request: &IncomingRequest,
        now_unix: u64,
    ) -> Result<String, (u16, &'static str)> {
        let malformed = (400, "MalformedPOSTRequest");
        let parts = form_parts(request).ok_or(malformed)?;
        let field = |name: &str| {
            let found = parts.iter().find(|(part, _)| part == name);
            let found = found.and_then(|(_, value)| core::str::from_utf8(value).ok());
            found.ok_or(malformed)
        };
        // The vendor's SDKs for PHP and C# write a field after the file. Its documents say that the
        // object store ignores such a field, but C#'s uploads could then not work: that it counts is
        // inferred.
        let mut files = parts.iter().filter(|(name, _)| name == "file");
        let (Some((_, file)), None) = (files.next(), files.next()) else {
            return Err(malformed);
        };
        let key = field("key")?;
        if field("OSSAccessKeyId")? != ACCESS_KEY_ID {
            return Err((403, "InvalidAccessKeyId"));
        }
        if field("Signature")? != signature(key) {
            return Err((403, "SignatureDoesNotMatch"));
        }
        let granted = self.grants.iter().find(|(granted, _)| granted == key);
        let expires = granted.map(|(_, expires)| *expires);
        if field("policy")? != policy(key) || expires.is_none_or(|expires| now_unix > expires) {
            return Err((403, "AccessDenied"));
        }
        if field("success_action_status")? != "201" {
            return Err(malformed);
        }
        self.files.retain(|(stored, _)| stored != key);
        if self.files.len() >= CAPACITY {
            self.files.pop_front();
        }
        self.files.push_back((key.to_owned(), file.clone()));
        Ok(key.to_owned())
    }

    /// The uploaded file with this URL.
    pub(crate) fn file(&self, url: &str) -> Option<&[u8]> {
        let key = url.strip_prefix(&format!("http://{BUCKET}.{ENDPOINT}/"))?;
        let found = self.files.iter().find(|(stored, _)| stored == key);
        found.map(|(_, file)| file.as_slice())
    }

    /// The uploaded files, oldest first.
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

fn xml(status: u16, now_unix: u64, body: String) -> OutgoingResponse {
    OutgoingResponse::new(status, "application/xml", now_unix, body.into_bytes())
}

/// The object store's error envelope (documented).
fn error(status: u16, code: &str, message: &str, now_unix: u64) -> OutgoingResponse {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    xml(status, now_unix, body)
}

/// The names and contents of the parts of a multipart form.
fn form_parts(request: &IncomingRequest) -> Option<Vec<(String, Vec<u8>)>> {
    let content_type = request.header_values("content-type").next()?;
    let (_, boundary) = content_type.split_once("boundary=")?;
    let opening = format!("--{boundary}").into_bytes();
    let mut rest = request.body.strip_prefix(opening.as_slice())?;
    let next = format!("\r\n--{boundary}").into_bytes();
    let mut parts = Vec::new();
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let (head, body) = split_once(part, b"\r\n\r\n")?;
        let (content, after) = split_once(body, &next)?;
        let head = core::str::from_utf8(head).ok()?;
        let (_, name) = head.split_once("form-data; name=\"")?;
        let (name, _) = name.split_once('"')?;
        parts.push((name.to_owned(), content.to_vec()));
        rest = after;
    }
    (rest == b"--\r\n").then_some(parts)
}

/// The bytes before and after the first `separator`.
fn split_once<'t>(bytes: &'t [u8], separator: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let at = bytes
        .windows(separator.len())
        .position(|window| window == separator)?;
    Some((&bytes[..at], &bytes[at + separator.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_grant_goes_first_when_there_are_too_many() {
        let mut store = ObjectStore::default();
        let grants = (0..=CAPACITY).map(|_| store.grant_upload(1_000));
        let keys: Vec<_> = grants.map(|grant| grant["ObjectKey"].clone()).collect();
        let (first, second) = (&keys[0], &keys[1]);
        assert!(store.grants.iter().all(|(key, _)| first != key));
        assert_eq!(
            store.grants.front().map(|(key, _)| key.as_str()),
            second.as_str()
        );
        assert_eq!(store.grants.len(), CAPACITY);
    }
}
