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
}

impl IssuerTime {
    pub(super) fn ours(shown: UnixTime) -> Self {
        let since = Duration::ZERO;
        Self { shown, since }
    }
}

/// Credentials that have been fetched, with their expiry.
#[derive(Debug)]
pub(super) struct FetchedCredentials {
    pub(super) credentials: Credentials,
    pub(super) expires: Option<UnixTime>,
    /// The time until then.
    pub(super) lifetime: Option<Duration>,
}

impl FetchedCredentials {
    /// Credentials without an expiry.
    pub(super) fn unlimited(credentials: Credentials) -> Self {
        Self {
            credentials,
            expires: None,
            lifetime: None,
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
        let expires = UnixTime::parse(&self.expiration);
        FetchedCredentials::until(credentials, expires.ok_or_else(|| shape(NO_TIME))?, now)
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

/// The output of a program, as the vendor's CLI reads it.
#[derive(Deserialize)]
struct ProgramOutput {
    #[serde(default, deserialize_with = "lenient::text")]
    mode: Option<String>,
    #[serde(deserialize_with = "lenient::required")]
    access_key_id: String,
    #[serde(deserialize_with = "secret")]
    access_key_secret: Secret,
    #[serde(default, deserialize_with = "lenient::text")]
    sts_token: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    expiration: Option<String>,
}

/// Reads the output of a program.
pub(super) fn printed(output: &[u8], now: IssuerTime) -> Result<FetchedCredentials, SourceError> {
    let shape = |text: &str| SourceError::Output(DecodeErrorKind::Shape(text.into()));
    let read = payload::read(output, None, None).and_then(|read| read.payload);
    let printed: ProgramOutput = read.map_err(SourceError::Output)?;
    let (id, secret) = (printed.access_key_id, printed.access_key_secret.expose());
    let key = match (printed.mode.as_deref(), printed.sts_token) {
        (Some("AK"), _) => Credentials::access_key(id, secret),
        (Some("StsToken"), Some(token)) => Credentials::temporary(id, secret, token),
        (Some("StsToken"), None) => return Err(shape("missing field `sts_token`")),
        (Some(_) | None, _) => return Err(shape("mode must be AK or StsToken")),
    };
    let credentials = key.map_err(|_| shape(NO_KEY))?.with_provider("external");
    match printed.expiration.filter(|text| !text.is_empty()) {
        None => Ok(FetchedCredentials::unlimited(credentials)),
        Some(text) => {
            let expires = UnixTime::parse(&text).ok_or_else(|| shape(NO_TIME))?;
            FetchedCredentials::until(credentials, expires, now)
        }
    }
}

const NO_KEY: &str = "the access key contains a character that no access key has";
const NO_TIME: &str = "the expiration is not a valid time";

fn shape(text: &str) -> SourceError {
    SourceError::Decode(DecodeErrorKind::Shape(text.into()))
}
