//! What reaches the loggers of a process, at their most talkative: of the libraries below as well.
#![expect(clippy::unwrap_used, reason = "a test")]

use core::fmt::Write as _;
use core::sync::atomic::{AtomicBool, Ordering};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cloudauth_net::{Options, Proxies};
use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{Credentials, Endpoint, Endpoints, Scheme};
use cloudauth_sim::{Fault, Region, Simulator, Times};
use log::{Level, LevelFilter, Log, Metadata, Record};
use tokio::runtime::Builder;
use tracing::subscriber::with_default;

const SECRET: &str = "CANARY-OF-THE-KEY";
const TOKEN: &str = "CANARY-OF-THE-TOKEN";
const NAME: &str = "CANARY-OF-THE-NAME";
const NUMBER: &str = "330103199001011234";

/// Writes down all that is logged, by target. One for the process, as `log` has it.
struct Recorder {
    lines: Mutex<BTreeMap<String, Written>>,
    /// Whether the `TRACE` of ureq is off, as the documentation says it should be.
    as_documented: AtomicBool,
}

/// What one target said: as text, and the bytes of its dumps in hex.
#[derive(Default)]
struct Written {
    text: String,
    dumped: Vec<u8>,
}

static RECORDER: Recorder = Recorder {
    lines: Mutex::new(BTreeMap::new()),
    as_documented: AtomicBool::new(false),
};

impl Recorder {
    fn lines(&self) -> MutexGuard<'_, BTreeMap<String, Written>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, target: &str, text: &str) {
        let mut lines = self.lines();
        let written = lines.entry(target.to_owned()).or_default();
        writeln!(written.text, "{text}").unwrap();
        let groups = text.split_whitespace().take(8);
        let bytes = groups.flat_map(|group| [group.get(..2), group.get(2..)]);
        let bytes = bytes.map_while(|hex| u8::from_str_radix(hex?, 16).ok());
        written.dumped.extend(bytes);
    }
}

impl Log for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let is_trace_of_ureq =
            metadata.level() == Level::Trace && metadata.target().starts_with("ureq");
        !(is_trace_of_ureq && self.as_documented.load(Ordering::Relaxed))
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            self.note(record.target(), &record.args().to_string());
        }
    }

    fn flush(&self) {}
}

/// A writer for `tracing`.
#[derive(Clone, Copy)]
struct Events;

impl io::Write for Events {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        RECORDER.note("tracing", &String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

type Call = fn(Options) -> Option<String>;

/// What identifies the verification that a call opened.
fn with_ureq(options: Options) -> Option<String> {
    let client = cloudauth_ureq::Client::new(options).unwrap();
    let opened = client.call(&open()).ok()?;
    Some(opened.value.certify_id.as_str().to_owned())
}

fn with_hyper(options: Options) -> Option<String> {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let client = cloudauth_hyper::Client::new(options).unwrap();
    let opened = runtime.block_on(client.call(&open())).ok()?;
    Some(opened.value.certify_id.as_str().to_owned())
}

fn open() -> InitFaceVerify {
    let open = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR");
    open.cert_name(NAME).cert_no(NUMBER)
}

/// Calls with both signatures, in the clear and over TLS, well and ill; who wrote down what must not
/// be. The simulator knows no such key, so those that are to go well are asked of a second server.
fn leaks(call: Call, as_documented: bool) -> BTreeSet<String> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    RECORDER
        .as_documented
        .store(as_documented, Ordering::Relaxed);
    // The second test finds it set.
    let _ = log::set_logger(&RECORDER);
    log::set_max_level(LevelFilter::Trace);
    RECORDER.lines().clear();

    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(|| Events)
        .finish();
    let mut canaries = BTreeSet::from([SECRET, TOKEN, NAME, NUMBER].map(str::to_owned));
    let known = Credentials::access_key(
        cloudauth_sim::ACCESS_KEY_ID,
        cloudauth_sim::ACCESS_KEY_SECRET,
    );
    let known = known.unwrap();
    let unknown = Credentials::temporary("LTAI-CANARY", SECRET, TOKEN).unwrap();
    with_default(subscriber, || {
        for scheme in [Scheme::Acs3HmacSha256, Scheme::RpcHmacSha1] {
            let simulator = Simulator::start().unwrap();
            let urls = [
                simulator.url(Region::Shanghai),
                simulator.tls_url(Region::Shanghai),
            ];
            let options = |url: &str, credentials: &Credentials| {
                let endpoint: Endpoint = url.parse().unwrap();
                Options::new()
                    .credentials(credentials.clone())
                    .endpoints(Endpoints::only(endpoint))
                    .root_certificates(simulator.ca_pem())
                    .proxies(Proxies::none())
                    .max_attempts(1)
                    .scheme(scheme)
            };
            for url in &urls {
                let opened = call(options(url, &known));
                canaries.insert(opened.unwrap());
                assert_eq!(call(options(url, &unknown)), None);
            }
            for fault in [Fault::Reset, Fault::Truncate, Fault::Status(500)] {
                simulator.inject(Region::Shanghai, fault, Times::Always);
                for url in &urls {
                    assert_eq!(call(options(url, &unknown)), None);
                }
                simulator.heal(Region::Shanghai).unwrap();
            }
        }
    });

    let lines = RECORDER.lines();
    assert!(
        lines["tracing"].text.contains("request_id"),
        "nothing was written down"
    );
    assert!(lines.keys().any(|target| target.starts_with("rustls")));
    let holds = |written: &Written, canary: &String| {
        let mut windows = written.dumped.windows(canary.len());
        written.text.contains(canary) || windows.any(|bytes| bytes == canary.as_bytes())
    };
    let leaks = lines
        .iter()
        .filter(|(_, written)| canaries.iter().any(|canary| holds(written, canary)))
        .map(|(target, _)| target.clone());
    leaks.collect()
}

#[test]
fn with_hyper_nothing_that_must_not_be_logged_is_logged_at_any_level() {
    assert_eq!(leaks(with_hyper, false), BTreeSet::new());
}

#[test]
fn with_ureq_it_is_at_the_trace_level_of_these_two_targets_only() {
    let expected = ["ureq::run", "ureq_proto::util"].map(str::to_owned);
    assert_eq!(leaks(with_ureq, false), BTreeSet::from(expected));
}

#[test]
fn with_ureq_nothing_is_when_that_level_is_off_for_it() {
    assert_eq!(leaks(with_ureq, true), BTreeSet::new());
}
