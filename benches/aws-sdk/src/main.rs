//! The AWS SDK for Rust beside cloudauth-hyper: CPU time per call, in the same run.
//!
//! `cargo run --release --locked --manifest-path benches/aws-sdk/Cargo.toml [-- rounds]`, 31 rounds by
//! default. Goal: a call of ours takes a quarter of the SDK's CPU time or less. The table has the medians
//! of the rounds; clients take turns in each, so the ratio depends less on the machine.
//!
//! Both clients build, sign and send a POST with two identifiers, and decode a JSON body of the same
//! length. They send to the server of `--bin drivers`, to a process of its own each, since the bodies
//! differ. Both have static credentials, signatures with HMAC-SHA256 (ACS3 and SigV4), HTTP/1.1 with kept
//! connections, rustls with ring, one thread, 16 calls in flight, and their own defaults for retries and
//! timeouts; nothing is retried here. What differs:
//!
//! * The SDK sends its parameters as JSON, ours in the query.
//! * The SDK resolves an endpoint and an identity in each call, by rules made for all services of AWS, and
//!   has a protection against stalled bodies. A second row has that, its retries and its timeouts switched
//!   off.
//!
//! The bare HTTP library sends a request that was signed in advance: what any client on it costs at least.
//!
//! A second table compares signing alone with aws-sigv4, in the version of the lock file here: it needs a
//! newer compiler than the one that `--bin ratios` of the repository's workspace measures.
//!
//! The operation is GetIceServerConfig of Kinesis Video Signaling: it is signed, its protocol is JSON, and
//! its crate is one of the smallest of the SDK.
#![forbid(unsafe_code)]

use std::hint::black_box;
use std::time::Duration;

use aws_sdk_kinesisvideosignaling::Client;
use aws_sdk_kinesisvideosignaling::config::retry::RetryConfig;
use aws_sdk_kinesisvideosignaling::config::timeout::TimeoutConfig;
use aws_sdk_kinesisvideosignaling::config::{
    BehaviorVersion, Builder as ConfigBuilder, Config, Credentials, Region,
    StalledStreamProtectionConfig,
};
use aws_smithy_http_client::Builder as HttpBuilder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use cloudauth_benches::Result;
use cloudauth_benches::calls::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Signer, init};
use cloudauth_benches::clients::{IN_FLIGHT, RunCalls, bare_hyper, hyper, in_flight, prepared};
use cloudauth_benches::loopback::{BODY, Server, serve_if_requested};
use cloudauth_benches::measure::{Candidate, Workload, rates, ratios};
use cloudauth_benches::others::aws_sigv4;
use cloudauth_proto::Scheme;
use cloudauth_proto::ops::DescribeFaceVerify;
use tokio::runtime::{Builder as RuntimeBuilder, Runtime};

/// A response of GetIceServerConfig, as long as ours.
const ICE_SERVERS: &str = r#"{"IceServerList":[{"Password":"2jGq3yMhYWBlPdzB4HqGkOKpQmYvzGQ0pS1nJ8kXr4w=","Ttl":300,"Uris":["turn:203-0-113-10.t-0a1b2c3d.kinesisvideo.us-west-2.amazonaws.com:443?transport=udp","turns:203-0-113-10.t-0a1b2c3d.kinesisvideo.us-west-2.amazonaws.com:443?transport=tcp"],"Username":"1800000300:djE6YXJuOmF3czpraW5lc2lzdmlkZW8"}]}"#;
const _: () = assert!(ICE_SERVERS.len() == BODY.len());

const CHANNEL: &str = "arn:aws:kinesisvideo:us-west-2:123456789012:channel/bench/1800000000000";

fn main() -> Result<()> {
    if serve_if_requested()? {
        return Ok(());
    }
    let rounds = std::env::args().nth(1).map_or(Ok(31), |n| n.parse())?;
    println!(
        "{:<44} {:>8} {:>12} {:>9}",
        "", "goal", "ours / its", "CPU µs"
    );
    let ours = Server::start(1)?;
    let its = Server::with_body(1, ICE_SERVERS)?;
    calls(
        "http",
        [&ours.plain, &ours.root],
        [&its.plain, &its.root],
        rounds,
    )?;
    calls(
        "https",
        [&ours.tls, &ours.root],
        [&its.tls, &its.root],
        rounds,
    )?;
    signing(rounds);
    Ok(())
}

/// Measures calls to two servers, each given as its URL and root certificate.
fn calls(title: &str, ours: [&str; 2], its: [&str; 2], rounds: usize) -> Result<()> {
    let runtime = RuntimeBuilder::new_current_thread().enable_all().build()?;
    let describe = DescribeFaceVerify::new(1_000_000_006, "91707dc296d469ad38e4c5efa6a0f24b");
    let prepared = prepared(ours[0], &describe)?;
    let config = || config(its);
    let bare = config()?
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    let mut workloads: Vec<Workload<'_>> = vec![
        (
            "cloudauth-hyper",
            hyper(&runtime, ours[0], ours[1], &describe)?,
        ),
        (
            "bare hyper-util, our request",
            bare_hyper(&runtime, ours[1], &prepared)?,
        ),
        ("AWS SDK", aws_sdk(&runtime, config()?.build())),
        (
            "AWS SDK, no retries, timeouts, protection",
            aws_sdk(&runtime, bare.build()),
        ),
    ];
    println!("{title}, {IN_FLIGHT} in flight");
    let found = rates(&mut workloads, rounds, 4_000);
    for ((name, _), (cost, rate)) in workloads.iter().zip(found) {
        let goal = if *name == "AWS SDK" { "<= 0.25" } else { "" };
        println!(
            "  {name:<42} {goal:>8} {:>12.2} {:>9.1}",
            rate.cpu,
            cost.cpu * 1e6
        );
    }
    Ok(())
}

fn config([url, root]: [&str; 2]) -> Result<ConfigBuilder> {
    let roots = TrustStore::empty().with_pem_certificate(root);
    let http = HttpBuilder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(TlsContext::builder().with_trust_store(roots).build()?)
        .build_https();
    Ok(Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new(
            ACCESS_KEY_ID,
            ACCESS_KEY_SECRET,
            None,
            None,
            "bench",
        ))
        .region(Region::new("us-west-2"))
        .endpoint_url(url)
        .http_client(http))
}

/// Calls by the AWS SDK.
fn aws_sdk(runtime: &Runtime, config: Config) -> RunCalls<'_> {
    let client = Client::from_conf(config);
    Box::new(move |count| {
        in_flight(runtime, || {
            let client = client.clone();
            async move {
                for _ in 0..count / IN_FLIGHT {
                    let call = client
                        .get_ice_server_config()
                        .channel_arn(CHANNEL)
                        .client_id("bench");
                    let output = call.send().await.unwrap();
                    assert_eq!(black_box(&output).ice_server_list().len(), 1);
                }
            }
        });
    })
}

/// Signing alone, of the 21 parameters that `--bin ratios` signs.
fn signing(rounds: usize) {
    let (signer, operation) = (Signer::new(), init());
    let build = || signer.build(Scheme::Acs3HmacSha256, black_box(&operation));
    let request = build();
    let body = String::from_utf8_lossy(request.body.parts().0).into_owned();
    let mut candidates: Vec<Candidate<'_>> = vec![
        ("cloudauth, ACS3", Box::new(|| drop(black_box(build())))),
        (
            "aws-sigv4",
            Box::new(aws_sigv4(request.target.as_str(), &body)),
        ),
    ];
    let found = ratios(&mut candidates, 40 * rounds, Duration::from_micros(100));
    println!(
        "\n{:<44} {:>12} {:>9}",
        "signing alone, 21 parameters", "its / ours", "p5, µs"
    );
    for (((name, _), median), p5) in candidates.iter().zip(found.median).zip(found.p5) {
        println!(
            "  {name:<42} {median:>12.2} {:>9.2}",
            p5 * found.first / 1e3
        );
    }
}
