//! The way of a request to a region and of the reply back.

use core::time::Duration;

use cloudauth_proto::{Endpoint, Exchange, Failure, Head, Request, Response, Sent, Timeouts};

use super::trace::{Answered, Fnv, Met, What};
use super::weather::Trouble;
use super::{Coming, Simulation, index};
use crate::reply::Reaction;
use crate::request::Incoming;
use crate::{Fault, Office, Region};

/// A request under way. It arrives even if its caller is gone by then.
#[derive(Debug)]
pub(super) struct Arriving {
    call: usize,
    exchange: usize,
    to: To,
    request: Incoming,
    fault: Option<Fault>,
    /// From its arrival until a reply is back.
    rest: Duration,
    /// When the caller stops waiting.
    given_up: Duration,
}

/// Where a request goes.
#[derive(Clone, Copy, Debug)]
enum To {
    Region(Region),
    Office(Office),
}

impl Simulation {
    pub(super) fn send(&mut self, call: usize, asked: &Exchange) {
        let request = asked.sign();
        let incoming = Incoming::from(&request);
        let to = match Office::of(&incoming) {
            Some(office) => To::Office(office),
            None => To::Region(region_of(&request)),
        };
        let exchange = self.callers[call].sends(asked.id());
        let mut wire = Vec::with_capacity(2_048);
        request.write_http1(&mut wire);
        let mut bytes = Fnv::new();
        bytes.add(&wire);
        let bytes = bytes.value();
        let (what, weather) = match to {
            To::Region(to) => (
                What::Sends {
                    exchange,
                    to,
                    bytes,
                },
                &self.weather[index(to)],
            ),
            To::Office(whom) => (
                What::Asks {
                    exchange,
                    whom,
                    bytes,
                },
                &self.weather_of_offices,
            ),
        };
        let (takes, trouble) = weather.draw(self.elapsed, &mut self.random);
        self.tell(call, what);
        let Timeouts {
            connect,
            read,
            whole,
            ..
        } = asked.timeouts();
        let given_up = self.elapsed + read.min(whole);
        let half = takes / 2;
        let fault = match trouble {
            Some(Trouble::BlackHole) => {
                let failure = Failure::new(Sent::No, "no connection in time");
                let at = self.elapsed + connect.min(whole);
                return self.failed(at, call, exchange, Met::NotSent, failure);
            }
            Some(Trouble::Cut) => {
                let failure = Failure::new(Sent::Maybe, "connection reset");
                let at = given_up.min(self.elapsed + half);
                return self.failed(at, call, exchange, Met::NoReply, failure);
            }
            Some(Trouble::Lost) => {
                let failure = Failure::new(Sent::Maybe, "no reply in time");
                return self.failed(given_up, call, exchange, Met::NoReply, failure);
            }
            Some(Trouble::Fault(fault)) => Some(fault),
            None => None,
        };
        let arriving = Arriving {
            call,
            exchange,
            to,
            request: incoming,
            fault,
            rest: takes.saturating_sub(half),
            given_up,
        };
        self.schedule(self.elapsed + half, Coming::Arrival(Box::new(arriving)));
    }

    pub(super) fn arrive(&mut self, arriving: Arriving) {
        let Arriving {
            call,
            exchange,
            to,
            request,
            fault,
            rest,
            given_up,
        } = arriving;
        let executed = self.world.executed();
        let unix = self.service_time();
        let reaction = match (to, fault) {
            (To::Region(region), Some(fault)) => self.world.meet(region, &request, fault, unix),
            (To::Region(region), None) => self.world.handle(region, &request, unix),
            (To::Office(office), Some(fault)) => self.world.meet_at(office, &request, fault, unix),
            (To::Office(office), None) => self.world.visit(office, &request, unix),
        };
        if self.world.executed() > executed {
            self.callers[call].told.executions += 1;
            self.tell(call, What::CarriedOut { exchange });
        }
        let back = self.elapsed + rest;
        let is_silent = matches!(reaction, Reaction::Hang | Reaction::Trickle { .. });
        if back > given_up || is_silent {
            let failure = Failure::new(Sent::Maybe, "no reply in time");
            return self.failed(given_up, call, exchange, Met::NoReply, failure);
        }
        match reaction {
            Reaction::Answer {
                status,
                headers,
                body,
            }
            | Reaction::Last {
                status,
                headers,
                body,
            } => {
                let from = match to {
                    To::Region(_) => self.answered(),
                    To::Office(office) => Answered::Office(office),
                };
                let reply = Response::new(Head::new(status, headers), body);
                let reply = Box::new(Ok(reply));
                let met = Met::Answer { status, from };
                let report = Coming::Report {
                    call,
                    exchange,
                    met,
                    reply,
                };
                self.schedule(back, report);
            }
            Reaction::Refuse => {
                let failure = Failure::new(Sent::No, "connection refused");
                self.failed(back, call, exchange, Met::NotSent, failure);
            }
            Reaction::Reset | Reaction::Hang | Reaction::Trickle { .. } => {
                let failure = Failure::new(Sent::Maybe, "connection reset");
                self.failed(back, call, exchange, Met::NoReply, failure);
            }
            Reaction::Truncate {
                status, headers, ..
            } => {
                let failure = Failure::after_head(Head::new(status, headers), "connection closed");
                self.failed(back, call, exchange, Met::NoReply, failure);
            }
        }
    }

    /// Who made the reply to the last request that a region had.
    fn answered(&self) -> Answered {
        let seen = self.world.requests().last();
        let outcome = seen.map_or("", |seen| &seen.outcome);
        match outcome.strip_prefix("fault: ") {
            Some(name) => Answered::Fault(name.to_owned()),
            None => Answered::Service(outcome.to_owned()),
        }
    }

    fn failed(&mut self, at: Duration, call: usize, exchange: usize, met: Met, failure: Failure) {
        let reply = Box::new(Err(failure));
        let report = Coming::Report {
            call,
            exchange,
            met,
            reply,
        };
        self.schedule(at, report);
    }
}

fn region_of(request: &Request) -> Region {
    if request.authority == *Endpoint::SHANGHAI.authority() {
        Region::Shanghai
    } else {
        Region::Beijing
    }
}

impl From<&Request> for Incoming {
    fn from(request: &Request) -> Self {
        let (shared, own) = request.body.parts();
        let headers = request.headers.iter();
        Self {
            method: request.method.as_str().to_owned(),
            target: request.target.clone(),
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), value.clone().into_owned()))
                .collect(),
            body: [shared, own].concat(),
        }
    }
}
