//! Who may use the admin interface: this machine, or whoever has the token of an exposed simulator.

use ring::digest;

use super::{PATH, error};
use crate::http::{IncomingRequest, OutgoingResponse};

/// The rule for requests to the admin interface.
pub(crate) struct AdminAccess {
    /// A hash of the path below [`PATH`] that an exposed simulator requires.
    token: Option<Vec<u8>>,
    path: String,
}

impl AdminAccess {
    /// Without a token the interface is for this machine only.
    pub(crate) fn new(token: Option<String>) -> Self {
        Self {
            path: token
                .as_ref()
                .map_or_else(|| PATH.to_owned(), |token| format!("{PATH}/{token}")),
            token: token.map(|token| hash(&token)),
        }
    }

    /// The path of the interface, with the token if there is one.
    pub(crate) fn path(&self) -> String {
        self.path.clone()
    }

    /// The path of a request below the interface's, if it is admitted. `is_local` is whether the
    /// request comes from this machine.
    pub(super) fn admit<'r>(
        &self,
        request: &'r IncomingRequest,
        is_local: bool,
    ) -> Result<&'r str, &'static str> {
        let below = request.path().strip_prefix(PATH).unwrap_or_default();
        let Some(token) = &self.token else {
            // A foreign page in a browser on this machine has another host name.
            return if is_local && has_loopback_host(request) {
                Ok(below)
            } else {
                Err("the admin interface responds to this machine only, under a loopback host name")
            };
        };
        let below = below.strip_prefix('/').unwrap_or_default();
        let (given, rest) = below.split_at(below.find('/').unwrap_or(below.len()));
        // Hashes are compared, so that the time tells nothing about the token.
        if hash(given) == *token {
            Ok(rest)
        } else {
            Err("the admin interface is at the URL with a token that the simulator printed")
        }
    }

    /// The response to a request for `/`. That of an exposed simulator does not tell the token.
    pub(crate) fn lead_to_admin(&self, now_unix: u64) -> OutgoingResponse {
        if self.token.is_some() {
            let message = "the admin interface is at the URL that the simulator printed";
            return error(404, message, now_unix);
        }
        OutgoingResponse::new(303, "text/plain", now_unix, Vec::new())
            .with_header("location", PATH)
            .with_header("cache-control", "no-store")
    }
}

fn hash(text: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, text.as_bytes())
        .as_ref()
        .to_vec()
}

fn has_loopback_host(request: &IncomingRequest) -> bool {
    let mut hosts = request.header_values("host");
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let name = host.rsplit_once(':').map_or(
        host,
        |(name, port)| {
            if port.ends_with(']') { host } else { name }
        },
    );
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}
