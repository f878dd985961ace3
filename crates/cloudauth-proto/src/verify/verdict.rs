//! The verdict of a verification.

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::call::Reply;
use crate::certify_id::CertifyId;
use crate::clock::UnixTime;
use crate::codes::{self, Meaning};
use crate::ops::DescribeFaceVerifyResponse;
use crate::verify::VerdictDetails;

/// The verdict of the service on one verification.
///
/// Only a [`PollVerdict`](crate::verify::PollVerdict) creates one, from the service's reply to
/// [`DescribeFaceVerify`](crate::ops::DescribeFaceVerify).
///
/// ```
/// use cloudauth_proto::CertifyId;
/// use cloudauth_proto::verify::{Verdict, Verified};
///
/// /// Takes a person who passed: no callback, no redirect and no failed verification is a `Verified`.
/// fn let_in(user: &str, verified: Verified) { /* ... */ }
///
/// fn decide(user: &str, stored: &CertifyId, verdict: Verdict) {
///     match verdict {
///         Verdict::Passed(verified) if verified.certify_id() == stored => let_in(user, verified),
///         Verdict::Passed(_) => eprintln!("this is the verification of somebody else"),
///         Verdict::NotPassed(not_passed) => eprintln!("not passed: {:?}", not_passed.reason()),
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a person passed or did not: callers match on both"
)]
pub enum Verdict {
    /// The person passed: `Passed` is `T`.
    Passed(Verified),
    /// The person did not pass: `Passed` has any other value.
    NotPassed(NotPassed),
}

impl Verdict {
    /// Creates it from a reply, if that contains a verdict.
    pub(super) fn from_reply(
        certify_id: &CertifyId,
        reply: Reply<DescribeFaceVerifyResponse>,
        at: UnixTime,
    ) -> Option<Self> {
        let passed = reply.value.passed.as_ref();
        if passed.is_none_or(|passed| passed.as_str().is_empty()) {
            return None;
        }
        let has_passed = reply.value.has_passed();
        let reply = VerdictReply {
            certify_id: certify_id.clone(),
            reply,
            at,
        };
        Some(if has_passed {
            Self::Passed(Verified(reply))
        } else {
            Self::NotPassed(NotPassed(reply))
        })
    }

    /// Returns what an application stores of the verdict: nothing of the person.
    #[must_use]
    pub fn record(&self) -> VerdictRecord {
        let VerdictReply {
            certify_id,
            reply,
            at,
        } = self.reply();
        VerdictRecord {
            certify_id: certify_id.clone(),
            passed: matches!(self, Self::Passed(_)),
            sub_code: reply.value.sub_code.clone(),
            request_id: reply.request_id.clone(),
            at: *at,
        }
    }

    /// Returns the reply that contains the verdict.
    #[must_use]
    pub fn reply(&self) -> &VerdictReply {
        match self {
            Self::Passed(Verified(reply)) | Self::NotPassed(NotPassed(reply)) => reply,
        }
    }
}

/// A record of a verdict, without personal data: to be stored, as JSON or in another format of serde.
///
/// A record that was stored is a statement of the store: there is no way from it to a [`Verified`].
///
/// ```
/// use cloudauth_proto::verify::{Verdict, VerdictRecord};
///
/// fn store(verdict: &Verdict) -> Result<String, serde_json::Error> {
///     serde_json::to_string(&verdict.record())
/// }
///
/// fn has_passed(stored: &str) -> Result<bool, serde_json::Error> {
///     serde_json::from_str(stored).map(|record: VerdictRecord| record.passed)
/// }
/// # let stored = r#"{"certify_id":{"id":"sha1"},"passed":true,"sub_code":"200","request_id":"R1","at":1800000000}"#;
/// # assert!(has_passed(stored)?);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VerdictRecord {
    /// ID of the verification, with its origin.
    pub certify_id: CertifyId,
    /// Whether the person passed.
    pub passed: bool,
    /// Reason, a number in a string; [`codes::sub_code`](crate::codes::sub_code) explains it.
    pub sub_code: Option<String>,
    /// Request ID of the reply.
    pub request_id: Option<String>,
    /// Time at which the reply was received.
    pub at: UnixTime,
}

/// A verification that a person passed.
///
/// A function that takes a `Verified` cannot be called for anybody else: only a [`Verdict`] contains
/// one. It names the verification, not the person who is present: compare
/// [`certify_id`](Self::certify_id) with the ID that was stored for that person, since somebody else's
/// verification is a `Verified`, too.
///
/// ```compile_fail,E0423
/// use cloudauth_proto::verify::{VerdictReply, Verified};
///
/// fn forge(not_passed: VerdictReply) -> Verified {
///     Verified(not_passed)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Verified(VerdictReply);

impl Verified {
    /// Returns the ID of the verification.
    #[must_use]
    pub fn certify_id(&self) -> &CertifyId {
        &self.0.certify_id
    }

    /// Returns the reply that contains the verdict.
    #[must_use]
    pub fn reply(&self) -> &VerdictReply {
        &self.0
    }
}

/// A verification that a person did not pass.
#[derive(Clone, Debug)]
pub struct NotPassed(VerdictReply);

impl NotPassed {
    /// Returns the ID of the verification.
    #[must_use]
    pub fn certify_id(&self) -> &CertifyId {
        &self.0.certify_id
    }

    /// Returns the reason as the service gave it, `SubCode`: a number in a string.
    #[must_use]
    pub fn sub_code(&self) -> Option<&str> {
        self.0.reply.value.sub_code()
    }

    /// Returns the meaning of [`sub_code`](Self::sub_code), if it is known: what happened, what the
    /// person can do, and whether another attempt can pass.
    #[must_use]
    pub fn reason(&self) -> Option<&'static Meaning> {
        self.sub_code().and_then(codes::sub_code)
    }

    /// Returns the reply that contains the verdict.
    #[must_use]
    pub fn reply(&self) -> &VerdictReply {
        &self.0
    }
}

/// A reply to [`DescribeFaceVerify`](crate::ops::DescribeFaceVerify) that contains a verdict.
///
/// `Debug` shows no personal data.
#[derive(Clone)]
pub struct VerdictReply {
    certify_id: CertifyId,
    reply: Reply<DescribeFaceVerifyResponse>,
    at: UnixTime,
}

impl VerdictReply {
    /// Returns the ID of the verification.
    #[must_use]
    pub fn certify_id(&self) -> &CertifyId {
        &self.certify_id
    }

    /// Decodes the reason, the scores and the data of the device. What cannot be read is absent and named.
    #[must_use]
    pub fn details(&self) -> VerdictDetails<'_> {
        self.reply.value.details()
    }

    /// Returns the whole reply of the service.
    #[must_use]
    pub fn response(&self) -> &Reply<DescribeFaceVerifyResponse> {
        &self.reply
    }

    /// Returns the time at which the reply was received. Links to pictures and videos are valid for 15
    /// minutes from then on.
    #[must_use]
    pub fn at(&self) -> UnixTime {
        self.at
    }
}

impl fmt::Debug for VerdictReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerdictReply")
            .field("certify_id", &self.certify_id)
            .field("passed", &self.reply.value.passed)
            .field("sub_code", &self.reply.value.sub_code)
            .finish_non_exhaustive()
    }
}
