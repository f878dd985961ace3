//! No secret of any credential source appears in errors, `Debug` output or logs down to `TRACE`, whether
//! the source succeeds, refuses, or responds with malformed data that contains secrets.

use core::cell::RefCell;
use core::error::Error as _;
use core::fmt::{Debug, Write as _};
use core::time::Duration;
use std::sync::Once;

use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{Credentials, Error};
use cloudauth_sim::{
    ACCESS_KEY_SECRET, Fault, OAUTH_TOKEN, OIDC_TOKEN, Region, SSO_TOKEN, Simulator, Times,
};
use log::{LevelFilter, Log, Metadata, Record};
use tracing::subscriber::with_default;

use crate::canaries::TraceOutput;
use crate::credential_sources::{
    CASES, Folder, GIVEN_SECRET, GIVEN_TOKEN, KEPT_SECRET, KEPT_TOKEN, PRINTED_SECRET,
    PRINTED_TOKEN, URI_SECRET, options,
};
use crate::driver::{Async, Blocking, Driver, both};

both! {
    secrets_are_neither_shown_nor_logged => hides;
}

const BEARER: &str = "bearer-s3cret";
const IN_RESPONSE: &str = "response-s3cret";

/// The secrets. Those that the simulator generates are recognised by their prefixes.
const SECRETS: &[&str] = &[
    ACCESS_KEY_SECRET,
    GIVEN_SECRET,
    GIVEN_TOKEN,
    KEPT_SECRET,
    KEPT_TOKEN,
    PRINTED_SECRET,
    PRINTED_TOKEN,
    URI_SECRET,
    BEARER,
    IN_RESPONSE,
    SSO_TOKEN,
    OAUTH_TOKEN,
    // Without its end, which some encodings change.
    OIDC_TOKEN.split_at(20).0,
    "METADATATOKEN",
    "issued-secret",
    "issued-token",
];

/// The secrets found in a string: plain, as hex, or as a list of bytes.
fn found_in(text: &str) -> Vec<&'static str> {
    let is_found = |secret: &&&str| {
        let bytes = secret.as_bytes();
        let mut hex = String::new();
        for byte in bytes {
            write!(hex, "{byte:02x}").unwrap();
        }
        let list = format!("{bytes:?}");
        let list = list.trim_matches(['[', ']']);
        [secret, hex.as_str(), list]
            .iter()
            .any(|encoding| text.contains(encoding))
    };
    SECRETS.iter().filter(is_found).copied().collect()
}

/// The recorded output: `Debug` and errors, `tracing`, `log`.
#[derive(Default)]
struct Recorded {
    shown: String,
    traced: String,
    logged: String,
}

impl Recorded {
    fn show(&mut self, shown: &dyn Debug) {
        writeln!(self.shown, "{shown:?} {shown:#?}").unwrap();
    }

    fn error(&mut self, error: &Error) {
        self.show(error);
        writeln!(self.shown, "{error}").unwrap();
        let mut source = error.source();
        while let Some(error) = source {
            writeln!(self.shown, "{error} {error:?}").unwrap();
            source = error.source();
        }
    }
}

thread_local! {
    /// Per thread, so that the simulator's threads are not recorded.
    static LOGGED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The logger of the process.
struct ThreadLogger;

impl Log for ThreadLogger {
    /// Disabled for ureq: if it were enabled, the blocking driver would send nothing.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let origin = metadata.target().split("::").next();
        !matches!(origin, Some("ureq" | "ureq_proto"))
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        LOGGED.with_borrow_mut(|logged| {
            if let Some(lines) = logged {
                writeln!(lines, "{} {}", record.target(), record.args()).unwrap();
            }
        });
    }

    fn flush(&self) {}
}

/// Records all output of this thread during `act`.
fn record(act: impl FnOnce(&mut Recorded)) -> Recorded {
    static LOGGER_SET: Once = Once::new();
    LOGGER_SET.call_once(|| {
        log::set_logger(&ThreadLogger).unwrap();
        log::set_max_level(LevelFilter::Trace);
    });
    let written = TraceOutput::default();
    let mut seen = Recorded::default();
    LOGGED.set(Some(String::new()));
    with_default(written.subscriber(), || act(&mut seen));
    let logged = LOGGED.take().unwrap();
    Recorded {
        traced: written.take(),
        logged,
        ..seen
    }
}

/// What a credential service may do instead of issuing credentials.
fn faults() -> Vec<Option<Fault>> {
    let custom = |status, body: &str| Fault::Custom {
        status,
        body: body.replace('@', IN_RESPONSE).into_bytes(),
    };
    vec![
        None,
        Some(custom(400, r#"{"Code":"Refused","Message":"@"}"#)),
        Some(custom(200, r#"{"Code":"Success","AccessKeyId":["@"]}"#)),
        Some(custom(200, "<html>@</html>")),
        Some(custom(500, "@")),
        Some(Fault::Reset),
        Some(Fault::Truncate),
    ]
}

fn open() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}")
}

#[expect(clippy::print_stdout, reason = "measurements")]
fn hides<D: Driver>() {
    let mut failures = 0;
    let seen = record(|seen| {
        tracing::trace!("the subscriber is set");
        log::trace!("the logger is set");
        for case in CASES {
            for fault in faults() {
                let (folder, simulator) = (Folder::new(), Simulator::start().unwrap());
                let source = (case.made)(&simulator, &folder);
                seen.show(&source);
                let is_healthy = fault.is_none();
                match (case.service, fault) {
                    (Some(service), Some(fault)) => {
                        simulator.world().inject_at_credential_service(
                            service,
                            fault,
                            Times::Always,
                        );
                    }
                    (None, Some(_)) => continue,
                    (_, None) => {}
                }
                let limit = Duration::from_secs(if is_healthy { 30 } else { 2 });
                let options = options(&simulator, source).total_timeout(limit);
                seen.show(&options);
                let driver = D::new(options);
                let mut call = || {
                    let result = driver.call(&open());
                    seen.show(&driver);
                    seen.show(&result);
                    if let Err(error) = &result {
                        failures += 1;
                        seen.error(error);
                    }
                    result.is_ok()
                };
                assert_eq!(call(), is_healthy, "{}", case.name);
                if is_healthy {
                    simulator.world().revoke_issued_credentials();
                    simulator.inject(Region::Shanghai, Fault::Reset, Times::Once);
                    call();
                }
            }
        }
        let simulator = Simulator::start().unwrap();
        let bearer = Credentials::bearer(BEARER).unwrap();
        let driver = D::new(options(&simulator, bearer.into()));
        seen.error(&driver.call(&open()).unwrap_err());
        seen.show(&driver);
    });
    let counts = |text: &str| (text.lines().count(), found_in(text));
    for (what, text) in [
        ("shown", &seen.shown),
        ("tracing", &seen.traced),
        ("log", &seen.logged),
    ] {
        let (lines, hits) = counts(text);
        println!(
            "{:5} {what:18} {lines:6} lines, {} of {} secrets",
            D::NAME,
            hits.len(),
            SECRETS.len()
        );
    }
    assert!(failures > 50, "{failures}");
    assert!(seen.traced.contains("the subscriber is set"));
    assert!(seen.logged.contains("the logger is set"));
    // The clients' own events, at least one per attempt, and the output of Debug and errors.
    assert!(
        seen.traced
            .lines()
            .filter(|line| line.contains(": attempt "))
            .count()
            > 20
    );
    assert!(seen.shown.lines().count() > 1_000);
    for text in [&seen.shown, &seen.traced, &seen.logged] {
        assert_eq!(found_in(text), Vec::<&str>::new());
    }
}

#[test]
fn secrets_would_be_found_in_every_kind_of_output() {
    for secret in SECRETS {
        let bytes = format!("{:?}", format!("a{secret}b").as_bytes());
        let hex: Vec<_> = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        for leak in [format!("it is {secret}!"), bytes, hex.concat()] {
            assert_eq!(found_in(&leak), [*secret]);
        }
    }
    let seen = record(|seen| {
        log::trace!("{BEARER}");
        tracing::trace!("{BEARER}");
        seen.show(&BEARER);
    });
    for text in [&seen.shown, &seen.traced, &seen.logged] {
        assert_eq!(found_in(text), [BEARER]);
    }
}
