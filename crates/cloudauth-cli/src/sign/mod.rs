//! `sign`: prints how a request is signed.

mod curl;

use std::path::PathBuf;

use cloudauth_proto::driver::{Method, Request};
use cloudauth_proto::operation::{Field, ParamLocation, Params};
use cloudauth_proto::sign::Nonce;
use cloudauth_proto::sign::{Draft, Stamp};
use cloudauth_proto::{Credentials, Entropy, Scheme, UnixTime, WhoAmI, ops};
use cloudauth_ureq::Client;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::arguments::short;
use crate::clock::now;
use crate::error::{CommandError, CommandResult, failed, usage};
use crate::exit::Exit;
use crate::input::{self, Source};
use crate::operation::similar;
use crate::output::{self, Output};
use crate::service::ServiceArgs;

/// Print how a request is signed, without sending it
///
/// Prints every parameter, a name or an ID number included: do not log the output. Signs with the
/// credentials that a call would use.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  echo '{\"SceneId\": 1, \"CertifyId\": \"sha0\"}' | cloudauth sign DescribeFaceVerify
  cloudauth sign DescribeFaceVerify --params query.json --curl | sh")]
pub(crate) struct SignArgs {
    /// Operation, for example DescribeFaceVerify
    #[arg(value_parser = short)]
    action: String,
    /// File with the parameters, a JSON object of strings, numbers and booleans [default: standard
    /// input]
    #[arg(long, value_name = "FILE")]
    params: Option<PathBuf>,
    /// API version; of another one than 2019-03-07 any operation is signed, its parameters in the query
    #[arg(long, default_value = LISTED_VERSION, value_parser = short)]
    api_version: String,
    /// Time of the signature, in seconds since 1970-01-01 UTC [default: now]
    #[arg(long, value_name = "SECONDS")]
    at: Option<u64>,
    /// Nonce of the signature, visible ASCII characters [default: a random one]
    #[arg(long, value_parser = short)]
    nonce: Option<String>,
    /// Print the curl command that sends the request. A security token is not part of it: curl takes that
    /// from `ALIBABA_CLOUD_SECURITY_TOKEN`
    #[arg(long)]
    curl: bool,
    #[command(flatten)]
    service: ServiceArgs,
}

/// Version of the operations that are listed.
const LISTED_VERSION: &str = "2019-03-07";

pub(crate) fn run(args: &SignArgs, output: &Output) -> CommandResult {
    let known = ops::ALL.iter().find(|info| info.action == args.action);
    if known.is_none() && args.api_version == LISTED_VERSION {
        return Err(usage(similar(&args.action)));
    }
    let params = params(args)?;
    let options = args.service.options()?;
    let scheme = options.signature_scheme();
    let endpoint = options.endpoint_list()[0].clone();
    let credentials = Client::new(options)?.run(WhoAmI::new())?.credentials;
    let stamp = Stamp {
        at: args.at.map_or_else(now, UnixTime::from_seconds),
        nonce: match &args.nonce {
            Some(nonce) => Nonce::new(nonce)
                .ok_or_else(|| usage("--nonce must be visible ASCII characters"))?,
            None => new_nonce()?,
        },
        retry: None,
    };
    let draft = Draft::new(
        known.map_or(Method::Post, |info| info.method),
        args.action.clone(),
        args.api_version.clone(),
        &endpoint,
        &params,
    )
    .map_err(|error| usage(error.to_string()))?;
    let request = scheme.sign(&draft, &credentials, &stamp);
    if args.curl {
        output.line(&curl::command(&endpoint, &request, &credentials)?);
        return Ok(Exit::Success);
    }
    let explanation = scheme.explain(&draft, &credentials, &stamp);
    let mask = |text: String| without_token(text, &credentials);
    let canonical = match scheme {
        Scheme::RpcHmacSha1 => "sorted_parameters",
        Scheme::Acs3HmacSha256 | _ => "canonical_request",
    };
    output.blocks(&[
        (canonical, mask(explanation.canonical)),
        ("string_to_sign", mask(explanation.string_to_sign)),
        ("request", mask(head(&request))),
        ("body", mask(body(&request))),
    ]);
    Ok(Exit::Success)
}

/// The parameters, each in the query or the form as the operation's table says; unknown ones go into
/// the query.
fn params(args: &SignArgs) -> Result<Params, CommandError> {
    let object: Map<String, Value> =
        input::parameters(Source::file_or_stdin("--params", args.params.as_deref()))?;
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
                return Err(usage(format!(
                    "{name} must be a string, a number or a boolean"
                )));
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

/// Stands for the security token.
const MASK: &str = "[security-token]";

fn without_token(text: String, credentials: &Credentials) -> String {
    let Some(token) = credentials.security_token() else {
        return text;
    };
    let encoded = utf8_percent_encode(token.expose(), ESCAPED).to_string();
    text.replace(token.expose(), MASK).replace(&encoded, MASK)
}

fn new_nonce() -> Result<Nonce, CommandError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|_| failed("no randomness for a nonce; set --nonce"))?;
    Ok(Entropy::from_seed(seed).nonce())
}
