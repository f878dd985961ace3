//! Credentials in the responses of STS, the metadata service, credentials URIs and logins, and in the
//! output of programs.

use alloc::string::String;
use core::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::clock::UnixTime;
use crate::credentials::{Credentials, SourceError};
use crate::decode::{DecodeErrorKind, lenient, payload};
use crate::secret::Secret;

/// A temporary access key with its expiry. The vendor's SDKs differ in the case of the first letter of the
/// names; both are read.
#[derive(Deserialize)]
pub(crate) struct IssuedCredentials {
    #[serde(
        alias = "accessKeyId",
        rename = "AccessKeyId",
        deserialize_with = "lenient::required"
    )]
    id: String,
    #[serde(
        alias = "accessKeySecret",
        rename = "AccessKeySecret",
        deserialize_with = "secret"
    )]
    secret: Secret,
    #[serde(
        alias = "securityToken",
        rename = "SecurityToken",
        deserialize_with = "secret"
    )]
    token: Secret,
    #[serde(
        alias = "expiration",
        rename = "Expiration",
        deserialize_with = "lenient::required"
    )]
    expiration: String,
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
    lenient::required(from).map(Secret::new)
}

/// The time of the issuer's clock at a moment not long ago, or of ours if the issuer does not send it.
#[derive(Clone, Copy, Debug)]
pub(super) struct IssuerTime {
    pub(super) shown: UnixTime,
    /// The longest time that may have passed since that moment.
    pub(super) since: Duration,
    /// Whether it is that of our clock.
    pub(super) is_ours: bool,
}

impl IssuerTime {
    pub(super) fn ours(shown: UnixTime) -> Self {
        Self {
            shown,
            since: Duration::ZERO,
            is_ours: true,
        }
    }
}

/// Credentials that have been fetched, with their expiry.
#[derive(Debug)]
pub(super) struct FetchedCredentials {
    pub(super) credentials: Credentials,
    pub(super) expires: Option<UnixTime>,
    /// The time until then.
    pub(super) lifetime: Option<Duration>,
    /// The time after which they are fetched again, if they have no expiry.
    pub(super) fresh_for: Option<Duration>,
    /// Whether they have expired by our clock, which may be wrong.
    pub(super) is_on_trial: bool,
}

/// The time after which a program is run again if it has printed no expiry: as long before an expiry other
/// credentials are refreshed.
const PROGRAM_INTERVAL: Duration = Duration::from_secs(15 * 60);

impl FetchedCredentials {
    /// Credentials without an expiry.
    pub(super) fn unlimited(credentials: Credentials) -> Self {
        Self {
            credentials,
            expires: None,
            lifetime: None,
            fresh_for: None,
            is_on_trial: false,
        }
    }

    /// Credentials that a program has printed without an expiry.
    pub(super) fn printed(credentials: Credentials) -> Self {
        Self {
            fresh_for: Some(PROGRAM_INTERVAL),
            ..Self::unlimited(credentials)
        }
    }

    pub(super) fn until(
        credentials: Credentials,
        expires: UnixTime,
        now: IssuerTime,
    ) -> Result<Self, SourceError> {
        let left = expires.seconds().saturating_sub(now.shown.seconds());
        // The issuer's clock has whole seconds, the current one of which may be nearly over.
        let passed = now.since.saturating_add(Duration::from_secs(1));
        let lifetime = Duration::from_secs(left).saturating_sub(passed);
        if lifetime.is_zero() {
            return Err(SourceError::Expired);
        }
        Ok(Self {
            credentials,
            expires: Some(expires),
            lifetime: Some(lifetime),
            fresh_for: None,
            is_on_trial: false,
        })
    }
}

impl IssuedCredentials {
    pub(super) fn into_fetched(
        self,
        provider: &'static str,
        now: IssuerTime,
    ) -> Result<FetchedCredentials, SourceError> {
        let token = self.token.expose();
        let key = Credentials::temporary(self.id, self.secret.expose(), token);
        let credentials = key.map_err(|_| shape(NO_KEY))?.with_provider(provider);
        let expires = UnixTime::parse(&self.expiration).ok_or_else(|| shape(NO_TIME))?;
        FetchedCredentials::until(credentials, expires, now)
    }

    /// As [`into_fetched`](Self::into_fetched), for a service whose credentials are worth a trial if they have
    /// expired by no clock but ours.
    pub(super) fn into_fetched_or_on_trial(
        self,
        provider: &'static str,
        now: IssuerTime,
    ) -> Result<FetchedCredentials, SourceError> {
        let never = IssuerTime::ours(UnixTime::default());
        let in_any_case = self.into_fetched(provider, never)?;
        let expires = in_any_case.expires.unwrap_or_default();
        let fetched = FetchedCredentials::until(in_any_case.credentials.clone(), expires, now);
        match fetched {
            Err(SourceError::Expired) if now.is_ours => Ok(FetchedCredentials {
                lifetime: Some(Duration::ZERO),
                is_on_trial: true,
                ..in_any_case
            }),
            other => other,
        }
    }
}

/// Reads the credentials in a response body, or in its field `container`.
pub(super) fn keys(body: &[u8], container: Option<&str>) -> Result<IssuedCredentials, SourceError> {
    let read = payload::read(body, container, None).map_err(SourceError::Decode)?;
    if let Some(code) = read.envelope.code
        && code != "Success"
        && container.is_none()
    {
        let code = Some(code);
        return Err(SourceError::Refused { status: 200, code });
    }
    read.payload.map_err(SourceError::Decode)
}

const NO_KEY: &str = "the access key contains a character that no access key has";
const NO_TIME: &str = "the expiration is not a valid time";

fn shape(text: &str) -> SourceError {
    SourceError::Decode(DecodeErrorKind::Shape(text.into()))
}
