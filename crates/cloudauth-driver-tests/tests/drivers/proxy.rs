//! Proxies: CONNECT over TCP and TLS, and SOCKS5.

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::{io, thread};

use cloudauth_net::Proxies;
use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{Endpoint, Endpoints, Error};
use cloudauth_sim::conformance::limits;
use cloudauth_sim::{Region, Simulator};

use tokio::io::copy_bidirectional;
use tokio::runtime::Builder;
use tokio_rustls::TlsAcceptor;

use crate::certificates::IssuedCertificate;
use crate::driver::{Async, Blocking, Driver, both, options};
use crate::transport::timed;

both! {
    the_service_is_reached_through_a_tunnel => tunnel_to_endpoint;
    a_certificate_for_another_host_is_refused_before_the_request_is_sent => tunnel_to_another_host;
    a_proxy_that_refuses_means_that_nothing_was_sent => refused;
    loopback_endpoints_are_reached_without_the_proxy => loopback;
    a_proxy_can_be_reached_over_tls => over_tls;
    an_untrusted_proxy_receives_no_request => over_tls_with_unknown_root;
    a_socks5_proxy_receives_the_host_name_and_the_credentials => socks5;
    a_socks5_proxy_that_refuses_means_that_nothing_was_sent => socks5_refused;
    plain_http_goes_through_a_tunnel_to_port_80 => plain_http;
    the_connect_timeout_covers_the_proxy_and_the_tls_handshake => slow_proxy;
}

/// A proxy that records requests for tunnels. It connects every tunnel to one address, or refuses.
pub(crate) struct MockProxy {
    pub(crate) address: String,
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
}

pub(crate) fn http_proxy(to: Option<String>) -> MockProxy {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&requests);
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, recorded, to) = (client.unwrap(), Arc::clone(&recorded), to.clone());
            thread::spawn(move || serve_tunnel(&client, &recorded, to));
        }
    });
    MockProxy { address, requests }
}

fn serve_tunnel(client: &TcpStream, recorded: &Mutex<Vec<String>>, to: Option<String>) {
    let mut head = String::new();
    let mut reader = BufReader::new(client);
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
    recorded.lock().unwrap().push(head.to_ascii_lowercase());
    let mut writer = client;
    let Some(to) = to else {
        let _ = writer.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
        return;
    };
    let server = TcpStream::connect(to).unwrap();
    writer.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let (mut up, mut down) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    thread::spawn(move || io::copy(&mut reader_of(&server), &mut down));
    let _ = io::copy(&mut reader, &mut up);
}

fn reader_of(stream: &TcpStream) -> impl Read {
    stream.try_clone().unwrap()
}

const TARGET: &str = "cloudauth.test";

fn init() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}")
}

fn tunnel_to_endpoint<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let tls = simulator.tls_url(Region::Shanghai);
    let proxy = http_proxy(Some(tls.replace("https://localhost", "127.0.0.1")));
    let url = format!("http://us%40er:pass@{}", proxy.address);
    let options = options(limits(), Endpoints::only(TARGET.parse().unwrap()))
        .root_certificates(simulator.ca_pem())
        .proxies(Proxies::all(&url, "").unwrap());
    let driver = D::new(options);
    for _ in 0..2 {
        driver.call(&init()).unwrap();
    }
    let requests = proxy.requests.lock().unwrap();
    // One tunnel serves both calls.
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert!(
        requests[0].starts_with("connect cloudauth.test:443 http/1.1\r\n"),
        "{requests:?}"
    );
    assert!(
        requests[0].contains("proxy-authorization: basic dxnazxi6cgfzcw=="),
        "{requests:?}"
    );
    for header in ["x-acs", "user-agent"] {
        assert!(!requests[0].contains(header), "{requests:?}");
    }
}

fn tunnel_to_another_host<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let tls = simulator.tls_url(Region::Shanghai);
    let proxy = http_proxy(Some(tls.replace("https://localhost", "127.0.0.1")));
    // The certificate is not valid for this host.
    let options = options(limits(), Endpoints::only("other.test".parse().unwrap()))
        .root_certificates(simulator.ca_pem())
        .proxies(Proxies::all(&proxy.address, "").unwrap());
    let error = D::new(options).call(&init()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("not sent: cannot connect: invalid peer certificate"),
        "{error}"
    );
    assert!(simulator.world().requests().is_empty());
}

fn refused<D: Driver>() {
    let proxy = http_proxy(None);
    let options = options(limits(), Endpoints::only(TARGET.parse().unwrap()))
        .proxies(Proxies::all(&proxy.address, "").unwrap());
    let error = D::new(options).call(&init()).unwrap_err();
    let Error::Exhausted(_) = &error else {
        panic!("{error}");
    };
}

fn loopback<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let proxy = http_proxy(None);
    let endpoint: Endpoint = simulator.url(Region::Shanghai).parse().unwrap();
    let options = options(limits(), Endpoints::only(endpoint))
        .proxies(Proxies::all(&proxy.address, "").unwrap());
    assert!(D::new(options).call(&init()).is_ok());
    assert!(proxy.requests.lock().unwrap().is_empty());
}

/// Terminates TLS in front of a proxy. Returns its address.
pub(crate) fn tls_front(proxy: &MockProxy, issued: &IssuedCertificate) -> SocketAddr {
    let to = proxy.address.clone();
    let acceptor = TlsAcceptor::from(issued.server_config());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((client, _)) = listener.accept().await {
                if let Ok(mut client) = acceptor.accept(client).await {
                    let mut proxy = tokio::net::TcpStream::connect(&to).await.unwrap();
                    let _ = copy_bidirectional(&mut client, &mut proxy).await;
                }
            }
        });
    });
    address
}

fn over_tls<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let tls = simulator.tls_url(Region::Shanghai);
    let proxy = http_proxy(Some(tls.replace("https://localhost", "127.0.0.1")));
    let issued = IssuedCertificate::valid();
    let url = format!("https://user:pass@{}", tls_front(&proxy, &issued));
    let options = options(limits(), Endpoints::only(TARGET.parse().unwrap()))
        .root_certificates(simulator.ca_pem())
        .root_certificates(issued.root.pem())
        .proxies(Proxies::all(&url, "").unwrap());
    D::new(options).call(&init()).unwrap();
    let requests = proxy.requests.lock().unwrap();
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert!(requests[0].starts_with("connect cloudauth.test:443 http/1.1\r\n"));
    assert!(requests[0].contains("proxy-authorization: basic "));
}

fn over_tls_with_unknown_root<D: Driver>() {
    let proxy = http_proxy(None);
    let url = format!(
        "https://user:pass@{}",
        tls_front(&proxy, &IssuedCertificate::valid())
    );
    let options = options(limits(), Endpoints::only(TARGET.parse().unwrap()))
        .proxies(Proxies::all(&url, "").unwrap());
    let error = D::new(options).call(&init()).unwrap_err();
    assert!(matches!(error, Error::Exhausted(_)), "{error}");
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
    assert!(proxy.requests.lock().unwrap().is_empty());
}

/// A SOCKS5 proxy (RFC 1928, RFC 1929) that records user, password and target.
fn socks5_proxy(to: Option<String>) -> MockProxy {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&requests);
    thread::spawn(move || {
        for client in listener.incoming() {
            // One after the other, as there is only one call at a time.
            serve_socks5(client.unwrap(), &recorded, to.as_deref());
        }
    });
    MockProxy { address, requests }
}

fn serve_socks5(mut client: TcpStream, recorded: &Mutex<Vec<String>>, to: Option<&str>) {
    let bytes = |count: u8, client: &mut TcpStream| {
        let mut read = vec![0; count.into()];
        client.read_exact(&mut read).unwrap();
        read
    };
    let text = |client: &mut TcpStream| {
        let length = bytes(1, client)[0];
        String::from_utf8(bytes(length, client)).unwrap()
    };
    let methods = bytes(2, &mut client)[1];
    assert!(
        bytes(methods, &mut client).contains(&2),
        "user and password are offered"
    );
    client.write_all(&[5, 2]).unwrap();
    assert_eq!(bytes(1, &mut client), [1]);
    let (user, password) = (text(&mut client), text(&mut client));
    client.write_all(&[1, 0]).unwrap();
    assert_eq!(
        bytes(4, &mut client),
        [5, 1, 0, 3],
        "CONNECT, to a host name"
    );
    let host = text(&mut client);
    let port = u16::from_be_bytes(bytes(2, &mut client).try_into().unwrap());
    let request = format!("{user}:{password} {host}:{port}");
    recorded.lock().unwrap().push(request);
    let Some(to) = to else {
        // Reply 2: connection not allowed by ruleset.
        client.write_all(&[5, 2, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
        return;
    };
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
    let mut server = TcpStream::connect(to).unwrap();
    let (mut up, mut down) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    thread::spawn(move || io::copy(&mut server, &mut down));
    let _ = io::copy(&mut client, &mut up);
}

fn socks5<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let tls = simulator.tls_url(Region::Shanghai);
    let proxy = socks5_proxy(Some(tls.replace("https://localhost", "127.0.0.1")));
    let url = format!("socks5://us%40er:pass@{}", proxy.address);
    let options = options(limits(), Endpoints::only(TARGET.parse().unwrap()))
        .root_certificates(simulator.ca_pem())
        .proxies(Proxies::all(&url, "").unwrap());
    let driver = D::new(options);
    for _ in 0..2 {
        driver.call(&init()).unwrap();
    }
    assert_eq!(
        *proxy.requests.lock().unwrap(),
        ["us@er:pass cloudauth.test:443"]
    );
}

fn socks5_refused<D: Driver>() {
    let proxy = socks5_proxy(None);
    let url = format!("socks5h://u:p@{}", proxy.address);
    let options = options(limits(), Endpoints::only(TARGET.parse().unwrap()))
        .max_attempts(1)
        .proxies(Proxies::all(&url, "").unwrap());
    let error = D::new(options).call(&init()).unwrap_err();
    assert!(matches!(error, Error::Exhausted(_)), "{error}");
    assert!(!error.may_have_been_carried_out());
    assert_eq!(*proxy.requests.lock().unwrap(), ["u:p cloudauth.test:443"]);
}

/// The proxy takes most of the connect timeout, and the endpoint behind it never completes the handshake.
fn slow_proxy<D: Driver>() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = proxy.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for client in proxy.incoming() {
            let mut client = client.unwrap();
            let _ = client.read(&mut [0; 4_096]);
            thread::sleep(Duration::from_millis(700));
            let _ = client.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            let _ = client.read_to_end(&mut Vec::new());
        }
    });
    let options = options(limits(), Endpoints::only(TARGET.parse().unwrap()))
        .max_attempts(1)
        .connect_timeout(Duration::from_secs(1))
        .read_timeout(Duration::from_secs(4))
        .proxies(Proxies::all(&address, "").unwrap());
    let (error, took) = timed(|| D::new(options).call(&init()).unwrap_err());
    assert!(
        error.to_string().contains("timed out while connecting"),
        "{error}"
    );
    assert!(took < Duration::from_millis(1_500), "{took:?}");
}

fn plain_http<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let to = simulator.url(Region::Shanghai).replace("http://", "");
    let endpoint = Endpoint::plain_http(TARGET).unwrap();
    let proxy = http_proxy(Some(to.clone()));
    let options = |url: &str| {
        options(limits(), Endpoints::only(endpoint.clone())).proxies(Proxies::all(url, "").unwrap())
    };
    D::new(options(&proxy.address)).call(&init()).unwrap();
    let requests = proxy.requests.lock().unwrap();
    assert!(
        requests[0].starts_with("connect cloudauth.test:80 "),
        "{requests:?}"
    );

    let proxy = socks5_proxy(Some(to));
    let url = format!("socks5://u:p@{}", proxy.address);
    D::new(options(&url)).call(&init()).unwrap();
    assert_eq!(*proxy.requests.lock().unwrap(), ["u:p cloudauth.test:80"]);
}
