//! Input from files and standard input: what must not be on a command line, where other users of
//! the machine can see it. Every file is read up to a limit, so that a wrong path cannot fill the memory.

use core::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use cloudauth_proto::verify::{CallbackKey, IdNumber, IdentityCard, Picture, clean_text};
use cloudauth_proto::{Secret, Sensitive};
use serde_json::{Map, Value};

use crate::error::{CommandError, usage};

/// Of a person, a key, a token.
const SMALL: usize = 64 << 10;
/// Of a description of a device, and of certificates.
const MEDIUM: usize = 4 << 20;
/// Of parameters, which can contain pictures, and of files to upload.
const LARGE: usize = 32 << 20;

/// Where input comes from. Errors name the option and never the path: an ID number that was given in the
/// place of a file must not get into a log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'p> {
    name: &'static str,
    path: Option<&'p Path>,
}

impl<'p> Source<'p> {
    /// The file of an option or a variable.
    pub(crate) fn file(name: &'static str, path: &'p Path) -> Self {
        let path = Some(path);
        Self { name, path }
    }

    /// The file of an option, or else standard input.
    pub(crate) fn file_or_stdin(name: &'static str, path: Option<&'p Path>) -> Self {
        let name = if path.is_some() {
            name
        } else {
            "standard input"
        };
        Self { name, path }
    }

    fn error(self, problem: impl fmt::Display) -> CommandError {
        usage(format!("{}: {problem}", self.name))
    }

    /// Reads all of it, if that is at most `limit` bytes.
    fn bytes(self, limit: usize) -> Result<Vec<u8>, CommandError> {
        let read = match self.path {
            Some(path) => File::open(path).and_then(|file| up_to(file, limit)),
            None => up_to(io::stdin(), limit),
        };
        let bytes = read.map_err(|e| self.error(format!("cannot be read: {e}")))?;
        if bytes.len() > limit {
            return Err(self.error(format!("is larger than {} KiB", limit >> 10)));
        }
        Ok(bytes)
    }

    /// Reads UTF-8 without the byte order mark that some editors put before it.
    fn text(self, limit: usize) -> Result<Sensitive, CommandError> {
        let text = String::from_utf8(self.bytes(limit)?);
        let text = text.map_err(|_| self.error("is not UTF-8"))?;
        Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).into())
    }
}

/// One byte more than `limit` at most.
fn up_to(reader: impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a person's name and ID number, two lines.
pub(crate) fn person(from: Source<'_>) -> Result<IdentityCard, CommandError> {
    let text = from.text(SMALL)?;
    let lines = text.expose().lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>();
    let [name, number] = lines[..] else {
        return Err(from.error("must have two lines: the name and the ID number"));
    };
    let name = clean_text(name).map_err(|error| from.error(format!("the name {error}")))?;
    let number = IdNumber::new(number).map_err(|error| from.error(error))?;
    Ok(IdentityCard {
        name: name.into(),
        number: number.into(),
    })
}

/// Reads a JSON object: the parameters of an operation. Empty input is one without parameters, and so is
/// standard input if it is a terminal.
pub(crate) fn parameters(from: Source<'_>) -> Result<Map<String, Value>, CommandError> {
    if from.path.is_none() && io::stdin().is_terminal() {
        return Ok(Map::new());
    }
    let text = from.text(LARGE)?;
    if text.expose().trim().is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_str(text.expose()).map_err(|error| {
        let line = error.line();
        from.error(format!("is not a JSON object of parameters (line {line})"))
    })
}

/// Reads the JSON that describes a device.
pub(crate) fn meta_info(from: Source<'_>) -> Result<Sensitive, CommandError> {
    let text = from.text(MEDIUM)?;
    Ok(text.expose().trim().into())
}

/// Reads the key that makes and checks callback tokens.
pub(crate) fn callback_key(from: Source<'_>) -> Result<CallbackKey, CommandError> {
    CallbackKey::new(&from.bytes(SMALL)?).map_err(|error| from.error(error))
}

/// Reads a token, cleaned as a name is: with a mark in front it would equal no token of a callback.
pub(crate) fn token(from: Source<'_>) -> Result<Secret, CommandError> {
    let text = from.text(SMALL)?;
    let token = clean_text(text.expose());
    let token = token.map_err(|error| from.error(format!("the token {error}")))?;
    if token.is_empty() {
        return Err(from.error("is empty"));
    }
    Ok(Secret::new(token))
}

/// Reads a recording of shapes.
pub(crate) fn recording(from: Source<'_>) -> Result<Sensitive, CommandError> {
    from.text(LARGE)
}

/// Reads certificates in PEM.
pub(crate) fn certificates(from: Source<'_>) -> Result<Vec<u8>, CommandError> {
    let pem = from.bytes(MEDIUM)?;
    if pem.windows(11).any(|bytes| bytes == b"-----BEGIN ") {
        Ok(pem)
    } else {
        Err(from.error("contains no certificate in PEM"))
    }
}

/// Reads a picture.
pub(crate) fn picture(from: Source<'_>) -> Result<Picture, CommandError> {
    Picture::new(&from.bytes(LARGE)?).map_err(|error| from.error(error))
}

/// Reads a file to upload.
pub(crate) fn upload(from: Source<'_>) -> Result<Vec<u8>, CommandError> {
    let bytes = from.bytes(LARGE)?;
    if bytes.is_empty() {
        return Err(from.error("is an empty file"));
    }
    Ok(bytes)
}
