//! Malformed and oversized input: a response or a closed connection, no panic, and bounded memory.

use core::net::Ipv4Addr;
use core::time::Duration;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use cloudauth_sim::{IncomingRequest, Reaction, Region, Simulator, SimulatorOptions, World};

use crate::client::{Call, Connection, NOW, clock, send};

/// Sends bytes, and reads until the connection ends or a timeout.
fn send_bytes(url: &str, parts: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    stream
        .set_write_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    for part in parts {
        if stream.write_all(&part).is_err() {
            break;
        }
    }
    let mut response = Vec::new();
    // A reset ends the connection too.
    let _ = stream.read_to_end(&mut response);
    response
}

fn still_works(simulator: &Simulator) {
    let response = send(
        &simulator.url(Region::Shanghai),
        &Call::init(clock()).sign(),
    );
    assert_eq!(response.unwrap().code(), "200");
    assert_eq!(
        send(
            simulator.page_url(),
            &IncomingRequest::new("GET", "/admin/x", Vec::new(), *b"")
        )
        .unwrap()
        .status,
        403
    );
}

fn status(response: &[u8]) -> Option<u16> {
    let text = String::from_utf8_lossy(response);
    text.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

#[test]
fn malformed_http_is_refused_or_disconnected() {
    let simulator = Simulator::start().unwrap();
    let cases: [&[u8]; 16] = [
        b"",
        b"\r\n\r\n",
        b"\0\0\0\0",
        b"GET",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"G\xffT / HTTP/1.1\r\nhost: a\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nhost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost a\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];
    for url in [
        simulator.url(Region::Shanghai),
        simulator.page_url().to_owned(),
        simulator.proxy_url().to_owned(),
    ] {
        for case in cases {
            let response = send_bytes(&url, [case.to_vec()].into_iter());
            let is_refused = status(&response).is_none_or(|status| status >= 400);
            assert!(
                is_refused,
                "{}: {}",
                case.escape_ascii(),
                response.escape_ascii()
            );
        }
    }
    still_works(&simulator);
}

#[test]
fn endless_heads_are_not_read_to_the_end() {
    let simulator = Simulator::start().unwrap();
    let head = b"GET / HTTP/1.1\r\nhost: a\r\n".to_vec();
    let lines = (0..1_000).map(|block| {
        let lines = (0..1_000).map(|line| format!("x-{block}-{line}: a\r\n"));
        lines.collect::<String>().into_bytes()
    });
    let response = send_bytes(
        &simulator.url(Region::Shanghai),
        core::iter::once(head).chain(lines),
    );
    assert!(
        status(&response).is_none_or(|status| status == 431),
        "{}",
        response.escape_ascii()
    );
    let endless = core::iter::repeat_n(vec![b'x'; 64 * 1024], 256);
    let head = b"GET / HTTP/1.1\r\nx: ".to_vec();
    let response = send_bytes(
        &simulator.url(Region::Beijing),
        core::iter::once(head).chain(endless),
    );
    assert!(status(&response).is_none_or(|status| status >= 400));
    let endless = core::iter::repeat_n(vec![b'x'; 64 * 1024], 256);
    let response = send_bytes(
        &simulator.url(Region::Beijing),
        core::iter::once(b"GET /".to_vec()).chain(endless),
    );
    assert!(status(&response).is_none_or(|status| status >= 400));
    still_works(&simulator);
}

#[test]
fn an_endless_body_is_refused() {
    let simulator = Simulator::start().unwrap();
    for url in [
        simulator.url(Region::Shanghai),
        simulator.page_url().to_owned(),
    ] {
        let head = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        let chunk = [
            b"100000\r\n".to_vec(),
            vec![b'x'; 0x10_0000],
            b"\r\n".to_vec(),
        ]
        .concat();
        let endless = core::iter::repeat_n(chunk, 64);
        let response = send_bytes(&url, core::iter::once(head).chain(endless));
        assert!(
            status(&response).is_none_or(|status| status == 413),
            "{}",
            response.escape_ascii()
        );
    }
    still_works(&simulator);
}

#[test]
fn more_long_bodies_than_permits_are_all_handled() {
    let simulator = Simulator::start().unwrap();
    let url = simulator.url(Region::Shanghai);
    std::thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| {
                let request = IncomingRequest::new("POST", "/", Vec::new(), vec![b'x'; 200_000]);
                assert_eq!(send(&url, &request).unwrap().status, 400);
            });
        }
    });
    still_works(&simulator);
}

#[test]
fn wrong_content_types_are_refused() {
    let simulator = Simulator::start().unwrap();
    for kind in [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=a",
        "text/plain",
        "application/json",
        "\u{e9}",
        ";;;",
        "application/x-www-form-urlencoded; charset=utf-16",
    ] {
        let mut request = Call::init(clock()).sign();
        request.headers.push(("content-type".into(), kind.into()));
        request.body = b"--a\r\n\xff\xfe=%zz&&&".to_vec();
        let response = send(&simulator.url(Region::Shanghai), &request).unwrap();
        assert!(response.status >= 400, "{kind}");
    }
    still_works(&simulator);
}

#[test]
fn random_requests_cause_no_panic() {
    const PIECES: u32 = 26;
    let mut random = oorandom::Rand32::new(7);
    let mut world = World::new();
    let pieces: [&str; PIECES as usize] = [
        "/",
        "?",
        "&",
        "=",
        "%",
        "%41",
        "%ff",
        "Action",
        "InitFaceVerify",
        "Signature",
        "CertNo",
        "/verify/",
        "/pictures/",
        "Expires",
        "18446744073709551615",
        "é",
        "\u{0}",
        "Timestamp",
        "9999-12-31T23:59:59Z",
        "AccessKeyId",
        "testid",
        "/latest/",
        "EncryptType",
        "SM2",
        "BA==",
        "110101190001012044",
    ];
    let text = |random: &mut oorandom::Rand32, length| {
        (0..random.rand_range(0..length))
            .map(|_| pieces[random.rand_range(0..PIECES) as usize])
            .collect::<String>()
    };
    for _ in 0..5_000 {
        let method = ["GET", "POST", "PUT", ""][random.rand_range(0..4) as usize];
        let kinds = [
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=a",
            "x",
        ];
        let kind = kinds[random.rand_range(0..3) as usize];
        let headers = vec![
            ("content-type".into(), kind.into()),
            (
                "authorization".into(),
                format!("ACS3-{}", text(&mut random, 5)),
            ),
            ("x-acs-action".into(), text(&mut random, 3)),
        ];
        let keep = random.rand_range(0..4) as usize;
        let headers = headers.into_iter().take(keep).collect();
        let body = text(&mut random, 12);
        let request =
            IncomingRequest::new(method, format!("/{}", text(&mut random, 20)), headers, body);
        let reaction = world.handle(Region::Shanghai, &request, NOW);
        assert!(matches!(reaction, Reaction::Response { .. }));
    }
}

#[test]
fn the_simulator_listens_on_loopback_unless_exposed() {
    let simulator = Simulator::start().unwrap();
    for url in [
        simulator.url(Region::Shanghai),
        simulator.url(Region::Beijing),
        simulator.page_url().to_owned(),
        simulator.proxy_url().to_owned(),
        simulator.admin_url(),
    ] {
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    }
    // On Linux a port that is bound to every address accepts connections on all of 127.0.0.0/8.
    let port: u16 = simulator
        .url(Region::Shanghai)
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let elsewhere = (Ipv4Addr::new(127, 0, 0, 2), port);
    assert!(TcpStream::connect(elsewhere).is_err());

    let exposed =
        Simulator::start_with(&SimulatorOptions::new().expose(Ipv4Addr::UNSPECIFIED.into()))
            .unwrap();
    let port: u16 = exposed
        .url(Region::Shanghai)
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(TcpStream::connect((Ipv4Addr::new(127, 0, 0, 2), port)).is_ok());
    let proxy: u16 = exposed
        .proxy_url()
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(TcpStream::connect((Ipv4Addr::new(127, 0, 0, 2), proxy)).is_err());
    assert!(Connection::open(&exposed.url(Region::Beijing)).is_ok());
}
