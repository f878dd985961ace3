//! `watch`: queries the verdict of a verification until there is one.

use crate::error::CommandResult;
use crate::output::Output;
use crate::verification::{self, LIFETIME_SECONDS, VerificationArgs};

/// Query the verdict of a verification until there is one or the time is over
///
/// The interval between queries grows from 1 to 15 seconds. The exit status is 0 only if the person
/// passed, 3 if not, and 4 if there is no verdict when the time is over.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  cloudauth watch --scene-id 1000000006 --certify-id sha2a8... --for 600 && ./grant")]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    verification: VerificationArgs,
    /// Maximum polling time in seconds; a verification expires after 1800
    #[arg(long = "for", value_name = "SECONDS", default_value_t = LIFETIME_SECONDS)]
    seconds: u64,
}

pub(crate) fn run(args: &WatchArgs, output: &Output) -> CommandResult {
    let client = args.verification.service.client()?;
    verification::poll(&client, args.verification.query(), args.seconds, output)
}
