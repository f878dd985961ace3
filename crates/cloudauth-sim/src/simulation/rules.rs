//! What must hold, whatever happens.

use core::fmt;
use core::time::Duration;

/// A rule that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Breach {
    /// When, from the beginning of the simulation.
    pub at: Duration,
    /// The number of the call.
    pub call: usize,
    /// Which rule.
    pub rule: Rule,
}

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What must hold, whatever happens. Displays as a sentence.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[$doc])* #[doc = $text] $name,)*
        }

        impl Rule {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
        }

        impl fmt::Display for Rule {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$name => $text,)* })
            }
        }
    };
}

rules! {
    WaitsForward = "a wait ends later than it begins",
    AsksOnce = "polling twice in a row gives the same wait, and sends nothing twice",
    Rests = "a flow waits or ends after a bounded number of steps",
    SettlesAll = "at its end a call has no exchange under way that it did not abandon",
    EndsInTime = "a call ends within its total time",
    TriesAtLeastOnce = "a call that has time makes at least one attempt",
    FewAttempts = "a call sends no more often than its policy allows",
    OnceOnly = "what must not happen twice is carried out at most once",
    CertaintyHolds = "an error that rules out execution is right",
    SuccessIsReal = "what ended well was carried out",
    HedgesReadsOnly = "only reads that ask for it are hedged, once, at the other region",
    StaysPinned = "a call that names an endpoint is sent nowhere else",
    HomeIsHeard = "an unknown elsewhere settles nothing before home has answered",
    SignsWell = "no region ever refuses a signature, a nonce, or the time of a right clock",
    OneRegionIsEnough = "no read fails while one region is well",
    PreferredComesBack = "after all has healed, a call asks the preferred region, once",
    ClockHeals = "a clock that is wrong by less than a day costs one more attempt, once",
    OneRefresh = "of all calls one at a time gets new credentials",
    ValidKeysServe = "no call fails for want of credentials while there are valid ones",
    RefreshesAside = "while credentials are valid, new ones delay only the call that gets them, by a quarter of its time",
    SignsInTime = "no request is signed with credentials that have expired",
    Reproducible = "the same seed gives the same trace",
}
