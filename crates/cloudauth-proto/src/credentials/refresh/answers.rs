//! What a source goes on to with what it was given.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::{Refresh, Stage, Then, Wish};
use crate::call::Call;
use crate::clock::{MonoTime, Now, UnixTime};
use crate::credentials::ask::Ask;
use crate::credentials::ecs::{Next, ok as body_of};
use crate::credentials::error::{Reason, Unsupplied};
use crate::credentials::reply::{self, GiverTime, Keys};
use crate::credentials::sts::{self, AssumeRoleWithOidc};
use crate::endpoint::Endpoint;
use crate::machine::Signer;
use crate::operation::Operation;
use crate::policy::CallOptions;
use crate::secret::Secret;
use crate::session::Session;
use crate::wire::date;
use crate::wire::http::Response;

impl Refresh {
    pub(super) fn supplied(
        &self,
        wish: Wish,
        contents: Result<Vec<u8>, Unsupplied>,
        session: &Session,
        now: Now,
    ) -> Stage {
        let contents = contents.map(Zeroizing::new);
        match (wish, contents) {
            (Wish::Profile(profile), Err(problem)) => {
                let path = profile.path;
                Stage::Failed(Reason::File { path, problem })
            }
            (Wish::Profile(profile), Ok(text)) => match profile.parse(&text) {
                Ok(source) => Stage::Enter(Box::new(source)),
                Err(reason) => Stage::Failed(reason),
            },
            (Wish::Token(oidc), Err(problem)) => {
                let path = oidc.token_file;
                Stage::Failed(Reason::File { path, problem })
            }
            (Wish::Token(oidc), Ok(text)) => {
                // Unlike in the vendor's SDKs the line end of the file is not sent.
                let token = core::str::from_utf8(&text).unwrap_or_default().trim();
                if token.is_empty() {
                    let name = format!("the token in {}", oidc.token_file).into();
                    return Stage::Failed(Reason::Unusable { name });
                }
                let token = Secret::new(token);
                let sts = oidc.sts.clone();
                let operation = AssumeRoleWithOidc { oidc, token };
                self.begin_call(&operation, Signer::Nobody, sts, "oidc_role_arn", now)
            }
            (Wish::Output(_), Err(problem)) => Stage::Failed(Reason::Program(problem)),
            (Wish::Output(_), Ok(output)) => {
                let time = GiverTime::ours(session.service_time(now));
                Stage::of(reply::printed(&output, time))
            }
        }
    }

    pub(super) fn begin_call<O: Operation<Response = Keys> + 'static>(
        &self,
        operation: &O,
        signer: Signer,
        sts: Endpoint,
        provider: &'static str,
        now: Now,
    ) -> Stage {
        let rest = self.deadline.saturating_since(now.mono);
        let options = CallOptions::new().endpoint(sts).total_timeout(rest);
        let call = Call::new(operation, options).map(|call| call.signed_by(signer));
        match call {
            Ok(call) => Stage::Call(Box::new(call), provider),
            Err(error) => Stage::Failed(sts::reason(error)),
        }
    }

    pub(super) fn answered(
        then: Then,
        reply: Result<Response, Reason>,
        session: &mut Session,
        now: Now,
        asked: MonoTime,
    ) -> Stage {
        let told = reply.as_ref().ok().and_then(date_of);
        let time = giver_time(told, asked, session, now);
        let (container, provider) = match then {
            Then::Ecs(asked) => {
                let known = &mut session.keyring_mut().metadata;
                return ecs(asked.answered(reply, known, now.mono, time));
            }
            Then::Uri => (None, "credentials_uri"),
            Then::Sso => (Some("CloudCredential"), "cloud_sso"),
            Then::OAuth => (None, "oauth"),
        };
        let keys = reply
            .and_then(body_of)
            .map(Zeroizing::new)
            .and_then(|body| reply::keys(&body, container))
            .and_then(|keys| keys.got(provider, time));
        Stage::of(keys)
    }
}

pub(super) fn ecs(next: Result<Next, Reason>) -> Stage {
    match next {
        Ok(Next::Ask(plain, ecs)) => Stage::Ask(Ask::new(plain), Then::Ecs(ecs)),
        Ok(Next::Got(got)) => Stage::Got(got),
        Err(reason) => Stage::Failed(reason),
    }
}

/// The time of a giver that wrote `date` into its reply to what was asked then.
pub(super) fn giver_time(
    date: Option<UnixTime>,
    asked: MonoTime,
    session: &Session,
    now: Now,
) -> GiverTime {
    match date {
        Some(shown) => GiverTime {
            shown,
            since: now.mono.saturating_since(asked),
        },
        None => GiverTime::ours(session.service_time(now)),
    }
}

fn date_of(response: &Response) -> Option<UnixTime> {
    response.head.header("date").and_then(date::parse)
}
