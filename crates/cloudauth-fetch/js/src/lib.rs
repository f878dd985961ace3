//! A module for JavaScript: all operations, by name.
//!
//! ```js
//! import { Client, initSync } from "./cloudauth_fetch_js.js";
//! import wasm from "./cloudauth_fetch_js_bg.wasm"; // in a Worker; in Node, the bytes of the file
//!
//! initSync({ module: wasm });
//! const client = new Client({ accessKeyId, accessKeySecret }); // in a Worker: in a handler
//! const reply = await client.call("DescribeFaceVerify", { SceneId: 1000000006, CertifyId });
//! const verdict = JSON.parse(reply.json);
//! ```
//!
//! The operations are rows of a table, so that there is no code per operation: a reply is JSON.

#![forbid(unsafe_code)]

mod error;
mod options;

use std::rc::Rc;

use cloudauth_fetch::operation::TableOperation;
use cloudauth_fetch::{Session, ops, seed};
use js_sys::futures::future_to_promise;
use js_sys::{JSON, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;

use crate::error::{call_error, type_error};
use crate::options::{CallSettings, Settings};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.d.ts");

#[wasm_bindgen]
extern "C" {
    /// The string that JavaScript makes of a value.
    #[wasm_bindgen(js_name = String)]
    fn string(value: &JsValue) -> String;
}

/// A client: all requests of a Worker can share one.
#[wasm_bindgen(skip_typescript)]
#[derive(Debug)]
pub struct Client(Rc<cloudauth_fetch::Client>);

#[wasm_bindgen]
impl Client {
    /// Creates a client. No request is sent.
    #[wasm_bindgen(constructor)]
    pub fn new(settings: &Settings) -> Result<Self, JsError> {
        let session = Session::new(settings.source()?, seed()?)
            .endpoints(settings.endpoints()?)
            .policy(settings.policy());
        Ok(Self(Rc::new(cloudauth_fetch::Client::new(session))))
    }

    /// Calls an operation of the service.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "wasm-bindgen has no optional references to objects"
    )]
    pub fn call(&self, action: &str, fields: &Object, settings: Option<CallSettings>) -> Promise {
        let client = Rc::clone(&self.0);
        let prepared = operation(action, fields, settings.as_ref());
        future_to_promise(async move {
            let (operation, options) = prepared?;
            let reply = client.call_with(&operation, options).await;
            let reply = reply.map_err(|error| call_error(&error))?;
            let json = serde_json::to_string(reply.value.expose()).unwrap_or_default();
            let object = Object::new();
            for (name, value) in [
                ("json", json.into()),
                ("endpoint", reply.endpoint.to_string().into()),
                ("requestId", reply.request_id.into()),
                ("attempts", JsValue::from(reply.attempts.len())),
            ] {
                Reflect::set(&object, &name.into(), &value)?;
            }
            Ok(object.into())
        })
    }

    /// Replaces the credentials with those of these settings; endpoints and time-outs in them are ignored.
    #[wasm_bindgen(js_name = setCredentials)]
    pub fn set_credentials(&self, settings: &Settings) -> Result<(), JsError> {
        self.0.set_credentials(settings.source()?);
        Ok(())
    }
}

type Prepared = (TableOperation, cloudauth_fetch::CallOptions);

fn operation(
    action: &str,
    fields: &Object,
    settings: Option<&CallSettings>,
) -> Result<Prepared, JsValue> {
    let metadata = ops::find(action)
        .ok_or_else(|| type_error(&format!("there is no operation {action:?}")))?;
    for name in Object::keys(fields) {
        let name = string(&name);
        if !metadata.fields.iter().any(|field| field.name == name) {
            return Err(type_error(&format!("{action} has no field {name:?}")));
        }
    }
    let mut operation = TableOperation::new(metadata, |field| {
        let value = Reflect::get(fields, &field.name.into()).ok()?;
        if value.is_undefined() || value.is_null() {
            None
        } else if value.is_object() {
            JSON::stringify(&value).ok().map(Into::into)
        } else {
            Some(string(&value))
        }
    });
    let mut options = cloudauth_fetch::CallOptions::new();
    if let Some(settings) = settings {
        options = settings.options();
        if let Some(origin) = settings.origin()? {
            operation = operation.with_origin(origin);
        }
    }
    Ok((operation, options))
}
