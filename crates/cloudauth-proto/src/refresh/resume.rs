//! The stage after a file, a program's output or a response.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::ecs::ok as body_of;
use super::request::{self, sts_call};
use super::response::{self, IssuerTime};
use super::stage::{Input, RefreshStage, Responder};
use super::sts::AssumeRoleWithOidcRequest;
use crate::call::Signer;
use crate::clock::{MonoTime, Now, UnixTime};
use crate::credentials::{SourceError, SupplyError};
use crate::http::Response;
use crate::secret::Secret;
use crate::session::Session;

/// The stage after `input` was supplied.
pub(super) fn supplied(
    input: Input,
    contents: Result<Vec<u8>, SupplyError>,
    session: &Session,
    now: Now,
    deadline: MonoTime,
) -> RefreshStage {
    let contents = contents.map(Zeroizing::new);
    match (input, contents) {
        (Input::Profile(profile), Err(problem)) => {
            let path = profile.path;
            RefreshStage::Failed(SourceError::File { path, problem })
        }
        (Input::Profile(profile), Ok(text)) => match profile.parse(&text) {
            Ok(source) => RefreshStage::Enter(Box::new(source)),
            Err(reason) => RefreshStage::Failed(reason),
        },
        (Input::Token(oidc), Err(problem)) => {
            let path = oidc.token_file;
            RefreshStage::Failed(SourceError::File { path, problem })
        }
        (Input::Token(oidc), Ok(text)) => {
            // The vendor's SDKs send the line end of the file, too.
            let token = core::str::from_utf8(&text).unwrap_or_default().trim();
            if token.is_empty() {
                let name = format!("the token in {}", oidc.token_file).into();
                return RefreshStage::Failed(SourceError::Invalid { name });
            }
            let token = Secret::new(token);
            let sts = oidc.sts.clone();
            let operation = AssumeRoleWithOidcRequest { oidc, token };
            let provider = "oidc_role_arn";
            sts_call(&operation, Signer::Unsigned, sts, provider, now, deadline)
        }
        (Input::Output(_), Err(problem)) => RefreshStage::Failed(SourceError::Program(problem)),
        (Input::Output(_), Ok(output)) => {
            let time = IssuerTime::ours(session.service_time(now));
            response::printed(&output, time).into()
        }
    }
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
        .map(Zeroizing::new)
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
        },
        None => IssuerTime::ours(session.service_time(now)),
    }
}
