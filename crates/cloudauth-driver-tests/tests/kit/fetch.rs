//! The kit for the driver over the Fetch API, which runs in Node: one process for each client.
//!
//! A flow cannot be handed to another process. There the same operation is called, by a module of the directory
//! `js` of `cloudauth-fetch`; the flow of the kit makes the values of Rust that its rows look at, of what came of
//! it there.

use core::error::Error as StdError;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::{env, fs, thread};

use cloudauth_proto::driver::{Delivery, ExchangeId, Failure, Head, Now, Response};
use cloudauth_proto::error::DecodeErrorKind;
use cloudauth_proto::{
    Attempt, AttemptOutcome, Credentials, Effect, Endpoint, Error, Flow, Operation, Policy, Reply,
    Session, Step,
};
use cloudauth_sim::driver_kit::{Capability, DriverKit, DriverUnderTest, KitCall, Setup};
use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET};
use serde_json::{Value, json};

use crate::drivers::passes;

type Waiting = Arc<Mutex<BTreeMap<u64, Sender<Value>>>>;

/// A client in a process of its own.
struct Fetch {
    node: Child,
    calls: Mutex<ChildStdin>,
    next: AtomicU64,
    /// The calls whose ends are awaited.
    waiting: Waiting,
    /// For the flow in this process, which ends with what is reported.
    policy: Policy,
}

impl Fetch {
    #[expect(clippy::disallowed_methods, reason = "set by .ci/wasm")]
    fn new(setup: &Setup) -> Self {
        let folder = env::var("CLOUDAUTH_FETCH_KIT").unwrap();
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../cloudauth-fetch/js/tests/kit.mjs"
        );
        let endpoints = setup.endpoints.as_slice().iter().map(ToString::to_string);
        let mut policy = setup.policy;
        let options = json!({
            "endpoints": endpoints.collect::<Vec<_>>(),
            "id": ACCESS_KEY_ID,
            "secret": ACCESS_KEY_SECRET,
            "credentials_url": setup.credentials_url,
            "connect": milliseconds(policy.connect_timeout),
            "read": milliseconds(policy.read_timeout),
            "total": milliseconds(policy.total_timeout),
            "attempts": policy.max_attempts,
            "limit": policy.response_limit,
        });
        let mut command = Command::new("node");
        command.args([script, &folder, &options.to_string()]);
        if let Some(pem) = &setup.root_certificate {
            let file = format!("{folder}/root.pem");
            fs::write(&file, pem).unwrap();
            command.env("NODE_EXTRA_CA_CERTS", file);
        }
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut node = command.spawn().unwrap();
        let calls = Mutex::new(node.stdin.take().unwrap());
        let mut lines = BufReader::new(node.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "\"ready\"");
        let waiting = Waiting::default();
        let readers = Arc::clone(&waiting);
        thread::spawn(move || {
            for line in lines {
                let mut line: Value = serde_json::from_str(&line.unwrap()).unwrap();
                let caller = readers
                    .lock()
                    .unwrap()
                    .remove(&line["id"].as_u64().unwrap());
                let _ = caller.unwrap().send(line["ended"].take());
            }
            // Node has ended: so has the waiting.
            readers.lock().unwrap().clear();
        });
        policy.max_attempts = 1;
        Self {
            node,
            calls,
            next: AtomicU64::new(0),
            waiting,
            policy,
        }
    }

    /// Makes a call in Node. Returns `None` if it was dropped there.
    fn call<O: Operation>(
        &self,
        mut call: KitCall<'_, O>,
        limit: Option<Duration>,
    ) -> Option<Result<Reply<O::Response>, Error>> {
        let key = Credentials::access_key("id", "secret").unwrap();
        let mut session = Session::new(key, [0; 32]).policy(self.policy);
        let Step::Send(exchange) = call.flow.poll(&mut session, Now::default()) else {
            panic!("a call sends something first");
        };
        let request = exchange.sign();
        let metadata = call.operation.metadata();
        let is_listed = !metadata.fields.is_empty();
        assert!(is_listed || metadata.effect == Effect::NotIdempotent);
        let (shared, own) = request.body.parts();
        let id = self.next.fetch_add(1, Ordering::SeqCst);
        let line = json!({
            "id": id,
            "limit": limit.map(milliseconds),
            "action": metadata.action,
            "listed": is_listed,
            "method": request.method.as_str(),
            "origin": call.operation.origin().map(ToString::to_string),
            "query": request.target.split_once('?').map(|(_, query)| query),
            "form": str::from_utf8(&[shared, own].concat()).unwrap(),
            "hedge_after": call.hedge_after.map(milliseconds),
        });
        let (sender, ended) = channel();
        self.waiting.lock().unwrap().insert(id, sender);
        writeln!(self.calls.lock().unwrap(), "{line}").unwrap();
        // An error if Node has ended.
        let ended = ended.recv().unwrap();
        (!ended.is_null()).then(|| rebuild(call, session, exchange.id(), &ended))
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        let _ = self.node.kill();
        let _ = self.node.wait();
    }
}

impl DriverUnderTest for Fetch {
    fn run<O: Operation>(&self, call: KitCall<'_, O>) -> Result<Reply<O::Response>, Error> {
        self.call(call, None).unwrap()
    }

    fn run_for<O: Operation>(
        &self,
        call: KitCall<'_, O>,
        limit: Duration,
    ) -> Option<Result<Reply<O::Response>, Error>> {
        self.call(call, Some(limit))
    }
}

fn milliseconds(span: Duration) -> u64 {
    span.as_millis().try_into().unwrap()
}

/// What the whole error showed in Node.
type Shown = Arc<dyn StdError + Send + Sync>;

/// Ends a flow as it has ended in Node.
fn rebuild<O: Operation>(
    mut call: KitCall<'_, O>,
    mut session: Session,
    id: ExchangeId,
    ended: &Value,
) -> Result<Reply<O::Response>, Error> {
    let text = |name: &str| ended[name].as_str().map(str::to_owned);
    let is = ended["is"].as_str().unwrap();
    let status = status(ended).unwrap_or(200);
    let respond = |status, body: String| Ok(Response::new(Head::new(status, vec![]), body.into()));
    let reported = match is {
        "Ok" | "Decode" => respond(status, text("body").unwrap()),
        "Service" => respond(400, r#"{"Code":"InvalidParameter"}"#.into()),
        "Exhausted" | "Uncertain" => Err(Failure::new(Delivery::NotSent, "nothing")),
        _ => panic!("{ended}"),
    };
    let now = Now::default();
    call.flow.report(&mut session, id, reported, now);
    let Step::Done(result) = call.flow.poll(&mut session, now) else {
        panic!("there is one attempt");
    };
    let template = match &result {
        Ok(reply) => reply.attempts[0].clone(),
        Err(error) => error.attempts()[0].clone(),
    };
    let attempts = ended["attempts"].as_array().unwrap().iter();
    let shown: Box<dyn StdError + Send + Sync> = text("shown").unwrap().into();
    let shown = Shown::from(shown);
    let attempts: Vec<Attempt> = attempts.map(|it| attempt(&template, it, &shown)).collect();
    match (is, result) {
        ("Ok", Ok(mut reply)) => {
            reply.endpoint = attempts.last().unwrap().endpoint.clone();
            O::set_origin(&mut reply.value, &reply.endpoint);
            reply.attempts = attempts;
            Ok(reply)
        }
        ("Decode", Err(Error::Decode(mut error))) => {
            error.attempts = attempts;
            Err(Error::Decode(error))
        }
        ("Service", Err(Error::Service(mut fault))) => {
            fault.status = status;
            fault.code = text("code");
            fault.attempts = attempts;
            Err(Error::Service(fault))
        }
        ("Exhausted", Err(Error::Exhausted(mut error))) => {
            error.attempts = attempts;
            Err(Error::Exhausted(error))
        }
        ("Uncertain", Err(Error::Exhausted(mut error))) => {
            error.attempts = attempts;
            Err(Error::Uncertain(error))
        }
        (_, result) => panic!("{ended} was {:?} here", result.map(drop)),
    }
}

fn status(ended: &Value) -> Option<u16> {
    ended["status"].as_u64()?.try_into().ok()
}

fn attempt(template: &Attempt, ended: &Value, shown: &Shown) -> Attempt {
    let status = status(ended);
    let text = ended["text"].as_str();
    let outcome = match ended["is"].as_str().unwrap() {
        "NotSent" => AttemptOutcome::NotSent(shown.clone()),
        "NoResponse" => AttemptOutcome::NoResponse {
            status,
            cause: shown.clone(),
        },
        "TimedOut" => AttemptOutcome::TimedOut,
        "Superseded" => AttemptOutcome::Superseded,
        "Unreadable" => AttemptOutcome::Unreadable {
            status: status.unwrap(),
            reason: reason(text.unwrap()),
        },
        "Response" => AttemptOutcome::Response {
            status: status.unwrap(),
            code: text.map(str::to_owned),
        },
        _ => panic!("{ended}"),
    };
    let mut attempt = template.clone();
    let url = ended["endpoint"].as_str().unwrap();
    attempt.endpoint = match url.strip_prefix("http://") {
        Some(host) => Endpoint::plain_http(host).unwrap(),
        None => url.parse().unwrap(),
    };
    attempt.outcome = outcome;
    attempt
}

fn reason(text: &str) -> DecodeErrorKind {
    let mut kinds = [
        DecodeErrorKind::Cut,
        DecodeErrorKind::Empty,
        DecodeErrorKind::Html,
        DecodeErrorKind::NotJson,
    ]
    .into_iter();
    let kind = kinds.find(|kind| format!("{kind:?}") == text);
    kind.unwrap_or_else(|| panic!("unreadable: {text}"))
}

#[test]
#[ignore = "needs Node, and a module that .ci/wasm builds"]
fn fetch_passes_the_kit() {
    passes(
        &DriverKit::new("fetch, in Node", |setup| Fetch::new(&setup))
            .lacks(
                Capability::RefreshBesideCalls,
                "a refresh runs in place of its call: I/O belongs to a request",
            )
            .lacks(Capability::Files, "a module has no files")
            .lacks(Capability::Programs, "a module has no programs")
            .lacks(Capability::CustomSources, "it has none")
            .lacks(
                Capability::EarlyResponses,
                "Node loses such a response if the connection is then reset",
            )
            .lacks(
                Capability::ConnectTimeout,
                "fetch has one time for an exchange",
            ),
    );
}
