//! What the attempts of a call have shown so far.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::classify::Received;
use super::result::Refusal;
use crate::clock::MonoTime;
use crate::credentials::{Credentials, CredentialsError};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::exchange::EncodedOperation;
use crate::policy::{Classification, Effect};

#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Whether an attempt without a response may have been carried out.
    pub(super) uncertain: bool,
    /// The last response, if it was a refusal worth another attempt.
    pub(super) refusal: Option<Refusal>,
    /// Why the call could not be signed when it was last due.
    pub(super) lacks_credentials: Option<CredentialsError>,
    /// The credentials that were refused and may be replaced by others.
    pub(super) refused_credentials: Option<Credentials>,
    /// The classifications that led to a free repetition; each does so once.
    pub(super) repeated: Vec<Classification>,
    /// Endpoints whose certificate was refused.
    pub(super) refused: Vec<Endpoint>,
    /// Endpoints that the service wants not to be used before a time.
    pub(super) not_before: Vec<(Endpoint, MonoTime)>,
    /// The attempt that ended last without being the result: its endpoint, and what it came to.
    pub(super) last: Option<(Endpoint, Classification)>,
    /// Whether the origin has responded.
    has_origin_responded: bool,
}

impl Findings {
    /// Takes the origin of the verification into account: a code for an unknown ID counts only from
    /// the origin, or once the origin has responded.
    pub(super) fn classify_by_origin(
        &mut self,
        operation: &EncodedOperation,
        is_pinned: bool,
        endpoint: &Endpoint,
        received: &Received,
        classification: Classification,
    ) -> Classification {
        if classification != Classification::Final {
            return classification;
        }
        let origin = operation.origin.as_ref();
        if origin.is_none_or(|origin| origin == endpoint) {
            self.has_origin_responded = true;
            return classification;
        }
        if received.is_unknown_id && !self.has_origin_responded && !is_pinned {
            return Classification::UnknownHere;
        }
        classification
    }

    /// When the endpoint may be used, as far as the service demands a wait.
    pub(super) fn not_before(&self, endpoint: &Endpoint) -> Option<MonoTime> {
        let demanded = self.not_before.iter().rev();
        let mut demanded = demanded.filter(|(demanding, _)| demanding == endpoint);
        demanded.next().map(|(_, until)| *until)
    }

    /// Whether the operation may have been carried out without a response that says so.
    pub(super) fn is_uncertain(&self, operation: &EncodedOperation) -> bool {
        self.uncertain && operation.metadata.effect != Effect::ReadOnly
    }

    /// The error of a call that has nothing left to try.
    pub(super) fn give_up(&mut self, operation: &EncodedOperation) -> Error {
        let uncertain = self.is_uncertain(operation);
        match (self.lacks_credentials.take(), self.refusal.take()) {
            (Some(error), _) if !uncertain => Error::Credentials(Box::new(error)),
            (_, Some(refusal)) => operation.refused(refusal, uncertain),
            (_, None) => operation.exhausted(uncertain),
        }
    }
}
