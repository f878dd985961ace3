//! A module for JavaScript with two operations: it opens a verification, and queries its verdict.
//!
//! The operations are rows of a table with JSON for replies, which is smaller than their types. `.ci/wasm` builds it
//! without default features, and checks its size.

#![expect(missing_docs, reason = "an example")]

use std::rc::Rc;

use cloudauth_fetch::operation::{OperationMetadata, TableOperation};
use cloudauth_fetch::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_fetch::{Client, Credentials, Session, seed};
use js_sys::Promise;
use js_sys::futures::future_to_promise;
use wasm_bindgen::prelude::*;

static INIT: OperationMetadata = InitFaceVerify::METADATA;
static DESCRIBE: OperationMetadata = DescribeFaceVerify::METADATA;

#[wasm_bindgen]
#[derive(Debug)]
pub struct Verifications(Rc<Client>);

#[wasm_bindgen]
impl Verifications {
    #[wasm_bindgen(constructor)]
    pub fn new(id: String, secret: String) -> Result<Self, JsError> {
        let session = Session::new(Credentials::access_key(id, secret)?, seed()?);
        Ok(Self(Rc::new(Client::new(session))))
    }

    /// Opens a verification, and returns its `CertifyId`.
    pub fn open(&self, order: String, meta_info: String) -> Promise {
        let (mut order, mut meta_info) = (Some(order), Some(meta_info));
        let init = TableOperation::new(&INIT, |field| match field.name {
            "SceneId" => Some("1000000006".into()),
            "OuterOrderNo" => order.take(),
            "ProductCode" => Some("LR_FR".into()),
            "UserId" => Some("7".into()),
            "MetaInfo" => meta_info.take(),
            _ => None,
        });
        self.call(init, "CertifyId")
    }

    /// Returns `T` if the person has passed, else `F`.
    pub fn verdict(&self, certify_id: String) -> Promise {
        let mut certify_id = Some(certify_id);
        let query = TableOperation::new(&DESCRIBE, |field| match field.name {
            "SceneId" => Some("1000000006".into()),
            "CertifyId" => certify_id.take(),
            _ => None,
        });
        self.call(query, "Passed")
    }
}

impl Verifications {
    /// Calls an operation, and returns a string of its reply.
    fn call(&self, operation: TableOperation, field: &'static str) -> Promise {
        let client = Rc::clone(&self.0);
        future_to_promise(async move {
            match client.call(&operation).await {
                Ok(reply) => Ok(reply.value.expose()[field].as_str().into()),
                Err(error) => Err(JsError::new(&error.to_string()).into()),
            }
        })
    }
}
