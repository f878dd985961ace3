//! The retry rule: one function, held to a printed table.

use crate::text_enum::text_enum;

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

text_enum!(Effect, "effect", {
    ReadOnly => "read_only",
    Idempotent => "idempotent",
    OpensVerification => "opens_verification",
    NotIdempotent => "not_idempotent",
});

text_enum!(Repeat, "repetition", {
    ByEffect => "by_effect",
    OnlyIfCertain => "only_if_certain",
    EvenIfUncertain => "even_if_uncertain",
});

/// How an exchange ended, as far as the retry rule is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the rows of the table")]
pub enum Classification {
    /// No byte of the request was sent: name resolution, connecting or TLS failed.
    NotSent,
    /// No byte of the request was sent, and the cause is on the client's side; or a proxy refused the
    /// client (HTTP 407).
    LocalFailure,
    /// The certificate of the server was refused. The endpoint is not used again in this call.
    CertificateRefused,
    /// The request may have been sent, and there is no complete response: reset, truncated, timed out.
    NoResponse,
    /// HTTP 429, or a code that begins with `Throttling`, whatever the status.
    Throttled,
    /// HTTP 5xx, HTTP 200 with the body's `Code` "500", or a code that begins with
    /// `ServiceUnavailable`, whatever the status.
    ServerError,
    /// A response of another status that is not the service's: its body is neither JSON nor a refusal in
    /// XML, or it lacks what the operation is for. A gateway, a portal or a balancer wrote it.
    Unreadable,
    /// Code `InvalidTimeStamp.Expired`, with a `Date` from which the clock skew is learnt.
    ClockSkew,
    /// Code `SignatureNonceUsed`: something between client and service sent the request twice.
    NonceReused,
    /// A code that begins with `InvalidSecurityToken` (inferred from other products of the vendor) or
    /// `InvalidAccessKeyId`: the credentials have expired or were replaced, and others are available.
    CredentialsRefused,
    /// The ID in the request is unknown at this endpoint, and its origin has not responded yet.
    UnknownHere,
    /// Any other response.
    Final,
}

text_enum!(Classification, "classification", {
    NotSent => "not_sent",
    LocalFailure => "local_failure",
    CertificateRefused => "certificate_refused",
    NoResponse => "no_response",
    Throttled => "throttled",
    ServerError => "server_error",
    Unreadable => "unreadable",
    ClockSkew => "clock_skew",
    NonceReused => "nonce_reused",
    CredentialsRefused => "credentials_refused",
    UnknownHere => "unknown_here",
    Final => "final",
});

/// What the retry rule decides after an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the entries of the table")]
pub enum RetryDecision {
    /// The response is the result of the call.
    Final,
    /// Try another endpoint, or the same one after a backoff. Those that this call has not used come
    /// first, and of those the ones whose circuit breaker is not open.
    Elsewhere,
    /// The same as `Elsewhere`, after a backoff in any case.
    ElsewhereAfterBackoff,
    /// Try the same endpoint at once, but only once: a second such response is final.
    OnceMore,
    /// End the call with [`Error::Uncertain`](crate::Error::Uncertain): the operation may have been
    /// carried out, and repeating it would do harm.
    Uncertain,
}

text_enum!(RetryDecision, "decision", {
    Final => "final",
    Elsewhere => "elsewhere",
    ElsewhereAfterBackoff => "elsewhere_after_backoff",
    OnceMore => "once_more",
    Uncertain => "uncertain",
});

/// Decides what follows an exchange. This is the whole retry rule:
///
#[doc = include_str!("table.md")]
///
/// [`Repeat`] moves a call between the columns `OpensVerification` and `NotIdempotent`.
///
/// `OpensVerification` is repeated as in the vendor's own failover sample: the first verification, if there is one,
/// stays unused, and the vendor bills finished verifications, not opened ones (inferred from its price
/// page). Unlike in that sample, a refusal by the service is final: another region would respond alike.
#[must_use]
pub const fn judge(ending: Classification, effect: Effect, repeat: Repeat) -> RetryDecision {
    let harms_twice = repetition_harms(effect, repeat);
    match ending {
        Classification::NoResponse
        | Classification::ServerError
        | Classification::Unreadable
        | Classification::NonceReused
            if harms_twice =>
        {
            RetryDecision::Uncertain
        }
        Classification::NotSent
        | Classification::CertificateRefused
        | Classification::NoResponse
        | Classification::ServerError
        | Classification::Unreadable
        | Classification::UnknownHere => RetryDecision::Elsewhere,
        Classification::Throttled => RetryDecision::ElsewhereAfterBackoff,
        Classification::ClockSkew
        | Classification::NonceReused
        | Classification::CredentialsRefused => RetryDecision::OnceMore,
        Classification::LocalFailure | Classification::Final => RetryDecision::Final,
    }
}

/// Whether carrying the operation out twice does harm.
pub(crate) const fn repetition_harms(effect: Effect, repeat: Repeat) -> bool {
    match (effect, repeat) {
        (Effect::ReadOnly | Effect::Idempotent, _)
        | (Effect::OpensVerification, Repeat::ByEffect | Repeat::EvenIfUncertain)
        | (Effect::NotIdempotent, Repeat::EvenIfUncertain) => false,
        (Effect::OpensVerification, Repeat::OnlyIfCertain)
        | (Effect::NotIdempotent, Repeat::ByEffect | Repeat::OnlyIfCertain) => true,
    }
}

impl Classification {
    /// `Throttled` or `ServerError`, if status and code say one of them: the same request may succeed
    /// soon, or elsewhere.
    pub(crate) fn of_unavailable(status: u16, code: Option<&str>) -> Option<Self> {
        // The documents name status 400, those of another product 403: the code alone counts.
        let starts_with = |start| code.is_some_and(|code| code.starts_with(start));
        if starts_with("Throttling") {
            Some(Self::Throttled)
        } else if starts_with("ServiceUnavailable") {
            Some(Self::ServerError)
        } else {
            match status {
                429 => Some(Self::Throttled),
                500.. => Some(Self::ServerError),
                _ => None,
            }
        }
    }

    /// Whether it proves that the endpoint is well, so that its earlier failures no longer count.
    pub(crate) const fn proves_health(self) -> bool {
        match self {
            Self::Throttled
            | Self::ClockSkew
            | Self::NonceReused
            | Self::CredentialsRefused
            | Self::UnknownHere
            | Self::Final => true,
            Self::NotSent
            | Self::LocalFailure
            | Self::CertificateRefused
            | Self::NoResponse
            | Self::ServerError
            | Self::Unreadable => false,
        }
    }

    /// Whether it counts as a failure of the endpoint. A throttled endpoint is not an unhealthy one, and
    /// a refusal proves health.
    #[must_use]
    pub const fn counts_against_endpoint(self) -> bool {
        match self {
            Self::NotSent | Self::CertificateRefused | Self::NoResponse | Self::ServerError => true,
            Self::LocalFailure
            | Self::Throttled
            | Self::Unreadable
            | Self::ClockSkew
            | Self::NonceReused
            | Self::CredentialsRefused
            | Self::UnknownHere
            | Self::Final => false,
        }
    }

    /// Whether the operation may have been carried out.
    #[must_use]
    pub const fn may_have_been_carried_out(self) -> bool {
        match self {
            Self::NoResponse
            | Self::ServerError
            | Self::Unreadable
            | Self::NonceReused
            | Self::Final => true,
            Self::NotSent
            | Self::LocalFailure
            | Self::CertificateRefused
            | Self::Throttled
            | Self::ClockSkew
            | Self::CredentialsRefused
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
        CertificateRefused, ClockSkew, CredentialsRefused, Final, LocalFailure, NoResponse,
        NonceReused, NotSent, ServerError, Throttled, UnknownHere, Unreadable,
    };
    use Effect::{Idempotent, NotIdempotent, OpensVerification, ReadOnly};

    const ROWS: [(Classification, &str); 12] = [
        (NotSent, "nothing sent"),
        (LocalFailure, "cannot be sent, or HTTP 407 of a proxy"),
        (CertificateRefused, "server's certificate refused"),
        (NoResponse, "no complete response"),
        (Throttled, "HTTP 429, or `Throttling*`"),
        (
            ServerError,
            "HTTP 5xx, `Code` \"500\", or `ServiceUnavailable*`",
        ),
        (
            Unreadable,
            "not a response of the service: HTML, empty, lacks what the operation is for",
        ),
        (ClockSkew, "`InvalidTimeStamp.Expired` with a `Date`"),
        (NonceReused, "`SignatureNonceUsed`"),
        (
            CredentialsRefused,
            "`InvalidSecurityToken*` or `InvalidAccessKeyId*`, other credentials available",
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
            RetryDecision::ElsewhereAfterBackoff => "another endpoint, after a backoff",
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
