//! Both drivers, put to the same tests.
#![expect(clippy::unwrap_used, reason = "a test")]
#![expect(
    clippy::print_stdout,
    reason = "figures, for those who want to see them"
)]

mod bounds;
mod canaries;
mod certificates;
mod conformance;
mod contracts;
mod credentials;
mod deadline;
mod dropping;
mod evidence;
mod failover;
mod faulty;
mod idle;
mod once;
mod options;
mod proxy;
mod reaching;
mod scripted;
mod secrets;
mod sources;
mod subjects;
mod transport;
mod upload;
mod verdict;
mod watching;
