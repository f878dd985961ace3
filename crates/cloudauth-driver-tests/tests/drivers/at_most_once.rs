//! A billed operation is carried out at most once: with each fault at each point of an exchange and each
//! response, at the first and at the second endpoint, on new and reused connections, with and without
//! TLS.
//!
//! `cargo test -p cloudauth-driver-tests --test drivers at_most_once -- --nocapture` prints the counts.

use core::error::Error as _;
use core::fmt::Write as _;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use cloudauth_net::{Options, Proxies};
use cloudauth_proto::ops::{Id2MetaVerify, Id2MetaVerifyResponse};
use cloudauth_proto::{CallOptions, Endpoints, Error, Policy, Reply};
use tracing::subscriber::with_default;

use crate::canaries::{self, NAME, NUMBER, Search, TraceOutput};
use crate::certificates::IssuedCertificate;
use crate::driver::{Async, Blocking, Driver};
use crate::fault_injection::{
    Behaviour, BlackHole, CannedResponse, DONE, FaultKind, FaultServer, Point,
};

/// Cases run at once; most of them wait most of the time.
const WORKERS: usize = 64;

#[derive(Clone, Copy, Debug)]
struct FaultCase {
    first: Behaviour,
    second: Behaviour,
    /// Whether the connection to the first endpoint is a reused one.
    is_warm: bool,
    is_tls: bool,
}

const fn respond(is_carried_out: bool, text: &'static str) -> Behaviour {
    Behaviour::Respond(CannedResponse {
        is_carried_out,
        text,
    })
}

const RESPONSES: [Behaviour; 13] = [
    respond(true, DONE),
    respond(
        false,
        "HTTP/1.1 500 I\r\ncontent-length: 24\r\n\r\n{\"Code\":\"InternalError\"}",
    ),
    respond(true, "HTTP/1.1 500 I\r\ncontent-length: 0\r\n\r\n"),
    respond(true, "HTTP/1.1 503 S\r\ncontent-length: 2\r\n\r\n{}"),
    respond(true, "HTTP/1.1 504 G\r\ncontent-length: 3\r\n\r\n<a>"),
    respond(
        false,
        "HTTP/1.1 429 T\r\ncontent-length: 21\r\n\r\n{\"Code\":\"Throttling\"} ",
    ),
    respond(
        false,
        "HTTP/1.1 403 F\r\ncontent-length: 24\r\n\r\n{\"Code\":\"Forbidden.RAM\"}",
    ),
    respond(
        true,
        "HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n{\"Code\":\"500\"}",
    ),
    respond(true, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
    respond(
        true,
        "HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n<html></html>",
    ),
    // A body that ends with the connection, too early.
    respond(true, "HTTP/1.1 200 OK\r\n\r\n{\"Code\":\"200\",\"Resul"),
    respond(
        false,
        "HTTP/1.1 307 T\r\nlocation: /\r\ncontent-length: 0\r\n\r\n",
    ),
    // A copy of the request arrived before the request.
    respond(
        true,
        "HTTP/1.1 400 B\r\ncontent-length: 29\r\n\r\n{\"Code\":\"SignatureNonceUsed\"} ",
    ),
];

fn behaviours(is_tls: bool, can_drop: bool) -> Vec<Behaviour> {
    let mut behaviours = vec![Behaviour::Refuse, Behaviour::BlackHole];
    for point in Point::ALL {
        for kind in FaultKind::ALL {
            let needs_tls = point == Point::ClientHello || kind == FaultKind::Alert;
            if (is_tls || !needs_tls) && (can_drop || kind != FaultKind::CallDropped) {
                behaviours.push(Behaviour::Fault(point, kind));
            }
        }
    }
    behaviours.extend(RESPONSES);
    behaviours
}

fn cases<D: Droppable>() -> Vec<FaultCase> {
    let mut cases = Vec::new();
    for is_tls in [false, true] {
        let firsts = behaviours(is_tls, D::CAN_BE_DROPPED);
        // Handshakes take time, so over TLS the second endpoint has only the most important behaviours.
        let seconds = if is_tls {
            vec![
                Behaviour::Refuse,
                Behaviour::Fault(Point::Request, FaultKind::Reset),
                RESPONSES[0],
            ]
        } else {
            behaviours(is_tls, false)
        };
        for first in firsts {
            for second in &seconds {
                for is_warm in [false, true] {
                    if !(is_warm && matches!(first, Behaviour::Refuse | Behaviour::BlackHole)) {
                        let second = *second;
                        cases.push(FaultCase {
                            first,
                            second,
                            is_warm,
                            is_tls,
                        });
                    }
                }
            }
        }
    }
    cases
}

/// A driver, and whether its calls can be dropped.
trait Droppable: Driver {
    const CAN_BE_DROPPED: bool;

    /// Makes a call. `None` if it was dropped at the fault server's point.
    fn call_until(
        &self,
        operation: &Id2MetaVerify,
        endpoint: &FaultServer,
    ) -> Option<Result<Reply<Id2MetaVerifyResponse>, Error>>;
}

impl Droppable for Blocking {
    const CAN_BE_DROPPED: bool = false;

    fn call_until(
        &self,
        operation: &Id2MetaVerify,
        _: &FaultServer,
    ) -> Option<Result<Reply<Id2MetaVerifyResponse>, Error>> {
        Some(self.call(operation))
    }
}

impl Droppable for Async {
    const CAN_BE_DROPPED: bool = true;

    fn call_until(
        &self,
        operation: &Id2MetaVerify,
        endpoint: &FaultServer,
    ) -> Option<Result<Reply<Id2MetaVerifyResponse>, Error>> {
        let Self(client, runtime) = self;
        runtime.block_on(async {
            let result = tokio::select! {
                result = client.call(operation) => return Some(result),
                () = endpoint.reached() => None,
            };
            // Time for whatever may be left of the call.
            tokio::time::sleep(Duration::from_millis(20)).await;
            result
        })
    }
}

fn limits() -> Policy {
    let mut limits = Policy::default();
    // Long enough for a handshake on a busy machine.
    limits.connect_timeout = Duration::from_millis(1_500);
    limits.read_timeout = Duration::from_millis(400);
    limits.total_timeout = Duration::from_secs(4);
    limits.base_backoff = Duration::from_millis(10);
    limits.response_limit = 50_000;
    limits
}

/// The results of all cases.
#[derive(Default)]
struct Tally {
    succeeded: usize,
    maybe_carried_out: usize,
    not_carried_out: usize,
    dropped: usize,
    /// The first call, which opens the connection to be reused, failed.
    unprepared: Vec<FaultCase>,
    carried_out: usize,
    twice: Vec<FaultCase>,
    /// The result of the call contradicts what the servers did.
    wrong: Vec<FaultCase>,
    /// The error reports that it may have been carried out, although no connection was made.
    overcautious: Vec<FaultCase>,
    leaked: Vec<(FaultCase, String)>,
    left_open: Vec<FaultCase>,
}

/// Two endpoints, with and without TLS, and the canaries to search for.
struct Worker {
    plain: [FaultServer; 2],
    tls: [FaultServer; 2],
    root: String,
    search: Search,
}

impl Worker {
    fn new(hole: &Arc<BlackHole>, issued: &IssuedCertificate) -> Self {
        let tls = Some(issued.server_config());
        let two =
            |tls: Option<_>| [(); 2].map(|()| FaultServer::new(tls.clone(), Arc::clone(hole)));
        Self {
            plain: two(None),
            tls: two(tls),
            root: issued.root.pem(),
            search: Search::new(),
        }
    }

    /// Runs a case. Returns `false` if it could not be set up: on a busy machine the connection to be
    /// reused may not be made in time.
    fn run<D: Droppable>(&self, case: FaultCase, tally: &Mutex<Tally>) -> bool {
        let [first, second] = if case.is_tls { &self.tls } else { &self.plain };
        let shanghai = first.set_behaviour(case.first, case.is_warm);
        let beijing = second.set_behaviour(case.second, false);
        let endpoints = Endpoints::only(shanghai.parse().unwrap()).then(beijing.parse().unwrap());
        let options = Options::new()
            .credentials(canaries::credentials())
            .endpoints(endpoints)
            .policy(limits())
            .proxies(Proxies::none())
            .root_certificates(self.root.as_str());
        let operation = Id2MetaVerify::new().user_name(NAME).identify_num(NUMBER);
        let (trace, is_traced) = (TraceOutput::default(), case.second == RESPONSES[0]);
        let call = || {
            let client = D::new(options);
            if case.is_warm {
                let options = CallOptions::new().endpoint(shanghai.parse().unwrap());
                let prepared = client.call_with(&operation, options).ok()?;
                if prepared.attempts.len() > 1 {
                    return None;
                }
            }
            Some(client.call_until(&operation, first))
        };
        let called = if is_traced {
            with_default(trace.subscriber(), call)
        } else {
            call()
        };
        let settled = [first.settled(), second.settled()];
        let mut output = trace.take();

        let mut tally = tally.lock().unwrap();
        let Some(called) = called else {
            return false;
        };
        let [Ok(at_first), Ok(at_second)] = settled else {
            tally.left_open.push(case);
            return true;
        };
        let carried_out = at_first + at_second;
        tally.carried_out += carried_out;
        if carried_out > 1 {
            tally.twice.push(case);
        }
        match called {
            None => tally.dropped += 1,
            Some(Ok(reply)) => {
                tally.succeeded += 1;
                write!(output, "{reply:?}").unwrap();
                if carried_out == 0 {
                    tally.wrong.push(case);
                }
            }
            Some(Err(error)) => {
                output += &all_text(&error);
                let may_be = error.may_have_been_carried_out();
                *if may_be {
                    &mut tally.maybe_carried_out
                } else {
                    &mut tally.not_carried_out
                } += 1;
                if carried_out > 0 && !may_be {
                    tally.wrong.push(case);
                }
                if may_be && never_connects(case.first, &case) && never_connects(case.second, &case)
                {
                    tally.overcautious.push(case);
                }
            }
        }
        if let Some(found) = self.search.find(&output) {
            tally.leaked.push((case, found.to_owned()));
        }
        true
    }
}

/// Whether no connection to an endpoint with this behaviour can be completed.
fn never_connects(behaviour: Behaviour, case: &FaultCase) -> bool {
    match behaviour {
        Behaviour::Refuse | Behaviour::BlackHole => true,
        Behaviour::Fault(Point::Accepted | Point::ClientHello, _) => case.is_tls && !case.is_warm,
        Behaviour::Fault(..) | Behaviour::Respond(_) => false,
    }
}

/// `Display` and `Debug` of an error, its sources and its attempts.
fn all_text(error: &Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(cause) = source {
        write!(text, " {cause} {cause:?}").unwrap();
        source = cause.source();
    }
    for attempt in error.attempts() {
        write!(text, " {} {attempt:?}", attempt.outcome).unwrap();
    }
    text
}

/// The first five cases, for an assertion's message.
fn few<T: core::fmt::Debug>(cases: &[T]) -> String {
    format!("{:#?}", &cases[..cases.len().min(5)])
}

#[expect(clippy::disallowed_methods, reason = "the duration is printed")]
fn run_all_cases<D: Droppable>() {
    let started = Instant::now();
    let cases = cases::<D>();
    let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    let hole = Arc::new(BlackHole::new("127.0.0.1:0"));
    let issued = IssuedCertificate::valid();
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let worker = Worker::new(&hole, &issued);
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if !(0..5).any(|_| worker.run::<D>(*case, &tally)) {
                        tally.lock().unwrap().unprepared.push(*case);
                    }
                }
            });
        }
    });
    let tally = tally.into_inner().unwrap();
    println!(
        "{}: {} cases in {:.1} s: {} succeeded, {} maybe carried out, {} not carried out, {} dropped, \
         {} not set up\n  carried out {}; twice {} (goal 0), wrong result {} (goal 0), canaries leaked {} \
         (goal 0), connections left open {} (goal 0), maybe carried out without a connection {} (goal 0)",
        D::NAME,
        cases.len(),
        started.elapsed().as_secs_f64(),
        tally.succeeded,
        tally.maybe_carried_out,
        tally.not_carried_out,
        tally.dropped,
        tally.unprepared.len(),
        tally.carried_out,
        tally.twice.len(),
        tally.wrong.len(),
        tally.leaked.len(),
        tally.left_open.len(),
        tally.overcautious.len(),
    );
    assert!(tally.twice.is_empty(), "{}", few(&tally.twice));
    assert!(tally.wrong.is_empty(), "{}", few(&tally.wrong));
    assert!(tally.leaked.is_empty(), "{}", few(&tally.leaked));
    assert!(tally.left_open.is_empty(), "{}", few(&tally.left_open));
    assert!(
        tally.overcautious.is_empty(),
        "{}",
        few(&tally.overcautious)
    );
    // Enough cases could be set up, with every kind of result.
    let unprepared = &tally.unprepared;
    assert!(unprepared.len() < cases.len() / 100, "{}", few(unprepared));
    assert!(tally.succeeded > 0 && tally.maybe_carried_out > 0 && tally.not_carried_out > 0);
    assert_eq!(tally.dropped > 0, D::CAN_BE_DROPPED);
}

#[test]
fn ureq_causes_no_billed_operation_to_be_carried_out_twice() {
    run_all_cases::<Blocking>();
}

#[test]
fn hyper_causes_no_billed_operation_to_be_carried_out_twice() {
    run_all_cases::<Async>();
}
