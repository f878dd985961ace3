//! The services that give credentials: STS, the metadata service, a credentials URI, and the two
//! logins of the vendor's CLI. What they give are keys of this world, with an expiry on its clock.

mod logins;
mod metadata;
mod sts;

use core::fmt;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::fault::{Fault, Times};
use crate::gateway::Key;
use crate::region::Region;
use crate::reply::{Reaction, Reply};
use crate::request::Incoming;
use crate::script::Script;
use crate::time::timestamp;
use crate::verify::{Refusal, named_action};
use crate::world::World;

/// The token that the simulated OIDC provider gave.
pub const OIDC_TOKEN: &str = "eyJhbGciOi.simulated.WT+/=";

/// The access token of the simulated CloudSSO login.
pub const SSO_TOKEN: &str = "simulated-sso-token";

/// The access token of the simulated login in the browser.
pub const OAUTH_TOKEN: &str = "simulated-oauth-token";

/// The path of the simulated credentials URI.
pub const CREDENTIALS_PATH: &str = "/credentials-uri";

/// The role of the simulated instance.
pub const INSTANCE_ROLE: &str = "SimulatedRole";

/// How long what is given lives, in seconds, where nobody says anything else.
const LIFE: u64 = 3_600;

/// A service that gives credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Office {
    /// The security token service.
    Sts,
    /// The metadata service of an ECS instance.
    Metadata,
    /// A credentials URI.
    Uri,
    /// CloudSSO.
    CloudSso,
    /// The exchange of a browser login's token.
    OAuth,
}

impl Office {
    /// Whom a request is for, if it is for one of them.
    #[must_use]
    pub fn of(request: &Incoming) -> Option<Self> {
        match request.path() {
            "/" if named_action(request).starts_with("AssumeRole") => Some(Self::Sts),
            CREDENTIALS_PATH => Some(Self::Uri),
            "/cloud-credentials" => Some(Self::CloudSso),
            "/v1/exchange" => Some(Self::OAuth),
            path if path.starts_with("/latest/") => Some(Self::Metadata),
            _ => None,
        }
    }

    /// Stands for it in hashes of traces.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Sts => 0,
            Self::Metadata => 1,
            Self::Uri => 2,
            Self::CloudSso => 3,
            Self::OAuth => 4,
        }
    }
}

impl fmt::Display for Office {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sts => "STS",
            Self::Metadata => "metadata",
            Self::Uri => "credentials URI",
            Self::CloudSso => "CloudSSO",
            Self::OAuth => "OAuth",
        })
    }
}

/// What the offices remember.
#[derive(Default)]
pub(crate) struct Offices {
    /// How long what they give lives, in seconds, if it was set.
    life: Option<u64>,
    issued: u64,
    asked: BTreeMap<Office, usize>,
    script: Script<Office>,
    metadata: metadata::State,
}

/// More credentials than this and the oldest are forgotten.
const CAPACITY: u64 = 10_000;

fn name(n: u64) -> String {
    format!("STS.Simulated{n:06}")
}

/// A reply in the making, or why there is none.
type Given = Result<Reply, Refusal>;

impl World {
    /// Gives credentials that live so many seconds, whatever STS is asked for. Default: what STS is
    /// asked for, and 3600 elsewhere.
    pub fn set_life(&mut self, seconds: u64) {
        self.offices.life = Some(seconds);
    }

    /// Which versions the metadata service speaks. Default: both.
    pub fn set_metadata_versions(&mut self, v1: bool, v2: bool) {
        self.offices.metadata.set_versions(v1, v2);
    }

    /// Makes all tokens of the metadata service invalid, as a restart does.
    pub fn forget_metadata_tokens(&mut self) {
        self.offices.metadata.forget();
    }

    /// Appends a fault to those that wait for the requests to an office.
    pub fn inject_at(&mut self, office: Office, fault: Fault, times: Times) {
        self.offices.script.add(office, None, fault, times);
    }

    /// Forgets the faults of an office.
    pub fn clear_faults_at(&mut self, office: Office) {
        self.offices.script.clear(office);
    }

    /// How many requests an office had.
    #[must_use]
    pub fn asked(&self, office: Office) -> usize {
        self.offices.asked.get(&office).copied().unwrap_or_default()
    }

    /// How many credentials were given.
    #[must_use]
    pub fn issued(&self) -> u64 {
        self.offices.issued
    }

    /// Makes all credentials that were given useless at once.
    pub fn revoke_issued(&mut self) {
        for key in self
            .gateway
            .keys
            .values_mut()
            .filter(|key| key.token.is_some())
        {
            key.expires = Some(0);
        }
    }

    /// Lets a request to an office happen.
    pub fn visit(&mut self, office: Office, request: &Incoming, now_unix: u64) -> Reaction {
        let fault = self.offices.script.take(office, &named_action(request));
        self.answer(office, request, fault, now_unix)
    }

    /// Lets a request to an office happen that meets this fault, whatever is scripted.
    pub(crate) fn meet_at(
        &mut self,
        office: Office,
        request: &Incoming,
        fault: Fault,
        now_unix: u64,
    ) -> Reaction {
        self.answer(office, request, Some(fault), now_unix)
    }

    fn answer(
        &mut self,
        office: Office,
        request: &Incoming,
        fault: Option<Fault>,
        now_unix: u64,
    ) -> Reaction {
        *self.offices.asked.entry(office).or_default() += 1;
        match fault {
            None => self.give(office, request, now_unix).answer(),
            Some(Fault::Skew(seconds)) => {
                let now_unix = now_unix.saturating_add_signed(seconds);
                self.give(office, request, now_unix).answer()
            }
            Some(Fault::Status(status)) => {
                let body = json!({"Code": Fault::gateway_code(status)});
                Reply::json(status, "-", now_unix, &body).answer()
            }
            Some(Fault::Gateway { status, code }) => {
                Reply::json(status, "-", now_unix, &json!({"Code": code})).answer()
            }
            Some(Fault::Throttle) => {
                let body = json!({"Code": "Throttling.User"});
                Reply::json(400, "-", now_unix, &body).answer()
            }
            Some(Fault::Code500) => {
                let body = json!({"Code": "InternalError"});
                Reply::json(200, "-", now_unix, &body).answer()
            }
            Some(Fault::Custom { status, body }) => {
                Reply::new(status, "application/json", now_unix, body).answer()
            }
            Some(
                fault @ (Fault::Truncate
                | Fault::Oversize(_)
                | Fault::Trickle
                | Fault::WrongType
                | Fault::Close),
            ) => {
                let reply = self.give(office, request, now_unix);
                fault.spoil(reply, now_unix)
            }
            // Nothing of the reply would arrive, so nothing is given.
            Some(fault) => {
                let nothing = Reply::new(200, "text/plain", now_unix, Vec::new());
                fault.spoil(nothing, now_unix)
            }
        }
    }

    fn give(&mut self, office: Office, request: &Incoming, now_unix: u64) -> Reply {
        let given = match office {
            Office::Sts => self.assume_role(request, now_unix),
            Office::Metadata => self.metadata(request, now_unix),
            Office::Uri => self.credentials_uri(request, now_unix),
            Office::CloudSso => self.cloud_sso(request, now_unix),
            Office::OAuth => self.oauth(request, now_unix),
        };
        given.unwrap_or_else(|refusal| Reply::fault(Region::Shanghai, &refusal, "-", now_unix))
    }

    /// Makes a key that works from now on for so long, or for as long as was set.
    fn issue(&mut self, life: u64, now_unix: u64) -> Value {
        let life = self.offices.life.unwrap_or(life);
        self.offices.issued += 1;
        let n = self.offices.issued;
        let (id, secret) = (name(n), format!("issued-secret-{n}"));
        let token = format!("issued-token-{n}+/=");
        let expires = now_unix + life;
        let issued = json!({
            "AccessKeyId": id,
            "AccessKeySecret": secret,
            "SecurityToken": token,
            "Expiration": timestamp(expires),
        });
        let mut key = Key::new(secret);
        key.token = Some(token);
        key.expires = Some(expires);
        self.gateway.keys.insert(id, key);
        // Names count up, so the oldest that was given is found by its.
        if let Some(old) = n.checked_sub(CAPACITY) {
            self.gateway.keys.remove(&name(old));
        }
        issued
    }

    /// The same as an object that says that all is well.
    fn issue_well(&mut self, now_unix: u64) -> Value {
        let mut issued = self.issue(LIFE, now_unix);
        issued["Code"] = "Success".into();
        issued
    }
}

fn json(now_unix: u64, body: &Value) -> Reply {
    Reply::json(200, "-", now_unix, body)
}

fn refuse(status: u16, code: &'static str) -> Refusal {
    Refusal::new(status, code, "Refused by the simulator.")
}

/// Whether a request carries this bearer token.
fn has_bearer(request: &Incoming, token: &str) -> bool {
    let wanted = format!("Bearer {token}");
    request.header_values("authorization").eq([wanted.as_str()])
}
