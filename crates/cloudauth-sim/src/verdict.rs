//! How a verification ends.

/// The verdict on a person, as `SubCode` carries it (documented).
///
/// The service has more of them; these are the ones whose meaning the current error page gives.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// `200`: passed.
    Passed,
    /// `201`: name and number do not belong together.
    NameMismatch,
    /// `202`: the identity was not found.
    IdentityNotFound,
    /// `203`: there is no usable photo to compare with.
    PhotoNotFound,
    /// `204`: the face is another one.
    FaceMismatch,
    /// `205`: the face may not be alive.
    LivenessRisk,
    /// `206`: forbidden by policy.
    PolicyRestricted,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 7] = [
        Self::Passed,
        Self::NameMismatch,
        Self::IdentityNotFound,
        Self::PhotoNotFound,
        Self::FaceMismatch,
        Self::LivenessRisk,
        Self::PolicyRestricted,
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
        }
    }

    /// The verdict of a `SubCode`.
    #[must_use]
    pub fn from_sub_code(sub_code: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|verdict| verdict.sub_code() == sub_code)
    }

    /// Whether `Passed` is `T`.
    #[must_use]
    pub const fn passed(self) -> bool {
        matches!(self, Self::Passed)
    }
}
