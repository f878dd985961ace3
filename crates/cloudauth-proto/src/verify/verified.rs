//! The verdict.

use core::fmt;

use crate::call::Reply;
use crate::clock::UnixTime;
use crate::ops::{CertifyId, DescribeFaceVerifyResponse};
use crate::verify::{BadJson, Outcome};

/// The verdict on one verification, as the service gave it.
///
/// Only a reply of the service to [`DescribeFaceVerify`](crate::ops::DescribeFaceVerify) makes one,
/// in a [`Watch`](crate::verify::Watch): a function that takes a `Verified` cannot be given what a
/// callback or a browser says.
///
/// ```compile_fail,E0451
/// use cloudauth_proto::verify::Verified;
///
/// fn forge(one: Verified) -> Verified {
///     Verified { certify_id: "sha1".into(), ..one }
/// }
/// ```
///
/// It says who was asked about, so compare that with what is kept for the person who is here:
/// somebody else's verdict is a verdict, too.
pub struct Verified {
    certify_id: CertifyId,
    reply: Reply<DescribeFaceVerifyResponse>,
    at: UnixTime,
}

impl Verified {
    /// The answer, if it holds a verdict.
    pub(super) fn of(
        certify_id: &CertifyId,
        reply: Reply<DescribeFaceVerifyResponse>,
        at: UnixTime,
    ) -> Option<Self> {
        let passed = reply.value.passed.as_deref().unwrap_or_default();
        (!passed.is_empty()).then(|| Self {
            certify_id: certify_id.clone(),
            reply,
            at,
        })
    }

    /// The verification that it is about.
    #[must_use]
    pub fn certify_id(&self) -> &CertifyId {
        &self.certify_id
    }

    /// Whether the person passed.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.reply.value.has_passed()
    }

    /// The reason, with scores, pictures and videos.
    pub fn outcome(&self) -> Result<Outcome<'_>, BadJson> {
        self.reply.value.outcome()
    }

    /// The answer itself.
    #[must_use]
    pub fn reply(&self) -> &Reply<DescribeFaceVerifyResponse> {
        &self.reply
    }

    /// When it was given; links to pictures and videos live from then on.
    #[must_use]
    pub fn at(&self) -> UnixTime {
        self.at
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("certify_id", &self.certify_id)
            .field("has_passed", &self.has_passed())
            .field("sub_code", &self.reply.value.sub_code)
            .finish_non_exhaustive()
    }
}
