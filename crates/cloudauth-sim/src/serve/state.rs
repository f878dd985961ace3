//! The state that the listeners, their connections and the [`Simulator`](crate::Simulator) share.

use core::sync::atomic::{AtomicI64, Ordering};
use std::io;
use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use hyper::StatusCode;
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;

use super::hosts::Destination;
use super::tls::{CertificateAuthority, SERVER_NAMES};
use crate::admin::AdminAccess;
use crate::credential_services::CredentialService;
use crate::http::{IncomingRequest, OutgoingResponse, Reaction};
use crate::region::Region;
use crate::world::{World, is_for_browsers};

/// How many long bodies are read at once. With the longest ones they take 256 MiB.
const LONG_BODIES: usize = 16;

/// A command to the listener of a region. The sender or the function is used when it is done.
pub(super) enum ListenerCommand {
    Close(Option<SyncSender<()>>),
    Open(Box<dyn FnOnce(io::Result<()>) + Send>),
}

/// The clock is never further from the system's than 100 years: what is computed from it stays within
/// four digits of a year.
const MAX_OFFSET_SECONDS: i64 = 100 * 365 * 86_400;

pub(super) struct ServerState {
    world: Mutex<World>,
    shanghai: mpsc::UnboundedSender<ListenerCommand>,
    beijing: mpsc::UnboundedSender<ListenerCommand>,
    /// The offset from the system's clock in seconds.
    clock_offset: AtomicI64,
    /// Has a certificate from an untrusted authority; created on first use.
    untrusted: OnceLock<Option<TlsAcceptor>>,
    /// Bounds the number of long bodies in memory.
    pub(super) long_bodies: Semaphore,
    /// Who may use the admin interface.
    pub(super) access: AdminAccess,
    /// Why the state file could not be written, if it could not.
    state_error: Mutex<Option<String>>,
}

impl ServerState {
    pub(super) fn new(
        shanghai: mpsc::UnboundedSender<ListenerCommand>,
        beijing: mpsc::UnboundedSender<ListenerCommand>,
        access: AdminAccess,
    ) -> Self {
        Self {
            world: Mutex::new(World::new()),
            shanghai,
            beijing,
            clock_offset: AtomicI64::new(0),
            untrusted: OnceLock::new(),
            long_bodies: Semaphore::new(LONG_BODIES),
            access,
            state_error: Mutex::new(None),
        }
    }

    pub(super) fn now_unix(&self) -> u64 {
        system_unix().saturating_add_signed(self.clock_offset.load(Ordering::Relaxed))
    }

    /// The offset from the system's clock in seconds.
    pub(super) fn clock_offset(&self) -> i64 {
        self.clock_offset.load(Ordering::Relaxed)
    }

    pub(super) fn set_clock_offset(&self, seconds: i64) {
        self.clock_offset.store(0, Ordering::Relaxed);
        self.move_clock(seconds);
    }

    /// Changes whenever the state file has to be written.
    pub(super) fn revision(&self) -> (u64, i64) {
        (self.world().revision(), self.clock_offset())
    }

    pub(super) fn state_error(&self) -> Option<String> {
        let error = self.state_error.lock();
        error.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_state_error(&self, error: Option<String>) {
        let stored = self.state_error.lock();
        *stored.unwrap_or_else(PoisonError::into_inner) = error;
    }

    pub(super) fn move_clock(&self, seconds: i64) {
        let limits = -MAX_OFFSET_SECONDS..=MAX_OFFSET_SECONDS;
        let moved = |offset: i64| {
            let moved = offset.saturating_add(seconds);
            Some(moved.clamp(*limits.start(), *limits.end()))
        };
        // The closure always returns a value.
        let _ = self
            .clock_offset
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, moved);
    }

    /// Whether connections to this destination are refused.
    pub(super) fn refuses_connections(&self, destination: Destination) -> bool {
        match destination {
            Destination::Api(region) => self.world().refuses_connections(region),
            Destination::Pages | Destination::ByHost => false,
        }
    }

    /// The acceptor for a handshake with [`Fault::BadTls`](crate::Fault::BadTls), if one is scripted.
    pub(super) fn take_bad_tls(&self, destination: Destination) -> Option<TlsAcceptor> {
        let Destination::Api(region) = destination else {
            return None;
        };
        if !self.world().take_bad_tls(region) {
            return None;
        }
        let config = || CertificateAuthority::new().and_then(|it| it.server_config(&SERVER_NAMES));
        let acceptor = self
            .untrusted
            .get_or_init(|| config().ok().map(TlsAcceptor::from));
        acceptor.clone()
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sender of commands to the listener of a region.
    pub(super) const fn listener(&self, region: Region) -> &mpsc::UnboundedSender<ListenerCommand> {
        match region {
            Region::Shanghai => &self.shanghai,
            Region::Beijing => &self.beijing,
        }
    }

    /// Handles a request that is not for the admin interface.
    pub(super) fn handle(
        &self,
        destination: Destination,
        request: &IncomingRequest,
        now_unix: u64,
    ) -> Reaction {
        let mut world = self.world();
        match destination {
            Destination::Pages if is_for_browsers(request) => world.handle_page(request, now_unix),
            Destination::Pages | Destination::ByHost => {
                if let Some(service) = CredentialService::of(request) {
                    return world.handle_credential_service(service, request, now_unix);
                }
                if request.path() == "/healthz" {
                    let body = b"ok\n".to_vec();
                    return OutgoingResponse::new(200, "text/plain", now_unix, body)
                        .into_reaction();
                }
                let is_root = request.method == "GET" && request.target == "/";
                if is_root && destination == Destination::Pages {
                    return self.access.lead_to_admin(now_unix).into_reaction();
                }
                let status = StatusCode::NOT_FOUND.as_u16();
                OutgoingResponse::new(status, "text/plain", now_unix, Vec::new()).into_reaction()
            }
            Destination::Api(region) => {
                let reaction = world.handle(region, request, now_unix);
                if world.refuses_connections(region) {
                    // The script has reached the fault that takes the region down.
                    let _ = self.listener(region).send(ListenerCommand::Close(None));
                }
                reaction
            }
        }
    }
}

/// The only function that reads a clock.
#[expect(
    clippy::disallowed_methods,
    reason = "a server that simulates the vendor's has the real time"
)]
fn system_unix() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
