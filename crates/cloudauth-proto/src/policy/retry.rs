//! The retry rule: one function, held to a printed table.

/// What carrying an operation out twice would do. It decides what is retried when the outcome of an
/// attempt is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the retry rule covers every effect"
)]
pub enum Effect {
    /// Nothing: the operation only reads. It can be hedged.
    ReadOnly,
    /// Nothing more than once: it updates or deletes.
    Idempotent,
    /// It opens another verification, which stays unused: `Init...`.
    OpensVerification,
    /// It bills or stores twice: paid checks, `Create...`, `Insert...`.
    NotIdempotent,
}

/// Whether a call is repeated when an attempt may have been carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "callers match on every variant")]
pub enum Repeat {
    /// By the [`Effect`] of the operation: repeated unless it is `NotIdempotent`.
    #[default]
    ByEffect,
    /// `OpensVerification` is treated as `NotIdempotent`: no verification is ever opened twice.
    OnlyIfCertain,
    /// `NotIdempotent` is treated as `OpensVerification`: the operation may be carried out and **billed twice**.
    EvenIfUncertain,
}

/// How an exchange ended, as far as the retry rule is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the rows of the table")]
pub enum Classification {
    /// No byte of the request was sent: name resolution, connecting or TLS failed.
    NotSent,
    /// The request may have been sent, and there is no complete response: reset, truncated, timed out.
    NoResponse,
    /// HTTP 429, or a code that begins with `Throttling`, whatever the status.
    Throttled,
    /// HTTP 5xx, or HTTP 200 with the body's `Code` "500".
    ServerError,
    /// Code `InvalidTimeStamp.Expired`, with a `Date` from which the clock skew is learnt.
    ClockSkew,
    /// Code `SignatureNonceUsed`: something between client and service sent the request twice.
    NonceReused,
    /// A code that begins with `InvalidSecurityToken`: the temporary credentials have expired, and
    /// others are available (inferred from other products of the vendor).
    TokenExpired,
    /// The ID in the request is unknown at this endpoint, and its origin has not responded yet.
    UnknownHere,
    /// Any other response.
    Final,
}

/// What the retry rule decides after an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the entries of the table")]
pub enum RetryDecision {
    /// The response is the result of the call.
    Final,
    /// Try another endpoint, if there is one whose circuit breaker is not open; else the same one, after
    /// a backoff.
    Elsewhere,
    /// Try the same endpoint, after a backoff.
    AfterBackoff,
    /// Try the same endpoint at once, but only once: a second such response is final.
    OnceMore,
    /// End the call with [`Error::Uncertain`](crate::Error::Uncertain): the operation may have been
    /// carried out, and repeating it would do harm.
    Uncertain,
}

/// Decides what follows an exchange. This is the whole retry rule:
///
#[doc = include_str!("table.md")]
///
/// [`Repeat`] moves a call between the columns `OpensVerification` and `NotIdempotent`.
///
/// `OpensVerification` is repeated as in the vendor's own failover sample: the first verification, if there is one,
/// stays unused, and the vendor bills finished verifications, not opened ones (inferred from its price
/// page). Unlike in that sample, a 4xx is final: another region would respond alike.
#[must_use]
pub const fn judge(ending: Classification, effect: Effect, repeat: Repeat) -> RetryDecision {
    let harms_twice = match (effect, repeat) {
        (Effect::ReadOnly | Effect::Idempotent, _)
        | (Effect::OpensVerification, Repeat::ByEffect | Repeat::EvenIfUncertain)
        | (Effect::NotIdempotent, Repeat::EvenIfUncertain) => false,
        (Effect::OpensVerification, Repeat::OnlyIfCertain)
        | (Effect::NotIdempotent, Repeat::ByEffect | Repeat::OnlyIfCertain) => true,
    };
    match ending {
        Classification::NoResponse | Classification::ServerError | Classification::NonceReused
            if harms_twice =>
        {
            RetryDecision::Uncertain
        }
        Classification::NotSent
        | Classification::NoResponse
        | Classification::ServerError
        | Classification::UnknownHere => RetryDecision::Elsewhere,
        Classification::Throttled => RetryDecision::AfterBackoff,
        Classification::ClockSkew | Classification::NonceReused | Classification::TokenExpired => {
            RetryDecision::OnceMore
        }
        Classification::Final => RetryDecision::Final,
    }
}

impl Classification {
    /// Whether it counts as a failure of the endpoint. A throttled endpoint is not an unhealthy one, and
    /// a refusal proves health.
    #[must_use]
    pub const fn counts_against_endpoint(self) -> bool {
        match self {
            Self::NotSent | Self::NoResponse | Self::ServerError => true,
            Self::Throttled
            | Self::ClockSkew
            | Self::NonceReused
            | Self::TokenExpired
            | Self::UnknownHere
            | Self::Final => false,
        }
    }

    /// Whether the operation may have been carried out.
    #[must_use]
    pub const fn may_have_been_carried_out(self) -> bool {
        match self {
            Self::NoResponse | Self::ServerError | Self::NonceReused | Self::Final => true,
            Self::NotSent
            | Self::Throttled
            | Self::ClockSkew
            | Self::TokenExpired
            | Self::UnknownHere => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;

    use super::*;
    use Classification::{
        ClockSkew, Final, NoResponse, NonceReused, NotSent, ServerError, Throttled, TokenExpired,
        UnknownHere,
    };
    use Effect::{Idempotent, NotIdempotent, OpensVerification, ReadOnly};

    const ROWS: [(Classification, &str); 9] = [
        (NotSent, "nothing sent"),
        (NoResponse, "no complete response"),
        (Throttled, "HTTP 429, or `Throttling*`"),
        (ServerError, "HTTP 5xx, or `Code` \"500\""),
        (ClockSkew, "`InvalidTimeStamp.Expired` with a `Date`"),
        (NonceReused, "`SignatureNonceUsed`"),
        (
            TokenExpired,
            "`InvalidSecurityToken*`, other credentials available",
        ),
        (
            UnknownHere,
            "ID unknown at this endpoint, origin has not responded",
        ),
        (Final, "any other response"),
    ];

    fn word(verdict: RetryDecision) -> &'static str {
        match verdict {
            RetryDecision::Final => "final",
            RetryDecision::Elsewhere => "another endpoint",
            RetryDecision::AfterBackoff => "same endpoint, after a backoff",
            RetryDecision::OnceMore => "once more, at once",
            RetryDecision::Uncertain => "**uncertain**",
        }
    }

    #[test]
    fn the_printed_table_is_the_function() {
        let mut table = String::from(
            "| classification | `ReadOnly`, `Idempotent` | `OpensVerification` | `NotIdempotent` | counts as a failure of the endpoint |\n\
             |---|---|---|---|---|\n",
        );
        for (ending, name) in ROWS {
            let entry = |effect| word(judge(ending, effect, Repeat::default()));
            assert_eq!(entry(ReadOnly), entry(Idempotent));
            let blamed = if ending.counts_against_endpoint() {
                "yes"
            } else {
                "no"
            };
            let (read, open, once) = (
                entry(ReadOnly),
                entry(OpensVerification),
                entry(NotIdempotent),
            );
            let row = format!("| {name} | {read} | {open} | {once} | {blamed} |\n");
            table.push_str(&row);
        }
        assert_eq!(include_str!("table.md"), table, "\n{table}");
        let readme = include_str!("../../../../README.md");
        let (_, after) = readme.split_once("<!-- retry table -->\n").unwrap();
        assert!(after.starts_with(&table), "\n{table}");
    }

    #[test]
    fn repeat_moves_a_call_between_the_last_two_columns() {
        for (ending, _) in ROWS {
            let judged = |effect, repeat| judge(ending, effect, repeat);
            let plain = |effect| judged(effect, Repeat::ByEffect);
            assert_eq!(
                judged(OpensVerification, Repeat::OnlyIfCertain),
                plain(NotIdempotent),
                "{ending:?}"
            );
            assert_eq!(
                judged(NotIdempotent, Repeat::OnlyIfCertain),
                plain(NotIdempotent),
                "{ending:?}"
            );
            assert_eq!(
                judged(NotIdempotent, Repeat::EvenIfUncertain),
                plain(OpensVerification),
                "{ending:?}"
            );
            assert_eq!(
                judged(OpensVerification, Repeat::EvenIfUncertain),
                plain(OpensVerification),
                "{ending:?}"
            );
            for repeat in [Repeat::OnlyIfCertain, Repeat::EvenIfUncertain] {
                assert_eq!(judged(ReadOnly, repeat), plain(ReadOnly), "{ending:?}");
                assert_eq!(judged(Idempotent, repeat), plain(Idempotent), "{ending:?}");
            }
        }
    }

    #[test]
    fn an_operation_that_may_have_been_carried_out_is_never_repeated_if_that_does_harm() {
        for (ending, _) in ROWS {
            let verdict = judge(ending, NotIdempotent, Repeat::default());
            let repeats = !matches!(verdict, RetryDecision::Final | RetryDecision::Uncertain);
            assert!(
                !(repeats && ending.may_have_been_carried_out()),
                "{ending:?}"
            );
        }
    }
}
