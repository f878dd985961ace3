//! Nothing that bills is carried out twice: every point of an exchange, every way to break there, every
//! answer, in one endpoint and in the other, on new connections and on used ones, with and without TLS.
//!
//! `cargo test -p cloudauth-net --test drivers once -- --nocapture` prints the figures.

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

use crate::canaries::{self, NAME, NUMBER, Search, Written};
use crate::certificates::Issued;
use crate::faulty::{Answer, BlackHole, Break, DONE, Faulty, Plan, Point};
use crate::subjects::{Async, Blocking, Driver};

/// Cases that are tried at once; most of them wait most of the time.
const WORKERS: usize = 64;

#[derive(Clone, Copy, Debug)]
struct Case {
    first: Plan,
    second: Plan,
    /// Whether the first endpoint's connection was used before.
    is_warm: bool,
    is_tls: bool,
}

const fn answer(carried_out: bool, text: &'static str) -> Plan {
    Plan::Answer(Answer { carried_out, text })
}

const ANSWERS: [Plan; 13] = [
    answer(true, DONE),
    answer(
        false,
        "HTTP/1.1 500 I\r\ncontent-length: 24\r\n\r\n{\"Code\":\"InternalError\"}",
    ),
    answer(true, "HTTP/1.1 500 I\r\ncontent-length: 0\r\n\r\n"),
    answer(true, "HTTP/1.1 503 S\r\ncontent-length: 2\r\n\r\n{}"),
    answer(true, "HTTP/1.1 504 G\r\ncontent-length: 3\r\n\r\n<a>"),
    answer(
        false,
        "HTTP/1.1 429 T\r\ncontent-length: 21\r\n\r\n{\"Code\":\"Throttling\"} ",
    ),
    answer(
        false,
        "HTTP/1.1 403 F\r\ncontent-length: 24\r\n\r\n{\"Code\":\"Forbidden.RAM\"}",
    ),
    answer(
        true,
        "HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n{\"Code\":\"500\"}",
    ),
    answer(true, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
    answer(
        true,
        "HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n<html></html>",
    ),
    // It ends with the connection, and that too soon.
    answer(true, "HTTP/1.1 200 OK\r\n\r\n{\"Code\":\"200\",\"Resul"),
    answer(
        false,
        "HTTP/1.1 307 T\r\nlocation: /\r\ncontent-length: 0\r\n\r\n",
    ),
    // A second copy of the request got ahead of the first.
    answer(
        true,
        "HTTP/1.1 400 B\r\ncontent-length: 29\r\n\r\n{\"Code\":\"SignatureNonceUsed\"} ",
    ),
];

fn plans(is_tls: bool, may_drop: bool) -> Vec<Plan> {
    let mut plans = vec![Plan::Refuse, Plan::BlackHole];
    for point in Point::ALL {
        for how in Break::ALL {
            let needs_tls = point == Point::Greeted || how == Break::Alert;
            if (is_tls || !needs_tls) && (may_drop || how != Break::Dropped) {
                plans.push(Plan::Break(point, how));
            }
        }
    }
    plans.extend(ANSWERS);
    plans
}

fn cases<D: Droppable>() -> Vec<Case> {
    let mut cases = Vec::new();
    for is_tls in [false, true] {
        let firsts = plans(is_tls, D::CAN_BE_DROPPED);
        // Handshakes take time, so over TLS the second endpoint only does what matters most.
        let seconds = if is_tls {
            vec![
                Plan::Refuse,
                Plan::Break(Point::Read, Break::Reset),
                ANSWERS[0],
            ]
        } else {
            plans(is_tls, false)
        };
        for first in firsts {
            for second in &seconds {
                for is_warm in [false, true] {
                    if !(is_warm && matches!(first, Plan::Refuse | Plan::BlackHole)) {
                        let second = *second;
                        cases.push(Case {
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

/// A driver whose calls may be left.
trait Droppable: Driver {
    const CAN_BE_DROPPED: bool;

    /// `None` if the caller left.
    fn call_until(
        &self,
        operation: &Id2MetaVerify,
        endpoint: &Faulty,
    ) -> Option<Result<Reply<Id2MetaVerifyResponse>, Error>>;
}

impl Droppable for Blocking {
    const CAN_BE_DROPPED: bool = false;

    fn call_until(
        &self,
        operation: &Id2MetaVerify,
        _: &Faulty,
    ) -> Option<Result<Reply<Id2MetaVerifyResponse>, Error>> {
        Some(self.call(operation))
    }
}

impl Droppable for Async {
    const CAN_BE_DROPPED: bool = true;

    fn call_until(
        &self,
        operation: &Id2MetaVerify,
        endpoint: &Faulty,
    ) -> Option<Result<Reply<Id2MetaVerifyResponse>, Error>> {
        let Self(client, runtime) = self;
        runtime.block_on(async {
            let result = tokio::select! {
                result = client.call(operation) => return Some(result),
                () = endpoint.reached() => None,
            };
            // What is left of it, if anything is, gets its chance.
            tokio::time::sleep(Duration::from_millis(20)).await;
            result
        })
    }
}

fn limits() -> Policy {
    let mut limits = Policy::default();
    // Enough for a handshake on a busy machine.
    limits.connect_timeout = Duration::from_millis(1_500);
    limits.read_timeout = Duration::from_millis(400);
    limits.total_timeout = Duration::from_secs(4);
    limits.pause = Duration::from_millis(10);
    limits.reply_limit = 50_000;
    limits
}

/// What came of the cases.
#[derive(Default)]
struct Tally {
    done: usize,
    uncertain: usize,
    certain: usize,
    dropped: usize,
    /// The first call, which prepares a connection, failed.
    unprepared: Vec<Case>,
    carried_out: usize,
    twice: Vec<Case>,
    denied: Vec<Case>,
    /// Said to be uncertain, although no connection ever came about.
    timid: Vec<Case>,
    leaked: Vec<(Case, String)>,
    left_open: Vec<Case>,
}

/// Two endpoints, with and without TLS, and what to look for.
struct Worker {
    plain: [Faulty; 2],
    tls: [Faulty; 2],
    root: String,
    search: Search,
}

impl Worker {
    fn new(hole: &Arc<BlackHole>, issued: &Issued) -> Self {
        let tls = Some(issued.server_config());
        let two = |tls: Option<_>| [(); 2].map(|()| Faulty::new(tls.clone(), Arc::clone(hole)));
        Self {
            plain: two(None),
            tls: two(tls),
            root: issued.root.pem(),
            search: Search::new(),
        }
    }

    /// Whether the case was tried: on a busy machine the connection may not be there in time.
    fn run<D: Droppable>(&self, case: Case, tally: &Mutex<Tally>) -> bool {
        let [first, second] = if case.is_tls { &self.tls } else { &self.plain };
        let shanghai = first.plan(case.first, case.is_warm);
        let beijing = second.plan(case.second, false);
        let endpoints = Endpoints::only(shanghai.parse().unwrap()).then(beijing.parse().unwrap());
        let options = Options::new()
            .credentials(canaries::credentials())
            .endpoints(endpoints)
            .policy(limits())
            .proxies(Proxies::none())
            .root_certificates(self.root.as_str());
        let operation = Id2MetaVerify::new().user_name(NAME).identify_num(NUMBER);
        let (written, is_traced) = (Written::default(), case.second == ANSWERS[0]);
        let call = || {
            let client = D::new(options);
            if case.is_warm {
                let there = CallOptions::new().endpoint(shanghai.parse().unwrap());
                let prepared = client.call_with(&operation, there).ok()?;
                if prepared.attempts.len() > 1 {
                    return None;
                }
            }
            Some(client.call_until(&operation, first))
        };
        let called = if is_traced {
            with_default(written.subscriber(), call)
        } else {
            call()
        };
        let settled = [first.settled(), second.settled()];
        let text = written.take();

        let mut tally = tally.lock().unwrap();
        let Some(called) = called else {
            return false;
        };
        let [Ok(here), Ok(there)] = settled else {
            tally.left_open.push(case);
            return true;
        };
        let carried_out = here + there;
        tally.carried_out += carried_out;
        if carried_out > 1 {
            tally.twice.push(case);
        }
        let mut said = text;
        match called {
            None => tally.dropped += 1,
            Some(Ok(reply)) => {
                tally.done += 1;
                write!(said, "{reply:?}").unwrap();
                if carried_out == 0 {
                    tally.denied.push(case);
                }
            }
            Some(Err(error)) => {
                said += &told(&error);
                let may_be = error.may_have_been_carried_out();
                *if may_be {
                    &mut tally.uncertain
                } else {
                    &mut tally.certain
                } += 1;
                if carried_out > 0 && !may_be {
                    tally.denied.push(case);
                }
                if may_be && never_connects(case.first, &case) && never_connects(case.second, &case)
                {
                    tally.timid.push(case);
                }
            }
        }
        if let Some(found) = self.search.find(&said) {
            tally.leaked.push((case, found.to_owned()));
        }
        true
    }
}

/// Whether no connection to such an endpoint comes about.
fn never_connects(plan: Plan, case: &Case) -> bool {
    match plan {
        Plan::Refuse | Plan::BlackHole => true,
        Plan::Break(Point::Accepted | Point::Greeted, _) => case.is_tls && !case.is_warm,
        Plan::Break(..) | Plan::Answer(_) => false,
    }
}

/// All that an error says of itself.
fn told(error: &Error) -> String {
    let mut told = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(cause) = source {
        write!(told, " {cause} {cause:?}").unwrap();
        source = cause.source();
    }
    for attempt in error.attempts() {
        write!(told, " {} {attempt:?}", attempt.outcome).unwrap();
    }
    told
}

fn few<T: core::fmt::Debug>(cases: &[T]) -> String {
    format!("{:#?}", &cases[..cases.len().min(5)])
}

#[expect(clippy::disallowed_methods, reason = "how long it took is printed")]
fn product<D: Droppable>() {
    let started = Instant::now();
    let cases = cases::<D>();
    let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    let hole = Arc::new(BlackHole::new("127.0.0.1:0"));
    let issued = Issued::good();
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
        "{}: {} cases in {:.1} s: {} done, {} uncertain, {} certainly not, {} left by the caller, \
         {} not prepared\n  carried out {}; twice {} (goal 0), denied {} (goal 0), canaries told {} \
         (goal 0), connections left {} (goal 0), uncertain without a connection {} (goal 0)",
        D::NAME,
        cases.len(),
        started.elapsed().as_secs_f64(),
        tally.done,
        tally.uncertain,
        tally.certain,
        tally.dropped,
        tally.unprepared.len(),
        tally.carried_out,
        tally.twice.len(),
        tally.denied.len(),
        tally.leaked.len(),
        tally.left_open.len(),
        tally.timid.len(),
    );
    assert!(tally.twice.is_empty(), "{}", few(&tally.twice));
    assert!(tally.denied.is_empty(), "{}", few(&tally.denied));
    assert!(tally.leaked.is_empty(), "{}", few(&tally.leaked));
    assert!(tally.left_open.is_empty(), "{}", few(&tally.left_open));
    assert!(tally.timid.is_empty(), "{}", few(&tally.timid));
    // It was really tried.
    let unprepared = &tally.unprepared;
    assert!(unprepared.len() < cases.len() / 100, "{}", few(unprepared));
    assert!(tally.done > 0 && tally.uncertain > 0 && tally.certain > 0);
    assert_eq!(tally.dropped > 0, D::CAN_BE_DROPPED);
}

#[test]
fn nothing_that_bills_is_carried_out_twice_by_ureq() {
    product::<Blocking>();
}

#[test]
fn nothing_that_bills_is_carried_out_twice_by_hyper() {
    product::<Async>();
}
