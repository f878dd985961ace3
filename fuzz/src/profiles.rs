//! Files with credentials profiles.

use std::sync::LazyLock;

use cloudauth_proto::Source;
use cloudauth_proto::credentials::{OidcToken, Profile, ProfileFormat, Role, Settings};

/// Both formats, each with the profile `p` and with the current profile of the file.
static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    let settings = Settings::default();
    let formats = [ProfileFormat::Cli, ProfileFormat::Ini].into_iter();
    let named = formats.flat_map(|format| [(format, None), (format, Some("p".to_owned()))]);
    named
        .map(|(format, name)| Profile::new(format, "/f", name, settings.clone()))
        .collect()
});

/// A string that marks secrets in the corpus.
const SECRET: &str = "s3cret";

/// Any file gives a source or an error, and neither shows a secret. A field with `s3cret` in it is a
/// secret, unless it is shown by design.
pub fn profiles_are_read(bytes: &[u8]) {
    for profile in &*PROFILES {
        match profile.parse(bytes) {
            Ok(source) => {
                let mut public = String::new();
                add_public(&source, &mut public);
                let shown = format!("{source:?}");
                let count = |text: &str| text.matches(SECRET).count();
                assert!(count(&shown) <= count(&public), "{shown}");
            }
            Err(error) => assert!(!format!("{error} {error:?}").contains(SECRET)),
        }
    }
}

/// Appends all fields that are shown by design.
fn add_public(source: &Source, public: &mut String) {
    match source {
        Source::EcsRole(ecs) => public.extend(ecs.role.iter().map(String::as_str)),
        Source::AssumeRole(assumed) => {
            add_public(&assumed.base, public);
            for (role, sts) in &assumed.roles {
                add_role(role, public);
                public.push_str(sts.authority());
            }
        }
        Source::Oidc(oidc) => {
            if let OidcToken::File(path) = &oidc.token {
                public.push_str(path);
            }
            public.push_str(&oidc.provider_arn);
            add_role(&oidc.role, public);
            public.push_str(oidc.sts.authority());
        }
        Source::CloudSso(sso) => {
            public.push_str(sso.endpoint.authority());
            public.push_str(&sso.account_id);
            public.push_str(&sso.access_config);
        }
        Source::OAuth(oauth) => public.push_str(oauth.endpoint.authority()),
        // Shown with masked keys and counts only.
        Source::Static(_) | Source::External(_) | _ => {}
    }
}

fn add_role(role: &Role, public: &mut String) {
    public.push_str(&role.arn);
    public.push_str(&role.session_name);
    for text in [&role.policy, &role.external_id].into_iter().flatten() {
        public.push_str(text);
    }
}
