//! The errors of credentials and of their sources.

use alloc::borrow::Cow;
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
    /// No source has credentials. Lists the sources that were tried, in order.
    NoneFound(Vec<SkippedSource>),
    /// The deadline of the call passed before there were credentials.
    TimedOut,
}

/// A source that has no credentials and was skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedSource {
    /// The path of the source: the vendor's names of its providers, the outermost first, separated by
    /// slashes, such as `cli_profile/ram_role_arn/static_ak`.
    pub source: String,
    /// The reason why it has none.
    pub reason: SourceError,
}

impl SkippedSource {
    pub(crate) fn new(source: impl Into<String>, reason: SourceError) -> Self {
        let source = source.into();
        Self { source, reason }
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
    /// An environment variable disables the source.
    Disabled {
        /// The name of the variable.
        variable: &'static str,
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
    /// The output of the program is not the expected JSON.
    Output(DecodeErrorKind),
    /// The server refused the request.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The `Code` of the response, if it has one.
        code: Option<String>,
    },
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
}

/// A defect in a file with profiles: its location, never a value of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MalformedProfile {
    /// The number of the line, from 1, if it is known.
    pub line: Option<usize>,
    /// The name of the field, if it is a known one.
    pub field: Option<&'static str>,
    /// The defect, as a phrase that follows the location: `missing`, `not valid JSON`.
    pub problem: &'static str,
}

/// The reason why a driver could not supply the contents of a file or the output of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SupplyError {
    /// The file or the program does not exist.
    Missing,
    /// The permission to read or run it is missing.
    Denied,
    /// It is larger than 1 MiB.
    TooLarge,
    /// The program exited with this status. `None` if a signal ended it.
    Exited(Option<i32>),
    /// It was not read, or did not exit, within its time limit.
    TimedOut,
    /// Any other failure.
    Failed,
}

impl CredentialsError {
    /// Whether trying again in a moment may have another result.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Missing { .. } | Self::Invalid { .. } => false,
            Self::NoneFound(sources) => sources.iter().any(SkippedSource::is_transient),
            Self::TimedOut => true,
        }
    }

    /// The code with which a server refused to issue credentials; that of the last one.
    pub(crate) fn code(&self) -> Option<&str> {
        let mut refusals = self
            .sources()
            .iter()
            .rev()
            .filter_map(SkippedSource::refusal);
        refusals.find_map(|(_, code)| code)
    }

    /// Whether a server issued none because there were too many requests.
    pub(crate) fn is_throttled(&self) -> bool {
        let mut refusals = self.sources().iter().filter_map(SkippedSource::refusal);
        refusals.any(|(status, code)| {
            Classification::of_unavailable(status, code) == Some(Classification::Throttled)
        })
    }

    fn sources(&self) -> &[SkippedSource] {
        match self {
            Self::NoneFound(sources) => sources,
            Self::Missing { .. } | Self::Invalid { .. } | Self::TimedOut => &[],
        }
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
            SourceError::File { problem, .. } | SourceError::Program(problem) => {
                matches!(problem, SupplyError::TimedOut | SupplyError::Failed)
            }
            SourceError::Refused { status, code } => {
                Classification::of_unavailable(*status, code.as_deref()).is_some()
            }
            SourceError::NotSet { .. }
            | SourceError::Disabled { .. }
            | SourceError::Invalid { .. }
            | SourceError::Malformed { .. }
            | SourceError::Output(_)
            | SourceError::LogInAgain => false,
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
            Self::NoneFound(sources) => {
                f.write_str("no credentials")?;
                for (i, skipped) in sources.iter().enumerate() {
                    let comma = if i == 0 { ": " } else { "; " };
                    write!(f, "{comma}{skipped}")?;
                }
                Ok(())
            }
            Self::TimedOut => f.write_str("no credentials before the deadline of the call"),
        }
    }
}

impl core::error::Error for CredentialsError {}

impl fmt::Display for SkippedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.reason)
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSet { variable } => write!(f, "{variable} is not set"),
            Self::Disabled { variable } => write!(f, "disabled by {variable}"),
            Self::Invalid { name } => write!(f, "{name} is not valid"),
            Self::File { path, problem } => write!(f, "{path}: {problem}"),
            Self::Malformed { path, problem } => write!(f, "{path}{problem}"),
            Self::Program(problem) => write!(f, "program: {problem}"),
            Self::Output(problem) => write!(f, "program output: {problem}"),
            Self::Refused { status, code: None } => write!(f, "refused (HTTP {status})"),
            Self::Refused {
                status,
                code: Some(code),
            } => write!(f, "refused: {code} (HTTP {status})"),
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
        }
    }
}

impl fmt::Display for MalformedProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
            Self::TooLarge => f.write_str("exceeds 1 MiB"),
            Self::Exited(Some(status)) => write!(f, "exited with status {status}"),
            Self::Exited(None) => f.write_str("killed by a signal"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Failed => f.write_str("cannot be read"),
        }
    }
}
