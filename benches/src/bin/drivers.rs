//! What the drivers cost, beside the bare libraries below them that send the same bytes, prepared: on
//! loopback, to a server that gives one fixed reply.
//!
//! A rate is calls per second (or per second of processor) as a share of the bare library's in the same
//! round; what is signed, decided and decoded is in it.
#![expect(clippy::print_stdout, reason = "a bench")]

use core::error::Error;

use cloudauth_benches::calls::init;
use cloudauth_benches::loopback::{Server, serve_if_asked};
use cloudauth_benches::measure::{Repeated, rates};
use cloudauth_benches::subjects::{bare_hyper, bare_ureq, core, hyper, prepared, ureq};
use cloudauth_proto::Operation;
use cloudauth_proto::ops::DescribeFaceVerify;
use tokio::runtime::Builder;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    if serve_if_asked()? {
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
) -> Outcome<()> {
    let prepared = prepared(url, operation)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    println!("{title}");
    let mut many: Vec<Repeated<'_>> = vec![
        (
            "bare hyper-util, 16 in flight",
            bare_hyper(&runtime, root, &prepared)?,
        ),
        (
            "cloudauth-hyper, 16 in flight",
            hyper(&runtime, url, root, operation)?,
        ),
    ];
    print(&mut many, rounds, 4_000, "0.75");
    let mut one: Vec<Repeated<'_>> = vec![
        ("bare ureq", bare_ureq(root, &prepared)),
        ("cloudauth-ureq", ureq(url, root, operation)?),
    ];
    print(&mut one, rounds, 1_000, "0.90");
    let mut alone: Vec<Repeated<'_>> = vec![("the core alone, no network", core(url, operation)?)];
    let found = rates(&mut alone, rounds, 1_000);
    println!("  {:<42} {:>37.1}", alone[0].0, found[0].0.cpu * 1e6);
    Ok(())
}

fn print(subjects: &mut [Repeated<'_>], rounds: usize, count: u32, goal: &str) {
    let found = rates(subjects, rounds, count);
    for ((name, _), (cost, rate)) in subjects.iter().zip(found) {
        let goal = if name.starts_with("bare") { "" } else { goal };
        println!(
            "  {name:<42} {goal:>8} {:>8.2} {:>12.2} {:>9.1}",
            rate.wall,
            rate.cpu,
            cost.cpu * 1e6
        );
    }
}
