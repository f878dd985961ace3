//! What a client records replays to the same decisions, and holds no value of a request or a response.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::thread;

use cloudauth_net::Options;
use cloudauth_proto::credentials::{CustomSource, ProvidedCredentials};
use cloudauth_proto::driver::SupplyError;
use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::trace::Trace;
use cloudauth_proto::{CallOptions, Credentials, Endpoints, UnixTime};
use cloudauth_sim::conformance::limits;
use cloudauth_sim::{Fault, Region, Simulator, Times};

use crate::canaries::{NAME, NUMBER, Search, credentials};
use crate::driver::{Async, Blocking, Driver, both, endpoints, options};
use crate::fault_injection::Closed;
use crate::mock_server::{MockConnection, MockServer, response};

both! {
    a_recorded_failover_replays_to_the_same_decisions => failover;
    a_recording_of_many_threads_replays_to_the_same_decisions => threads;
    a_recorded_refresh_replays_to_the_same_decisions => refreshes;
    a_recording_holds_no_canary => no_canary;
    a_second_client_cannot_write_to_the_recording_of_the_first => second_client;
    a_recording_that_cannot_be_written_ends_and_calls_go_on => unwritable;
}

/// What a client wrote.
#[derive(Clone, Default)]
struct Recording(Arc<Mutex<Vec<u8>>>);

impl Recording {
    /// The whole recording, once the client was dropped.
    fn trace(&self) -> (String, Trace) {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let trace = Trace::parse(&text).unwrap();
        (text, trace)
    }
}

#[expect(clippy::unwrap_in_result, reason = "a test")]
impl Write for Recording {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn describe() -> DescribeFaceVerify {
    DescribeFaceVerify::new(1_000_000_006, "sha1")
}

fn init() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}")
}

fn failover<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let recording = Recording::default();
    let driver = D::new(options(limits(), endpoints(&simulator)).record(recording.clone()));
    driver.call(&init()).unwrap();
    let unavailable = Fault::Custom {
        status: 503,
        body: b"{}".to_vec(),
    };
    simulator.inject(Region::Shanghai, unavailable, Times::Always);
    for _ in 0..7 {
        driver.call(&init()).unwrap();
    }
    drop(driver);
    let (text, trace) = recording.trace();
    trace.replay().unwrap();
    assert_eq!(
        text.matches("\"decision\":\"elsewhere\"").count(),
        5,
        "{text}"
    );
    assert_eq!(text.matches("\"open\"").count(), 1, "{text}");
    assert_eq!(text.matches("\"done\":\"success\"").count(), 8, "{text}");
    let mut single = trace.policy();
    single.max_attempts = 1;
    let difference = trace.replay_with(single).unwrap_err();
    assert!(difference.replayed.contains("uncertain"), "{difference}");
}

const VERDICT: &str =
    r#"{"Code":"200","RequestId":"R","ResultObject":{"Passed":"T","SubCode":"200"}}"#;

fn threads<D: Driver>() {
    let count = Arc::new(AtomicUsize::new(0));
    let serve = move |mut connection: MockConnection| {
        while connection.read_request() {
            match count.fetch_add(1, Ordering::Relaxed) % 5 {
                0 => connection.send("HTTP/1.1 503 S\r\ncontent-length: 2\r\n\r\n{}"),
                1 => return,
                _ => connection.send(&response(VERDICT)),
            }
        }
    };
    let (shanghai, beijing) = (MockServer::new(serve.clone()), MockServer::new(serve));
    let urls = [&shanghai.url, &beijing.url].map(|url| url.parse().unwrap());
    let [shanghai, beijing] = urls;
    let recording = Recording::default();
    let listed = Endpoints::only(shanghai).then(beijing);
    let driver = D::new(options(limits(), listed).record(recording.clone()));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for call in 0..20 {
                    let hedged = CallOptions::new().hedge_after(Duration::from_millis(1));
                    // Some have used up their attempts.
                    let _ = driver.call_with(&describe(), hedged.clone());
                    if call % 4 == 0 {
                        let _ = driver.call(&init());
                    }
                }
            });
        }
    });
    drop(driver);
    let (text, trace) = recording.trace();
    trace.replay().unwrap();
    assert_eq!(text.matches("\"done\"").count(), 8 * 25, "{text}");
}

fn refreshes<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let recording = Recording::default();
    let vault = CustomSource::new("vault");
    let runs = AtomicUsize::new(0);
    let provide = move |_: Duration| {
        if runs.fetch_add(1, Ordering::Relaxed) == 0 {
            return Err(SupplyError::Failed);
        }
        let id = cloudauth_sim::ACCESS_KEY_ID;
        let key = Credentials::access_key(id, cloudauth_sim::ACCESS_KEY_SECRET);
        Ok(ProvidedCredentials {
            credentials: key.map_err(|_| SupplyError::Failed)?,
            expires: Some(UnixTime::now() + Duration::from_secs(2)),
        })
    };
    let options = options(limits(), endpoints(&simulator))
        .custom_source(&vault, provide)
        .credentials(vault)
        .record(recording.clone());
    let driver = D::new(options);
    for _ in 0..3 {
        driver.call(&init()).unwrap();
        driver.idle(Duration::from_secs(2));
    }
    drop(driver);
    let (text, trace) = recording.trace();
    trace.replay().unwrap();
    for part in [
        "authenticate",
        "extend_refresh",
        "fail_refresh",
        "end_refresh",
        "drew",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// Everywhere in requests and responses, in keys, in errors, and in the names of what the caller makes.
fn no_canary<D: Driver>() {
    let search = Search::new();
    let echo = format!(
        r#"{{"Code":"{NUMBER}","Message":"{NAME} {NUMBER}","RequestId":"{NUMBER}","ResultObject":{{"CertifyId":"{NUMBER}","MaterialInfo":"{NAME}"}}}}"#
    );
    let refusals = [
        format!("HTTP/1.1 503 S\r\ncontent-length: 0\r\nx-acs-request-id: {NUMBER}\r\n\r\n"),
        format!(
            "HTTP/1.1 400 {NUMBER}\r\ncontent-length: {}\r\n\r\n{echo}",
            echo.len()
        ),
        format!("HTTP/1.1 200 {NUMBER}\r\ncontent-length: 99\r\n\r\n{NAME}"),
        format!("HTTP {NAME}{NUMBER}\r\n\r\n"),
        response(&echo),
        response(NUMBER),
    ];
    let count = AtomicUsize::new(0);
    let refusals = Arc::new((refusals, count));
    let server = MockServer::new(move |mut connection| {
        let (refusals, count) = &*refusals;
        while connection.read_request() {
            let next = count.fetch_add(1, Ordering::Relaxed);
            connection.send(&refusals[next % refusals.len()]);
        }
    });
    let closed = Closed::new();
    let urls = [&server.url, &closed.url()].map(|url| url.parse().unwrap());
    let [server_url, closed_url] = urls;
    let recording = Recording::default();
    let options = options(limits(), Endpoints::only(server_url).then(closed_url))
        .credentials(credentials())
        .record(recording.clone());
    let driver = D::new(options);
    let init = InitFaceVerify::new(1_000_000_006, NUMBER, "ID_PRO")
        .cert_type("IDENTITY_CARD")
        .cert_name(NAME)
        .cert_no(NUMBER)
        .meta_info(NAME)
        .return_url(format!("https://example.com/{NUMBER}"))
        .user_id(NUMBER);
    for _ in 0..6 {
        let _ = driver.call(&init);
        let _ = driver.call(&DescribeFaceVerify::new(1_000_000_006, NUMBER));
        let own = CallOptions::new().credentials(credentials());
        let _ = driver.call_with(&init, own);
    }
    driver.set_credentials(credentials());
    let _ = driver.call(&init);
    drop(driver);
    let (text, trace) = recording.trace();
    trace.replay().unwrap();
    assert!(server.requests() >= 6, "each of them was sent");
    assert!(text.contains("\"code\":\"other\""), "{text}");
    assert_eq!(search.find(&text), None, "{text}");
}

fn second_client<D: Driver>() {
    let options = Options::new()
        .credentials(credentials())
        .record(Recording::default());
    let first = D::build(options.clone()).unwrap();
    let error = D::build(options).unwrap_err();
    assert!(
        error.to_string().contains("record is of a client"),
        "{error}"
    );
    drop(first);
}

/// A disk that is full after so many writes.
struct FullDisk(usize);

impl Write for FullDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(1).ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn unwritable<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let options = options(limits(), endpoints(&simulator));
    let driver = D::new(options.record(FullDisk(3)));
    for _ in 0..2 {
        driver.call(&init()).unwrap();
    }
}
