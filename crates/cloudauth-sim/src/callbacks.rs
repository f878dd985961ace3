//! Callbacks: what is due, what was sent, and what became of it.
//!
//! Documented: a GET of `CallbackUrl` with `certifyId`, `passed` (which carries the `SubCode`) and the token, when a
//! verification is completed, passed or not; nothing when it is abandoned; again when the answer is not HTTP 200, "two
//! callbacks within three seconds". Everything else here is our guess: that the second one comes after two seconds,
//! that there is no third, and how long an answer may take. That the URL is tried before the order is opened is
//! documented too, and not done.

use core::fmt;
use std::collections::{BTreeMap, VecDeque};

use crate::orders::FinishError;
use crate::percent::{self, header_safe};
use crate::verdict::Verdict;
use crate::world::World;

/// When to call again after an answer that is not 200, in seconds since the attempt before.
const AGAIN_AFTER_SECONDS: [u64; 1] = [2];

/// How long a callback is held back if no other one comes by.
const HELD_SECONDS: u64 = 30;

/// At most so many are on their way at once; the others wait.
const AT_ONCE: usize = 64;

/// More orders than this that wait for their callback and the oldest is forgotten.
const WAITING: usize = 10_000;

/// How many callbacks the log remembers.
const REMEMBERED: usize = 1_000;

/// A token that belongs to nobody.
const FORGED_TOKEN: &str = "forged";

/// Where an order wants to be called back.
#[derive(Clone)]
pub(crate) struct Callee {
    pub(crate) url: String,
    pub(crate) token: Option<String>,
}

impl Callee {
    /// The URL of one callback. Order and letter case of the names are those of the documented example.
    fn url(&self, certify_id: &str, send: Send) -> String {
        let before = percent::extensible(&self.url);
        let token = match (send.kind, &self.token) {
            (CallbackKind::Forged, _) => Some(FORGED_TOKEN),
            (CallbackKind::Genuine | CallbackKind::Repeated, token) => token.as_deref(),
        };
        let token = token.map_or_else(String::new, |token| {
            format!("callbackToken={}&", percent::encode(token))
        });
        let (id, passed) = (percent::encode(certify_id), send.passed);
        header_safe(&format!("{before}{token}certifyId={id}&passed={passed}"))
    }
}

/// Whether an order may name this address: https (documented), or http to this machine (ours, for tests).
pub(crate) fn is_callable(url: &str) -> bool {
    url.starts_with("https://")
        || url
            .strip_prefix("http://")
            .is_some_and(|rest| is_this_machine(host_of(rest)))
}

/// The host in what follows `https://`.
fn host_of(rest: &str) -> &str {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((host, _)) => host,
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// Whether a host is a name or an address of the loopback interface.
fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<core::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// What can go wrong with the callback of an order, on demand.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallbackFault {
    /// It comes twice although it was answered.
    Repeated,
    /// It is overtaken: it comes after the next callback of another order, or after 30 seconds.
    HeldBack,
    /// Somebody else calls first: with a verdict that is not so and a token that is not the order's.
    Forged,
}

/// Whose callback it is.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallbackKind {
    /// The service's.
    Genuine,
    /// The service's, once more, because of [`CallbackFault::Repeated`].
    Repeated,
    /// Somebody else's, because of [`CallbackFault::Forged`].
    Forged,
}

/// A callback that is due: whoever plays the network gets this URL and says how that went with
/// [`World::called_back`]. `Debug` shows no URL.
#[derive(Clone, PartialEq, Eq)]
pub struct Callback {
    turn: u64,
    url: String,
    via: Result<String, NotSent>,
}

impl Callback {
    /// The URL, with `certifyId`, `passed` and the token.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Scheme, host and port to connect to; why not, if it is not to be sent at all.
    pub(crate) fn via(&self) -> Result<&str, NotSent> {
        self.via.as_deref().map_err(|why| *why)
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback")
            .field("turn", &self.turn)
            .field("via", &self.via)
            .finish_non_exhaustive()
    }
}

/// What became of a callback.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallbackOutcome {
    /// An answer with this HTTP status came.
    Answered(u16),
    /// No answer came, and why.
    Unanswered(&'static str),
    /// It was not sent.
    NotSent(NotSent),
}

/// Why a callback is not sent.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSent {
    /// The URL is not one that can be called.
    Malformed,
    /// The host is another machine. The simulator calls this one only, unless [`World::route_callbacks`] says
    /// where to.
    Elsewhere,
}

/// A callback that was sent, or would have been.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalledBack {
    /// Whose order.
    pub certify_id: String,
    /// The value of `passed`.
    pub passed: &'static str,
    /// Whose callback.
    pub kind: CallbackKind,
    /// Which attempt, from 1.
    pub attempt: usize,
    /// The URL without its query: what stands there may be secret or somebody's.
    pub address: String,
    /// When the outcome was known, in seconds since 1970.
    pub at_unix: u64,
    /// The outcome.
    pub outcome: CallbackOutcome,
}

#[derive(Clone, Copy)]
struct Send {
    kind: CallbackKind,
    passed: &'static str,
}

/// The callbacks of one order, one after the other.
struct Delivery {
    turn: u64,
    certify_id: String,
    callee: Callee,
    /// The one whose turn it is, then the later ones.
    sends: VecDeque<Send>,
    attempt: usize,
    due_unix: u64,
    held_back: bool,
    on_its_way: bool,
}

pub(crate) struct Callbacks {
    deliveries: VecDeque<Delivery>,
    log: VecDeque<CalledBack>,
    again_after: Vec<u64>,
    routes: BTreeMap<String, String>,
    turns: u64,
}

impl Default for Callbacks {
    fn default() -> Self {
        Self {
            deliveries: VecDeque::new(),
            log: VecDeque::new(),
            again_after: AGAIN_AFTER_SECONDS.to_vec(),
            routes: BTreeMap::new(),
            turns: 0,
        }
    }
}

impl Callbacks {
    /// Plans what a verdict sends.
    pub(crate) fn plan(
        &mut self,
        certify_id: &str,
        callee: Callee,
        verdict: Verdict,
        faults: &[CallbackFault],
        now_unix: u64,
    ) {
        let passed = verdict.sub_code();
        let untrue = if verdict.passed() {
            Verdict::FaceMismatch
        } else {
            Verdict::Passed
        };
        let (forged, genuine, repeated) = (
            Send {
                kind: CallbackKind::Forged,
                passed: untrue.sub_code(),
            },
            Send {
                kind: CallbackKind::Genuine,
                passed,
            },
            Send {
                kind: CallbackKind::Repeated,
                passed,
            },
        );
        let mut sends = VecDeque::from([genuine]);
        if faults.contains(&CallbackFault::Forged) {
            sends.push_front(forged);
        }
        if faults.contains(&CallbackFault::Repeated) {
            sends.push_back(repeated);
        }
        let held_back = faults.contains(&CallbackFault::HeldBack);
        self.turns += 1;
        if self.deliveries.len() >= WAITING {
            self.deliveries.pop_front();
        }
        self.deliveries.push_back(Delivery {
            turn: self.turns,
            certify_id: certify_id.to_owned(),
            callee,
            sends,
            attempt: 0,
            due_unix: now_unix.saturating_add(if held_back { HELD_SECONDS } else { 0 }),
            held_back,
            on_its_way: false,
        });
    }

    fn take_due(&mut self, now_unix: u64) -> Vec<Callback> {
        let on_their_way = self.deliveries.iter().filter(|it| it.on_its_way).count();
        let free = AT_ONCE.saturating_sub(on_their_way);
        let routes = &self.routes;
        self.deliveries
            .iter_mut()
            .filter(|it| !it.on_its_way && it.due_unix <= now_unix)
            .filter_map(|it| {
                let send = it.sends.front()?;
                it.on_its_way = true;
                it.held_back = false;
                it.attempt += 1;
                it.due_unix = now_unix;
                let url = it.callee.url(&it.certify_id, *send);
                let via = origin(&url, routes);
                Some(Callback {
                    turn: it.turn,
                    url,
                    via,
                })
            })
            .take(free)
            .collect()
    }

    fn done(&mut self, callback: &Callback, outcome: CallbackOutcome, now_unix: u64) {
        let mut all = self.deliveries.iter_mut();
        let Some(at) = all.position(|it| it.turn == callback.turn && it.on_its_way) else {
            return;
        };
        let Some(delivery) = self.deliveries.get_mut(at) else {
            return;
        };
        let Some(send) = delivery.sends.front().copied() else {
            return;
        };
        delivery.on_its_way = false;
        let again = match (&outcome, send.kind) {
            (CallbackOutcome::Answered(200) | CallbackOutcome::NotSent(_), _)
            | (_, CallbackKind::Forged) => None,
            (CallbackOutcome::Answered(_) | CallbackOutcome::Unanswered(_), _) => {
                self.again_after.get(delivery.attempt - 1)
            }
        };
        let address = callback.url.split('?').next().unwrap_or_default();
        let done = CalledBack {
            certify_id: delivery.certify_id.clone(),
            passed: send.passed,
            kind: send.kind,
            attempt: delivery.attempt,
            address: address.to_owned(),
            at_unix: now_unix,
            outcome,
        };
        if let Some(after) = again {
            // The attempt began when it was due.
            delivery.due_unix = delivery.due_unix.saturating_add(*after).max(now_unix);
        } else {
            delivery.sends.pop_front();
            delivery.attempt = 0;
            delivery.due_unix = now_unix;
            if delivery.sends.is_empty() {
                self.deliveries.remove(at);
            }
        }
        if send.kind == CallbackKind::Genuine {
            self.let_go(&done.certify_id, now_unix);
        }
        if self.log.len() >= REMEMBERED {
            self.log.pop_front();
        }
        self.log.push_back(done);
    }

    /// Releases what was held back until another order's callback came by.
    fn let_go(&mut self, passing_by: &str, now_unix: u64) {
        let held = |it: &&mut Delivery| it.held_back && it.certify_id != passing_by;
        for delivery in self.deliveries.iter_mut().filter(held) {
            delivery.held_back = false;
            delivery.due_unix = now_unix;
        }
    }
}

/// What to connect to for a URL.
fn origin(url: &str, routes: &BTreeMap<String, String>) -> Result<String, NotSent> {
    let (scheme, rest) = url.split_once("://").ok_or(NotSent::Malformed)?;
    let host = host_of(rest);
    if let Some(route) = routes.get(&host.to_ascii_lowercase()) {
        return Ok(route.clone());
    }
    if host.is_empty() {
        return Err(NotSent::Malformed);
    }
    if !is_this_machine(host) {
        return Err(NotSent::Elsewhere);
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    Ok(format!("{scheme}://{authority}"))
}

impl World {
    /// [`finish`](Self::finish), with a callback that goes wrong in these ways.
    pub fn finish_with(
        &mut self,
        certify_id: &str,
        verdict: Verdict,
        faults: &[CallbackFault],
        now_unix: u64,
    ) -> Result<(), FinishError> {
        let verdict = self.desk.orders.submit(certify_id, verdict, now_unix)?;
        let Some(order) = self.desk.orders.get(certify_id) else {
            return Err(FinishError::Unknown);
        };
        if let Some(callee) = order.callee.clone() {
            self.callbacks
                .plan(certify_id, callee, verdict, faults, now_unix);
        }
        Ok(())
    }

    /// Takes the callbacks that are due; at most 64 are on their way at once, and one of each order. A
    /// [`Simulator`](crate::Simulator) does this by itself.
    pub fn due_callbacks(&mut self, now_unix: u64) -> Vec<Callback> {
        self.callbacks.take_due(now_unix)
    }

    /// Says what became of a callback. Anything but [`Answered(200)`](CallbackOutcome::Answered) brings it again, as
    /// often as [`Self::repeat_callbacks_after`] says.
    pub fn called_back(&mut self, callback: &Callback, outcome: CallbackOutcome, now_unix: u64) {
        self.callbacks.done(callback, outcome, now_unix);
    }

    /// The last callbacks, oldest first; at most 1 000. Each attempt is one.
    pub fn callbacks(&self) -> impl DoubleEndedIterator<Item = &CalledBack> {
        self.callbacks.log.iter()
    }

    /// How many orders wait for a callback of theirs, or for its answer.
    #[must_use]
    pub fn callbacks_to_come(&self) -> usize {
        self.callbacks.deliveries.len()
    }

    /// Sets after how many seconds a callback comes again that was not answered with 200: one number for each
    /// repetition. At first it is once, after two seconds: documented are two callbacks within three seconds.
    pub fn repeat_callbacks_after(&mut self, seconds: Vec<u64>) {
        self.callbacks.again_after = seconds;
    }

    /// Sends the callbacks for a host to another place, as a reverse proxy would: `https://shop.example/called` can
    /// arrive at `http://127.0.0.1:3000/called`. Without a route, only callbacks to this machine are sent.
    ///
    /// `origin` is `http://` or `https://` with a host and, if it is not the scheme's own, a port.
    pub fn route_callbacks(&mut self, host: &str, origin: &str) {
        let origin = origin.trim_end_matches('/').to_owned();
        self.callbacks
            .routes
            .insert(host.to_ascii_lowercase(), origin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(callback_url: &str, token: Option<&str>) -> String {
        let callee = Callee {
            url: callback_url.to_owned(),
            token: token.map(str::to_owned),
        };
        let send = Send {
            kind: CallbackKind::Genuine,
            passed: "200",
        };
        callee.url("sha1", send)
    }

    #[test]
    fn a_callback_looks_like_the_documented_example() {
        let expected = "https://www.aliyun.com?callbackToken=1000004826&certifyId=sha1&passed=200";
        assert_eq!(url("https://www.aliyun.com", Some("1000004826")), expected);
    }

    #[test]
    fn what_the_url_has_already_stays_but_for_its_fragment() {
        for (callback_url, expected) in [
            (
                "https://a/?x=1#y",
                "https://a/?x=1&certifyId=sha1&passed=200",
            ),
            ("https://a/?", "https://a/?certifyId=sha1&passed=200"),
            ("https://a/?x&", "https://a/?x&certifyId=sha1&passed=200"),
            (
                "https://a/\r\nx: y",
                "https://a/%0D%0Ax:%20y?certifyId=sha1&passed=200",
            ),
        ] {
            assert_eq!(url(callback_url, None), expected);
        }
        let token = url("https://a", Some("a&passed=204 张"));
        let expected =
            "https://a?callbackToken=a%26passed%3D204%20%E5%BC%A0&certifyId=sha1&passed=200";
        assert_eq!(token, expected);
    }

    #[test]
    fn only_this_machine_may_be_called_in_clear() {
        for url in [
            "https://shop.example/called",
            "http://127.0.0.1:8080/called",
            "http://localhost",
            "http://LOCALHOST?a",
            "http://[::1]:80/",
            "http://user@127.1.2.3/",
        ] {
            assert!(is_callable(url), "{url}");
        }
        for url in [
            "",
            "shop.example",
            "http://",
            "http://shop.example",
            "http://127.0.0.1.shop.example/",
            "http://127.0.0.1@shop.example/",
            "http://shop.example/@127.0.0.1",
            "http://localhost.shop.example",
            "ftp://127.0.0.1",
        ] {
            assert!(!is_callable(url), "{url}");
        }
    }

    #[test]
    fn a_route_is_for_one_host_only() {
        let routes = BTreeMap::from([("shop.example".to_owned(), "http://127.0.0.1:3".to_owned())]);
        let via = |url: &str| origin(url, &routes);
        let routed = Ok("http://127.0.0.1:3".to_owned());
        assert_eq!(via("https://Shop.example:444/a?b"), routed);
        assert_eq!(via("https://shop.example.org/"), Err(NotSent::Elsewhere));
        assert_eq!(via("https:///a"), Err(NotSent::Malformed));
        let own = Ok("https://[::1]:444".to_owned());
        assert_eq!(via("https://[::1]:444?a"), own);
    }

    #[test]
    fn what_waits_and_what_is_remembered_is_bounded() {
        let mut callbacks = Callbacks::default();
        let callee = Callee {
            url: "https://shop.example".to_owned(),
            token: None,
        };
        for _ in 0..WAITING + 10 {
            callbacks.plan("sha1", callee.clone(), Verdict::Passed, &[], 1);
        }
        assert_eq!(callbacks.deliveries.len(), WAITING);
        while !callbacks.deliveries.is_empty() {
            let due = callbacks.take_due(1);
            assert!(due.len() <= AT_ONCE);
            assert_eq!(callbacks.take_due(1), [], "these are on their way");
            for callback in due {
                callbacks.done(&callback, CallbackOutcome::Answered(200), 1);
            }
        }
        assert_eq!(callbacks.log.len(), REMEMBERED);
    }
}
