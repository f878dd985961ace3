//! The role of an ECS instance, from its metadata service.
//!
//! The second version of the service requires a token in every request. The vendor's SDKs fetch a new one
//! for each request and fall back to the first version after any failure. Here a token is used for its lifetime,
//! and the first version is used only if the second has never responded, or if it issues a token and then
//! responds 403 or 404 to it, as agents in private clouds do.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use zeroize::Zeroizing;

use super::response::{self, FetchedCredentials, IssuerTime};
use crate::clock::MonoTime;
use crate::credentials::{EcsRole, MetadataState, SourceError};
use crate::decode::DecodeErrorKind;
use crate::decode::payload;
use crate::encode::{Buffer, percent, text_of};
use crate::http::plain::PlainRequest;
use crate::http::{JSON, Method, Response};
use crate::secret::Secret;

const ROLES: &str = "/latest/meta-data/ram/security-credentials/";
const TOKEN_SECONDS: u64 = 21_600;
/// The time for which a token is used, a minute less than it is valid.
const TOKEN_USED: Duration = Duration::from_secs(TOKEN_SECONDS - 60);

/// An exchange with the metadata service.
#[derive(Debug)]
pub(super) struct Ecs {
    role: EcsRole,
    stage: EcsStage,
}

/// What the current request fetches.
#[derive(Debug)]
enum EcsStage {
    Token,
    Roles {
        token: Option<MetadataToken>,
    },
    Keys {
        token: Option<MetadataToken>,
        name: String,
    },
}

#[derive(Clone, Debug)]
struct MetadataToken {
    text: Secret,
    is_new: bool,
}

pub(super) enum EcsStep {
    Send(PlainRequest, Ecs),
    Fetched(FetchedCredentials),
    /// Nothing names a role, and there is no service, or none with a role.
    Absent(SourceError),
}

impl Ecs {
    pub(super) fn begin(role: EcsRole, state: &MetadataState, now: MonoTime) -> EcsStep {
        match &state.token {
            Some((text, until)) if now < *until => {
                let (text, is_new) = (text.clone(), false);
                Self::named(role, Some(MetadataToken { text, is_new }))
            }
            Some(_) | None => Self::token(role),
        }
    }

    pub(super) fn responded(
        self,
        result: Result<Response, SourceError>,
        state: &mut MetadataState,
        now: MonoTime,
        time: IssuerTime,
    ) -> Result<EcsStep, SourceError> {
        let Self { role, stage } = self;
        match stage {
            EcsStage::Token => match result.and_then(ok).and_then(|body| word(&body)) {
                Ok(text) => {
                    let text = Secret::new(text);
                    state.token = Some((text.clone(), now + TOKEN_USED));
                    state.has_v2 = true;
                    let is_new = true;
                    Ok(Self::named(role, Some(MetadataToken { text, is_new })))
                }
                Err(reason @ SourceError::CannotConnect { .. }) => Self::without(&role, reason),
                Err(_) if role.allows_v1 && !state.has_v2 => Ok(Self::named(role, None)),
                Err(reason) => Self::without(&role, reason),
            },
            EcsStage::Roles { token } => match result.and_then(ok) {
                Err(reason) => match after_refusal(&role, token.as_ref(), &reason) {
                    AfterRefusal::NewToken => Ok(Self::renewed(role, state)),
                    AfterRefusal::WithoutToken => Ok(Self::named(role, None)),
                    AfterRefusal::Nothing => Self::without(&role, reason),
                },
                Ok(body) if body.trim_ascii().is_empty() => {
                    Self::without(&role, SourceError::NoRole)
                }
                Ok(body) => {
                    let name = word(&body)?;
                    let is_part = |b: u8| b.is_ascii_alphanumeric() || b"._@-".contains(&b);
                    if !name.bytes().all(is_part) || name.contains("..") {
                        let problem = "not a valid role name".into();
                        return Err(SourceError::Decode(DecodeErrorKind::Shape(problem)));
                    }
                    Ok(Self::keys(role, name, token))
                }
            },
            EcsStage::Keys { token, name } => match result.and_then(ok) {
                Err(reason) => match after_refusal(&role, token.as_ref(), &reason) {
                    AfterRefusal::NewToken => Ok(Self::renewed(role, state)),
                    AfterRefusal::WithoutToken => Ok(Self::keys(role, name, None)),
                    AfterRefusal::Nothing => Err(reason),
                },
                Ok(body) => {
                    let keys = response::keys(&body, None)?;
                    let fetched = keys.into_fetched_or_on_trial("ecs_ram_role", time)?;
                    Ok(EcsStep::Fetched(fetched))
                }
            },
        }
    }

    /// The end without a role. The service is not there if nothing names a role of it, and it does not respond
    /// or has none.
    fn without(role: &EcsRole, reason: SourceError) -> Result<EcsStep, SourceError> {
        let is_absent = matches!(
            reason,
            SourceError::CannotConnect { .. }
                | SourceError::NoResponse { .. }
                | SourceError::TimedOut
                | SourceError::NoRole
                | SourceError::Refused { status: 404, .. }
        );
        if is_absent && role.role.is_none() {
            Ok(EcsStep::Absent(reason))
        } else {
            Err(reason)
        }
    }

    /// Fetches a new token: the instance may have been restarted.
    fn renewed(role: EcsRole, state: &mut MetadataState) -> EcsStep {
        state.token = None;
        Self::token(role)
    }

    fn token(role: EcsRole) -> EcsStep {
        let mut plain = request(&role, Method::Put, "/latest/api/token".into(), None);
        plain.headers = vec![(
            "x-aliyun-ecs-metadata-token-ttl-seconds",
            Secret::new(format!("{TOKEN_SECONDS}")),
        )];
        let stage = EcsStage::Token;
        EcsStep::Send(plain, Self { role, stage })
    }

    fn named(role: EcsRole, token: Option<MetadataToken>) -> EcsStep {
        if let Some(name) = role.role.clone() {
            return Self::keys(role, name, token);
        }
        let plain = request(&role, Method::Get, ROLES.to_owned(), token.as_ref());
        let stage = EcsStage::Roles { token };
        EcsStep::Send(plain, Self { role, stage })
    }

    fn keys(role: EcsRole, name: String, token: Option<MetadataToken>) -> EcsStep {
        let mut encoded = Buffer::default();
        percent::encode(name.as_bytes(), &mut encoded);
        let target = format!("{ROLES}{}", text_of(encoded.into_bytes()));
        let plain = request(&role, Method::Get, target, token.as_ref());
        let stage = EcsStage::Keys { token, name };
        EcsStep::Send(plain, Self { role, stage })
    }
}

/// What to do after a request with or without a token was refused.
enum AfterRefusal {
    NewToken,
    WithoutToken,
    Nothing,
}

fn after_refusal(
    role: &EcsRole,
    token: Option<&MetadataToken>,
    reason: &SourceError,
) -> AfterRefusal {
    let (Some(token), SourceError::Refused { status, .. }) = (token, reason) else {
        return AfterRefusal::Nothing;
    };
    match status {
        401 | 403 if !token.is_new => AfterRefusal::NewToken,
        403 | 404 if role.allows_v1 => AfterRefusal::WithoutToken,
        _ => AfterRefusal::Nothing,
    }
}

fn request(
    role: &EcsRole,
    method: Method,
    target: String,
    token: Option<&MetadataToken>,
) -> PlainRequest {
    let header = |token: &MetadataToken| ("x-aliyun-ecs-metadata-token", token.text.clone());
    PlainRequest {
        method,
        endpoint: role.endpoint.clone(),
        target,
        headers: token.map(header).into_iter().collect(),
        body: Secret::new(""),
        accept: JSON,
        direct: true,
    }
}

/// The body of a response with status 2xx.
pub(super) fn ok(response: Response) -> Result<Zeroizing<Vec<u8>>, SourceError> {
    let status = response.head.status;
    if (200..300).contains(&status) {
        return Ok(Zeroizing::new(response.body));
    }
    let envelope = payload::envelope(&response.body);
    let code = envelope.ok().and_then(|envelope| envelope.code);
    Err(SourceError::Refused { status, code })
}

/// The body of a response, if it is one word.
fn word(body: &[u8]) -> Result<String, SourceError> {
    let text = core::str::from_utf8(body).unwrap_or_default().trim();
    if text.is_empty() || text.len() > 4_096 || !text.bytes().all(|b| b.is_ascii_graphic()) {
        let problem = "not a single word".into();
        return Err(SourceError::Decode(DecodeErrorKind::Shape(problem)));
    }
    Ok(text.to_owned())
}
