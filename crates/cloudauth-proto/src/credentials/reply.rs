//! Credentials as STS, the metadata service, a URL, a login or a program give them.

use alloc::string::String;
use core::time::Duration;

use serde::{Deserialize, Deserializer};

use super::Credentials;
use super::error::Reason;
use crate::clock::UnixTime;
use crate::error::Unreadable;
use crate::secret::Secret;
use crate::wire::{envelope, lenient};

/// Keys and the end of their life. The vendor's SDKs differ in how the names begin; both are read.
#[derive(Deserialize)]
pub(crate) struct Keys {
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

/// The time by the clock of whoever gives credentials, or by ours if it does not tell.
#[derive(Clone, Copy, Debug)]
pub(super) struct GiverTime {
    pub(super) shown: UnixTime,
    /// How long ago that was, at most.
    pub(super) since: Duration,
}

impl GiverTime {
    pub(super) fn ours(shown: UnixTime) -> Self {
        let since = Duration::ZERO;
        Self { shown, since }
    }
}

/// Credentials with the end of their life.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) credentials: Credentials,
    pub(super) expires: Option<UnixTime>,
    /// How long that is from now.
    pub(super) life: Option<Duration>,
}

impl Got {
    pub(super) fn for_ever(credentials: Credentials) -> Self {
        Self {
            credentials,
            expires: None,
            life: None,
        }
    }

    pub(super) fn until(
        credentials: Credentials,
        expires: UnixTime,
        now: GiverTime,
    ) -> Result<Self, Reason> {
        let left = expires.seconds().saturating_sub(now.shown.seconds());
        // A clock shows whole seconds: the one that it shows may be nearly over.
        let gone = now.since + Duration::from_secs(1);
        let life = Duration::from_secs(left).saturating_sub(gone);
        if life.is_zero() {
            return Err(Reason::Expired);
        }
        Ok(Self {
            credentials,
            expires: Some(expires),
            life: Some(life),
        })
    }
}

impl Keys {
    pub(super) fn got(self, provider: &'static str, now: GiverTime) -> Result<Got, Reason> {
        let token = self.token.expose();
        let made = Credentials::temporary(self.id, self.secret.expose(), token);
        let credentials = made.map_err(|_| shape(NO_KEY))?.given_by(provider);
        let expires = UnixTime::parse(&self.expiration);
        Got::until(credentials, expires.ok_or_else(|| shape(NO_TIME))?, now)
    }
}

/// Keys at the top of a reply (`container` is nothing) or inside one of its fields.
pub(super) fn keys(body: &[u8], container: Option<&str>) -> Result<Keys, Reason> {
    let envelope = envelope::Envelope::read(body).map_err(Reason::Unreadable)?;
    if let Some(code) = envelope.code
        && code != "Success"
        && container.is_none()
    {
        let code = Some(code);
        return Err(Reason::Refused { status: 200, code });
    }
    envelope::payload(body, container).map_err(Reason::Unreadable)
}

/// What a program prints, as the vendor's CLI reads it.
#[derive(Deserialize)]
struct Printed {
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

pub(super) fn printed(output: &[u8], now: GiverTime) -> Result<Got, Reason> {
    let shape = |text: &str| Reason::Printed(Unreadable::Shape(text.into()));
    let printed: Printed = envelope::payload(output, None).map_err(Reason::Printed)?;
    let (id, secret) = (printed.access_key_id, printed.access_key_secret.expose());
    let made = match (printed.mode.as_deref(), printed.sts_token) {
        (Some("AK"), _) => Credentials::access_key(id, secret),
        (Some("StsToken"), Some(token)) => Credentials::temporary(id, secret, token),
        (Some("StsToken"), None) => return Err(shape("missing field `sts_token`")),
        (Some(_) | None, _) => return Err(shape("the mode is neither AK nor StsToken")),
    };
    let credentials = made.map_err(|_| shape(NO_KEY))?.given_by("external");
    match printed.expiration.filter(|text| !text.is_empty()) {
        None => Ok(Got::for_ever(credentials)),
        Some(text) => {
            let expires = UnixTime::parse(&text).ok_or_else(|| shape(NO_TIME))?;
            Got::until(credentials, expires, now)
        }
    }
}

const NO_KEY: &str = "a key holds a character that no key has";
const NO_TIME: &str = "the expiration is not a time";

fn shape(text: &str) -> Reason {
    Reason::Unreadable(Unreadable::Shape(text.into()))
}
