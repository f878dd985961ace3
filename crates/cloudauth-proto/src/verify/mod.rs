//! What surrounds the two calls of a face verification: what goes into
//! [`InitFaceVerify`](crate::ops::InitFaceVerify), and what comes out of
//! [`DescribeFaceVerify`](crate::ops::DescribeFaceVerify).
//!
//! In the browser a verification is five steps:
//!
//! | step | here | proves |
//! |---|---|---|
//! | open it | [`InitFaceVerify::id_pro`](crate::ops::InitFaceVerify::id_pro), with a token of a [`CallbackKey`] | - |
//! | send the browser to the `CertifyUrl` | - | - |
//! | be called back | [`Notice`] | nothing: ask |
//! | take the browser back | [`Returned`] | nothing: ask |
//! | ask for the verdict | [`Watch`] | [`Verified`] |
//!
//! Whoever has a `CertifyUrl` can take the check in the person's place, so it does not print:
//!
//! ```compile_fail,E0277
//! fn show(opened: &cloudauth_proto::ops::InitFaceVerifyResponse) {
//!     if let Some(certify_url) = &opened.certify_url {
//!         println!("{certify_url}");
//!     }
//! }
//! ```

mod choices;
mod evidence;
mod material;
mod notice;
mod order;
mod outcome;
mod picture;
mod returned;
#[cfg(feature = "sm2")]
mod seal;
mod token;
mod verified;
mod watch;

pub use choices::{
    CertType, CertifyUrlStyle, CertifyUrlType, EncryptType, FaceGuardOutput, Model, PassportMode,
    ProcedurePriority, ProductCode, SuitableType, Switch, TrueFalse, YesNo,
};
pub use evidence::{Evidence, EvidenceError, EvidenceKind, Fetch, Fetched, Unfetched};
pub use material::{
    BadJson, CardPictures, DocumentPictures, FaceDetail, FacePicture, MaterialInfo, OcrIdCard,
    UserInfo, VehicleInfo, parse_json,
};
pub use notice::{BadNotice, Notice};
pub use order::{BadOrderNo, IdentityCard, OuterOrderNo, SceneId};
pub use outcome::{Outcome, SCORE_THRESHOLDS};
pub use picture::{BadPicture, Picture, PictureFormat};
pub use returned::{BadReturn, Returned};
#[cfg(feature = "sm2")]
pub use seal::{BadSealingKey, NothingToSeal, SealingKey};
pub use token::{BadKey, CallbackKey, TokenError};
pub use verified::Verified;
pub use watch::Watch;
