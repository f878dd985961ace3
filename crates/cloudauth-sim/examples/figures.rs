//! Measures the simulator: start time, requests per second of CPU time, and memory per verification.
//!
//! `cargo run --release -p cloudauth-sim --example figures` prints the figures. CPU time is that of
//! the main thread, so that other processes do not affect it. Linux only.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "measures and prints"
)]

use core::error::Error;
use core::time::Duration;
use std::time::Instant;

use cloudauth_proto::operation::{InvalidField, Params};
use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::sign::{Draft, Stamp};
use cloudauth_proto::{Credentials, Endpoint, Entropy, Operation, Scheme, UnixTime};
use cloudauth_sim::{
    ACCESS_KEY_ID, ACCESS_KEY_SECRET, IncomingRequest, Reaction, Region, Simulator, Verdict, World,
};
use serde_json::Value;

type Result<T = (), E = Box<dyn Error>> = core::result::Result<T, E>;

/// The time of all requests, in seconds since 1970.
const AT: u64 = 1_800_000_000;
const SCENE_ID: i64 = 1_000_000_006;

fn main() -> Result {
    start()?;
    let (mut world, mut signer) = (World::new(), Signer::new()?);
    for total in [100_000, 200_000, 300_000] {
        verifications(&mut world, &mut signer, &format!("{total} verifications"))?;
    }
    Ok(())
}

/// Measures the time from the start of a simulator to the first connection.
fn start() -> Result {
    let mut took = Vec::new();
    for _ in 0..21 {
        let (begin, cpu) = (Instant::now(), cpu_time()?);
        let simulator = Simulator::start()?;
        let address = simulator.page_url().replace("http://", "");
        std::net::TcpStream::connect(address)?;
        took.push((begin.elapsed(), cpu_time()?.saturating_sub(cpu)));
    }
    took.sort();
    let ((median, cpu), (slowest, _)) = (took[10], took[20]);
    println!(
        "start to first connection: median of {} {median:?} ({cpu:?} of CPU time), slowest {slowest:?}",
        took.len()
    );
    Ok(())
}

/// Requests that are signed together and then handled together. Only the handling is measured.
const BATCH: usize = 1_000;

const BATCHES: usize = 100;

/// Opens, finishes and describes verifications, without sockets.
fn verifications(world: &mut World, signer: &mut Signer, name: &str) -> Result {
    let mut busy = Duration::ZERO;
    for batch in 0..BATCHES {
        let mut ids = Vec::new();
        let init = |number: usize| {
            InitFaceVerify::new(SCENE_ID, format!("order{batch}x{number}"), "ID_PRO")
                .model("MULTI_ACTION")
                .cert_type("IDENTITY_CARD")
                .cert_name("张三")
                .cert_no("330103199001011230")
                .return_url("https://www.example.com/back")
                .meta_info(r#"{"deviceType":"h5"}"#)
        };
        let requests: Result<Vec<IncomingRequest>> =
            (0..BATCH).map(|n| signer.sign(&init(n))).collect();
        busy += timed(&requests?, |request| {
            let opened = response_body(world.handle(Region::Shanghai, request, AT))?;
            let id = opened["ResultObject"]["CertifyId"].as_str();
            ids.push(id.ok_or("no CertifyId")?.to_owned());
            Ok(())
        })?;
        for id in &ids {
            world.finish(id, Verdict::Passed, AT)?;
        }
        let describe = |id: &String| DescribeFaceVerify::new(SCENE_ID, id.clone());
        let requests: Result<Vec<IncomingRequest>> =
            ids.iter().map(|id| signer.sign(&describe(id))).collect();
        busy += timed(&requests?, |request| {
            let described = response_body(world.handle(Region::Shanghai, request, AT))?;
            if described["ResultObject"]["Passed"] == "T" {
                return Ok(());
            }
            Err("not passed".into())
        })?;
    }
    let rate = f64::from(u32::try_from(2 * BATCHES * BATCH)?) / busy.as_secs_f64();
    let resident = resident().ok_or("no VmRSS in /proc/self/status")?;
    let mib = f64::from(u32::try_from(resident)?) / 1024.0;
    println!("{name}: {rate:.0} requests per second of CPU time, {mib:.1} MiB of memory");
    Ok(())
}

fn timed(
    requests: &[IncomingRequest],
    mut handle: impl FnMut(&IncomingRequest) -> Result,
) -> Result<Duration> {
    let begin = cpu_time()?;
    for request in requests {
        handle(request)?;
    }
    Ok(cpu_time()?.saturating_sub(begin))
}

/// The CPU time of the main thread.
fn cpu_time() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/schedstat")?;
    let nanos = stat.split(' ').next().ok_or("no CPU time")?.parse()?;
    Ok(Duration::from_nanos(nanos))
}

fn response_body(reaction: Reaction) -> Result<Value> {
    let Reaction::Response { body, .. } = reaction else {
        return Err(format!("{reaction:?}").into());
    };
    Ok(serde_json::from_slice(&body)?)
}

/// The resident memory of this process, in KiB.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

struct Signer {
    credentials: Credentials,
    entropy: Entropy,
}

impl Signer {
    fn new() -> Result<Self> {
        Ok(Self {
            credentials: Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET)?,
            entropy: Entropy::from_seed([1; 32]),
        })
    }

    fn sign(&mut self, operation: &impl Operation) -> Result<IncomingRequest> {
        let problems: Vec<InvalidField> = operation.check();
        if !problems.is_empty() {
            return Err(format!("{problems:?}").into());
        }
        let mut params = Params::new();
        operation.encode(&mut params);
        let terms = operation.metadata();
        let endpoint = Endpoint::SHANGHAI;
        let draft = Draft::new(
            terms.method,
            terms.action.clone(),
            terms.version.clone(),
            &endpoint,
            &params,
        )?;
        let stamp = Stamp {
            at: UnixTime::from_seconds(AT),
            nonce: self.entropy.nonce(),
            retry: None,
        };
        let request = Scheme::Acs3HmacSha256.sign(&draft, &self.credentials, &stamp);
        let headers = request.headers.iter();
        let mut headers: Vec<(String, String)> = headers
            .map(|(name, value)| ((*name).to_owned(), value.clone().into_owned()))
            .collect();
        if !headers.iter().any(|(name, _)| name == "host") {
            headers.push(("host".to_owned(), request.authority.to_string()));
        }
        let (shared, own) = request.body.parts();
        Ok(IncomingRequest::new(
            request.method.as_str(),
            &*request.target,
            headers,
            [shared, own].concat(),
        ))
    }
}
