//! What the vendor's tools and desktops write, and the identity that it is read as. Behind each case there is a
//! second, good identity: either the first one is used, or the search ends with an error that names what is
//! wrong.
//!
//! The cases were observed: with them, the vendor's command line and its SDKs for Java, Go and Python were
//! compared with this library. Persons, keys and hosts are invented.

#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test"
)]

mod command_line;
mod host;
mod pinned;
mod readers;
mod rule;

use host::{Host, Resolved};

/// The identity behind profiles of the command line, in an INI file.
pub(crate) const BEHIND_CLI: &str = "[default]\ntype = access_key\n\
    access_key_id = LTAIiniOtherIdentity1\naccess_key_secret = s3cret\n";

/// What is right.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expected {
    /// The credentials with this ID, of this source.
    Uses(&'static str, &'static str),
    /// An error that contains all of these.
    Stops(&'static [&'static str]),
}
pub(crate) use Expected::{Stops, Uses};

/// Checks what came of a case. `trace` is what was requested and run.
#[track_caller]
pub(crate) fn check(name: &str, resolved: &Resolved, expected: Expected, trace: &[&str]) {
    match (&resolved.result, expected) {
        (Ok(found), Uses(id, source)) => {
            let found_id = found.credentials.access_key_id().unwrap_or("bearer");
            assert_eq!((found_id, &*found.source), (id, source), "{name}");
        }
        (Err(error), Stops(parts)) => {
            for part in parts {
                assert!(error.contains(part), "{name}: {part:?} is not in {error:?}");
            }
        }
        (result, _) => panic!("{name}: {result:?}"),
    }
    assert_eq!(resolved.trace, trace, "{name}");
}

/// A host with these variables.
pub(crate) fn host(vars: &[(&str, &str)]) -> Host {
    let mut host = Host::new();
    for (name, value) in vars {
        host.var(name, *value);
    }
    host
}
