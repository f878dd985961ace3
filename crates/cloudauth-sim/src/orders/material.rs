//! `MaterialInfo`: scores, pictures and videos.
//!
//! The keys are documented unless a comment states otherwise; the values are invented.

use serde_json::{Value, json};

use crate::object_store::links;
use crate::verdict::Verdict;

/// A form of `MaterialInfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MaterialVariant {
    Web,
    App,
    Card,
    Video,
    NotKept,
    NoScore,
    DegradedToVideo,
    CapitalKeep,
    NewKeys,
    Empty,
}

impl MaterialVariant {
    pub(crate) const ALL: [Self; 10] = [
        Self::Web,
        Self::App,
        Self::Card,
        Self::Video,
        Self::NotKept,
        Self::NoScore,
        Self::DegradedToVideo,
        Self::CapitalKeep,
        Self::NewKeys,
        Self::Empty,
    ];

    /// The name in the table of magic numbers.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::App => "app",
            Self::Card => "card",
            Self::Video => "video",
            Self::NotKept => "not kept",
            Self::NoScore => "no score",
            Self::DegradedToVideo => "degraded",
            Self::CapitalKeep => "Keep",
            Self::NewKeys => "new keys",
            Self::Empty => "empty",
        }
    }

    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Web => "from the web SDK: scores and a picture",
            Self::App => "from an app: age, sex, quality, device risk",
            Self::Card => "from ID_PLUS: the data read from the card, and its pictures",
            Self::Video => "with a video, as requested by VideoEvidence=true",
            Self::NotKept => "scores only: the scene keeps no pictures",
            Self::NoScore => "without verifyScore, which is documented as optional",
            Self::DegradedToVideo => "procedurePriorityResult is video",
            Self::CapitalKeep => {
                "ProcedurePriorityResult is Keep: the documents have this capitalization too"
            }
            Self::NewKeys => "with keys that are not documented (our guess at future ones)",
            Self::Empty => "an empty string",
        }
    }
}

/// What the values of a `MaterialInfo` depend on.
#[derive(Clone, Copy)]
pub(crate) struct MaterialContext<'o> {
    pub(crate) certify_id: &'o str,
    pub(crate) public_url: &'o str,
    pub(crate) now_unix: u64,
}

impl MaterialContext<'_> {
    fn object(self, file: &str) -> String {
        links::object_name(self.certify_id, file)
    }

    fn link(self, file: &str) -> String {
        links::link(self.public_url, &self.object(file), self.now_unix)
    }
}

const BUCKET: &str = "simulated-material";

/// The value of `MaterialInfo`: JSON in a string, or an empty string.
pub(crate) fn material_info(
    variant: MaterialVariant,
    verdict: Verdict,
    context: MaterialContext<'_>,
) -> String {
    if variant == MaterialVariant::Empty {
        return String::new();
    }
    let mut material = scores(verdict);
    if variant != MaterialVariant::NotKept {
        let front = &mut material["facialPictureFront"];
        front["ossBucketName"] = BUCKET.into();
        front["ossObjectName"] = context.object("face.gif").into();
        front["pictureUrl"] = context.link("face.gif").into();
    }
    match variant {
        MaterialVariant::Web | MaterialVariant::NotKept | MaterialVariant::Empty => {}
        MaterialVariant::App => add_app_values(&mut material),
        MaterialVariant::Card => add_card_values(&mut material, context),
        MaterialVariant::Video => {
            let front = &mut material["facialPictureFront"];
            front["ossVerifyVideoObjectName"] = context.object("face.mp4").into();
            front["verifyVideoUrl"] = context.link("face.mp4").into();
        }
        MaterialVariant::NoScore => {
            if let Some(front) = material["facialPictureFront"].as_object_mut() {
                front.remove("verifyScore");
            }
        }
        MaterialVariant::DegradedToVideo => material["procedurePriorityResult"] = "video".into(),
        MaterialVariant::CapitalKeep => {
            material["facialPictureFront"]["ProcedurePriorityResult"] = "Keep".into();
        }
        MaterialVariant::NewKeys => {
            material["newKey"] = json!({"list": [1, null, "text"]});
            material["facialPictureFront"]["newScore"] = json!(1e3);
        }
    }
    material.to_string()
}

fn scores(verdict: Verdict) -> Value {
    let live = verdict != Verdict::LivenessRisk;
    json!({
        "faceAttack": if live { "F" } else { "T" },
        "faceOcclusion": "F",
        "facialPictureFront": {
            "qualityScore": 88.312,
            "verifyScore": if verdict.passed() { 91.204 } else { 35.07 },
            "faceAttackScore": if live { 0.0101 } else { 0.9802 },
        },
    })
}

fn add_app_values(material: &mut Value) {
    material["faceAge"] = json!(34);
    material["faceGender"] = "M".into();
    material["guardRiskScore"] = json!(12.5);
    let front = &mut material["facialPictureFront"];
    for quality in ["Background", "Blur", "Illu", "Occu"] {
        front[format!("quality{quality}")] = "0".into();
    }
    front["qualityWearHat"] = "F".into();
}

/// The keys are documented for `ID_OCR`; that `ID_PLUS` has the same ones is inferred.
fn add_card_values(material: &mut Value, context: MaterialContext<'_>) {
    material["facialPictureFront"]["idCardVerifyScore"] = json!(90.11);
    material["ocrIdCardInfo"] = json!({
        "certName": "张三",
        "sex": "男",
        "nationality": "汉",
        "birth": "19000104",
        "address": "某市某区某路1号",
        "certNo": "110101190001040037",
        "authority": "某市公安局某分局",
        "startDate": "20200101",
        "endDate": "20400101",
    });
    material["ocrPictureFront"] = json!({
        "ossBucketName": BUCKET,
        "ossIdFaceObjectName": context.object("card.gif"),
        "ossIdFaceUrl": context.link("card.gif"),
        "ossIdNationalEmblemObjectName": context.object("emblem.gif"),
        "ossIdNationalEmblemUrl": context.link("emblem.gif"),
    });
}
