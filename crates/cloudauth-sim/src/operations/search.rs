//! The search for verifications, by which a client finds out whether an `InitFaceVerify` without an answer was
//! carried out.

use serde_json::{Map, Value, json};

use super::{Business, Desk, Params, given};
use crate::orders::Order;
use crate::time::timestamp;

/// More than this to a page is cut off. The limit is the simulator's.
const LARGEST_PAGE: usize = 100;

impl Desk {
    /// Finds orders, newest first. Names and numbers are not kept, and so neither found nor given.
    pub(super) fn search(&self, params: &Params) -> Business {
        let number = |name, least: usize| {
            let number = given(params, name).parse().unwrap_or(least);
            number.max(least)
        };
        let (page, size) = (
            number("CurrentPage", 1),
            number("PageSize", 1).min(LARGEST_PAGE),
        );
        let found = self
            .orders
            .newest()
            .filter(|(id, order)| is_meant(params, id, order));
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
        Business {
            code: "200",
            members: object(members),
        }
    }
}

pub(super) fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(members) = value {
        return members;
    }
    Map::new()
}

fn is_meant(params: &Params, certify_id: &str, order: &Order) -> bool {
    let verdict = order.verdict();
    let is = |name, value: &str| {
        matches!(given(params, name), "" | "null") || given(params, name) == value
    };
    is("CertifyId", certify_id)
        && is("OuterOrderNo", &order.number)
        && is("SceneId", &order.scene_id.to_string())
        && is("ProductCode", &order.product_code)
        && is("SubCode", verdict.map_or("", |verdict| verdict.sub_code()))
        && is(
            "Passed",
            verdict.map_or("", |verdict| if verdict.passed() { "T" } else { "F" }),
        )
}

fn item(certify_id: &str, order: &Order) -> Value {
    let mut item = json!({
        "CertifyId": certify_id,
        "GmtVerify": timestamp(order.created_unix),
        "OuterOrderNo": order.number,
        "ProductCode": order.product_code,
        "SceneId": order.scene_id,
    });
    if let Some(verdict) = order.verdict() {
        item["Passed"] = if verdict.passed() { "T" } else { "F" }.into();
        item["SubCode"] = verdict.sub_code().into();
    }
    item
}
