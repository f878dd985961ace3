//! Errors, as JavaScript catches them.

use cloudauth_fetch::Error;
use js_sys::{Array, Reflect, TypeError};
use wasm_bindgen::{JsError, JsValue};

/// The error of a mistake of the caller's.
pub(crate) fn type_error(text: &str) -> JsValue {
    TypeError::new(text).into()
}

/// The error of a call: an `Error` with the properties of `CallError` in `types.d.ts`. It contains no URL, body or
/// personal data.
pub(crate) fn call_error(error: &Error) -> JsValue {
    let attempts = error.attempts().iter();
    let attempts = attempts.map(|it| JsValue::from(format!("{}: {}", it.endpoint, it.outcome)));
    let object = JsValue::from(JsError::new(&error.to_string()));
    for (name, value) in [
        ("name", "CallError".into()),
        ("code", error.code().map(str::to_owned).into()),
        ("requestId", error.request_id().map(str::to_owned).into()),
        (
            "mayHaveBeenCarriedOut",
            error.may_have_been_carried_out().into(),
        ),
        ("isRetryable", error.is_retryable().into()),
        ("attempts", attempts.collect::<Array>().into()),
    ] {
        // It is an object of ours, to which properties can be added.
        let _ = Reflect::set(&object, &name.into(), &value);
    }
    object
}
