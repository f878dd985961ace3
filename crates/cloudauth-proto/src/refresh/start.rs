//! The first stage of each source.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString;
use alloc::vec;

use super::ecs::Ecs;
use super::request::{self, plain_call};
use super::response::{FetchedCredentials, IssuerTime};
use super::stage::{Input, RefreshStage, Responder};
use super::walk::SourceWalk;
use crate::clock::{MonoTime, Now};
use crate::credentials::{AssumeRole, CloudSso, OAuth, ProfileFormat, Source, SourceError};
use crate::endpoint::Endpoint;
use crate::http::plain::PlainRequest;
use crate::http::{JSON, Method};
use crate::secret::Secret;
use crate::session::Session;

/// The first stage of `source`.
pub(super) fn enter(
    source: Source,
    walk: &mut SourceWalk,
    session: &Session,
    now: Now,
    deadline: MonoTime,
) -> RefreshStage {
    if now.mono >= deadline {
        return RefreshStage::Failed(SourceError::TimedOut);
    }
    let supply = |input| RefreshStage::Supply { input, until: None };
    match source {
        Source::Chain(sources) => match walk.enter_chain(sources) {
            Some(first) => RefreshStage::Enter(Box::new(first)),
            None => RefreshStage::Failed(SourceError::Invalid {
                name: "an empty chain of sources".into(),
            }),
        },
        Source::Static(credentials) => {
            walk.enter(credentials.static_provider());
            RefreshStage::Fetched(FetchedCredentials::unlimited(credentials))
        }
        Source::Absent(skipped) => {
            walk.skip(skipped);
            RefreshStage::Next
        }
        Source::Profile(profile) => {
            walk.enter(match profile.format {
                ProfileFormat::Cli => "cli_profile",
                ProfileFormat::Ini => "profile",
            });
            supply(Input::Profile(profile))
        }
        Source::Oidc(oidc) => {
            walk.enter("oidc_role_arn");
            supply(Input::Token(oidc))
        }
        Source::External(external) => {
            walk.enter("external");
            supply(Input::Output(external))
        }
        Source::AssumeRole(assumed) => {
            walk.enter("ram_role_arn");
            let AssumeRole { base, role, sts } = *assumed;
            walk.enter_role(role, sts);
            RefreshStage::Enter(Box::new(base))
        }
        Source::EcsRole(role) => {
            walk.enter("ecs_ram_role");
            let state = &session.credential_cache().metadata;
            request::ecs(Ecs::begin(role, state, now.mono), deadline)
        }
        Source::Uri(uri) => {
            walk.enter("credentials_uri");
            let mut plain = PlainRequest::get(uri.endpoint, uri.target);
            // The metadata service has a link-local address, which no proxy can reach.
            plain.direct = plain.endpoint == Endpoint::METADATA;
            RefreshStage::Plain(plain_call(plain, deadline), Responder::Uri)
        }
        Source::CloudSso(login) => {
            walk.enter("cloud_sso");
            if login.expires <= session.service_time(now) {
                return RefreshStage::Failed(SourceError::LogInAgain);
            }
            RefreshStage::Plain(plain_call(sso(&login), deadline), Responder::Sso)
        }
        Source::OAuth(login) => {
            walk.enter("oauth");
            oauth(*login, session, now, deadline)
        }
    }
}

fn oauth(login: OAuth, session: &Session, now: Now, deadline: MonoTime) -> RefreshStage {
    let unix = session.service_time(now);
    if let Some((credentials, expires)) = login.stored {
        let credentials = credentials.with_provider("oauth");
        if let Ok(fetched) = FetchedCredentials::until(credentials, expires, IssuerTime::ours(unix))
        {
            return RefreshStage::Fetched(fetched);
        }
    }
    match login.access_token {
        Some((token, expires)) if expires > unix => {
            let plain = exchange_token(login.endpoint, &token);
            RefreshStage::Plain(plain_call(plain, deadline), Responder::OAuth)
        }
        Some(_) | None => RefreshStage::Failed(SourceError::LogInAgain),
    }
}

/// As the vendor's Python SDK sends it (recorded).
fn sso(login: &CloudSso) -> PlainRequest {
    let body = serde_json::json!({
        "AccountId": login.account_id,
        "AccessConfigurationId": login.access_config,
    });
    let body = Secret::new(body.to_string());
    bearer_post(
        login.endpoint.clone(),
        "/cloud-credentials",
        &login.access_token,
        body,
    )
}

/// As the vendor's SDKs send it (recorded).
fn exchange_token(endpoint: Endpoint, token: &Secret) -> PlainRequest {
    bearer_post(endpoint, "/v1/exchange", token, Secret::new(""))
}

fn bearer_post(endpoint: Endpoint, target: &str, token: &Secret, body: Secret) -> PlainRequest {
    PlainRequest {
        method: Method::Post,
        endpoint,
        target: target.to_string(),
        headers: vec![
            ("content-type", Secret::new(JSON)),
            (
                "authorization",
                Secret::new(format!("Bearer {}", token.expose())),
            ),
        ],
        body,
        accept: JSON,
        direct: false,
    }
}
