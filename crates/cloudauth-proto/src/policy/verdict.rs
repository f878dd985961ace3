//! The retry rule: one function over a table.

/// What carrying an operation out twice would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "every operation has one, and every rule must answer each"
)]
pub enum Effect {
    /// Nothing: it reads.
    Query,
    /// Nothing more: it deletes or updates.
    Set,
    /// Leave an unused session behind: `Init...`.
    Open,
    /// Bill or store twice: paid checks, `Create...`, `Insert...`.
    Once,
}

/// Whether a call may be sent again when it is not certain that it was not carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "three wishes, and no fourth")]
pub enum Repeat {
    /// As its [`Effect`] says: all but `Once`.
    #[default]
    AsItsEffectSays,
    /// `Open` is treated as `Once`: no unused session is ever left behind.
    OnlyIfCertain,
    /// `Once` is treated as `Open`: rather twice than not at all, and **billed twice**, maybe.
    EvenIfUncertain,
}

/// How an exchange ended, as far as repeating it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the rows of the table")]
pub enum Ending {
    /// No byte of the request was sent: refused, not resolved, no TLS.
    NotSent,
    /// It may have been sent, and no whole reply came: reset, cut off, timed out.
    NoReply,
    /// HTTP 429, or a code that begins with `Throttling`, whatever the status.
    Throttled,
    /// HTTP 5xx, or HTTP 200 with the body's `Code` "500".
    OutOfOrder,
    /// `InvalidTimeStamp.Expired`, with a `Date` that says how wrong the clock is.
    ClockSkewed,
    /// `SignatureNonceUsed`: something on the way sent our bytes twice.
    NonceUsed,
    /// A code that begins with `InvalidSecurityToken`: the temporary key is out of date, and others
    /// can be had (inferred from other products of the vendor's).
    TokenRefused,
    /// What is asked for is unknown at this endpoint, but belongs to another one that has not
    /// answered yet.
    NotAtHome,
    /// Any other answer.
    Answered,
}

/// What to do after an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the entries of the table")]
pub enum Verdict {
    /// The answer is the call's result.
    Final,
    /// Another endpoint is asked, if there is one that is not resting; else the same one, after a
    /// pause.
    Elsewhere,
    /// The same endpoint is asked, after a pause.
    AfterPause,
    /// The same endpoint is asked at once, but only once: a second such ending is final.
    OnceMore,
    /// The operation may have been carried out, and carrying it out twice would do harm: the caller
    /// must find out.
    Uncertain,
}

/// The table.
///
#[doc = include_str!("table.md")]
///
/// [`Repeat`] moves a call between the columns `Open` and `Once`.
///
/// `Open` is repeated as in the vendor's own failover sample: the first session, if there was one,
/// stays unused, and the vendor bills finished verifications, not opened ones (inferred from its
/// price page). Unlike in that sample, a 4xx is final: another region would say the same.
#[must_use]
pub const fn judge(ending: Ending, effect: Effect, repeat: Repeat) -> Verdict {
    let harms_twice = match (effect, repeat) {
        (Effect::Query | Effect::Set, _)
        | (Effect::Open, Repeat::AsItsEffectSays | Repeat::EvenIfUncertain)
        | (Effect::Once, Repeat::EvenIfUncertain) => false,
        (Effect::Open, Repeat::OnlyIfCertain)
        | (Effect::Once, Repeat::AsItsEffectSays | Repeat::OnlyIfCertain) => true,
    };
    match ending {
        Ending::NoReply | Ending::OutOfOrder | Ending::NonceUsed if harms_twice => {
            Verdict::Uncertain
        }
        Ending::NotSent | Ending::NoReply | Ending::OutOfOrder | Ending::NotAtHome => {
            Verdict::Elsewhere
        }
        Ending::Throttled => Verdict::AfterPause,
        Ending::ClockSkewed | Ending::NonceUsed | Ending::TokenRefused => Verdict::OnceMore,
        Ending::Answered => Verdict::Final,
    }
}

impl Ending {
    /// Whether the endpoint is to blame, so that others go elsewhere. A throttled endpoint is not an
    /// unhealthy one, and a refusal is proof of health.
    #[must_use]
    pub const fn is_blamed_on_the_endpoint(self) -> bool {
        match self {
            Self::NotSent | Self::NoReply | Self::OutOfOrder => true,
            Self::Throttled
            | Self::ClockSkewed
            | Self::NonceUsed
            | Self::TokenRefused
            | Self::NotAtHome
            | Self::Answered => false,
        }
    }

    /// Whether the operation may have been carried out.
    #[must_use]
    pub const fn may_have_been_carried_out(self) -> bool {
        match self {
            Self::NoReply | Self::OutOfOrder | Self::NonceUsed | Self::Answered => true,
            Self::NotSent
            | Self::Throttled
            | Self::ClockSkewed
            | Self::TokenRefused
            | Self::NotAtHome => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;

    use super::*;
    use Effect::{Once, Open, Query, Set};
    use Ending::{
        Answered, ClockSkewed, NoReply, NonceUsed, NotAtHome, NotSent, OutOfOrder, Throttled,
        TokenRefused,
    };

    const ROWS: [(Ending, &str); 9] = [
        (NotSent, "nothing sent"),
        (NoReply, "no whole reply"),
        (Throttled, "HTTP 429, or `Throttling*`"),
        (OutOfOrder, "HTTP 5xx, or `Code` \"500\""),
        (ClockSkewed, "`InvalidTimeStamp.Expired` with a `Date`"),
        (NonceUsed, "`SignatureNonceUsed`"),
        (
            TokenRefused,
            "`InvalidSecurityToken*`, and others can be had",
        ),
        (NotAtHome, "unknown here, home not heard"),
        (Answered, "any other answer"),
    ];

    fn word(verdict: Verdict) -> &'static str {
        match verdict {
            Verdict::Final => "final",
            Verdict::Elsewhere => "elsewhere",
            Verdict::AfterPause => "again after a pause",
            Verdict::OnceMore => "once more",
            Verdict::Uncertain => "**uncertain**",
        }
    }

    #[test]
    fn the_table_in_the_documents_is_the_function() {
        let mut table = String::from(
            "| exchange ended with | `Query`, `Set` | `Open` | `Once` | endpoint blamed |\n\
             |---|---|---|---|---|\n",
        );
        for (ending, name) in ROWS {
            let entry = |effect| word(judge(ending, effect, Repeat::default()));
            assert_eq!(entry(Query), entry(Set));
            let blamed = if ending.is_blamed_on_the_endpoint() {
                "yes"
            } else {
                "no"
            };
            let (query, open, once) = (entry(Query), entry(Open), entry(Once));
            let row = format!("| {name} | {query} | {open} | {once} | {blamed} |\n");
            table.push_str(&row);
        }
        assert_eq!(include_str!("table.md"), table, "\n{table}");
        let readme = include_str!("../../../../README.md");
        let (_, after) = readme.split_once("<!-- retry table -->\n").unwrap();
        assert!(after.starts_with(&table), "\n{table}");
    }

    #[test]
    fn repeat_moves_a_call_between_open_and_once() {
        for (ending, _) in ROWS {
            let judged = |effect, repeat| judge(ending, effect, repeat);
            let plain = |effect| judged(effect, Repeat::AsItsEffectSays);
            assert_eq!(
                judged(Open, Repeat::OnlyIfCertain),
                plain(Once),
                "{ending:?}"
            );
            assert_eq!(
                judged(Once, Repeat::OnlyIfCertain),
                plain(Once),
                "{ending:?}"
            );
            assert_eq!(
                judged(Once, Repeat::EvenIfUncertain),
                plain(Open),
                "{ending:?}"
            );
            assert_eq!(
                judged(Open, Repeat::EvenIfUncertain),
                plain(Open),
                "{ending:?}"
            );
            for repeat in [Repeat::OnlyIfCertain, Repeat::EvenIfUncertain] {
                assert_eq!(judged(Query, repeat), plain(Query), "{ending:?}");
                assert_eq!(judged(Set, repeat), plain(Set), "{ending:?}");
            }
        }
    }

    #[test]
    fn what_may_have_been_carried_out_is_never_repeated_if_that_harms() {
        for (ending, _) in ROWS {
            let verdict = judge(ending, Once, Repeat::default());
            let repeats = !matches!(verdict, Verdict::Final | Verdict::Uncertain);
            assert!(
                !(repeats && ending.may_have_been_carried_out()),
                "{ending:?}"
            );
        }
    }
}
