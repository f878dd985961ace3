//! Input that must not stand on a command line.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use cloudauth_proto::Sensitive;

/// A name and a document's number.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) name: Sensitive,
    pub(crate) number: Sensitive,
}

impl Person {
    /// Reads two lines from a file, or from standard input.
    pub(crate) fn read(file: Option<&Path>) -> Result<Self, String> {
        let text = text(file)?;
        let mut lines = text.expose().lines().map(str::trim);
        let mut lines = lines.by_ref().filter(|line| !line.is_empty());
        match (lines.next(), lines.next(), lines.next()) {
            (Some(name), Some(number), None) => Ok(Self {
                name: name.into(),
                number: number.into(),
            }),
            _ => Err(format!(
                "{} must have two lines: the name and the number",
                called(file)
            )),
        }
    }
}

/// Reads all of a file, or of standard input.
pub(crate) fn text(file: Option<&Path>) -> Result<Sensitive, String> {
    let read = if let Some(path) = file {
        fs::read_to_string(path)
    } else {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    };
    let text = read.map_err(|e| format!("cannot read {}: {e}", called(file)))?;
    Ok(text.into())
}

fn called(file: Option<&Path>) -> String {
    file.map_or_else(
        || "standard input".into(),
        |path| path.display().to_string(),
    )
}
