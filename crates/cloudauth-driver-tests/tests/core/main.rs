//! The core against the simulated service, and against the simulator's catalogue of operations.
#![expect(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::panic,
    reason = "a test"
)]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "only some variants matter here"
)]

mod catalogue;
#[path = "../../../cloudauth-proto/tests/common/mod.rs"]
mod common;
mod mismatch;
mod operations;
mod poll_verdict;
mod replies;
mod upload;

use std::collections::BTreeMap;

use cloudauth_sim::CATALOGUE;
use serde_json::Value;

/// The simulator's catalogue of operations, by action.
fn operations_by_action() -> BTreeMap<String, Value> {
    let all: Vec<Value> = serde_json::from_str(CATALOGUE).unwrap();
    let name = |operation: &Value| operation["action"].as_str().unwrap().to_owned();
    all.into_iter().map(|one| (name(&one), one)).collect()
}
