//! What the driver kit does not cover: TLS, signatures, stalled and trickling connections.

use core::time::Duration;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use cloudauth_net::Options;
use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{AttemptOutcome, Credentials, Endpoint, Endpoints, Error, Scheme};
use cloudauth_sim::conformance::limits;
use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Region, Simulator};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::driver::{Async, Blocking, Driver, both, endpoints, options};

fn init() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}")
}

both! {
    a_tls_configuration_of_the_callers_own_is_used => own_tls;
    a_certificate_of_an_unknown_root_is_refused_before_the_request_is_sent => untrusted;
    a_client_whose_keys_are_replaced_signs_with_the_new_ones => new_keys;
    a_failed_handshake_fails_over_to_the_next_endpoint => no_handshake;
    a_rate_limit_delays_calls => rate_limit;
    a_stalled_handshake_ends_with_the_connect_timeout => silent_handshake;
    a_host_that_does_not_exist_means_that_nothing_was_sent => unresolved;
    a_trickling_response_ends_with_the_read_timeout => trickle;
    a_wrong_secret_is_reported_with_the_request_id => wrong_secret;
    both_signature_schemes_are_accepted => schemes;
    with_rpc_signatures_no_parameter_is_in_the_url => rpc_url;
}

fn tls(simulator: &Simulator) -> Endpoint {
    simulator.tls_url(Region::Shanghai).parse().unwrap()
}

/// It trusts the root of the simulator, and would offer HTTP/2.
fn own_tls<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let mut roots = RootCertStore::empty();
    let pem = simulator.ca_pem().as_bytes();
    roots
        .add(CertificateDer::from_pem_slice(pem).unwrap())
        .unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let options = options(limits(), Endpoints::only(tls(&simulator)));
    let driver = D::new(options.tls_config(Arc::new(config)));
    driver.call(&init()).unwrap();
}

fn assert_not_sent<D: Driver>(options: Options, message: &str) {
    let error = D::new(options.max_attempts(1)).call(&init()).unwrap_err();
    let Error::Exhausted(exhausted) = &error else {
        panic!("{error}");
    };
    assert!(
        matches!(exhausted.attempts[..], [ref one] if matches!(one.outcome, AttemptOutcome::NotSent(_))),
        "{error}"
    );
    assert!(error.to_string().contains(message), "{error}");
}

fn untrusted<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let options = options(limits(), Endpoints::only(tls(&simulator)));
    assert_not_sent::<D>(options, "UnknownIssuer");
    assert!(simulator.world().requests().is_empty());
}

fn no_handshake<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let beijing = simulator.url(Region::Beijing).parse().unwrap();
    let plain = simulator.url(Region::Shanghai);
    let as_tls: Endpoint = plain.replace("http:", "https:").parse().unwrap();
    let driver = D::new(options(limits(), Endpoints::only(as_tls).then(beijing)));
    let opened = driver.call(&init()).unwrap();
    assert!(matches!(
        opened.attempts[0].outcome,
        AttemptOutcome::NotSent(_)
    ));
    assert_eq!(opened.attempts.len(), 2);
}

/// Starts a server that calls `serve` for every connection. Returns its address.
pub(crate) fn server(serve: impl Fn(TcpStream) + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let (serve, connection) = (serve.clone(), connection.unwrap());
            thread::spawn(move || serve(connection));
        }
    });
    address
}

#[expect(clippy::disallowed_methods, reason = "a timeout is measured")]
pub(crate) fn timed<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    (act(), started.elapsed())
}

fn silent_handshake<D: Driver>() {
    let address = server(|mut connection| {
        let _ = connection.read_to_end(&mut Vec::new());
    });
    let url = format!("https://{address}");
    let mut limits = limits();
    limits.read_timeout = Duration::from_secs(4);
    let options = options(limits, Endpoints::only(url.parse().unwrap()));
    let ((), took) = timed(|| assert_not_sent::<D>(options, "timed out while connecting"));
    assert!(took < Duration::from_secs(2), "{took:?}");
}

fn unresolved<D: Driver>() {
    let endpoint = Endpoint::plain_http("host.invalid").unwrap();
    let mut limits = limits();
    limits.connect_timeout = Duration::from_secs(4);
    assert_not_sent::<D>(options(limits, Endpoints::only(endpoint)), "cannot connect");
}

fn trickle<D: Driver>() {
    const READ_TIMEOUT: &str = "timed out while waiting for the response";
    let address = server(|mut connection| {
        let _ = connection.read(&mut [0; 4096]);
        let _ = connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
        // Longer than the test takes; ends when the client closes the connection.
        while connection.write_all(b" ").is_ok() {
            thread::sleep(Duration::from_millis(50));
        }
    });
    let url = format!("http://{address}");
    let options = options(limits(), Endpoints::only(url.parse().unwrap()));
    let (result, took) = timed(|| D::new(options.max_attempts(1)).call(&init()));
    let error = result.unwrap_err();
    let attempts = error.attempts();
    assert!(
        matches!(
            attempts[0].outcome,
            AttemptOutcome::NoResponse { status: Some(200), ref cause } if cause.to_string() == READ_TIMEOUT
        ),
        "{error}"
    );
    let limit = limits().read_timeout;
    assert!(took >= limit && took < limit * 2, "{took:?}");
}

fn wrong_secret<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let wrong = Credentials::access_key("testid", "wrong").unwrap();
    for scheme in [Scheme::Acs3HmacSha256, Scheme::RpcHmacSha1] {
        let options = options(limits(), endpoints(&simulator)).scheme(scheme);
        let driver = D::new(options.credentials(wrong.clone()));
        let error = driver.call(&init()).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("SignatureDoesNotMatch: ") && message.contains(" (HTTP 400"),
            "{message}"
        );
        assert!(message.contains(error.request_id().unwrap()), "{message}");
        assert_eq!(error.attempts().len(), 1);
    }
}

fn new_keys<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let unknown = Credentials::access_key("unknown", "secret").unwrap();
    let driver = D::new(options(limits(), endpoints(&simulator)).credentials(unknown));
    driver.call(&init()).unwrap_err();
    let known = Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET).unwrap();
    driver.set_credentials(known);
    driver.call(&init()).unwrap();
}

fn schemes<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    for scheme in [Scheme::Acs3HmacSha256, Scheme::RpcHmacSha1] {
        let driver = D::new(options(limits(), endpoints(&simulator)).scheme(scheme));
        assert!(driver.call(&init().auth_id("张三 +&=%~*").crop("")).is_ok());
    }
}

fn rpc_url<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let scheme = Scheme::RpcHmacSha1;
    let driver = D::new(options(limits(), endpoints(&simulator)).scheme(scheme));
    driver.call(&init().cert_no("330103199001011230")).unwrap();
    let world = simulator.world();
    assert!(world.requests()[0].url_query_names.is_empty());
}

fn rate_limit<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let options = options(limits(), endpoints(&simulator)).rate_limit("InitFaceVerify", 10);
    let driver = D::new(options);
    let ((), took) = timed(|| {
        for _ in 0..13 {
            driver.call(&init()).unwrap();
        }
    });
    assert!(took >= Duration::from_millis(300), "{took:?}");
}
