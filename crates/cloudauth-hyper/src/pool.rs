//! The connection pools of a client, one pair for each runtime.

use core::time::Duration;
use std::sync::{Mutex, PoisonError};

use cloudauth_net::Proxies;
use http::Request;
use hyper_util::client::legacy::{Builder, Client, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use tokio::runtime::{Handle, Id, TryCurrentError};

use crate::body::RequestBody;
use crate::connector::{Connector, CustomConnector};

/// Maximum number of runtimes for which idle connections are kept.
const RUNTIMES: usize = 8;

/// Maximum size of the head of a response: 64 KiB, as in ureq.
const HEAD_LIMIT: usize = 64 << 10;

type Pool = Client<Connector, RequestBody>;

/// Connection pools, one pair for each runtime that the client is used in.
///
/// A connection is driven by a task of the runtime that opened it. In another runtime it would stand still
/// as soon as nobody drives the first one.
#[derive(Debug)]
pub(crate) struct Pools {
    builder: Builder,
    proxied: Connector,
    direct: Connector,
    /// The runtime used last is at the end.
    by_runtime: Mutex<Vec<RuntimePools>>,
}

#[derive(Debug)]
struct RuntimePools {
    runtime: Id,
    proxied: Pool,
    /// Connections for requests that must not go through a proxy.
    direct: Pool,
}

impl Pools {
    pub(crate) fn new(
        tls: &ClientConfig,
        proxies: Proxies,
        custom: Option<&CustomConnector>,
        max_idle_connections: usize,
        idle_timeout: Duration,
    ) -> Self {
        let mut builder = Client::builder(TokioExecutor::new());
        builder
            .pool_max_idle_per_host(max_idle_connections)
            .pool_idle_timeout(idle_timeout)
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .http1_max_buf_size(HEAD_LIMIT);
        let connector = |proxies| match custom {
            Some(custom) => Connector::with(tls, custom.clone()),
            None => Connector::new(tls, proxies),
        };
        Self {
            builder,
            proxied: connector(proxies),
            direct: connector(Proxies::none()),
            by_runtime: Mutex::default(),
        }
    }

    /// Begins to send a request with a connection of the current runtime, if there is a runtime.
    pub(crate) fn request(
        &self,
        request: Request<RequestBody>,
        is_direct: bool,
    ) -> Result<ResponseFuture, TryCurrentError> {
        let runtime = Handle::try_current()?.id();
        let mut pools = self
            .by_runtime
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = pools.iter().position(|it| it.runtime == runtime) {
            pools[at..].rotate_left(1);
        } else {
            if pools.len() >= RUNTIMES {
                drop(pools.remove(0));
            }
            pools.push(RuntimePools {
                runtime,
                proxied: self.builder.build(self.proxied.clone()),
                direct: self.builder.build(self.direct.clone()),
            });
        }
        let last = &pools[pools.len() - 1];
        let pool = if is_direct {
            &last.direct
        } else {
            &last.proxied
        };
        Ok(pool.request(request))
    }
}
