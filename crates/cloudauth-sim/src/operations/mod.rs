//! The operations of the API: parameters in, a code and a JSON body out.
//!
//! Operations on face verifications ([`face`]), scenes ([`scenes`]) and the search ([`search`]) have
//! an implementation; all others are generated from the catalogue ([`generated`]). Codes are
//! documented unless a comment states otherwise; messages are the simulator's own. All access keys
//! and both regions share one set of orders: whether a certify ID of one region can be looked up in
//! the other is not documented.

mod catalogue;
mod checks;
mod example;
mod face;
mod generated;
mod issued;
mod leniency;
mod requirements;
mod result;
mod scenes;
mod search;
mod sm2;
mod values;

use serde_json::{Value, json};

pub use self::catalogue::CATALOGUE;
use self::catalogue::{OperationSpec, ParameterError};
use self::face::FaceOperations;
use self::requirements::check_faces;
pub(crate) use self::result::OperationResult;
use self::result::{invalid, missing};
use self::scenes::Scenes;
pub use self::sm2::SM2_PUBLIC_KEY;
use crate::gateway::no_such_api;
use crate::http::{Params, Refusal, params::value};
use crate::ids::Ids;
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
            "CompareFaces" => {
                check_faces(params, &mut self.face.leniency)?;
                self.call_checked(spec, params, now_unix)
            }
            _ => match self.parameter_error(spec, params, store) {
                Some(result) if spec.has_code() => result,
                Some(result) => return Err(gateway_refusal(spec, &result)),
                None => self.call_checked(spec, params, now_unix),
            },
        };
        Ok((spec.action(), result))
    }

    /// The refusal of the first parameter that does not fit the catalogue. A file that was never
    /// uploaded is refused with 401 (inferred), an ID that was never issued as `DescribeFaceVerify`
    /// refuses it, with 406 (documented there, inferred elsewhere).
    fn parameter_error(
        &self,
        spec: OperationSpec,
        params: &Params,
        store: &ObjectStore,
    ) -> Option<OperationResult> {
        match spec.parameter_error(params) {
            Some(ParameterError::Missing(name)) => return Some(missing(name)),
            Some(ParameterError::Malformed(name)) => return Some(invalid(name)),
            None => {}
        }
        let mut named = spec
            .upload_fields()
            .filter_map(|field| Some((field, params.get(field)?)))
            .filter(|(_, url)| !url.is_empty());
        if let Some((field, _)) = named.find(|(_, url)| store.file(url).is_none()) {
            return Some(invalid(field));
        }
        if NEEDS_ISSUED_ID.contains(&spec.action()) && self.is_unknown_id(params) {
            let message = "invalid CertifyId";
            return Some(OperationResult::failure("406", message));
        }
        let callback_url = value(params, "CallbackUrl");
        if self.face.unreachable.contain(callback_url) {
            // Documented for this operation, which has another code than `InitFaceVerify`.
            return Some(match spec.action() {
                "InitAuthVerify" => {
                    OperationResult::failure("400", "CallbackUrl cannot be reached")
                }
                _ => invalid("CallbackUrl"),
            });
        }
        None
    }

    /// Whether the parameters name a certify ID that was never issued.
    fn is_unknown_id(&self, params: &Params) -> bool {
        let id = value(params, "CertifyId");
        !id.is_empty() && !self.face.is_issued(id)
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
        if let Err(failure) = checks::check(spec, params, &mut self.face.leniency) {
            return failure;
        }
        match spec.action() {
            "AIGCFaceVerify" | "ContrastFaceVerify" | "LivenessFaceVerify"
            | "CompareFaceVerify" => {
                match self.face.compared_person(spec.action(), params, magic) {
                    Ok(magic) => {
                        let result = self.generate(spec, params, magic, now_unix);
                        self.face.add_comparison(result, magic, now_unix)
                    }
                    Err(failure) => failure,
                }
            }
            "DeleteFaceVerifyResult" => self.face.delete(params).unwrap_or_else(|failure| failure),
            "MobileDetect" => {
                let result = self.generate(spec, params, magic, now_unix);
                checks::detect_mobiles(result, params)
            }
            "DescribeVerifySearchPageList" => search::search(&self.face.orders, params),
            "CreateAntCloudAuthScene" => {
                let number = self.next_number();
                self.scenes.create(params, number, now_unix)
            }
            "UpdateAntCloudAuthScene" => self.scenes.update(params, now_unix),
            "DeleteAntCloudAuthScene" => self.scenes.delete(params),
            "DescribeListAntCloudAuthScenes" => self.scenes.list(params),
            _ => self.generate(spec, params, magic, now_unix),
        }
    }

    /// Generates a result, and keeps the certify ID in it.
    fn generate(
        &mut self,
        spec: OperationSpec,
        params: &Params,
        magic: Option<MagicEffect>,
        now_unix: u64,
    ) -> OperationResult {
        let (ids, number) = (self.face.orders.ids, self.next_number());
        let is_empty = self.is_unknown_id(params);
        let result = generated::result(spec, params, magic, ids, is_empty, number, now_unix);
        for name in ["Result", "ResultObject"] {
            let issued = result
                .members
                .get(name)
                .and_then(|it| it["CertifyId"].as_str());
            // An echoed one is known already, or is a filter.
            if let Some(id) = issued
                && value(params, "CertifyId") != id
            {
                self.face.issued.insert(id);
            }
        }
        result
    }

    /// Example parameters of an operation, about the verification with this certify ID; `None` for an
    /// unknown operation.
    pub(crate) fn example(action: &str, certify_id: &str) -> Option<Params> {
        let spec = OperationSpec::find(action)?;
        Some(example::parameters(spec, certify_id))
    }

    /// A number that no other generated value has.
    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// The records of orders, scenes and identifiers for the state file.
    pub(crate) fn records(&self) -> Vec<Value> {
        let mut records = self.face.orders.records();
        records.push(json!({ "numbers": self.last_number }));
        records.extend(self.face.issued.iter().map(|id| json!({ "issued": id })));
        records.extend(self.scenes.records());
        records
    }

    /// Restores a record of this kind; `None` if it is another one, or malformed.
    pub(crate) fn restore(&mut self, kind: &str, record: &Value) -> Option<()> {
        match kind {
            "orders" => self.face.orders.restore_counter(record),
            "order" => self.face.orders.restore_order(record),
            "identity" => self.face.orders.restore_identity(record),
            "verdict" => self.face.orders.restore_verdict(record),
            "numbers" => {
                self.last_number = record.as_u64()?;
                Some(())
            }
            "issued" => {
                self.face.issued.insert(record.as_str()?);
                Some(())
            }
            "scene" => self.scenes.restore(record),
            "deleted_scene" => self.scenes.restore_deleted(record),
            _ => None,
        }
    }

    /// Derives all identifiers from now on from this seed.
    pub(crate) fn set_ids(&mut self, ids: Ids) {
        self.face.orders.ids = ids;
    }

    /// Enforces rules that are only likely.
    pub(crate) fn set_strict(&mut self, is_strict: bool) {
        self.face.leniency.is_strict = is_strict;
    }

    /// What the last operation accepted against a likely rule.
    pub(crate) fn take_accepted(&mut self) -> Vec<&'static str> {
        self.face.leniency.take_accepted()
    }

    /// Adds a scene, as if it was created in the console.
    pub(crate) fn add_scene(&mut self, scene_id: i64) {
        self.scenes.add(scene_id);
    }

    /// Makes a host unreachable for callbacks.
    pub(crate) fn add_unreachable(&mut self, host: &str) {
        self.face.unreachable.add(host);
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

    pub(crate) fn public_url(&self) -> &str {
        &self.face.public_url
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

/// The operations that look up or change the verification with their `CertifyId`.
const NEEDS_ISSUED_ID: [&str; 5] = [
    "CreateWhitelistSetting",
    "DeleteFaceVerifyResult",
    "DescribeAuthVerify",
    "DescribeCardVerify",
    "InsertWhiteListSetting",
];

/// The gateway's codes for these refusals are documented; that these operations use them is inferred,
/// except for `DetectFaceAttributes`.
fn gateway_refusal(spec: OperationSpec, result: &OperationResult) -> Refusal {
    let code = match (result.code, spec.action()) {
        ("400", "DetectFaceAttributes") => "InvalidParam.ParamsMissing",
        ("400", _) => "MissingParameter",
        _ => "InvalidParameter",
    };
    let message = result.members.get("Message").and_then(Value::as_str);
    Refusal::new(400, code, message.unwrap_or_default())
}
