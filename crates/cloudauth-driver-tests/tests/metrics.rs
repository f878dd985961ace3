//! The metrics of OpenTelemetry, read after a failover: each of the documented table is there, with its unit.
#![cfg(feature = "metrics")]
#![expect(clippy::unwrap_used, reason = "a test")]

use core::time::Duration;

use cloudauth_hyper::{Client as AsyncClient, Credentials, Endpoints, Options, Proxies};
use cloudauth_proto::Source;
use cloudauth_proto::credentials::Uri;
use cloudauth_proto::driver::CallOutcome;
use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_sim::{
    ACCESS_KEY_ID, ACCESS_KEY_SECRET, CREDENTIALS_PATH, Fault, Region, Simulator, Times,
};
use cloudauth_ureq::Client;
use opentelemetry::global;
use opentelemetry_sdk::metrics::data::{ResourceMetrics, ScopeMetrics};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};

/// Calls while Shanghai, then both regions are out of service, with both drivers, and a refresh of the
/// credentials.
fn fail_over(simulator: &Simulator) {
    simulator.inject(Region::Shanghai, Fault::Status(503), Times::Always);
    let url = |region| simulator.url(region).parse().unwrap();
    let endpoints = Endpoints::only(url(Region::Shanghai)).then(url(Region::Beijing));
    let options = || {
        Options::new()
            .endpoints(endpoints.clone())
            .proxies(Proxies::none())
            .total_timeout(Duration::from_secs(10))
    };
    let query = DescribeFaceVerify::new(1_000_000_006, "sha-unknown");
    let uri = format!("{}{CREDENTIALS_PATH}", simulator.credential_services_url());
    let source = Source::Uri(Uri::new(&uri).unwrap());
    let blocking = Client::new(options().credentials(source)).unwrap();
    for _ in 0..20 {
        blocking.call(&query).unwrap_err();
    }
    // Attempts at endpoints that failed recently are withdrawn from the retry budget.
    simulator.inject(Region::Beijing, Fault::Status(503), Times::Always);
    blocking.call(&query).unwrap_err();
    simulator.restore(Region::Beijing).unwrap();
    let key = Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET).unwrap();
    let client = AsyncClient::new(options().credentials(key)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(client.call(&query)).unwrap_err();
    let open = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}");
    runtime.block_on(client.call(&open)).unwrap();
}

#[test]
fn every_documented_metric_is_there_after_a_failover() {
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder()
        .with_reader(PeriodicReader::builder(exporter.clone()).build())
        .build();
    global::set_meter_provider(provider.clone());
    let simulator = Simulator::start().unwrap();
    fail_over(&simulator);
    provider.force_flush().unwrap();

    let collected = exporter.get_finished_metrics().unwrap();
    let metrics = collected
        .iter()
        .flat_map(ResourceMetrics::scope_metrics)
        .filter(|scope| scope.scope().name() == "cloudauth")
        .flat_map(ScopeMetrics::metrics);
    let metrics: Vec<_> = metrics.collect();
    let table = include_str!("../../cloudauth-net/src/metrics.md");
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let mut documented = 0;
    for row in rows {
        let mut cells = row.split('|').map(str::trim);
        let name = cells.next().unwrap().trim_end_matches('`');
        let (_kind, unit) = (cells.next().unwrap(), cells.next().unwrap());
        let found = metrics.iter().find(|metric| metric.name() == name);
        let metric = found.unwrap_or_else(|| panic!("{name} is not there"));
        assert!(
            unit.starts_with(metric.unit()),
            "{name}: {unit} {}",
            metric.unit()
        );
        let shown = format!("{:?}", metric.data());
        assert!(!shown.contains("data_points: []"), "{name}: {shown}");
        for attribute in cells.next().unwrap().split('`').skip(1).step_by(2).take(2) {
            assert!(shown.contains(attribute), "{name}: {attribute}: {shown}");
        }
        documented += 1;
    }
    for outcome in CallOutcome::ALL {
        assert!(table.contains(&format!("`{outcome}`")), "{outcome}");
    }
    assert_eq!(documented, 8);
    assert_eq!(metrics.len(), documented, "an undocumented metric");
}
