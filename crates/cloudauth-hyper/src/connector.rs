//! How connections are made: directly, or through a proxy's tunnel.

use core::pin::Pin;
use core::task::{Context, Poll};

use cloudauth_net::{Proxies, Proxy};
use cloudauth_proto::UriScheme;
use http::{HeaderValue, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use rustls::ClientConfig;
use tower_service::Service;

pub(crate) type Connector = HttpsConnector<Route>;

pub(crate) fn connector(tls: ClientConfig, proxies: Proxies) -> Connector {
    let mut http = HttpConnector::new();
    // https goes through here, too: TLS is put on top.
    http.enforce_http(false);
    http.set_nodelay(true);
    HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(Route { http, proxies })
}

/// TCP to the endpoint, or to its proxy and from there to the endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    http: HttpConnector,
    proxies: Proxies,
}

type BoxError = Box<dyn core::error::Error + Send + Sync>;

impl Service<Uri> for Route {
    type Response = <HttpConnector as Service<Uri>>::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.http.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, endpoint: Uri) -> Self::Future {
        let scheme = match endpoint.scheme_str() {
            Some("http") => UriScheme::Http,
            Some(_) | None => UriScheme::Https,
        };
        let authority = endpoint.authority().map_or("", |a| a.as_str());
        let Some(proxy) = self.proxies.proxy_for(scheme, authority) else {
            let connecting = self.http.call(endpoint);
            return Box::pin(async { connecting.await.map_err(Into::into) });
        };
        match tunnel(proxy, self.http.clone()) {
            Ok(mut tunnel) => {
                let tunnelling = tunnel.call(endpoint);
                Box::pin(async { tunnelling.await.map_err(Into::into) })
            }
            Err(error) => Box::pin(core::future::ready(Err(error))),
        }
    }
}

fn tunnel(proxy: &Proxy, http: HttpConnector) -> Result<Tunnel<HttpConnector>, BoxError> {
    let uri: Uri = format!("http://{}:{}", proxy.host(), proxy.port()).parse()?;
    let tunnel = Tunnel::new(uri, http);
    Ok(match proxy.authorization() {
        Some(authorization) => {
            let mut value = HeaderValue::from_str(authorization.expose())?;
            value.set_sensitive(true);
            tunnel.with_auth(value)
        }
        None => tunnel,
    })
}
