//! Credentials that expire, and what gives them.

use core::fmt;
use core::time::Duration;

use cloudauth_proto::{
    AssumeRole, Credentials, CredentialsError, EcsRole, Endpoint, External, Profile, ProfileFormat,
    Role, Settings, Source, Uri, Vars,
};

use crate::simulation::{Simulation, Weather};
use crate::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, CREDENTIALS_PATH, SSO_TOKEN};

const CONFIG: &str = "/config.json";

/// How the credentials of a scenario come and go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expiring {
    pub(super) giver: Giver,
    /// In seconds.
    pub(super) life: u64,
    /// On the way to the giver.
    pub(super) weather: Vec<(Duration, Weather)>,
}

/// Who gives them: each asks in a way of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Giver {
    /// A signed call with attempts of its own.
    Sts,
    /// Three questions.
    Metadata,
    /// One question.
    Uri,
    /// A file, then a question.
    CloudSso,
    /// A program that is run.
    External,
}

impl Giver {
    pub(super) const ALL: [Self; 5] = [
        Self::Sts,
        Self::Metadata,
        Self::Uri,
        Self::CloudSso,
        Self::External,
    ];
}

impl Expiring {
    pub(super) fn source(&self) -> Result<Source, CredentialsError> {
        let settings = Settings::new(&Vars::default());
        Ok(match self.giver {
            Giver::Sts => {
                let key = Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET)?;
                let role = Role::new("acs:ram::1:role/r", "simulated");
                Source::AssumeRole(Box::new(AssumeRole::new(key.into(), role, Endpoint::STS)))
            }
            Giver::Metadata => Source::EcsRole(EcsRole::new(None, &settings)),
            Giver::Uri => Source::Uri(Uri::new(&format!("https://127.0.0.1{CREDENTIALS_PATH}"))?),
            Giver::External => Source::External(External::new("/bin/credentials")?),
            Giver::CloudSso => {
                let profile = Profile::new(ProfileFormat::Cli, CONFIG, None, settings);
                Source::Profile(profile)
            }
        })
    }

    pub(super) fn prepare(&self, simulation: &mut Simulation) {
        simulation.world.set_life(self.life);
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
        simulation.program_asks();
        for (at, weather) in &self.weather {
            simulation.weather_of_offices(*at, weather.clone());
        }
    }
}

impl fmt::Display for Expiring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { giver, life, .. } = self;
        writeln!(f, "credentials from {giver:?} live {life} s")?;
        for (at, weather) in &self.weather {
            writeln!(f, "from {:.3} s {giver:?}: {weather:?}", at.as_secs_f64())?;
        }
        Ok(())
    }
}
