//! No secret of any source is in an error, in what `Debug` shows, or in a line of a log down to
//! `TRACE`, whether the source gives credentials, refuses, or answers nonsense with secrets in it.

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

use crate::canaries::Written;
use crate::sources::{
    CASES, Folder, GIVEN_SECRET, GIVEN_TOKEN, KEPT_SECRET, KEPT_TOKEN, PRINTED_SECRET,
    PRINTED_TOKEN, URI_SECRET, options,
};
use crate::subjects::{Async, Blocking, Driver, both};

both! {
    what_is_secret_is_never_shown_or_logged => hides;
}

const BEARER: &str = "bearer-s3cret";
const ANSWERED: &str = "answered-s3cret";

/// What must not be seen. The simulator's own secrets are known by how they begin.
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
    ANSWERED,
    SSO_TOKEN,
    OAUTH_TOKEN,
    // Without the end, which some encodings change.
    OIDC_TOKEN.split_at(20).0,
    "METADATATOKEN",
    "issued-secret",
    "issued-token",
];

/// The secrets in a text, in plain, as hex and as a list of bytes.
fn found_in(text: &str) -> Vec<&'static str> {
    let is_there = |secret: &&&str| {
        let bytes = secret.as_bytes();
        let mut hex = String::new();
        for byte in bytes {
            write!(hex, "{byte:02x}").unwrap();
        }
        let list = format!("{bytes:?}");
        let list = list.trim_matches(['[', ']']);
        [secret, hex.as_str(), list]
            .iter()
            .any(|shape| text.contains(shape))
    };
    SECRETS.iter().filter(is_there).copied().collect()
}

/// What was written down by each way.
#[derive(Default)]
struct Seen {
    shown: String,
    traced: String,
    logged: String,
}

impl Seen {
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
    /// The simulator has threads of its own, so a test hears only its client.
    static LOGGED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A logger of the `log` crate; there can be one in a process.
struct Listener;

impl Log for Listener {
    /// With that level on for these two the blocking driver sends nothing.
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

/// Writes down all that is logged meanwhile by this thread.
fn listening(act: impl FnOnce(&mut Seen)) -> Seen {
    static LISTENS: Once = Once::new();
    LISTENS.call_once(|| {
        log::set_logger(&Listener).unwrap();
        log::set_max_level(LevelFilter::Trace);
    });
    let written = Written::default();
    let mut seen = Seen::default();
    LOGGED.set(Some(String::new()));
    with_default(written.subscriber(), || act(&mut seen));
    let logged = LOGGED.take().unwrap();
    Seen {
        traced: written.take(),
        logged,
        ..seen
    }
}

/// What an office may do instead of giving credentials.
fn faults() -> Vec<Option<Fault>> {
    let custom = |status, body: &str| Fault::Custom {
        status,
        body: body.replace('@', ANSWERED).into_bytes(),
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
}

#[expect(clippy::print_stdout, reason = "figures for people")]
fn hides<D: Driver>() {
    let mut failures = 0;
    let seen = listening(|seen| {
        tracing::trace!("the subscriber listens");
        log::trace!("the logger listens");
        for case in CASES {
            for fault in faults() {
                let (folder, simulator) = (Folder::new(), Simulator::start().unwrap());
                let source = (case.made)(&simulator, &folder);
                seen.show(&source);
                let is_well = fault.is_none();
                match (case.office, fault) {
                    (Some(office), Some(fault)) => {
                        simulator.world().inject_at(office, fault, Times::Always);
                    }
                    (None, Some(_)) => continue,
                    (_, None) => {}
                }
                let limit = Duration::from_secs(if is_well { 30 } else { 2 });
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
                assert_eq!(call(), is_well, "{}", case.name);
                if is_well {
                    simulator.world().revoke_issued();
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
    assert!(seen.traced.contains("the subscriber listens"));
    assert!(seen.logged.contains("the logger listens"));
    // The clients' own lines, one for each attempt at least, and what Debug and errors say.
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
fn a_secret_that_is_shown_would_be_found() {
    for secret in SECRETS {
        let bytes = format!("{:?}", format!("a{secret}b").as_bytes());
        let hex: Vec<_> = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        for leak in [format!("it is {secret}!"), bytes, hex.concat()] {
            assert_eq!(found_in(&leak), [*secret]);
        }
    }
    let seen = listening(|seen| {
        log::trace!("{BEARER}");
        tracing::trace!("{BEARER}");
        seen.show(&BEARER);
    });
    for text in [&seen.shown, &seen.traced, &seen.logged] {
        assert_eq!(found_in(text), [BEARER]);
    }
}
