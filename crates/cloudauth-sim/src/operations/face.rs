//! Face verifications: `InitFaceVerify`, `DescribeFaceVerify`, and comparisons in one request.

use serde_json::{Value, json};

use super::catalogue::{OperationSpec, ParameterError};
use super::issued::IssuedIds;
use super::leniency::Leniency;
use super::requirements::{
    PICTURE_IDS, check_compared, check_person, check_pictures, check_plan, is_under_14,
};
use super::result::{OperationResult, invalid, missing, required};
use super::scenes::Scenes;
use super::sm2::KeyPair;
use crate::callbacks::{CallbackTarget, UnreachableHosts, is_allowed_callback_url};
use crate::http::{Params, params::value};
use crate::orders::magic::{MagicEffect, RARE_NAMES};
use crate::orders::material::{MaterialContext, MaterialVariant, material_info};
use crate::orders::{Identity, Order, OrderState, Orders};
use crate::verdict::Verdict;

/// The longest return URL that is stored. A longer one is accepted but not followed: a limit of the
/// simulator's, which keeps orders small.
const MAX_RETURN_URL_BYTES: usize = 8 * 1024;

/// The longest callback URL with its token that is stored. A longer one is accepted but not called: a
/// limit of the simulator's.
const MAX_CALLBACK_BYTES: usize = 8 * 1024;

/// The operations on face verifications, with their orders.
#[derive(Default)]
pub(super) struct FaceOperations {
    pub(super) orders: Orders,
    /// Decrypts parameters under `EncryptType=SM2`.
    pub(super) sm2: KeyPair,
    /// The beginning of every `CertifyUrl` and of every link to a picture.
    pub(super) public_url: String,
    pub(super) leniency: Leniency,
    /// The certify IDs of other operations.
    pub(super) issued: IssuedIds,
    pub(super) unreachable: UnreachableHosts,
}

/// The person to be verified, in clear.
struct Person {
    name: String,
    number: String,
}

impl FaceOperations {
    /// Opens an order. That an order number may be used again is our choice: whether the service
    /// detects that is not documented.
    pub(super) fn init(
        &mut self,
        params: &Params,
        scenes: &Scenes,
        now_unix: u64,
    ) -> OperationResult {
        match self.order(params, scenes, now_unix) {
            Ok(order) => {
                let certify_id = self.orders.open(order);
                OperationResult::success(json!({
                    "CertifyUrl": format!("{}/verify/{certify_id}", self.public_url),
                    "CertifyId": certify_id,
                }))
            }
            Err(failure) => failure,
        }
    }

    /// The order of the checks is inferred, and so is every use of 401 except for `CallbackUrl` and
    /// the format of name and number.
    fn order(
        &mut self,
        params: &Params,
        scenes: &Scenes,
        now_unix: u64,
    ) -> Result<Order, OperationResult> {
        check_plan(params, &mut self.leniency)?;
        match OperationSpec::find("InitFaceVerify").and_then(|spec| spec.parameter_error(params)) {
            Some(ParameterError::Missing(name)) => return Err(missing(name)),
            Some(ParameterError::Malformed(name)) => return Err(invalid(name)),
            None => {}
        }
        let scene_id = scene_id(params)?;
        let callback_url = value(params, "CallbackUrl");
        if !callback_url.is_empty()
            && (!is_allowed_callback_url(callback_url) || self.unreachable.contain(callback_url))
        {
            return Err(invalid("CallbackUrl"));
        }
        let meta_info = value(params, "MetaInfo");
        let is_object = |text| serde_json::from_str::<Value>(text).is_ok_and(|it| it.is_object());
        if !meta_info.is_empty() && !is_object(meta_info) {
            return Err(invalid("MetaInfo"));
        }
        check_pictures(params, "")?;
        self.check_picture_ids(params)?;
        let not_configured = || OperationResult::failure("404", "the scene is not configured");
        if scenes.is_deleted(scene_id) {
            return Err(not_configured());
        }
        let is_unknown = !scenes.is_created(scene_id);
        let doubt = "the scene was not created in the simulator";
        self.leniency.apply(is_unknown, doubt, not_configured)?;
        let person = self.person(params)?;
        let magic = MagicEffect::of(&person.number).or_else(|| MagicEffect::among(params));
        if let Some(MagicEffect::Refused(code)) = magic {
            return Err(OperationResult::by_magic(code));
        }
        let identity = self.admitted_identity(params, &person, magic, now_unix)?;
        let return_url = value(params, "ReturnUrl");
        let is_stored = return_url.len() <= MAX_RETURN_URL_BYTES;
        Ok(Order {
            outer_order_no: required(params, "OuterOrderNo")?.to_owned(),
            scene_id,
            return_url: return_url.chars().filter(|_| is_stored).collect(),
            product_code: value(params, "ProductCode").chars().take(32).collect(),
            callback: callback_target(callback_url, value(params, "CallbackToken")),
            created_unix: now_unix,
            state: OrderState::Issued,
            identity,
            magic,
            wants_video: value(params, "VideoEvidence") == "true",
            was_queried: false,
            is_deleted: false,
        })
    }

    /// Reads the person's name and number, decrypted if `EncryptType` is `SM2`. That a value which
    /// cannot be decrypted is refused with 501 was seen on an older gateway; the blog that reports it
    /// calls it a system error.
    fn person(&mut self, params: &Params) -> Result<Person, OperationResult> {
        let clear = |name| {
            let text = value(params, name);
            match value(params, "EncryptType") {
                "" => Ok(text.to_owned()),
                "SM2" if text.is_empty() => Ok(String::new()),
                "SM2" => self.sm2.decrypt(text).ok_or_else(|| {
                    OperationResult::failure("501", format!("{name} cannot be decrypted"))
                }),
                _ => Err(invalid("EncryptType")),
            }
        };
        let name = clear("CertName")?;
        let number = clear("CertNo")?;
        if value(params, "CertType") == "IDENTITY_CARD" {
            check_person(&name, &number, &mut self.leniency)?;
        }
        Ok(Person { name, number })
    }

    /// The identity, unless it is refused: 405 under the age of 14, 417 and 418. Magic numbers are not
    /// checked, since they always have the same effect.
    fn admitted_identity(
        &self,
        params: &Params,
        person: &Person,
        magic: Option<MagicEffect>,
        now_unix: u64,
    ) -> Result<Option<Identity>, OperationResult> {
        if person.number.is_empty() || magic.is_some() {
            return Ok(None);
        }
        let is_card = value(params, "CertType") == "IDENTITY_CARD";
        if is_card && is_under_14(&person.number, now_unix) {
            return Err(OperationResult::failure("405", "under 14 years old"));
        }
        let identity = Identity::new(&person.name, &person.number);
        match self.orders.refusal_code(identity, now_unix) {
            Some(code) => Err(OperationResult::failure(code, "this identity is locked")),
            None => Ok(Some(identity)),
        }
    }

    /// Looks up a verdict.
    ///
    /// Documented: 424 without a record (not submitted, abandoned or in progress), 403 for an
    /// unfinished verification. The boundary is our interpretation: 424 until the page is opened and
    /// after it is abandoned, 403 in between. 401 for a certify ID of another scene is our guess.
    pub(super) fn describe(&mut self, params: &Params, now_unix: u64) -> OperationResult {
        self.look_up(params, now_unix)
            .unwrap_or_else(|failure| failure)
    }

    fn look_up(
        &mut self,
        params: &Params,
        now_unix: u64,
    ) -> Result<OperationResult, OperationResult> {
        let certify_id = required(params, "CertifyId")?;
        required(params, "SceneId")?;
        let scene_id = scene_id(params)?;
        let order = self
            .orders
            .get(certify_id)
            .ok_or_else(|| OperationResult::failure("406", "invalid CertifyId"))?;
        if order.scene_id != scene_id {
            return Err(invalid("SceneId"));
        }
        if let Some(MagicEffect::RefusedLater(code)) = order.magic {
            return Err(OperationResult::by_magic(code));
        }
        if let Some(verdict) = order.verdict().filter(|_| !order.is_deleted) {
            let context = self.material_context(certify_id, now_unix);
            let result = described(order, verdict, context);
            if let Some(order) = self.orders.get_mut(certify_id) {
                order.was_queried = true;
            }
            return Ok(OperationResult::success(result));
        }
        Err(match order.state {
            OrderState::Opened => {
                OperationResult::failure("403", "the verification is not finished")
            }
            OrderState::Issued | OrderState::Abandoned | OrderState::Submitted(_) => {
                OperationResult::failure("424", "there is no record of a submission")
            }
        })
    }

    /// Deletes the verdict of a verification. The reasons for not deleting are documented; that there
    /// is no record afterwards (424), and none to delete before there is a verdict, is inferred.
    pub(super) fn delete(&mut self, params: &Params) -> Result<OperationResult, OperationResult> {
        let certify_id = required(params, "CertifyId")?;
        let after_query = match value(params, "DeleteAfterQuery") {
            "Y" => true,
            "N" | "" => false,
            _ => {
                let doubt = "DeleteAfterQuery is neither Y nor N";
                self.leniency.invalid(true, "DeleteAfterQuery", doubt)?;
                false
            }
        };
        let Some(order) = self.orders.get_mut(certify_id) else {
            let message = "invalid CertifyId";
            return Err(OperationResult::failure("406", message));
        };
        if order.verdict().is_none() {
            let message = "there is no record of a submission";
            return Err(OperationResult::failure("424", message));
        }
        let (is_deleted, reason) = if order.is_deleted {
            ("N", "NOT_DELETE_REPEATEDLY")
        } else if after_query && !order.was_queried {
            ("N", "NEED_QUERY_VERIFY_RESULT")
        } else {
            order.is_deleted = true;
            ("Y", "")
        };
        Ok(OperationResult::success(json!({
            "CertifyId": certify_id,
            "DeleteResult": is_deleted,
            "FailReason": reason,
        })))
    }

    /// Whether some operation has issued this certify ID.
    pub(super) fn is_issued(&self, certify_id: &str) -> bool {
        self.orders.get(certify_id).is_some() || self.issued.contains(certify_id)
    }

    /// Refuses the picture of a verification that did not pass with 423 (documented), and so one of
    /// an ID that was never issued (inferred).
    fn check_picture_ids(&self, params: &Params) -> Result<(), OperationResult> {
        let ids = PICTURE_IDS.iter().map(|name| value(params, name));
        for id in ids.filter(|id| !id.is_empty()) {
            let passed = |order: &Order| order.verdict().is_some_and(Verdict::passed);
            if !self.orders.get(id).is_some_and(passed) && !self.issued.contains(id) {
                let message = "the verification with this picture did not pass";
                return Err(OperationResult::failure("423", message));
            }
        }
        Ok(())
    }

    /// Checks the parameters of a comparison in one request; returns the effect of its magic number,
    /// which may be encrypted.
    pub(super) fn compared_person(
        &mut self,
        action: &str,
        params: &Params,
        magic: Option<MagicEffect>,
    ) -> Result<Option<MagicEffect>, OperationResult> {
        check_compared(action, params)?;
        self.check_picture_ids(params)?;
        let person = self.person(params)?;
        match magic.or_else(|| MagicEffect::of(&person.number)) {
            Some(MagicEffect::Refused(code)) => Err(OperationResult::by_magic(code)),
            magic => Ok(magic),
        }
    }

    /// Adds the verdict of a comparison to a generated result: a magic number's, or passed.
    pub(super) fn add_comparison(
        &self,
        mut generated: OperationResult,
        magic: Option<MagicEffect>,
        now_unix: u64,
    ) -> OperationResult {
        let verdict = match magic {
            Some(MagicEffect::Verdict(verdict)) => verdict,
            _ => Verdict::Passed,
        };
        let Some(result) = generated.members.get_mut("ResultObject") else {
            return generated;
        };
        let certify_id = result["CertifyId"].as_str().unwrap_or_default().to_owned();
        let context = self.material_context(&certify_id, now_unix);
        let material = material_info(material_variant(magic), verdict, context);
        let score = if verdict.passed() { 91.204 } else { 35.07 };
        for (name, value) in [
            ("Passed", json!(passed(verdict))),
            ("SubCode", json!(verdict.sub_code())),
            ("IdentityInfo", json!("null")),
            ("VerifyScore", json!(score)),
            ("MaterialInfo", json!(material)),
        ] {
            if let Some(member) = result.get_mut(name) {
                *member = value;
            }
        }
        generated
    }

    fn material_context<'d>(&'d self, certify_id: &'d str, now_unix: u64) -> MaterialContext<'d> {
        MaterialContext {
            certify_id,
            public_url: &self.public_url,
            now_unix,
        }
    }
}

/// The `ResultObject` of `DescribeFaceVerify`. The fields are documented, the values are invented.
fn described(order: &Order, verdict: Verdict, context: MaterialContext<'_>) -> Value {
    let variant = match order.magic {
        None if order.wants_video => MaterialVariant::Video,
        None if order.product_code == "ID_PLUS" => MaterialVariant::Card,
        magic => material_variant(magic),
    };
    let risk = match order.magic {
        Some(MagicEffect::DeviceRisk(label)) => label,
        _ => "",
    };
    let rare_name = match order.magic {
        Some(MagicEffect::RareName(index)) => RARE_NAMES.get(index),
        _ => None,
    };
    let user_info = rare_name.map_or_else(String::new, |it| {
        json!({ "name": it.name, "verifyName": it.passing, "number": "simulated" }).to_string()
    });
    json!({
        "Passed": passed(verdict),
        "SubCode": verdict.sub_code(),
        "Success": "True",
        "IdentityInfo": "null",
        "DeviceToken": "simulated-device-token",
        "DeviceRisk": risk,
        "MaterialInfo": material_info(variant, verdict, context),
        "UserInfo": user_info,
    })
}

const fn material_variant(magic: Option<MagicEffect>) -> MaterialVariant {
    match magic {
        Some(MagicEffect::Material(variant)) => variant,
        _ => MaterialVariant::Web,
    }
}

const fn passed(verdict: Verdict) -> &'static str {
    if verdict.passed() { "T" } else { "F" }
}

/// The target of the order's callback, unless there is none or it is too long.
fn callback_target(url: &str, token: &str) -> Option<CallbackTarget> {
    if url.is_empty() || url.len() + token.len() > MAX_CALLBACK_BYTES {
        return None;
    }
    let token = Some(token.to_owned()).filter(|token| !token.is_empty());
    let url = url.to_owned();
    Some(CallbackTarget { url, token })
}

/// A 64-bit integer (documented).
fn scene_id(params: &Params) -> Result<i64, OperationResult> {
    required(params, "SceneId")?
        .parse()
        .map_err(|_| invalid("SceneId"))
}
