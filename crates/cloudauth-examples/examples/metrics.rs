//! The metrics of a client, for OpenTelemetry: needs the feature `metrics`. This exporter keeps them in memory; an
//! application sets a provider that sends them away.
//!
//! ```text
//! cargo run -p cloudauth-examples --features metrics --example metrics
//! ```
#![expect(clippy::print_stdout, reason = "a program prints")]

use core::error::Error;

use cloudauth_ureq::ops::DescribeFaceVerify;
use cloudauth_ureq::{Client, Options};
use opentelemetry::global;
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};

fn main() -> Result<(), Box<dyn Error>> {
    // Before the client is made, which takes its instruments from the global provider.
    let exporter = InMemoryMetricExporter::default();
    let reader = PeriodicReader::builder(exporter.clone()).build();
    let provider = SdkMeterProvider::builder().with_reader(reader).build();
    global::set_meter_provider(provider.clone());

    let client = Client::new(Options::from_env()?)?;
    // An ID that cannot exist: the service refuses it, and bills nothing.
    let refused = client.call(&DescribeFaceVerify::new(1_000_000_006, "sha-unknown"));
    println!("the call ended: {}", refused.is_err());

    provider.force_flush()?;
    for collected in exporter.get_finished_metrics()? {
        for scope in collected.scope_metrics() {
            for metric in scope.metrics() {
                println!("{} in {}", metric.name(), metric.unit());
            }
        }
    }
    Ok(())
}
