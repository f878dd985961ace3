//! The properties that hold in every state of every small world.

use core::fmt;

macro_rules! properties {
    ($($name:ident = $text:literal,)*) => {
        /// A property that the search checks. Displays as a sentence.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Property {
            $(#[doc = $text] $name,)*
        }

        impl Property {
            /// All properties.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
        }

        impl fmt::Display for Property {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$name => $text,)* })
            }
        }
    };
}

properties! {
    AtMostOnce = "an operation that must not be repeated is never carried out twice",
    CertainErrors = "an operation was not carried out if its error rules that out",
    OneEndpointSuffices = "no call fails while an endpoint that responds could be used within time, attempts and budget",
    SharesTime = "no attempt takes the time that another endpoint needs to respond",
    NothingLate = "nothing is sent after the deadline, nor may it take longer",
    RateLimit = "no more is sent than a burst of one second's worth and then the rate",
    FullRate = "a call waits for the rate limit no longer than the sends and the waiting calls before it require",
    PreferredFirst = "a call begins at the preferred endpoint unless that failed five times or is being probed",
    AvoidsOpen = "no call begins at an endpoint whose circuit breaker is open while the other one is well",
    OneProbe = "one exchange at a time probes an endpoint",
    RetryBudget = "no more attempts are repeated than the retry budget allows",
    AttemptLimit = "a call makes no more attempts than its policy allows",
    HedgesReadsOnly = "only reads with hedging enabled are hedged, once",
    FinalEndsCall = "a call sends nothing after a refusal or a local failure",
    RefusedCertificate = "an endpoint whose certificate was refused is not used again by the call",
    OriginFirst = "a look-up begins at its origin",
    OneRefresh = "at most one refresh at a time is in progress",
    WaitsForSomething = "a call that waits has an exchange, a refresh, a backoff or a rate limit to wait for",
    PollIsRepeatable = "a repeated poll returns the same wait and sends nothing",
    WaitsForFuture = "a wait ends later than it begins",
    EndsInTime = "a call that is polled in time ends by its deadline",
    NoPendingExchanges = "a call abandons all of its pending exchanges before it ends",
    BoundedSteps = "a flow waits or ends after a bounded number of steps",
}
