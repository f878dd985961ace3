//! Answers, and the other things that can happen to a request.

use core::fmt;

use serde_json::{Value, json};

use crate::limits;
use crate::region::Region;
use crate::time::http_date;
use crate::verify::Refusal;

/// What happens to a request.
///
/// `Debug` shows statuses and sizes.
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever plays the network must play all of it"
)]
#[derive(Clone, PartialEq, Eq)]
pub enum Reaction {
    /// It is answered.
    Answer {
        /// The HTTP status.
        status: u16,
        /// Header fields, names in lower case. There is no `content-length`.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// The connection is refused.
    Refuse,
    /// The request is read, then the connection is reset.
    Reset,
    /// The request is read and never answered.
    Hang,
    /// A part of the answer, then the end of the connection.
    Truncate {
        /// The HTTP status.
        status: u16,
        /// Header fields as in [`Self::Answer`].
        headers: Vec<(String, String)>,
        /// The whole body, which `content-length` announces.
        body: Vec<u8>,
        /// How many bytes of the body arrive.
        keep: usize,
    },
    /// An answer that takes its time: a byte of the body now and then.
    Trickle {
        /// The HTTP status.
        status: u16,
        /// Header fields as in [`Self::Answer`].
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// It is answered; then the connection closes without a word.
    Last {
        /// The HTTP status.
        status: u16,
        /// Header fields as in [`Self::Answer`].
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
}

impl fmt::Debug for Reaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer { status, body, .. } => {
                write!(f, "Answer({status}, {} bytes)", body.len())
            }
            Self::Refuse => f.write_str("Refuse"),
            Self::Reset => f.write_str("Reset"),
            Self::Hang => f.write_str("Hang"),
            Self::Trickle { status, body, .. } => {
                write!(f, "Trickle({status}, {} bytes)", body.len())
            }
            Self::Last { status, body, .. } => write!(f, "Last({status}, {} bytes)", body.len()),
            Self::Truncate {
                status, body, keep, ..
            } => write!(f, "Truncate({status}, {keep} of {} bytes)", body.len()),
        }
    }
}

/// An answer in the making.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn new(status: u16, content_type: &str, now_unix: u64, body: Vec<u8>) -> Self {
        let headers = vec![
            ("content-type".to_owned(), content_type.to_owned()),
            ("date".to_owned(), http_date(now_unix)),
        ];
        Self {
            status,
            headers,
            body,
        }
    }

    /// A JSON answer. That the request id is repeated in a header is inferred.
    pub(crate) fn json(status: u16, request_id: &str, now_unix: u64, body: &Value) -> Self {
        let body = body.to_string().into_bytes();
        Self::new(status, "application/json;charset=utf-8", now_unix, body)
            .with("x-acs-request-id", request_id)
    }

    /// The gateway's error envelope (documented). Throttling under its documented status says how long to wait.
    pub(crate) fn fault(
        region: Region,
        refusal: &Refusal,
        request_id: &str,
        now_unix: u64,
    ) -> Self {
        let reply = Self::refused(region, refusal, refusal.code, request_id, now_unix);
        if refusal.code != limits::CODE || refusal.status != 400 {
            return reply;
        }
        let hints = limits::HINTS.into_iter();
        hints.fold(reply, |reply, (name, value)| reply.with(name, value))
    }

    /// The same with a code that is not the refusal's own.
    pub(crate) fn refused(
        region: Region,
        refusal: &Refusal,
        code: &str,
        request_id: &str,
        now_unix: u64,
    ) -> Self {
        let body = json!({
            "RequestId": request_id,
            "Message": refusal.message,
            "Recommend": format!(
                "https://next.api.aliyun.com/troubleshoot?q={code}&product=Cloudauth&requestId={request_id}"
            ),
            "HostId": format!("cloudauth.{}.aliyuncs.com", region.id()),
            "Code": code,
        });
        Self::json(refusal.status, request_id, now_unix, &body)
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn answer(self) -> Reaction {
        Reaction::Answer {
            status: self.status,
            headers: self.headers,
            body: self.body,
        }
    }

    /// A byte now and then.
    pub(crate) fn trickled(self) -> Reaction {
        Reaction::Trickle {
            status: self.status,
            headers: self.headers,
            body: self.body,
        }
    }

    /// The connection closes after it.
    pub(crate) fn last(self) -> Reaction {
        Reaction::Last {
            status: self.status,
            headers: self.headers,
            body: self.body,
        }
    }

    /// Gives every value of a JSON object another type, but for the request id; what is no JSON stays.
    pub(crate) fn of_wrong_type(mut self) -> Self {
        let parsed = serde_json::from_slice::<Value>(&self.body);
        if let Ok(Value::Object(mut members)) = parsed {
            for (name, value) in &mut members {
                if name != "RequestId" {
                    *value = match value {
                        Value::Object(_) | Value::Array(_) => json!("not an object"),
                        Value::String(_) => json!([1]),
                        Value::Null | Value::Bool(_) | Value::Number(_) => json!({}),
                    };
                }
            }
            self.body = Value::Object(members).to_string().into_bytes();
        }
        self
    }

    /// Fills a JSON object up to so many bytes with one more member; a smaller number changes nothing.
    pub(crate) fn padded(mut self, bytes: usize) -> Self {
        let (open, close) = (b",\"Filling\":\"", b"\"}");
        let fixed = open.len() + close.len() - 1;
        let filling = bytes.checked_sub(self.body.len() + fixed);
        if let Some(filling) = filling
            && self.body.pop_if(|last| *last == b'}').is_some()
        {
            self.body.extend_from_slice(open);
            self.body.resize(self.body.len() + filling, b'x');
            self.body.extend_from_slice(close);
        }
        self
    }

    /// Half of the body arrives.
    pub(crate) fn truncated(self) -> Reaction {
        Reaction::Truncate {
            status: self.status,
            headers: self.headers,
            keep: self.body.len() / 2,
            body: self.body,
        }
    }
}
