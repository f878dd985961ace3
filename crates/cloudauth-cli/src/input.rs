//! Input from files and standard input: what must not be on a command line, where other users of
//! the machine can see it.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use cloudauth_proto::verify::{CallbackKey, IdNumber, IdentityCard, clean_text};
use cloudauth_proto::{Secret, Sensitive};

/// Reads a person's name and ID number, two lines, from a file or from standard input.
pub(crate) fn person(file: Option<&Path>) -> Result<IdentityCard, String> {
    let text = string(file)?;
    let lines = text.expose().lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>();
    let [name, number] = lines[..] else {
        return Err(format!(
            "{} must have two lines: the name and the ID number",
            display(file)
        ));
    };
    let name = clean_text(name).map_err(|e| format!("the name in {} {e}", display(file)))?;
    let number = IdNumber::new(number).map_err(|e| format!("cannot use {}: {e}", display(file)))?;
    Ok(IdentityCard {
        name: name.into(),
        number: number.into(),
    })
}

/// Reads a whole file, or all of standard input, without the byte order mark that editors write.
pub(crate) fn string(file: Option<&Path>) -> Result<Sensitive, String> {
    let read = if let Some(path) = file {
        fs::read_to_string(path)
    } else {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    };
    let text = read.map_err(|e| format!("cannot read {}: {e}", display(file)))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).into())
}

/// Reads the key that makes and checks callback tokens.
pub(crate) fn callback_key(file: &Path) -> Result<CallbackKey, String> {
    let name = file.display();
    let bytes = fs::read(file).map_err(|e| format!("cannot read {name}: {e}"))?;
    CallbackKey::new(&bytes).map_err(|e| format!("cannot use {name}: {e}"))
}

/// Reads a token, cleaned as a name is: with a mark in front it would equal no token of a callback.
pub(crate) fn token(file: &Path) -> Result<Secret, String> {
    let text = string(Some(file))?;
    let token = clean_text(text.expose());
    let token = token.map_err(|e| format!("the token in {} {e}", file.display()))?;
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
