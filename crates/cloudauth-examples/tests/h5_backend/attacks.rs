//! Attacks that every example backend has to withstand: cookies that it has not issued, and requests that
//! keep others out. Requests are written to sockets by hand.

use core::time::Duration;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Instant;

/// A response: its status, its `Location` and its body.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) text: String,
}

/// Sends a request and reads the response.
pub(crate) fn send(address: &str, request: &str) -> Response {
    let mut socket = TcpStream::connect(address).unwrap();
    let limit = Some(Duration::from_secs(30));
    socket.set_read_timeout(limit).unwrap();
    // The backend may respond and close the connection before it has read everything.
    let _ = socket.write_all(request.as_bytes());
    read(socket)
}

/// Reads one response. The client closes the connection first: the system may else delay a new connection
/// from the same port by a second.
fn read(mut socket: TcpStream) -> Response {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    // After a reset, what came before it counts.
    while let Ok(read) = socket.read(&mut part)
        && read > 0
    {
        bytes.extend_from_slice(&part[..read]);
        if is_whole(&bytes) {
            break;
        }
    }
    drop(socket);
    let text = String::from_utf8(bytes).unwrap();
    let status = text.get(9..12).and_then(|it| it.parse().ok());
    let location = text
        .split_once("\r\nlocation: ")
        .and_then(|(_, it)| it.lines().next());
    Response {
        status: status.unwrap_or(0),
        location: location.map(ToOwned::to_owned),
        text,
    }
}

fn is_whole(response: &[u8]) -> bool {
    let text = String::from_utf8_lossy(response);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.split_once("\r\ncontent-length: ");
    let length = length.and_then(|(_, rest)| rest.lines().next()?.parse::<usize>().ok());
    length.is_some_and(|length| body.len() >= length)
}

/// A request with these `Cookie` headers.
fn request(start: &str, cookies: &[&str], body: &str) -> String {
    let cookies: Vec<_> = cookies
        .iter()
        .map(|it| format!("cookie: {it}\r\n"))
        .collect();
    let cookies = cookies.concat();
    format!(
        "{start} HTTP/1.1\r\nhost: a\r\n{cookies}\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

const FORM: &str = "name=%E5%BC%A0%E4%B8%89&number=330103199001011230&meta=%7B%7D&consent=yes";

fn gets_nothing(address: &str, cookies: &[&str]) {
    for start in ["GET /result", "POST /open"] {
        let response = send(address, &request(start, cookies, FORM));
        let got = (response.status, response.location.as_deref());
        assert_eq!(got, (303, Some("/")), "{start} with {cookies:?}");
    }
    let back = "GET /back?response=%7B%22code%22%3A1000%7D";
    let location = send(address, &request(back, cookies, "")).location.unwrap();
    assert!(["/", "/result"].contains(&&*location), "{location}");
    // A browser without a visit gets the form and a new cookie.
    let start = send(address, &request("GET /", cookies, ""));
    assert_eq!(start.status, 200, "{cookies:?}");
    assert!(start.text.contains("\r\nset-cookie: "));
    assert!(!start.text.contains(">Passed<"));
}

/// `passed` is the cookie's value of a visit whose person has passed, `issued` one that this backend has
/// issued to somebody else, `foreign` one that another backend has issued.
pub(crate) fn only_issued_cookies_count(
    address: &str,
    is_https: bool,
    passed: &str,
    issued: &str,
    foreign: &str,
) {
    let name = if is_https { "__Host-visit" } else { "visit" };
    let sees = |cookies: &[&str], text: &str| {
        let response = send(address, &request("GET /result", cookies, ""));
        response.text.contains(text)
    };
    let right = format!("{name}={passed}");
    let is_right = || sees(&[&right], ">Passed<");
    assert!(is_right(), "the search finds what it is for");

    // Planted: a value that this backend has issued, under a name that another host can set, too.
    let other_names: &[&str] = if is_https {
        &[
            "visit",
            "__host-visit",
            "__HOST-visit",
            "__Secure-visit",
            "__Host-visit ",
            "=__Host-visit",
        ]
    } else {
        &["__Host-visit", "Visit", "visit ", "=visit", "a; visit "]
    };
    for other in other_names {
        gets_nothing(address, &[&format!("{other}={passed}")]);
    }
    // Beside another one, it changes nothing.
    if is_https {
        let own = format!("{name}={issued}");
        let planted = format!("visit={passed}");
        for cookies in [format!("{own}; {planted}"), format!("{planted}; {own}")] {
            assert!(!sees(&[&cookies], ">Passed<"));
        }
        assert!(sees(&[&format!("visit={issued}; {right}")], ">Passed<"));
    }
    // Two of the right name: nothing tells which of them is planted.
    let other = format!("{name}={issued}");
    gets_nothing(address, &[&format!("{right}; {other}")]);
    gets_nothing(address, &[&format!("{other};{right}")]);
    gets_nothing(address, &[&right, &other]);
    gets_nothing(address, &[&format!("{right}; {right}")]);

    // Foreign: issued by another backend.
    gets_nothing(address, &[&format!("{name}={foreign}")]);

    // Invented: nobody has issued it.
    let (visit, hash) = passed.split_once('.').unwrap();
    let (other_visit, other_hash) = issued.split_once('.').unwrap();
    let zeros = "0".repeat(64);
    let mut values = vec![
        String::new(),
        ".".into(),
        visit.to_owned(),
        format!("{visit}."),
        format!(".{hash}"),
        format!("{visit}.{zeros}"),
        format!("{visit}.{other_hash}"),
        format!("{other_visit}.{hash}"),
        format!("{}.{zeros}", "0".repeat(32)),
        "0".repeat(32),
        "x".into(),
        format!("{visit}.{}", &hash[..hash.len() - 1]),
        format!("{visit}.{}", &hash[..hash.len() - 2]),
        format!("{visit}.{}", &hash[..32]),
        format!("{visit}.{hash}00"),
        format!("{visit}.{hash}."),
        format!("{visit}.é{}", &hash[2..]),
        format!("\"{passed}\""),
        format!("{passed} ; a=b"),
        format!("{passed}%00"),
        format!("{hash}.{visit}"),
    ];
    for at in [0, 1, 31, 33, 50, passed.len() - 1] {
        let mut bytes = passed.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        values.push(String::from_utf8(bytes).unwrap());
    }
    for value in values {
        gets_nothing(address, &[&format!("{name}={value}")]);
    }
    gets_nothing(address, &[]);
    gets_nothing(address, &["a=b; c"]);
    assert!(is_right(), "nothing of this ended the visit");
}

/// A new browser gets the start page and the stylesheet, and long before a connection that says nothing is closed.
pub(crate) fn others_are_served(address: &str, meanwhile: &str) {
    for _ in 0..5 {
        thread::sleep(Duration::from_millis(10));
        for path in ["/", "/style.css"] {
            let began = now();
            let served = send(address, &request(&format!("GET {path}"), &[], ""));
            assert_eq!(served.status, 200, "{meanwhile}");
            assert!(
                began.elapsed() < Duration::from_secs(5),
                "{meanwhile}: {:?}",
                began.elapsed()
            );
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "real sockets, real time")]
fn now() -> Instant {
    Instant::now()
}

/// Connections that are held open, each after this has been sent.
fn hold(address: &str, connections: usize, sent: &str) -> Vec<TcpStream> {
    let open = |_| {
        let mut socket = TcpStream::connect(address).expect("`ulimit -n` is at least 4096");
        let _ = socket.write_all(sent.as_bytes()); // it may be closed already
        socket
    };
    (0..connections).map(open).collect()
}

/// `cookie` is one that the backend has issued, so that a form with it would be handled.
pub(crate) fn nobody_is_kept_out(address: &str, cookie: &str) {
    let half_head = "GET / HTTP/1.1\r\nhost: a\r\nx";
    let post = format!("POST /open HTTP/1.1\r\nhost: a\r\ncookie: {cookie}\r\n");
    let stalled = format!("{post}content-length: 1000\r\n\r\nname");
    let chunked = format!("{post}transfer-encoding: chunked\r\n\r\n4\r\nname\r\n");
    let keep_alive = "GET /style.css HTTP/1.1\r\nhost: a\r\n\r\n";
    // Many responses that nobody reads.
    let unread = keep_alive.repeat(2000);
    let mut held = Vec::new();
    for (connections, sent, name) in [
        (250, half_head, "half heads"),
        (1000, "", "connections without a request"),
        (600, &*stalled, "stalled bodies"),
        (600, &*chunked, "stalled chunks"),
        (600, keep_alive, "idle connections"),
        (8, &*unread, "responses that nobody reads"),
    ] {
        let attack = thread::scope(|scope| {
            let attack = scope.spawn(|| hold(address, connections, sent));
            while !attack.is_finished() {
                others_are_served(address, name);
            }
            attack.join().unwrap()
        });
        others_are_served(address, name);
        held.push(attack);
        others_are_served(address, "all of it so far");
        if held.len() > 2 {
            held.remove(0); // fewer files than `ulimit -n`
        }
    }
}

/// Requests whose heads and bodies are not what they say. The backend refuses them and lives on.
pub(crate) fn oversized_and_lying_requests_are_refused(address: &str, cookie: &str) {
    let post = format!(
        "POST /open HTTP/1.1\r\nhost: a\r\ncookie: {cookie}\r\n\
         content-type: application/x-www-form-urlencoded\r\n"
    );
    let megabyte = "x".repeat(1 << 20);
    let chunks = "8000\r\n".to_owned() + &"x".repeat(0x8000) + "\r\n";
    let headers = "x: 1\r\n".repeat(1000);
    for (expected, request, name) in [
        (
            431,
            format!("{post}content-length: 18446744073709551614\r\n\r\n{FORM}"),
            "2^64 - 2",
        ),
        (
            413,
            format!("{post}content-length: 1000000000000\r\n\r\n{FORM}"),
            "10^12",
        ),
        (
            413,
            format!("{post}content-length: 65537\r\n\r\n"),
            "one byte too many",
        ),
        (
            413,
            format!("{post}content-length: 1048576\r\n\r\n{megabyte}"),
            "a megabyte",
        ),
        (
            413,
            format!(
                "{post}transfer-encoding: chunked\r\n\r\n{}",
                chunks.repeat(4)
            ),
            "chunks",
        ),
        (
            400,
            format!("{post}content-length: 99999999999999999999\r\n\r\n{FORM}"),
            "10^20",
        ),
        (
            400,
            format!("{post}content-length: -1\r\n\r\n{FORM}"),
            "negative",
        ),
        (
            400,
            format!("{post}content-length: 1\r\ncontent-length: 2\r\n\r\n{FORM}"),
            "two lengths",
        ),
        (
            400,
            format!("{post}transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n"),
            "a chunk",
        ),
        (
            431,
            format!("GET /?{megabyte} HTTP/1.1\r\nhost: a\r\n\r\n"),
            "a long URL",
        ),
        (
            431,
            format!("GET / HTTP/1.1\r\nhost: a\r\nx: {megabyte}\r\n\r\n"),
            "a long header",
        ),
        (
            431,
            format!("GET / HTTP/1.1\r\nhost: a\r\n{headers}\r\n"),
            "a thousand headers",
        ),
        (400, "\0\x01\x02\r\n\r\n".to_owned(), "nonsense"),
    ] {
        let began = now();
        let status = send(address, &request).status;
        // A reset that overtakes the response leaves nothing to read.
        assert!(
            status == expected || (status == 0 && request.len() > 1 << 16),
            "{name}: {status}"
        );
        assert!(began.elapsed() < Duration::from_secs(2), "{name}");
        others_are_served(address, name);
    }
    // A shorter length than the body's: the rest is no request.
    let short = format!("{post}content-length: 4\r\n\r\n{FORM}");
    assert_eq!(send(address, &short).status, 400);
    others_are_served(address, "a short length");
    // A longer one, and the browser disconnects: nothing is opened.
    drop(hold(
        address,
        10,
        &format!("{post}content-length: 1000\r\n\r\n{FORM}"),
    ));
    others_are_served(address, "a long length");
}

/// A head and a body may take ten seconds. A byte now and then does not extend this.
pub(crate) fn slow_requests_end(address: &str, cookie: &str) {
    let post = format!("POST /open HTTP/1.1\r\nhost: a\r\ncookie: {cookie}\r\n");
    let slow = |start: &str| {
        let mut socket = TcpStream::connect(address).unwrap();
        let limit = Some(Duration::from_secs(20));
        socket.set_read_timeout(limit).unwrap();
        socket.write_all(start.as_bytes()).unwrap();
        let mut writer = socket.try_clone().unwrap();
        thread::spawn(move || {
            while writer.write_all(b"x").is_ok() {
                thread::sleep(Duration::from_millis(500));
            }
        });
        let began = now();
        let status = read(socket).status;
        let took = began.elapsed().as_secs();
        assert!((8..14).contains(&took), "{start}: {took} s");
        status
    };
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(slow(&format!("{post}content-length: 1000\r\n\r\n")), 408));
        scope.spawn(|| slow("GET / HTTP/1.1\r\nhost: a\r\nx: "));
        scope.spawn(|| slow(""));
    });
}
