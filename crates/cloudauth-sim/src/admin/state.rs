//! The state on the live page: no names, no ID numbers, no secrets, no values of parameters.

use ring::digest;
use serde_json::{Value, json};

use crate::faults::ScriptedFault;
use crate::ids::hex;
use crate::log;
use crate::orders::{LIFETIME_SECONDS, OrderState};
use crate::page;
use crate::region::Region;
use crate::world::World;

/// How many requests and verdicts are listed.
const LISTED: usize = 100;

pub(super) fn state(world: &World, now_unix: u64) -> Value {
    let regions = Region::ALL.map(|region| {
        json!({
            "region": region.id(),
            "request_count": world.log().request_count(region),
            "refuses_connections": world.refuses_connections(region),
        })
    });
    let requests = world.requests().iter().rev().take(LISTED).map(|request| {
        json!({
            "at_unix": request.at_unix,
            "region": request.region.id(),
            "action": request.action,
            "outcome": request.outcome,
            "scheme": request.scheme,
            "detail": request.detail,
            "url_query_names": request.url_query_names,
            "request_id": request.request_id,
            "group": request.group,
            "retry_attempts": request.retry_attempts,
            "doubts": request.doubts,
        })
    });
    let verdicts = world
        .verdicts()
        .rev()
        .take(LISTED)
        .map(|(certify_id, verdict)| {
            json!({
                "certify_id": certify_id,
                "sub_code": verdict.sub_code(),
                "passed": verdict.passed(),
            })
        });
    let unfinished = world.orders().newest().filter(|(_, order)| {
        !matches!(order.state, OrderState::Submitted(_))
            && now_unix <= order.created_unix.saturating_add(LIFETIME_SECONDS)
    });
    let unfinished = unfinished.take(LISTED).map(|(certify_id, order)| {
        json!({
            "certify_id": certify_id,
            "certify_url": format!("{}{}{certify_id}", world.public_url(), page::PATH),
            "created_unix": order.created_unix,
            "group": log::group(&order.outer_order_no),
        })
    });
    let callbacks = world.callbacks().rev().take(LISTED).map(|record| {
        json!({
            "certify_id": record.certify_id,
            "passed": record.passed,
            "kind": format!("{:?}", record.kind),
            "attempt": record.attempt,
            "address": record.address,
            "at_unix": record.at_unix,
            "outcome": format!("{:?}", record.outcome),
        })
    });
    json!({
        "now_unix": now_unix,
        "regions": regions,
        "unfinished": unfinished.collect::<Vec<_>>(),
        "callbacks": callbacks.collect::<Vec<_>>(),
        "pending_callbacks": world.pending_callbacks(),
        "requests": requests.collect::<Vec<_>>(),
        "verdicts": verdicts.collect::<Vec<_>>(),
        "faults": faults(world),
        "executions": world.log().executions(),
        "files": files(world),
    })
}

/// Sizes and hashes of the uploaded files, oldest first, so that a client can check that a file
/// arrived unchanged.
fn files(world: &World) -> Vec<Value> {
    let file = |file: &[u8]| {
        let hash = digest::digest(&digest::SHA256, file);
        json!({ "bytes": file.len(), "sha256": hex(hash.as_ref()) })
    };
    world.uploaded_files().map(file).collect()
}

fn faults(world: &World) -> Vec<Value> {
    let entries = world.script().entries();
    let fault = |(region, entry): (Region, &ScriptedFault)| {
        json!({
            "region": region.id(),
            "action": entry.action,
            "fault": format!("{:?}", entry.fault),
            "remaining": entry.remaining,
            "hits": entry.hits,
        })
    };
    entries.map(fault).collect()
}
