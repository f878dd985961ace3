//! From a reply, a failure or silence to what is done next.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use super::{Answer, Due, InFlight, Machine, Phase, Refusal, Signer, Whom};
use crate::clock::Now;
use crate::error::{Attempt, DecodeError, Error, Exhausted, Fault, Outcome, Unreadable};
use crate::flow::Step;
use crate::policy::{Effect, Ending, Verdict, judge};
use crate::reading::{self, Read};
use crate::session::Session;
use crate::sign::Mismatch;
use crate::wire::http::Response;

impl Machine {
    pub(super) fn answered(
        &mut self,
        session: &mut Session,
        exchange: InFlight,
        response: Response,
        now: Now,
    ) {
        let status = response.head.status;
        let mut read = reading::response(&response, session.limits().reply_limit);
        let mismatch = self.mismatch(&exchange, &read);
        let mut ending = read.ending;
        let stamped = exchange.stamp.at;
        if ending == Ending::ClockSkewed {
            let learnt = read
                .date
                .is_some_and(|date| session.learn_skew(exchange.sent, stamped, now, date));
            if !learnt {
                ending = Ending::Answered;
            }
        }
        if ending == Ending::TokenRefused {
            let others = match (&self.signer, &exchange.signed) {
                (Signer::Session, Some((_, refused))) => {
                    session.keyring_mut().refused(refused, now.mono)
                }
                (Signer::Session | Signer::Own(_) | Signer::Nobody, _) => false,
            };
            if !others {
                ending = Ending::Answered;
            }
        }
        let home = self.question.home.as_ref();
        let is_home = home.is_none_or(|home| *home == exchange.endpoint);
        let is_unknown = |code: &str| self.question.terms.unknown_codes.contains(&code);
        if ending == Ending::Answered && is_home {
            self.is_home_heard = true;
        } else if ending == Ending::Answered
            && !self.is_home_heard
            && self.options.endpoint.is_none()
            && read.code.as_deref().is_some_and(is_unknown)
        {
            ending = Ending::NotAtHome;
        }
        let outcome = Outcome::Answered {
            status,
            code: read.code.clone(),
        };
        let request_id = read.request_id.take();
        let endpoint = exchange.endpoint.clone();
        let is_final = judge(ending, self.question.terms.effect, self.options.repeat)
            == Verdict::Final
            || self.cured.contains(&ending);
        if is_final {
            self.record(exchange, outcome, request_id.clone());
            session.heal(&endpoint);
            let result = match read.unreadable {
                Some(reason) if read.is_ok => Err(self.undecodable(status, reason, response.body)),
                None if read.is_ok
                    && (read.is_success || !self.question.terms.is_judged_by_code) =>
                {
                    Ok(Answer {
                        response,
                        endpoint,
                        request_id,
                    })
                }
                Some(_) | None => Err(self.refused(Refusal {
                    status,
                    read,
                    mismatch,
                })),
            };
            self.settle(session, result);
        } else {
            let retry_after = read.retry_after;
            let is_refusal = !ending.is_blamed_on_the_endpoint() && ending != Ending::NotAtHome;
            self.refusal = is_refusal.then_some(Refusal {
                status,
                read,
                mismatch,
            });
            self.ended(session, exchange, outcome, request_id, ending, now);
            if let Phase::Due(due) = &mut self.phase {
                due.retry_after = retry_after;
            }
        }
    }

    /// An exchange ended without settling the call by itself.
    pub(super) fn ended(
        &mut self,
        session: &mut Session,
        exchange: InFlight,
        outcome: Outcome,
        request_id: Option<String>,
        ending: Ending,
        now: Now,
    ) {
        if ending.is_blamed_on_the_endpoint() {
            if exchange.is_fairly_judged(session.limits(), now.mono) {
                session.strike(&exchange.endpoint, now.mono);
            }
            self.refusal = None;
        } else {
            session.heal(&exchange.endpoint);
        }
        self.uncertain |= ending.may_have_been_carried_out();
        self.record(exchange, outcome, request_id);
        if !self.in_flight.is_empty() {
            // The other exchange may still be answered.
            return;
        }
        let whom = match judge(ending, self.question.terms.effect, self.options.repeat) {
            Verdict::Elsewhere if ending == Ending::NotAtHome => Whom::Home,
            Verdict::Elsewhere => Whom::Another,
            Verdict::AfterPause => Whom::Same,
            Verdict::OnceMore => {
                self.cured.push(ending);
                Whom::Cured
            }
            Verdict::Uncertain | Verdict::Final => {
                self.refusal = None;
                let error = self.give_up();
                return self.settle(session, Err(error));
            }
        };
        self.phase = Phase::Due(Due::now(now.mono, whom));
    }

    pub(super) fn record(
        &mut self,
        exchange: InFlight,
        outcome: Outcome,
        request_id: Option<String>,
    ) {
        self.attempts.push(Attempt {
            endpoint: exchange.endpoint,
            started: exchange.started,
            ended: self.latest,
            outcome,
            request_id,
        });
    }

    /// The call is over; whatever is still under way lost the race.
    fn settle(&mut self, session: &mut Session, mut result: Result<Answer, Error>) {
        let won = self.attempts.last().map(|winner| winner.started);
        for loser in mem::take(&mut self.in_flight) {
            self.abandoned.push(loser.id);
            // It had a head start and lost.
            if won.is_some_and(|won| loser.started < won) {
                session.strike(&loser.endpoint, self.latest);
            }
            self.record(loser, Outcome::Overtaken, None);
        }
        if let Err(error) = &mut result {
            error.set_attempts(self.take_attempts());
        }
        self.phase = Phase::Settled(result);
    }

    pub(crate) fn take_attempts(&mut self) -> Vec<Attempt> {
        mem::take(&mut self.attempts)
    }

    /// Nothing is left to try, or no time to try it.
    pub(super) fn stop(&mut self) -> Step<Answer> {
        let mut error = self.give_up();
        error.set_attempts(self.take_attempts());
        Step::Done(Err(error))
    }

    pub(super) fn give_up(&mut self) -> Error {
        if let Some(refusal) = self.refusal.take() {
            return self.refused(refusal);
        }
        if let Some(error) = self.lacks_credentials.take()
            && self.attempts.is_empty()
        {
            return Error::Credentials(Box::new(error));
        }
        let exhausted = Box::new(Exhausted {
            action: self.question.terms.action.clone(),
            settled_by: self.question.terms.settled_by,
            attempts: Vec::new(),
        });
        if self.is_uncertain() {
            Error::Uncertain(exhausted)
        } else {
            Error::Exhausted(exhausted)
        }
    }

    fn is_uncertain(&self) -> bool {
        self.uncertain && self.question.terms.effect != Effect::Query
    }

    /// Where the signature went wrong, if that is what the service complains of.
    fn mismatch(&self, exchange: &InFlight, read: &Read) -> Option<Mismatch> {
        let (scheme, credentials) = exchange.signed.as_ref()?;
        let stamp = &exchange.stamp;
        match read.code.as_deref()? {
            "SignatureDoesNotMatch" => {
                let draft = self.question.draft(&exchange.endpoint);
                let message = read.message.expose();
                Some(scheme.mismatch(&draft, credentials, stamp, message))
            }
            "InvalidTimeStamp.Expired" => Some(Mismatch::Clock {
                signed: stamp.at,
                service: Some(read.date?),
            }),
            _ => None,
        }
    }

    fn refused(&self, refusal: Refusal) -> Error {
        let Refusal {
            status,
            read,
            mismatch,
        } = refusal;
        Error::Service(Box::new(Fault {
            action: self.question.terms.action.clone(),
            status,
            code: read.code,
            message: read.message,
            mismatch,
            uncertain: self.is_uncertain(),
            attempts: Vec::new(),
        }))
    }

    pub(crate) fn undecodable(&self, status: u16, reason: Unreadable, raw: Vec<u8>) -> Error {
        Error::Decode(Box::new(DecodeError {
            action: self.question.terms.action.clone(),
            status,
            reason,
            raw,
            attempts: Vec::new(),
        }))
    }
}
