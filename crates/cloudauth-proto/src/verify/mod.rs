//! The types around the two operations of a face verification: the parameters of
//! [`InitFaceVerify`](crate::ops::InitFaceVerify), callbacks and redirects, and the reply to
//! [`DescribeFaceVerify`](crate::ops::DescribeFaceVerify).
//!
//! A verification in the browser has five steps:
//!
//! | step | type | result |
//! |---|---|---|
//! | open the verification | [`InitFaceVerify::id_pro_h5`](crate::ops::InitFaceVerify::id_pro_h5), with a token of a [`CallbackKey`] | `CertifyId` and `CertifyUrl` |
//! | send the browser to the `CertifyUrl` | - | - |
//! | receive the callback | [`Callback`] | a hint to query the verdict; it proves nothing |
//! | receive the redirected browser | [`Redirect`] | a hint to query the verdict; it proves nothing |
//! | query the verdict | [`PollVerdict`] | [`Verdict`]: passed, with a [`Verified`], or not |
//!
//! Whoever has a `CertifyUrl` can take the check in the person's place, so it does not implement
//! `Display`:
//!
//! ```compile_fail,E0277
//! fn show(opened: &cloudauth_proto::ops::InitFaceVerifyResponse) {
//!     if let Some(certify_url) = &opened.certify_url {
//!         println!("{certify_url}");
//!     }
//! }
//! ```

mod callback;
mod details;
mod evidence;
mod id_number;
mod material;
mod order;
mod picture;
mod poll;
mod redirect;
#[cfg(feature = "sm2")]
pub mod sm2;
mod token;
mod verdict;
mod whole;

pub use crate::error::{EvidenceError, EvidenceErrorKind, EvidenceKind};
pub use crate::operation::Base64;
pub use crate::ops::enums::{
    CertType, CertifyUrlStyle, CertifyUrlType, EncryptType, FaceGuardOutput, Model, Passed,
    PassportMode, ProcedurePriority, ProductCode, SuitableType, Switch, TrueFalse, YesNo,
};
pub use crate::text::{InvisibleCharacter, clean_text};
pub use callback::{Callback, InvalidCallback};
pub use details::{SCORE_THRESHOLDS, VerdictDetails};
pub use evidence::{Evidence, EvidenceFile, FetchEvidence};
pub use id_number::{IdNumber, InvalidIdNumber};
pub use material::{
    CardPictures, DocumentPictures, FaceDetail, FacePicture, InvalidJson, MaterialInfo, OcrIdCard,
    UserInfo, VehicleInfo, parse_json,
};
pub use order::{IdentityCard, InvalidOrderNo, OuterOrderNo, SceneId};
pub use picture::{InvalidPicture, Picture, PictureFormat};
pub use poll::PollVerdict;
pub use redirect::{InvalidRedirect, Redirect};
pub use token::{CallbackKey, InvalidCallbackKey, TokenError};
pub use verdict::{NotPassed, Verdict, VerdictRecord, VerdictReply, Verified};
