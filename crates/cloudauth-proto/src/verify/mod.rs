//! What surrounds the two calls of a face verification: what goes into
//! [`InitFaceVerify`](crate::ops::InitFaceVerify), and what comes out of
//! [`DescribeFaceVerify`](crate::ops::DescribeFaceVerify).

mod choices;
mod material;
mod order;
mod outcome;
mod picture;

pub use choices::{
    CertType, CertifyUrlStyle, CertifyUrlType, EncryptType, FaceGuardOutput, Model, PassportMode,
    ProcedurePriority, ProductCode, SuitableType, Switch, TrueFalse, YesNo,
};
pub use material::{
    BadJson, CardPictures, DocumentPictures, FaceDetail, FacePicture, MaterialInfo, OcrIdCard,
    UserInfo, VehicleInfo, parse_json,
};
pub use order::{BadOrderNo, IdentityCard, OuterOrderNo, SceneId};
pub use outcome::{Outcome, SCORE_THRESHOLDS};
pub use picture::{BadPicture, Picture, PictureFormat};
