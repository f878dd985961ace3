//! What a call holds while it waits: many calls in flight, none of which is answered before all have
//! been asked, with the async driver and with the bare library below it.
//!
//! Needs two sockets for each, one in each process: `ulimit -n` must allow them.
#![expect(clippy::print_stdout, reason = "a bench")]

use core::error::Error;
use core::time::Duration;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;

use cloudauth_benches::loopback::{Server, many_sockets, serve_if_asked};
use cloudauth_benches::subjects::{bare_pool, options, prepared};
use cloudauth_proto::ops::DescribeFaceVerify;
use http_body_util::{BodyExt, Full};
use tokio::runtime::Builder;
use tokio::time::sleep;

/// Counts bytes only while a profiler lives.
#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

type Outcome<T> = Result<T, Box<dyn Error>>;

const CALLS: usize = 10_000;
const SUBJECTS: [&str; 2] = ["bare hyper-util", "cloudauth-hyper"];
const MEASURES: [&str; 2] = ["resident", "allocated"];

fn main() -> Outcome<()> {
    if serve_if_asked()? {
        return Ok(());
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [subject, measure] = &*arguments {
        return run(subject, measure);
    }
    println!("bytes per call, {CALLS} calls in flight over plain http");
    println!("{:<20} {:>10} {:>10}", "", MEASURES[0], MEASURES[1]);
    for subject in SUBJECTS {
        print!("{subject:<20}");
        for measure in MEASURES {
            // A process for each, so that none finds what another left.
            let mut process = Command::new(std::env::current_exe()?);
            let told = process.args([subject, measure]).output()?;
            let bytes = String::from_utf8(told.stdout)?;
            if !told.status.success() {
                return Err(String::from_utf8(told.stderr)?.into());
            }
            print!(" {:>10}", bytes.trim());
        }
        println!();
    }
    Ok(())
}

/// Prints what one call of this subject holds, by this measure.
#[expect(clippy::unwrap_used, reason = "a bench")]
fn run(subject: &str, measure: &str) -> Outcome<()> {
    if many_sockets()? < CALLS as u64 + 100 {
        return Err("ulimit -n is too low".into());
    }
    // It answers with the one that comes last.
    let server = Server::start(CALLS + 1)?;
    let describe = DescribeFaceVerify::new(1_000_000_006, "91707dc296d469ad38e4c5efa6a0f24b");
    let prepared = Arc::new(prepared(&server.plain, &describe)?);
    let patience = Duration::from_secs(600);
    let options = options(&server.plain, &server.root)?;
    let options = options.connect_timeout(patience).read_timeout(patience);
    let client = Arc::new(cloudauth_hyper::Client::new(
        options.total_timeout(patience),
    )?);
    let pool = bare_pool(&server.root)?;
    let is_bare = subject == SUBJECTS[0];

    let profiler = (measure == MEASURES[1]).then(|| dhat::Profiler::builder().testing().build());
    let held = || -> Outcome<usize> {
        Ok(if profiler.is_some() {
            dhat::HeapStats::get().curr_bytes
        } else {
            resident()?
        })
    };
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let before = held()?;
        let mut calls = Vec::with_capacity(CALLS);
        for n in 0..CALLS {
            let (client, describe) = (Arc::clone(&client), describe.clone());
            let (pool, prepared) = (pool.clone(), Arc::clone(&prepared));
            calls.push(tokio::spawn(async move {
                if is_bare {
                    let reply = pool.request((*prepared).clone().map(Full::new)).await;
                    drop(reply.unwrap().into_body().collect().await.unwrap());
                } else {
                    client.call(&describe).await.unwrap();
                }
            }));
            if n % 100 == 0 {
                // No faster than the server's queue takes them.
                sleep(Duration::from_millis(5)).await;
            }
        }
        let mut after = held()?;
        loop {
            sleep(Duration::from_millis(500)).await;
            let now = held()?;
            if now == after {
                break;
            }
            after = now;
        }
        let address = server.plain.trim_start_matches("http://");
        let mut last = TcpStream::connect(address)?;
        last.write_all(b"GET / HTTP/1.1\r\n\r\n")?;
        // All of them were in flight, or this would never end.
        for call in calls {
            call.await?;
        }
        last.read_exact(&mut [0])?;
        println!("{}", after.saturating_sub(before) / CALLS);
        Ok(())
    })
}

/// This process's memory.
fn resident() -> Outcome<usize> {
    let pages = fs::read_to_string("/proc/self/statm")?;
    let resident = pages.split(' ').nth(1).ok_or("no statm")?;
    Ok(resident.parse::<usize>()? * rustix::param::page_size())
}
