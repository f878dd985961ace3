//! The search for a profile in several files.

use alloc::boxed::Box;

use super::walk::SourceWalk;
use crate::credentials::{
    Profile, ProfileFile, ProfileFormat, ProfileLookup, Source, SourceError, SupplyError,
};

/// A profile, and the file that is read now.
pub(super) struct ProfileSearch {
    profile: Profile,
    file: ProfileFile,
    at: usize,
    /// What an earlier file has. The current one is read only to say that it is not used.
    found: Option<FoundProfile>,
}

/// What comes next in a search.
pub(super) enum SearchStep {
    /// Read the file of this search.
    Read(Box<ProfileSearch>),
    /// Look for credentials in the source that the profile describes.
    Enter(Source),
    /// The profile is there, or must be, and cannot be used.
    Failed(SourceError),
    /// No file has the profile, as is recorded already.
    Absent,
}

/// A profile that was found.
struct FoundProfile {
    file: ProfileFile,
    /// The same profile in the file that has it, whatever the file calls its current one later.
    pinned: Source,
    source: Source,
}

impl ProfileSearch {
    pub(super) fn start(profile: Profile) -> SearchStep {
        Self::read(profile, 0, None)
    }

    pub(super) fn path(&self) -> &str {
        &self.file.path
    }

    /// The step that reads a file.
    fn read(profile: Profile, at: usize, found: Option<FoundProfile>) -> SearchStep {
        let Some(file) = profile.files.get(at).cloned() else {
            let name = profile.name.unwrap_or_default();
            return SearchStep::Failed(SourceError::UnknownProfile { name });
        };
        let search = Self {
            profile,
            file,
            at,
            found,
        };
        SearchStep::Read(Box::new(search))
    }

    /// The step after the contents of the file were supplied.
    pub(super) fn supplied(
        self,
        contents: Result<&[u8], SupplyError>,
        walk: &mut SourceWalk,
    ) -> SearchStep {
        let Self {
            profile,
            file,
            at,
            found,
        } = self;
        let source_name = match file.format {
            ProfileFormat::Cli => "cli_profile",
            ProfileFormat::Ini => "profile",
        };
        let looked_up = match contents {
            Ok(contents) => file.look_up(contents, profile.name.as_deref(), &profile.settings),
            Err(problem) => {
                let path = file.path.clone();
                let reason = SourceError::File { path, problem };
                let is_absent = matches!(problem, SupplyError::Missing | SupplyError::Unsupported);
                if is_absent && !file.is_required {
                    Ok(ProfileLookup::Absent(reason))
                } else {
                    Err(reason)
                }
            }
        };
        if let Some(found) = found {
            if let Ok(ProfileLookup::Has { .. }) = looked_up {
                let (path, by) = (file.path, found.file.path.clone());
                walk.skip_inner(source_name, SourceError::Shadowed { path, by });
            }
            return found.enter(walk);
        }
        let next = profile.files.get(at + 1);
        match looked_up {
            Ok(ProfileLookup::Has { source, name }) => {
                let other = next.is_some_and(|next| next.format == file.format);
                let mut pinned = Profile {
                    name: Some(name),
                    files: [file.clone()].into(),
                    settings: profile.settings.clone(),
                };
                for file in &mut pinned.files {
                    file.is_required = true;
                }
                let found = FoundProfile {
                    file,
                    pinned: Source::Profile(pinned),
                    source,
                };
                if other {
                    Self::read(profile, at + 1, Some(found))
                } else {
                    found.enter(walk)
                }
            }
            Ok(ProfileLookup::Absent(reason)) if next.is_some() => {
                walk.skip_inner(source_name, reason);
                Self::read(profile, at + 1, None)
            }
            Ok(ProfileLookup::Absent(reason)) => match profile.name {
                None => {
                    walk.skip_inner(source_name, reason);
                    SearchStep::Absent
                }
                Some(name) if at > 0 => {
                    walk.skip_inner(source_name, reason);
                    walk.enter("profile");
                    SearchStep::Failed(SourceError::UnknownProfile { name })
                }
                Some(_) => {
                    walk.enter(source_name);
                    SearchStep::Failed(reason)
                }
            },
            Err(reason) => {
                walk.enter(source_name);
                SearchStep::Failed(reason)
            }
        }
    }
}

impl FoundProfile {
    fn enter(self, walk: &mut SourceWalk) -> SearchStep {
        walk.enter(match self.file.format {
            ProfileFormat::Cli => "cli_profile",
            ProfileFormat::Ini => "profile",
        });
        walk.enter_described(self.pinned);
        SearchStep::Enter(self.source)
    }
}
