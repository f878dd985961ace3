//! `watch`: queries the verdict of a verification until there is one.

use core::time::Duration;

use cloudauth_proto::verify::PollVerdict;

use crate::error::CommandResult;
use crate::output;
use crate::verification::{VerificationArgs, verdict_fields};

/// Query the verdict of a verification until there is one or the time is over
///
/// The interval between queries grows from 1 to 15 seconds. Fails if there is no verdict when the
/// time is over.
#[derive(Debug, clap::Args)]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    pub(crate) verification: VerificationArgs,
    /// Maximum polling time in seconds; a verification expires after 1800
    #[arg(long = "for", value_name = "SECONDS", default_value_t = 1_800)]
    seconds: u64,
}

pub(crate) fn run(args: &WatchArgs) -> CommandResult {
    let verification = &args.verification;
    let client = verification.service.client()?;
    let poll =
        PollVerdict::new(verification.query()).for_at_most(Duration::from_secs(args.seconds));
    let spinner = output::spinner("waiting for the person to finish");
    let result = client.run(poll);
    spinner.finish_and_clear();
    let verdict = result?.ok_or("no verdict: the person did not finish in time")?;
    let fields = verdict_fields(verdict.reply().response());
    output::fields(&fields, verification.service.output);
    Ok(())
}
