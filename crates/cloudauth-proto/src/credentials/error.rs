//! Why there are no credentials.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::error::Unreadable;

/// There are no credentials, or none that can be used. Its text holds no secret and no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialsError {
    /// A variable of the environment that is needed is not set.
    Missing {
        /// Its name.
        variable: &'static str,
    },
    /// A value is empty or has a character (a line end, a space) that no key has.
    Unusable {
        /// The variable or argument that holds it.
        name: &'static str,
    },
    /// No source gave any: which were tried, in order, and why each was passed over.
    NoneFound(Vec<PassedOver>),
    /// They were not there before the call's time was over.
    NotInTime,
}

/// A source that gave no credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PassedOver {
    /// The source: the vendor's names of its providers, outermost first, with slashes between.
    pub source: String,
    /// Why it gave none.
    pub reason: Reason,
}

impl PassedOver {
    pub(crate) fn new(source: impl Into<String>, reason: Reason) -> Self {
        let source = source.into();
        Self { source, reason }
    }
}

/// Why a source gave no credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// A variable that it needs is not set, or empty.
    NotSet {
        /// Its name.
        variable: &'static str,
    },
    /// A variable turns it off.
    Disabled {
        /// Its name.
        variable: &'static str,
    },
    /// A value that it needs cannot be used.
    Unusable {
        /// The value's name.
        name: Cow<'static, str>,
    },
    /// A file could not be read.
    File {
        /// Where it should be.
        path: String,
        /// What is wrong with it.
        problem: Unsupplied,
    },
    /// A file does not hold what it should.
    Malformed {
        /// Where it is.
        path: String,
        /// What is wrong with it.
        problem: Malformed,
    },
    /// The program gave nothing.
    Program(Unsupplied),
    /// What the program printed is not what it should print.
    Printed(Unreadable),
    /// Who was asked said no.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The code, if there was one.
        code: Option<String>,
    },
    /// No connection came about: certainly nothing was sent.
    NoConnection,
    /// No whole reply came.
    NoReply,
    /// A reply came that is not what it should be.
    Unreadable(Unreadable),
    /// What it gave is out of date already.
    Expired,
    /// The login that is stored is out of date: log in again with the CLI.
    LogInAgain,
    /// The caller's time was over first.
    OutOfTime,
}

/// What is wrong with a file: where, never what stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Malformed {
    /// The line, counted from one, if it is known.
    pub line: Option<usize>,
    /// The field, if it is one of those that are known.
    pub field: Option<&'static str>,
    /// What is wrong, to be read after "it".
    pub problem: &'static str,
}

/// Why a driver could not supply a file's contents or a program's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsupplied {
    /// There is no such file or program.
    Missing,
    /// It may not be read or run.
    Denied,
    /// It is larger than a driver reads.
    TooLarge,
    /// The program ended with this status, or by a signal.
    Exited(Option<i32>),
    /// The program was ended at its time limit.
    TimedOut,
    /// Anything else.
    Failed,
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { variable } => {
                write!(f, "no credentials: {variable} is not set")
            }
            Self::Unusable { name } => write!(
                f,
                "unusable credentials: {name} is empty or holds a space, a line end \
                 or another character that no key has"
            ),
            Self::NoneFound(sources) => {
                f.write_str("no credentials")?;
                for (i, passed_over) in sources.iter().enumerate() {
                    let comma = if i == 0 { ": " } else { "; " };
                    write!(f, "{comma}{passed_over}")?;
                }
                Ok(())
            }
            Self::NotInTime => f.write_str("no credentials before the call's time was over"),
        }
    }
}

impl core::error::Error for CredentialsError {}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSet { variable } => write!(f, "{variable} is not set"),
            Self::Disabled { variable } => write!(f, "turned off by {variable}"),
            Self::Unusable { name } => write!(f, "{name} cannot be used"),
            Self::File { path, problem } => write!(f, "{path} {problem}"),
            Self::Malformed { path, problem } => write!(f, "{path}{problem}"),
            Self::Program(problem) => write!(f, "the program {problem}"),
            Self::Printed(problem) => write!(f, "the program's output: {problem}"),
            Self::Refused { status, code: None } => write!(f, "refused (HTTP {status})"),
            Self::Refused {
                status,
                code: Some(code),
            } => write!(f, "refused: {code} (HTTP {status})"),
            Self::NoConnection => f.write_str("cannot connect"),
            Self::NoReply => f.write_str("no reply"),
            Self::Unreadable(problem) => problem.fmt(f),
            Self::Expired => f.write_str("what it gave is out of date"),
            Self::LogInAgain => {
                f.write_str("the stored login is out of date: log in again with the CLI")
            }
            Self::OutOfTime => f.write_str("the call's time was over first"),
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(field) = self.field {
            write!(f, ", {field}")?;
        }
        write!(f, ": it {}", self.problem)
    }
}

impl fmt::Display for Unsupplied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("does not exist"),
            Self::Denied => f.write_str("is not permitted"),
            Self::TooLarge => f.write_str("gives too much"),
            Self::Exited(Some(status)) => write!(f, "ended with status {status}"),
            Self::Exited(None) => f.write_str("was ended by a signal"),
            Self::TimedOut => f.write_str("did not end in time"),
            Self::Failed => f.write_str("cannot be read"),
        }
    }
}
