//! `sign`: what a signature is made of.

use std::time::SystemTime;

use cloudauth_proto::sign::{Draft, Stamp};
use cloudauth_proto::{
    Credentials, Entropy, Field, Method, Nonce, Params, Place, Request, Scheme, UnixTime, ops,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::Outcome;
use crate::args::SignArgs;
use crate::output;
use crate::person::text;

pub(crate) fn run(args: &SignArgs) -> Outcome {
    let credentials = Credentials::from_vars(var)?;
    let params = params(args)?;
    let scheme: Scheme = args.service.scheme.into();
    let stamp = Stamp {
        at: args.at.map_or_else(now, UnixTime::from_seconds),
        nonce: match &args.nonce {
            Some(text) => Nonce::new(text).ok_or("the nonce must be visible ASCII characters")?,
            None => new_nonce()?,
        },
        retry: None,
    };
    let endpoints = args.service.endpoints();
    let first = &endpoints.as_slice()[0];
    let known = ops::ALL.iter().find(|info| info.action == args.action);
    let draft = Draft::new(
        known.map_or(Method::Post, |info| info.method),
        &args.action,
        &args.api_version,
        first,
        &params,
    )?;
    let explanation = scheme.explain(&draft, &credentials, &stamp);
    let request = scheme.sign(&draft, &credentials, &stamp);
    let mask = |text: String| without_token(text, &credentials);
    let canonical = match scheme {
        Scheme::RpcHmacSha1 => "sorted parameters",
        Scheme::Acs3HmacSha256 | _ => "canonical request",
    };
    let blocks = [
        (canonical, explanation.canonical),
        ("string to sign", explanation.string_to_sign),
        ("request", mask(head(&request))),
        ("body", mask(body(&request))),
    ];
    output::blocks(&blocks, args.service.json);
    Ok(())
}

/// The parameters, placed as the table says; those that it does not know travel in the query.
fn params(args: &SignArgs) -> Result<Params, Box<dyn core::error::Error>> {
    let text = text(args.params.as_deref())?;
    let object: Map<String, Value> = serde_json::from_str(text.expose())
        .map_err(|e| format!("the parameters are not a JSON object (line {})", e.line()))?;
    let known = ops::ALL.iter().find(|info| info.action == args.action);
    let fields: &[Field] = known.map_or(&[], |info| info.fields);
    let mut params = Params::new();
    if fields.iter().any(|field| field.place == Place::Form) {
        params.announce_form();
    }
    for (name, value) in object {
        let text = match value {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            Value::Null => continue,
            Value::Array(_) | Value::Object(_) => {
                return Err(format!("{} must be a text or a number", output::plain(&name)).into());
            }
        };
        let field = fields.iter().find(|field| field.name == name);
        let place = field.map_or(Place::Query, |field| field.place);
        params.push(name, &text, place);
    }
    Ok(params)
}

fn head(request: &Request) -> String {
    let headers = request.headers.iter();
    let headers = headers.map(|(name, value)| format!("{name}: {value}"));
    let line = format!("{} {}", request.method.as_str(), request.target);
    let lines: Vec<String> = [line].into_iter().chain(headers).collect();
    lines.join("\n")
}

fn body(request: &Request) -> String {
    let (shared, own) = request.body.parts();
    String::from_utf8_lossy(&[shared, own].concat()).into_owned()
}

/// What the signatures' percent encoding escapes.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

fn without_token(text: String, credentials: &Credentials) -> String {
    let Some(token) = credentials.security_token() else {
        return text;
    };
    let encoded = utf8_percent_encode(token.expose(), ESCAPED).to_string();
    let mask = "[security-token]";
    text.replace(token.expose(), mask).replace(&encoded, mask)
}

fn new_nonce() -> Result<Nonce, &'static str> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|_| "no randomness for a nonce")?;
    Ok(Entropy::from_seed(seed).nonce())
}

#[expect(clippy::disallowed_methods, reason = "a command knows the time")]
fn now() -> UnixTime {
    SystemTime::now().into()
}

#[expect(clippy::disallowed_methods, reason = "a command reads its environment")]
fn var(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
