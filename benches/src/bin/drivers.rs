//! Cost of the drivers relative to the bare HTTP libraries that they are built on.
//!
//! All clients send to a server on loopback that sends one fixed response. The bare libraries send the
//! same bytes, which were prepared in advance, while the drivers build, sign and decode. A rate is the
//! number of calls per second, by the wall clock or of CPU time, divided by that of the bare library in
//! the same round.
//!
//! `cargo run --release -p cloudauth-benches --bin drivers [rounds]`, 31 rounds by default.
#![expect(clippy::print_stdout, reason = "a bench")]

use cloudauth_benches::Result;
use cloudauth_benches::calls::init;
use cloudauth_benches::clients::{bare_hyper, bare_ureq, hyper, prepared, ureq};
use cloudauth_benches::loopback::{Server, serve_if_requested};
use cloudauth_benches::measure::{Workload, rates};
use cloudauth_proto::Operation;
use cloudauth_proto::ops::DescribeFaceVerify;
use tokio::runtime::Builder;

fn main() -> Result<()> {
    if serve_if_requested()? {
        return Ok(());
    }
    let rounds = std::env::args().nth(1).map_or(Ok(31), |n| n.parse())?;
    let server = Server::start(1)?;
    println!(
        "{:<44} {:>8} {:>8} {:>12} {:>9}",
        "", "goal", "rate", "rate per CPU", "CPU µs"
    );
    for (name, url) in [("http", &server.plain), ("https", &server.tls)] {
        let describe = DescribeFaceVerify::new(1_000_000_006, "91707dc296d469ad38e4c5efa6a0f24b");
        measure(
            &format!("{name}, DescribeFaceVerify"),
            url,
            &server.root,
            &describe,
            rounds,
        )?;
        measure(
            &format!("{name}, InitFaceVerify with 21 parameters"),
            url,
            &server.root,
            &init(),
            rounds,
        )?;
    }
    Ok(())
}

fn measure<O: Operation + Clone + Send + Sync + 'static>(
    title: &str,
    url: &str,
    root: &str,
    operation: &O,
    rounds: usize,
) -> Result<()> {
    let prepared = prepared(url, operation)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    println!("{title}");
    let mut concurrent: Vec<Workload<'_>> = vec![
        (
            "bare hyper-util, 16 in flight",
            bare_hyper(&runtime, root, &prepared)?,
        ),
        (
            "cloudauth-hyper, 16 in flight",
            hyper(&runtime, url, root, operation)?,
        ),
    ];
    print(&mut concurrent, rounds, 4_000, "0.65");
    let mut blocking: Vec<Workload<'_>> = vec![
        ("bare ureq", bare_ureq(root, &prepared)),
        ("cloudauth-ureq", ureq(url, root, operation)?),
    ];
    print(&mut blocking, rounds, 1_000, "0.80");
    let mut core: Vec<Workload<'_>> = vec![(
        "core alone, no network",
        cloudauth_benches::clients::core(url, operation)?,
    )];
    let found = rates(&mut core, rounds, 1_000);
    println!("  {:<42} {:>37.1}", core[0].0, found[0].0.cpu * 1e6);
    Ok(())
}

fn print(workloads: &mut [Workload<'_>], rounds: usize, count: u32, goal: &str) {
    let found = rates(workloads, rounds, count);
    for ((name, _), (cost, rate)) in workloads.iter().zip(found) {
        let goal = if name.starts_with("bare") { "" } else { goal };
        println!(
            "  {name:<42} {goal:>8} {:>8.2} {:>12.2} {:>9.1}",
            rate.wall,
            rate.cpu,
            cost.cpu * 1e6
        );
    }
}
