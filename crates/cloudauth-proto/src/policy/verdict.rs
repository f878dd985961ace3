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

/// How an exchange ended, as far as repeating it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the rows of the table")]
pub enum Ending {
    /// No byte of the request was sent: refused, not resolved, no TLS.
    NotSent,
    /// It may have been sent, and no whole reply came: reset, cut off, timed out.
    NoReply,
    /// HTTP 5xx, or HTTP 200 with the body's `Code` "500".
    OutOfOrder,
    /// Any other answer.
    Answered,
}

/// What to do after an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the entries of the table")]
pub enum Verdict {
    /// The answer is the call's result.
    Final,
    /// The next endpoint is asked.
    Elsewhere,
    /// The operation may have been carried out, and carrying it out twice would do harm: the caller
    /// must find out.
    Uncertain,
}

/// The table.
///
/// | exchange ended with | `Query`, `Set` | `Open` | `Once` |
/// |---|---|---|---|
/// | nothing sent | elsewhere | elsewhere | elsewhere |
/// | no whole reply | elsewhere | elsewhere | uncertain |
/// | HTTP 5xx, or `Code` "500" | elsewhere | elsewhere | uncertain |
/// | any other answer | final | final | final |
///
/// `Open` is repeated as in the vendor's own failover sample: the first session, if there was one,
/// stays unused, and the vendor bills finished verifications, not opened ones (inferred from its
/// price page). Unlike in that sample, a 4xx is final: another region would say the same.
#[must_use]
pub const fn judge(ending: Ending, effect: Effect) -> Verdict {
    match (ending, effect) {
        (Ending::Answered, _) => Verdict::Final,
        (Ending::NoReply | Ending::OutOfOrder, Effect::Once) => Verdict::Uncertain,
        (Ending::NotSent, _)
        | (Ending::NoReply | Ending::OutOfOrder, Effect::Query | Effect::Set | Effect::Open) => {
            Verdict::Elsewhere
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Effect::{Once, Open, Query, Set};
    use Ending::{Answered, NoReply, NotSent, OutOfOrder};
    use Verdict::{Elsewhere, Final, Uncertain};

    #[test]
    fn every_entry_of_the_table_is_as_documented() {
        for (ending, verdicts) in [
            (NotSent, [Elsewhere, Elsewhere, Elsewhere, Elsewhere]),
            (NoReply, [Elsewhere, Elsewhere, Elsewhere, Uncertain]),
            (OutOfOrder, [Elsewhere, Elsewhere, Elsewhere, Uncertain]),
            (Answered, [Final, Final, Final, Final]),
        ] {
            for (effect, verdict) in [Query, Set, Open, Once].into_iter().zip(verdicts) {
                assert_eq!(judge(ending, effect), verdict, "{ending:?} x {effect:?}");
            }
        }
    }
}
