//! What the conformance table cannot show: TLS, keys, connections that hang or trickle.

use core::time::Duration;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Instant;

use cloudauth_net::Options;
use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::{CallOptions, Credentials, Endpoint, Endpoints, Error, Outcome, Scheme};
use cloudauth_sim::conformance::limits;
use cloudauth_sim::{Fault, Region, Simulator, Times};

use crate::subjects::{Async, Blocking, Driver, both, endpoints, options};

fn init() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
}

both! {
    a_certificate_of_a_root_that_was_added_is_trusted => trusted;
    a_certificate_of_an_unknown_root_is_refused_before_anything_is_sent => untrusted;
    a_failed_handshake_goes_to_the_next_endpoint => no_handshake;
    a_question_that_is_not_answered_is_asked_elsewhere_too => hedge;
    a_rate_limit_spaces_calls_out => rate_limit;
    a_handshake_that_hangs_ends_with_the_time_to_connect => silent_handshake;
    a_host_that_does_not_exist_is_not_sent_to => unresolved;
    a_reply_that_trickles_ends_with_the_time_to_read => trickle;
    a_wrong_key_is_told_with_the_request_id => wrong_key;
    both_schemes_are_accepted => schemes;
    nothing_of_the_person_is_in_the_url_of_rpc => rpc_url;
    the_total_time_ends_all_attempts => total;
}

fn tls(simulator: &Simulator) -> Endpoint {
    simulator.tls_url(Region::Shanghai).parse().unwrap()
}

fn trusted<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let options = options(limits(), Endpoints::only(tls(&simulator)));
    let driver = D::new(options.root_certificates(simulator.ca_pem()));
    for _ in 0..2 {
        let opened = driver.call(&init()).unwrap();
        assert_eq!(opened.endpoint, tls(&simulator));
    }
}

fn not_sent<D: Driver>(options: Options, told: &str) {
    let error = D::new(options.max_attempts(1)).call(&init()).unwrap_err();
    let Error::Exhausted(exhausted) = &error else {
        panic!("{error}");
    };
    assert!(
        matches!(exhausted.attempts[..], [ref one] if matches!(one.outcome, Outcome::NotSent(_))),
        "{error}"
    );
    assert!(error.to_string().contains(told), "{error}");
}

fn untrusted<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let options = options(limits(), Endpoints::only(tls(&simulator)));
    not_sent::<D>(options, "UnknownIssuer");
    assert!(simulator.world().requests().is_empty());
}

fn no_handshake<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let beijing = simulator.url(Region::Beijing).parse().unwrap();
    let plain = simulator.url(Region::Shanghai);
    let as_tls: Endpoint = plain.replace("http:", "https:").parse().unwrap();
    let driver = D::new(options(limits(), Endpoints::only(as_tls).then(beijing)));
    let opened = driver.call(&init()).unwrap();
    assert!(matches!(opened.attempts[0].outcome, Outcome::NotSent(_)));
    assert_eq!(opened.attempts.len(), 2);
}

/// A server that does `serve` with every connection.
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

#[expect(clippy::disallowed_methods, reason = "a time-out is measured")]
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
    let ((), took) = timed(|| not_sent::<D>(options, "no connection in time"));
    assert!(took < Duration::from_secs(2), "{took:?}");
}

fn unresolved<D: Driver>() {
    let endpoint = Endpoint::plain_http("host.invalid").unwrap();
    let mut limits = limits();
    limits.connect_timeout = Duration::from_secs(4);
    not_sent::<D>(options(limits, Endpoints::only(endpoint)), "cannot connect");
}

fn trickle<D: Driver>() {
    let address = server(|mut connection| {
        let _ = connection.read(&mut [0; 4096]);
        let _ = connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
        // Longer than the test takes; ends when the client leaves.
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
            Outcome::NoReply { status: Some(200), ref cause } if cause.to_string() == "no reply in time"
        ),
        "{error}"
    );
    let limit = limits().read_timeout;
    assert!(took >= limit && took < limit * 2, "{took:?}");
}

fn wrong_key<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let wrong = Credentials::access_key("testid", "wrong").unwrap();
    for scheme in [Scheme::Acs3HmacSha256, Scheme::RpcHmacSha1] {
        let options = options(limits(), endpoints(&simulator)).scheme(scheme);
        let driver = D::new(options.credentials(wrong.clone()));
        let error = driver.call(&init()).unwrap_err();
        let told = error.to_string();
        assert!(told.contains("SignatureDoesNotMatch (HTTP 400"), "{told}");
        assert!(told.contains(error.request_id().unwrap()), "{told}");
        assert_eq!(error.attempts().len(), 1);
    }
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
    driver.call(&init().cert_no("330103199001011234")).unwrap();
    let world = simulator.world();
    assert!(world.requests()[0].url_query_names.is_empty());
}

fn total<D: Driver>() {
    let address = server(|mut connection| {
        let _ = connection.read_to_end(&mut Vec::new());
    });
    let (first, second) = (
        format!("http://{address}"),
        format!("http://localhost:{}", &address[10..]),
    );
    let endpoints = Endpoints::only(first.parse().unwrap()).then(second.parse().unwrap());
    let mut limits = limits();
    limits.total_timeout = Duration::from_millis(600);
    let (result, took) = timed(|| D::new(options(limits, endpoints)).call(&init()));
    assert_eq!(result.unwrap_err().attempts().len(), 2);
    assert!(took < Duration::from_millis(900), "{took:?}");
}

/// The async driver asks both; the blocking one does one exchange at a time, so it fails over.
fn hedge<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    simulator.inject(Region::Shanghai, Fault::Hang, Times::Always);
    let driver = D::new(options(limits(), endpoints(&simulator)));
    let options = CallOptions::new().hedge_after(Duration::from_millis(50));
    let question = DescribeFaceVerify::new(1_000_000_006, "unknown");
    let (result, took) = timed(|| driver.call_with(&question, options));
    let error = result.unwrap_err();
    let Error::Service(fault) = &error else {
        panic!("{error}");
    };
    assert_eq!(fault.code.as_deref(), Some("406"));
    let is_hedged = matches!(fault.attempts[1].outcome, Outcome::Overtaken);
    assert_eq!(is_hedged, D::NAME == "hyper", "{error}");
    assert_eq!(is_hedged, took < limits().read_timeout, "{took:?}");
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
