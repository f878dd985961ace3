//! Calls that a trace tells of, with the inputs that it tells of.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::classify::{self, Received};
use super::plain::{PlainCall, PlainLimits, Purpose};
use super::result::LONGEST_TARGET;
use super::signer::Signer;
use super::state::CallState;
use crate::clock::Now;
use crate::credentials::{Credentials, CredentialsError};
use crate::decode::DecodeErrorKind;
use crate::encode::{ParamLocation, Params};
use crate::exchange::{Content, EncodedOperation, ExchangeId};
use crate::http::plain::PlainRequest;
use crate::http::{Delivery, Failure, Head, Method, Response};
use crate::operation::OperationMetadata;
use crate::policy::{CallOptions, Classification};
use crate::secret::Sensitive;
use crate::session::Session;
use crate::trace::{TracedCall, TracedEnd, TracedPlain, TracedResponse, TracedSigner};

/// A flow of a trace.
pub(crate) struct ReplayedFlow(Replayed);

enum Replayed {
    Call(Box<CallState>),
    Plain(Box<PlainCall>),
}

impl ReplayedFlow {
    /// A call of an operation with the same effect, whose parameters are not known.
    pub(crate) fn call(traced: &TracedCall) -> Result<Self, CredentialsError> {
        let action = Cow::Owned(traced.action.clone());
        let mut metadata = OperationMetadata::new(action, traced.effect);
        metadata.version = Cow::Owned(traced.version.clone());
        metadata.has_result_code = traced.has_result_code;
        let mut params = Params::new();
        if traced.is_too_long {
            metadata.method = Method::Get;
            let long = "0".repeat(LONGEST_TARGET);
            params.push("long", &long, ParamLocation::Query);
        }
        let operation = EncodedOperation {
            metadata,
            params,
            origin: traced.origin.clone().map(|origin| origin.0),
        };
        let options = CallOptions {
            total_timeout: traced.total_timeout.map(|span| span.0),
            repeat: traced.repeat,
            endpoint: traced.endpoint.clone().map(|endpoint| endpoint.0),
            hedge_after: traced.hedge_after.map(|span| span.0),
            credentials: None,
        };
        let mut state = CallState::new(operation.into(), options);
        state.sign_with(match traced.signer {
            TracedSigner::Session => Signer::Session,
            TracedSigner::Account(number) => Signer::Call(Credentials::access_key(
                format!("account{number}"),
                "secret",
            )?),
            TracedSigner::Own => Signer::Own(Credentials::access_key("own", "secret")?),
            TracedSigner::Unsigned => Signer::Unsigned,
        });
        Ok(Self(Replayed::Call(Box::new(state))))
    }

    pub(crate) fn plain(traced: &TracedPlain) -> Self {
        let purposes = [Purpose::Upload, Purpose::Download];
        let purpose = purposes.into_iter().find(|it| it.action() == traced.action);
        let endpoint = traced.endpoint.0.clone();
        let request = PlainRequest::get(endpoint.clone(), String::new());
        let limits = PlainLimits {
            connect_timeout: traced.connect_timeout.0,
            read_timeout: traced.read_timeout.0,
            response_limit: usize::MAX,
            max_attempts: traced.max_attempts,
            backoff: traced.backoff.0,
            retries_connecting: traced.retries_connecting,
            deadline: traced.deadline.time(),
        };
        let purpose = purpose.unwrap_or(Purpose::Credentials);
        let call = PlainCall::new(purpose, Content::Plain(request), endpoint, limits);
        Self(Replayed::Plain(Box::new(call)))
    }

    pub(crate) fn poll(&mut self, session: &mut Session, now: Now) {
        match &mut self.0 {
            Replayed::Call(call) => drop(call.poll(session, now)),
            Replayed::Plain(call) => drop(call.poll(session, now)),
        }
    }

    /// Reports the end of an exchange. One that the call did not expect then, it does not expect now.
    pub(crate) fn report(
        &mut self,
        session: &mut Session,
        id: ExchangeId,
        end: Option<&TracedEnd>,
        now: Now,
    ) {
        let result = match end {
            Some(TracedEnd::Responded(response)) => Ok(empty(response.status, Vec::new())),
            Some(TracedEnd::PlainResponse {
                status,
                classification,
            }) => {
                let code = match classification {
                    Classification::Throttled => r#"{"Code":"Throttling"}"#,
                    Classification::ServerError => r#"{"Code":"ServiceUnavailable"}"#,
                    Classification::NotSent
                    | Classification::LocalFailure
                    | Classification::CertificateRefused
                    | Classification::NoResponse
                    | Classification::Unreadable
                    | Classification::ClockSkew
                    | Classification::NonceReused
                    | Classification::CredentialsRefused
                    | Classification::UnknownHere
                    | Classification::Final => "{}",
                };
                Ok(empty(*status, code.into()))
            }
            Some(TracedEnd::Failed(classification)) => Err(failure(*classification)),
            None => Err(failure(Classification::NoResponse)),
        };
        let mut nothing = |_: &[u8], _: &OperationMetadata| Err(DecodeErrorKind::Empty);
        match &mut self.0 {
            Replayed::Call(call) => {
                let receive: classify::Receive<'_> = &mut |response, metadata, limit| match end {
                    Some(TracedEnd::Responded(traced)) => received(traced),
                    _ => classify::response(response, metadata, limit, &mut nothing),
                };
                call.report(session, id, result, now, receive);
            }
            Replayed::Plain(call) => call.report(session, id, result, now),
        }
    }
}

fn empty(status: u16, body: Vec<u8>) -> Response {
    Response::new(Head::new(status, Vec::new()), body)
}

fn failure(classification: Classification) -> Failure {
    let delivery = match classification {
        Classification::NotSent => Delivery::NotSent,
        Classification::LocalFailure => Delivery::LocalFailure,
        Classification::CertificateRefused => Delivery::CertificateRefused,
        Classification::NoResponse
        | Classification::Throttled
        | Classification::ServerError
        | Classification::Unreadable
        | Classification::ClockSkew
        | Classification::NonceReused
        | Classification::CredentialsRefused
        | Classification::UnknownHere
        | Classification::Final => Delivery::MaybeSent,
    };
    Failure::new(delivery, "recorded")
}

fn received(traced: &TracedResponse) -> Received {
    Received {
        classification: traced.classification,
        is_ok: (200..300).contains(&traced.status),
        is_success: traced.is_success,
        code: traced.code.clone(),
        is_unknown_id: traced.is_unknown_id,
        message: Sensitive::default(),
        request_id: None,
        unreadable: traced.is_unreadable.then_some(DecodeErrorKind::Empty),
        date: traced.date,
        retry_after: traced.retry_after.0,
    }
}
