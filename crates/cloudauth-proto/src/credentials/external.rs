//! Programs that print credentials, and how their command lines are split into words.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::error::CredentialsError;
use super::settings::Settings;

/// A program that prints credentials as JSON, in the form of a profile of the vendor's CLI. It is run without
/// a shell, for at most 60 s. Drivers read up to 16 MiB of output. Lines before the JSON are skipped.
///
/// Credentials without an expiration are fetched again 15 minutes after the program ran, and when the service
/// has refused them. The vendor's SDKs run the program for every call: a program that takes a second, or asks a
/// person, would then do so for each verification.
///
/// `Debug` shows the number of its arguments only.
#[derive(Clone)]
pub struct External {
    pub(crate) argv: Vec<String>,
    pub(crate) settings: Settings,
}

impl External {
    /// Splits a command line into words as the operating system does. Variables, pipes and all other features
    /// of a shell are not supported.
    ///
    /// Fails with [`CredentialsError::Invalid`] if the command line is empty or a quote is not closed.
    ///
    /// ```
    /// use cloudauth_proto::credentials::External;
    ///
    /// assert!(External::new(r#"/usr/bin/get-credentials --role "verify people""#).is_ok());
    /// assert!(External::new(r#"/usr/bin/get-credentials "verify"#).is_err());
    /// ```
    pub fn new(command: &str) -> Result<Self, CredentialsError> {
        Self::with_syntax(command, CommandSyntax::native())
    }

    /// Splits a command line by the rules of an operating system.
    pub fn with_syntax(command: &str, syntax: CommandSyntax) -> Result<Self, CredentialsError> {
        let argv = syntax.split(command).filter(|argv| !argv.is_empty());
        let name = "the command line of the program";
        let argv = argv.ok_or(CredentialsError::Invalid { name })?;
        let settings = Settings::default();
        Ok(Self { argv, settings })
    }

    /// Sets the settings for everything that a printed profile leaves out.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }
}

impl fmt::Debug for External {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "External({} words)", self.argv.len())
    }
}

/// The rules by which a command line is split into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommandSyntax {
    /// Those of a POSIX shell, for quotes and backslashes only: `#`, carriage returns and Unicode spaces are
    /// ordinary characters.
    Posix,
    /// Those of Windows: double quotes group, `\"` is a quote, and any other backslash is an ordinary
    /// character, so that paths survive.
    Windows,
}

impl CommandSyntax {
    /// That of the operating system that this was compiled for.
    #[must_use]
    pub const fn native() -> Self {
        if cfg!(windows) {
            Self::Windows
        } else {
            Self::Posix
        }
    }

    /// The words of a command line. `None` if a quote is not closed, or a final backslash escapes nothing.
    pub(super) fn split(self, command: &str) -> Option<Vec<String>> {
        let mut words = Vec::new();
        let mut word: Option<String> = None;
        let mut quote = None;
        let mut rest = command.chars();
        while let Some(c) = rest.next() {
            let next = rest.clone().next();
            match (c, quote) {
                (' ' | '\t' | '\n', None) => words.extend(word.take()),
                ('"', None) => {
                    quote = Some('"');
                    word.get_or_insert_default();
                }
                ('\'', None) if self == Self::Posix => {
                    quote = Some('\'');
                    word.get_or_insert_default();
                }
                (c, Some(open)) if c == open => quote = None,
                ('\\', None | Some('"')) if self.escapes(next, quote.is_some()) => {
                    // A line end that is escaped joins the lines.
                    if let Some(escaped) = rest.next().filter(|c| *c != '\n') {
                        word.get_or_insert_default().push(escaped);
                    }
                }
                ('\\', None) if self == Self::Posix => return None,
                (c, _) => word.get_or_insert_default().push(c),
            }
        }
        words.extend(word);
        quote.is_none().then_some(words)
    }

    /// Whether a backslash escapes the character after it.
    fn escapes(self, next: Option<char>, is_quoted: bool) -> bool {
        match (self, is_quoted) {
            (Self::Posix, false) => next.is_some(),
            (Self::Posix, true) => matches!(next, Some('"' | '\\' | '$' | '`' | '\n')),
            (Self::Windows, _) => next == Some('"'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_platform() {
        use CommandSyntax::{Posix, Windows};
        for (syntax, command, expected) in [
            (
                Posix,
                "/opt/a  b\tc\nd",
                Some(&["/opt/a", "b", "c", "d"][..]),
            ),
            (Posix, "a #b c", Some(&["a", "#b", "c"])),
            (
                Posix,
                "a b\rc\u{a0}d\u{3000}e",
                Some(&["a", "b\rc\u{a0}d\u{3000}e"]),
            ),
            (
                Posix,
                r#"a 'b c' "d e"f """#,
                Some(&["a", "b c", "d ef", ""]),
            ),
            (
                Posix,
                r#"a\ b "\"c\d" 'e\f'"#,
                Some(&["a b", "\"c\\d", "e\\f"]),
            ),
            (Posix, "a \\\nb", Some(&["a", "b"])),
            (Posix, "a 'b", None),
            (Posix, "a \"b", None),
            (Posix, "a \\", None),
            (Posix, " \t", Some(&[])),
            (
                Windows,
                r"C:\tools\acs-sso.exe login --profile sso",
                Some(&[r"C:\tools\acs-sso.exe", "login", "--profile", "sso"]),
            ),
            (
                Windows,
                r#""C:\Program Files\x.exe" #a 'b c' \"d\""#,
                Some(&[r"C:\Program Files\x.exe", "#a", "'b", "c'", "\"d\""]),
            ),
            (
                Windows,
                r"\\host\share\x.exe a\",
                Some(&[r"\\host\share\x.exe", r"a\"]),
            ),
            (Windows, "\"a", None),
        ] {
            let words = syntax.split(command);
            let words = words
                .as_ref()
                .map(|it| it.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(words.as_deref(), expected, "{syntax:?} {command:?}");
        }
    }
}
