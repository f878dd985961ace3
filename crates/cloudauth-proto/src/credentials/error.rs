//! The errors of credentials and of their sources.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::decode::DecodeErrorKind;
use crate::policy::Classification;

/// The reason why there are no credentials to sign with.
///
/// Neither `Display` nor `Debug` shows a value that was read, or a response: they name variables, fields,
/// paths and sources only.
///
/// ```
/// use cloudauth_proto::Error;
/// use cloudauth_proto::credentials::CredentialsError;
///
/// /// Text for the log of a program whose calls need credentials.
/// fn explain(error: &Error) -> String {
///     match error {
///         Error::Credentials(reason) => match &**reason {
///             CredentialsError::NoneFound(skipped) => {
///                 let lines = skipped.iter().map(|source| format!("\n  {source}"));
///                 format!("no source has credentials:{}", lines.collect::<String>())
///             }
///             CredentialsError::Failed { source, .. } => format!("repair this source: {source}"),
///             other => other.to_string(),
///         },
///         other => other.to_string(),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialsError {
    /// A required environment variable is not set, or empty.
    Missing {
        /// The name of the variable.
        variable: &'static str,
    },
    /// A value is empty, contains a character that is not allowed (a line end, a space, a quote), or is
    /// otherwise malformed.
    Invalid {
        /// The variable or the argument with the value.
        name: &'static str,
    },
    /// A source is configured, or was used before, and cannot be used. Sources after it are not tried: they
    /// may belong to another account.
    Failed {
        /// The source, and what is wrong with it.
        source: Box<SkippedSource>,
        /// The sources before it, in order.
        skipped: Vec<SkippedSource>,
    },
    /// No source is configured. Lists the sources that were tried, in order.
    NoneFound(Vec<SkippedSource>),
    /// The deadline of the call passed before there were credentials.
    TimedOut,
}

/// A source without credentials, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedSource {
    /// The path of the source: the vendor's names of its providers, the outermost first, separated by
    /// slashes, such as `cli_profile/ram_role_arn/static_ak`.
    pub source: String,
    /// The profile that describes the source, if one does: its name and its file, such as
    /// `staging in /home/app/.aliyun/config.json`.
    pub profile: Option<String>,
    /// The reason why it has none.
    pub reason: SourceError,
}

impl SkippedSource {
    /// A source of this name, for [`Source::Absent`](super::Source::Absent).
    #[must_use]
    pub fn new(source: impl Into<String>, reason: SourceError) -> Self {
        Self {
            source: source.into(),
            profile: None,
            reason,
        }
    }
}

/// The reason why a source has no credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceError {
    /// A required environment variable is not set, or empty.
    NotSet {
        /// The name of the variable.
        variable: &'static str,
    },
    /// An environment variable is set, and its value is not Unicode.
    NotUnicode {
        /// The name of the variable.
        variable: &'static str,
    },
    /// Two environment variables that do not belong together are set: a key and a token of different
    /// families, or two different names of a profile.
    Conflict {
        /// The names of the variables.
        variables: [&'static str; 2],
    },
    /// An access key ID is that of a temporary key, which begins with `STS.`, and its token is missing.
    NoToken {
        /// The variable or the argument with the ID.
        name: &'static str,
    },
    /// An environment variable disables the source.
    Disabled {
        /// The name of the variable.
        variable: &'static str,
    },
    /// No file has the profile of this name.
    UnknownProfile {
        /// The name.
        name: String,
    },
    /// A later file has the profile, too, and is not used.
    Shadowed {
        /// The path of the file that is not used.
        path: String,
        /// The path of the file that is used.
        by: String,
    },
    /// A required value is malformed.
    Invalid {
        /// The name of the value.
        name: Cow<'static, str>,
    },
    /// A file could not be read.
    File {
        /// The path of the file.
        path: String,
        /// The reason.
        problem: SupplyError,
    },
    /// A file with profiles is malformed or lacks a value.
    Malformed {
        /// The path of the file.
        path: String,
        /// The location and the kind of the defect.
        problem: MalformedProfile,
    },
    /// The program could not be run to a successful end.
    Program(SupplyError),
    /// The source of the caller's own has failed.
    Custom(SupplyError),
    /// The output of the program is not the expected JSON.
    Output(DecodeErrorKind),
    /// The server refused the request.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The `Code` of the response, if it has one.
        code: Option<String>,
    },
    /// The metadata service has no role.
    NoRole,
    /// No connection could be made: certainly nothing was sent.
    CannotConnect {
        /// The last cause in the driver's error.
        cause: String,
    },
    /// No complete response arrived.
    NoResponse {
        /// The last cause in the driver's error, if it has reported one.
        cause: Option<String>,
    },
    /// The response is not the expected JSON.
    Decode(DecodeErrorKind),
    /// The credentials have expired already.
    Expired,
    /// The stored login has expired: log in again with the CLI.
    LogInAgain,
    /// The time for it was over first: that of the refresh, or that of the call that runs it.
    TimedOut,
    /// The driver fetches no credentials: it works with keys that it is given.
    Unsupported,
}

/// A defect in a file with profiles: its location, never a value of the file except for the name of the
/// profile.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MalformedProfile {
    /// The name of the profile, if the defect is in one.
    pub profile: Option<String>,
    /// The number of the line, from 1, if it is known.
    pub line: Option<usize>,
    /// The name of the field, if it is a known one.
    pub field: Option<&'static str>,
    /// The defect, as a phrase that follows the location: `missing`, `not valid JSON`.
    pub problem: &'static str,
}

/// The reason why a driver could not supply the contents of a file, the output of a program, or the
/// credentials of a source of the caller's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SupplyError {
    /// The file or the program does not exist, or the driver has no source of this name.
    Missing,
    /// The permission to read, run or use it is missing.
    Denied,
    /// It is larger than 16 MiB.
    TooLarge,
    /// The program exited with this status. `None` if a signal ended it.
    Exited(Option<i32>),
    /// It was not read, or did not exit, within its time limit.
    TimedOut,
    /// The platform has no files or no programs. A file of the default chain is then skipped, as one that
    /// does not exist is.
    Unsupported,
    /// Any other failure.
    Failed,
}

#[cfg(feature = "std")]
impl From<std::io::Error> for SupplyError {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "all other kinds are failures"
        )]
        match error.kind() {
            // Daemons have `HOME=/dev/null`.
            ErrorKind::NotFound | ErrorKind::NotADirectory => Self::Missing,
            ErrorKind::PermissionDenied => Self::Denied,
            ErrorKind::TimedOut => Self::TimedOut,
            ErrorKind::Unsupported => Self::Unsupported,
            _ => Self::Failed,
        }
    }
}

impl CredentialsError {
    /// Whether trying again in a moment may have another result.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Missing { .. } | Self::Invalid { .. } => false,
            Self::Failed { source, .. } => source.is_transient(),
            Self::NoneFound(sources) => sources.iter().any(SkippedSource::is_transient),
            Self::TimedOut => true,
        }
    }

    /// The code with which a server refused to issue credentials; that of the last one.
    pub(crate) fn code(&self) -> Option<&str> {
        let mut refusals = self.sources().rev().filter_map(SkippedSource::refusal);
        refusals.find_map(|(_, code)| code)
    }

    /// Whether a server issued none because there were too many requests.
    pub(crate) fn is_throttled(&self) -> bool {
        let mut refusals = self.sources().filter_map(SkippedSource::refusal);
        refusals.any(|(status, code)| {
            Classification::of_unavailable(status, code) == Some(Classification::Throttled)
        })
    }

    /// The sources that were skipped, then the one that failed.
    fn sources(&self) -> impl DoubleEndedIterator<Item = &SkippedSource> {
        let (skipped, failed) = match self {
            Self::NoneFound(skipped) => (&**skipped, None),
            Self::Failed { source, skipped } => (&**skipped, Some(&**source)),
            Self::Missing { .. } | Self::Invalid { .. } | Self::TimedOut => (&[][..], None),
        };
        skipped.iter().chain(failed)
    }

    /// Whether the source could not be reached.
    pub(crate) fn is_unreachable(&self) -> bool {
        let Self::Failed { source, .. } = self else {
            return false;
        };
        matches!(
            source.reason,
            SourceError::CannotConnect { .. }
                | SourceError::NoResponse { .. }
                | SourceError::TimedOut
        )
    }
}

impl SkippedSource {
    /// Status and code of the server that refused.
    fn refusal(&self) -> Option<(u16, Option<&str>)> {
        if let SourceError::Refused { status, code } = &self.reason {
            Some((*status, code.as_deref()))
        } else {
            None
        }
    }

    fn is_transient(&self) -> bool {
        // A program that does not run on an instance has no metadata service. With a role, the failed
        // connection may be that to STS.
        let is_metadata =
            self.source.ends_with("ecs_ram_role") && !self.source.contains("ram_role_arn");
        match &self.reason {
            SourceError::CannotConnect { .. } => !is_metadata,
            SourceError::NoResponse { .. }
            | SourceError::TimedOut
            | SourceError::Decode(_)
            | SourceError::Expired => true,
            SourceError::File { problem, .. }
            | SourceError::Program(problem)
            | SourceError::Custom(problem) => {
                matches!(problem, SupplyError::TimedOut | SupplyError::Failed)
            }
            SourceError::Refused { status, code } => {
                Classification::of_unavailable(*status, code.as_deref()).is_some()
            }
            SourceError::NotSet { .. }
            | SourceError::NotUnicode { .. }
            | SourceError::Conflict { .. }
            | SourceError::NoToken { .. }
            | SourceError::Disabled { .. }
            | SourceError::UnknownProfile { .. }
            | SourceError::Shadowed { .. }
            | SourceError::NoRole
            | SourceError::Invalid { .. }
            | SourceError::Malformed { .. }
            | SourceError::Output(_)
            | SourceError::LogInAgain
            | SourceError::Unsupported => false,
        }
    }
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { variable } => {
                write!(f, "no credentials: {variable} is not set")
            }
            Self::Invalid { name } => write!(
                f,
                "cannot use {name}: it is empty, malformed or contains an invalid character \
                 such as a space, a line end or a quote"
            ),
            Self::Failed { source, skipped } => {
                write!(f, "no credentials: {source}")?;
                list(f, "; not used before it: ", skipped)
            }
            Self::NoneFound(sources) => {
                f.write_str("no credentials")?;
                list(f, ": ", sources)
            }
            Self::TimedOut => f.write_str("no credentials before the deadline of the call"),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, first: &str, sources: &[SkippedSource]) -> fmt::Result {
    for (i, skipped) in sources.iter().enumerate() {
        let comma = if i == 0 { first } else { "; " };
        write!(f, "{comma}{skipped}")?;
    }
    Ok(())
}

impl core::error::Error for CredentialsError {}

impl fmt::Display for SkippedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        if let Some(profile) = &self.profile {
            write!(f, " (profile {profile})")?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSet { variable } => write!(f, "{variable} is not set"),
            Self::NotUnicode { variable } => write!(f, "{variable} is not Unicode"),
            Self::Conflict {
                variables: [one, other],
            } => write!(
                f,
                "{one} and {other} contradict each other: unset one of them"
            ),
            Self::NoToken { name } => write!(
                f,
                "{name} is the ID of a temporary access key, whose security token is missing"
            ),
            Self::Disabled { variable } => write!(f, "disabled by {variable}"),
            Self::UnknownProfile { name } => write!(f, "no file has the profile {name:?}"),
            Self::Shadowed { path, by } => {
                write!(f, "{path} has the profile, too; {by} is used")
            }
            Self::Invalid { name } => write!(f, "{name} is not valid"),
            Self::File { path, problem } => write!(f, "{path}: {problem}"),
            Self::Malformed { path, problem } => write!(f, "{path}{problem}"),
            Self::Program(problem) => write!(f, "program: {problem}"),
            Self::Custom(SupplyError::Failed) => f.write_str("failed"),
            Self::Custom(problem) => problem.fmt(f),
            Self::Output(problem) => write!(f, "program output: {problem}"),
            Self::Refused { status, code: None } => write!(f, "refused (HTTP {status})"),
            Self::Refused {
                status,
                code: Some(code),
            } => write!(f, "refused: {code} (HTTP {status})"),
            Self::NoRole => f.write_str("the metadata service has no role"),
            Self::CannotConnect { cause } => write!(f, "cannot connect: {cause}"),
            Self::NoResponse { cause: None } => f.write_str("no complete response"),
            Self::NoResponse { cause: Some(cause) } => {
                write!(f, "no complete response: {cause}")
            }
            Self::Decode(problem) => problem.fmt(f),
            Self::Expired => f.write_str("the credentials have expired"),
            Self::LogInAgain => {
                f.write_str("the stored login has expired: log in again with the CLI")
            }
            Self::TimedOut => f.write_str("timed out"),
            Self::Unsupported => f.write_str("this client works only with keys that it is given"),
        }
    }
}

impl fmt::Display for MalformedProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(profile) = &self.profile {
            write!(f, ", profile {profile:?}")?;
        }
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(field) = self.field {
            write!(f, ", {field}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl fmt::Display for SupplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("not found"),
            Self::Denied => f.write_str("permission denied"),
            Self::TooLarge => f.write_str("exceeds 16 MiB"),
            Self::Exited(Some(status)) => write!(f, "exited with status {status}"),
            Self::Exited(None) => f.write_str("killed by a signal"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Unsupported => f.write_str("not supported on this platform"),
            Self::Failed => f.write_str("cannot be read"),
        }
    }
}
