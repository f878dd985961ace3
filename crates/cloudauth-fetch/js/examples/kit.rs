//! A module for the driver kit of `cloudauth-sim`: its calls, and how they end, as JSON. `tests/kit.mjs` loads it.

#![expect(missing_docs, reason = "a test")]

use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use std::rc::Rc;

use cloudauth_fetch::operation::{ParamLocation, TableOperation};
use cloudauth_fetch::ops::{self, Raw, RawResponse};
use cloudauth_fetch::proto::credentials::Uri;
use cloudauth_fetch::{
    Attempt, AttemptOutcome, CallOptions, Credentials, Effect, Endpoint, Endpoints, Error,
    Operation, Policy, Reply, Session, Source, seed,
};
use js_sys::Promise;
use js_sys::futures::{JsFuture, future_to_promise};
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;

type Ended = Result<Reply<RawResponse>, Error>;

#[wasm_bindgen]
#[derive(Debug)]
pub struct Client(Rc<cloudauth_fetch::Client>);

#[wasm_bindgen]
impl Client {
    #[wasm_bindgen(constructor)]
    pub fn new(setup: &str) -> Result<Self, JsError> {
        let setup: Value = serde_json::from_str(setup)?;
        let mut endpoints: Option<Endpoints> = None;
        for url in setup["endpoints"].as_array().into_iter().flatten() {
            let endpoint = match text(url).strip_prefix("http://") {
                Some(host) => Endpoint::plain_http(host)?,
                None => text(url).parse()?,
            };
            endpoints = Some(match endpoints {
                Some(endpoints) => endpoints.then(endpoint),
                None => Endpoints::only(endpoint),
            });
        }
        let credentials: Source = match setup["credentials_url"].as_str() {
            Some(url) => Uri::new(url)?.into(),
            None => Credentials::access_key(text(&setup["id"]), text(&setup["secret"]))?.into(),
        };
        let mut policy = Policy::default();
        policy.connect_timeout = span(&setup["connect"]);
        policy.read_timeout = span(&setup["read"]);
        policy.total_timeout = span(&setup["total"]);
        policy.max_attempts = serde_json::from_value(setup["attempts"].clone())?;
        policy.response_limit = serde_json::from_value(setup["limit"].clone())?;
        let session = Session::new(credentials, seed()?)
            .endpoints(endpoints.unwrap_or_default())
            .policy(policy);
        Ok(Self(Rc::new(cloudauth_fetch::Client::new(session))))
    }

    /// Makes a call, and drops it when this promise is resolved. Returns how it ended; `null` if it was dropped.
    pub fn call(&self, call: &str, dropped: Promise) -> Result<Promise, JsError> {
        let call: Value = serde_json::from_str(call)?;
        let action = text(&call["action"]).to_owned();
        if call["listed"] == true {
            let metadata = ops::find(&action).ok_or_else(|| JsError::new("unknown action"))?;
            let mut operation = TableOperation::new(metadata, |field| {
                let mut sent = params(&call).map(|(_, name, value)| (name, value));
                let (_, value) = sent.find(|(name, _)| *name == field.name)?;
                Some(value.to_owned())
            });
            if let Some(origin) = call["origin"].as_str() {
                operation = operation.with_origin(origin.parse()?);
            }
            return Ok(self.run(operation, &call, dropped));
        }
        let mut raw = Raw::new(action, Effect::NotIdempotent);
        if call["method"] == "GET" {
            raw = raw.get();
        }
        for (place, name, value) in params(&call) {
            raw = raw.param(name, value, place);
        }
        Ok(self.run(raw, &call, dropped))
    }
}

impl Client {
    fn run<O>(&self, operation: O, call: &Value, dropped: Promise) -> Promise
    where
        O: Operation<Response = RawResponse> + 'static,
    {
        let client = Rc::clone(&self.0);
        let mut options = CallOptions::new();
        if call["hedge_after"].is_u64() {
            options = options.hedge_after(span(&call["hedge_after"]));
        }
        future_to_promise(async move {
            let mut called = Box::pin(client.call_with(&operation, options));
            let mut dropped = pin!(JsFuture::from(dropped));
            let ended = poll_fn(|context| match called.as_mut().poll(context) {
                Poll::Ready(result) => Poll::Ready(Some(result)),
                Poll::Pending => dropped.as_mut().poll(context).map(|_| None),
            });
            let ended = ended.await;
            drop(called);
            Ok(ended.map(|ended| shown(&ended).to_string()).into())
        })
    }
}

/// The parameters of a call: their places, names and values.
fn params(call: &Value) -> impl Iterator<Item = (ParamLocation, &str, &str)> {
    let places = [
        ("query", ParamLocation::Query),
        ("form", ParamLocation::Form),
    ];
    places.into_iter().flat_map(move |(name, place)| {
        let pairs = call[name].as_array().into_iter().flatten();
        pairs.map(move |pair| (place, text(&pair[0]), text(&pair[1])))
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn span(milliseconds: &Value) -> Duration {
    Duration::from_millis(milliseconds.as_u64().unwrap_or_default())
}

fn shown(ended: &Ended) -> Value {
    let (attempts, shown) = match ended {
        Ok(reply) => (&*reply.attempts, "Ok".to_owned()),
        Err(error) => (error.attempts(), format!("{error:?} {error}")),
    };
    let mut object = json!({
        // The name of the variant.
        "is": shown.split('(').next(),
        "shown": shown,
        "attempts": attempts.iter().map(attempt).collect::<Value>(),
    });
    match ended {
        Ok(reply) => object["body"] = String::from_utf8_lossy(&reply.raw).into(),
        Err(Error::Service(fault)) => {
            object["status"] = fault.status.into();
            object["code"] = fault.code.as_deref().into();
        }
        Err(Error::Decode(error)) => {
            object["status"] = error.status.into();
            object["body"] = String::from_utf8_lossy(&error.raw).into();
        }
        Err(_) => {}
    }
    object
}

fn attempt(attempt: &Attempt) -> Value {
    let (is, status, text) = match &attempt.outcome {
        AttemptOutcome::NotSent(_) => ("NotSent", None, None),
        AttemptOutcome::NoResponse { status, .. } => ("NoResponse", *status, None),
        AttemptOutcome::TimedOut => ("TimedOut", None, None),
        AttemptOutcome::Superseded => ("Superseded", None, None),
        AttemptOutcome::Unreadable { status, reason } => {
            ("Unreadable", Some(*status), Some(format!("{reason:?}")))
        }
        AttemptOutcome::Response { status, code } => ("Response", Some(*status), code.clone()),
        _ => ("unknown", None, None),
    };
    json!({ "endpoint": attempt.endpoint.to_string(), "is": is, "status": status, "text": text })
}
