//! Endpoints behind a proxy, for both drivers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::{io, thread};

use cloudauth_net::Proxies;
use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{Endpoint, Endpoints, Error};
use cloudauth_sim::conformance::limits;
use cloudauth_sim::{Region, Simulator};

use crate::subjects::{Async, Blocking, Driver, options};

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
    assert!(!asked[0].contains("x-acs"), "{asked:?}");
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

#[test]
fn the_service_is_reached_through_a_tunnel() {
    is_reached_through_a_tunnel::<Blocking>();
    is_reached_through_a_tunnel::<Async>();
}

#[test]
fn a_certificate_of_another_host_is_refused_before_anything_is_sent() {
    leads_to_another_host::<Blocking>();
    leads_to_another_host::<Async>();
}

#[test]
fn a_proxy_that_refuses_means_that_nothing_was_sent() {
    that_refuses_means_that_nothing_was_sent::<Blocking>();
    that_refuses_means_that_nothing_was_sent::<Async>();
}

#[test]
fn a_proxy_is_not_asked_for_loopback() {
    is_not_asked_for_plain_loopback::<Blocking>();
    is_not_asked_for_plain_loopback::<Async>();
}
