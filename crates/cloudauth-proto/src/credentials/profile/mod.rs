//! Files with profiles. They are read and never written.

mod cli;
mod ini;

use alloc::borrow::ToOwned;
use alloc::string::String;

use super::error::{MalformedProfile, SourceError};
use super::settings::Settings;
use super::source::{Profile, ProfileFormat, Role, Source};
use super::{Credentials, CredentialsError};

impl Profile {
    /// Parses the contents of the file, and returns the source that this profile describes.
    ///
    /// [`Refresh`](crate::driver::Refresh) does this with the contents that a driver supplies. Fails with
    /// [`SourceError::Malformed`], which has the line and the field of the defect, or with
    /// [`SourceError::Invalid`] if the profile's region of STS is not valid. Neither contains a value of the
    /// file.
    ///
    /// ```
    /// use cloudauth_proto::Source;
    /// use cloudauth_proto::credentials::{Environment, Profile, ProfileFormat, Settings};
    ///
    /// let settings = Settings::new(&Environment::default());
    /// let profile = Profile::new(ProfileFormat::Ini, "credentials", None, settings);
    /// let source = profile.parse(b"[default]\ntype = ecs_ram_role\n")?;
    /// assert!(matches!(source, Source::EcsRole(_)));
    /// # Ok::<(), cloudauth_proto::credentials::SourceError>(())
    /// ```
    pub fn parse(&self, contents: &[u8]) -> Result<Source, SourceError> {
        let Self {
            format,
            name,
            settings,
            ..
        } = self;
        let parsed = core::str::from_utf8(contents)
            .map_err(|_| ProfileError::of_file("not UTF-8"))
            .and_then(|text| match format {
                ProfileFormat::Cli => cli::parse(text, name.as_deref(), settings),
                ProfileFormat::Ini => ini::parse(text, name.as_deref(), settings),
            });
        parsed.map_err(|error| match error {
            ProfileError::Malformed(problem) => {
                let path = self.path.clone();
                SourceError::Malformed { path, problem }
            }
            ProfileError::Other(reason) => reason,
        })
    }
}

/// A defect of a profile; the path of its file is added later.
#[derive(Debug, PartialEq, Eq)]
enum ProfileError {
    Malformed(MalformedProfile),
    Other(SourceError),
}

impl ProfileError {
    fn of_file(problem: &'static str) -> Self {
        Self::at(None, None, problem)
    }

    fn of_field(field: &'static str, problem: &'static str) -> Self {
        Self::at(None, Some(field), problem)
    }

    fn at(line: Option<usize>, field: Option<&'static str>, problem: &'static str) -> Self {
        Self::Malformed(MalformedProfile {
            line,
            field,
            problem,
        })
    }
}

impl From<SourceError> for ProfileError {
    fn from(reason: SourceError) -> Self {
        Self::Other(reason)
    }
}

/// The fields of a profile by their names in the file.
trait ProfileFields {
    /// The value of a field, unless it is empty.
    fn get(&self, field: &'static str) -> Option<&str>;

    /// The line of a field, if it is known.
    fn line(&self, field: &'static str) -> Option<usize>;

    fn problem(&self, field: &'static str, problem: &'static str) -> ProfileError {
        ProfileError::at(self.line(field), Some(field), problem)
    }

    fn required(&self, field: &'static str) -> Result<&str, ProfileError> {
        self.get(field)
            .ok_or_else(|| self.problem(field, "missing"))
    }

    /// The value of a field that has two names.
    fn either(&self, one: &'static str, other: &'static str) -> Option<&str> {
        self.get(one).or_else(|| self.get(other))
    }

    fn owned(&self, field: &'static str) -> Option<String> {
        self.get(field).map(ToOwned::to_owned)
    }

    fn seconds(&self, field: &'static str) -> Result<Option<u32>, ProfileError> {
        let Some(text) = self.get(field) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(0) => Ok(None),
            Ok(seconds) if seconds >= 900 => Ok(Some(seconds)),
            Ok(_) | Err(_) => Err(self.problem(field, "not a number of seconds of at least 900")),
        }
    }

    /// The access key, which is a temporary one if there is a field for its `token`.
    fn key(&self, token: Option<&'static str>) -> Result<Credentials, ProfileError> {
        let id = self.required("access_key_id")?;
        let secret = self.required("access_key_secret")?;
        let credentials = match token {
            None => Credentials::access_key(id, secret),
            Some(token) => Credentials::temporary(id, secret, self.required(token)?),
        };
        credentials.map_err(|error| {
            let (field, problem) = match error {
                CredentialsError::Invalid {
                    name: "access key ID",
                } => ("access_key_id", NOT_A_KEY),
                CredentialsError::Invalid {
                    name: "security token",
                } => (token.unwrap_or_default(), NOT_A_TOKEN),
                CredentialsError::Missing { .. }
                | CredentialsError::Invalid { .. }
                | CredentialsError::NoneFound(_)
                | CredentialsError::TimedOut => ("access_key_secret", NOT_A_KEY),
            };
            self.problem(field, problem)
        })
    }

    /// The role. The fields of its ARN and of its session have two names each.
    fn role(&self, arns: [&'static str; 2], settings: &Settings) -> Result<Role, ProfileError> {
        let [one, other] = arns;
        let arn = match self.either(one, other) {
            Some(arn) => arn,
            None => self.required(one)?,
        };
        let session = self.either("ram_session_name", "role_session_name");
        let mut role = Role::new(arn, session.unwrap_or(&settings.session_name));
        role.policy = self.owned("policy");
        Ok(role)
    }
}

const NOT_A_KEY: &str = "contains a character that no access key has";
const NOT_A_TOKEN: &str = "contains a character that no token has";

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
