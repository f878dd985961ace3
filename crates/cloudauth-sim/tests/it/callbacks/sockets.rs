//! Callbacks of a running simulator to web servers.

use core::time::Duration;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use cloudauth_sim::{CallbackOutcome, NotSentReason, Region, Simulator, Verdict};

use super::OK;
use crate::client::{Call, clock, send, submit_page};

/// A web server that responds to each request with the next status and reports its head.
struct Shop {
    url: String,
    lines: Receiver<String>,
}

impl Shop {
    fn open(statuses: &'static [u16]) -> Self {
        Self::serving(statuses, |stream, status| {
            let _ = write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
        })
    }

    fn serving(
        statuses: &'static [u16],
        respond: impl Fn(&mut TcpStream, u16) + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for status in statuses {
                let Ok((mut stream, _)) = listener.accept() else {
                    return;
                };
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    if stream.read_exact(&mut byte).is_err() {
                        break;
                    }
                    head.push(byte[0]);
                }
                let _ = sender.send(String::from_utf8(head).unwrap());
                respond(&mut stream, *status);
            }
        });
        Self { url, lines }
    }

    fn next(&self) -> String {
        self.lines.recv_timeout(Duration::from_secs(10)).unwrap()
    }
}

fn open_at(simulator: &Simulator, call: Call) -> String {
    let response = send(&simulator.url(Region::Shanghai), &call.sign()).unwrap();
    let certify_id = &response.json()["ResultObject"]["CertifyId"];
    certify_id.as_str().unwrap().to_owned()
}

fn init(callback_url: &str) -> Call {
    Call::init(clock())
        .set("CallbackUrl", callback_url)
        .set("CallbackToken", "secret")
}

/// Waits until every callback has its outcome, and returns the outcomes.
fn outcomes(simulator: &Simulator) -> Vec<CallbackOutcome> {
    for _ in 0..1_000 {
        let world = simulator.world();
        if world.pending_callbacks() == 0 {
            return world.callbacks().map(|it| it.outcome.clone()).collect();
        }
        drop(world);
        thread::sleep(Duration::from_millis(10));
    }
    panic!("there are pending callbacks");
}

#[test]
fn a_running_simulator_sends_callbacks_until_200_and_no_more() {
    let simulator = Simulator::start().unwrap();
    simulator.world().set_callback_retries(vec![0; 5]);
    let shop = Shop::open(&[503, 302, 200, 200]);
    let id = open_at(&simulator, init(&format!("{}/called", shop.url)));
    let response = send(simulator.page_url(), &submit_page(&id, "204")).unwrap();
    assert_eq!(response.status, 303);
    let expected =
        format!("GET /called?callbackToken=secret&certifyId={id}&passed=204 HTTP/1.1\r\n");
    for _ in 0..3 {
        let head = shop.next();
        assert!(head.starts_with(&expected), "{head}");
        let host = shop.url.strip_prefix("http://").unwrap();
        assert!(head.contains(&format!("\r\nhost: {host}\r\n")), "{head}");
    }
    assert_eq!(
        outcomes(&simulator),
        [503, 302, 200].map(CallbackOutcome::Response)
    );
    assert!(shop.lines.try_recv().is_err(), "a fourth callback was sent");
}

#[test]
fn a_shop_that_never_responds_delays_neither_the_page_nor_another_shop() {
    let simulator = Simulator::start().unwrap();
    simulator.world().set_callback_retries(Vec::new());
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let mute_url = format!("http://{}/called", mute.local_addr().unwrap());
    let shop = Shop::open(&[200]);
    let stuck = open_at(&simulator, init(&mute_url));
    let other = open_at(&simulator, init(&shop.url));
    for id in [&stuck, &other] {
        let response = send(simulator.page_url(), &submit_page(id, "pass")).unwrap();
        assert_eq!(response.status, 303);
    }
    // If one had waited for the other, the timeout would come first.
    let late = CallbackOutcome::NoResponse("no response in time");
    assert_eq!(outcomes(&simulator), [OK, late]);
}

#[test]
fn malformed_responses_to_callbacks_are_recorded() {
    let simulator = Simulator::start().unwrap();
    simulator.world().set_callback_retries(Vec::new());
    let broken = CallbackOutcome::NoResponse("connection broken");

    // An endless body: only the status matters.
    let endless = Shop::serving(&[200], |stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'x'; 8_192]).is_ok() {}
    });
    // An endless head.
    let headers = Shop::serving(&[200], |stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(b"x: y\r\n").is_ok() {}
    });
    let garbage = Shop::serving(&[200], |stream, _| {
        let _ = stream.write_all(b"hello\r\n\r\n");
    });
    let silent = Shop::serving(&[200], |_, _| {});
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let refused = CallbackOutcome::NoResponse("connection refused");
    // A server that sends first, without TLS.
    let greeter = TcpListener::bind("127.0.0.1:0").unwrap();
    let no_tls = format!("https://{}", greeter.local_addr().unwrap());
    thread::spawn(move || greeter.accept().unwrap().0.write_all(b"220 hello\r\n"));
    let tls_failed = CallbackOutcome::NoResponse("TLS handshake failed");
    for (url, expected) in [
        (&endless.url, &OK),
        (&headers.url, &broken),
        (&garbage.url, &broken),
        (&silent.url, &broken),
        (&closed, &refused),
        (&no_tls, &tls_failed),
    ] {
        let id = open_at(&simulator, init(url));
        simulator
            .world()
            .finish(&id, Verdict::Passed, clock())
            .unwrap();
        assert_eq!(outcomes(&simulator).last(), Some(expected), "{url}");
    }
}

#[test]
fn a_callback_over_https_accepts_an_untrusted_certificate() {
    let (simulator, shop) = (Simulator::start().unwrap(), Simulator::start().unwrap());
    simulator.world().set_callback_retries(Vec::new());
    // The page of another simulator responds with 200 over https.
    let page = open_at(&shop, Call::init(clock()));
    let url = format!("{}/verify/{page}", shop.tls_url(Region::Shanghai));
    let id = open_at(&simulator, init(&url));
    simulator
        .world()
        .finish(&id, Verdict::Passed, clock())
        .unwrap();
    assert_eq!(outcomes(&simulator), [OK]);
}

#[test]
fn callbacks_to_another_machine_need_a_route() {
    let simulator = Simulator::start().unwrap();
    let url = "https://shop.example/called?a=1";
    let id = open_at(&simulator, init(url));
    simulator
        .world()
        .finish(&id, Verdict::Passed, clock())
        .unwrap();
    let elsewhere = CallbackOutcome::NotSent(NotSentReason::OtherMachine);
    assert_eq!(outcomes(&simulator), [elsewhere]);

    let shop = Shop::open(&[200]);
    simulator.world().route_callbacks("shop.example", &shop.url);
    let id = open_at(&simulator, init(url));
    simulator
        .world()
        .finish(&id, Verdict::Passed, clock())
        .unwrap();
    let head = shop.next();
    let line = format!("GET /called?a=1&callbackToken=secret&certifyId={id}&passed=200 HTTP/1.1");
    assert!(head.starts_with(&line), "{head}");
    assert!(head.contains("\r\nhost: shop.example\r\n"), "{head}");
    assert_eq!(outcomes(&simulator).last(), Some(&OK));
}

#[test]
fn forged_genuine_repeated_and_held_back_callbacks_arrive_in_order() {
    let simulator = Simulator::start().unwrap();
    let shop = Shop::open(&[200; 5]);
    let (late, other) = (
        open_at(&simulator, init(&shop.url)),
        open_at(&simulator, init(&shop.url)),
    );
    let form = "pass&callback=held_back";
    send(simulator.page_url(), &submit_page(&late, form)).unwrap();
    let form = "fail&sub_code=205&callback=forged&callback=repeated";
    send(simulator.page_url(), &submit_page(&other, form)).unwrap();
    let arrived: Vec<_> = (0..4).map(|_| shop.next()).collect();
    let of = |id: &str| -> Vec<_> {
        let lines = arrived.iter().filter(|head| head.contains(id));
        lines.map(|head| head.split(' ').nth(1).unwrap()).collect()
    };
    let url = |token: &str, passed: &str| {
        format!("/?callbackToken={token}&certifyId={other}&passed={passed}")
    };
    let expected = [
        url("forged", "200"),
        url("secret", "205"),
        url("secret", "205"),
    ];
    assert_eq!(of(&other), expected);
    assert_eq!(of(&late).len(), 1);
    let position = arrived
        .iter()
        .position(|head| head.contains(&late))
        .unwrap();
    assert!(
        position >= 2,
        "the held back one came before the genuine one"
    );
}
