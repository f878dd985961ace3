//! From "to be sent" to "under way": whom to ask, after which pause, from which budget.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::time::Duration;

use super::{Answer, Due, InFlight, Machine, Phase, Signer, Whom};
use crate::clock::{MonoTime, Now};
use crate::credentials::{Claim, Credentials, CredentialsError};
use crate::endpoint::Endpoint;
use crate::flow::{Exchange, ExchangeId, Step, What};
use crate::policy::Effect;
use crate::session::Session;
use crate::sign::{Retry, Scheme, Stamp};
use crate::wire::http::Timeouts;

impl Machine {
    /// Goes as far towards the next send as the time allows.
    pub(super) fn advance(
        &mut self,
        session: &mut Session,
        mut due: Due,
        now: Now,
    ) -> Step<Answer> {
        if now.mono < due.at {
            return self.later(due, due.at);
        }
        if let (Some(error), Some(last)) = (
            &mut self.lacks_credentials,
            session.keyring().last_failure(),
        ) {
            // Better than that the time is over.
            error.clone_from(last);
        }
        if now.mono >= self.deadline || self.sent >= session.limits().max_attempts {
            return self.stop();
        }
        let credentials = match self.credentials(session, due, now.mono) {
            Ok(credentials) => credentials,
            Err(step) => return *step,
        };
        let Some(endpoint) = self.choose(session, due.whom, now.mono) else {
            return self.stop();
        };
        let was_asked = self.attempts.iter().any(|it| it.endpoint == endpoint);
        let is_free = matches!(due.whom, Whom::First | Whom::Cured);
        if was_asked && !is_free && !due.has_paused {
            due.has_paused = true;
            let pause = self.pause(session).max(due.retry_after);
            if !pause.is_zero() {
                return self.later(due, now.mono + pause);
            }
        }
        if !due.has_place {
            due.has_place = true;
            let place = session.place(&self.question.terms.action, now.mono);
            if place > now.mono {
                return self.later(due, place);
            }
        }
        let must_pay = !is_free && (was_asked || session.is_struck(&endpoint, now.mono));
        if must_pay && !session.pay(now.mono) {
            return self.stop();
        }
        let retry = (self.sent > 0).then(|| Retry {
            attempts: self.sent,
            delay: now.mono.saturating_since(self.last_end()),
        });
        self.send(session, endpoint, credentials, retry, now)
    }

    /// The session's credentials, if the call is signed with them; or what is to be done to have some.
    fn credentials(
        &mut self,
        session: &mut Session,
        due: Due,
        now: MonoTime,
    ) -> Result<Option<Credentials>, Box<Step<Answer>>> {
        if !matches!(self.signer, Signer::Session) {
            return Ok(None);
        }
        let step = match session.keyring_mut().claim(now, self.deadline) {
            Claim::Use(found) => {
                self.lacks_credentials = None;
                return Ok(Some(found.credentials));
            }
            Claim::Refresh(refresh) => Step::Authenticate(refresh),
            Claim::Wait(until) => Step::Wait(until.min(self.deadline)),
            Claim::Fail(error) => {
                self.lacks_credentials = Some(error);
                return Err(Box::new(self.stop()));
            }
        };
        self.lacks_credentials = Some(CredentialsError::NotInTime);
        self.phase = Phase::Due(due);
        Err(Box::new(step))
    }

    fn later(&mut self, due: Due, at: MonoTime) -> Step<Answer> {
        if at >= self.deadline {
            // Waiting would only make the caller wait.
            return self.stop();
        }
        self.phase = Phase::Due(Due { at, ..due });
        Step::Wait(at)
    }

    fn choose(&self, session: &Session, whom: Whom, now: MonoTime) -> Option<Endpoint> {
        if let Some(pinned) = &self.options.endpoint {
            return Some(pinned.clone());
        }
        let home = self.question.home.as_ref();
        let last = self.attempts.last().map(|attempt| &attempt.endpoint);
        match whom {
            Whom::First => session
                .pick(home, None, now)
                .or_else(|| session.soonest(home, now)),
            Whom::Another => session.pick(home, last, now),
            Whom::Same | Whom::Cured => last.cloned(),
            Whom::Home => home.cloned(),
        }
    }

    fn pause(&mut self, session: &Session) -> Duration {
        let longest = session.limits().pause_before(self.pauses);
        self.pauses += 1;
        let entropy = self.entropy.as_mut();
        entropy.map_or(longest, |entropy| entropy.jitter(longest))
    }

    fn last_end(&self) -> MonoTime {
        self.attempts
            .last()
            .map_or(self.latest, |attempt| attempt.ended)
    }

    fn send(
        &mut self,
        session: &mut Session,
        endpoint: Endpoint,
        credentials: Option<Credentials>,
        retry: Option<Retry>,
        now: Now,
    ) -> Step<Answer> {
        let limits = session.limits();
        let rest = self.deadline.saturating_since(now.mono);
        let timeouts = Timeouts::new(limits.connect_timeout, limits.read_timeout, rest);
        let reply_limit = limits.reply_limit;
        let until = now.mono + timeouts.whole;
        session.ask(&endpoint, until);
        let signed = match (&self.signer, credentials) {
            (Signer::Own(own), _) => Some((Scheme::RpcHmacSha1, own.clone())),
            (Signer::Session, Some(credentials)) => Some((session.signs_with(), credentials)),
            (Signer::Nobody, _) | (Signer::Session, None) => None,
        };
        let id = ExchangeId(self.sent.try_into().unwrap_or(u32::MAX));
        let entropy = self.entropy.get_or_insert_with(|| session.begin(now.mono));
        let stamp = Stamp {
            at: session.service_time(now),
            nonce: entropy.nonce(),
            retry,
        };
        self.sent += 1;
        self.phase = Phase::Waiting;
        self.in_flight.push(InFlight {
            id,
            endpoint: endpoint.clone(),
            started: now.mono,
            sent: now.unix,
            stamp: stamp.clone(),
            signed: signed.clone(),
            until,
        });
        Step::Send(Exchange {
            id,
            timeouts,
            reply_limit,
            what: What::Question {
                question: Arc::clone(&self.question),
                endpoint,
                stamp,
                signed,
            },
        })
    }

    pub(super) fn wait(&mut self, session: &mut Session, now: Now) -> Step<Answer> {
        let overdue = self.in_flight.iter().map(|it| it.until).min();
        let overdue = overdue.unwrap_or(self.deadline);
        let Some(hedge_at) = self.hedge_at(session) else {
            return Step::Wait(overdue);
        };
        if now.mono < hedge_at {
            return Step::Wait(overdue.min(hedge_at));
        }
        self.is_hedged = true;
        let home = self.question.home.as_ref();
        let first = self.in_flight.first().map(|it| &it.endpoint);
        let other = session.pick(home, first, now.mono);
        let current = session.keyring().current(now.mono);
        let credentials = current.map(|found| found.credentials.clone());
        let other = other.filter(|other| Some(other) != first);
        match other {
            Some(other)
                if credentials.is_some()
                    && session.place(&self.question.terms.action, now.mono) <= now.mono
                    && session.pay(now.mono) =>
            {
                self.send(session, other, credentials, None, now)
            }
            Some(_) | None => Step::Wait(overdue),
        }
    }

    /// When a second endpoint is to be asked as well.
    fn hedge_at(&self, session: &Session) -> Option<MonoTime> {
        let wait = self.options.hedge_after?;
        let [only] = self.in_flight.as_slice() else {
            return None;
        };
        let may = self.question.terms.effect == Effect::Query
            && !self.is_hedged
            && self.options.endpoint.is_none()
            && self.sent < session.limits().max_attempts;
        may.then(|| only.started + wait)
    }
}
