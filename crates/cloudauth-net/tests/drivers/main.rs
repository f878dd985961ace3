//! Both drivers, put to the same tests.
#![expect(clippy::unwrap_used, reason = "a test")]

mod canaries;
mod certificates;
mod conformance;
mod contracts;
mod credentials;
mod dropping;
mod faulty;
mod once;
mod options;
mod proxy;
mod scripted;
mod subjects;
mod transport;
mod upload;
mod watching;
