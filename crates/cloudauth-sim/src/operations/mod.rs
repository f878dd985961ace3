//! The operations of the API: parameters in, a code and a JSON body out.
//!
//! Operations on face verifications ([`face`]), scenes ([`scenes`]) and the search ([`search`]) have
//! an implementation; all others are generated from the catalogue ([`generated`]). Codes are
//! documented unless a comment states otherwise; messages are the simulator's own. All access keys
//! and both regions share one set of orders: whether a certify ID of one region can be looked up in
//! the other is not documented.

mod catalogue;
mod face;
mod generated;
mod result;
mod scenes;
mod search;
mod sm2;

use serde_json::Value;

pub use self::catalogue::CATALOGUE;
use self::catalogue::{OperationSpec, ParameterError};
use self::face::FaceOperations;
pub(crate) use self::result::OperationResult;
use self::result::{invalid, missing};
use self::scenes::Scenes;
pub use self::sm2::SM2_PUBLIC_KEY;
use crate::gateway::no_such_api;
use crate::http::{Params, Refusal};
use crate::object_store::ObjectStore;
use crate::orders::Orders;
use crate::orders::magic::MagicEffect;

#[derive(Default)]
pub(crate) struct Operations {
    face: FaceOperations,
    scenes: Scenes,
    /// The last number that went into a generated value.
    last_number: u64,
}

impl Operations {
    /// Carries out an operation and returns it by its static name.
    ///
    /// # Errors
    ///
    /// For an unknown operation, and for a wrong parameter where the body has no `Code`.
    pub(crate) fn call(
        &mut self,
        action: &str,
        params: &Params,
        store: &ObjectStore,
        now_unix: u64,
    ) -> Result<(&'static str, OperationResult), Refusal> {
        let spec = OperationSpec::find(action).ok_or_else(no_such_api)?;
        let result = match spec.action() {
            // Their required parameters depend on the plan.
            "InitFaceVerify" => self.face.init(params, &self.scenes, now_unix),
            "DescribeFaceVerify" => self.face.describe(params, now_unix),
            _ => match parameter_error(spec, params, store) {
                Some(result) if spec.has_code() => result,
                Some(result) => return Err(gateway_refusal(&result)),
                None => self.call_checked(spec, params, now_unix),
            },
        };
        Ok((spec.action(), result))
    }

    /// Carries out an operation whose parameters fit the catalogue.
    fn call_checked(
        &mut self,
        spec: OperationSpec,
        params: &Params,
        now_unix: u64,
    ) -> OperationResult {
        let magic = MagicEffect::among(params);
        if let Some(MagicEffect::Refused(code)) = magic {
            return OperationResult::by_magic(code);
        }
        match spec.action() {
            "ContrastFaceVerify" | "LivenessFaceVerify" | "CompareFaceVerify" => {
                match self.face.compared_person(params, magic) {
                    Ok(magic) => {
                        let result = generated::result(spec, params, self.next_number(), now_unix);
                        self.face.add_comparison(result, magic, now_unix)
                    }
                    Err(failure) => failure,
                }
            }
            "DescribeVerifySearchPageList" => search::search(&self.face.orders, params),
            "CreateAntCloudAuthScene" => {
                let number = self.next_number();
                self.scenes.create(params, number, now_unix)
            }
            "UpdateAntCloudAuthScene" => self.scenes.update(params, now_unix),
            "DeleteAntCloudAuthScene" => self.scenes.delete(params),
            "DescribeListAntCloudAuthScenes" => self.scenes.list(params),
            _ => generated::result(spec, params, self.next_number(), now_unix),
        }
    }

    /// A number that no other generated value has.
    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    pub(crate) const fn orders(&self) -> &Orders {
        &self.face.orders
    }

    pub(crate) const fn orders_mut(&mut self) -> &mut Orders {
        &mut self.face.orders
    }

    /// Sets the beginning of every `CertifyUrl` and of every link to a picture.
    pub(crate) fn set_public_url(&mut self, url: String) {
        self.face.public_url = url;
    }

    /// Replaces the SM2 key pair; returns whether `private` is a private key.
    pub(crate) fn set_sm2_key(&mut self, private: &str) -> bool {
        let pair = sm2::KeyPair::from_hex(private);
        pair.map(|pair| self.face.sm2 = pair).is_some()
    }

    pub(crate) fn sm2_public_key(&self) -> String {
        self.face.sm2.public()
    }
}

/// The refusal of the first parameter that does not fit the catalogue. A file that was never uploaded
/// is refused with 401 (inferred).
fn parameter_error(
    spec: OperationSpec,
    params: &Params,
    store: &ObjectStore,
) -> Option<OperationResult> {
    match spec.parameter_error(params) {
        Some(ParameterError::Missing(name)) => Some(missing(name)),
        Some(ParameterError::Malformed(name)) => Some(invalid(name)),
        None => {
            let mut named = spec
                .upload_fields()
                .filter_map(|field| Some((field, params.get(field)?)))
                .filter(|(_, url)| !url.is_empty());
            let unknown = named.find(|(_, url)| store.file(url).is_none());
            unknown.map(|(field, _)| invalid(field))
        }
    }
}

/// The gateway's codes for these refusals are documented; that these operations use them is inferred.
fn gateway_refusal(result: &OperationResult) -> Refusal {
    let code = match result.code {
        "400" => "MissingParameter",
        _ => "InvalidParameter",
    };
    let message = result.members.get("Message").and_then(Value::as_str);
    Refusal::new(400, code, message.unwrap_or_default())
}
