//! Parsing of arguments, and the errors of those that are wrong.
//!
//! An error is one line, and names the option and never its value: a person's ID number in the wrong
//! place must not get into a log.

use core::time::Duration;
use std::borrow::Cow;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::output::one_line;

/// No ID, URL or name of an option is longer (a limit of this command).
const LONGEST: usize = 2_048;

/// Parses a string that is neither empty nor huge, without control and invisible characters.
pub(crate) fn short(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() {
        Err("must not be empty")
    } else if text.len() > LONGEST {
        Err("is longer than 2048 bytes")
    } else if one_line(text) != text {
        Err("contains a control character or an invisible one")
    } else {
        Ok(text.to_owned())
    }
}

/// Parses a number of seconds above 0.
pub(crate) fn seconds(text: &str) -> Result<Duration, &'static str> {
    let problem = "must be a number of seconds above 0, such as 10 or 2.5";
    let seconds: f64 = text.parse().map_err(|_| problem)?;
    let duration = Duration::try_from_secs_f64(seconds).map_err(|_| problem)?;
    if duration.is_zero() {
        Err(problem)
    } else {
        Ok(duration)
    }
}

/// The line for arguments that cannot be parsed.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "clap may add kinds, and those left out cannot occur"
)]
pub(crate) fn problem(error: &clap::Error) -> String {
    let text = |kind| error.get(kind).map_or(Cow::Borrowed(""), listed);
    let argument = text(ContextKind::InvalidArg);
    let suggestion = [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
    ];
    let suggestion = suggestion.into_iter().find_map(|kind| error.get(kind));
    let problem = match error.kind() {
        ErrorKind::InvalidSubcommand => unknown("command", &text(ContextKind::InvalidSubcommand)),
        ErrorKind::UnknownArgument => unknown("option", &argument),
        ErrorKind::InvalidValue => match error.get(ContextKind::ValidValue) {
            Some(ContextValue::Strings(valid)) if !valid.is_empty() && valid.len() < 10 => {
                format!("{argument} must be one of {}", valid.join(", "))
            }
            Some(_) if argument.contains("ACTION") => "unknown operation".to_owned(),
            Some(_) | None => format!("{argument} needs a value"),
        },
        ErrorKind::ValueValidation => match core::error::Error::source(error) {
            Some(source) => format!("{argument}: {}", one_line(&source.to_string())),
            None => format!("{argument} has an invalid value"),
        },
        ErrorKind::MissingRequiredArgument => format!("missing: {argument}"),
        ErrorKind::ArgumentConflict => match text(ContextKind::PriorArg) {
            prior if prior.is_empty() || prior == argument => {
                format!("{argument} cannot be repeated")
            }
            prior => format!("{argument} cannot be used with {prior}"),
        },
        ErrorKind::InvalidUtf8 => "an argument is not Unicode".to_owned(),
        ErrorKind::NoEquals
        | ErrorKind::TooManyValues
        | ErrorKind::TooFewValues
        | ErrorKind::WrongNumberOfValues => format!("{argument} has the wrong number of values"),
        _ => "the arguments cannot be used".to_owned(),
    };
    match suggestion.map(listed) {
        Some(suggestion) => format!("{problem}; did you mean {suggestion}?"),
        None => format!("{problem}; see --help"),
    }
}

/// Names what is unknown, if it looks like a name and not like data.
fn unknown(what: &str, name: &str) -> String {
    let is_name = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    if is_name && (2..=24).contains(&name.len()) {
        format!("unknown {what} {name}")
    } else {
        format!("unknown {what}")
    }
}

fn listed(value: &ContextValue) -> Cow<'_, str> {
    if let ContextValue::String(text) = value {
        text.into()
    } else if let ContextValue::Strings(texts) = value {
        texts.join(", ").into()
    } else {
        "".into()
    }
}
