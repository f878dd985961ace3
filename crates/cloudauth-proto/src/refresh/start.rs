//! The first stage of each source.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString;
use alloc::vec;

use super::ecs::Ecs;
use super::profile::ProfileSearch;
use super::request::{self, plain_call};
use super::response::{FetchedCredentials, IssuerTime};
use super::resume;
use super::stage::{Input, RefreshStage, Responder};
use super::walk::SourceWalk;
use crate::clock::{MonoTime, Now};
use crate::credentials::{
    AssumeRole, CloudSso, Environment, OAuth, OidcToken, Source, SourceError,
};
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
    match source {
        Source::Chain(chain) => match walk.enter_chain(chain) {
            Some(first) => RefreshStage::Enter(Box::new(first)),
            None => RefreshStage::Failed(SourceError::Invalid {
                name: "an empty chain of sources".into(),
            }),
        },
        Source::Absent(skipped) => {
            walk.skip(skipped);
            RefreshStage::Next { is_failure: false }
        }
        Source::Unusable(skipped) => {
            walk.skip(skipped);
            RefreshStage::Next { is_failure: true }
        }
        unresolved @ Source::FromEnvironment(_) => {
            RefreshStage::Enter(Box::new(unresolved.resolve(&Environment::default())))
        }
        Source::Profile(profile) => ProfileSearch::start(profile).into(),
        Source::AssumeRole(assumed) => {
            let AssumeRole { base, roles } = *assumed;
            walk.enter_roles(roles);
            RefreshStage::Enter(Box::new(base))
        }
        Source::Custom(source) => {
            walk.enter_last(source.name.clone(), &Source::Custom(source.clone()));
            let input = Input::Custom(source);
            RefreshStage::Supply { input, until: None }
        }
        last @ (Source::Static(_)
        | Source::Oidc(_)
        | Source::External(_)
        | Source::EcsRole(_)
        | Source::Uri(_)
        | Source::CloudSso(_)
        | Source::OAuth(_)) => {
            walk.enter_last(last.name(), &last);
            enter_last(last, session, now, deadline)
        }
    }
}

/// The first stage of a source that contains no other.
fn enter_last(source: Source, session: &Session, now: Now, deadline: MonoTime) -> RefreshStage {
    let supply = |input| RefreshStage::Supply { input, until: None };
    match source {
        Source::Static(credentials) => {
            RefreshStage::Fetched(FetchedCredentials::unlimited(credentials))
        }
        Source::Oidc(oidc) => match oidc.token.clone() {
            OidcToken::File(path) => supply(Input::Token(oidc, path)),
            OidcToken::Text(token) => resume::oidc(oidc, token, now, deadline),
        },
        Source::External(external) => supply(Input::Output(external)),
        Source::EcsRole(role) => {
            let state = &session.credential_cache().metadata;
            request::ecs(Ecs::begin(role, state, now.mono), deadline)
        }
        Source::Uri(uri) => {
            let mut plain = PlainRequest::get(uri.endpoint, uri.target);
            // The metadata service has a link-local address, which no proxy can reach.
            plain.direct = plain.endpoint == Endpoint::METADATA;
            RefreshStage::Plain(plain_call(plain, deadline), Responder::Uri)
        }
        Source::CloudSso(login) => {
            if login.expires <= session.service_time(now) {
                return RefreshStage::Failed(SourceError::LogInAgain);
            }
            RefreshStage::Plain(plain_call(sso(&login), deadline), Responder::Sso)
        }
        Source::OAuth(login) => oauth(*login, session, now, deadline),
        other @ (Source::Chain(_)
        | Source::Absent(_)
        | Source::Unusable(_)
        | Source::FromEnvironment(_)
        | Source::Profile(_)
        | Source::Custom(_)
        | Source::AssumeRole(_)) => RefreshStage::Enter(Box::new(other)),
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
