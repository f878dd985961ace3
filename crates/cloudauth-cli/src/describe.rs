//! `describe`: queries the verdict of a verification, once.

use cloudauth_proto::verify::Passed;

use crate::error::CommandResult;
use crate::exit::Exit;
use crate::output::Output;
use crate::verification::{VerificationArgs, verdict_fields};

/// Query the verdict of a verification, once
///
/// The exit status is 0 only if the person passed, 3 if not, and 4 if the person has not finished.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  cloudauth describe --scene-id 1000000006 --certify-id sha2a8... && echo passed")]
pub(crate) struct DescribeArgs {
    #[command(flatten)]
    verification: VerificationArgs,
}

pub(crate) fn run(args: &DescribeArgs, output: &Output) -> CommandResult {
    let verification = &args.verification;
    let client = verification.service.client()?;
    let reply = client.call(&verification.query())?;
    output.fields(&verdict_fields(&reply, output));
    Ok(Exit::of_verdict(
        reply.value.passed.as_ref().map(Passed::as_str),
    ))
}
