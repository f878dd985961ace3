//! Exit statuses of the command.

use cloudauth_proto::{AttemptOutcome, Error, ServiceError};

/// How the command ended, as its exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Success = 0,
    Failed = 1,
    Usage = 2,
    NotPassed = 3,
    NotFinished = 4,
    Refused = 5,
    Unreachable = 6,
    OutcomeUnknown = 7,
    NoCredentials = 8,
}

/// The end of `--help`.
pub(crate) const HELP: &str = "\
Exit status:
  0  success; where there is a verdict: the person passed
  1  another failure: output that cannot be written, a broken rule of `sim explore`
  2  wrong use: an argument, an input file, a variable or a parameter; nothing was sent
  3  the person did not pass
  4  the person has not finished
  5  the service refused the operation
  6  no endpoint was reached; the operation was not carried out
  7  the outcome is unknown: the operation may have been carried out
  8  no credentials

So `cloudauth watch ... && grant` grants only for a person who passed.

Results are JSON if stdout is not a terminal; `jq` selects from them:
  cloudauth call DescribeVerifySearchPageList --params search.json --all-pages \\
    | jq -r '.reply.Items[] | [.CertifyId, .Passed] | @tsv'";

impl Exit {
    /// The name in the JSON of an error.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::NotPassed => "not_passed",
            Self::NotFinished => "not_finished",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::NoCredentials => "no_credentials",
        }
    }

    /// The status after this error of a call.
    pub(crate) fn of(error: &Error) -> Self {
        if error.may_have_been_carried_out() {
            return Self::OutcomeUnknown;
        }
        match error {
            Error::Invalid(_) => Self::Usage,
            Error::Service(refusal) if is_not_finished(refusal) => Self::NotFinished,
            Error::Service(_) => Self::Refused,
            Error::Credentials(_) => Self::NoCredentials,
            Error::Upload(upload) => match upload.attempts().last().map(|it| &it.outcome) {
                Some(AttemptOutcome::Response { .. }) => Self::Refused,
                Some(_) | None => Self::Unreachable,
            },
            Error::Exhausted(_) | Error::Evidence(_) => Self::Unreachable,
            Error::Decode(_) | Error::Uncertain(_) => Self::OutcomeUnknown,
            Error::Finished | _ => Self::Failed,
        }
    }

    /// The status after a verdict, the field `Passed` of a reply.
    pub(crate) fn of_verdict(passed: Option<&str>) -> Self {
        match passed {
            Some("T") => Self::Success,
            None | Some("") => Self::NotFinished,
            Some(_) => Self::NotPassed,
        }
    }
}

/// Whether a query for a verdict was refused because there is none yet (documented: 424, and 403 for a
/// verification without a record).
fn is_not_finished(refusal: &ServiceError) -> bool {
    refusal.action == "DescribeFaceVerify" && matches!(refusal.code.as_deref(), Some("403" | "424"))
}
