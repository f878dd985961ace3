//! Both drivers, put to the same tests.
#![expect(clippy::unwrap_used, reason = "a test")]

mod conformance;
mod credentials;
mod proxy;
mod subjects;
mod transport;
