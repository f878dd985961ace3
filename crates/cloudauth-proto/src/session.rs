//! What outlives a call.

use crate::clock::MonoTime;
use crate::credentials::Credentials;
use crate::endpoint::{Endpoint, Endpoints};
use crate::entropy::Entropy;
use crate::policy::Policy;
use crate::sign::Scheme;

/// The state that calls share: plain data, lent to each [`poll`](crate::Flow::poll).
///
/// Not `Clone`: two copies would use the same nonces. A driver that serves several threads puts it
/// behind its own lock; a poll holds that for microseconds.
#[derive(Debug)]
pub struct Session {
    endpoints: Endpoints,
    scheme: Scheme,
    credentials: Credentials,
    policy: Policy,
    entropy: Entropy,
}

impl Session {
    /// A session with the default endpoints, scheme and policy.
    ///
    /// `seed` must be random, and new for every session: all nonces come from it.
    #[must_use]
    pub fn new(credentials: Credentials, seed: [u8; 32]) -> Self {
        Self {
            endpoints: Endpoints::default(),
            scheme: Scheme::default(),
            credentials,
            policy: Policy::default(),
            entropy: Entropy::from_seed(seed),
        }
    }

    /// Asks these endpoints, in this order.
    #[must_use]
    pub fn endpoints(mut self, endpoints: Endpoints) -> Self {
        self.endpoints = endpoints;
        self
    }

    /// Signs with this scheme.
    #[must_use]
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = scheme;
        self
    }

    /// Keeps to these limits.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    pub(crate) fn limits(&self) -> &Policy {
        &self.policy
    }

    /// The endpoint to ask after `tried` others.
    pub(crate) fn pick(&self, tried: usize) -> Option<&Endpoint> {
        self.endpoints.as_slice().get(tried)
    }

    /// What signing needs, for one call.
    pub(crate) fn signer(&self) -> (Scheme, Credentials) {
        (self.scheme, self.credentials.clone())
    }

    pub(crate) fn fork_entropy(&mut self) -> Entropy {
        self.entropy.fork()
    }
}

/// When a call that starts at `started` must be over.
pub(crate) fn deadline(started: MonoTime, policy: &Policy) -> MonoTime {
    started + policy.total_timeout
}
