//! The metadata service of an instance, in both versions.

use std::collections::BTreeMap;

use super::{Given, INSTANCE_ROLE, json, refuse};
use crate::reply::Reply;
use crate::request::Incoming;
use crate::world::World;

/// Which versions are spoken, and the tokens that are good.
pub(super) struct State {
    v1: bool,
    v2: bool,
    given: u64,
    /// With the end of their life.
    tokens: BTreeMap<String, u64>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            v1: true,
            v2: true,
            given: 0,
            tokens: BTreeMap::new(),
        }
    }
}

impl State {
    pub(super) fn set_versions(&mut self, v1: bool, v2: bool) {
        (self.v1, self.v2) = (v1, v2);
    }

    pub(super) fn forget(&mut self) {
        self.tokens.clear();
    }

    fn admits(&self, request: &Incoming, now_unix: u64) -> bool {
        match request.header_values("x-aliyun-ecs-metadata-token").next() {
            Some(token) => {
                let good = |until: &u64| now_unix < *until;
                self.v2 && self.tokens.get(token).is_some_and(good)
            }
            None => self.v1,
        }
    }
}

impl World {
    pub(super) fn metadata(&mut self, request: &Incoming, now_unix: u64) -> Given {
        let state = &mut self.offices.metadata;
        if request.path() == "/latest/api/token" {
            if request.method != "PUT" || !state.v2 {
                return Err(refuse(404, "NotFound"));
            }
            let mut lives = request.header_values("x-aliyun-ecs-metadata-token-ttl-seconds");
            let life = lives.next().and_then(|text| text.parse::<u64>().ok());
            let life = life.ok_or_else(|| refuse(400, "InvalidParameter"))?;
            state.given += 1;
            let token = format!("METADATATOKEN{:06}", state.given);
            state.tokens.insert(token.clone(), now_unix + life);
            return Ok(Reply::new(200, "text/plain", now_unix, token.into_bytes()));
        }
        if request.method != "GET" || !state.admits(request, now_unix) {
            return Err(refuse(403, "Forbidden"));
        }
        let roles = "/latest/meta-data/ram/security-credentials/";
        match request.path().strip_prefix(roles) {
            Some("") => {
                // No line ends the name: the vendor's Python package asks for a role by exactly this text.
                let body = INSTANCE_ROLE.as_bytes().to_vec();
                Ok(Reply::new(200, "text/plain", now_unix, body))
            }
            Some(INSTANCE_ROLE) => Ok(json(now_unix, &self.issue_well(now_unix))),
            Some(_) | None => Err(refuse(404, "NotFound")),
        }
    }
}
