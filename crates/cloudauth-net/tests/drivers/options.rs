//! Each option has its effect in both drivers, and what cannot be used is refused when a client is
//! built. Time-outs, roots, rate limits, proxies and hooks are in the files beside this one.

use core::time::Duration;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use cloudauth_net::{Options, Proxies};
use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{Credentials, Endpoint, Endpoints, Error, Outcome, Policy};
use cloudauth_sim::conformance::limits;
use cloudauth_sim::{Fault, Region, Simulator, Times};
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::certificates::Issued;
use crate::subjects::{Async, Blocking, Driver, both, endpoints, options};

both! {
    a_user_agent_is_added_to_ours => user_agent;
    a_reply_over_the_limit_is_refused_and_one_at_the_limit_is_not => reply_limit;
    the_policy_is_kept_to => policy;
    a_reply_may_take_longer_than_a_connection => slow_reply;
    a_call_is_sent_as_often_as_is_allowed => max_attempts;
    a_connection_that_was_idle_for_too_long_is_not_used_again => idle_timeout;
    without_idle_connections_each_exchange_has_its_own => no_idle_connection;
    no_more_connections_are_kept_than_is_said => max_idle_connections;
    a_client_certificate_is_shown_to_a_server_that_asks => client_certificate;
    what_cannot_be_used_is_refused_by_the_option_s_name => bad_input;
}

fn init() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
}

const BODY: &str = r#"{"Code":"200","ResultObject":{"CertifyId":"sha1"}}"#;

fn reply() -> String {
    let length = BODY.len();
    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{BODY}")
}

/// A server that answers every request, and what it was sent: heads, by connection.
struct Server {
    endpoints: Endpoints,
    connections: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Server {
    /// Answers when as many connections as the barrier wants are asked something.
    fn new(together: Option<Arc<Barrier>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&connections);
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                noted.lock().unwrap().push(Vec::new());
                let (noted, together) = (Arc::clone(&noted), together.clone());
                thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    while let Some(head) = head(&mut stream) {
                        noted.lock().unwrap()[number].push(head);
                        if let Some(barrier) = &together {
                            barrier.wait();
                        }
                        let _ = stream.write_all(reply().as_bytes());
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

/// The head of a request without a body.
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
    let server = Server::new(None);
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

fn reply_limit<D: Driver>() {
    let server = Server::new(None);
    let client = D::new(server.options().reply_limit(BODY.len()));
    client.call(&init()).unwrap();
    let client = D::new(server.options().reply_limit(BODY.len() - 1));
    let error = client.call(&init()).unwrap_err();
    let told = format!("larger than {} bytes", BODY.len() - 1);
    assert!(matches!(error, Error::Decode(_)), "{error}");
    assert!(error.to_string().contains(&told), "{error}");
}

fn slow_reply<D: Driver>() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        head(&mut stream).unwrap();
        thread::sleep(Duration::from_millis(800));
        stream.write_all(reply().as_bytes()).unwrap();
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
    policy.pause = Duration::ZERO;
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
    let server = Server::new(None);
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

fn no_idle_connection<D: Driver>() {
    let server = Server::new(None);
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
        let server = Server::new(Some(Arc::new(Barrier::new(CALLS))));
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

/// A server that wants a certificate of its own root from its clients, as a URL.
fn wants_certificate(issued: &Issued, served: Arc<Mutex<usize>>) -> Endpoint {
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
                let _ = tls.write_all(reply().as_bytes());
            }
        }
    });
    url.parse().unwrap()
}

fn client_certificate<D: Driver>() {
    let issued = Issued::good();
    let served = Arc::default();
    let endpoint = wants_certificate(&issued, Arc::clone(&served));
    let trusting = || {
        let options = options(limits(), Endpoints::only(endpoint.clone())).max_attempts(1);
        options.root_certificates(issued.root.pem())
    };
    let stranger = Issued::good();
    let anonymous = D::new(trusting());
    let unknown = stranger.leaf.pem();
    let unknown = D::new(trusting().client_certificate(unknown, stranger.key.serialize_pem()));
    for client in [anonymous, unknown] {
        let error = client.call(&init()).unwrap_err();
        // The server refuses when the client may have sent already (TLS 1.3).
        let met = &error.attempts()[0].outcome;
        assert!(
            matches!(met, Outcome::NoReply { .. } | Outcome::NotSent(_)),
            "{error}"
        );
    }
    assert_eq!(*served.lock().unwrap(), 0);
    let known = trusting().client_certificate(issued.leaf.pem(), issued.key.serialize_pem());
    D::new(known).call(&init()).unwrap();
    assert_eq!(*served.lock().unwrap(), 1);
}

fn bad_input<D: Driver>() {
    let (own, other) = (Issued::good(), Issued::good());
    let zero = Duration::ZERO;
    let good = || {
        Options::new()
            .credentials(Credentials::access_key("id", "secret").unwrap())
            .proxies(Proxies::none())
    };
    let certificate = || own.leaf.pem();
    for (option, options) in [
        ("root_certificates", good().root_certificates("no PEM")),
        (
            "root_certificates",
            good().root_certificates(&certificate()[..99]),
        ),
        (
            "client_certificate",
            good().client_certificate("no PEM", own.key.serialize_pem()),
        ),
        (
            "client_certificate",
            good().client_certificate(certificate(), "no PEM"),
        ),
        (
            "client_certificate",
            good().client_certificate(certificate(), other.key.serialize_pem()),
        ),
        (
            "user_agent",
            good().user_agent("shop\r\nx-acs-action: Evil"),
        ),
        ("user_agent", good().user_agent("shop\n")),
        ("user_agent", good().user_agent("铺子")),
        ("user_agent", good().user_agent(" ")),
        ("connect_timeout", good().connect_timeout(zero)),
        ("read_timeout", good().read_timeout(zero)),
        ("total_timeout", good().total_timeout(zero)),
        ("max_attempts", good().max_attempts(0)),
        ("reply_limit", good().reply_limit(0)),
        ("rate_limit", good().rate_limit("InitFaceVerify", 0)),
    ] {
        let Err(error) = D::build(options) else {
            panic!("{option} was taken");
        };
        assert!(error.to_string().starts_with(option), "{error}");
    }
    let certified = good().client_certificate(certificate(), own.key.serialize_pem());
    assert!(D::build(certified.user_agent("shop/2.1")).is_ok());

    // These have types of their own, and are refused before there are options.
    let error = Proxies::all("ftp://proxy", "").unwrap_err().to_string();
    assert!(error.starts_with("proxies "), "{error}");
    let error = "https://user@host".parse::<Endpoint>().unwrap_err();
    assert!(
        error.to_string().starts_with("not an endpoint: "),
        "{error}"
    );
}
