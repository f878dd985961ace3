//! The details of a verdict, decoded from the reply.

use alloc::vec::Vec;

use crate::codes::{self, Meaning};
use crate::ops::DescribeFaceVerifyResponse;
use crate::secret::Sensitive;
use crate::verify::{InvalidJson, MaterialInfo, UserInfo, parse_json};

/// Details of a verdict: its reason, scores, and the data of the device, decoded from a
/// [`DescribeFaceVerifyResponse`].
///
/// ```
/// use cloudauth_proto::ops::DescribeFaceVerifyResponse;
///
/// let response: DescribeFaceVerifyResponse = serde_json::from_str(
///     r#"{
///         "Passed": "F",
///         "SubCode": "204",
///         "DeviceRisk": "VPN",
///         "MaterialInfo": "{\"facialPictureFront\":{\"verifyScore\":42.5}}"
///     }"#,
/// )?;
/// let details = response.details();
/// assert_eq!(details.reason.unwrap().code, "204");
/// assert_eq!(details.device_risks, ["VPN"]);
/// assert_eq!(details.verify_score(), Some(42.5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// `Debug` shows no personal data.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VerdictDetails<'r> {
    /// `SubCode`, the reason of the verdict.
    pub sub_code: Option<&'r str>,
    /// Meaning of the reason; `None` for one that is not listed.
    pub reason: Option<&'static Meaning>,
    /// Risk labels of the device; [`codes::device_risk`] explains them.
    pub device_risks: Vec<&'r str>,
    /// Token of the device, if the reply has one.
    pub device_token: Option<&'r Sensitive>,
    /// Data of the identity. The vendor's example is the string `null`, which yields `None` here; other
    /// values are not documented.
    pub identity: Option<&'r Sensitive>,
    /// Scores, pictures and videos.
    pub material: Option<MaterialInfo>,
    /// Name in its two encodings, for names with rare characters.
    pub user: Option<UserInfo>,
    /// Fields of the reply that could not be read, by their names on the wire: those of
    /// [`DescribeFaceVerifyResponse::unreadable`], and those that should hold JSON and do not. They are
    /// absent here. [`MaterialInfo`] and [`UserInfo`] have such lists of their own.
    pub unreadable: Vec<&'static str>,
}

impl DescribeFaceVerifyResponse {
    /// Decodes the details of the verdict. What cannot be read is absent and named.
    #[must_use]
    pub fn details(&self) -> VerdictDetails<'_> {
        let sub_code = self.sub_code();
        let risks = self.device_risk.as_deref().unwrap_or_default().split(',');
        let is_present = |text: &&Sensitive| !matches!(text.expose().trim(), "" | "null");
        let mut unreadable = self.unreadable.clone();
        VerdictDetails {
            sub_code,
            reason: sub_code.and_then(codes::sub_code),
            device_risks: risks.map(str::trim).filter(|it| !it.is_empty()).collect(),
            device_token: self.device_token.as_ref().filter(is_present),
            identity: self.identity_info.as_ref().filter(is_present),
            material: parsed("MaterialInfo", self.material_info.as_ref(), &mut unreadable),
            user: parsed("UserInfo", self.user_info.as_ref(), &mut unreadable),
            unreadable,
        }
    }

    pub(super) fn sub_code(&self) -> Option<&str> {
        self.sub_code.as_deref().filter(|code| !code.is_empty())
    }
}

/// Decodes the JSON in a string. The name of a field without JSON is added to `unreadable`.
fn parsed<T: serde::de::DeserializeOwned>(
    name: &'static str,
    text: Option<&Sensitive>,
    unreadable: &mut Vec<&'static str>,
) -> Option<T> {
    parse_json(text?).unwrap_or_else(|InvalidJson| {
        unreadable.push(name);
        None
    })
}

impl VerdictDetails<'_> {
    /// Returns the similarity of the faces, 0 to 100, if the reply has it.
    #[must_use]
    pub fn verify_score(&self) -> Option<f64> {
        let front = self.material.as_ref()?.facial_picture_front.as_ref()?;
        front.verify_score
    }

    /// Returns the highest of the [documented thresholds](SCORE_THRESHOLDS) that the score reaches.
    #[must_use]
    pub fn threshold(&self) -> Option<f64> {
        let score = self.verify_score()?;
        SCORE_THRESHOLDS
            .into_iter()
            .rev()
            .find(|threshold| score >= *threshold)
    }
}

/// Documented thresholds of [`verify_score`](VerdictDetails::verify_score), from the highest rate of false
/// acceptance to the lowest. A score is not a verdict: the vendor recommends to rely on `Passed`.
pub const SCORE_THRESHOLDS: [f64; 5] = [70.0, 71.5, 75.0, 76.5, 80.0];
