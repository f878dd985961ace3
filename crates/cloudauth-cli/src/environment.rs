//! The environment variables of the command.
#![expect(clippy::disallowed_methods, reason = "a command reads its environment")]

use std::path::PathBuf;

/// A variable; one that is not Unicode counts as not set.
pub(crate) fn var(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A variable that is a path; an empty one counts as not set.
pub(crate) fn path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os(name).filter(|path| !path.is_empty());
    path.map(PathBuf::from)
}
