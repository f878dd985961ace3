//! Prints the requests of typed operations: one JSON object per line in, one out.
//!
//! In: `{"action": "...", "params": {"Name": "value", ...}}`. Out: method, action, version, query and
//! form as they are sent under ACS3. `conformance/compare.py` uses it.
#![expect(clippy::print_stdout, reason = "it prints requests")]

use std::collections::BTreeMap;
use std::io::{self, BufRead};

use cloudauth_proto::driver::Request;
use cloudauth_proto::operation::{Listed, Params};
use cloudauth_proto::ops::{self, Visitor};
use cloudauth_proto::sign::{Draft, Stamp};
use cloudauth_proto::{Credentials, Endpoint, Entropy, Scheme, UnixTime};
use serde_json::{Value, json};

struct Input {
    action: String,
    params: BTreeMap<String, String>,
}

struct Encoder {
    input: Input,
    encoded: Result<Value, String>,
}

impl Visitor for Encoder {
    fn operation<O: Listed + Sync>(&mut self) {
        if O::METADATA.action == self.input.action {
            self.encoded = encode::<O>(&mut self.input.params);
        }
    }
}

fn encode<O: Listed>(values: &mut BTreeMap<String, String>) -> Result<Value, String> {
    let read = O::from_texts(|field| values.remove(field.name));
    let operation = read.map_err(|problems| format!("{problems:?}"))?;
    if let Some(unknown) = values.keys().next() {
        return Err(format!("unknown field {unknown}"));
    }
    let mut params = Params::new();
    operation.encode(&mut params);
    let terms = operation.metadata();
    let endpoint = Endpoint::SHANGHAI;
    let draft = Draft::new(
        terms.method,
        terms.action.clone(),
        terms.version.clone(),
        &endpoint,
        &params,
    );
    let credentials = Credentials::access_key("testid", "testsecret");
    let stamp = Stamp {
        at: UnixTime::from_seconds(1_800_000_000),
        nonce: Entropy::from_seed([1; 32]).nonce(),
        retry: None,
    };
    let draft = draft.map_err(|e| e.to_string())?;
    let credentials = credentials.map_err(|e| e.to_string())?;
    Ok(to_json(&Scheme::Acs3HmacSha256.sign(
        &draft,
        &credentials,
        &stamp,
    )))
}

fn to_json(request: &Request) -> Value {
    let header = |name: &str| {
        let found = request.headers.iter().find(|(have, _)| *have == name);
        found.map(|(_, value)| &**value)
    };
    let (shared, own) = request.body.parts();
    json!({
        "method": request.method.as_str(),
        "action": header("x-acs-action"),
        "version": header("x-acs-version"),
        "content_type": header("content-type"),
        "query": request.target.split_once('?').map_or("", |(_, query)| query),
        "form": String::from_utf8_lossy(&[shared, own].concat()),
    })
}

fn main() -> Result<(), Box<dyn core::error::Error>> {
    for line in io::stdin().lock().lines() {
        let line: Value = serde_json::from_str(&line?)?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let params = line["params"].as_object().into_iter().flatten();
        let input = Input {
            action: text(&line["action"]),
            params: params
                .map(|(name, value)| (name.clone(), text(value)))
                .collect(),
        };
        let mut encoder = Encoder {
            encoded: Err(format!("unknown operation {}", input.action)),
            input,
        };
        ops::visit(&mut encoder);
        println!("{}", encoder.encoded?);
    }
    Ok(())
}
