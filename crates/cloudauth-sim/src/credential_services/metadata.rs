//! The metadata service of an instance, in both versions.

use std::collections::VecDeque;

use super::issuer::Issuer;
use super::{json_response, refusal};
use crate::gateway::AccessKeys;
use crate::http::{IncomingRequest, OutgoingResponse, Refusal};

/// The role of the simulated instance.
pub const INSTANCE_ROLE: &str = "SimulatedRole";

/// With more tokens than this, the oldest are removed.
const TOKENS: usize = 1_000;

/// The supported versions, and the valid tokens.
pub(super) struct MetadataService {
    v1: bool,
    v2: bool,
    /// Whether responses have a `Date`.
    has_date: bool,
    issued_tokens: u64,
    /// The tokens and when they expire, oldest first.
    tokens: VecDeque<(String, u64)>,
}

impl Default for MetadataService {
    fn default() -> Self {
        Self {
            v1: true,
            v2: true,
            has_date: true,
            issued_tokens: 0,
            tokens: VecDeque::new(),
        }
    }
}

impl MetadataService {
    pub(super) fn set_versions(&mut self, v1: bool, v2: bool) {
        (self.v1, self.v2) = (v1, v2);
    }

    pub(super) fn omit_date(&mut self) {
        self.has_date = false;
    }

    pub(super) fn invalidate_tokens(&mut self) {
        self.tokens.clear();
    }

    pub(super) fn handle(
        &mut self,
        request: &IncomingRequest,
        keys: &mut AccessKeys,
        issuer: &mut Issuer,
        now_unix: u64,
    ) -> Result<OutgoingResponse, Refusal> {
        let response = self.respond(request, keys, issuer, now_unix)?;
        Ok(if self.has_date {
            response
        } else {
            response.without_date()
        })
    }

    fn respond(
        &mut self,
        request: &IncomingRequest,
        keys: &mut AccessKeys,
        issuer: &mut Issuer,
        now_unix: u64,
    ) -> Result<OutgoingResponse, Refusal> {
        let text = |text: &str| {
            let body = text.as_bytes().to_vec();
            OutgoingResponse::new(200, "text/plain", now_unix, body)
        };
        if request.path() == "/latest/api/token" {
            return Ok(text(&self.issue_token(request, now_unix)?));
        }
        if request.method != "GET" || !self.admits(request, now_unix) {
            return Err(refusal(403, "Forbidden"));
        }
        let roles = "/latest/meta-data/ram/security-credentials/";
        match request.path().strip_prefix(roles) {
            // Without a line break: the vendor's Python package requests a role by exactly this body.
            Some("") => Ok(text(INSTANCE_ROLE)),
            Some(INSTANCE_ROLE) => {
                let credentials = issuer.issue_with_code(keys, now_unix);
                Ok(json_response(now_unix, &credentials))
            }
            Some(_) | None => Err(refusal(404, "NotFound")),
        }
    }

    fn issue_token(&mut self, request: &IncomingRequest, now_unix: u64) -> Result<String, Refusal> {
        if request.method != "PUT" || !self.v2 {
            return Err(refusal(404, "NotFound"));
        }
        let mut lifetimes = request.header_values("x-aliyun-ecs-metadata-token-ttl-seconds");
        let lifetime = lifetimes.next().and_then(|text| text.parse::<u64>().ok());
        let lifetime = lifetime.ok_or_else(|| refusal(400, "InvalidParameter"))?;
        self.issued_tokens += 1;
        let token = format!("METADATATOKEN{:06}", self.issued_tokens);
        let expires = now_unix.saturating_add(lifetime);
        if self.tokens.len() >= TOKENS {
            self.tokens.pop_front();
        }
        self.tokens.push_back((token.clone(), expires));
        Ok(token)
    }

    fn admits(&self, request: &IncomingRequest, now_unix: u64) -> bool {
        match request.header_values("x-aliyun-ecs-metadata-token").next() {
            Some(token) => {
                let is_valid =
                    |(known, expires): &(String, u64)| known == token && now_unix < *expires;
                self.v2 && self.tokens.iter().any(is_valid)
            }
            None => self.v1,
        }
    }
}
