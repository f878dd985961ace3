//! How a callback is classified.

use core::cell::RefCell;
use std::collections::BTreeSet;

use cloudauth_proto::verify::{Callback, CallbackKey, OuterOrderNo, TokenError};
use cloudauth_proto::{Secret, UnixTime};
use hyper::StatusCode;
use serde_json::json;

use crate::output::OutputField;

/// How callbacks are authenticated.
pub(super) enum TokenCheck {
    /// By a token of their own, made with this key.
    Key(CallbackKey),
    /// By one token for all.
    Token(Secret),
}

/// The check of all callbacks, with the memory of those that came before.
pub(super) struct Checks {
    check: TokenCheck,
    seen: RefCell<Seen>,
}

/// A callback's class, and the status that its response has.
pub(super) struct Checked {
    pub(super) status: StatusCode,
    class: &'static str,
    order: Option<OuterOrderNo>,
}

impl Checks {
    pub(super) fn new(check: TokenCheck) -> Self {
        Self {
            check,
            seen: RefCell::default(),
        }
    }

    pub(super) fn check(&self, callback: &Callback, now: UnixTime) -> Checked {
        let checked = match &self.check {
            TokenCheck::Key(key) => key.check(callback, now).map(Some),
            TokenCheck::Token(token) if callback.has_token(token) => Ok(None),
            TokenCheck::Token(_) => Err(TokenError::Forged),
        };
        let is_new = || {
            self.seen
                .borrow_mut()
                .insert(callback.certify_id().as_str())
        };
        let (status, class, order) = match checked {
            Ok(order) if is_new() => (StatusCode::OK, "genuine", order),
            Ok(order) => (StatusCode::OK, "repeated", order),
            Err(TokenError::Expired(order)) => (StatusCode::OK, "late", Some(order)),
            Err(_) => (StatusCode::FORBIDDEN, "forged", None),
        };
        Checked {
            status,
            class,
            order,
        }
    }
}

impl Checked {
    /// The fields to print.
    pub(super) fn fields(&self, callback: &Callback) -> Vec<OutputField> {
        let order = self.order.as_ref().map(OuterOrderNo::as_str);
        vec![
            ("callback", json!(self.class)),
            ("CertifyId", json!(callback.certify_id().as_str())),
            ("Passed", json!(callback.passed())),
            ("hint", json!(callback.meaning().map(|it| it.english))),
            ("OuterOrderNo", json!(order)),
        ]
    }
}

/// IDs of recent verifications with a genuine callback.
#[derive(Default)]
struct Seen(BTreeSet<String>);

impl Seen {
    /// Bounds the memory; repeated callbacks come within minutes.
    const CAPACITY: usize = 100_000;

    /// Whether this is the first callback of the verification.
    fn insert(&mut self, certify_id: &str) -> bool {
        if self.0.len() >= Self::CAPACITY {
            self.0.clear();
        }
        self.0.insert(certify_id.to_owned())
    }
}
