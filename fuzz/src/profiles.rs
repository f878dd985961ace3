//! Files of profiles.

use std::sync::LazyLock;

use cloudauth_proto::{Profile, ProfileFormat, Role, Settings, Source, Vars};

/// Both formats, with the profile `p` and with the one that the file calls current.
static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    let settings = Settings::new(&Vars::default());
    let formats = [ProfileFormat::Cli, ProfileFormat::Ini].into_iter();
    let named = formats.flat_map(|format| [(format, None), (format, Some("p".to_owned()))]);
    named
        .map(|(format, name)| Profile::new(format, "/f", name, settings.clone()))
        .collect()
});

const SECRET: &str = "s3cret";

/// A file of profiles is read to a source or to a reason, whatever stands in it; and what is made of
/// it shows no secret. Secrets are what holds `s3cret`, but where a field that is none holds it.
pub fn profiles_are_read(bytes: &[u8]) {
    for profile in &*PROFILES {
        match profile.parse(bytes) {
            Ok(source) => {
                let mut plain = String::new();
                add_plain(&source, &mut plain);
                let shown = format!("{source:?}");
                let times = |text: &str| text.matches(SECRET).count();
                assert!(times(&shown) <= times(&plain), "{shown}");
            }
            Err(reason) => assert!(!format!("{reason} {reason:?}").contains(SECRET)),
        }
    }
}

/// All fields that are shown as they are.
fn add_plain(source: &Source, plain: &mut String) {
    match source {
        Source::EcsRole(ecs) => plain.extend(ecs.role.iter().map(String::as_str)),
        Source::AssumeRole(assumed) => {
            add_plain(&assumed.base, plain);
            add_role(&assumed.role, plain);
            plain.push_str(assumed.sts.authority());
        }
        Source::Oidc(oidc) => {
            plain.push_str(&oidc.token_file);
            plain.push_str(&oidc.provider_arn);
            add_role(&oidc.role, plain);
            plain.push_str(oidc.sts.authority());
        }
        Source::CloudSso(sso) => {
            plain.push_str(sso.endpoint.authority());
            plain.push_str(&sso.account_id);
            plain.push_str(&sso.access_config);
        }
        Source::OAuth(oauth) => plain.push_str(oauth.endpoint.authority()),
        // Of these nothing is shown but masked keys and counts.
        Source::Static(_) | Source::External(_) | _ => {}
    }
}

fn add_role(role: &Role, plain: &mut String) {
    plain.push_str(&role.arn);
    plain.push_str(&role.session_name);
    for text in [&role.policy, &role.external_id].into_iter().flatten() {
        plain.push_str(text);
    }
}
