//! The drivers and the bare libraries below them, with the same request to send.
#![expect(clippy::unwrap_used, reason = "a bench")]

use core::error::Error;
use core::hint::black_box;
use std::sync::Arc;

use bytes::Bytes;
use cloudauth_net::{Options, Proxies};
use cloudauth_proto::{
    Call, CallOptions, Credentials, Endpoints, Flow, Head, MonoTime, Now, Operation, Response,
    Session, Step, UnixTime,
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

use crate::calls::{ID, SECRET};
use crate::loopback::BODY;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Does a call so many times.
pub type Repeat<'a> = Box<dyn FnMut(u32) + 'a>;

/// Calls in flight, where they are async.
pub const IN_FLIGHT: u32 = 16;

/// A request as the drivers send it.
pub fn prepared<O: Operation>(url: &str, operation: &O) -> Outcome<http::Request<Bytes>> {
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

fn credentials() -> Outcome<Credentials> {
    Ok(Credentials::access_key(ID, SECRET)?)
}

/// A client's options.
pub fn options(url: &str, root: &str) -> Outcome<Options> {
    Ok(Options::new()
        .credentials(credentials()?)
        .endpoints(Endpoints::only(url.parse()?))
        .root_certificates(root)
        .proxies(Proxies::none()))
}

/// A pool of bare connections.
pub type Bare = Pool<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Such a pool, which trusts this root.
pub fn bare_pool(root: &str) -> Outcome<Bare> {
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

/// hyper-util.
pub fn bare_hyper<'a>(
    runtime: &'a Runtime,
    root: &str,
    prepared: &'a http::Request<Bytes>,
) -> Outcome<Repeat<'a>> {
    let pool = bare_pool(root)?;
    Ok(Box::new(move |count| {
        in_flight(runtime, || {
            let (pool, prepared) = (pool.clone(), prepared.clone());
            async move {
                for _ in 0..count / IN_FLIGHT {
                    let reply = pool.request(prepared.clone().map(Full::new)).await.unwrap();
                    black_box(reply.into_body().collect().await.unwrap().to_bytes());
                }
            }
        });
    }))
}

/// cloudauth-hyper.
pub fn hyper<'a, O: Operation + Clone + Send + Sync + 'static>(
    runtime: &'a Runtime,
    url: &str,
    root: &str,
    operation: &'a O,
) -> Outcome<Repeat<'a>> {
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

fn in_flight<F: Future<Output = ()> + Send + 'static>(runtime: &Runtime, task: impl Fn() -> F) {
    runtime.block_on(async {
        let tasks: Vec<_> = (0..IN_FLIGHT).map(|_| tokio::spawn(task())).collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

/// What the drivers have in common, without a network: a call is made, signed, answered and decoded.
pub fn core<'a, O: Operation>(url: &str, operation: &'a O) -> Outcome<Repeat<'a>> {
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
            let reply = Response::new(Head::new(200, vec![id]), BODY.into());
            call.report(&mut session, exchange.id(), Ok(reply), now);
            let Step::Done(done) = call.poll(&mut session, now) else {
                panic!("not done");
            };
            black_box(done.unwrap());
        }
    }))
}

/// ureq.
pub fn bare_ureq<'a>(root: &str, prepared: &'a http::Request<Bytes>) -> Repeat<'a> {
    use ureq::tls::{Certificate, RootCerts, TlsConfig};
    let root = Certificate::from_pem(root.as_bytes()).unwrap();
    let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[root]));
    let config = ureq::Agent::config_builder()
        .tls_config(tls.build())
        .build();
    let agent = ureq::Agent::new_with_config(config);
    Box::new(move |count| {
        for _ in 0..count {
            let reply = agent
                .run(prepared.clone().map(|body| body.to_vec()))
                .unwrap();
            black_box(reply.into_body().read_to_vec().unwrap());
        }
    })
}

/// cloudauth-ureq.
pub fn ureq<'a, O: Operation>(url: &str, root: &str, operation: &'a O) -> Outcome<Repeat<'a>> {
    let client = cloudauth_ureq::Client::new(options(url, root)?)?;
    Ok(Box::new(move |count| {
        for _ in 0..count {
            black_box(client.call(operation).unwrap());
        }
    }))
}
