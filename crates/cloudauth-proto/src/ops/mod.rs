//! The operations, by topic.

mod face;

pub use face::{
    DescribeFaceVerify, DescribeFaceVerifyResponse, InitFaceVerify, InitFaceVerifyResponse,
};

use crate::operation::Info;

/// What the tables say of every operation.
pub const ALL: &[Info] = &[DescribeFaceVerify::INFO, InitFaceVerify::INFO];
