//! The operations, by topic.

mod certify_id;
mod face;

pub use certify_id::CertifyId;
pub use face::{
    DescribeFaceVerify, DescribeFaceVerifyResponse, InitFaceVerify, InitFaceVerifyResponse,
};

use crate::operation::Info;

/// What the tables say of every operation.
pub const ALL: &[Info] = &[DescribeFaceVerify::INFO, InitFaceVerify::INFO];
