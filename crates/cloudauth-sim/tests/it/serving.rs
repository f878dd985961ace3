//! Connections, pages and https of a running simulator.

use core::time::Duration;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;

use cloudauth_sim::{Fault, IncomingRequest, Region, Simulator, SimulatorOptions, Times, Verdict};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::client::{Call, Connection, clock, expect_response, get_page, send, submit_page};

fn open(simulator: &Simulator, region: Region) -> (String, String) {
    let response = send(&simulator.url(region), &Call::init(clock()).sign()).unwrap();
    let result = &response.json()["ResultObject"];
    let text = |name: &str| result[name].as_str().unwrap().to_owned();
    (text("CertifyId"), text("CertifyUrl"))
}

#[test]
fn a_connection_serves_several_requests() {
    let simulator = Simulator::start().unwrap();
    let mut connection = Connection::open(&simulator.url(Region::Shanghai)).unwrap();
    for _ in 0..3 {
        connection.send(&Call::init(clock()).sign()).unwrap();
        assert_eq!(connection.receive().unwrap().code(), "200");
    }
}

#[test]
fn two_simulators_are_two_worlds() {
    let (one, two) = (Simulator::start().unwrap(), Simulator::start().unwrap());
    open(&one, Region::Shanghai);
    assert_eq!(one.world().executions("InitFaceVerify"), 1);
    assert_eq!(two.world().executions("InitFaceVerify"), 0);
}

#[test]
fn a_stopped_simulator_releases_its_ports() {
    let simulator = Simulator::start().unwrap();
    let url = simulator.url(Region::Shanghai);
    let port = url.rsplit(':').next().unwrap().parse().unwrap();
    drop(simulator);
    assert!(Connection::open(&url).is_err());
    let simulator = Simulator::start_with(&SimulatorOptions::new().ports(port, 0)).unwrap();
    assert_eq!(simulator.url(Region::Shanghai), url);
    let taken = Simulator::start_with(&SimulatorOptions::new().ports(port, 0)).unwrap_err();
    assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
}

#[test]
fn identifiers_differ_from_start_to_start_unless_the_seed_is_given() {
    let first = |options: &SimulatorOptions| {
        let simulator = Simulator::start_with(options).unwrap();
        let response = send(
            &simulator.url(Region::Shanghai),
            &Call::init(clock()).sign(),
        );
        let body = response.unwrap().json();
        (
            body["ResultObject"]["CertifyId"].to_string(),
            body["RequestId"].to_string(),
        )
    };
    let random = SimulatorOptions::new();
    let (one, two) = (first(&random), first(&random));
    assert!(one.0 != two.0 && one.1 != two.1);
    let seeded = SimulatorOptions::new().seed(7);
    assert_eq!(first(&seeded), first(&seeded));
}

#[test]
fn links_and_urls_have_the_public_url() {
    let options = SimulatorOptions::new().public_url("http://sim.example:8733/");
    let simulator = Simulator::start_with(&options).unwrap();
    assert!(
        simulator
            .url(Region::Shanghai)
            .starts_with("http://sim.example:")
    );
    assert!(simulator.admin_url().starts_with("http://sim.example:"));
    let mut world = simulator.world();
    let init = Call::init(clock()).sign();
    let response = expect_response(world.handle(Region::Shanghai, &init, clock()));
    let url = response.json()["ResultObject"]["CertifyUrl"].clone();
    let url = url.as_str().unwrap();
    assert!(
        url.starts_with("http://sim.example:8733/verify/sha"),
        "{url}"
    );
    let wrong = SimulatorOptions::new().public_url("sim.example");
    assert!(Simulator::start_with(&wrong).is_err());
}

#[test]
fn header_names_begin_with_capitals() {
    let simulator = Simulator::start().unwrap();
    let mut connection = Connection::open(&simulator.url(Region::Shanghai)).unwrap();
    simulator.inject(Region::Shanghai, Fault::Throttle, Times::Once);
    connection.send(&Call::init(clock()).sign()).unwrap();
    let mut text = [0; 512];
    let read = connection.stream.read(&mut text).unwrap();
    let text = String::from_utf8_lossy(&text[..read]).into_owned();
    for name in [
        "Date",
        "Content-Type",
        "Content-Length",
        "X-Ratelimit-User-Api",
    ] {
        assert!(text.contains(&format!("\r\n{name}: ")), "{text}");
    }
}

#[test]
fn an_idle_connection_is_closed_after_about_ten_seconds() {
    let simulator = Simulator::start().unwrap();
    let mut used = Connection::open(&simulator.url(Region::Shanghai)).unwrap();
    used.send(&Call::init(clock()).sign()).unwrap();
    used.receive().unwrap();
    used.stream
        .set_read_timeout(Some(Duration::from_secs(9)))
        .unwrap();
    let mut byte = [0];
    assert!(used.stream.read(&mut byte).is_err(), "still open");
    used.stream
        .set_read_timeout(Some(Duration::from_secs(4)))
        .unwrap();
    assert_eq!(used.stream.read(&mut byte).unwrap(), 0, "closed");
}

#[test]
fn a_body_that_is_too_large_is_refused() {
    let simulator = Simulator::start().unwrap();
    let head = "POST / HTTP/1.1\r\nhost: a\r\n";

    let mut announced = Connection::open(&simulator.url(Region::Shanghai)).unwrap();
    let text = format!("{head}content-length: 17000000\r\n\r\n");
    announced.stream.write_all(text.as_bytes()).unwrap();
    assert_eq!(announced.receive().unwrap().status, 413);

    let mut chunked = Connection::open(&simulator.url(Region::Shanghai)).unwrap();
    let bytes = 16 * 1024 * 1024 + 1;
    let text = format!("{head}transfer-encoding: chunked\r\n\r\n{bytes:x}\r\n");
    chunked.stream.write_all(text.as_bytes()).unwrap();
    chunked.stream.write_all(&vec![b'x'; bytes]).unwrap();
    assert_eq!(chunked.receive().unwrap().status, 413);
}

#[test]
fn pages_work_while_both_regions_are_down() {
    let simulator = Simulator::start().unwrap();
    let (id, url) = open(&simulator, Region::Beijing);
    assert_eq!(url, format!("{}/verify/{id}", simulator.page_url()));
    for region in Region::ALL {
        simulator.inject(region, Fault::Refuse, Times::Always);
    }
    let pages = simulator.page_url();
    assert_eq!(send(pages, &get_page(&id)).unwrap().status, 200);
    assert_eq!(send(pages, &submit_page(&id, "204")).unwrap().status, 303);
    let again = simulator.world().finish(&id, Verdict::Passed, clock());
    assert!(again.is_err());

    let api = send(pages, &Call::init(clock()).sign()).unwrap();
    assert_eq!(api.status, 404);
    let other = IncomingRequest::new("GET", "/other", Vec::new(), *b"");
    assert_eq!(send(pages, &other).unwrap().status, 404);
}

#[test]
fn many_clients_are_served_at_once() {
    let simulator = Simulator::start().unwrap();
    thread::scope(|scope| {
        for region in [Region::Shanghai, Region::Beijing].repeat(8) {
            let simulator = &simulator;
            scope.spawn(move || {
                for _ in 0..20 {
                    open(simulator, region);
                }
            });
        }
    });
    let world = simulator.world();
    assert_eq!(world.executions("InitFaceVerify"), 320);
    assert_eq!(world.order_count("order1"), 320);
}

#[tokio::test]
async fn a_simulator_can_be_used_inside_an_async_test() {
    let simulator = Simulator::start().unwrap();
    simulator.inject(Region::Shanghai, Fault::Refuse, Times::Always);
    simulator.restore(Region::Shanghai).unwrap();
    let url = simulator.url(Region::Shanghai);
    let request = Call::init(clock()).sign();
    let response = tokio::task::spawn_blocking(move || send(&url, &request));
    assert_eq!(response.await.unwrap().unwrap().code(), "200");
}

fn tls(simulator: &Simulator, name: &'static str, trusted: bool) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    if trusted {
        let authority = CertificateDer::from_pem_slice(simulator.ca_pem().as_bytes());
        roots.add(authority.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let url = simulator.tls_url(Region::Beijing);
    let port = url.strip_prefix("https://localhost:").unwrap();
    let name = ServerName::try_from(name).unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(("127.0.0.1", port.parse().unwrap()))?;
    let mut stream = StreamOwned::new(connection, stream);
    let request = Call::init(clock()).sign();
    let text = format!(
        "POST {} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        request.target
    );
    stream.write_all(text.as_bytes())?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    Ok(reply)
}

#[test]
fn https_works_for_clients_that_trust_the_authority() {
    let simulator = Simulator::start().unwrap();
    for name in [
        "localhost",
        "127.0.0.1",
        "cloudauth.test",
        "cloudauth.aliyuncs.com",
        "cloudauth.cn-shanghai.aliyuncs.com",
        "cloudauth-vpc.cn-beijing.aliyuncs.com",
    ] {
        let reply = tls(&simulator, name, true).unwrap();
        assert!(reply.starts_with("HTTP/1.1 200 OK"), "{name}");
    }
    assert!(tls(&simulator, "localhost", false).is_err());
    assert!(tls(&simulator, "example.com", true).is_err());
    assert_eq!(simulator.world().executions("InitFaceVerify"), 6);
}

#[test]
fn a_bad_certificate_is_used_once_and_for_tls_only() {
    let simulator = Simulator::start().unwrap();
    simulator.inject(Region::Beijing, Fault::BadTls, Times::Once);
    open(&simulator, Region::Beijing);
    assert!(tls(&simulator, "localhost", true).is_err());
    assert!(tls(&simulator, "localhost", true).is_ok());
    assert_eq!(simulator.world().executions("InitFaceVerify"), 2);
}

#[test]
fn a_restart_with_a_state_file_continues() {
    let file = std::env::temp_dir().join(format!("cloudauth-sim-state-{}", std::process::id()));
    let _ = std::fs::remove_file(&file);
    let options = SimulatorOptions::new().state(&file);
    let start = || Simulator::start_with(&options).unwrap();

    let simulator = start();
    simulator.move_clock(100);
    let now = simulator.now_unix();
    let url = simulator.url(Region::Shanghai);
    let init = send(&url, &Call::init(now).sign()).unwrap().json();
    let id = init["ResultObject"]["CertifyId"]
        .as_str()
        .unwrap()
        .to_owned();
    simulator.world().finish(&id, Verdict::Passed, now).unwrap();
    // It is written while the simulator runs, so that a crash loses no more than a second.
    thread::sleep(Duration::from_secs(1));
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written.contains(&id));
    drop(simulator);

    let simulator = start();
    assert_eq!(simulator.state_error(), None);
    assert!(simulator.now_unix().abs_diff(clock() + 100) <= 2);
    let url = simulator.url(Region::Beijing);
    let now = simulator.now_unix();
    let described = send(&url, &Call::describe(&id, now).sign()).unwrap();
    assert_eq!(described.json()["ResultObject"]["Passed"], "T");
    let again = send(&url, &Call::init(now).sign()).unwrap().json();
    assert_ne!(again["ResultObject"]["CertifyId"], id);
    drop(simulator);

    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("\"200\"", "\"204\"", 1)).unwrap();
    let error = Simulator::start_with(&options).unwrap_err().to_string();
    assert!(
        error.contains("line ") && error.contains("was changed"),
        "{error}"
    );
    std::fs::remove_file(&file).unwrap();
    let _ = std::fs::remove_file(file.with_extension("new"));
}

#[test]
fn a_start_that_fails_returns_its_error_to_an_async_caller_too() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let wrong = SimulatorOptions::new().public_url("no URL");
    let started = runtime.block_on(async { Simulator::start_with(&wrong).map(|_| ()) });
    assert!(started.is_err());
    let taken = Simulator::start().unwrap();
    let port = taken
        .url(Region::Shanghai)
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let taken = SimulatorOptions::new().ports(0, port);
    let started = runtime.block_on(async { Simulator::start_with(&taken).map(|_| ()) });
    assert!(started.is_err());
}
