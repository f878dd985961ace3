//! `MaterialInfo`: scores, pictures, videos. The keys are documented unless a comment says otherwise, the values are
//! made up.

use serde_json::{Value, json};

use crate::pictures;
use crate::verdict::Verdict;

/// What `MaterialInfo` can look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
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

impl Variant {
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
            Self::Web => "of the web SDK: scores and a picture",
            Self::App => "of an app: age, sex, quality, risk of the device",
            Self::Card => "of ID_PLUS: what was read of the card, and its pictures",
            Self::Video => "with a video, as VideoEvidence=true asks for",
            Self::NotKept => "scores only: the scene keeps nothing",
            Self::NoScore => "without verifyScore, which the vendor says may be missing",
            Self::DegradedToVideo => "procedurePriorityResult is video",
            Self::CapitalKeep => {
                "ProcedurePriorityResult is Keep: the other case, which the documents have too"
            }
            Self::NewKeys => "with keys that are not documented (our guess at what may come)",
            Self::Empty => "an empty text",
        }
    }
}

/// Whose material.
#[derive(Clone, Copy)]
pub(crate) struct Taken<'o> {
    pub(crate) certify_id: &'o str,
    pub(crate) public_url: &'o str,
    pub(crate) now_unix: u64,
}

impl Taken<'_> {
    fn object(self, file: &str) -> String {
        pictures::object_name(self.certify_id, file)
    }

    fn link(self, file: &str) -> String {
        pictures::link(self.public_url, &self.object(file), self.now_unix)
    }
}

const BUCKET: &str = "simulated-material";

/// The text of `MaterialInfo`.
pub(crate) fn text(variant: Variant, verdict: Verdict, taken: Taken<'_>) -> String {
    if variant == Variant::Empty {
        return String::new();
    }
    let mut material = scores(verdict);
    if variant != Variant::NotKept {
        let front = &mut material["facialPictureFront"];
        front["ossBucketName"] = BUCKET.into();
        front["ossObjectName"] = taken.object("face.gif").into();
        front["pictureUrl"] = taken.link("face.gif").into();
    }
    match variant {
        Variant::Web | Variant::NotKept | Variant::Empty => {}
        Variant::App => of_an_app(&mut material),
        Variant::Card => of_a_card(&mut material, taken),
        Variant::Video => {
            let front = &mut material["facialPictureFront"];
            front["ossVerifyVideoObjectName"] = taken.object("face.mp4").into();
            front["verifyVideoUrl"] = taken.link("face.mp4").into();
        }
        Variant::NoScore => {
            if let Some(front) = material["facialPictureFront"].as_object_mut() {
                front.remove("verifyScore");
            }
        }
        Variant::DegradedToVideo => material["procedurePriorityResult"] = "video".into(),
        Variant::CapitalKeep => {
            material["facialPictureFront"]["ProcedurePriorityResult"] = "Keep".into();
        }
        Variant::NewKeys => {
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

fn of_an_app(material: &mut Value) {
    material["faceAge"] = json!(34);
    material["faceGender"] = "M".into();
    material["guardRiskScore"] = json!(12.5);
    let front = &mut material["facialPictureFront"];
    for quality in ["Background", "Blur", "Illu", "Occu"] {
        front[format!("quality{quality}")] = "0".into();
    }
    front["qualityWearHat"] = "F".into();
}

/// That `ID_PLUS` has the keys that `ID_OCR` is documented with is likely, not sure.
fn of_a_card(material: &mut Value, taken: Taken<'_>) {
    material["facialPictureFront"]["idCardVerifyScore"] = json!(90.11);
    material["ocrIdCardInfo"] = json!({
        "certName": "张三",
        "sex": "男",
        "nationality": "汉",
        "birth": "19000104",
        "address": "某市某区某路1号",
        "certNo": "110101190001040035",
        "authority": "某市公安局某分局",
        "startDate": "20200101",
        "endDate": "20400101",
    });
    material["ocrPictureFront"] = json!({
        "ossBucketName": BUCKET,
        "ossIdFaceObjectName": taken.object("card.gif"),
        "ossIdFaceUrl": taken.link("card.gif"),
        "ossIdNationalEmblemObjectName": taken.object("emblem.gif"),
        "ossIdNationalEmblemUrl": taken.link("emblem.gif"),
    });
}
