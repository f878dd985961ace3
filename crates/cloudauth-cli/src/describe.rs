//! `describe`: queries the verdict of a verification, once.

use crate::error::CommandResult;
use crate::output;
use crate::verification::{VerificationArgs, verdict_fields};

/// Query the verdict of a verification, once
#[derive(Debug, clap::Args)]
pub(crate) struct DescribeArgs {
    #[command(flatten)]
    pub(crate) verification: VerificationArgs,
}

pub(crate) fn run(args: &DescribeArgs) -> CommandResult {
    let verification = &args.verification;
    let client = verification.service.client()?;
    let reply = client.call(&verification.query())?;
    output::fields(&verdict_fields(&reply), verification.service.output);
    Ok(())
}
