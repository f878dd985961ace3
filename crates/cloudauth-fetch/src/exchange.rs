//! One exchange.
//!
//! Errors have fixed strings: the messages of runtimes can contain the URL, and with it personal data.

use core::time::Duration;

use cloudauth_proto::driver::{Delivery, Exchange, Failure, Head, MonoTime, Request, Response};
use js_sys::futures::JsFuture;
use js_sys::{Object, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::host::{
    self, Abort, AbortController, Chunk, Headers, RequestInit, Url, fetch, member, now,
};

/// The exchange ends this long before the flow gives it up, which does not know whether a response had begun.
const MARGIN: Duration = Duration::from_millis(4);

/// Sends a request once, and reads its response. Its time begins at `begun`. Dropping the future aborts it.
pub(crate) async fn send(exchange: Exchange, begun: MonoTime) -> Result<Response, Failure> {
    let due = begun + exchange.timeouts().total.saturating_sub(MARGIN);
    let abort = Abort::after(due.saturating_since(now().mono));
    let started = {
        let request = exchange.sign();
        let url = checked_url(&request)?;
        let init = init(&request, &abort.controller).and_then(|init| fetch(&url, &init));
        init.map_err(|_| {
            Failure::new(
                Delivery::LocalFailure,
                "the runtime refuses a request like this",
            )
        })?
    };
    let received = JsFuture::from(started).await;
    let received = received.map_err(|error| failure(&error, &abort))?;
    let received: host::Response = received.unchecked_into();
    let headers = received.headers();
    let head = Head::read(received.status(), |name| headers.get(name));
    let Ok(body) = read_body(&received, exchange.response_limit()).await else {
        let cause = abort.cause("the response broke off");
        return Err(Failure::after_head(head, cause));
    };
    Ok(Response::new(head, body))
}

/// The URL, unless the runtime would write it differently: it makes `Host` and the request line of it, and the
/// signature covers both.
fn checked_url(request: &Request) -> Result<String, Failure> {
    let url = request.url();
    let parsed = Url::new(&url);
    match parsed {
        Ok(parsed) if parsed.href() == url => Ok(url),
        // Another endpoint may have no such host.
        Ok(parsed) if parsed.host() == *request.authority => Err(Failure::new(
            Delivery::LocalFailure,
            "the runtime would send another path or query",
        )),
        Ok(_) | Err(_) => {
            let text = "the runtime would send another host; configure it in that form";
            Err(Failure::new(Delivery::NotSent, text))
        }
    }
}

fn init(request: &Request, abort: &AbortController) -> Result<RequestInit, JsValue> {
    let headers = Headers::new();
    for (name, value) in request.headers_to_set() {
        headers.set(name, value)?;
    }
    let init: RequestInit = Object::new().unchecked_into();
    init.set_method(request.method.as_str());
    init.set_headers(&headers);
    init.set_redirect("manual");
    init.set_signal(&abort.signal());
    if !request.body.is_empty() {
        let (shared, own) = request.body.parts();
        // A body beyond 4 GiB does not fit into the memory of wasm32.
        let [length, middle] = [request.body.len(), shared.len()]
            .map(|length| u32::try_from(length).unwrap_or(u32::MAX));
        let body = Uint8Array::new_with_length(length);
        body.subarray(0, middle).copy_from(shared);
        body.subarray(middle, length).copy_from(own);
        init.set_body(&body);
    }
    Ok(init)
}

/// Reads to the end, or to one byte more than `limit`.
async fn read_body(response: &host::Response, limit: usize) -> Result<Vec<u8>, JsValue> {
    let mut body = Vec::new();
    let Some(stream) = response.body() else {
        return Ok(body);
    };
    let reader = stream.get_reader()?;
    loop {
        let chunk: Chunk = JsFuture::from(reader.read()).await?.unchecked_into();
        let Some(bytes) = chunk.value() else {
            return Ok(body);
        };
        let room = limit.saturating_add(1) - body.len();
        let length = u32::try_from(room).unwrap_or(u32::MAX).min(bytes.length());
        body.extend(bytes.subarray(0, length).to_vec());
        if body.len() > limit {
            return Ok(body);
        }
    }
}

/// Codes that Node gives the causes of errors if there was no connection, so that nothing was sent. Those of the
/// resolver and of `connect` are the operating system's; the last is undici's, the HTTP client of Node
/// (both observed).
const NO_CONNECTION: [&str; 4] = [
    "ECONNREFUSED",
    "ENOTFOUND",
    "EAI_AGAIN",
    "UND_ERR_CONNECT_TIMEOUT",
];

/// Codes of a route that is lost. A connection that has carried a request can end with them, too, so they say that
/// nothing was sent only if the cause names `connect` (documented: `syscall` of Node's system errors).
const NO_ROUTE: [&str; 2] = ["EHOSTUNREACH", "ENETUNREACH"];

/// Node's codes for certificates that it refuses, the common ones (documented, "X509 certificate error codes").
const CERTIFICATE_REFUSED: [&str; 8] = [
    "CERT_HAS_EXPIRED",
    "CERT_NOT_YET_VALID",
    "CERT_UNTRUSTED",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
];

/// What an error of `fetch` says: messages of the runtime are compared, and never shown.
fn failure(error: &JsValue, abort: &Abort) -> Failure {
    let cause = member(error, "cause");
    let text = |name| member(&cause, name).as_string().unwrap_or_default();
    let code = text("code");
    // Deno's cause has no code; its HTTP client says that it was connecting, and rustls what it refuses (observed).
    let message = text("message");
    let was_connecting = message.contains("client error (Connect)");
    let refuses = was_connecting && message.contains("invalid peer certificate");
    if refuses || CERTIFICATE_REFUSED.contains(&&*code) {
        Failure::new(Delivery::CertificateRefused, "the certificate was refused")
    } else if was_connecting
        || NO_CONNECTION.contains(&&*code)
        || NO_ROUTE.contains(&&*code) && text("syscall") == "connect"
    {
        Failure::new(Delivery::NotSent, "no connection")
    } else {
        Failure::new(Delivery::MaybeSent, abort.cause("no response"))
    }
}
