//! Clients that send the same request: the drivers, and the bare HTTP libraries that they are built
//! on.
#![expect(clippy::unwrap_used, reason = "a bench")]

use core::hint::black_box;
use std::sync::Arc;

use bytes::Bytes;
use cloudauth_net::{Options, Proxies};
use cloudauth_proto::driver::{Head, MonoTime, Now, Response};
use cloudauth_proto::{
    Call, CallOptions, Credentials, Endpoints, Flow, Operation, Session, Step, UnixTime,
};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::runtime::Runtime;

use crate::Result;
use crate::calls::{ACCESS_KEY_ID, ACCESS_KEY_SECRET};
use crate::loopback::BODY;

/// Makes the given number of calls.
pub type RunCalls<'a> = Box<dyn FnMut(u32) + 'a>;

/// Concurrent calls of the async clients.
pub const IN_FLIGHT: u32 = 16;

/// A signed request, as the drivers send it.
pub fn prepared<O: Operation>(url: &str, operation: &O) -> Result<http::Request<Bytes>> {
    let now = Now {
        mono: MonoTime::default(),
        unix: UnixTime::from_seconds(1_800_000_000),
    };
    let mut session =
        Session::new(credentials()?, [1; 32]).endpoints(Endpoints::only(url.parse()?));
    let mut call = Call::new(operation, CallOptions::new())?;
    let Step::Send(exchange) = call.poll(&mut session, now) else {
        return Err("nothing to send".into());
    };
    Ok(exchange.sign().into_http(|body| {
        let (head, tail) = body.parts();
        Bytes::from([head, tail].concat())
    })?)
}

fn credentials() -> Result<Credentials> {
    Ok(Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET)?)
}

/// Options of a driver: one endpoint, one root certificate, no proxy.
pub fn options(url: &str, root: &str) -> Result<Options> {
    Ok(Options::new()
        .credentials(credentials()?)
        .endpoints(Endpoints::only(url.parse()?))
        .root_certificates(root)
        .proxies(Proxies::none()))
}

/// A connection pool of hyper-util.
pub type BarePool = Pool<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Creates a pool that trusts one root certificate.
pub fn bare_pool(root: &str) -> Result<BarePool> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(root.as_bytes())?)?;
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(http);
    Ok(Pool::builder(TokioExecutor::new()).build(connector))
}

/// Calls by hyper-util.
pub fn bare_hyper<'a>(
    runtime: &'a Runtime,
    root: &str,
    prepared: &'a http::Request<Bytes>,
) -> Result<RunCalls<'a>> {
    let pool = bare_pool(root)?;
    Ok(Box::new(move |count| {
        in_flight(runtime, || {
            let (pool, prepared) = (pool.clone(), prepared.clone());
            async move {
                for _ in 0..count / IN_FLIGHT {
                    let response = pool.request(prepared.clone().map(Full::new)).await.unwrap();
                    black_box(response.into_body().collect().await.unwrap().to_bytes());
                }
            }
        });
    }))
}

/// Calls by cloudauth-hyper.
pub fn hyper<'a, O: Operation + Clone + Send + Sync + 'static>(
    runtime: &'a Runtime,
    url: &str,
    root: &str,
    operation: &'a O,
) -> Result<RunCalls<'a>> {
    let client = Arc::new(cloudauth_hyper::Client::new(options(url, root)?)?);
    Ok(Box::new(move |count| {
        in_flight(runtime, || {
            let (client, operation) = (Arc::clone(&client), operation.clone());
            async move {
                for _ in 0..count / IN_FLIGHT {
                    black_box(client.call(&operation).await.unwrap());
                }
            }
        });
    }))
}

/// Runs [`IN_FLIGHT`] tasks to their ends.
pub fn in_flight<F: Future<Output = ()> + Send + 'static>(runtime: &Runtime, task: impl Fn() -> F) {
    runtime.block_on(async {
        let tasks: Vec<_> = (0..IN_FLIGHT).map(|_| tokio::spawn(task())).collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

/// Calls by the core alone, without a network: each is created, signed and given a response, which is
/// decoded.
pub fn core<'a, O: Operation>(url: &str, operation: &'a O) -> Result<RunCalls<'a>> {
    let endpoints = Endpoints::only(url.parse()?);
    let mut session = Session::new(credentials()?, [1; 32]).endpoints(endpoints);
    let now = Now {
        mono: MonoTime::default(),
        unix: UnixTime::from_seconds(1_800_000_000),
    };
    Ok(Box::new(move |count| {
        for _ in 0..count {
            let mut call = Call::new(operation, CallOptions::new()).unwrap();
            let Step::Send(exchange) = call.poll(&mut session, now) else {
                panic!("nothing to send");
            };
            black_box(exchange.sign().into_http(|body| body).unwrap());
            let id = ("x-acs-request-id".to_owned(), "473469C7".to_owned());
            let response = Response::new(Head::new(200, vec![id]), BODY.into());
            call.report(&mut session, exchange.id(), Ok(response), now);
            let Step::Done(done) = call.poll(&mut session, now) else {
                panic!("not done");
            };
            black_box(done.unwrap());
        }
    }))
}

/// Calls by ureq.
pub fn bare_ureq<'a>(root: &str, prepared: &'a http::Request<Bytes>) -> RunCalls<'a> {
    use ureq::tls::{Certificate, RootCerts, TlsConfig};
    let root = Certificate::from_pem(root.as_bytes()).unwrap();
    let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[root]));
    let config = ureq::Agent::config_builder()
        .tls_config(tls.build())
        .build();
    let agent = ureq::Agent::new_with_config(config);
    Box::new(move |count| {
        for _ in 0..count {
            let response = agent
                .run(prepared.clone().map(|body| body.to_vec()))
                .unwrap();
            black_box(response.into_body().read_to_vec().unwrap());
        }
    })
}

/// Calls by cloudauth-ureq.
pub fn ureq<'a, O: Operation>(url: &str, root: &str, operation: &'a O) -> Result<RunCalls<'a>> {
    let client = cloudauth_ureq::Client::new(options(url, root)?)?;
    Ok(Box::new(move |count| {
        for _ in 0..count {
            black_box(client.call(operation).unwrap());
        }
    }))
}
