//! What a verification came to.

use alloc::vec::Vec;

use crate::codes::{self, Meaning};
use crate::ops::DescribeFaceVerifyResponse;
use crate::secret::Sensitive;
use crate::verify::{BadJson, MaterialInfo, UserInfo, parse_json};

/// What a verification came to, read from a [`DescribeFaceVerifyResponse`].
///
/// `Debug` shows no person.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome<'r> {
    /// Whether the person passed. This alone is the verdict, as the vendor demands; it comes from
    /// `Passed`.
    pub has_passed: bool,
    /// The reason.
    pub sub_code: Option<&'r str>,
    /// What the reason means; nothing for one that is not in the tables.
    pub reason: Option<&'static Meaning>,
    /// Labels of risks of the device; [`codes::explain`] has their meanings.
    pub device_risks: Vec<&'r str>,
    /// The device, if it was told.
    pub device_token: Option<&'r Sensitive>,
    /// About the identity. The vendor's example is the text `null`, which is left out here; what
    /// else it can hold is not documented.
    pub identity: Option<&'r Sensitive>,
    /// Scores, pictures and videos.
    pub material: Option<MaterialInfo>,
    /// For a name with a rare character.
    pub user: Option<UserInfo>,
}

impl DescribeFaceVerifyResponse {
    /// Reads what the verification came to.
    ///
    /// An error means that one of the texts is not the JSON that it should be; the verdict itself
    /// can still be had from [`has_passed`](Self::has_passed).
    pub fn outcome(&self) -> Result<Outcome<'_>, BadJson> {
        let sub_code = self.sub_code.as_deref().filter(|code| !code.is_empty());
        let risks = self.device_risk.as_deref().unwrap_or_default().split(',');
        let is_told = |text: &&Sensitive| !matches!(text.expose().trim(), "" | "null");
        Ok(Outcome {
            has_passed: self.has_passed(),
            sub_code,
            reason: sub_code.and_then(codes::sub_code),
            device_risks: risks.map(str::trim).filter(|it| !it.is_empty()).collect(),
            device_token: self.device_token.as_ref().filter(is_told),
            identity: self.identity_info.as_ref().filter(is_told),
            material: parsed(self.material_info.as_ref())?,
            user: parsed(self.user_info.as_ref())?,
        })
    }
}

fn parsed<T: serde::de::DeserializeOwned>(text: Option<&Sensitive>) -> Result<Option<T>, BadJson> {
    text.map_or(Ok(None), parse_json)
}

impl Outcome<'_> {
    /// How alike the faces are, 0 to 100; it may be missing.
    #[must_use]
    pub fn verify_score(&self) -> Option<f64> {
        let front = self.material.as_ref()?.facial_picture_front.as_ref()?;
        front.verify_score
    }

    /// The highest documented threshold that the score reaches.
    #[must_use]
    pub fn threshold(&self) -> Option<f64> {
        let score = self.verify_score()?;
        SCORE_THRESHOLDS
            .into_iter()
            .rev()
            .find(|threshold| score >= *threshold)
    }
}

/// The thresholds that the vendor documents for [`verify_score`](Outcome::verify_score), from the
/// highest rate of false acceptance to the lowest. A score is no verdict: the vendor says to rely on
/// `Passed`.
pub const SCORE_THRESHOLDS: [f64; 5] = [70.0, 71.5, 75.0, 76.5, 80.0];
