//! What all subcommands that call the service share: endpoints, signature, and the fields of a
//! reply's exchange.

use clap::ValueEnum;
use cloudauth_proto::{Attempt, Endpoint, Endpoints, Reply, Scheme};
use cloudauth_ureq::{Client, Options, OptionsError};
use serde_json::{Value, json};

use crate::output::{OutputArgs, OutputField, one_line};

#[derive(Debug, clap::Args)]
pub(crate) struct ServiceArgs {
    /// Endpoint; repeat the option to add fallbacks, in order [default: Shanghai, then Beijing]
    #[arg(long = "endpoint", value_name = "URL")]
    endpoints: Vec<Endpoint>,
    /// Signature scheme; acs3 puts parameters such as the name and the ID number into the URL, rpc
    /// into the body
    #[arg(long, value_enum, default_value_t = SchemeArg::Acs3)]
    pub(crate) scheme: SchemeArg,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

impl ServiceArgs {
    pub(crate) fn endpoints(&self) -> Endpoints {
        let mut endpoints = self.endpoints.iter().cloned();
        match endpoints.next() {
            Some(first) => endpoints.fold(Endpoints::only(first), Endpoints::then),
            None => Endpoints::default(),
        }
    }

    /// A client with credentials from the default chain.
    pub(crate) fn client(&self) -> Result<Client, OptionsError> {
        let options = Options::new()
            .endpoints(self.endpoints())
            .scheme(self.scheme.into());
        Client::new(options)
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SchemeArg {
    /// ACS3-HMAC-SHA256
    Acs3,
    /// RPC 1.0 with HMAC-SHA1
    Rpc,
}

impl From<SchemeArg> for Scheme {
    fn from(scheme: SchemeArg) -> Self {
        match scheme {
            SchemeArg::Acs3 => Self::Acs3HmacSha256,
            SchemeArg::Rpc => Self::RpcHmacSha1,
        }
    }
}

/// Request ID, endpoint, and the outcome of every attempt, the successful one last.
pub(crate) fn exchange_fields<T>(reply: &Reply<T>) -> [OutputField; 3] {
    let outcome = |attempt: &Attempt| {
        let outcome = format!("{}: {}", attempt.endpoint, attempt.outcome);
        Value::String(one_line(&outcome))
    };
    [
        ("RequestId", json!(reply.request_id)),
        ("endpoint", json!(reply.endpoint.to_string())),
        ("attempts", reply.attempts.iter().map(outcome).collect()),
    ]
}
