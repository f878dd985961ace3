//! Each option takes effect in both drivers, and invalid options are errors when a client is built.
//!
//! Timeouts, root certificates, rate limits, proxies and hooks are tested in the other files.

use core::time::Duration;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use cloudauth_net::{Options, Proxies};
use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{AttemptOutcome, Credentials, Endpoint, Endpoints, Error, Policy};
use cloudauth_sim::conformance::limits;
use cloudauth_sim::{Fault, Region, Simulator, Times};
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::certificates::IssuedCertificate;
use crate::driver::{Async, Blocking, Driver, both, endpoints, options};

both! {
    a_user_agent_is_appended_to_the_library_s => user_agent;
    a_response_over_the_limit_is_refused_and_one_at_the_limit_is_not => response_limit;
    the_policy_is_applied => policy;
    a_response_may_take_longer_than_the_connect_timeout => slow_response;
    a_call_has_at_most_max_attempts => max_attempts;
    a_connection_idle_for_longer_than_the_idle_timeout_is_not_reused => idle_timeout;
    the_idle_timeout_can_be_as_long_as_possible => endless_idle_timeout;
    without_idle_connections_each_exchange_opens_its_own => no_idle_connection;
    at_most_max_idle_connections_are_kept => max_idle_connections;
    a_client_certificate_is_sent_to_a_server_that_requests_one => client_certificate;
    an_invalid_option_is_an_error_that_names_it => invalid_options;
}

fn init() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}")
}

const BODY: &str = r#"{"Code":"200","ResultObject":{"CertifyId":"sha1"}}"#;

fn response() -> String {
    let length = BODY.len();
    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{BODY}")
}

/// A server that responds to every request, and records the heads of requests by connection.
struct RecordingServer {
    endpoints: Endpoints,
    connections: Arc<Mutex<Vec<Vec<String>>>>,
}

impl RecordingServer {
    /// With a barrier, the server responds when as many requests as the barrier's size have arrived.
    fn new(barrier: Option<Arc<Barrier>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&connections);
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                recorded.lock().unwrap().push(Vec::new());
                let (recorded, barrier) = (Arc::clone(&recorded), barrier.clone());
                thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    while let Some(head) = head(&mut stream) {
                        recorded.lock().unwrap()[number].push(head);
                        if let Some(barrier) = &barrier {
                            barrier.wait();
                        }
                        let _ = stream.write_all(response().as_bytes());
                    }
                });
            }
        });
        Self {
            endpoints: Endpoints::only(url.parse().unwrap()),
            connections,
        }
    }

    fn options(&self) -> Options {
        options(limits(), self.endpoints.clone())
    }

    fn connections(&self) -> usize {
        self.connections.lock().unwrap().len()
    }
}

/// Reads the head of a request without a body, in lower case.
fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    Some(String::from_utf8(head).unwrap().to_ascii_lowercase())
}

fn user_agent<D: Driver>() {
    let server = RecordingServer::new(None);
    let client = D::new(server.options().user_agent("shop/2.1 (x)"));
    client.call(&init()).unwrap();
    let connections = server.connections.lock().unwrap();
    let head = &connections[0][0];
    let agents: Vec<&str> = head
        .lines()
        .filter(|it| it.starts_with("user-agent"))
        .collect();
    let ours = concat!("user-agent: cloudauth-rs/", env!("CARGO_PKG_VERSION"));
    assert_eq!(agents, [format!("{ours} shop/2.1 (x)")]);
}

fn response_limit<D: Driver>() {
    let server = RecordingServer::new(None);
    let client = D::new(server.options().response_limit(BODY.len()));
    client.call(&init()).unwrap();
    let client = D::new(server.options().response_limit(BODY.len() - 1));
    let error = client.call(&init()).unwrap_err();
    let message = format!("exceeds {} bytes", BODY.len() - 1);
    assert!(matches!(error, Error::Decode(_)), "{error}");
    assert!(error.to_string().contains(&message), "{error}");
}

fn slow_response<D: Driver>() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        head(&mut stream).unwrap();
        thread::sleep(Duration::from_millis(800));
        stream.write_all(response().as_bytes()).unwrap();
    });
    let options = options(limits(), Endpoints::only(url.parse().unwrap()))
        .connect_timeout(Duration::from_millis(400))
        .read_timeout(Duration::from_secs(5))
        .max_attempts(1);
    D::new(options).call(&init()).unwrap();
}

fn policy<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    simulator.inject(Region::Shanghai, Fault::Status(503), Times::Always);
    simulator.inject(Region::Beijing, Fault::Status(503), Times::Always);
    let mut policy = Policy::default();
    policy.max_attempts = 3;
    policy.base_backoff = Duration::ZERO;
    let options = options(limits(), endpoints(&simulator)).policy(policy);
    let error = D::new(options).call(&init()).unwrap_err();
    assert_eq!(error.attempts().len(), 3, "{error}");
}

fn max_attempts<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    simulator.inject(Region::Shanghai, Fault::Status(503), Times::Always);
    simulator.inject(Region::Beijing, Fault::Status(503), Times::Always);
    for attempts in [1, 2] {
        let options = options(limits(), endpoints(&simulator)).max_attempts(attempts);
        let error = D::new(options).call(&init()).unwrap_err();
        assert_eq!(error.attempts().len(), attempts, "{error}");
    }
}

fn idle_timeout<D: Driver>() {
    let server = RecordingServer::new(None);
    let client = D::new(server.options().idle_timeout(Duration::from_secs(1)));
    let call_after = |idle| {
        client.idle(Duration::from_millis(idle));
        client.call(&init()).unwrap();
        server.connections()
    };
    assert_eq!(
        [call_after(0), call_after(50), call_after(1_300)],
        [1, 1, 2]
    );
}

fn endless_idle_timeout<D: Driver>() {
    let server = RecordingServer::new(None);
    let client = D::new(server.options().idle_timeout(Duration::MAX));
    for _ in 0..2 {
        client.call(&init()).unwrap();
        client.idle(Duration::from_millis(50));
    }
    assert_eq!(server.connections(), 1);
}

fn no_idle_connection<D: Driver>() {
    let server = RecordingServer::new(None);
    let client = D::new(server.options().max_idle_connections(0));
    for _ in 0..3 {
        client.call(&init()).unwrap();
        client.idle(Duration::from_millis(20));
    }
    assert_eq!(server.connections(), 3);
}

fn max_idle_connections<D: Driver>() {
    const CALLS: usize = 4;
    for (kept, connections) in [(None, CALLS), (Some(1), 2 * CALLS - 1)] {
        let server = RecordingServer::new(Some(Arc::new(Barrier::new(CALLS))));
        let mut options = server.options();
        if let Some(kept) = kept {
            options = options.max_idle_connections(kept);
        }
        let client = D::new(options);
        for _ in 0..2 {
            thread::scope(|scope| {
                for _ in 0..CALLS {
                    scope.spawn(|| client.call(&init()).unwrap());
                }
            });
            client.idle(Duration::from_millis(50));
        }
        assert_eq!(server.connections(), connections, "{kept:?}");
    }
}

/// Starts a server that requires a client certificate issued by its own root.
fn server_with_client_auth(issued: &IssuedCertificate, served: Arc<Mutex<usize>>) -> Endpoint {
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(issued.root.der().clone()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![issued.leaf.der().clone()], issued.private_key())
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls = StreamOwned::new(connection, stream.unwrap());
            if matches!(tls.read(&mut [0; 8_192]), Ok(n) if n > 0) {
                *served.lock().unwrap() += 1;
                let _ = tls.write_all(response().as_bytes());
            }
        }
    });
    url.parse().unwrap()
}

fn client_certificate<D: Driver>() {
    let issued = IssuedCertificate::valid();
    let served = Arc::default();
    let endpoint = server_with_client_auth(&issued, Arc::clone(&served));
    let trusting_options = || {
        let options = options(limits(), Endpoints::only(endpoint.clone())).max_attempts(1);
        options.root_certificates(issued.root.pem())
    };
    let other = IssuedCertificate::valid();
    let anonymous = D::new(trusting_options());
    let unknown = other.leaf.pem();
    let unknown = D::new(trusting_options().client_certificate(unknown, other.key.serialize_pem()));
    for client in [anonymous, unknown] {
        let error = client.call(&init()).unwrap_err();
        // In TLS 1.3 the server refuses after the client may have sent its request.
        let outcome = &error.attempts()[0].outcome;
        assert!(
            matches!(
                outcome,
                AttemptOutcome::NoResponse { .. } | AttemptOutcome::NotSent(_)
            ),
            "{error}"
        );
    }
    assert_eq!(*served.lock().unwrap(), 0);
    let known =
        trusting_options().client_certificate(issued.leaf.pem(), issued.key.serialize_pem());
    D::new(known).call(&init()).unwrap();
    assert_eq!(*served.lock().unwrap(), 1);
}

fn invalid_options<D: Driver>() {
    let (own, other) = (IssuedCertificate::valid(), IssuedCertificate::valid());
    let zero = Duration::ZERO;
    let valid = || {
        Options::new()
            .credentials(Credentials::access_key("id", "secret").unwrap())
            .proxies(Proxies::none())
    };
    let certificate = || own.leaf.pem();
    for (option, options) in [
        ("root_certificates", valid().root_certificates("no PEM")),
        (
            "root_certificates",
            valid().root_certificates(&certificate()[..99]),
        ),
        (
            "client_certificate",
            valid().client_certificate("no PEM", own.key.serialize_pem()),
        ),
        (
            "client_certificate",
            valid().client_certificate(certificate(), "no PEM"),
        ),
        (
            "client_certificate",
            valid().client_certificate(certificate(), other.key.serialize_pem()),
        ),
        (
            "user_agent",
            valid().user_agent("shop\r\nx-acs-action: Evil"),
        ),
        ("user_agent", valid().user_agent("shop\n")),
        ("user_agent", valid().user_agent("铺子")),
        ("user_agent", valid().user_agent(" ")),
        ("connect_timeout", valid().connect_timeout(zero)),
        ("read_timeout", valid().read_timeout(zero)),
        ("total_timeout", valid().total_timeout(zero)),
        ("max_attempts", valid().max_attempts(0)),
        ("response_limit", valid().response_limit(0)),
        ("rate_limit", valid().rate_limit("InitFaceVerify", 0)),
        ("rate_limit", valid().rate_limit("InitFaceverify", 9)),
        ("rate_limit", valid().rate_limit_raw("New", 0)),
    ] {
        let Err(error) = D::build(options) else {
            panic!("{option} was accepted");
        };
        assert!(error.to_string().starts_with(option), "{error}");
    }
    assert!(D::build(valid().rate_limit_raw("New", 9)).is_ok());
    let certified = valid().client_certificate(certificate(), own.key.serialize_pem());
    assert!(D::build(certified.user_agent("shop/2.1")).is_ok());

    // These have types of their own, with errors of their own.
    let error = Proxies::all("ftp://proxy", "").unwrap_err().to_string();
    assert!(error.starts_with("proxies "), "{error}");
    let error = "https://user@host".parse::<Endpoint>().unwrap_err();
    assert!(
        error.to_string().starts_with("invalid endpoint: "),
        "{error}"
    );
}
