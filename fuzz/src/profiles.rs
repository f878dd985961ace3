//! Files of profiles.

use cloudauth_proto::{Profile, ProfileFormat, Role, Settings, Source, Vars};

const SECRET: &str = "s3cret";

/// A file of profiles is read to a source or to a reason, whatever stands in it; and what is made of
/// it shows no secret. Secrets are what holds `s3cret`, unless it stands where none should.
pub fn profiles_are_read(bytes: &[u8]) {
    for format in [ProfileFormat::Cli, ProfileFormat::Ini] {
        for name in [None, Some("p".to_owned())] {
            let settings = Settings::new(&Vars::default());
            let profile = Profile::new(format, "/f", name, settings);
            match profile.parse(bytes) {
                Ok(source) if is_open(&source) => {}
                Ok(source) => assert!(!format!("{source:?}").contains(SECRET)),
                Err(reason) => assert!(!format!("{reason} {reason:?}").contains(SECRET)),
            }
        }
    }
}

/// Whether the word stands in a value that is no secret.
fn is_open(source: &Source) -> bool {
    let holds = |text: &String| text.to_lowercase().contains(SECRET);
    let role = |role: &Role| {
        let others = role.policy.iter().chain(&role.external_id);
        [&role.arn, &role.session_name]
            .into_iter()
            .chain(others)
            .any(holds)
    };
    match source {
        Source::AssumeRole(it) => role(&it.role) || holds(&it.sts.to_string()) || is_open(&it.base),
        Source::Oidc(it) => {
            let texts = [&it.token_file, &it.provider_arn, &it.sts.to_string()];
            role(&it.role) || texts.into_iter().any(holds)
        }
        Source::EcsRole(it) => it.role.iter().any(holds),
        Source::CloudSso(it) => {
            let texts = [&it.account_id, &it.access_config, &it.endpoint.to_string()];
            texts.into_iter().any(holds)
        }
        Source::Static(_) | Source::OAuth(_) | Source::External(_) | Source::Uri(_) | _ => false,
    }
}
