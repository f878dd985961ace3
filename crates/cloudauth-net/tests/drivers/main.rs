//! Both drivers, put to the same tests.
#![expect(clippy::unwrap_used, reason = "a test")]

mod certificates;
mod conformance;
mod contracts;
mod credentials;
mod dropping;
mod evidence;
mod options;
mod proxy;
mod subjects;
mod transport;
mod upload;
mod verdict;
mod watching;
