//! Prints how long the simulator takes to start, how much it answers on one core, and what memory 100 000
//! verifications take: `cargo run --release -p cloudauth-sim --example figures`
//!
//! A core's time is what the system says that this process had, so that others on the machine do not count.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "measuring and printing is what it is for"
)]

use core::error::Error;
use core::time::Duration;
use std::time::Instant;

use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::sign::{Draft, Stamp};
use cloudauth_proto::{
    Credentials, Endpoint, Entropy, Operation, Params, Problem, Scheme, UnixTime,
};
use cloudauth_sim::{
    ACCESS_KEY_ID, ACCESS_KEY_SECRET, Incoming, Reaction, Region, Simulator, Verdict, World,
};
use serde_json::Value;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const AT: u64 = 1_800_000_000;
const SCENE_ID: i64 = 1_000_000_006;

fn main() -> Outcome {
    start()?;
    let (mut world, mut signer) = (World::new(), Signer::new()?);
    for kept in [100_000, 200_000, 300_000] {
        verifications(&mut world, &mut signer, &format!("{kept} verifications"))?;
    }
    Ok(())
}

/// From nothing to the first answer.
fn start() -> Outcome {
    let mut took = Vec::new();
    for _ in 0..21 {
        let (begin, worked) = (Instant::now(), core_time()?);
        let simulator = Simulator::start()?;
        let address = simulator.page_url().replace("http://", "");
        std::net::TcpStream::connect(address)?;
        took.push((begin.elapsed(), core_time()?.saturating_sub(worked)));
    }
    took.sort();
    let ((median, core), (slowest, _)) = (took[10], took[20]);
    println!(
        "start, to the first connection: median of {} {median:?} ({core:?} of a core's time), slowest {slowest:?}",
        took.len()
    );
    Ok(())
}

/// Signed together, then handled together: only the handling counts.
const BATCH: usize = 1_000;

const BATCHES: usize = 100;

/// Opens, finishes and describes, without sockets: what the simulator itself takes.
fn verifications(world: &mut World, signer: &mut Signer, what: &str) -> Outcome {
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
        let requests: Outcome<Vec<Incoming>> = (0..BATCH).map(|n| signer.sign(&init(n))).collect();
        busy += timed(&requests?, |request| {
            let opened = answered(world.handle(Region::Shanghai, request, AT))?;
            let id = opened["ResultObject"]["CertifyId"].as_str();
            ids.push(id.ok_or("no CertifyId")?.to_owned());
            Ok(())
        })?;
        for id in &ids {
            world.finish(id, Verdict::Passed, AT)?;
        }
        let question = |id: &String| DescribeFaceVerify::new(SCENE_ID, id.clone());
        let requests: Outcome<Vec<Incoming>> =
            ids.iter().map(|id| signer.sign(&question(id))).collect();
        busy += timed(&requests?, |request| {
            let described = answered(world.handle(Region::Shanghai, request, AT))?;
            if described["ResultObject"]["Passed"] == "T" {
                return Ok(());
            }
            Err("not passed".into())
        })?;
    }
    let rate = f64::from(u32::try_from(2 * BATCHES * BATCH)?) / busy.as_secs_f64();
    let resident = resident().ok_or("memory is only known on Linux")?;
    let mib = f64::from(u32::try_from(resident)?) / 1024.0;
    println!("{what}: {rate:.0} requests a second of one core's time, {mib:.1} MiB in memory");
    Ok(())
}

fn timed(requests: &[Incoming], mut handle: impl FnMut(&Incoming) -> Outcome) -> Outcome<Duration> {
    let begin = core_time()?;
    for request in requests {
        handle(request)?;
    }
    Ok(core_time()?.saturating_sub(begin))
}

/// The time that this process had a core.
fn core_time() -> Outcome<Duration> {
    let stat = std::fs::read_to_string("/proc/self/schedstat")?;
    let nanos = stat.split(' ').next().ok_or("no time")?.parse()?;
    Ok(Duration::from_nanos(nanos))
}

fn answered(reaction: Reaction) -> Outcome<Value> {
    let Reaction::Answer { body, .. } = reaction else {
        return Err(format!("{reaction:?}").into());
    };
    Ok(serde_json::from_slice(&body)?)
}

/// In KiB.
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
    fn new() -> Outcome<Self> {
        Ok(Self {
            credentials: Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET)?,
            entropy: Entropy::from_seed([1; 32]),
        })
    }

    fn sign(&mut self, operation: &impl Operation) -> Outcome<Incoming> {
        let problems: Vec<Problem> = operation.check();
        if !problems.is_empty() {
            return Err(format!("{problems:?}").into());
        }
        let mut params = Params::new();
        operation.encode(&mut params);
        let terms = operation.terms();
        let endpoint = Endpoint::SHANGHAI;
        let draft = Draft::new(
            terms.method,
            &terms.action,
            &terms.version,
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
        Ok(Incoming::new(
            request.method.as_str(),
            &*request.target,
            headers,
            [shared, own].concat(),
        ))
    }
}
