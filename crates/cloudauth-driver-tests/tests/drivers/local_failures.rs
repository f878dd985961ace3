//! Requests that cannot be sent for a reason on this side, and certificates that are refused.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::io::{Read, Write};
use std::sync::Arc;

use cloudauth_net::{Options, Proxies};
use cloudauth_proto::operation::Params;
use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::sign::{Draft, Nonce, Stamp};
use cloudauth_proto::{
    AttemptOutcome, CertifyId, Credentials, Endpoint, Endpoints, Error, Operation as _, Policy,
    Scheme, UnixTime,
};

use crate::certificates::IssuedCertificate;
use crate::driver::{Async, Blocking, Driver, both, options};
use crate::mock_server::{MockServer, OK, response};
use crate::proxy::{http_proxy, tls_front};
use crate::transport::server;

both! {
    a_request_that_no_url_can_hold_is_refused_before_it_is_sent => too_long;
    a_proxy_that_refuses_the_password_is_asked_once => proxy_refuses;
    a_socks5_proxy_that_refuses_the_password_is_asked_once => socks5_refuses;
    a_proxy_variable_that_cannot_be_used_stops_only_what_needs_it => proxy_variable;
    a_proxy_with_an_unknown_certificate_is_asked_once => proxy_is_unknown;
    an_endpoint_whose_certificate_is_refused_is_tried_once => certificate;
}

fn init() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}")
}

fn two_targets() -> Endpoints {
    let target = |host: &str| host.parse::<Endpoint>().unwrap();
    Endpoints::only(target("cloudauth.test")).then(target("other.test"))
}

/// Asserts that there was one attempt, and that nothing was sent. Returns the message.
#[track_caller]
fn tried_once<D: Driver>(options: Options, operation: &InitFaceVerify) -> String {
    not_sent::<D>(options, operation, 1)
}

#[track_caller]
fn not_sent<D: Driver>(options: Options, operation: &InitFaceVerify, attempts: usize) -> String {
    assert_not_sent(&D::new(options).call(operation).unwrap_err(), attempts)
}

#[track_caller]
fn assert_not_sent(error: &Error, attempts: usize) -> String {
    assert_eq!(error.attempts().len(), attempts, "{error}");
    for attempt in error.attempts() {
        assert!(
            matches!(attempt.outcome, AttemptOutcome::NotSent(_)),
            "{error}"
        );
    }
    error.to_string()
}

fn too_long<D: Driver>() {
    let [shanghai, beijing] = [0; 2].map(|_| {
        MockServer::new(|mut connection| {
            while connection.read_request() {
                connection.send(&response(OK));
            }
        })
    });
    let endpoints = Endpoints::only(shanghai.url.parse().unwrap());
    let endpoints = endpoints.then(beijing.url.parse().unwrap());
    let client = D::new(options(Policy::default(), endpoints));
    let long = |length: usize| init().meta_info(format!(r#"{{"x":"{}"}}"#, "x".repeat(length)));
    // The longest one that a URL can hold is sent; the next one is refused before that.
    let fits = 65_534 - target_of(&long(0));
    client.call(&long(fits)).unwrap();
    for length in [fits + 1, 70_000] {
        let error = client.call(&long(length)).unwrap_err();
        assert!(matches!(error, Error::Invalid(_)), "{error}");
        assert!(!error.to_string().contains("xxx"), "{error}");
    }
    client.call(&init()).unwrap();
    assert_eq!((shanghai.requests(), beijing.requests()), (2, 0));
}

/// Number of bytes after the host in the URL.
fn target_of(operation: &InitFaceVerify) -> usize {
    let mut params = Params::new();
    operation.encode(&mut params);
    let metadata = operation.metadata();
    let endpoint = Endpoint::SHANGHAI;
    let draft = Draft::new(
        metadata.method,
        metadata.action.clone(),
        metadata.version.clone(),
        &endpoint,
        &params,
    );
    let credentials = Credentials::access_key("testid", "testsecret").unwrap();
    let stamp = Stamp {
        at: UnixTime::from_seconds(1),
        nonce: Nonce::new("1").unwrap(),
        retry: None,
    };
    let signed = Scheme::Acs3HmacSha256.sign(&draft.unwrap(), &credentials, &stamp);
    signed.target.len()
}

fn proxy_refuses<D: Driver>() {
    let proxy = http_proxy(None);
    let url = format!("http://user:wrong@{}", proxy.address);
    let options = options(Policy::default(), two_targets());
    let proxies = Proxies::all(&url, "").unwrap();
    let message = tried_once::<D>(options.proxies(proxies), &init());
    assert!(message.contains("proxy"), "{message}");
    assert_eq!(proxy.requests.lock().unwrap().len(), 1);
}

fn socks5_refuses<D: Driver>() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    let address = server(move |mut proxy| {
        counted.fetch_add(1, Ordering::Relaxed);
        // RFC 1928 and RFC 1929: the method is user and password, and their status is a failure.
        for response in [[5, 2], [1, 1]] {
            let _ = proxy.read(&mut [0; 1_024]);
            let _ = proxy.write_all(&response);
        }
    });
    let proxies = Proxies::all(&format!("socks5://user:wr0ng@{address}"), "").unwrap();
    let options = options(Policy::default(), two_targets()).proxies(proxies);
    let message = tried_once::<D>(options, &init());
    assert!(!message.contains("wr0ng"), "{message}");
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

/// The variable stops what needs its proxy, and nothing else.
fn proxy_variable<D: Driver>() {
    let proxies = || {
        Proxies::from_vars(|name| (name == "https_proxy").then(|| "ftp://u:s3cret@h".to_owned()))
    };
    let server = MockServer::new(|mut connection| {
        while connection.read_request() {
            connection.send(&response(OK));
        }
    });
    let loopback = Endpoints::only(server.url.parse().unwrap());
    let client = D::new(options(Policy::default(), loopback).proxies(proxies()));
    client.call(&init()).unwrap();

    let elsewhere: Endpoint = "https://host.test".parse().unwrap();
    let id = CertifyId::new("sha1").with_origin(elsewhere.clone());
    let error = client
        .call(&DescribeFaceVerify::new(1_000_000_006, id))
        .unwrap_err();
    let message = format!("{error}");
    assert!(message.contains("HTTPS_PROXY must begin with"), "{message}");
    assert!(!message.contains("s3cret"), "{message}");

    let options = options(Policy::default(), Endpoints::only(elsewhere)).proxies(proxies());
    let error = D::build(options).unwrap_err().to_string();
    assert!(error.starts_with("HTTPS_PROXY must begin with"), "{error}");
}

fn proxy_is_unknown<D: Driver>() {
    let proxy = http_proxy(None);
    let front = tls_front(&proxy, &IssuedCertificate::valid());
    let proxies = Proxies::all(&format!("https://{front}"), "").unwrap();
    let options = options(Policy::default(), two_targets()).proxies(proxies);
    let message = tried_once::<D>(options, &init());
    assert!(message.contains("UnknownIssuer"), "{message}");
}

/// Each endpoint of the list is tried once, as its certificate will be the same in a moment.
fn certificate<D: Driver>() {
    let untrusted = || {
        let tls = IssuedCertificate::valid().server_config();
        let address = server(move |mut tcp| {
            let mut connection = rustls::ServerConnection::new(tls.clone()).unwrap();
            let _ = connection.complete_io(&mut tcp);
        });
        format!("https://{address}").parse::<Endpoint>().unwrap()
    };
    let mut limits = Policy::default();
    limits.total_timeout = Duration::from_secs(20);
    let endpoints = Endpoints::only(untrusted()).then(untrusted());
    let message = not_sent::<D>(options(limits, endpoints), &init(), 2);
    assert!(message.contains("UnknownIssuer"), "{message}");
}
