//! What reaches the loggers of a process, at their most talkative: of the libraries below as well.
#![expect(clippy::unwrap_used, reason = "a test")]

use core::fmt::Write as _;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cloudauth_net::{Options, Proxies};
use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{Credentials, Endpoint, Endpoints, Error, Scheme};
use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Fault, Region, Simulator, Times};
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
    /// What of ureq it hears at the level `TRACE`; of others, everything.
    heard: Mutex<&'static [&'static str]>,
}

/// What one target said: as text, and the bytes of its dumps in hex.
#[derive(Default)]
struct Written {
    text: String,
    dumped: Vec<u8>,
}

static RECORDER: Recorder = Recorder {
    lines: Mutex::new(BTreeMap::new()),
    heard: Mutex::new(&[]),
};

impl Recorder {
    fn lines(&self) -> MutexGuard<'_, BTreeMap<String, Written>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn heard(&self) -> MutexGuard<'_, &'static [&'static str]> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
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
        let target = metadata.target();
        metadata.level() < Level::Trace
            || !target.starts_with("ureq")
            || self.heard().iter().any(|it| target.starts_with(it))
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

type Call = fn(Options) -> Result<String, Error>;

/// What identifies the verification that a call opened.
#[expect(clippy::unwrap_in_result, reason = "only the call is put to the test")]
fn with_ureq(options: Options) -> Result<String, Error> {
    let client = cloudauth_ureq::Client::new(options).unwrap();
    let opened = client.call(&open())?;
    Ok(opened.value.certify_id.as_str().to_owned())
}

#[expect(clippy::unwrap_in_result, reason = "only the call is put to the test")]
fn with_hyper(options: Options) -> Result<String, Error> {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let client = cloudauth_hyper::Client::new(options).unwrap();
    let opened = runtime.block_on(client.call(&open()))?;
    Ok(opened.value.certify_id.as_str().to_owned())
}

fn open() -> InitFaceVerify {
    let open = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR");
    open.cert_name(NAME).cert_no(NUMBER)
}

/// Runs this while all is written down; nothing else does meanwhile.
fn recorded(heard: &'static [&'static str], act: impl FnOnce()) -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    *RECORDER.heard() = heard;
    // The next test finds it set.
    let _ = log::set_logger(&RECORDER);
    log::set_max_level(LevelFilter::Trace);
    RECORDER.lines().clear();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(|| Events)
        .finish();
    with_default(subscriber, act);
    guard
}

/// The targets that told one of these.
fn tellers(canaries: &BTreeSet<String>) -> Vec<String> {
    let holds = |written: &Written, canary: &String| {
        let mut windows = written.dumped.windows(canary.len());
        written.text.contains(canary) || windows.any(|bytes| bytes == canary.as_bytes())
    };
    let lines = RECORDER.lines();
    let told = lines
        .iter()
        .filter(|(_, written)| canaries.iter().any(|canary| holds(written, canary)));
    told.map(|(target, _)| target.clone()).collect()
}

/// Calls with both signatures, in the clear and over TLS, well and ill: nobody may tell anything of
/// it. If `refused`, nothing may be sent at all.
fn nothing_is_told(call: Call, heard: &'static [&'static str], refused: bool) {
    let mut canaries = BTreeSet::from([SECRET, TOKEN, NAME, NUMBER].map(str::to_owned));
    let known = Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET).unwrap();
    let unknown = Credentials::temporary("LTAI-CANARY", SECRET, TOKEN).unwrap();
    let _guard = recorded(heard, || {
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
                match call(options(url, &known)) {
                    Ok(certify_id) => drop(canaries.insert(certify_id)),
                    Err(error) => assert!(error.to_string().contains("TRACE level"), "{error}"),
                }
                assert!(call(options(url, &unknown)).is_err());
            }
            for fault in [Fault::Reset, Fault::Truncate, Fault::Status(500)] {
                simulator.inject(Region::Shanghai, fault, Times::Always);
                for url in &urls {
                    assert!(call(options(url, &unknown)).is_err());
                }
                simulator.heal(Region::Shanghai).unwrap();
            }
            assert_eq!(simulator.world().requests().is_empty(), refused);
        }
    });
    assert_eq!(tellers(&canaries), Vec::<String>::new());
    let lines = RECORDER.lines();
    let is_recorded = |target: &str| lines.keys().any(|it| it.starts_with(target));
    assert!(is_recorded("tracing") && (refused || is_recorded("rustls")));
}

#[test]
fn with_hyper_nothing_is_told_at_any_level() {
    nothing_is_told(with_hyper, &["ureq"], false);
}

#[test]
fn with_ureq_nothing_is_told_when_its_trace_level_is_off() {
    nothing_is_told(with_ureq, &[], false);
}

#[test]
fn with_ureq_nothing_is_sent_when_its_trace_level_is_on() {
    for heard in [&["ureq::"], &["ureq_proto"]] {
        nothing_is_told(with_ureq, heard, true);
    }
}

/// If this fails, the driver need not refuse any more, or has to look at other targets.
#[test]
fn bare_ureq_tells_urls_and_replies_at_that_level() {
    let mut told = String::new();
    let _guard = recorded(&["ureq"], || {
        let simulator = Simulator::start().unwrap();
        let url = format!("{}/?CANARY-QUERY", simulator.url(Region::Shanghai));
        let request = ureq::post(&url)
            .config()
            .http_status_as_error(false)
            .build();
        let mut reply = request.send_empty().unwrap();
        told = reply.body_mut().read_to_string().unwrap();
    });
    let tellers = |canary: &str| tellers(&BTreeSet::from([canary.to_owned()]));
    assert_eq!(tellers("CANARY-QUERY"), ["ureq::run", "ureq_proto::util"]);
    assert_eq!(tellers(&told), ["ureq_proto::util"]);
}
