//! `whoami`: prints which credentials are found, and where.

use cloudauth_proto::WhoAmI;
use cloudauth_proto::credentials::SkippedSource;
use cloudauth_ureq::{Client, Options};
use serde_json::{Value, json};

use crate::error::CommandResult;
use crate::exit::Exit;
use crate::output::{Output, one_line};
use crate::service::ConnectionArgs;

/// Print which credentials are found, where, and which sources were skipped
///
/// Tries the same sources, in the same order, as a client without options. Sends nothing to the
/// identity verification service itself.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  cloudauth whoami --profile staging")]
pub(crate) struct WhoamiArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(crate) fn run(args: &WhoamiArgs, output: &Output) -> CommandResult {
    let client = Client::new(args.connection.apply(Options::from_env()?)?)?;
    let resolved = client.run(WhoAmI::new())?;
    let skipped = |source: &SkippedSource| Value::String(one_line(&source.to_string()));
    output.fields(&[
        ("source", json!(resolved.source)),
        ("access_key_id", json!(resolved.credentials.masked_id())),
        ("expires", json!(resolved.expires.map(|at| at.to_string()))),
        (
            "skipped_sources",
            resolved.skipped.iter().map(skipped).collect(),
        ),
    ]);
    Ok(Exit::Success)
}
