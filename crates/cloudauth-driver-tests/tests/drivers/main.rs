//! One test suite, run with both drivers.
#![expect(clippy::unwrap_used, reason = "a test")]
#![expect(clippy::print_stdout, reason = "measurements, shown with --nocapture")]

mod at_most_once;
mod billed_limit;
mod canaries;
mod cancellation;
mod certificates;
mod conformance;
mod connecting;
mod connection_faults;
mod credential_sources;
mod credentials;
mod custom_sources;
mod cut_responses;
mod deadline;
mod driver;
mod early_responses;
mod error_chains;
mod evidence;
mod failover;
mod fault_injection;
mod hostile_servers;
mod idle_connections;
mod local_failures;
#[cfg(unix)]
mod local_sources;
mod mock_server;
mod observer;
mod option_bounds;
mod options;
mod own_connector;
mod pages;
mod poll_verdict;
mod proxy;
mod recording;
mod refreshes;
mod runtimes;
mod secrets;
mod short_deadlines;
mod test_clock;
mod transport;
mod upload;
mod vendor_sample;
