//! What the live page shows: no name, no number, no secret, no value of a parameter.

use ring::digest;
use serde_json::{Value, json};

use crate::ids::hex;
use crate::region::Region;
use crate::script::Entry;
use crate::world::World;

/// How many requests and verdicts are shown.
const SHOWN: usize = 100;

pub(super) fn of(world: &World, now_unix: u64) -> Value {
    let attempts = Region::ALL.map(|region| {
        json!({
            "region": region.id(),
            "attempts": world.log().attempts(region),
            "refuses": world.refuses(region),
        })
    });
    let requests = world.requests().iter().rev().take(SHOWN).map(|seen| {
        json!({
            "at": seen.at_unix,
            "region": seen.region.id(),
            "action": seen.action,
            "outcome": seen.outcome,
            "scheme": seen.scheme,
            "detail": seen.detail,
            "query": seen.url_query_names,
        })
    });
    let verdicts = world
        .verdicts()
        .rev()
        .take(SHOWN)
        .map(|(certify_id, verdict)| {
            json!({
                "certifyId": certify_id,
                "subCode": verdict.sub_code(),
                "passed": verdict.passed(),
            })
        });
    json!({
        "now": now_unix,
        "regions": attempts,
        "requests": requests.collect::<Vec<_>>(),
        "verdicts": verdicts.collect::<Vec<_>>(),
        "faults": faults(world),
        "executions": world.all_executions(),
        "files": files(world),
    })
}

/// What was posted to the object store, oldest first, so that a client can see that it arrived as it left.
fn files(world: &World) -> Vec<Value> {
    let shown = |file: &[u8]| {
        let hash = digest::digest(&digest::SHA256, file);
        json!({ "bytes": file.len(), "sha256": hex(hash.as_ref()) })
    };
    world.files().map(shown).collect()
}

fn faults(world: &World) -> Vec<Value> {
    let entries = world.script().entries();
    let shown = |(region, entry): (Region, &Entry)| {
        json!({
            "region": region.id(),
            "action": entry.action,
            "fault": format!("{:?}", entry.fault),
            "left": entry.left,
            "hits": entry.hits,
        })
    };
    entries.map(shown).collect()
}
