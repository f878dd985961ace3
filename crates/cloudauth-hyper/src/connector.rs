//! How connections are made: directly, or through a proxy's tunnel.

use core::future::ready;
use core::pin::Pin;
use core::task::{Context, Poll};

use cloudauth_net::{Proxies, Proxy, ProxyProtocol};
use cloudauth_proto::UriScheme;
use http::{HeaderValue, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use rustls::ClientConfig;
use tower_service::Service;

pub(crate) type Connector = HttpsConnector<Route>;

pub(crate) fn connector(tls: &ClientConfig, proxies: Proxies) -> Connector {
    let mut tcp = HttpConnector::new();
    // https goes through here, too: TLS is put on top.
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let route = Route {
        tcp: tcp.clone(),
        proxy: over_tls(tls.clone(), tcp),
        proxies,
    };
    over_tls(tls.clone(), route)
}

fn over_tls<T>(tls: ClientConfig, connector: T) -> HttpsConnector<T> {
    HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(connector)
}

/// TCP to the endpoint, or to its proxy and from there to the endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    tcp: HttpConnector,
    /// To a proxy, which may speak TLS itself.
    proxy: HttpsConnector<HttpConnector>,
    proxies: Proxies,
}

type BoxError = Box<dyn core::error::Error + Send + Sync>;
type Stream = MaybeHttpsStream<<HttpConnector as Service<Uri>>::Response>;
type Connecting = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

impl Service<Uri> for Route {
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
            return Box::pin(async { Ok(MaybeHttpsStream::Http(connecting.await?)) });
        };
        let tunnel = tunnel(proxy, self.proxy.clone(), endpoint);
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
        return Ok(Box::pin(async { tunnelling.await.map_err(Into::into) }));
    }
    let mut tunnel = Tunnel::new(uri, connector);
    if let Some(authorization) = proxy.authorization() {
        let mut value = HeaderValue::from_str(authorization.expose())?;
        value.set_sensitive(true);
        tunnel = tunnel.with_auth(value);
    }
    let tunnelling = tunnel.call(endpoint);
    Ok(Box::pin(async { tunnelling.await.map_err(Into::into) }))
}

/// Without a port hyper-util asks a proxy for port 443, for http too.
fn with_port(endpoint: Uri) -> Result<Uri, BoxError> {
    if endpoint.port().is_some() || endpoint.scheme_str() != Some("http") {
        return Ok(endpoint);
    }
    let mut parts = endpoint.into_parts();
    let host = parts.authority.as_ref().map_or("", |a| a.as_str());
    parts.authority = Some(format!("{host}:80").parse()?);
    Ok(Uri::from_parts(parts)?)
}
