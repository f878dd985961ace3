//! The role of an ECS instance, from its metadata service.
//!
//! The second version of the service wants a token in every question. The vendor's SDKs get a new one
//! for each of them and go back to the first version whenever anything fails; here a token is used for
//! its life, and the first version never again once the second answered.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::error::Reason;
use super::keyring::Metadata;
use super::reply::{self, GiverTime, Got};
use super::source::EcsRole;
use crate::clock::MonoTime;
use crate::error::Unreadable;
use crate::flow::{JSON, Plain};
use crate::secret::Secret;
use crate::sign::text_of;
use crate::wire::http::{Method, Response};
use crate::wire::out::Buffer;
use crate::wire::percent;

const ROLES: &str = "/latest/meta-data/ram/security-credentials/";
const TOKEN_SECONDS: u64 = 21_600;
/// A token is not used up to its last moment.
const TOKEN_USED: Duration = Duration::from_secs(TOKEN_SECONDS - 60);

/// Where the questions have got to.
#[derive(Debug)]
pub(super) struct Ecs {
    role: EcsRole,
    at: At,
}

#[derive(Debug)]
enum At {
    Token,
    Name { token: Option<Token> },
    Keys { token: Option<Token> },
}

#[derive(Clone, Debug)]
struct Token {
    text: Secret,
    is_new: bool,
}

/// What comes next.
pub(super) enum Next {
    Ask(Plain, Ecs),
    Got(Got),
}

impl Ecs {
    pub(super) fn begin(role: EcsRole, known: &Metadata, now: MonoTime) -> Next {
        match &known.token {
            Some((text, until)) if now < *until => {
                let (text, is_new) = (text.clone(), false);
                Self::named(role, Some(Token { text, is_new }))
            }
            Some(_) | None => Self::token(role),
        }
    }

    pub(super) fn answered(
        self,
        reply: Result<Response, Reason>,
        known: &mut Metadata,
        now: MonoTime,
        time: GiverTime,
    ) -> Result<Next, Reason> {
        let Self { role, at } = self;
        match at {
            At::Token => match reply.and_then(ok).and_then(|body| word(&body)) {
                Ok(text) => {
                    let text = Secret::new(text);
                    known.token = Some((text.clone(), now + TOKEN_USED));
                    known.has_v2 = true;
                    let is_new = true;
                    Ok(Self::named(role, Some(Token { text, is_new })))
                }
                Err(Reason::NoConnection) => Err(Reason::NoConnection),
                Err(_) if role.allows_v1 && !known.has_v2 => Ok(Self::named(role, None)),
                Err(reason) => Err(reason),
            },
            At::Name { token } => match reply.and_then(ok) {
                Err(reason) => Self::refused(role, token.as_ref(), reason, known),
                Ok(body) => {
                    let name = word(&body)?;
                    let is_part = |b: u8| b.is_ascii_alphanumeric() || b"._@-".contains(&b);
                    if !name.bytes().all(is_part) || name.contains("..") {
                        let told = "the name of the role is none".into();
                        return Err(Reason::Unreadable(Unreadable::Shape(told)));
                    }
                    Ok(Self::keys(role, &name, token))
                }
            },
            At::Keys { token } => match reply.and_then(ok) {
                Err(reason) => Self::refused(role, token.as_ref(), reason, known),
                Ok(body) => {
                    let keys = reply::keys(&body, None)?;
                    Ok(Next::Got(keys.got("ecs_ram_role", time)?))
                }
            },
        }
    }

    /// A token from before may be refused after the instance was restarted: get a new one, once.
    fn refused(
        role: EcsRole,
        token: Option<&Token>,
        reason: Reason,
        known: &mut Metadata,
    ) -> Result<Next, Reason> {
        let is_about_token = matches!(
            reason,
            Reason::Refused {
                status: 401 | 403,
                ..
            }
        );
        match token {
            Some(Token { is_new: false, .. }) if is_about_token => {
                known.token = None;
                Ok(Self::token(role))
            }
            Some(_) | None => Err(reason),
        }
    }

    fn token(role: EcsRole) -> Next {
        let mut plain = question(&role, Method::Put, "/latest/api/token".into(), None);
        plain.headers = vec![(
            "x-aliyun-ecs-metadata-token-ttl-seconds",
            Secret::new(format!("{TOKEN_SECONDS}")),
        )];
        Next::Ask(
            plain,
            Self {
                role,
                at: At::Token,
            },
        )
    }

    fn named(role: EcsRole, token: Option<Token>) -> Next {
        if let Some(name) = role.role.clone() {
            return Self::keys(role, &name, token);
        }
        let plain = question(&role, Method::Get, ROLES.to_owned(), token.as_ref());
        let at = At::Name { token };
        Next::Ask(plain, Self { role, at })
    }

    fn keys(role: EcsRole, name: &str, token: Option<Token>) -> Next {
        let mut encoded = Buffer::default();
        percent::encode(name.as_bytes(), &mut encoded);
        let target = format!("{ROLES}{}", text_of(encoded.into_bytes()));
        let plain = question(&role, Method::Get, target, token.as_ref());
        let at = At::Keys { token };
        Next::Ask(plain, Self { role, at })
    }
}

fn question(role: &EcsRole, method: Method, target: String, token: Option<&Token>) -> Plain {
    let header = |token: &Token| ("x-aliyun-ecs-metadata-token", token.text.clone());
    Plain {
        method,
        endpoint: role.endpoint.clone(),
        target,
        headers: token.map(header).into_iter().collect(),
        body: Secret::new(""),
        accept: JSON,
        direct: true,
    }
}

/// The body of a reply with a status of success.
pub(super) fn ok(response: Response) -> Result<Vec<u8>, Reason> {
    let status = response.head.status;
    if (200..300).contains(&status) {
        return Ok(response.body);
    }
    let envelope = crate::wire::envelope::Envelope::read(&response.body);
    let code = envelope.ok().and_then(|envelope| envelope.code);
    Err(Reason::Refused { status, code })
}

/// A body that is one word.
fn word(body: &[u8]) -> Result<String, Reason> {
    let text = core::str::from_utf8(body).unwrap_or_default().trim();
    if text.is_empty() || text.len() > 4_096 || !text.bytes().all(|b| b.is_ascii_graphic()) {
        let told = "not one word where one is needed".into();
        return Err(Reason::Unreadable(Unreadable::Shape(told)));
    }
    Ok(text.to_owned())
}
