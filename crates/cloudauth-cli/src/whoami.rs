//! `whoami`: prints which credentials are found, and where.

use cloudauth_proto::WhoAmI;
use cloudauth_proto::credentials::SkippedSource;
use cloudauth_ureq::{Client, Options};
use serde_json::{Value, json};

use crate::error::CommandResult;
use crate::output::{self, OutputArgs, one_line};

/// Print which credentials are found, where, and which sources were skipped
///
/// Tries the same sources, in the same order, as a client without options. Sends nothing to the
/// identity verification service itself.
#[derive(Debug, clap::Args)]
pub(crate) struct WhoamiArgs {
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

pub(crate) fn run(args: &WhoamiArgs) -> CommandResult {
    let client = Client::new(Options::new())?;
    let resolved = client.run(WhoAmI::new())?;
    let skipped = |source: &SkippedSource| Value::String(one_line(&source.to_string()));
    let fields = [
        ("source", json!(resolved.source)),
        ("access_key_id", json!(resolved.credentials.masked_id())),
        ("expires", json!(resolved.expires.map(|at| at.to_string()))),
        (
            "skipped_sources",
            resolved.skipped.iter().map(skipped).collect(),
        ),
    ];
    output::fields(&fields, args.output);
    Ok(())
}
