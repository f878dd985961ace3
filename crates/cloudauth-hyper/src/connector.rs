//! Connections: directly to the endpoint, or through a proxy's tunnel.

use core::fmt;
use core::future::{Ready, poll_fn, ready};
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;
use std::sync::Arc;

use cloudauth_net::{Proxies, Proxy, ProxyProtocol, ProxyRefused, is_certificate_refused};
use cloudauth_proto::driver::UriScheme;
use http::{HeaderValue, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use rustls::ClientConfig;
use tower_service::Service;

use crate::resolver::Resolver;
use crate::stream::{Io, Stream};

/// The connector of a client.
///
/// hyper-util clones it for every request; the `Arc` keeps that cheap.
#[derive(Clone, Debug)]
pub(crate) struct Connector(Arc<HttpsConnector<Transport>>);

impl Connector {
    pub(crate) fn new(tls: &ClientConfig, proxies: Proxies) -> Self {
        let tcp = tcp(Resolver::new());
        let tunnel = TunnelConnector {
            tcp: tcp.clone(),
            to_proxy: over_tls(tls.clone(), tcp),
            proxies,
        };
        Self::over(tls, Transport::Tunnel(Box::new(tunnel)))
    }

    /// Connects with a connector of the caller's own.
    pub(crate) fn with(tls: &ClientConfig, connector: CustomConnector) -> Self {
        Self::over(tls, Transport::Custom(connector))
    }

    fn over(tls: &ClientConfig, transport: Transport) -> Self {
        Self(Arc::new(over_tls(tls.clone(), transport)))
    }
}

/// What TLS connections are made over.
#[derive(Clone, Debug)]
enum Transport {
    Tunnel(Box<TunnelConnector>),
    Custom(CustomConnector),
}

impl Service<Uri> for Transport {
    type Response = BoxedIo;
    type Error = BoxError;
    type Future = Connecting<BoxedIo>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            Self::Tunnel(tunnel) => tunnel.poll_ready(context),
            // It is polled when it connects.
            Self::Custom(_) => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, endpoint: Uri) -> Connecting<BoxedIo> {
        match self {
            Self::Tunnel(tunnel) => tunnel.call(endpoint),
            Self::Custom(custom) => (custom.0)(endpoint),
        }
    }
}

/// A connector of the caller's own, of any type.
#[derive(Clone)]
pub(crate) struct CustomConnector(Arc<dyn Fn(Uri) -> Connecting<BoxedIo> + Send + Sync>);

impl CustomConnector {
    pub(crate) fn new<C>(connector: C) -> Self
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: Io + 'static,
        C::Error: Into<BoxError>,
        C::Future: Send,
    {
        Self(Arc::new(move |endpoint| {
            let mut connector = connector.clone();
            Box::pin(async move {
                let ready = poll_fn(|context| connector.poll_ready(context));
                ready.await.map_err(Into::into)?;
                let connected = connector.call(endpoint).await;
                Ok(Box::new(connected.map_err(Into::into)?) as BoxedIo)
            })
        }))
    }
}

impl fmt::Debug for CustomConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomConnector")
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Connecting<Stream>;

    /// The connectors within are always ready.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, endpoint: Uri) -> Connecting<Stream> {
        let connecting = HttpsConnector::clone(&self.0).call(endpoint);
        Box::pin(async { Ok(Stream::new(connecting.await?)) })
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

impl Connection for BoxedIo {
    fn connected(&self) -> Connected {
        (**self).connected()
    }
}

/// Connects to the endpoint: directly, or through a tunnel of its proxy.
#[derive(Clone, Debug)]
pub(crate) struct TunnelConnector {
    tcp: HttpConnector<Resolver>,
    /// Connects to a proxy, over TLS if its URL is `https`.
    to_proxy: ProxyConnector,
    proxies: Proxies,
}

pub(crate) type BoxError = Box<dyn core::error::Error + Send + Sync>;
type BoxedIo = Box<dyn Io>;
type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;
type ProxyConnector = HttpsConnector<HttpConnector<Resolver>>;

impl Service<Uri> for TunnelConnector {
    type Response = BoxedIo;
    type Error = BoxError;
    type Future = Connecting<BoxedIo>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, endpoint: Uri) -> Connecting<BoxedIo> {
        let scheme = match endpoint.scheme_str() {
            Some("http") => UriScheme::Http,
            Some(_) | None => UriScheme::Https,
        };
        let authority = endpoint.authority().map_or("", |a| a.as_str());
        let opened = match self.proxies.proxy_for(scheme, authority) {
            Ok(Some(proxy)) => tunnel(proxy, self.to_proxy.clone(), endpoint),
            Ok(None) => {
                let connecting = self.tcp.call(endpoint);
                return Box::pin(async { Ok(Box::new(connecting.await?) as BoxedIo) });
            }
            Err(error) => Err(ProxyRefused::new(error).into()),
        };
        opened.unwrap_or_else(|error| Box::pin(ready(Err(error))))
    }
}

fn tunnel(
    proxy: &Proxy,
    mut connector: ProxyConnector,
    endpoint: Uri,
) -> Result<Connecting<BoxedIo>, BoxError> {
    let endpoint = with_port(endpoint)?;
    let scheme = match proxy.protocol() {
        ProxyProtocol::Https => "https",
        ProxyProtocol::Http | ProxyProtocol::Socks5 => "http",
    };
    let uri: Uri = format!("{scheme}://{}:{}", proxy.host(), proxy.port()).parse()?;
    let connecting = connector.call(uri.clone());
    let connect = async {
        let connected = connecting.await;
        // What hyper-util reports of a failure within a tunnel does not always have its cause.
        connected.map(Opened::new).map_err(|error| {
            let is_refused = is_certificate_refused(&*error);
            if is_refused {
                ProxyRefused::new(error).into()
            } else {
                error
            }
        })
    };
    if proxy.protocol() == ProxyProtocol::Socks5 {
        let user = proxy.user();
        let user = user.map(|(user, it)| (user.expose().to_owned(), it.expose().to_owned()));
        return Ok(Box::pin(async {
            let mut tunnel = SocksV5::new(uri, connect.await?);
            if let Some((user, password)) = user {
                tunnel = tunnel.with_auth(user, password);
            }
            let opened = tunnel.call(endpoint).await;
            Ok(Box::new(opened.map_err(|error| refusal(error.into()))?) as BoxedIo)
        }));
    }
    let authorization = match proxy.authorization() {
        Some(authorization) => {
            let mut value = HeaderValue::from_str(authorization.expose())?;
            value.set_sensitive(true);
            Some(value)
        }
        None => None,
    };
    Ok(Box::pin(async {
        let mut tunnel = Tunnel::new(uri, connect.await?);
        if let Some(authorization) = authorization {
            tunnel = tunnel.with_auth(authorization);
        }
        let opened = tunnel.call(endpoint).await;
        Ok(Box::new(opened.map_err(|error| refusal(error.into()))?) as BoxedIo)
    }))
}

/// The error of a tunnel; [`ProxyRefused`] if the proxy does not accept this client.
///
/// hyper-util does not export the types of these errors, so what they display is compared.
fn refusal(error: BoxError) -> BoxError {
    const REFUSALS: [&str; 3] = [
        "tunnel error: proxy authorization required",
        "SOCKS error: server does not support user/pass authentication",
        "SOCKS error: credentials not accepted",
    ];
    if REFUSALS.contains(&&*error.to_string()) {
        return ProxyRefused::new(error).into();
    }
    error
}

/// A connection to a proxy, for a tunnel that would connect itself.
struct Opened<T>(Option<T>);

impl<T> Opened<T> {
    fn new(io: T) -> Self {
        Self(Some(io))
    }
}

impl<T> Service<Uri> for Opened<T> {
    type Response = T;
    type Error = io::Error;
    type Future = Ready<io::Result<T>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let io = self.0.take();
        ready(io.ok_or_else(|| io::ErrorKind::NotConnected.into()))
    }
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
        type Future = Ready<Result<Self::Response, Self::Error>>;

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
