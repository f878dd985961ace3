//! Errors of subcommands.
#![expect(clippy::print_stderr, reason = "a command prints")]

use core::error::Error;

use cloudauth_proto::Error as CallError;
use serde_json::json;

use crate::output;

/// Result of a subcommand. [`print()`] shows the error.
pub(crate) type CommandResult = Result<(), Box<dyn Error>>;

/// Prints an error to stderr: one line of plain characters, or one JSON object.
pub(crate) fn print(error: &(dyn Error + 'static), json: bool) {
    let line = output::one_line(&error.to_string());
    if !json {
        return eprintln!("error: {line}");
    }
    let call = error.downcast_ref::<CallError>();
    let fault = match call {
        Some(CallError::Service(fault)) => Some(fault),
        Some(_) | None => None,
    };
    let code = fault.and_then(|fault| fault.code.as_deref());
    let mismatch = fault.and_then(|fault| fault.mismatch.as_ref());
    let maybe_done = call.is_some_and(CallError::may_have_been_carried_out);
    let fields = [
        ("error", json!(line)),
        ("Code", json!(code)),
        ("mismatch", json!(mismatch.map(ToString::to_string))),
        ("RequestId", json!(call.and_then(CallError::request_id))),
        ("may_have_been_carried_out", json!(maybe_done)),
    ];
    eprintln!("{}", output::object(&fields));
}
