//! Input from files and standard input: what must not be on a command line, where other users of
//! the machine can see it.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use cloudauth_proto::verify::CallbackKey;
use cloudauth_proto::{Secret, Sensitive};

/// A person's name and ID number.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) name: Sensitive,
    pub(crate) id_number: Sensitive,
}

impl Person {
    /// Reads two lines from a file, or from standard input.
    pub(crate) fn read(file: Option<&Path>) -> Result<Self, String> {
        let text = string(file)?;
        let lines = text.expose().lines().map(str::trim);
        let mut lines = lines.filter(|line| !line.is_empty());
        match (lines.next(), lines.next(), lines.next()) {
            (Some(name), Some(id_number), None) => Ok(Self {
                name: name.into(),
                id_number: id_number.into(),
            }),
            _ => Err(format!(
                "{} must have two lines: the name and the ID number",
                display(file)
            )),
        }
    }
}

/// Reads a whole file, or all of standard input.
pub(crate) fn string(file: Option<&Path>) -> Result<Sensitive, String> {
    let read = if let Some(path) = file {
        fs::read_to_string(path)
    } else {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    };
    let text = read.map_err(|e| format!("cannot read {}: {e}", display(file)))?;
    Ok(text.into())
}

/// Reads the key that makes and checks callback tokens.
pub(crate) fn callback_key(file: &Path) -> Result<CallbackKey, String> {
    let name = file.display();
    let bytes = fs::read(file).map_err(|e| format!("cannot read {name}: {e}"))?;
    CallbackKey::new(&bytes).map_err(|e| format!("cannot use {name}: {e}"))
}

/// Reads a token, without the white space around it.
pub(crate) fn token(file: &Path) -> Result<Secret, String> {
    let text = string(Some(file))?;
    let token = text.expose().trim();
    if token.is_empty() {
        return Err(format!("{} is empty", file.display()));
    }
    Ok(Secret::new(token))
}

fn display(file: Option<&Path>) -> String {
    file.map_or_else(
        || "standard input".into(),
        |path| path.display().to_string(),
    )
}
