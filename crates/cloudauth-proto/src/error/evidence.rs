//! Why a picture or a video of a verdict could not be fetched.

use alloc::vec::Vec;
use core::fmt;

use super::attempt::{self, Attempt};

/// A kind of evidence that the service keeps of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum EvidenceKind {
    /// The picture of the face.
    Face,
    /// The video of the liveness check.
    Video,
    /// The side of the ID card with the face.
    CardFace,
    /// The side of the ID card with the national emblem.
    CardEmblem,
}

/// A picture or a video that could not be fetched.
#[derive(Debug)]
#[non_exhaustive]
pub struct EvidenceError {
    /// The kind of evidence.
    pub evidence: EvidenceKind,
    /// The reason.
    pub kind: EvidenceErrorKind,
    /// The attempts, if it was requested.
    pub attempts: Vec<Attempt>,
}

/// Why evidence was not fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvidenceErrorKind {
    /// The link has expired: query the verdict again.
    LinkExpired,
    /// The link is not a valid URL.
    InvalidLink,
    /// The link points to a host that is not the vendor's.
    ForeignHost,
    /// The object store did not return it.
    NotReturned,
    /// It is larger than the limit.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The file is not a picture, or not a video.
    UnexpectedType,
}

impl fmt::Display for EvidenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.evidence {
            EvidenceKind::Face => "the picture of the face was not fetched: ",
            EvidenceKind::Video => "the video was not fetched: ",
            EvidenceKind::CardFace | EvidenceKind::CardEmblem => {
                "the picture of the card was not fetched: "
            }
        })?;
        match self.kind {
            EvidenceErrorKind::LinkExpired => {
                f.write_str("its link has expired; query the verdict again")
            }
            EvidenceErrorKind::InvalidLink => f.write_str("its link is not a valid URL"),
            EvidenceErrorKind::ForeignHost => {
                f.write_str("its link points to a host that is not the vendor's")
            }
            EvidenceErrorKind::NotReturned => f.write_str("the object store did not return it"),
            EvidenceErrorKind::TooLarge { limit } => write!(f, "it is larger than {limit} bytes"),
            EvidenceErrorKind::UnexpectedType => f.write_str("the file has an unexpected type"),
        }?;
        attempt::list(f, &self.attempts, false)
    }
}

impl core::error::Error for EvidenceError {}
