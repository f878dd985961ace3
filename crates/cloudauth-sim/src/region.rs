//! Where a request arrives.

/// One of the two regions of the service that the vendor's failover sample uses (documented).
///
/// The service is listed for more regions; the simulator plays these two.
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

    /// The vendor's name of the region.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Shanghai => "cn-shanghai",
            Self::Beijing => "cn-beijing",
        }
    }
}
