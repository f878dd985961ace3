//! Endpoints behind a proxy, for both drivers.

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

use crate::certificates::Issued;
use crate::subjects::{Async, Blocking, Driver, both, options};
use crate::transport::timed;

both! {
    the_service_is_reached_through_a_tunnel => is_reached_through_a_tunnel;
    a_certificate_of_another_host_is_refused_before_anything_is_sent => leads_to_another_host;
    a_proxy_that_refuses_means_that_nothing_was_sent => that_refuses_means_that_nothing_was_sent;
    a_proxy_is_not_asked_for_loopback => is_not_asked_for_plain_loopback;
    a_proxy_can_speak_tls_itself => speaks_tls;
    a_proxy_whose_certificate_is_not_trusted_is_told_nothing => speaks_tls_of_an_unknown_root;
    a_socks_proxy_is_told_the_name_and_knows_the_user => is_socks;
    a_socks_proxy_that_refuses_means_that_nothing_was_sent => is_socks_and_refuses;
    plain_http_goes_through_a_tunnel_to_port_80 => to_plain_http;
    the_time_to_connect_is_for_the_proxy_and_the_handshake_together => is_slow;
}

/// A proxy that notes what it is asked and tunnels everything to one address, or refuses.
struct Tunnels {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

fn tunnels(to: Option<String>) -> Tunnels {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked);
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, noted, to) = (client.unwrap(), Arc::clone(&noted), to.clone());
            thread::spawn(move || tunnel(&client, &noted, to));
        }
    });
    Tunnels { address, asked }
}

fn tunnel(client: &TcpStream, noted: &Mutex<Vec<String>>, to: Option<String>) {
    let mut head = String::new();
    let mut reader = BufReader::new(client);
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
    noted.lock().unwrap().push(head.to_ascii_lowercase());
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
}

fn is_reached_through_a_tunnel<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let tls = simulator.tls_url(Region::Shanghai);
    let proxy = tunnels(Some(tls.replace("https://localhost", "127.0.0.1")));
    let url = format!("http://us%40er:pass@{}", proxy.address);
    let options = options(limits(), Endpoints::only(TARGET.parse().unwrap()))
        .root_certificates(simulator.ca_pem())
        .proxies(Proxies::all(&url, "").unwrap());
    let driver = D::new(options);
    for _ in 0..2 {
        driver.call(&init()).unwrap();
    }
    let asked = proxy.asked.lock().unwrap();
    // One tunnel serves both calls.
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(
        asked[0].starts_with("connect cloudauth.test:443 http/1.1\r\n"),
        "{asked:?}"
    );
    assert!(
        asked[0].contains("proxy-authorization: basic dxnazxi6cgfzcw=="),
        "{asked:?}"
    );
    for not_the_proxy_s in ["x-acs", "user-agent"] {
        assert!(!asked[0].contains(not_the_proxy_s), "{asked:?}");
    }
}

fn leads_to_another_host<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let tls = simulator.tls_url(Region::Shanghai);
    let proxy = tunnels(Some(tls.replace("https://localhost", "127.0.0.1")));
    // The certificate is not for this one.
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

fn that_refuses_means_that_nothing_was_sent<D: Driver>() {
    let proxy = tunnels(None);
    let options = options(limits(), Endpoints::only(TARGET.parse().unwrap()))
        .proxies(Proxies::all(&proxy.address, "").unwrap());
    let error = D::new(options).call(&init()).unwrap_err();
    let Error::Exhausted(_) = &error else {
        panic!("{error}");
    };
}

fn is_not_asked_for_plain_loopback<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let proxy = tunnels(None);
    let endpoint: Endpoint = simulator.url(Region::Shanghai).parse().unwrap();
    let options = options(limits(), Endpoints::only(endpoint))
        .proxies(Proxies::all(&proxy.address, "").unwrap());
    assert!(D::new(options).call(&init()).is_ok());
    assert!(proxy.asked.lock().unwrap().is_empty());
}

/// Answers TLS in front of a proxy; where it listens.
fn over_tls(proxy: &Tunnels, issued: &Issued) -> SocketAddr {
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

fn speaks_tls<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let tls = simulator.tls_url(Region::Shanghai);
    let proxy = tunnels(Some(tls.replace("https://localhost", "127.0.0.1")));
    let issued = Issued::good();
    let url = format!("https://user:pass@{}", over_tls(&proxy, &issued));
    let options = options(limits(), Endpoints::only(TARGET.parse().unwrap()))
        .root_certificates(simulator.ca_pem())
        .root_certificates(issued.root.pem())
        .proxies(Proxies::all(&url, "").unwrap());
    D::new(options).call(&init()).unwrap();
    let asked = proxy.asked.lock().unwrap();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].starts_with("connect cloudauth.test:443 http/1.1\r\n"));
    assert!(asked[0].contains("proxy-authorization: basic "));
}

fn speaks_tls_of_an_unknown_root<D: Driver>() {
    let proxy = tunnels(None);
    let url = format!("https://user:pass@{}", over_tls(&proxy, &Issued::good()));
    let options = options(limits(), Endpoints::only(TARGET.parse().unwrap()))
        .proxies(Proxies::all(&url, "").unwrap());
    let error = D::new(options).call(&init()).unwrap_err();
    assert!(matches!(error, Error::Exhausted(_)), "{error}");
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
    assert!(proxy.asked.lock().unwrap().is_empty());
}

/// A SOCKS5 proxy (RFC 1928, RFC 1929) that notes user and target and leads to one address, or refuses.
fn socks(to: Option<String>) -> Tunnels {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked);
    thread::spawn(move || {
        for client in listener.incoming() {
            // One after the other: there is one call.
            serve_socks(client.unwrap(), &noted, to.as_deref());
        }
    });
    Tunnels { address, asked }
}

fn serve_socks(mut client: TcpStream, noted: &Mutex<Vec<String>>, to: Option<&str>) {
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
    assert!(bytes(methods, &mut client).contains(&2), "a password");
    client.write_all(&[5, 2]).unwrap();
    assert_eq!(bytes(1, &mut client), [1]);
    let (user, password) = (text(&mut client), text(&mut client));
    client.write_all(&[1, 0]).unwrap();
    assert_eq!(bytes(4, &mut client), [5, 1, 0, 3], "connect, to a name");
    let host = text(&mut client);
    let port = u16::from_be_bytes(bytes(2, &mut client).try_into().unwrap());
    let note = format!("{user}:{password} {host}:{port}");
    noted.lock().unwrap().push(note);
    let Some(to) = to else {
        // Not allowed by the ruleset.
        client.write_all(&[5, 2, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
        return;
    };
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
    let mut server = TcpStream::connect(to).unwrap();
    let (mut up, mut down) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    thread::spawn(move || io::copy(&mut server, &mut down));
    let _ = io::copy(&mut client, &mut up);
}

fn is_socks<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let tls = simulator.tls_url(Region::Shanghai);
    let proxy = socks(Some(tls.replace("https://localhost", "127.0.0.1")));
    let url = format!("socks5://us%40er:pass@{}", proxy.address);
    let options = options(limits(), Endpoints::only(TARGET.parse().unwrap()))
        .root_certificates(simulator.ca_pem())
        .proxies(Proxies::all(&url, "").unwrap());
    let driver = D::new(options);
    for _ in 0..2 {
        driver.call(&init()).unwrap();
    }
    assert_eq!(
        *proxy.asked.lock().unwrap(),
        ["us@er:pass cloudauth.test:443"]
    );
}

fn is_socks_and_refuses<D: Driver>() {
    let proxy = socks(None);
    let url = format!("socks5h://u:p@{}", proxy.address);
    let options = options(limits(), Endpoints::only(TARGET.parse().unwrap()))
        .max_attempts(1)
        .proxies(Proxies::all(&url, "").unwrap());
    let error = D::new(options).call(&init()).unwrap_err();
    assert!(matches!(error, Error::Exhausted(_)), "{error}");
    assert!(!error.may_have_been_carried_out());
    assert_eq!(*proxy.asked.lock().unwrap(), ["u:p cloudauth.test:443"]);
}

/// The proxy takes most of the time to connect, and the endpoint behind it never shakes hands.
fn is_slow<D: Driver>() {
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
        error.to_string().contains("no connection in time"),
        "{error}"
    );
    assert!(took < Duration::from_millis(1_500), "{took:?}");
}

fn to_plain_http<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let to = simulator.url(Region::Shanghai).replace("http://", "");
    let endpoint = Endpoint::plain_http(TARGET).unwrap();
    let proxy = tunnels(Some(to.clone()));
    let options = |url: &str| {
        options(limits(), Endpoints::only(endpoint.clone())).proxies(Proxies::all(url, "").unwrap())
    };
    D::new(options(&proxy.address)).call(&init()).unwrap();
    let asked = proxy.asked.lock().unwrap();
    assert!(
        asked[0].starts_with("connect cloudauth.test:80 "),
        "{asked:?}"
    );

    let proxy = socks(Some(to));
    let url = format!("socks5://u:p@{}", proxy.address);
    D::new(options(&url)).call(&init()).unwrap();
    assert_eq!(*proxy.asked.lock().unwrap(), ["u:p cloudauth.test:80"]);
}
