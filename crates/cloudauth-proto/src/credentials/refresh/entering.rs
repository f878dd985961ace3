//! What a source needs first.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::ToString;
use alloc::vec;

use super::answers::ecs;
use super::{Frame, Refresh, Stage, Then, Wish};
use crate::clock::Now;
use crate::credentials::ask::Ask;
use crate::credentials::ecs::Ecs;
use crate::credentials::error::Reason;
use crate::credentials::keyring::given_as;
use crate::credentials::reply::{GiverTime, Got};
use crate::credentials::source::{AssumeRole, CloudSso, ProfileFormat, Source};
use crate::endpoint::Endpoint;
use crate::flow::{JSON, Plain};
use crate::secret::Secret;
use crate::session::Session;
use crate::wire::http::Method;

impl Refresh {
    pub(super) fn enter(&mut self, source: Source, session: &Session, now: Now) -> Stage {
        if now.mono >= self.deadline {
            return Stage::Failed(Reason::OutOfTime);
        }
        let until = None;
        match source {
            Source::Chain(sources) => {
                let depth = self.path.len();
                let mut rest = VecDeque::from(sources);
                let Some(first) = rest.pop_front() else {
                    return Stage::Failed(Reason::Unusable {
                        name: "a chain without sources".into(),
                    });
                };
                if self.frames.is_empty() {
                    self.pinned = Some(first.clone());
                }
                self.frames.push(Frame::Chain { rest, depth });
                Stage::Enter(Box::new(first))
            }
            Source::Static(credentials) => {
                self.path.push(given_as(&credentials));
                Stage::Got(Got::for_ever(credentials))
            }
            Source::Absent(passed_over) => {
                self.passed_over.push(passed_over);
                self.next_link(false)
            }
            Source::Profile(profile) => {
                self.path.push(match profile.format {
                    ProfileFormat::Cli => "cli_profile",
                    ProfileFormat::Ini => "profile",
                });
                let wish = Wish::Profile(profile);
                Stage::Supply { wish, until }
            }
            Source::Oidc(oidc) => {
                self.path.push("oidc_role_arn");
                let wish = Wish::Token(oidc);
                Stage::Supply { wish, until }
            }
            Source::External(external) => {
                self.path.push("external");
                let wish = Wish::Output(external);
                Stage::Supply { wish, until }
            }
            Source::AssumeRole(assumed) => {
                self.path.push("ram_role_arn");
                let AssumeRole { base, role, sts } = *assumed;
                self.frames.push(Frame::Role { role, sts });
                Stage::Enter(Box::new(base))
            }
            Source::EcsRole(role) => {
                self.path.push("ecs_ram_role");
                let known = &session.keyring().metadata;
                ecs(Ok(Ecs::begin(role, known, now.mono)))
            }
            Source::Uri(uri) => {
                self.path.push("credentials_uri");
                let mut plain = Plain::get(uri.endpoint, uri.target);
                // The metadata service's address is on no proxy's way.
                plain.direct = plain.endpoint == Endpoint::METADATA;
                Stage::Ask(Ask::new(plain), Then::Uri)
            }
            Source::CloudSso(login) => {
                self.path.push("cloud_sso");
                if login.expires <= session.service_time(now) {
                    return Stage::Failed(Reason::LogInAgain);
                }
                Stage::Ask(Ask::new(sso(&login)), Then::Sso)
            }
            Source::OAuth(login) => {
                self.path.push("oauth");
                let unix = session.service_time(now);
                let login = *login;
                if let Some((credentials, expires)) = login.stored
                    && let Ok(got) = Got::until(
                        credentials.given_by("oauth"),
                        expires,
                        GiverTime::ours(unix),
                    )
                {
                    return Stage::Got(got);
                }
                match login.access_token {
                    Some((token, expires)) if expires > unix => {
                        let plain = exchange_token(login.endpoint, &token);
                        Stage::Ask(Ask::new(plain), Then::OAuth)
                    }
                    Some(_) | None => Stage::Failed(Reason::LogInAgain),
                }
            }
        }
    }
}

/// As the vendor's Python SDK sends it (recorded).
fn sso(login: &CloudSso) -> Plain {
    let body = serde_json::json!({
        "AccountId": login.account_id,
        "AccessConfigurationId": login.access_config,
    });
    Plain {
        method: Method::Post,
        endpoint: login.endpoint.clone(),
        target: "/cloud-credentials".into(),
        headers: vec![
            ("content-type", Secret::new("application/json")),
            ("authorization", bearer(&login.access_token)),
        ],
        body: Secret::new(body.to_string()),
        accept: JSON,
        direct: false,
    }
}

/// As the vendor's SDKs send it (recorded).
fn exchange_token(endpoint: Endpoint, token: &Secret) -> Plain {
    Plain {
        method: Method::Post,
        endpoint,
        target: "/v1/exchange".into(),
        headers: vec![
            ("content-type", Secret::new("application/json")),
            ("authorization", bearer(token)),
        ],
        body: Secret::new(""),
        accept: JSON,
        direct: false,
    }
}

fn bearer(token: &Secret) -> Secret {
    Secret::new(format!("Bearer {}", token.expose()))
}
