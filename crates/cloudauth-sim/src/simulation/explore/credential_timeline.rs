//! The credentials cached over the time of a scenario, derived from its trace.

use core::time::Duration;
use std::collections::BTreeMap;

use crate::simulation::{EventKind, Simulation};

/// Expiration times are in whole seconds, so credentials can expire up to this much earlier than
/// their lifetime suggests.
const SECOND: Duration = Duration::from_secs(1);

/// All credentials that were cached, oldest first.
pub(super) struct CredentialTimeline {
    cached: Vec<CachedCredentials>,
    /// The ends of failed refreshes.
    failures: Vec<Duration>,
}

struct CachedCredentials {
    from: Duration,
    /// The time of the request for them plus their lifetime, since they were issued no earlier.
    expires: Duration,
}

impl CredentialTimeline {
    /// Derives the timeline of a simulation in which credentials have this lifetime.
    pub(super) fn of(simulation: &Simulation, lifetime: Duration) -> Self {
        let mut requested = BTreeMap::new();
        let mut cached = Vec::new();
        let mut failures = Vec::new();
        for event in simulation.trace().events() {
            match event.kind {
                // A file is read, and a program started, at the time at which the refresh starts.
                EventKind::RefreshStarted | EventKind::CredentialRequestSent { .. } => {
                    requested.insert(event.call, event.at);
                }
                EventKind::RefreshEnded { succeeded: true } => {
                    let requested = requested.get(&event.call).copied().unwrap_or_default();
                    cached.push(CachedCredentials {
                        from: event.at,
                        expires: requested + lifetime,
                    });
                }
                EventKind::RefreshEnded { succeeded: false } => failures.push(event.at),
                EventKind::Started
                | EventKind::RequestSent { .. }
                | EventKind::CarriedOut { .. }
                | EventKind::ExchangeEnded { .. }
                | EventKind::ExchangeAbandoned { .. }
                | EventKind::Ended(_)
                | EventKind::Dropped => {}
            }
        }
        Self { cached, failures }
    }

    /// The expiration of the credentials that are cached at `at`.
    fn expires(&self, at: Duration) -> Option<Duration> {
        let mut newest = self.cached.iter().rev();
        let newest = newest.find(|credentials| credentials.from <= at);
        newest.map(|credentials| credentials.expires)
    }

    /// Whether the credentials cached at `from` are certainly valid until `to`. The service's and
    /// the client's clock are each rounded down to a second.
    pub(super) fn are_valid(&self, from: Duration, to: Duration) -> bool {
        self.expires(from)
            .is_some_and(|expires| to + 2 * SECOND <= expires)
    }

    /// Whether a request at `at` can be signed with valid credentials.
    pub(super) fn can_sign(&self, at: Duration) -> bool {
        self.expires(at).is_some_and(|expires| at < expires)
    }

    /// Whether a refresh has failed since the credentials cached at `at` expired for the client: the
    /// expiration and the client's clock are each rounded down to a second.
    pub(super) fn has_failed_since_expiry(&self, at: Duration) -> bool {
        let expires = self.expires(at).unwrap_or_default();
        let mut failures = self.failures.iter();
        failures.any(|failed| expires <= *failed + 2 * SECOND && *failed <= at)
    }

    /// Whether the credentials of a request signed at `signed` may have expired by `ended`.
    pub(super) fn may_have_expired(&self, signed: Duration, ended: Duration) -> bool {
        self.expires(signed)
            .is_some_and(|expires| ended + SECOND >= expires)
    }
}
