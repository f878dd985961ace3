//! The verdict of a verification.

/// The verdict on a person, as `SubCode` carries it.
///
/// The vendor's current error page documents `200` to `206`. The others come from an older page and
/// from third-party programs; the service may have more.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// `200`: passed.
    Passed,
    /// `201`: the name does not match the ID number.
    NameMismatch,
    /// `202`: the identity was not found.
    IdentityNotFound,
    /// `203`: there is no usable photo to compare with.
    PhotoNotFound,
    /// `204`: the face belongs to someone else.
    FaceMismatch,
    /// `205`: the face may not be live.
    LivenessRisk,
    /// `206`: forbidden by policy.
    PolicyRestricted,
    /// `207`: the face is not the one on the card (`ID_PLUS`; older page).
    CardMismatch,
    /// `209`: the authority that the data is compared with failed (older page).
    AuthorityFailed,
    /// `210`: passed by a combination of checks (older page).
    PassedByPolicy,
    /// `220`: the declaration of intent did not pass (third-party programs).
    IntentFailed,
    /// `221`: the voice belongs to someone else (third-party programs).
    VoiceMismatch,
    /// `222`: the check before the declaration of intent failed (third-party programs).
    CheckBeforeIntentFailed,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 13] = [
        Self::Passed,
        Self::NameMismatch,
        Self::IdentityNotFound,
        Self::PhotoNotFound,
        Self::FaceMismatch,
        Self::LivenessRisk,
        Self::PolicyRestricted,
        Self::CardMismatch,
        Self::AuthorityFailed,
        Self::PassedByPolicy,
        Self::IntentFailed,
        Self::VoiceMismatch,
        Self::CheckBeforeIntentFailed,
    ];

    /// The value of `SubCode`.
    #[must_use]
    pub const fn sub_code(self) -> &'static str {
        match self {
            Self::Passed => "200",
            Self::NameMismatch => "201",
            Self::IdentityNotFound => "202",
            Self::PhotoNotFound => "203",
            Self::FaceMismatch => "204",
            Self::LivenessRisk => "205",
            Self::PolicyRestricted => "206",
            Self::CardMismatch => "207",
            Self::AuthorityFailed => "209",
            Self::PassedByPolicy => "210",
            Self::IntentFailed => "220",
            Self::VoiceMismatch => "221",
            Self::CheckBeforeIntentFailed => "222",
        }
    }

    /// The verdict with this `SubCode`, if there is one.
    #[must_use]
    pub fn from_sub_code(sub_code: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|verdict| verdict.sub_code() == sub_code)
    }

    /// Whether `Passed` is `T`.
    #[must_use]
    pub const fn passed(self) -> bool {
        matches!(self, Self::Passed | Self::PassedByPolicy)
    }

    /// Whether the next verification of the same identity is refused with 417 (documented).
    #[must_use]
    pub const fn locks_identity(self) -> bool {
        matches!(
            self,
            Self::NameMismatch | Self::IdentityNotFound | Self::PhotoNotFound
        )
    }
}
