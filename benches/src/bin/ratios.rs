//! Signing time relative to the hash work alone, as a table and as plots in `benches/plots`.
//!
//! The table has the 5th percentile and the median ([`cloudauth_benches::measure`]); the plots show the
//! 5th percentile. A last table has the results of `--bin memory`.
#![expect(clippy::print_stdout, reason = "a bench")]

use core::hint::black_box;
use core::time::Duration;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use cloudauth_benches::Result;
use cloudauth_benches::calls::{Signer, init, picture, picture_params};
use cloudauth_benches::measure::{Candidate, ratios};
use cloudauth_benches::naive::{self, params_of};
use cloudauth_benches::plots::OURS;
use cloudauth_benches::{floors, others, plots, tables};
use cloudauth_proto::operation::Params;
use cloudauth_proto::{Operation, Scheme};

const RPC: Scheme = Scheme::RpcHmacSha1;
const ACS3: Scheme = Scheme::Acs3HmacSha256;

fn main() -> Result<()> {
    let mut table = Table::default();
    small(&mut table);
    large(&mut table);
    let plots = Path::new(env!("CARGO_MANIFEST_DIR")).join("plots");
    std::fs::create_dir_all(&plots)?;
    plots::bars(&plots.join("ratios.svg"), &table.rows)?;
    growth(&plots)?;
    println!();
    let memory = [
        "run",
        "--release",
        "--quiet",
        "-p",
        "cloudauth-benches",
        "--bin",
        "memory",
    ];
    Command::new(env!("CARGO")).args(memory).status()?;
    Ok(())
}

#[derive(Default)]
struct Table {
    rows: Vec<(String, f64)>,
}

impl Table {
    /// Measures, and prints a line for each candidate but the first, which is the floor.
    fn measure(
        &mut self,
        title: &str,
        goal: &str,
        rounds: usize,
        mut candidates: Vec<Candidate<'_>>,
    ) {
        let turn = Duration::from_micros(100);
        let found = ratios(&mut candidates, rounds, turn);
        let floor = found.first / 1e3;
        println!("\n{title}: the hash work alone takes {floor:.2} µs");
        println!("{:<36} {:>5} |    p5 median", "", "goal");
        let found = found.p5.into_iter().zip(found.median);
        for ((name, _), (p5, median)) in candidates.iter().zip(found).skip(1) {
            let goal = if *name == OURS { goal } else { "" };
            println!("  {name:<34} {goal:>5} | {p5:>5.2} {median:>6.2}");
            self.rows.push((format!("{title}, {name}"), p5));
        }
    }
}

fn small(table: &mut Table) {
    let (signer, operation) = (Signer::new(), init());
    let mut params = Params::new();
    operation.encode(&mut params);
    let acs3_request = signer.build(ACS3, &operation);
    let body = String::from_utf8_lossy(acs3_request.body.parts().0).into_owned();
    let target = acs3_request.target.as_str();
    let request =
        naive::unsigned_request(params_of(&target[2..]), params_of(&body), signer.nonce());
    let all: BTreeMap<String, String> = params_of(&format!("{}&{body}", &target[2..]));
    let (rpc, acs3) = (signer.explain(RPC, &params), signer.explain(ACS3, &params));
    println!(
        "InitFaceVerify: {} parameters, {} bytes encoded",
        params.names().count(),
        target.len() - 2 + body.len()
    );
    let build = |scheme| drop(black_box(signer.build(scheme, black_box(&operation))));
    let again = |scheme| drop(black_box(signer.sign(scheme, black_box(&params))));
    let pairs = params_of(&rpc.canonical);
    let tables = tables::signer(&pairs, &rpc.string_to_sign);
    let candidates: Vec<Candidate<'_>> = vec![
        ("floor", Box::new(floors::rpc(&rpc.string_to_sign))),
        (OURS, Box::new(|| build(RPC))),
        ("cloudauth, second attempt", Box::new(|| again(RPC))),
        ("lookup tables, no request", Box::new(tables)),
        (
            "naive",
            Box::new(|| drop(black_box(naive::rpc(black_box(&request))))),
        ),
    ];
    table.measure("RPC 1.0", "2.1", 4001, candidates);
    let floor = floors::acs3(body.as_bytes(), &acs3.canonical, &acs3.string_to_sign);
    let candidates: Vec<Candidate<'_>> = vec![
        ("floor", Box::new(floor)),
        (OURS, Box::new(|| build(ACS3))),
        ("cloudauth, second attempt", Box::new(|| again(ACS3))),
        (
            "naive",
            Box::new(|| drop(black_box(naive::acs3(black_box(&request))))),
        ),
        ("aws-sigv4", Box::new(others::aws_sigv4(target, &body))),
        ("rusty-s3", Box::new(others::rusty_s3(&all))),
        ("reqsign", Box::new(others::reqsign(target))),
    ];
    table.measure("ACS3", "1.9", 4001, candidates);
}

fn large(table: &mut Table) {
    let signer = Signer::new();
    let picture = picture(5_600_000);
    let params = picture_params(&picture);
    let (rpc, acs3) = (signer.explain(RPC, &params), signer.explain(ACS3, &params));
    let request = signer.sign(ACS3, &params);
    let build = |scheme| drop(black_box(signer.build_picture(scheme, black_box(&picture))));
    let candidates: Vec<Candidate<'_>> = vec![
        ("floor", Box::new(floors::rpc(&rpc.string_to_sign))),
        (OURS, Box::new(|| build(RPC))),
    ];
    table.measure("RPC 1.0, 5.6 MB", "1.8", 201, candidates);
    let (body, _) = request.body.parts();
    let floor = floors::acs3(body, &acs3.canonical, &acs3.string_to_sign);
    let candidates: Vec<Candidate<'_>> =
        vec![("floor", Box::new(floor)), (OURS, Box::new(|| build(ACS3)))];
    table.measure("ACS3, 5.6 MB", "1.5", 201, candidates);
}

/// Signing time of pictures from 1 kB to 16 MB.
fn growth(plots: &Path) -> Result<()> {
    let signer = Signer::new();
    println!(
        "\nGrowth, ns per byte\n{:>12} {:>8} {:>8}",
        "bytes", "RPC 1.0", "ACS3"
    );
    let (mut rpc, mut acs3) = (Vec::new(), Vec::new());
    for power in 0..15_u32 {
        let size = 1_000 << power;
        let picture = picture(size);
        let build = |scheme| drop(black_box(signer.build_picture(scheme, black_box(&picture))));
        let mut candidates: Vec<Candidate<'_>> = vec![
            ("RPC 1.0", Box::new(|| build(RPC))),
            ("ACS3", Box::new(|| build(ACS3))),
        ];
        let found = ratios(&mut candidates, 101, Duration::from_micros(100));
        let bytes = f64::from(u32::try_from(size)?);
        let (first, second) = (found.first, found.first * found.p5[1]);
        println!("{size:>12} {:>8.2} {:>8.2}", first / bytes, second / bytes);
        rpc.push((bytes, first / 1e6));
        acs3.push((bytes, second / 1e6));
    }
    plots::growth(
        &plots.join("growth.svg"),
        &[("RPC 1.0", rpc), ("ACS3", acs3)],
    )
}
