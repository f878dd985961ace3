//! The requests of a refresh.

use alloc::boxed::Box;
use core::time::Duration;

use super::ecs::EcsStep;
use super::response::IssuedCredentials;
use super::stage::{RefreshStage, Responder};
use super::sts;
use crate::call::plain::{PlainCall, PlainLimits, PlainResult, Purpose};
use crate::call::{Call, Signer};
use crate::clock::{MonoTime, Now};
use crate::credentials::SourceError;
use crate::endpoint::Endpoint;
use crate::exchange::Content;
use crate::http::Response;
use crate::http::plain::PlainRequest;
use crate::operation::Operation;
use crate::policy::CallOptions;

/// The largest response in bytes; the vendor's are below 4 KiB.
const RESPONSE_LIMIT: usize = 64 << 10;

/// Makes the exchange for a request, with the time-outs of the vendor's SDKs (recorded): 5 s to connect
/// and 10 s to read, and 1 s each for the metadata service, which is near or does not exist.
pub(super) fn plain_call(request: PlainRequest, deadline: MonoTime) -> Box<PlainCall> {
    let (connect, read) = if request.direct { (1, 1) } else { (5, 10) };
    let limits = PlainLimits {
        connect_timeout: Duration::from_secs(connect),
        read_timeout: Duration::from_secs(read),
        response_limit: RESPONSE_LIMIT,
        max_attempts: 2,
        backoff: Duration::ZERO,
        // If the program does not run on an instance, the next attempt fails as well.
        retries_connecting: !request.direct,
        deadline,
    };
    let endpoint = request.endpoint.clone();
    Box::new(PlainCall::new(
        Purpose::Credentials,
        Content::Plain(request),
        endpoint,
        limits,
    ))
}

/// The response to a request, or the reason why there is none.
pub(super) fn plain_response(result: PlainResult) -> Result<Response, SourceError> {
    match result.response {
        Some(response) => Ok(response),
        None if result.is_out_of_time => Err(SourceError::TimedOut),
        None => Err(sts::reason_of(&result.attempts)),
    }
}

pub(super) fn ecs(next: EcsStep, deadline: MonoTime) -> RefreshStage {
    match next {
        EcsStep::Send(plain, ecs) => {
            RefreshStage::Plain(plain_call(plain, deadline), Responder::Ecs(ecs))
        }
        EcsStep::Fetched(fetched) => RefreshStage::Fetched(fetched),
        EcsStep::Absent(reason) => RefreshStage::Absent(reason),
    }
}

/// Makes a call of the security token service at `sts`.
pub(super) fn sts_call<O: Operation<Response = IssuedCredentials> + 'static>(
    operation: &O,
    signer: Signer,
    sts: Endpoint,
    provider: &'static str,
    now: Now,
    deadline: MonoTime,
) -> RefreshStage {
    let rest = deadline.saturating_since(now.mono);
    let options = CallOptions::new().endpoint(sts).total_timeout(rest);
    match Call::new(operation, options) {
        Ok(call) => RefreshStage::Call(Box::new(call.signed_by(signer)), provider),
        Err(error) => RefreshStage::Failed(sts::reason(error)),
    }
}
