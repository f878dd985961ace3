//! The admin interface: a live page of verifications, requests and faults, and commands for faults, the
//! clock, verdicts and rate limits from outside the process.

mod access;
mod command;
mod describe;
mod page;
mod state;
mod texts;

use serde_json::{Value, json};

pub(crate) use self::access::AdminAccess;
pub(crate) use self::command::AdminCommand;
use crate::http::{IncomingRequest, OutgoingResponse};
use crate::world::World;

/// The path of the admin interface, on the port of the pages.
pub(crate) const PATH: &str = "/admin";

/// A larger command is refused.
const MAX_COMMAND_BYTES: usize = 64 * 1024;

/// What a request results in.
pub(crate) enum AdminRequest {
    /// This response.
    Respond(OutgoingResponse),
    /// A command to execute.
    Execute(AdminCommand),
}

/// Whether a request is for the admin interface.
pub(crate) fn is_admin(request: &IncomingRequest) -> bool {
    let rest = request.path().strip_prefix(PATH);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Parses a request. `is_local` is whether it comes from this machine.
pub(crate) fn parse(
    request: &IncomingRequest,
    is_local: bool,
    access: &AdminAccess,
    world: &World,
    now_unix: u64,
) -> AdminRequest {
    let error = |status, message: &str| AdminRequest::Respond(error(status, message, now_unix));
    let path = match access.admit(request, is_local) {
        Ok(path) => path,
        Err(message) => return error(403, message),
    };
    let asset = |content_type, text| AdminRequest::Respond(asset(content_type, text, now_unix));
    match (request.method.as_str(), path) {
        ("GET", "" | "/") if wants_json(request) => {
            let description = describe::description(&access.path());
            AdminRequest::Respond(json_response(200, &description, now_unix))
        }
        ("GET", "" | "/") => {
            let page = page::render(request, &access.path(), world, now_unix);
            asset("text/html;charset=utf-8", &page)
        }
        ("GET", "/live.js") => asset("text/javascript;charset=utf-8", SCRIPT),
        ("GET", "/state") => {
            let state = state::state(world, now_unix);
            AdminRequest::Respond(json_response(200, &state, now_unix))
        }
        ("DELETE", "/faults") => match AdminCommand::restore(request.query()) {
            Ok(command) => AdminRequest::Execute(command),
            Err(message) => error(400, &message),
        },
        ("POST", path) => {
            // The form of a foreign page cannot have this type without a preflight request.
            if !is_json(request) {
                return error(415, "content-type must be application/json");
            }
            if request.body.len() > MAX_COMMAND_BYTES {
                return error(413, "the body exceeds 64 KiB");
            }
            match AdminCommand::parse(path, &request.body) {
                Some(Ok(command)) => AdminRequest::Execute(command),
                Some(Err(message)) => error(400, &message),
                None => error(404, "unknown path"),
            }
        }
        _ => error(404, "unknown path"),
    }
}

/// Whether a request is of a program, not of a browser: it accepts JSON, or anything as curl does.
fn wants_json(request: &IncomingRequest) -> bool {
    let mut accepted = request.header_values("accept");
    accepted.any(|value| value == "*/*" || value.starts_with("application/json"))
}

const SCRIPT: &str = include_str!("live.js");

fn is_json(request: &IncomingRequest) -> bool {
    let mut types = request.header_values("content-type");
    let is_json = |content_type: &str| {
        let essence = content_type.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/json")
    };
    types.next().is_some_and(is_json) && types.next().is_none()
}

pub(crate) fn json_response(status: u16, body: &Value, now_unix: u64) -> OutgoingResponse {
    let body = body.to_string().into_bytes();
    secured(OutgoingResponse::new(
        status,
        "application/json",
        now_unix,
        body,
    ))
}

pub(crate) fn error(status: u16, message: &str, now_unix: u64) -> OutgoingResponse {
    json_response(status, &json!({ "error": message }), now_unix)
}

fn asset(content_type: &str, text: &str, now_unix: u64) -> OutgoingResponse {
    let body = text.as_bytes().to_vec();
    secured(OutgoingResponse::new(200, content_type, now_unix, body))
}

fn secured(response: OutgoingResponse) -> OutgoingResponse {
    response
        .with_header("cache-control", "no-store")
        .with_header(
            "content-security-policy",
            "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; \
             base-uri 'none'; frame-ancestors 'none'",
        )
        .with_header("x-content-type-options", "nosniff")
        .with_header("referrer-policy", "no-referrer")
}
