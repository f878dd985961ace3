//! The network between the client and the service.

use core::time::Duration;

use cloudauth_proto::Endpoint;
use cloudauth_proto::driver::{Delivery, Exchange, Failure, Head, Request, Response, Timeouts};
use oorandom::Rand64;

use super::clock::SimulatedClock;
use super::fnv::Fnv;
use super::link::{Impairment, Link, Schedule};
use super::trace::{EventKind, ExchangeEnd, Responder};
use crate::http::IncomingRequest;
use crate::http::Reaction;
use crate::{CredentialService, Fault, Region, World};

const NO_RESPONSE: &str = "no response in time";

/// A link to each region and one to the credential services.
#[derive(Debug)]
pub(super) struct Network {
    regions: [Schedule; 2],
    credential_services: Schedule,
    random: Rand64,
}

impl Network {
    pub(super) fn new() -> Self {
        Self {
            regions: Default::default(),
            credential_services: Schedule::default(),
            random: Rand64::new(0),
        }
    }

    pub(super) fn seed(&mut self, seed: u64) {
        self.random = Rand64::new(seed.into());
    }

    pub(super) fn set_link(&mut self, region: Region, at: Duration, link: Link) {
        self.regions[index(region)].change(at, link);
    }

    pub(super) fn set_credential_services_link(&mut self, at: Duration, link: Link) {
        self.credential_services.change(at, link);
    }

    /// Draws the round-trip time of an exchange with a credential service that starts at `now`, and
    /// its impairment.
    pub(super) fn draw_credential_services(
        &mut self,
        now: Duration,
    ) -> (Duration, Option<Impairment>) {
        self.credential_services.draw(now, &mut self.random)
    }

    /// Sends a request at `now`.
    pub(super) fn send(&mut self, outgoing: OutgoingRequest, now: Duration) -> Transmission {
        let OutgoingRequest {
            number,
            destination,
            request,
            timeouts,
            ..
        } = outgoing;
        let (round_trip, impairment) = match destination {
            Recipient::Region(region) => self.regions[index(region)].draw(now, &mut self.random),
            Recipient::CredentialService(_) => self.draw_credential_services(now),
        };
        let Timeouts {
            connect,
            read,
            total,
            ..
        } = timeouts;
        let deadline = now + read.min(total);
        let half = round_trip / 2;
        let fails = |at, end, sent, reason| {
            let failure = Failure::new(sent, reason);
            Transmission::Fails(FinishedExchange::failed(at, number, end, failure))
        };
        let fault = match impairment {
            Some(Impairment::BlackHole) => {
                let (at, end) = (now + connect.min(total), ExchangeEnd::NotConnected);
                return fails(at, end, Delivery::NotSent, "no connection in time");
            }
            Some(Impairment::Cut) => {
                let (at, end) = (deadline.min(now + half), ExchangeEnd::NoResponse);
                return fails(at, end, Delivery::MaybeSent, "connection reset");
            }
            Some(Impairment::Lost) => {
                let end = ExchangeEnd::TimedOut;
                return fails(deadline, end, Delivery::MaybeSent, NO_RESPONSE);
            }
            Some(Impairment::LocalFailure) => {
                let end = ExchangeEnd::LocalFailure;
                return fails(now, end, Delivery::LocalFailure, "no file descriptors");
            }
            Some(Impairment::CertificateRefused) => {
                let (at, end) = (
                    deadline.min(now + round_trip),
                    ExchangeEnd::CertificateRefused,
                );
                let reason = "certificate refused";
                return fails(at, end, Delivery::CertificateRefused, reason);
            }
            Some(Impairment::Fault(fault)) => Some(fault),
            None => None,
        };
        let request = RequestInTransit {
            number,
            destination,
            request,
            fault,
            return_time: round_trip.saturating_sub(half),
            deadline,
        };
        Transmission::Arrives(now + half, request)
    }
}

/// Identifies an exchange.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExchangeNumber {
    /// Number of the call.
    pub(super) call: usize,
    /// Number of the exchange within the call.
    pub(super) exchange: usize,
}

/// Recipient of a request.
#[derive(Clone, Copy, Debug)]
enum Recipient {
    Region(Region),
    CredentialService(CredentialService),
}

/// A signed request, ready to be sent.
#[derive(Debug)]
pub(super) struct OutgoingRequest {
    number: ExchangeNumber,
    destination: Recipient,
    request: IncomingRequest,
    timeouts: Timeouts,
    wire_hash: u64,
}

impl OutgoingRequest {
    /// Signs the request of an exchange.
    pub(super) fn new(number: ExchangeNumber, exchange: &Exchange) -> Self {
        let request = exchange.sign();
        let incoming = IncomingRequest::from(&request);
        let destination = match CredentialService::of(&incoming) {
            Some(service) => Recipient::CredentialService(service),
            None => Recipient::Region(region_of(&request)),
        };
        let mut wire = Vec::with_capacity(2_048);
        request.write_http1(&mut wire);
        let mut hash = Fnv::new();
        hash.add(&wire);
        Self {
            number,
            destination,
            request: incoming,
            timeouts: exchange.timeouts(),
            wire_hash: hash.value(),
        }
    }

    /// The event to record when the request is sent.
    pub(super) const fn event(&self) -> EventKind {
        let (exchange, wire_hash) = (self.number.exchange, self.wire_hash);
        match self.destination {
            Recipient::Region(to) => EventKind::RequestSent {
                exchange,
                to,
                wire_hash,
            },
            Recipient::CredentialService(to) => EventKind::CredentialRequestSent {
                exchange,
                to,
                wire_hash,
            },
        }
    }
}

/// The effect of sending a request.
#[derive(Debug)]
pub(super) enum Transmission {
    /// The request arrives at this time.
    Arrives(Duration, RequestInTransit),
    /// The request never arrives.
    Fails(FinishedExchange),
}

/// A request on its way. It arrives even if its call has been dropped by then.
#[derive(Debug)]
pub(super) struct RequestInTransit {
    number: ExchangeNumber,
    destination: Recipient,
    request: IncomingRequest,
    fault: Option<Fault>,
    /// Time between the arrival of the request and that of the response.
    return_time: Duration,
    /// When the client stops waiting.
    deadline: Duration,
}

impl RequestInTransit {
    /// The exchange that the request belongs to.
    pub(super) const fn number(&self) -> ExchangeNumber {
        self.number
    }

    /// Delivers the request to the service now.
    pub(super) fn arrive(self, world: &mut World, clock: &SimulatedClock) -> FinishedExchange {
        let number = self.number;
        let failed = |at, end, failure| FinishedExchange::failed(at, number, end, failure);
        let (request, unix) = (&self.request, clock.service_time());
        let reaction = match (self.destination, self.fault) {
            (Recipient::Region(region), Some(fault)) => {
                world.handle_with_fault(region, request, fault, unix)
            }
            (Recipient::Region(region), None) => world.handle(region, request, unix),
            (Recipient::CredentialService(service), Some(fault)) => {
                world.handle_credential_service_with_fault(service, request, fault, unix)
            }
            (Recipient::CredentialService(service), None) => {
                world.handle_credential_service(service, request, unix)
            }
        };
        let back = clock.elapsed() + self.return_time;
        let is_silent = matches!(reaction, Reaction::Hang | Reaction::Trickle { .. });
        if back > self.deadline || is_silent {
            let failure = Failure::new(Delivery::MaybeSent, NO_RESPONSE);
            return failed(self.deadline, ExchangeEnd::TimedOut, failure);
        }
        match reaction {
            Reaction::Response {
                status,
                headers,
                body,
            }
            | Reaction::ResponseThenClose {
                status,
                headers,
                body,
            } => {
                let from = match self.destination {
                    Recipient::Region(_) => last_responder(world),
                    Recipient::CredentialService(service) => Responder::CredentialService(service),
                };
                FinishedExchange {
                    at: back,
                    number,
                    end: ExchangeEnd::Response { status, from },
                    result: Ok(Response::new(Head::new(status, headers), body)),
                }
            }
            Reaction::Refuse => {
                let failure = Failure::new(Delivery::NotSent, "connection refused");
                failed(back, ExchangeEnd::NotSent, failure)
            }
            Reaction::Reset | Reaction::Hang | Reaction::Trickle { .. } => {
                let failure = Failure::new(Delivery::MaybeSent, "connection reset");
                failed(back, ExchangeEnd::NoResponse, failure)
            }
            Reaction::Truncate {
                status, headers, ..
            } => {
                let failure = Failure::after_head(Head::new(status, headers), "connection closed");
                failed(back, ExchangeEnd::NoResponse, failure)
            }
        }
    }
}

/// An exchange that is over, though its caller has not been notified yet.
#[derive(Debug)]
pub(super) struct FinishedExchange {
    /// When its caller is notified.
    pub(super) at: Duration,
    pub(super) number: ExchangeNumber,
    pub(super) end: ExchangeEnd,
    pub(super) result: Result<Response, Failure>,
}

impl FinishedExchange {
    const fn failed(
        at: Duration,
        number: ExchangeNumber,
        end: ExchangeEnd,
        failure: Failure,
    ) -> Self {
        Self {
            at,
            number,
            end,
            result: Err(failure),
        }
    }
}

/// The source of the last response of a region.
fn last_responder(world: &World) -> Responder {
    let seen = world.requests().last();
    let outcome = seen.map_or("", |seen| &seen.outcome);
    match outcome.strip_prefix("fault: ") {
        Some(name) => Responder::Fault(name.to_owned()),
        None => Responder::Service(outcome.to_owned()),
    }
}

const fn index(region: Region) -> usize {
    match region {
        Region::Shanghai => 0,
        Region::Beijing => 1,
    }
}

fn region_of(request: &Request) -> Region {
    if request.authority == *Endpoint::SHANGHAI.authority() {
        Region::Shanghai
    } else {
        Region::Beijing
    }
}

impl From<&Request> for IncomingRequest {
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
