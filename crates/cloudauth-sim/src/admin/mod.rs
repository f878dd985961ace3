//! The admin endpoint: faults, the clock, verdicts and limits from outside of the process, and a page that shows what
//! happens.
//!
//! It answers this machine only, and only to its own name: a page from elsewhere in a browser here cannot reach it.

mod order;
mod state;

use serde_json::{Value, json};

pub(crate) use self::order::Order;
use crate::reply::Reply;
use crate::request::Incoming;
use crate::world::World;

/// Where it is, on the page's port.
pub(crate) const PATH: &str = "/admin";

/// Larger orders are refused.
const LARGEST: usize = 64 * 1024;

/// What a request wants.
pub(crate) enum Wish {
    /// To be shown something.
    Show(Reply),
    /// To have something done.
    Do(Order),
}

/// Whether a request is for the admin endpoint.
pub(crate) fn is_meant(request: &Incoming) -> bool {
    let rest = request.path().strip_prefix(PATH);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Reads a request. `is_local` says whether it came from this machine.
pub(crate) fn read(request: &Incoming, is_local: bool, world: &World, now_unix: u64) -> Wish {
    let refused =
        |status, why: &str| Wish::Show(answer(status, &json!({ "error": why }), now_unix));
    if !is_local || !has_own_name(request) {
        return refused(
            403,
            "the admin endpoint answers this machine only, by its own name",
        );
    }
    let path = request.path().strip_prefix(PATH).unwrap_or_default();
    match (request.method.as_str(), path) {
        ("GET", "" | "/") => Wish::Show(asset("text/html;charset=utf-8", PAGE, now_unix)),
        ("GET", "/live.js") => Wish::Show(asset("text/javascript;charset=utf-8", SCRIPT, now_unix)),
        ("GET", "/state") => Wish::Show(answer(200, &state::of(world, now_unix), now_unix)),
        ("DELETE", "/faults") => match Order::healing(request.query()) {
            Ok(order) => Wish::Do(order),
            Err(why) => refused(400, &why),
        },
        ("POST", path) => {
            // A form of a foreign page cannot have this type without being asked first.
            if !is_json(request) {
                return refused(415, "send application/json");
            }
            if request.body.len() > LARGEST {
                return refused(413, "too long");
            }
            match Order::read(path, &request.body) {
                Some(Ok(order)) => Wish::Do(order),
                Some(Err(why)) => refused(400, &why),
                None => refused(404, "there is no such thing"),
            }
        }
        _ => refused(404, "there is no such thing"),
    }
}

const PAGE: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("live.js");

fn has_own_name(request: &Incoming) -> bool {
    let mut hosts = request.header_values("host");
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let name = host.rsplit_once(':').map_or(
        host,
        |(name, port)| {
            if port.ends_with(']') { host } else { name }
        },
    );
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

fn is_json(request: &Incoming) -> bool {
    let mut types = request.header_values("content-type");
    let is_json = |kind: &str| {
        let essence = kind.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/json")
    };
    types.next().is_some_and(is_json) && types.next().is_none()
}

pub(crate) fn answer(status: u16, body: &Value, now_unix: u64) -> Reply {
    let body = body.to_string().into_bytes();
    secured(Reply::new(status, "application/json", now_unix, body))
}

fn asset(kind: &str, text: &str, now_unix: u64) -> Reply {
    secured(Reply::new(200, kind, now_unix, text.as_bytes().to_vec()))
}

fn secured(reply: Reply) -> Reply {
    reply
        .with("cache-control", "no-store")
        .with(
            "content-security-policy",
            "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; \
             base-uri 'none'; frame-ancestors 'none'",
        )
        .with("x-content-type-options", "nosniff")
        .with("referrer-policy", "no-referrer")
}
