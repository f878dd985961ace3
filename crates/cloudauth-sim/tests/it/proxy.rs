//! The proxy to the simulated hosts of the vendor.

use core::time::Duration;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use cloudauth_sim::{CredentialService, Fault, IncomingRequest, Region, Simulator, Times};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::client::{Call, clock};

fn dial(simulator: &Simulator) -> TcpStream {
    let address = simulator.proxy_url().strip_prefix("http://").unwrap();
    let stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    stream
}

/// The status of the response to a CONNECT, and the stream inside the tunnel.
fn tunnel(simulator: &Simulator, target: &str) -> (u16, TcpStream) {
    let mut stream = dial(simulator);
    write!(
        stream,
        "CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n\r\n"
    )
    .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    (head[9..12].parse().unwrap(), stream)
}

fn exchange(
    stream: &mut (impl std::io::Read + std::io::Write),
    host: &str,
    request: &IncomingRequest,
) -> String {
    write!(
        stream,
        "{} {} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        request.method, request.target
    )
    .unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

/// Sends a request through CONNECT and TLS, as the vendor's SDKs do with built-in hosts.
fn exchange_tls(simulator: &Simulator, host: &'static str, request: &IncomingRequest) -> String {
    let (status, stream) = tunnel(simulator, &format!("{host}:443"));
    assert_eq!(status, 200);
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(simulator.ca_pem().as_bytes());
    roots.add(authority.unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host).unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    exchange(&mut StreamOwned::new(connection, stream), host, request)
}

#[test]
fn https_to_a_host_of_the_vendor_reaches_its_destination() {
    let simulator = Simulator::start().unwrap();
    simulator.inject(Region::Beijing, Fault::Status(503), Times::Always);
    let init = || Call::init(clock()).sign();
    for (host, status) in [
        ("cloudauth.aliyuncs.com", "200"),
        ("cloudauth.cn-shanghai.aliyuncs.com", "200"),
        ("cloudauth-vpc.cn-beijing.aliyuncs.com", "503"),
        // STS has no such operation.
        ("sts.cn-hangzhou.aliyuncs.com", "404"),
        ("simulated-uploads.oss-cn-shanghai.aliyuncs.com", "200"),
    ] {
        let reply = exchange_tls(&simulator, host, &init());
        assert_eq!(&reply[9..12], status, "{host}");
    }
}

#[test]
fn a_tunnel_without_tls_carries_plain_requests() {
    let simulator = Simulator::start().unwrap();
    let roles = IncomingRequest::new(
        "GET",
        "/latest/meta-data/ram/security-credentials/",
        Vec::new(),
        *b"",
    );
    let (status, mut stream) = tunnel(&simulator, "100.100.100.200:80");
    assert_eq!(status, 200);
    let reply = exchange(&mut stream, "100.100.100.200", &roles);
    assert!(reply.starts_with("HTTP/1.1 200 OK"), "{reply}");
    assert_eq!(
        simulator.world().request_count(CredentialService::Metadata),
        1
    );
}

#[test]
fn a_request_in_absolute_form_reaches_the_destination_of_its_host() {
    let simulator = Simulator::start().unwrap();
    let init = Call::init(clock()).sign();
    let to = |host: &str| {
        let target = format!("http://{host}{}", init.target);
        let whole = IncomingRequest::new("POST", target, Vec::new(), *b"");
        exchange(&mut dial(&simulator), host, &whole)
    };
    assert!(to("cloudauth.aliyuncs.com").starts_with("HTTP/1.1 200 OK"));
    assert!(to("example.com").starts_with("HTTP/1.1 403 Forbidden"));
    let here = exchange(&mut dial(&simulator), "cloudauth.aliyuncs.com", &init);
    assert!(here.starts_with("HTTP/1.1 403 Forbidden"), "{here}");
    assert_eq!(simulator.world().executions("InitFaceVerify"), 1);
}

#[test]
fn a_region_that_refuses_connections_fails_the_connect() {
    let simulator = Simulator::start().unwrap();
    simulator.inject(Region::Beijing, Fault::Refuse, Times::Always);
    let beijing = "cloudauth.cn-beijing.aliyuncs.com";
    let (status, mut stream) = tunnel(&simulator, &format!("{beijing}:443"));
    assert_eq!(status, 502);
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "closed");
    assert_eq!(tunnel(&simulator, "cloudauth.aliyuncs.com:443").0, 200);

    let target = format!("http://{beijing}{}", Call::init(clock()).sign().target);
    let whole = IncomingRequest::new("POST", target, Vec::new(), *b"");
    let reply = exchange(&mut dial(&simulator), beijing, &whole);
    assert!(reply.starts_with("HTTP/1.1 502 Bad Gateway"), "{reply}");

    simulator.restore(Region::Beijing).unwrap();
    assert_eq!(tunnel(&simulator, &format!("{beijing}:443")).0, 200);
}

#[test]
fn nothing_is_forwarded() {
    let simulator = Simulator::start().unwrap();
    for target in [
        "example.com:443",
        "aliyuncs.com.example:443",
        "[::1]:22",
        "",
    ] {
        let (status, mut stream) = tunnel(&simulator, target);
        assert_eq!(status, 403, "{target}");
        assert_eq!(stream.read(&mut [0]).unwrap(), 0, "closed");
    }
}

#[test]
fn a_malformed_connect_ends_the_connection() {
    let simulator = Simulator::start().unwrap();
    let endless = [b"CONNECT ".as_slice(), &[b'a'; 9_000]].concat();
    for junk in [
        endless.as_slice(),
        b"CONN",
        b"CONNECT a",
        b"\x16\x03\x01",
        b"\0",
    ] {
        let mut stream = dial(&simulator);
        // The simulator may close before it has read everything.
        let _ = stream.write_all(junk);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut reply = Vec::new();
        let _ = stream.read_to_end(&mut reply);
        assert!(!reply.starts_with(b"HTTP/1.1 200"), "{junk:?}");
    }
    let (_, mut inside) = tunnel(&simulator, "cloudauth.aliyuncs.com:443");
    inside.write_all(b"\x16\x03\x01\xff\xff").unwrap();
    inside.shutdown(std::net::Shutdown::Write).unwrap();
    let _ = inside.read_to_end(&mut Vec::new());
    assert_eq!(tunnel(&simulator, "sts.aliyuncs.com:443").0, 200);
}
