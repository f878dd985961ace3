//! The operations: parameters in, business reply out.
//!
//! Codes are documented unless a comment says otherwise; messages are the simulator's own. All access keys and both
//! regions share one set of orders: whether a certify id made in one region can be read in the other is not
//! documented.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::callbacks::{Callee, is_callable};
use crate::orders::{Order, Orders, State};
use crate::store::Store;
use crate::verdict::Verdict;

type Params = BTreeMap<String, String>;

/// What an operation answers, before the request id is added. The HTTP status is 200 whatever the code is.
pub(crate) struct Business {
    pub(crate) code: &'static str,
    message: String,
    result: Option<Value>,
}

impl Business {
    pub(crate) fn success(result: Value) -> Self {
        Self {
            code: "200",
            message: "success".to_owned(),
            result: Some(result),
        }
    }

    fn failure(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            result: None,
        }
    }

    /// The service's own error, as a scripted fault.
    pub(crate) fn system_error() -> Self {
        Self::failure("500", "system error")
    }

    /// Whether the parameters were good enough to do anything with.
    pub(crate) fn was_carried_out(&self) -> bool {
        !matches!(self.code, "400" | "401" | "406")
    }

    pub(crate) fn body(&self, request_id: &str) -> Value {
        let mut body = json!({
            "RequestId": request_id,
            "Code": self.code,
            "Message": self.message,
        });
        if let Some(result) = &self.result {
            body["ResultObject"] = result.clone();
        }
        body
    }
}

/// Opens an order. That an order number may be used again is a choice: it is not documented whether the service
/// recognises one.
pub(crate) fn init_face_verify(
    params: &Params,
    orders: &mut Orders,
    public_url: &str,
    now_unix: u64,
) -> Business {
    opening(params, now_unix).map_or_else(
        |failure| failure,
        |order| {
            let certify_id = orders.open(order);
            Business::success(json!({
                "CertifyUrl": format!("{public_url}/verify/{certify_id}"),
                "CertifyId": certify_id,
            }))
        },
    )
}

/// The parameters that the H5 page of the plan `ID_PRO` requires besides the common ones (documented).
const ID_PRO_REQUIRED: [&str; 5] = ["CertType", "CertName", "CertNo", "ReturnUrl", "MetaInfo"];

/// Which check comes first is inferred, and so is every use of 401 but for `CallbackUrl`.
fn opening(params: &Params, now_unix: u64) -> Result<Order, Business> {
    for name in ["SceneId", "OuterOrderNo", "ProductCode"] {
        required(params, name)?;
    }
    if required(params, "ProductCode")? == "ID_PRO" {
        for name in ID_PRO_REQUIRED {
            required(params, name)?;
        }
    }
    let scene_id = scene_id(params)?;
    let order_no = required(params, "OuterOrderNo")?;
    if order_no.chars().count() > 32 {
        return Err(invalid("OuterOrderNo"));
    }
    let given = |name: &str| params.get(name).map(String::as_str).unwrap_or_default();
    let number = given("CertNo");
    // With `EncryptType` the number is a ciphertext.
    let in_clear = given("EncryptType").is_empty();
    if in_clear
        && given("CertType") == "IDENTITY_CARD"
        && !number.is_empty()
        && number.chars().count() != 18
    {
        return Err(invalid("CertNo"));
    }
    let callback_url = given("CallbackUrl");
    if !callback_url.is_empty() && !is_callable(callback_url) {
        return Err(invalid("CallbackUrl"));
    }
    let meta_info = given("MetaInfo");
    if !meta_info.is_empty() && serde_json::from_str::<Value>(meta_info).is_err() {
        return Err(invalid("MetaInfo"));
    }
    Ok(Order {
        number: order_no.to_owned(),
        scene_id,
        return_url: kept(given("ReturnUrl")),
        callee: callee(callback_url, given("CallbackToken")),
        created_unix: now_unix,
        state: State::Issued,
    })
}

/// Reads the verdict.
///
/// Documented: 424 without a record (not submitted, abandoned or in progress), 403 for an unfinished verification.
/// Where one ends and the other begins is our reading: 424 until the page is opened and after it is abandoned, 403
/// in between. 401 for a certify id of another scene is our guess.
pub(crate) fn describe_face_verify(params: &Params, orders: &Orders) -> Business {
    looked_up(params, orders).unwrap_or_else(|failure| failure)
}

fn looked_up(params: &Params, orders: &Orders) -> Result<Business, Business> {
    let certify_id = required(params, "CertifyId")?;
    required(params, "SceneId")?;
    let scene_id = scene_id(params)?;
    let order = orders
        .get(certify_id)
        .ok_or_else(|| Business::failure("406", "invalid CertifyId"))?;
    if order.scene_id != scene_id {
        return Err(invalid("SceneId"));
    }
    Ok(match order.state {
        State::Issued | State::Abandoned => {
            Business::failure("424", "there is no record of a submission")
        }
        State::Opened => Business::failure("403", "the verification is not finished"),
        State::Submitted(verdict) => Business::success(result_of(verdict)),
    })
}

/// The fields are documented, their values here are made up.
fn result_of(verdict: Verdict) -> Value {
    let live = verdict != Verdict::LivenessRisk;
    let same = verdict.passed();
    let material = json!({
        "faceAttack": if live { "F" } else { "T" },
        "faceOcclusion": "F",
        "facialPictureFront": {
            "qualityScore": 88.312,
            "verifyScore": if same { 91.204 } else { 35.07 },
            "faceAttackScore": if live { 0.0101 } else { 0.9802 },
        },
    });
    json!({
        "Passed": if verdict.passed() { "T" } else { "F" },
        "SubCode": verdict.sub_code(),
        "Success": "True",
        "IdentityInfo": "null",
        "DeviceToken": "simulated-device-token",
        "DeviceRisk": "",
        "MaterialInfo": material.to_string(),
        "UserInfo": "",
    })
}

/// The operations that take files: their names, the fields for files, and what they answer about
/// every file that was really posted. The fields are documented, their values here are made up.
const WITH_FILES: [(&str, &[&str], &str); 7] = [
    ("ContrastFaceVerify", &["FaceContrastFile"], FACE),
    ("CredentialProductVerifyV2", &["ImageFile"], CREDENTIAL),
    ("CredentialVerifyV2", &["ImageFile"], CREDENTIAL),
    (
        "Id2MetaVerifyWithOCR",
        &["CertFile", "CertNationalFile"],
        CARD,
    ),
    ("Id3MetaVerify", &["FaceFile"], PERSON),
    ("Id3MetaVerifyPRO", &["FaceFile"], PERSON),
    (
        "Id3MetaVerifyWithOCR",
        &["CertFile", "CertNationalFile"],
        CARD,
    ),
];

const FACE: &str = r#"{"CertifyId":"shacontrast","Passed":"T","SubCode":"200","MaterialInfo":"","IdentityInfo":""}"#;
const CREDENTIAL: &str = r#"{"Result":"0","RiskTag":"","RiskScore":{},"MaterialInfo":""}"#;
const CARD: &str = r#"{"BizCode":"1","CardInfo":"{\"certName\":\"simulated\"}"}"#;
const PERSON: &str = r#"{"BizCode":"1","SubCode":"101","FaceDetail":""}"#;

/// Answers an operation that takes files. That a file which was never posted is refused with 401 is
/// inferred.
pub(crate) fn with_files(
    action: &str,
    params: &Params,
    store: &Store,
) -> Option<(&'static str, Business)> {
    let (action, fields, answer) = WITH_FILES.into_iter().find(|(name, ..)| *name == action)?;
    let mut named = fields
        .iter()
        .filter_map(|field| Some((field, params.get(*field)?)));
    let lost = named.find(|(_, url)| store.file(url).is_none());
    let business = match lost {
        Some((field, _)) => invalid(field),
        None => Business::success(serde_json::from_str(answer).unwrap_or_default()),
    };
    Some((action, business))
}

/// A return URL longer than this is accepted but not followed, so that orders stay small. The limit is the
/// simulator's.
const RETURN_URL_BYTES: usize = 8 * 1024;

fn kept(return_url: &str) -> String {
    if return_url.len() > RETURN_URL_BYTES {
        return String::new();
    }
    return_url.to_owned()
}

/// A callback with more than this in it is accepted but not sent. The limit is the simulator's.
const CALLBACK_BYTES: usize = 8 * 1024;

fn callee(url: &str, token: &str) -> Option<Callee> {
    if url.is_empty() || url.len() + token.len() > CALLBACK_BYTES {
        return None;
    }
    let token = Some(token.to_owned()).filter(|token| !token.is_empty());
    let url = url.to_owned();
    Some(Callee { url, token })
}

fn required<'a>(params: &'a Params, name: &str) -> Result<&'a str, Business> {
    params
        .get(name)
        .map(String::as_str)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| Business::failure("400", format!("{name} must not be empty")))
}

fn invalid(name: &str) -> Business {
    Business::failure("401", format!("{name} is invalid"))
}

/// A 64-bit integer (documented).
fn scene_id(params: &Params) -> Result<i64, Business> {
    required(params, "SceneId")?
        .parse()
        .map_err(|_| invalid("SceneId"))
}
