//! Files of profiles: text in, a source out. Nothing is ever written back.

mod cli;
mod ini;

use alloc::borrow::ToOwned;
use alloc::string::String;

use super::error::{Malformed, Reason};
use super::settings::Settings;
use super::source::{Profile, ProfileFormat, Role, Source};
use super::{Credentials, CredentialsError};

impl Profile {
    /// Finds this profile's source in the text of its file.
    pub fn parse(&self, text: &[u8]) -> Result<Source, Reason> {
        let Self {
            format,
            name,
            settings,
            ..
        } = self;
        let parsed = core::str::from_utf8(text)
            .map_err(|_| Problem::of_file("is not UTF-8 text"))
            .and_then(|text| match format {
                ProfileFormat::Cli => cli::parse(text, name.as_deref(), settings),
                ProfileFormat::Ini => ini::parse(text, name.as_deref(), settings),
            });
        parsed.map_err(|problem| match problem {
            Problem::Malformed(problem) => {
                let path = self.path.clone();
                Reason::Malformed { path, problem }
            }
            Problem::Other(reason) => reason,
        })
    }
}

/// What is wrong with a profile.
#[derive(Debug, PartialEq, Eq)]
enum Problem {
    Malformed(Malformed),
    Other(Reason),
}

impl Problem {
    fn of_file(problem: &'static str) -> Self {
        Self::at(None, None, problem)
    }

    fn of_field(field: &'static str, problem: &'static str) -> Self {
        Self::at(None, Some(field), problem)
    }

    fn at(line: Option<usize>, field: Option<&'static str>, problem: &'static str) -> Self {
        Self::Malformed(Malformed {
            line,
            field,
            problem,
        })
    }
}

impl From<Reason> for Problem {
    fn from(reason: Reason) -> Self {
        Self::Other(reason)
    }
}

/// The fields of a profile, by the names in its file.
trait Fields {
    /// The value, if it is there and not empty.
    fn get(&self, field: &'static str) -> Option<&str>;

    /// Says where a field is, if that is known.
    fn line(&self, field: &'static str) -> Option<usize>;

    fn problem(&self, field: &'static str, problem: &'static str) -> Problem {
        Problem::at(self.line(field), Some(field), problem)
    }

    fn needed(&self, field: &'static str) -> Result<&str, Problem> {
        self.get(field)
            .ok_or_else(|| self.problem(field, "is missing"))
    }

    /// The first of two names that have one meaning.
    fn either(&self, one: &'static str, other: &'static str) -> Option<&str> {
        self.get(one).or_else(|| self.get(other))
    }

    fn owned(&self, field: &'static str) -> Option<String> {
        self.get(field).map(ToOwned::to_owned)
    }

    fn seconds(&self, field: &'static str) -> Result<Option<u32>, Problem> {
        let Some(text) = self.get(field) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(0) => Ok(None),
            Ok(seconds) if seconds >= 900 => Ok(Some(seconds)),
            Ok(_) | Err(_) => Err(self.problem(field, "is not a number of seconds, 900 or more")),
        }
    }

    /// An access key, temporary if `token` names a field.
    fn key(&self, token: Option<&'static str>) -> Result<Credentials, Problem> {
        let id = self.needed("access_key_id")?;
        let secret = self.needed("access_key_secret")?;
        let made = match token {
            None => Credentials::access_key(id, secret),
            Some(token) => Credentials::temporary(id, secret, self.needed(token)?),
        };
        made.map_err(|error| {
            let field = match error {
                CredentialsError::Unusable {
                    name: "access key id",
                } => "access_key_id",
                CredentialsError::Unusable {
                    name: "security token",
                } => token.unwrap_or_default(),
                CredentialsError::Missing { .. }
                | CredentialsError::Unusable { .. }
                | CredentialsError::NoneFound(_)
                | CredentialsError::NotInTime => "access_key_secret",
            };
            self.problem(field, "holds a character that no key has")
        })
    }

    /// A role; the fields of its ARN and its session go by two names each.
    fn role(&self, arns: [&'static str; 2], settings: &Settings) -> Result<Role, Problem> {
        let [one, other] = arns;
        let arn = match self.either(one, other) {
            Some(arn) => arn,
            None => self.needed(one)?,
        };
        let session = self.either("ram_session_name", "role_session_name");
        let mut role = Role::new(arn, session.unwrap_or(&settings.session_name));
        role.policy = self.owned("policy");
        Ok(role)
    }
}

#[cfg(test)]
mod tests;
