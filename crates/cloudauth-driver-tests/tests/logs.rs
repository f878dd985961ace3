//! What reaches the loggers of a process at the `TRACE` level, from the drivers and the libraries below them.
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
const NUMBER: &str = "330103199001011230";

/// Records everything that is logged, by target. `log` allows one logger per process.
struct Recorder {
    lines: Mutex<BTreeMap<String, TargetOutput>>,
    /// Targets of ureq that are enabled at `TRACE`. All other targets always are.
    enabled_targets: Mutex<&'static [&'static str]>,
}

/// The output of one target: its text, and the bytes of its hex dumps.
#[derive(Default)]
struct TargetOutput {
    text: String,
    dumped: Vec<u8>,
}

static RECORDER: Recorder = Recorder {
    lines: Mutex::new(BTreeMap::new()),
    enabled_targets: Mutex::new(&[]),
};

impl Recorder {
    fn lines(&self) -> MutexGuard<'_, BTreeMap<String, TargetOutput>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enabled_targets(&self) -> MutexGuard<'_, &'static [&'static str]> {
        self.enabled_targets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, target: &str, text: &str) {
        let mut lines = self.lines();
        let output = lines.entry(target.to_owned()).or_default();
        writeln!(output.text, "{text}").unwrap();
        let groups = text.split_whitespace().take(8);
        let bytes = groups.flat_map(|group| [group.get(..2), group.get(2..)]);
        let bytes = bytes.map_while(|hex| u8::from_str_radix(hex?, 16).ok());
        output.dumped.extend(bytes);
    }
}

impl Log for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        metadata.level() < Level::Trace
            || !target.starts_with("ureq")
            || self
                .enabled_targets()
                .iter()
                .any(|it| target.starts_with(it))
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            self.record(record.target(), &record.args().to_string());
        }
    }

    fn flush(&self) {}
}

/// The writer of the `tracing` subscriber.
#[derive(Clone, Copy)]
struct EventWriter;

impl io::Write for EventWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        RECORDER.record("tracing", &String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

type CallFn = fn(Options) -> Result<String, Error>;

/// Opens a verification. Returns its certify ID.
#[expect(clippy::unwrap_in_result, reason = "only the call is tested")]
fn with_ureq(options: Options) -> Result<String, Error> {
    let client = cloudauth_ureq::Client::new(options).unwrap();
    let opened = client.call(&open())?;
    Ok(opened.value.certify_id.as_str().to_owned())
}

#[expect(clippy::unwrap_in_result, reason = "only the call is tested")]
fn with_hyper(options: Options) -> Result<String, Error> {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let client = cloudauth_hyper::Client::new(options).unwrap();
    let opened = runtime.block_on(client.call(&open()))?;
    Ok(opened.value.certify_id.as_str().to_owned())
}

fn open() -> InitFaceVerify {
    let open = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}");
    open.cert_name(NAME).cert_no(NUMBER)
}

/// Runs `act` while everything is recorded. One test at a time does so.
fn recorded(enabled: &'static [&'static str], act: impl FnOnce()) -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    *RECORDER.enabled_targets() = enabled;
    // An error means that an earlier test has set it.
    let _ = log::set_logger(&RECORDER);
    log::set_max_level(LevelFilter::Trace);
    RECORDER.lines().clear();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(|| EventWriter)
        .finish();
    with_default(subscriber, act);
    guard
}

/// The targets whose output contains one of these.
fn leaking_targets(canaries: &BTreeSet<String>) -> Vec<String> {
    let leaks = |output: &TargetOutput, canary: &String| {
        let mut windows = output.dumped.windows(canary.len());
        output.text.contains(canary) || windows.any(|bytes| bytes == canary.as_bytes())
    };
    let lines = RECORDER.lines();
    let leaking = lines
        .iter()
        .filter(|(_, output)| canaries.iter().any(|canary| leaks(output, canary)));
    leaking.map(|(target, _)| target.clone()).collect()
}

/// Makes calls with both signature schemes, with and without TLS, that succeed and that fail. No target may
/// log a canary. If `is_refused`, nothing may be sent at all.
fn assert_nothing_leaks(call: CallFn, enabled: &'static [&'static str], is_refused: bool) {
    let mut canaries = BTreeSet::from([SECRET, TOKEN, NAME, NUMBER].map(str::to_owned));
    let known = Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET).unwrap();
    let unknown = Credentials::temporary("LTAI-CANARY", SECRET, TOKEN).unwrap();
    let _guard = recorded(enabled, || {
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
                    .max_attempts(if is_refused { 4 } else { 1 })
                    .scheme(scheme)
            };
            for url in &urls {
                match call(options(url, &known)) {
                    Ok(certify_id) => drop(canaries.insert(certify_id)),
                    Err(error) => {
                        assert!(error.to_string().contains("TRACE level"), "{error}");
                        assert_eq!(error.attempts().len(), 1, "{error}");
                    }
                }
                assert!(call(options(url, &unknown)).is_err());
            }
            for fault in [Fault::Reset, Fault::Truncate, Fault::Status(500)] {
                simulator.inject(Region::Shanghai, fault, Times::Always);
                for url in &urls {
                    assert!(call(options(url, &unknown)).is_err());
                }
                simulator.restore(Region::Shanghai).unwrap();
            }
            assert_eq!(simulator.world().requests().is_empty(), is_refused);
        }
    });
    assert_eq!(leaking_targets(&canaries), Vec::<String>::new());
    let lines = RECORDER.lines();
    let is_recorded = |target: &str| lines.keys().any(|it| it.starts_with(target));
    assert!(is_recorded("tracing") && (is_refused || is_recorded("rustls")));
}

#[test]
fn hyper_logs_no_secret_and_no_personal_data_at_any_level() {
    assert_nothing_leaks(with_hyper, &["ureq"], false);
}

#[test]
fn ureq_logs_no_secret_and_no_personal_data_below_its_trace_level() {
    assert_nothing_leaks(with_ureq, &[], false);
}

#[test]
fn ureq_sends_nothing_while_its_trace_level_is_enabled() {
    for enabled in [&["ureq::"], &["ureq_proto"]] {
        assert_nothing_leaks(with_ureq, enabled, true);
    }
}

/// If this fails, the driver need no longer refuse to send, or has to check other targets.
#[test]
fn ureq_itself_logs_urls_and_responses_at_the_trace_level() {
    let mut body = String::new();
    let _guard = recorded(&["ureq"], || {
        let simulator = Simulator::start().unwrap();
        let url = format!("{}/?CANARY-QUERY", simulator.url(Region::Shanghai));
        let request = ureq::post(&url)
            .config()
            .http_status_as_error(false)
            .build();
        let mut response = request.send_empty().unwrap();
        body = response.body_mut().read_to_string().unwrap();
    });
    let leaking_targets = |canary: &str| leaking_targets(&BTreeSet::from([canary.to_owned()]));
    assert_eq!(
        leaking_targets("CANARY-QUERY"),
        ["ureq::run", "ureq_proto::util"]
    );
    assert_eq!(leaking_targets(&body), ["ureq_proto::util"]);
}
