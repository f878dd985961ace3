//! A driver of the core whose network is a [`World`] and whose time is a number.

use core::time::Duration;

use cloudauth_proto::{
    Endpoint, Endpoints, Error, Exchange, Failure, Flow, Head, MonoTime, Now, Request, Response,
    Sent, Session, Step, UnixTime,
};

use crate::reply::Reaction;
use crate::request::Incoming;
use crate::{Region, World};

/// Drives flows in simulated time: an exchange takes none unless it times out, and waiting is done
/// at once.
///
/// `Endpoint::SHANGHAI` and `Endpoint::BEIJING` stand for the regions.
#[derive(Debug)]
pub struct Simulated {
    /// The service.
    pub world: World,
    session: Session,
    elapsed: Duration,
}

/// The simulated time begins here: 2027-01-15T08:00:00Z.
const BEGINNING: u64 = 1_800_000_000;

impl Simulated {
    /// A driver of this session against this world, at the beginning of time.
    #[must_use]
    pub fn new(session: Session, world: World) -> Self {
        let endpoints = Endpoints::only(Endpoint::SHANGHAI).then(Endpoint::BEIJING);
        Self {
            world,
            session: session.endpoints(endpoints),
            elapsed: Duration::ZERO,
        }
    }

    /// The simulated time.
    #[must_use]
    pub fn now(&self) -> Now {
        Now {
            mono: MonoTime::new(self.elapsed),
            unix: UnixTime::from_seconds(BEGINNING + self.elapsed.as_secs()),
        }
    }

    /// Does what `flow` says until it is done.
    pub fn run<F: Flow>(&mut self, mut flow: F) -> Result<F::Output, Error> {
        loop {
            let now = self.now();
            match flow.poll(&mut self.session, now) {
                Step::Send(exchange) => {
                    let reply = self.exchange(&exchange);
                    let now = self.now();
                    flow.report(&mut self.session, exchange.id(), reply, now);
                }
                Step::Abandon(_) => {}
                Step::Wait(until) => self.elapsed += until.saturating_since(now.mono),
                Step::Done(result) => return result,
            }
        }
    }

    fn exchange(&mut self, exchange: &Exchange) -> Result<Response, Failure> {
        let request = exchange.sign();
        let region = if request.authority == *Endpoint::SHANGHAI.authority() {
            Region::Shanghai
        } else {
            Region::Beijing
        };
        let unix = self.now().unix.seconds();
        match self.world.handle(region, &Incoming::from(&request), unix) {
            Reaction::Answer {
                status,
                headers,
                body,
            } => Ok(Response::new(Head::new(status, headers), body)),
            Reaction::Refuse => Err(Failure::new(Sent::No, "connection refused")),
            Reaction::Reset => Err(Failure::new(Sent::Maybe, "connection reset")),
            Reaction::Hang => {
                self.elapsed += exchange.timeouts().read;
                Err(Failure::new(Sent::Maybe, "no reply in time"))
            }
            Reaction::Truncate {
                status, headers, ..
            } => Err(Failure::after_head(
                Head::new(status, headers),
                "connection closed",
            )),
        }
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
