//! Files of profiles.

use cloudauth_proto::{Profile, ProfileFormat, Settings, Vars};

/// A file of profiles is read to a source or to a reason, whatever stands in it; and what is made of
/// it shows no secret. Secrets are what holds `s3cret`.
pub fn profiles_are_read(bytes: &[u8]) {
    for format in [ProfileFormat::Cli, ProfileFormat::Ini] {
        for name in [None, Some("p".to_owned())] {
            let settings = Settings::new(&Vars::default());
            let profile = Profile::new(format, "/f", name, settings);
            match profile.parse(bytes) {
                Ok(source) => assert!(!format!("{source:?}").contains("s3cret")),
                Err(reason) => assert!(!format!("{reason} {reason:?}").contains("s3cret")),
            }
        }
    }
}
