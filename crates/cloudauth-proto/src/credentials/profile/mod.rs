//! Files with profiles. They are read and never written.

mod cli;
mod fields;
mod ini;
mod json;

use alloc::borrow::ToOwned;
use alloc::string::String;

pub(crate) use cli::{PrintedProfile, printed};

use super::error::{MalformedProfile, SourceError};
use super::profile_file::{Profile, ProfileFile, ProfileFormat};
use super::settings::Settings;
use super::source::Source;

/// What a file has of a profile.
#[derive(Debug)]
pub(crate) enum ProfileLookup {
    /// The source that the profile of this name describes.
    Has { source: Source, name: String },
    /// Nothing, for this reason.
    Absent(SourceError),
}

impl Profile {
    /// Parses the contents of the first file, and returns the source that this profile describes.
    ///
    /// [`Refresh`](crate::driver::Refresh) does this with the contents that a driver supplies. Fails with
    /// [`SourceError::Malformed`], which has the profile, the line and the field of the defect, or with another
    /// error for a variable that the profile needs. Neither contains a value of the file but the name of the
    /// profile.
    ///
    /// ```
    /// use cloudauth_proto::Source;
    /// use cloudauth_proto::credentials::{Profile, ProfileFormat, Settings};
    ///
    /// let profile = Profile::new(ProfileFormat::Ini, "credentials", None, Settings::default());
    /// let source = profile.parse(b"[default]\ntype = ecs_ram_role\n")?;
    /// assert!(matches!(source, Source::EcsRole(_)));
    /// # Ok::<(), cloudauth_proto::credentials::SourceError>(())
    /// ```
    pub fn parse(&self, contents: &[u8]) -> Result<Source, SourceError> {
        let name = self.name.as_deref();
        let Some(file) = self.files.first() else {
            return Err(SourceError::UnknownProfile {
                name: name.unwrap_or(DEFAULT).to_owned(),
            });
        };
        match file.look_up(contents, name, &self.settings)? {
            ProfileLookup::Has { source, .. } => Ok(source),
            ProfileLookup::Absent(reason) => Err(reason),
        }
    }
}

impl ProfileFile {
    /// Looks up a profile in the contents of the file: that of this name, or the current one.
    pub(crate) fn look_up(
        &self,
        contents: &[u8],
        name: Option<&str>,
        settings: &Settings,
    ) -> Result<ProfileLookup, SourceError> {
        let found = match self.format {
            ProfileFormat::Cli => cli::parse(contents, name, settings),
            ProfileFormat::Ini => ini::parse(contents, name, settings),
        };
        let path = || self.path.clone();
        match found {
            Ok(Ok((source, name))) => Ok(ProfileLookup::Has { source, name }),
            Ok(Err(problem)) => {
                let path = path();
                let reason = SourceError::Malformed { path, problem };
                Ok(ProfileLookup::Absent(reason))
            }
            Err(ProfileError::Malformed(problem)) => {
                let path = path();
                Err(SourceError::Malformed { path, problem })
            }
            Err(ProfileError::Other(reason)) => Err(reason),
        }
    }
}

/// The source of a profile with the name of the profile, or why the file has none.
type SelectedProfile = Result<(Source, String), MalformedProfile>;

/// The name of the profile that is used if none is named.
const DEFAULT: &str = "default";

const NOT_UTF_8: &str = "not UTF-8";
const NO_PROFILE: &str = "the file does not have it";
const NO_CREDENTIALS: &str = "no field of a credential";

/// A defect of a profile; the path of its file is added later.
#[derive(Debug, PartialEq, Eq)]
enum ProfileError {
    Malformed(MalformedProfile),
    Other(SourceError),
}

impl ProfileError {
    fn of_file(line: Option<usize>, problem: &'static str) -> Self {
        Self::Malformed(MalformedProfile {
            profile: None,
            line,
            field: None,
            problem,
        })
    }
}

impl From<SourceError> for ProfileError {
    fn from(reason: SourceError) -> Self {
        Self::Other(reason)
    }
}

fn of_profile(name: &str, problem: &'static str) -> MalformedProfile {
    MalformedProfile {
        profile: Some(name.to_owned()),
        line: None,
        field: None,
        problem,
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
