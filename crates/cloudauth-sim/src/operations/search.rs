//! The search for verifications, by which a client finds out whether an `InitFaceVerify` without a
//! response was carried out.

use serde_json::{Value, json};

use super::result::OperationResult;
use crate::dates::timestamp;
use crate::http::{Params, params::value};
use crate::orders::{Order, Orders};
use crate::verdict::Verdict;

/// A larger page size counts as this one: a limit of the simulator's.
const MAX_PAGE_SIZE: usize = 100;

/// Finds orders, newest first. Names and ID numbers are not stored, so they are neither searched nor
/// in the result.
pub(super) fn search(orders: &Orders, params: &Params) -> OperationResult {
    let positive = |name| value(params, name).parse().unwrap_or(1_usize).max(1);
    let (page, size) = (
        positive("CurrentPage"),
        positive("PageSize").min(MAX_PAGE_SIZE),
    );
    let found = orders
        .newest()
        .filter(|(id, order)| matches(params, id, order));
    let found: Vec<_> = found.map(|(id, order)| item(id, order)).collect();
    let (total, pages) = (found.len(), found.len().div_ceil(size));
    let skipped = (page - 1).saturating_mul(size);
    let items: Vec<Value> = found.into_iter().skip(skipped).take(size).collect();
    let members = json!({
        "CurrentPage": page,
        "Items": items,
        "PageSize": size,
        "TotalCount": total,
        "TotalPage": pages,
    });
    OperationResult::new("200", members)
}

fn matches(params: &Params, certify_id: &str, order: &Order) -> bool {
    let verdict = order.verdict().filter(|_| !order.is_deleted);
    let sub_code = verdict.map_or("", Verdict::sub_code);
    let passed = match verdict.map(Verdict::passed) {
        Some(true) => "T",
        Some(false) => "F",
        None => "",
    };
    [
        ("CertifyId", certify_id),
        ("OuterOrderNo", &order.outer_order_no),
        ("SceneId", &order.scene_id.to_string()),
        ("ProductCode", &order.product_code),
        ("SubCode", sub_code),
        ("Passed", passed),
    ]
    .iter()
    .all(|(name, stored)| {
        let wanted = value(params, name);
        matches!(wanted, "" | "null") || wanted == *stored
    })
}

fn item(certify_id: &str, order: &Order) -> Value {
    let mut item = json!({
        "CertifyId": certify_id,
        "GmtVerify": timestamp(order.created_unix),
        "OuterOrderNo": order.outer_order_no,
        "ProductCode": order.product_code,
        "SceneId": order.scene_id,
    });
    if let Some(verdict) = order.verdict().filter(|_| !order.is_deleted) {
        item["Passed"] = if verdict.passed() { "T" } else { "F" }.into();
        item["SubCode"] = verdict.sub_code().into();
    }
    item
}
