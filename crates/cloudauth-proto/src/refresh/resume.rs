//! The stage after a file, a program's output or a response.

use alloc::boxed::Box;
use alloc::format;

use zeroize::Zeroizing;

use super::ecs::ok as body_of;
use super::request::{self, sts_call};
use super::response::{self, FetchedCredentials, IssuerTime};
use super::stage::{Input, RefreshStage, Responder, Supplied};
use super::sts::AssumeRoleWithOidcRequest;
use super::walk::SourceWalk;
use crate::call::Signer;
use crate::clock::{MonoTime, Now, UnixTime};
use crate::credentials::{
    Oidc, PrintedProfile, ProvidedCredentials, Source, SourceError, SupplyError, printed,
};
use crate::http::Response;
use crate::secret::Secret;
use crate::session::Session;

/// The stage after `input` was supplied.
pub(super) fn supplied(
    input: Input,
    supplied: Result<Supplied, SupplyError>,
    walk: &mut SourceWalk,
    session: &Session,
    now: Now,
    deadline: MonoTime,
) -> RefreshStage {
    let (input, supplied) = match (input, supplied) {
        (Input::Custom(_), Err(problem)) => {
            return RefreshStage::Failed(SourceError::Custom(problem));
        }
        (_, Ok(Supplied::Credentials(provided))) => {
            let time = IssuerTime::ours(session.service_time(now));
            let ProvidedCredentials {
                credentials,
                expires,
            } = provided;
            return match expires {
                Some(expires) => FetchedCredentials::until(credentials, expires, time).into(),
                None => RefreshStage::Fetched(FetchedCredentials::unlimited(credentials)),
            };
        }
        (Input::Custom(_), Ok(Supplied::Contents(_))) => {
            return RefreshStage::Failed(SourceError::Custom(SupplyError::Failed));
        }
        (input, Ok(Supplied::Contents(contents))) => (input, Ok(contents)),
        (input, Err(problem)) => (input, Err(problem)),
    };
    let contents = supplied.map(Zeroizing::new);
    match (input, contents) {
        (Input::Custom(_), _) => RefreshStage::Failed(SourceError::Custom(SupplyError::Failed)),
        (Input::Profile(search), contents) => {
            let contents = contents.as_ref().map(|text| &***text);
            search
                .supplied(contents.map_err(|problem| *problem), walk)
                .into()
        }
        (Input::Token(_, path), Err(problem)) => {
            RefreshStage::Failed(SourceError::File { path, problem })
        }
        (Input::Token(oidc, path), Ok(text)) => {
            // The vendor's SDKs send the line end of the file, too.
            let token = core::str::from_utf8(&text).unwrap_or_default().trim();
            if token.is_empty() {
                let name = format!("the token in {path}").into();
                return RefreshStage::Failed(SourceError::Invalid { name });
            }
            self::oidc(oidc, Secret::new(token), now, deadline)
        }
        (Input::Output(_), Err(problem)) => RefreshStage::Failed(SourceError::Program(problem)),
        (Input::Output(program), Ok(output)) => match printed(&output, &program.settings) {
            Ok(PrintedProfile::Key(credentials, expires)) => {
                let time = IssuerTime::ours(session.service_time(now));
                match expires {
                    Some(expires) => FetchedCredentials::until(credentials, expires, time).into(),
                    None => RefreshStage::Fetched(FetchedCredentials::printed(credentials)),
                }
            }
            Ok(PrintedProfile::Other(source)) => {
                walk.enter_described(Source::External(program));
                RefreshStage::Enter(Box::new(source))
            }
            Err(reason) => RefreshStage::Failed(reason),
        },
    }
}

/// The stage that assumes a role with this token.
pub(super) fn oidc(oidc: Box<Oidc>, token: Secret, now: Now, deadline: MonoTime) -> RefreshStage {
    let sts = oidc.sts.clone();
    let operation = AssumeRoleWithOidcRequest { oidc, token };
    let provider = "oidc_role_arn";
    sts_call(&operation, Signer::Unsigned, sts, provider, now, deadline)
}

/// The stage after the response to a request that was sent at `sent`.
pub(super) fn responded(
    responder: Responder,
    result: Result<Response, SourceError>,
    session: &mut Session,
    now: Now,
    sent: Now,
    deadline: MonoTime,
) -> RefreshStage {
    let date = result
        .as_ref()
        .ok()
        .and_then(|response| response.head.date());
    let time = issuer_time(date, sent, session, now);
    let (container, provider) = match responder {
        Responder::Ecs(ecs) => {
            let state = &mut session.credential_cache_mut().metadata;
            return match ecs.responded(result, state, now.mono, time) {
                Ok(next) => request::ecs(next, deadline),
                Err(reason) => RefreshStage::Failed(reason),
            };
        }
        Responder::Uri => (None, "credentials_uri"),
        Responder::Sso => (Some("CloudCredential"), "cloud_sso"),
        Responder::OAuth => (None, "oauth"),
    };
    result
        .and_then(body_of)
        .and_then(|body| response::keys(&body, container))
        .and_then(|keys| keys.into_fetched(provider, time))
        .into()
}

/// The time of the issuer whose response to a request sent at `sent` carried this `Date`.
pub(super) fn issuer_time(
    date: Option<UnixTime>,
    sent: Now,
    session: &Session,
    now: Now,
) -> IssuerTime {
    match date {
        Some(shown) => IssuerTime {
            shown,
            since: now.longest_since(sent),
            is_ours: false,
        },
        None => IssuerTime::ours(session.service_time(now)),
    }
}
