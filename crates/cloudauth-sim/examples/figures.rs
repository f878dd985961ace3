//! Prints how long the simulator takes to start, how much it answers on one core, and what memory 100 000
//! verifications take: `cargo run --release -p cloudauth-sim --example figures`

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "measuring and printing is what it is for"
)]

use core::error::Error;
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
    verifications(100_000, "after 100 000 verifications")?;
    verifications(
        300_000,
        "after 300 000 verifications, of which 100 000 are kept",
    )?;
    Ok(())
}

/// From nothing to the first answer.
fn start() -> Outcome {
    let mut took = Vec::new();
    for _ in 0..21 {
        let begin = Instant::now();
        let simulator = Simulator::start()?;
        let address = simulator.page_url().replace("http://", "");
        std::net::TcpStream::connect(address)?;
        took.push(begin.elapsed());
    }
    took.sort();
    println!(
        "start, to the first connection: median {:?} of {} starts, slowest {:?}",
        took[10],
        took.len(),
        took[20]
    );
    Ok(())
}

/// Opens, finishes and describes, without sockets: what the simulator itself takes. The requests are signed first,
/// and not counted.
fn verifications(count: usize, what: &str) -> Outcome {
    let mut signer = Signer::new()?;
    let mut world = World::new();
    let before = resident();
    let (mut requests, mut busy) = (0, core::time::Duration::ZERO);
    for number in 0..count {
        let init = InitFaceVerify::new(SCENE_ID, format!("order{number}"), "ID_PRO")
            .model("MULTI_ACTION")
            .cert_type("IDENTITY_CARD")
            .cert_name("张三")
            .cert_no("330103199001011230")
            .return_url("https://www.example.com/back")
            .meta_info(r#"{"deviceType":"h5"}"#);
        let init = signer.sign(&init)?;
        let begin = Instant::now();
        let opened = answered(world.handle(Region::Shanghai, &init, AT))?;
        busy += begin.elapsed();
        let id = opened["ResultObject"]["CertifyId"]
            .as_str()
            .ok_or("no CertifyId")?;
        world.finish(id, Verdict::Passed, AT)?;
        let describe = signer.sign(&DescribeFaceVerify::new(SCENE_ID, id))?;
        let begin = Instant::now();
        let described = answered(world.handle(Region::Shanghai, &describe, AT))?;
        busy += begin.elapsed();
        if described["ResultObject"]["Passed"] != "T" {
            return Err("not passed".into());
        }
        requests += 2;
    }
    let rate = f64::from(u32::try_from(requests)?) / busy.as_secs_f64();
    let grown = resident()
        .zip(before)
        .map(|(after, before)| after.saturating_sub(before));
    println!(
        "{what}: {rate:.0} requests a second on one core (signature checked, answered, logged)"
    );
    match grown {
        Some(kib) => println!(
            "{what}: {:.1} MiB more in memory",
            f64::from(u32::try_from(kib)?) / 1024.0
        ),
        None => println!("{what}: memory is only known on Linux"),
    }
    Ok(())
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
