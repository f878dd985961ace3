//! A response before it is sent.

use serde_json::{Value, json};

use super::{Reaction, Refusal, THROTTLED, xml};
use crate::dates::http_date;
use crate::region::Region;

/// The headers of a throttled request that state the waiting time in milliseconds: the one that
/// older cores of the vendor's SDKs read, and the one that newer cores read. The simulator's clock
/// has whole seconds only. How the service spells the names is unknown; over sockets they begin with
/// capitals, where the vendor's PHP SDK does not find the first one, which it could not parse.
const RETRY_HINTS: [(&str, &str); 2] = [
    ("x-ratelimit-user-api", "Remain:0,TimeLeft:1000,Reset:1000"),
    ("x-acs-retry-after", "1000"),
];

/// A response under construction.
pub(crate) struct OutgoingResponse {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl OutgoingResponse {
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

    pub(crate) fn without_date(mut self) -> Self {
        self.headers.retain(|(name, _)| name != "date");
        self
    }

    /// A JSON response of the gateway, with the headers that it usually has (seen in replies of other
    /// products).
    pub(crate) fn json(status: u16, request_id: &str, now_unix: u64, body: &Value) -> Self {
        let body = body.to_string().into_bytes();
        Self::new(status, "application/json;charset=utf-8", now_unix, body)
            .with_header("access-control-allow-origin", "*")
            .with_header("access-control-expose-headers", "*")
            .with_header("x-acs-request-id", request_id)
            .with_header(
                "x-acs-trace-id",
                request_id.replace('-', "").to_ascii_lowercase(),
            )
    }

    /// A JSON object as XML, with this name of its root; any other body stays as it is.
    pub(crate) fn into_xml(mut self, root: &str) -> Self {
        let parsed = serde_json::from_slice::<Value>(&self.body);
        if let Ok(body @ Value::Object(_)) = parsed {
            self.body = xml::document(root, &body).into_bytes();
            for (_, value) in self
                .headers
                .iter_mut()
                .filter(|(name, _)| name == "content-type")
            {
                "text/xml;charset=utf-8".clone_into(value);
            }
        }
        self
    }

    /// The gateway's error envelope (documented). Throttling under its documented status carries
    /// [`RETRY_HINTS`].
    pub(crate) fn gateway_error(
        region: Region,
        refusal: &Refusal,
        request_id: &str,
        now_unix: u64,
    ) -> Self {
        let (status, code) = (refusal.status, refusal.code);
        let response =
            Self::gateway_envelope(region, status, code, &refusal.message, request_id, now_unix);
        if code != THROTTLED || status != 400 {
            return response;
        }
        RETRY_HINTS
            .into_iter()
            .fold(response, |response, (name, value)| {
                response.with_header(name, value)
            })
    }

    /// The gateway's error envelope with any code.
    pub(crate) fn gateway_envelope(
        region: Region,
        status: u16,
        code: &str,
        message: &str,
        request_id: &str,
        now_unix: u64,
    ) -> Self {
        let body = json!({
            "RequestId": request_id,
            "Message": message,
            "Recommend": format!(
                "https://next.api.aliyun.com/troubleshoot?q={code}&product=Cloudauth&requestId={request_id}"
            ),
            "HostId": format!("cloudauth.{}.aliyuncs.com", region.id()),
            "Code": code,
        });
        Self::json(status, request_id, now_unix, &body)
    }

    pub(crate) fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn into_reaction(self) -> Reaction {
        Reaction::Response {
            status: self.status,
            headers: self.headers,
            body: self.body,
        }
    }

    pub(crate) fn trickled(self) -> Reaction {
        Reaction::Trickle {
            status: self.status,
            headers: self.headers,
            body: self.body,
        }
    }

    pub(crate) fn then_close(self) -> Reaction {
        Reaction::ResponseThenClose {
            status: self.status,
            headers: self.headers,
            body: self.body,
        }
    }

    /// Sends half of the body.
    pub(crate) fn truncated(self) -> Reaction {
        Reaction::Truncate {
            status: self.status,
            headers: self.headers,
            keep: self.body.len() / 2,
            body: self.body,
        }
    }

    /// Changes the type of every value of a JSON object except the request ID. A body that is not a
    /// JSON object stays as it is.
    pub(crate) fn with_wrong_types(mut self) -> Self {
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

    /// Pads a JSON object to this many bytes with one more member. A body that is longer already
    /// stays as it is.
    pub(crate) fn padded_to(mut self, bytes: usize) -> Self {
        let (open, close) = (b",\"Padding\":\"", b"\"}");
        let fixed = open.len() + close.len() - 1;
        let padding = bytes.checked_sub(self.body.len() + fixed);
        if let Some(padding) = padding
            && self.body.pop_if(|last| *last == b'}').is_some()
        {
            self.body.extend_from_slice(open);
            self.body.resize(self.body.len() + padding, b'x');
            self.body.extend_from_slice(close);
        }
        self
    }
}
