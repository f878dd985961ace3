//! What `describe`, `watch` and `init --watch` share: the query for a verdict, polling for it, and its fields.

use core::time::Duration;

use cloudauth_proto::ops::{DescribeFaceVerify, DescribeFaceVerifyResponse};
use cloudauth_proto::verify::{Passed, PollVerdict};
use cloudauth_proto::{Reply, codes};
use cloudauth_ureq::Client;
use serde_json::json;

use crate::arguments::short;
use crate::attempts::exchange_fields;
use crate::error::{CommandError, CommandResult};
use crate::exit::Exit;
use crate::output::{self, Output, OutputField};
use crate::service::ServiceArgs;

/// How long a verification is valid.
pub(crate) const LIFETIME_SECONDS: u64 = 1_800;

#[derive(Debug, clap::Args)]
pub(crate) struct VerificationArgs {
    /// ID of the scene that the verification was opened with
    #[arg(long, value_name = "ID")]
    scene_id: i64,
    /// CertifyId that `cloudauth init` printed
    #[arg(long, value_name = "ID", value_parser = short)]
    certify_id: String,
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
}

impl VerificationArgs {
    pub(crate) fn query(&self) -> DescribeFaceVerify {
        DescribeFaceVerify::new(self.scene_id, self.certify_id.as_str())
    }
}

pub(crate) fn verdict_fields(
    reply: &Reply<DescribeFaceVerifyResponse>,
    output: &Output,
) -> Vec<OutputField> {
    let verdict = &reply.value;
    let reason = verdict.sub_code.as_deref().and_then(codes::sub_code);
    let mut fields = vec![
        ("Passed", json!(verdict.passed)),
        ("SubCode", json!(verdict.sub_code)),
        ("reason", json!(reason.map(|meaning| meaning.english))),
        ("DeviceRisk", json!(verdict.device_risk)),
    ];
    fields.extend(exchange_fields(reply, output));
    fields
}

/// Polls for a verdict, prints it, and returns the status that says whether the person passed.
pub(crate) fn poll(
    client: &Client,
    query: DescribeFaceVerify,
    seconds: u64,
    output: &Output,
) -> CommandResult {
    let poll = PollVerdict::new(query).for_at_most(Duration::from_secs(seconds));
    let spinner = output::spinner("waiting for the person to finish");
    let result = client.run(poll);
    spinner.finish_and_clear();
    let verdict = result?.ok_or(CommandError::NotFinished(
        "no verdict: the person did not finish in time",
    ))?;
    let reply = verdict.reply().response();
    output.fields(&verdict_fields(reply, output));
    Ok(Exit::of_verdict(
        reply.value.passed.as_ref().map(Passed::as_str),
    ))
}
