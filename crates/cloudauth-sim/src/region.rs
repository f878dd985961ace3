//! The regions of the simulated service.

/// One of the two regions in the vendor's failover sample (documented).
///
/// The service has more regions; the simulator has these two.
#[expect(
    clippy::exhaustive_enums,
    reason = "a test that forgets a region should not compile"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Region {
    /// `cn-shanghai`, the first region of the sample.
    Shanghai,
    /// `cn-beijing`, the second.
    Beijing,
}

impl Region {
    /// Both regions, in the order in which the vendor's sample tries them.
    pub const ALL: [Self; 2] = [Self::Shanghai, Self::Beijing];

    /// The vendor's region ID, for example `cn-shanghai`.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Shanghai => "cn-shanghai",
            Self::Beijing => "cn-beijing",
        }
    }
}
