//! Orders and identities in the state file.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::magic::MagicEffect;
use super::{Identity, Order, OrderState, Orders};
use crate::callbacks::CallbackTarget;
use crate::verdict::Verdict;

impl Orders {
    /// One record for each order, identity and verdict, and one for the counter.
    pub(crate) fn records(&self) -> Vec<Value> {
        let orders = self.ages.iter().filter_map(|id| {
            let order = self.by_certify_id.get(id)?;
            Some(json!({ "order": order.record(id) }))
        });
        let verdicts = self.verdicts.iter();
        let verdicts = verdicts.map(|(id, verdict)| json!({ "verdict": [id, verdict.sub_code()] }));
        let identities = self.identities.records();
        let identities = identities.map(|record| json!({ "identity": record }));
        let counter = json!({ "orders": { "opened": self.opened, "seed": self.ids.seed } });
        core::iter::once(counter)
            .chain(orders)
            .chain(identities)
            .chain(verdicts)
            .collect()
    }

    /// Restores the order with the certify ID in its record.
    pub(crate) fn restore_order(&mut self, record: &Value) -> Option<()> {
        let (certify_id, order) = Order::from_record(record)?;
        let is_new = self
            .by_certify_id
            .insert(certify_id.clone(), order)
            .is_none();
        is_new.then(|| self.ages.push_back(certify_id))
    }

    pub(crate) fn restore_identity(&mut self, record: &Value) -> Option<()> {
        self.identities.restore(record)
    }

    pub(crate) fn restore_verdict(&mut self, record: &Value) -> Option<()> {
        let verdict = Verdict::from_sub_code(record[1].as_str()?)?;
        let verdicts: &mut VecDeque<_> = &mut self.verdicts;
        verdicts.push_back((record[0].as_str()?.to_owned(), verdict));
        Some(())
    }

    pub(crate) fn restore_counter(&mut self, record: &Value) -> Option<()> {
        self.opened = record["opened"].as_u64()?;
        self.ids.seed = record["seed"].as_u64()?;
        Some(())
    }
}

impl Order {
    fn record(&self, certify_id: &str) -> Value {
        let state = match self.state {
            OrderState::Issued => "issued",
            OrderState::Opened => "opened",
            OrderState::Abandoned => "abandoned",
            OrderState::Submitted(verdict) => verdict.sub_code(),
        };
        let callback = self.callback.as_ref();
        json!({
            "certify_id": certify_id,
            "outer_order_no": self.outer_order_no,
            "scene_id": self.scene_id,
            "return_url": self.return_url,
            "product_code": self.product_code,
            "callback_url": callback.map(|target| &target.url),
            "callback_token": callback.and_then(|target| target.token.as_ref()),
            "created_unix": self.created_unix,
            "state": state,
            "identity": self.identity.map(Identity::to_hex),
            "magic": self.magic.map(MagicEffect::to_number),
            "wants_video": self.wants_video,
            "was_queried": self.was_queried,
            "is_deleted": self.is_deleted,
        })
    }

    fn from_record(record: &Value) -> Option<(String, Self)> {
        let text = |name: &str| record[name].as_str().map(str::to_owned);
        let state = match record["state"].as_str()? {
            "issued" => OrderState::Issued,
            "opened" => OrderState::Opened,
            "abandoned" => OrderState::Abandoned,
            sub_code => OrderState::Submitted(Verdict::from_sub_code(sub_code)?),
        };
        // Without one they are null.
        let identity = record["identity"].as_str().map(Identity::from_hex);
        let magic = record["magic"].as_str().map(MagicEffect::of);
        let order = Self {
            outer_order_no: text("outer_order_no")?,
            scene_id: record["scene_id"].as_i64()?,
            return_url: text("return_url")?,
            product_code: text("product_code")?,
            callback: text("callback_url").map(|url| CallbackTarget {
                url,
                token: text("callback_token"),
            }),
            created_unix: record["created_unix"].as_u64()?,
            state,
            identity: if record["identity"].is_null() {
                None
            } else {
                Some(identity??)
            },
            magic: if record["magic"].is_null() {
                None
            } else {
                Some(magic??)
            },
            wants_video: record["wants_video"].as_bool()?,
            was_queried: record["was_queried"].as_bool()?,
            is_deleted: record["is_deleted"].as_bool()?,
        };
        Some((text("certify_id")?, order))
    }
}
