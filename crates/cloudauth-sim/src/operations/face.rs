//! Verifications of faces: opened, asked about, or done in one go.

use serde_json::{Value, json};

use super::{Business, Desk, Params, empty, given, invalid, required};
use crate::callbacks::{Callee, is_callable};
use crate::catalogue::{Flaw, Operation};
use crate::identities::Identity;
use crate::magic::{Magic, RARE};
use crate::material::{self, Taken, Variant};
use crate::orders::{Order, State};
use crate::time::timestamp;
use crate::verdict::Verdict;

/// The parameters that the H5 page of the plan `ID_PRO` requires besides the common ones (documented).
const ID_PRO_REQUIRED: [&str; 5] = ["CertType", "CertName", "CertNo", "ReturnUrl", "MetaInfo"];

/// The ways to give one picture of a face, apart from a bucket with an object (documented).
const PICTURES: [&str; 4] = [
    "FaceContrastPicture",
    "FaceContrastPictureUrl",
    "CertifyId",
    "FaceContrastFile",
];

/// In base64: 1 MB of picture. Whether the vendor's MB is this or 1 000 000 bytes is not documented.
const LARGEST_PICTURE: usize = (1 << 20) / 3 * 4;

/// A return URL longer than this is accepted but not followed, so that orders stay small. The limit is the
/// simulator's.
const RETURN_URL_BYTES: usize = 8 * 1024;

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

/// Who is to be verified, in clear.
struct Person {
    name: String,
    number: String,
}

impl Desk {
    /// Opens an order. That an order number may be used again is a choice: it is not documented whether the service
    /// recognises one.
    pub(super) fn init_face_verify(&mut self, params: &Params, now_unix: u64) -> Business {
        self.opening(params, now_unix).map_or_else(
            |failure| failure,
            |order| {
                let certify_id = self.orders.open(order);
                Business::success(json!({
                    "CertifyUrl": format!("{}/verify/{certify_id}", self.public_url),
                    "CertifyId": certify_id,
                }))
            },
        )
    }

    /// Which check comes first is inferred, and so is every use of 401 but for `CallbackUrl` and the format of name
    /// and number.
    fn opening(&self, params: &Params, now_unix: u64) -> Result<Order, Business> {
        for name in ["SceneId", "OuterOrderNo", "ProductCode"] {
            required(params, name)?;
        }
        let product_code = required(params, "ProductCode")?;
        if product_code == "ID_PRO" {
            for name in ID_PRO_REQUIRED {
                required(params, name)?;
            }
        }
        match Operation::named("InitFaceVerify").and_then(|operation| operation.flaw(params)) {
            Some(Flaw::Missing(name)) => return Err(empty(name)),
            Some(Flaw::Malformed(name)) => return Err(invalid(name)),
            None => {}
        }
        let scene_id = scene_id(params)?;
        let callback_url = given(params, "CallbackUrl");
        if !callback_url.is_empty() && !is_callable(callback_url) {
            return Err(invalid("CallbackUrl"));
        }
        let meta_info = given(params, "MetaInfo");
        if !meta_info.is_empty() && serde_json::from_str::<Value>(meta_info).is_err() {
            return Err(invalid("MetaInfo"));
        }
        one_picture(params)?;
        if self.scenes.is_deleted(scene_id) {
            return Err(Business::failure("404", "the scene is not configured"));
        }
        let person = self.person(params)?;
        let magic = Magic::of(&person.number).or_else(|| Magic::among(params));
        if let Some(Magic::Refused(code)) = magic {
            return Err(Business::failure(code, "as the magic number demands"));
        }
        let identity = self.admitted(params, &person, magic, now_unix)?;
        let return_url = given(params, "ReturnUrl");
        let is_kept = return_url.len() <= RETURN_URL_BYTES;
        Ok(Order {
            number: required(params, "OuterOrderNo")?.to_owned(),
            scene_id,
            return_url: return_url.chars().filter(|_| is_kept).collect(),
            product_code: product_code.chars().take(32).collect(),
            callee: callee(callback_url, given(params, "CallbackToken")),
            created_unix: now_unix,
            state: State::Issued,
            identity,
            magic,
            wants_video: given(params, "VideoEvidence") == "true",
        })
    }

    /// Decrypts if need be. That what cannot be decrypted is answered with 501 was seen on an older gateway; the
    /// blog that tells of it speaks of a system error.
    fn person(&self, params: &Params) -> Result<Person, Business> {
        let clear = |name| {
            let text = given(params, name);
            match given(params, "EncryptType") {
                "" => Ok(text.to_owned()),
                "SM2" if text.is_empty() => Ok(String::new()),
                "SM2" => self
                    .sm2
                    .open(text)
                    .ok_or_else(|| Business::failure("501", format!("{name} cannot be decrypted"))),
                _ => Err(invalid("EncryptType")),
            }
        };
        let name = clear("CertName")?;
        let number = clear("CertNo")?;
        let is_card = given(params, "CertType") == "IDENTITY_CARD";
        if is_card && !number.is_empty() && !is_well_formed(&number) {
            return Err(invalid("CertNo"));
        }
        Ok(Person { name, number })
    }

    /// Under 14, 417 and 418. Magic numbers always do the same.
    fn admitted(
        &self,
        params: &Params,
        person: &Person,
        magic: Option<Magic>,
        now_unix: u64,
    ) -> Result<Option<Identity>, Business> {
        if person.number.is_empty() || magic.is_some() {
            return Ok(None);
        }
        if given(params, "CertType") == "IDENTITY_CARD" && is_a_child(&person.number, now_unix) {
            return Err(Business::failure("405", "under 14 years old"));
        }
        let identity = Identity::of(&person.name, &person.number);
        match self.orders.refusal_of(identity, now_unix) {
            Some(code) => Err(Business::failure(code, "this identity is locked")),
            None => Ok(Some(identity)),
        }
    }

    /// Reads the verdict.
    ///
    /// Documented: 424 without a record (not submitted, abandoned or in progress), 403 for an unfinished
    /// verification. Where one ends and the other begins is our reading: 424 until the page is opened and after it
    /// is abandoned, 403 in between. 401 for a certify id of another scene is our guess.
    pub(super) fn describe_face_verify(&self, params: &Params, now_unix: u64) -> Business {
        self.looked_up(params, now_unix)
            .unwrap_or_else(|failure| failure)
    }

    fn looked_up(&self, params: &Params, now_unix: u64) -> Result<Business, Business> {
        let certify_id = required(params, "CertifyId")?;
        required(params, "SceneId")?;
        let scene_id = scene_id(params)?;
        let order = self
            .orders
            .get(certify_id)
            .ok_or_else(|| Business::failure("406", "invalid CertifyId"))?;
        if order.scene_id != scene_id {
            return Err(invalid("SceneId"));
        }
        if let Some(Magic::RefusedLater(code)) = order.magic {
            return Err(Business::failure(code, "as the magic number demands"));
        }
        if let Some(verdict) = order.verdict() {
            let taken = self.taken(certify_id, now_unix);
            return Ok(Business::success(result(order, verdict, taken)));
        }
        Err(match order.state {
            State::Opened => Business::failure("403", "the verification is not finished"),
            State::Issued | State::Abandoned | State::Submitted(_) => {
                Business::failure("424", "there is no record of a submission")
            }
        })
    }

    /// Compares faces in one go: the verdict is a magic number's, or passed.
    pub(super) fn compare(
        &mut self,
        operation: Operation,
        params: &Params,
        magic: Option<Magic>,
        now_unix: u64,
    ) -> Business {
        let person = match one_picture(params).and_then(|()| self.person(params)) {
            Ok(person) => person,
            Err(failure) => return failure,
        };
        // The number may have been encrypted.
        let magic = magic.or_else(|| Magic::of(&person.number));
        let verdict = match magic {
            Some(Magic::Refused(code)) => {
                return Business::failure(code, "as the magic number demands");
            }
            Some(Magic::Verdict(verdict)) => verdict,
            _ => Verdict::Passed,
        };
        let mut business = self.plausible(operation, params, now_unix);
        let Some(result) = business.members.get_mut("ResultObject") else {
            return business;
        };
        let certify_id = result["CertifyId"].as_str().unwrap_or_default().to_owned();
        let taken = self.taken(&certify_id, now_unix);
        result["Passed"] = passed(verdict).into();
        for (name, value) in [
            ("SubCode", json!(verdict.sub_code())),
            ("IdentityInfo", json!("null")),
            (
                "VerifyScore",
                json!(if verdict.passed() { 91.204 } else { 35.07 }),
            ),
            (
                "MaterialInfo",
                json!(material::text(variant(magic), verdict, taken)),
            ),
        ] {
            if let Some(slot) = result.get_mut(name) {
                *slot = value;
            }
        }
        business
    }

    fn taken<'d>(&'d self, certify_id: &'d str, now_unix: u64) -> Taken<'d> {
        Taken {
            certify_id,
            public_url: &self.public_url,
            now_unix,
        }
    }
}

/// The fields are documented, their values here are made up.
fn result(order: &Order, verdict: Verdict, taken: Taken<'_>) -> Value {
    let variant = match order.magic {
        None if order.wants_video => Variant::Video,
        None if order.product_code == "ID_PLUS" => Variant::Card,
        magic => variant(magic),
    };
    let risk = match order.magic {
        Some(Magic::Risk(label)) => label,
        _ => "",
    };
    let user = match order.magic {
        Some(Magic::Rare(which)) => {
            RARE.get(which)
                .map_or_else(String::new, |(name, passes, _)| {
                    json!({ "name": name, "verifyName": passes, "number": "simulated" }).to_string()
                })
        }
        _ => String::new(),
    };
    json!({
        "Passed": passed(verdict),
        "SubCode": verdict.sub_code(),
        "Success": "True",
        "IdentityInfo": "null",
        "DeviceToken": "simulated-device-token",
        "DeviceRisk": risk,
        "MaterialInfo": material::text(variant, verdict, taken),
        "UserInfo": user,
    })
}

const fn variant(magic: Option<Magic>) -> Variant {
    match magic {
        Some(Magic::Material(variant)) => variant,
        _ => Variant::Web,
    }
}

const fn passed(verdict: Verdict) -> &'static str {
    if verdict.passed() { "T" } else { "F" }
}

/// At most one picture, of at most 1 MB (documented: 420 and 421).
fn one_picture(params: &Params) -> Result<(), Business> {
    let is_given = |name: &&&str| !given(params, name).is_empty();
    let in_bucket = ["OssBucketName", "OssObjectName"]
        .iter()
        .any(|name| is_given(&name));
    let others = PICTURES.iter().filter(is_given).count();
    if others + usize::from(in_bucket) > 1 {
        return Err(Business::failure("420", "there is more than one picture"));
    }
    if given(params, "FaceContrastPicture").len() > LARGEST_PICTURE {
        return Err(Business::failure("421", "the picture is larger than 1 MB"));
    }
    Ok(())
}

/// Seventeen digits and a digit or `X`. Whether the service checks the checksum is not documented: it is not checked
/// here.
fn is_well_formed(number: &str) -> bool {
    let bytes = number.as_bytes();
    let is_digit =
        |(at, byte): (usize, &u8)| byte.is_ascii_digit() || (at == 17 && *byte | 32 == b'x');
    bytes.len() == 18 && bytes.iter().enumerate().all(is_digit)
}

/// Whether the date of birth in a number is less than 14 years ago.
fn is_a_child(number: &str, now_unix: u64) -> bool {
    let today: String = timestamp(now_unix)
        .chars()
        .filter(char::is_ascii_digit)
        .take(8)
        .collect();
    let date = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok());
    match (date(number.get(6..14)), date(Some(&today))) {
        (Some(birth), Some(today)) => birth + 14_0000 > today,
        _ => false,
    }
}

/// A 64-bit integer (documented).
fn scene_id(params: &Params) -> Result<i64, Business> {
    required(params, "SceneId")?
        .parse()
        .map_err(|_| invalid("SceneId"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fourteen_is_old_enough_and_a_day_less_is_not() {
        // 2023-11-14.
        let now = 1_700_000_000;
        assert!(!is_a_child("330103200911141234", now));
        assert!(is_a_child("330103200911151234", now));
        assert!(!is_a_child("33010320091", now));
    }

    #[test]
    fn a_number_has_eighteen_places() {
        for good in [
            "330103199001011234",
            "33010319900101123X",
            "33010319900101123x",
        ] {
            assert!(is_well_formed(good), "{good}");
        }
        for bad in [
            "",
            "33010319900101123",
            "X30103199001011234",
            "3301031990010112345",
            "33010319900101123Y",
        ] {
            assert!(!is_well_formed(bad), "{bad}");
        }
    }
}
