//! Responses whose connection ends before they do.

use core::time::Duration;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use cloudauth_net::{FetchError, Options};
use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{AttemptOutcome, Endpoint, Endpoints, Error, Policy};
use rustls::{ServerConnection, StreamOwned};
use socket2::SockRef;

use crate::certificates::IssuedCertificate;
use crate::driver::{Async, Blocking, Driver, both, options};
use crate::evidence::{JPEG, fetch_with};
use crate::mock_server::OK;
use crate::transport::server;

both! {
    a_response_that_was_cut_is_not_taken_as_whole => cut;
    a_response_that_ends_with_its_connection_is_taken_as_whole => until_close;
    half_a_response_that_ends_with_its_connection_is_not_valid_json => half_of_json;
}

/// How a response says where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    ContentLength,
    Chunked,
    UntilClose,
}

/// How its connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ConnectionEnd {
    Fin,
    Reset,
    CloseNotify,
    ResetInTls,
    NoCloseNotify,
}

impl ConnectionEnd {
    const ALL: [Self; 5] = [
        Self::Fin,
        Self::Reset,
        Self::CloseNotify,
        Self::ResetInTls,
        Self::NoCloseNotify,
    ];

    fn is_tls(self) -> bool {
        !matches!(self, Self::Fin | Self::Reset)
    }

    /// Whether HTTP can end a response with it.
    fn is_clean(self) -> bool {
        matches!(self, Self::Fin | Self::CloseNotify)
    }
}

/// A server that responds with `body`, after which `missing` bytes are not sent.
fn cut_server(
    framing: Framing,
    end: ConnectionEnd,
    body: &[u8],
    missing: usize,
) -> (Endpoint, IssuedCertificate) {
    let issued = IssuedCertificate::valid();
    let tls = issued.server_config();
    let length = body.len() + missing;
    let framed = match framing {
        Framing::ContentLength => format!("content-length: {length}\r\n\r\n"),
        Framing::Chunked => format!("transfer-encoding: chunked\r\n\r\n{length:x}\r\n"),
        Framing::UntilClose => "connection: close\r\n\r\n".to_owned(),
    };
    let head = format!("HTTP/1.1 200 OK\r\n{framed}");
    let sent = [head.as_bytes(), body].concat();
    let address = server(move |mut tcp| {
        if !end.is_tls() {
            respond(&mut tcp, &sent);
            return end_connection(&tcp, end);
        }
        let connection = ServerConnection::new(tls.clone()).unwrap();
        let mut stream = StreamOwned::new(connection, tcp);
        respond(&mut stream, &sent);
        if end == ConnectionEnd::CloseNotify {
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
        end_connection(&stream.sock, end);
    });
    let scheme = if end.is_tls() { "https" } else { "http" };
    let url = format!("{scheme}://{address}");
    (url.parse().unwrap(), issued)
}

fn respond(stream: &mut (impl Read + Write), sent: &[u8]) {
    let _ = stream.read(&mut [0; 8_192]);
    let _ = stream.write_all(sent);
    let _ = stream.flush();
}

fn end_connection(mut tcp: &TcpStream, end: ConnectionEnd) {
    if matches!(end, ConnectionEnd::Reset | ConnectionEnd::ResetInTls) {
        // A reset that arrives before the response is read can discard it.
        std::thread::sleep(Duration::from_millis(100));
        let linger = Some(Duration::ZERO);
        SockRef::from(tcp).set_linger(linger).unwrap();
    } else {
        let _ = tcp.shutdown(Shutdown::Write);
        let _ = tcp.read_to_end(&mut Vec::new());
    }
}

fn call<D: Driver>(endpoint: &Endpoint, issued: &IssuedCertificate) -> Result<(), Error> {
    let options = options(Policy::default(), Endpoints::only(endpoint.clone()));
    let client = D::new(trusting(options, issued));
    let init = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}");
    client.call(&init).map(drop)
}

fn trusting(options: Options, issued: &IssuedCertificate) -> Options {
    options.root_certificates(issued.root.pem()).max_attempts(1)
}

/// What a driver takes for whole although 8 bytes are missing: content-length and chunks tell, and with
/// neither only a clean end of the connection can be the end of the response. Then a picture lacks its end.
fn cut<D: Driver>() {
    let framings = [
        Framing::ContentLength,
        Framing::Chunked,
        Framing::UntilClose,
    ];
    let mut wrong = Vec::new();
    for framing in framings {
        for end in ConnectionEnd::ALL {
            let seems_whole = framing == Framing::UntilClose && end.is_clean();
            // Whole JSON: only the framing shows that something is missing.
            let (endpoint, issued) = cut_server(framing, end, OK.as_bytes(), 8);
            let called = call::<D>(&endpoint, &issued);
            let is_right = match &called {
                Ok(()) => seems_whole,
                Err(error) => !seems_whole && ends_after_its_head(error),
            };
            if !is_right {
                wrong.push(format!("call, {framing:?}, {end:?}: {called:?}"));
            }

            let half = &JPEG[..JPEG.len() / 2];
            let (endpoint, issued) = cut_server(framing, end, half, 8);
            let (written, fetched) =
                fetch_with::<D>(endpoint, |options| trusting(options, &issued));
            let is_right = match &fetched {
                Err(FetchError::Fetch(error)) => written.is_empty() && ends_after_its_head(error),
                Ok(_) | Err(_) => false,
            };
            if !is_right {
                wrong.push(format!("fetch, {framing:?}, {end:?}: {fetched:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}: {wrong:#?}", D::NAME);
}

fn ends_after_its_head(error: &Error) -> bool {
    let attempts = error.attempts();
    let is_cut = |outcome: &_| {
        matches!(
            outcome,
            AttemptOutcome::NoResponse {
                status: Some(200),
                ..
            }
        )
    };
    attempts.len() == 1 && is_cut(&attempts[0].outcome)
}

fn until_close<D: Driver>() {
    for end in [ConnectionEnd::Fin, ConnectionEnd::CloseNotify] {
        let (endpoint, issued) = cut_server(Framing::UntilClose, end, OK.as_bytes(), 0);
        call::<D>(&endpoint, &issued).unwrap();
        let (endpoint, issued) = cut_server(Framing::UntilClose, end, JPEG, 0);
        let (written, fetched) = fetch_with::<D>(endpoint, |options| trusting(options, &issued));
        fetched.unwrap();
        assert_eq!(written, JPEG);
    }
}

fn half_of_json<D: Driver>() {
    let half = &OK.as_bytes()[..OK.len() / 2];
    for end in [ConnectionEnd::Fin, ConnectionEnd::CloseNotify] {
        let (endpoint, issued) = cut_server(Framing::UntilClose, end, half, 0);
        call::<D>(&endpoint, &issued).unwrap_err();
    }
}
