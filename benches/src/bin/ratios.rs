//! Everything that is claimed about speed: ratios measured side by side, in a table, and as plots
//! in `benches/plots`.
//!
//! A ratio is a subject's time over that of the hash work alone: while nobody disturbs, and the median
//! ([`cloudauth_benches::measure`]). The plots show the first.
#![expect(clippy::print_stdout, reason = "a bench")]

use core::error::Error;
use core::hint::black_box;
use core::time::Duration;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use cloudauth_benches::calls::{Signer, init, picture, picture_params};
use cloudauth_benches::measure::{Subject, ratios};
use cloudauth_benches::naive::{self, params_of};
use cloudauth_benches::{floors, others, plots, tables};
use cloudauth_proto::{Operation, Params, Scheme};

const RPC: Scheme = Scheme::RpcHmacSha1;
const ACS3: Scheme = Scheme::Acs3HmacSha256;

fn main() -> Result<(), Box<dyn Error>> {
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
    /// Measures, and prints a line for each subject but the first, which is the floor.
    fn measure(&mut self, title: &str, goal: &str, rounds: usize, mut subjects: Vec<Subject<'_>>) {
        let turn = Duration::from_micros(100);
        let found = ratios(&mut subjects, rounds, turn);
        let floor = found.first / 1e3;
        println!("\n{title}: the hash work alone takes {floor:.2} µs");
        println!("{:<36} {:>5} | quiet median", "", "goal");
        let found = found.quiet.into_iter().zip(found.median);
        for ((name, _), (quiet, median)) in subjects.iter().zip(found).skip(1) {
            let goal = if *name == "ours" { goal } else { "" };
            println!("  {name:<34} {goal:>5} | {quiet:>5.2} {median:>6.2}");
            self.rows.push((format!("{title}, {name}"), quiet));
        }
    }
}

fn small(table: &mut Table) {
    let (signer, operation) = (Signer::new(), init());
    let mut params = Params::new();
    operation.encode(&mut params);
    let request = signer.build(ACS3, &operation);
    let body = String::from_utf8_lossy(request.body.parts().0).into_owned();
    let target = request.target.as_str();
    let asked = naive::asked(params_of(&target[2..]), params_of(&body), signer.nonce());
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
    let subjects: Vec<Subject<'_>> = vec![
        ("floor", Box::new(floors::rpc(&rpc.string_to_sign))),
        ("ours", Box::new(|| build(RPC))),
        ("ours, a second attempt", Box::new(|| again(RPC))),
        ("two tables, no request", Box::new(tables)),
        (
            "naive",
            Box::new(|| drop(black_box(naive::rpc(black_box(&asked))))),
        ),
    ];
    table.measure("RPC 1.0", "2.3", 4001, subjects);
    let floor = floors::acs3(body.as_bytes(), &acs3.canonical, &acs3.string_to_sign);
    let subjects: Vec<Subject<'_>> = vec![
        ("floor", Box::new(floor)),
        ("ours", Box::new(|| build(ACS3))),
        ("ours, a second attempt", Box::new(|| again(ACS3))),
        (
            "naive",
            Box::new(|| drop(black_box(naive::acs3(black_box(&asked))))),
        ),
        ("aws-sigv4", Box::new(others::aws_sigv4(target, &body))),
        ("rusty-s3", Box::new(others::rusty_s3(&all))),
        ("reqsign", Box::new(others::reqsign(target))),
    ];
    table.measure("ACS3", "1.8", 4001, subjects);
}

fn large(table: &mut Table) {
    let signer = Signer::new();
    let picture = picture(5_600_000);
    let params = picture_params(&picture);
    let (rpc, acs3) = (signer.explain(RPC, &params), signer.explain(ACS3, &params));
    let request = signer.sign(ACS3, &params);
    let build = |scheme| drop(black_box(signer.build_picture(scheme, black_box(&picture))));
    let subjects: Vec<Subject<'_>> = vec![
        ("floor", Box::new(floors::rpc(&rpc.string_to_sign))),
        ("ours", Box::new(|| build(RPC))),
    ];
    table.measure("RPC 1.0, 5.6 MB", "1.8", 201, subjects);
    let (body, _) = request.body.parts();
    let floor = floors::acs3(body, &acs3.canonical, &acs3.string_to_sign);
    let subjects: Vec<Subject<'_>> = vec![
        ("floor", Box::new(floor)),
        ("ours", Box::new(|| build(ACS3))),
    ];
    table.measure("ACS3, 5.6 MB", "1.5", 201, subjects);
}

/// From 1 kB to 16 MB.
fn growth(plots: &Path) -> Result<(), Box<dyn Error>> {
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
        let mut subjects: Vec<Subject<'_>> = vec![
            ("RPC 1.0", Box::new(|| build(RPC))),
            ("ACS3", Box::new(|| build(ACS3))),
        ];
        let found = ratios(&mut subjects, 101, Duration::from_micros(100));
        let bytes = f64::from(u32::try_from(size)?);
        let (first, second) = (found.first, found.first * found.quiet[1]);
        println!("{size:>12} {:>8.2} {:>8.2}", first / bytes, second / bytes);
        rpc.push((bytes, first / 1e6));
        acs3.push((bytes, second / 1e6));
    }
    plots::growth(
        &plots.join("growth.svg"),
        &[("RPC 1.0", rpc), ("ACS3", acs3)],
    )
}
