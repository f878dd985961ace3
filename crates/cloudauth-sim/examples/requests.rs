//! Writes the requests of typed operations: a JSON object per line in, one out.
//!
//! In: `{"action": "...", "params": {"Name": "text", ...}}`. Out: method, action, version, query and
//! form as they travel under ACS3. `conformance/compare.py` drives it.
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::collections::BTreeMap;
use std::io::{self, BufRead};

use cloudauth_proto::ops::{self, Visitor};
use cloudauth_proto::sign::{Draft, Stamp};
use cloudauth_proto::{Credentials, Endpoint, Entropy, Listed, Params, Request, Scheme, UnixTime};
use serde_json::{Value, json};

struct Asked {
    action: String,
    params: BTreeMap<String, String>,
}

struct Writer {
    asked: Asked,
    written: Result<Value, String>,
}

impl Visitor for Writer {
    fn operation<O: Listed + Sync>(&mut self) {
        if O::INFO.action == self.asked.action {
            self.written = write::<O>(&mut self.asked.params);
        }
    }
}

fn write<O: Listed>(texts: &mut BTreeMap<String, String>) -> Result<Value, String> {
    let read = O::from_texts(|field| texts.remove(field.name));
    let operation = read.map_err(|problems| format!("{problems:?}"))?;
    if let Some(unknown) = texts.keys().next() {
        return Err(format!("no field {unknown}"));
    }
    let mut params = Params::new();
    operation.encode(&mut params);
    let terms = operation.terms();
    let endpoint = Endpoint::SHANGHAI;
    let draft = Draft::new(
        terms.method,
        &terms.action,
        &terms.version,
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
    Ok(told(&Scheme::Acs3HmacSha256.sign(
        &draft,
        &credentials,
        &stamp,
    )))
}

fn told(request: &Request) -> Value {
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
        let asked = Asked {
            action: text(&line["action"]),
            params: params
                .map(|(name, value)| (name.clone(), text(value)))
                .collect(),
        };
        let mut writer = Writer {
            written: Err(format!("no operation {}", asked.action)),
            asked,
        };
        ops::visit(&mut writer);
        println!("{}", writer.written?);
    }
    Ok(())
}
