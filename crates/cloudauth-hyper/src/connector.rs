//! Connections: directly to the endpoint, or through a proxy's tunnel.

use core::future::ready;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::Arc;

use cloudauth_net::{Proxies, Proxy, ProxyProtocol};
use cloudauth_proto::driver::UriScheme;
use http::{HeaderValue, Uri};
use hyper::rt::{Read, Write};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::dns::GaiResolver;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use rustls::ClientConfig;
use tower_service::Service;

/// The connector of a client.
///
/// hyper-util clones it for every request and keeps a stream of its type for every connection; the `Arc`
/// and the box keep both small.
#[derive(Clone, Debug)]
pub(crate) struct Connector(Arc<HttpsConnector<TunnelConnector>>);

impl Connector {
    pub(crate) fn new(tls: &ClientConfig, proxies: Proxies) -> Self {
        let tcp = tcp(GaiResolver::new());
        let tunnel = TunnelConnector {
            tcp: tcp.clone(),
            to_proxy: over_tls(tls.clone(), tcp),
            proxies,
        };
        Self(Arc::new(over_tls(tls.clone(), tunnel)))
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Connecting;

    /// The connectors within are always ready.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, endpoint: Uri) -> Connecting {
        let connecting = HttpsConnector::clone(&self.0).call(endpoint);
        Box::pin(async { Ok(Box::new(connecting.await?) as Stream) })
    }
}

fn tcp<R>(resolver: R) -> HttpConnector<R> {
    let mut tcp = HttpConnector::new_with_resolver(resolver);
    // It connects for https, too, with TLS on top.
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp
}

fn over_tls<T>(tls: ClientConfig, connector: T) -> HttpsConnector<T> {
    HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(connector)
}

/// A connection: TCP, TLS or a tunnel.
pub(crate) trait Io: Read + Write + Connection + Send + Unpin {}

impl<T: Read + Write + Connection + Send + Unpin> Io for T {}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        (**self).connected()
    }
}

/// Connects to the endpoint: directly, or through a tunnel of its proxy.
#[derive(Clone, Debug)]
pub(crate) struct TunnelConnector {
    tcp: HttpConnector,
    /// Connects to a proxy, over TLS if its URL is `https`.
    to_proxy: HttpsConnector<HttpConnector>,
    proxies: Proxies,
}

type BoxError = Box<dyn core::error::Error + Send + Sync>;
type Stream = Box<dyn Io>;
type Connecting = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

impl Service<Uri> for TunnelConnector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Connecting;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, endpoint: Uri) -> Connecting {
        let scheme = match endpoint.scheme_str() {
            Some("http") => UriScheme::Http,
            Some(_) | None => UriScheme::Https,
        };
        let authority = endpoint.authority().map_or("", |a| a.as_str());
        let Some(proxy) = self.proxies.proxy_for(scheme, authority) else {
            let connecting = self.tcp.call(endpoint);
            return Box::pin(async { Ok(Box::new(connecting.await?) as Stream) });
        };
        let tunnel = tunnel(proxy, self.to_proxy.clone(), endpoint);
        tunnel.unwrap_or_else(|error| Box::pin(ready(Err(error))))
    }
}

fn tunnel(
    proxy: &Proxy,
    connector: HttpsConnector<HttpConnector>,
    endpoint: Uri,
) -> Result<Connecting, BoxError> {
    let endpoint = with_port(endpoint)?;
    let scheme = match proxy.protocol() {
        ProxyProtocol::Https => "https",
        ProxyProtocol::Http | ProxyProtocol::Socks5 => "http",
    };
    let uri: Uri = format!("{scheme}://{}:{}", proxy.host(), proxy.port()).parse()?;
    if proxy.protocol() == ProxyProtocol::Socks5 {
        let mut tunnel = SocksV5::new(uri, connector);
        if let Some((user, password)) = proxy.user() {
            tunnel = tunnel.with_auth(user.expose().to_owned(), password.expose().to_owned());
        }
        let tunnelling = tunnel.call(endpoint);
        return Ok(Box::pin(async {
            Ok(Box::new(tunnelling.await?) as Stream)
        }));
    }
    let mut tunnel = Tunnel::new(uri, connector);
    if let Some(authorization) = proxy.authorization() {
        let mut value = HeaderValue::from_str(authorization.expose())?;
        value.set_sensitive(true);
        tunnel = tunnel.with_auth(value);
    }
    let tunnelling = tunnel.call(endpoint);
    Ok(Box::pin(async {
        Ok(Box::new(tunnelling.await?) as Stream)
    }))
}

/// Adds port 80 to an `http` endpoint without a port: hyper-util would connect to port 443.
fn with_port(endpoint: Uri) -> Result<Uri, BoxError> {
    if endpoint.port().is_some() || endpoint.scheme_str() != Some("http") {
        return Ok(endpoint);
    }
    let mut parts = endpoint.into_parts();
    let host = parts.authority.as_ref().map_or("", |a| a.as_str());
    parts.authority = Some(format!("{host}:80").parse()?);
    Ok(Uri::from_parts(parts)?)
}

#[cfg(test)]
mod tests {
    use core::net::SocketAddr;
    use core::time::Duration;
    use std::net::{TcpListener, TcpStream};
    use std::vec;

    use hyper_util::client::legacy::connect::dns::Name;
    use tokio::time::timeout;

    use super::*;

    /// Resolves every name to the same addresses.
    #[derive(Clone)]
    struct FixedResolver(Vec<SocketAddr>);

    impl Service<Name> for FixedResolver {
        type Response = vec::IntoIter<SocketAddr>;
        type Error = core::convert::Infallible;
        type Future = core::future::Ready<Result<Self::Response, Self::Error>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Name) -> Self::Future {
            ready(Ok(self.0.clone().into_iter()))
        }
    }

    /// IPv4 is tried, too, once IPv6 has taken 300 ms.
    #[tokio::test]
    async fn an_ipv6_address_that_drops_packets_does_not_prevent_an_ipv4_connection() {
        let hole = TcpListener::bind("[::1]:0").unwrap();
        let hole_address = hole.local_addr().unwrap();
        let timeout_each = Duration::from_millis(200);
        // Connections are not accepted, so the backlog fills up.
        let connect = || TcpStream::connect_timeout(&hole_address, timeout_each).ok();
        let backlog: Vec<_> = core::iter::from_fn(connect).take(10_000).collect();
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let resolver = FixedResolver(vec![hole_address, server.local_addr().unwrap()]);
        let connecting = tcp(resolver).call(Uri::from_static("http://two.test"));
        let connected = timeout(Duration::from_secs(5), connecting).await;
        connected.unwrap().unwrap();
        drop(backlog);
    }
}
