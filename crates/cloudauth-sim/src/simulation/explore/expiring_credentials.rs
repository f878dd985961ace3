//! Credentials that expire, and their source.

use core::fmt;
use core::time::Duration;

use cloudauth_proto::credentials::{
    AssumeRole, CredentialsError, EcsRole, External, Profile, ProfileFormat, Role, Settings, Uri,
};
use cloudauth_proto::{Credentials, Endpoint, Source};

use crate::simulation::{Link, Simulation};
use crate::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, CREDENTIALS_PATH, SSO_TOKEN};

const CONFIG: &str = "/config.json";

/// The credentials of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ExpiringCredentials {
    pub(super) source: SourceKind,
    /// In seconds.
    pub(super) lifetime: u64,
    /// Whether responses of the metadata service have a `Date`.
    pub(super) has_date: bool,
    /// Changes of the link to the credential services.
    pub(super) link_changes: Vec<(Duration, Link)>,
}

/// Sources of credentials, each of which takes different steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SourceKind {
    /// A signed call with several attempts.
    Sts,
    /// Three requests.
    Metadata,
    /// One request.
    Uri,
    /// A file, then a request.
    CloudSso,
    /// A program.
    External,
}

impl SourceKind {
    pub(super) const ALL: [Self; 5] = [
        Self::Sts,
        Self::Metadata,
        Self::Uri,
        Self::CloudSso,
        Self::External,
    ];
}

impl ExpiringCredentials {
    pub(super) fn source(&self) -> Result<Source, CredentialsError> {
        let settings = Settings::default();
        Ok(match self.source {
            SourceKind::Sts => {
                let key = Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET)?;
                let role = Role::new("acs:ram::1:role/r", "simulated");
                Source::AssumeRole(Box::new(AssumeRole::new(key.into(), role, Endpoint::STS)))
            }
            SourceKind::Metadata => {
                let role = EcsRole::new(None, &settings);
                let name = "the role of the instance";
                role.map_err(|_| CredentialsError::Invalid { name })?.into()
            }
            SourceKind::Uri => {
                Source::Uri(Uri::new(&format!("https://127.0.0.1{CREDENTIALS_PATH}"))?)
            }
            SourceKind::External => Source::External(External::new("/bin/credentials")?),
            SourceKind::CloudSso => {
                let profile = Profile::new(ProfileFormat::Cli, CONFIG, None, settings);
                Source::Profile(profile)
            }
        })
    }

    /// Sets up the file, the program and the services that the sources use.
    pub(super) fn prepare(&self, simulation: &mut Simulation) {
        simulation.world.set_credential_lifetime(self.lifetime);
        if !self.has_date {
            simulation.world.omit_metadata_date();
        }
        let config = serde_json::json!({"current": "p", "profiles": [{
            "name": "p",
            "mode": "CloudSSO",
            "cloud_sso_sign_in_url": "https://signin.invalid/login",
            "cloud_sso_account_id": "1",
            "cloud_sso_access_config": "ac-1",
            "access_token": SSO_TOKEN,
            "cloud_sso_access_token_expire": u32::MAX,
        }]});
        simulation.put_file(CONFIG, config.to_string());
        simulation.program_prints_credentials();
        for (at, link) in &self.link_changes {
            simulation.credential_services_link(*at, link.clone());
        }
    }
}

impl fmt::Display for ExpiringCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            source,
            lifetime,
            has_date,
            ..
        } = self;
        let date = if *has_date {
            ""
        } else {
            ", issued without a date"
        };
        writeln!(
            f,
            "credentials from {source:?}, valid for {lifetime} s{date}"
        )?;
        for (at, link) in &self.link_changes {
            let at = at.as_secs_f64();
            writeln!(f, "from {at:.3} s, credential services: {link:?}")?;
        }
        Ok(())
    }
}
