//! `sign`: prints how a request is signed.

use core::error::Error;
use std::path::PathBuf;

use cloudauth_proto::driver::{Method, Request};
use cloudauth_proto::operation::{Field, ParamLocation, Params};
use cloudauth_proto::sign::Nonce;
use cloudauth_proto::sign::{Draft, Stamp};
use cloudauth_proto::{Credentials, Entropy, Scheme, UnixTime, ops};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::clock::now;
use crate::error::CommandResult;
use crate::service::ServiceArgs;
use crate::{input, output};

/// Print how a request is signed, without sending it
///
/// Prints every parameter, a name or an ID number included: do not log the output. Uses the access
/// key in the environment and no other source of credentials.
#[derive(Debug, clap::Args)]
pub(crate) struct SignArgs {
    /// Operation, for example DescribeFaceVerify
    action: String,
    /// File with the parameters, a JSON object of strings, numbers and booleans [default: standard
    /// input]
    #[arg(long, value_name = "FILE")]
    params: Option<PathBuf>,
    /// API version
    #[arg(long, default_value = "2019-03-07")]
    api_version: String,
    /// Time of the signature, in seconds since 1970-01-01 UTC [default: now]
    #[arg(long, value_name = "SECONDS")]
    at: Option<u64>,
    /// Nonce of the signature, visible ASCII characters [default: a random one]
    #[arg(long)]
    nonce: Option<String>,
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
}

pub(crate) fn run(args: &SignArgs) -> CommandResult {
    let credentials = Credentials::from_vars(var)?;
    let params = params(args)?;
    let scheme: Scheme = args.service.scheme.into();
    let stamp = Stamp {
        at: args.at.map_or_else(now, UnixTime::from_seconds),
        nonce: match &args.nonce {
            Some(nonce) => Nonce::new(nonce).ok_or("--nonce must be visible ASCII characters")?,
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
        Scheme::RpcHmacSha1 => "sorted_parameters",
        Scheme::Acs3HmacSha256 | _ => "canonical_request",
    };
    let blocks = [
        (canonical, explanation.canonical),
        ("string_to_sign", explanation.string_to_sign),
        ("request", mask(head(&request))),
        ("body", mask(body(&request))),
    ];
    output::blocks(&blocks, args.service.output);
    Ok(())
}

/// The parameters, each in the query or the form as the operation's table says; unknown ones go into
/// the query.
fn params(args: &SignArgs) -> Result<Params, Box<dyn Error>> {
    let text = input::string(args.params.as_deref())?;
    let object: Map<String, Value> = serde_json::from_str(text.expose())
        .map_err(|e| format!("the parameters are not a JSON object (line {})", e.line()))?;
    let known = ops::ALL.iter().find(|info| info.action == args.action);
    let fields: &[Field] = known.map_or(&[], |info| info.fields);
    let mut params = Params::new();
    if fields
        .iter()
        .any(|field| field.place == ParamLocation::Form)
    {
        params.announce_form();
    }
    for (name, value) in object {
        let value = match value {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(boolean) => boolean.to_string(),
            Value::Null => continue,
            Value::Array(_) | Value::Object(_) => {
                let name = output::one_line(&name);
                return Err(format!("{name} must be a string, a number or a boolean").into());
            }
        };
        let field = fields.iter().find(|field| field.name == name);
        let place = field.map_or(ParamLocation::Query, |field| field.place);
        params.push(name, &value, place);
    }
    Ok(params)
}

/// The request line and the headers.
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

/// Characters that the signatures' percent-encoding escapes.
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
    getrandom::fill(&mut seed).map_err(|_| "no randomness for a nonce; set --nonce")?;
    Ok(Entropy::from_seed(seed).nonce())
}

#[expect(clippy::disallowed_methods, reason = "a command reads its environment")]
fn var(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
