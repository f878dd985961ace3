//! Errors of subcommands.

use core::fmt;

use cloudauth_proto::{Error as CallError, ServiceError};
use cloudauth_ureq::OptionsError;
use serde_json::{Value, json};

use crate::attempts;
use crate::exit::Exit;
use crate::output::{self, Output, OutputField};

/// Result of a subcommand.
pub(crate) type CommandResult = Result<Exit, CommandError>;

/// Why a subcommand failed.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// Wrong use: an argument, a file, a variable.
    Usage(String),
    /// There is no verdict yet.
    NotFinished(&'static str),
    /// A call failed.
    Call(Box<CallError>),
    /// Anything else.
    Failed(String),
}

/// Wrong use.
pub(crate) fn usage(problem: impl Into<String>) -> CommandError {
    CommandError::Usage(problem.into())
}

/// A failure that is neither wrong use nor that of a call.
pub(crate) fn failed(error: impl fmt::Display) -> CommandError {
    CommandError::Failed(error.to_string())
}

impl From<CallError> for CommandError {
    fn from(error: CallError) -> Self {
        Self::Call(Box::new(error))
    }
}

impl From<OptionsError> for CommandError {
    fn from(error: OptionsError) -> Self {
        let OptionsError::Option { name, problem } = error else {
            return failed(error);
        };
        // Options of this command have other names than those of the library.
        let name = match name {
            "root_certificates" => "the file of --ca or SSL_CERT_FILE",
            "proxies" => "--proxy",
            "max_attempts" => "--max-attempts",
            name => name,
        };
        Self::Usage(format!("{name} {problem}"))
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(problem) | Self::Failed(problem) => f.write_str(problem),
            Self::NotFinished(problem) => f.write_str(problem),
            Self::Call(error) => error.fmt(f),
        }
    }
}

impl CommandError {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::NotFinished(_) => Exit::NotFinished,
            Self::Call(error) => Exit::of(error),
            Self::Failed(_) => Exit::Failed,
        }
    }

    /// Prints the error to stderr: one line, or one JSON object.
    pub(crate) fn print(&self, output: &Output) {
        if output.prints_json_errors() {
            return output::to_stderr(&output::json_text(&self.json(output)));
        }
        output::to_stderr(&format!("error: {}", output::one_line(&self.to_string())));
        if let Some(refusal) = self.refusal().filter(|_| output.shows_message()) {
            let message = output::one_line(refusal.message.expose());
            output::to_stderr(&format!("  message of the service: {message}"));
        }
    }

    fn call(&self) -> Option<&CallError> {
        match self {
            Self::Call(error) => Some(error),
            Self::Usage(_) | Self::NotFinished(_) | Self::Failed(_) => None,
        }
    }

    fn json(&self, output: &Output) -> Value {
        let call = self.call();
        let refusal = self.refusal();
        let code = call.and_then(CallError::code);
        let meaning = call.and_then(CallError::meaning);
        let mismatch = refusal.and_then(|refusal| refusal.mismatch.as_ref());
        let mut fields: Vec<OutputField> = vec![
            ("error", json!(output::one_line(&self.to_string()))),
            ("exit", json!(self.exit().name())),
            ("Code", json!(code)),
            ("meaning", json!(meaning.map(|it| it.english))),
            (
                "responsible",
                json!(meaning.map(|it| it.responsible.to_string())),
            ),
            ("retry", json!(meaning.map(|it| it.retry.to_string()))),
            ("mismatch", json!(mismatch.map(ToString::to_string))),
            ("RequestId", json!(call.and_then(CallError::request_id))),
            (
                "may_have_been_carried_out",
                json!(call.is_some_and(CallError::may_have_been_carried_out)),
            ),
            (
                "attempts",
                attempts::json(call.map_or(&[], CallError::attempts)),
            ),
        ];
        if let Some(refusal) = refusal.filter(|_| output.shows_message()) {
            fields.push(("Message", json!(refusal.message.expose())));
        }
        output::object(&fields)
    }

    fn refusal(&self) -> Option<&ServiceError> {
        if let CallError::Service(refusal) = self.call()? {
            Some(refusal)
        } else {
            None
        }
    }
}
