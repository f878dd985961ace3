//! The rules that hold in every simulation.

use core::fmt;
use core::time::Duration;

/// A violation of a [`Rule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// Time since the start of the simulation.
    pub at: Duration,
    /// The number of the call.
    pub call: usize,
    /// The rule.
    pub rule: Rule,
}

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A rule that holds in every simulation. Displays as a sentence.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[$doc])* #[doc = $text] $name,)*
        }

        impl Rule {
            /// All rules.
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
    WaitsForFuture = "a wait ends later than it begins",
    PollIsRepeatable = "a repeated poll returns the same wait and sends nothing",
    BoundedSteps = "a flow waits or ends after a bounded number of steps",
    NoPendingExchanges = "a call abandons all of its pending exchanges before it ends",
    EndsInTime = "a call ends within its total timeout",
    AtLeastOneAttempt = "a call that has time makes at least one attempt",
    AttemptLimit = "a call makes no more attempts than its policy allows",
    AtMostOnce = "an operation that must not be repeated is carried out at most once",
    CertainErrors = "an operation is not carried out if its error rules that out",
    RealSuccess = "an operation that succeeds was carried out",
    HedgesReadsOnly = "only reads with hedging enabled are hedged, once, at the other region",
    StaysPinned = "a call pinned to an endpoint is sent to no other",
    OriginDecides = "a code for an unknown ID does not end a call before the origin has responded",
    AcceptedSignatures = "no region refuses a signature, a nonce, or the timestamp of a correct clock",
    OneRegionSuffices = "no read fails while one region is unimpaired, and time, attempts and budget suffice",
    FailuresDivert = "a call starts at another region only if the preferred one has failed five times, and failed in the last five seconds or is being probed",
    LocalFailureEndsCall = "a local failure is sent once and ends the call",
    RateLimitKept = "a rate limit is never exceeded: a burst of one second's worth, then the rate",
    RateLimitServed = "no call fails for a rate limit while a send is allowed",
    ReturnsToPreferred = "after all impairments end, a call sends one request, to the preferred region",
    CorrectsClock = "a clock that is wrong by less than a day costs one extra attempt, once",
    OneRefresh = "at most one call at a time refreshes the credentials",
    RefreshOutlivesCall = "a refresh beside the calls succeeds while its source is unimpaired, whatever the deadline of the call that began it",
    ValidCredentialsSuffice = "no call fails for lack of credentials while valid ones are cached",
    RefreshDelaysOneCall = "while credentials are valid, a refresh delays only the call that runs it, by at most a quarter of its total timeout",
    NoExpiredCredentials = "no request is signed with expired credentials, but for those of a metadata service that cannot be reached, or that issued them without its time to a client whose clock is wrong",
    Reproducible = "the same seed gives the same trace",
}
