//! Memory per pending call, with the async driver and with the bare library that it is built on.
//!
//! 10 000 calls are in flight at once; the server responds when all requests have arrived. Client and
//! server need one socket per call each: raise `ulimit -n` above 10 100 first.
#![expect(clippy::print_stdout, reason = "a bench")]

use core::time::Duration;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;

use cloudauth_benches::Result;
use cloudauth_benches::clients::{bare_pool, options, prepared};
use cloudauth_benches::loopback::{Server, raise_socket_limit, serve_if_requested};
use cloudauth_proto::ops::DescribeFaceVerify;
use http_body_util::{BodyExt, Full};
use tokio::runtime::Builder;
use tokio::time::sleep;

/// Counts bytes only while a profiler exists.
#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const CALLS: usize = 10_000;
const CLIENTS: [&str; 2] = ["bare hyper-util", "cloudauth-hyper"];
const MEASURES: [&str; 2] = ["resident", "allocated"];

fn main() -> Result<()> {
    if serve_if_requested()? {
        return Ok(());
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [client, measure] = &*arguments {
        return run(client, measure);
    }
    println!("bytes per call, {CALLS} calls in flight over plain http");
    println!("{:<20} {:>10} {:>10}", "", MEASURES[0], MEASURES[1]);
    for client in CLIENTS {
        print!("{client:<20}");
        for measure in MEASURES {
            // Each measurement runs in a process of its own, with a fresh heap.
            let mut process = Command::new(std::env::current_exe()?);
            let output = process.args([client, measure]).output()?;
            let bytes = String::from_utf8(output.stdout)?;
            if !output.status.success() {
                return Err(String::from_utf8(output.stderr)?.into());
            }
            print!(" {:>10}", bytes.trim());
        }
        println!();
    }
    Ok(())
}

/// Prints the memory per pending call of a client, by a measure.
#[expect(clippy::unwrap_used, reason = "a bench")]
fn run(client_name: &str, measure: &str) -> Result<()> {
    if raise_socket_limit()? < CALLS as u64 + 100 {
        return Err("too few sockets: raise ulimit -n".into());
    }
    // One request more than there are calls: the last one releases all responses.
    let server = Server::start(CALLS + 1)?;
    let describe = DescribeFaceVerify::new(1_000_000_006, "91707dc296d469ad38e4c5efa6a0f24b");
    let prepared = Arc::new(prepared(&server.plain, &describe)?);
    let timeout = Duration::from_secs(600);
    let options = options(&server.plain, &server.root)?;
    let options = options.connect_timeout(timeout).read_timeout(timeout);
    let client = Arc::new(cloudauth_hyper::Client::new(
        options.total_timeout(timeout),
    )?);
    let pool = bare_pool(&server.root)?;
    let is_bare = client_name == CLIENTS[0];

    let profiler = (measure == MEASURES[1]).then(|| dhat::Profiler::builder().testing().build());
    let memory = || -> Result<usize> {
        Ok(if profiler.is_some() {
            dhat::HeapStats::get().curr_bytes
        } else {
            resident()?
        })
    };
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let before = memory()?;
        let mut calls = Vec::with_capacity(CALLS);
        for n in 0..CALLS {
            let (client, describe) = (Arc::clone(&client), describe.clone());
            let (pool, prepared) = (pool.clone(), Arc::clone(&prepared));
            calls.push(tokio::spawn(async move {
                if is_bare {
                    let response = pool.request((*prepared).clone().map(Full::new)).await;
                    drop(response.unwrap().into_body().collect().await.unwrap());
                } else {
                    client.call(&describe).await.unwrap();
                }
            }));
            if n % 100 == 0 {
                // Leave the server time to accept the connections.
                sleep(Duration::from_millis(5)).await;
            }
        }
        let mut after = memory()?;
        loop {
            sleep(Duration::from_millis(500)).await;
            let now = memory()?;
            if now == after {
                break;
            }
            after = now;
        }
        let address = server.plain.trim_start_matches("http://");
        let mut last = TcpStream::connect(address)?;
        last.write_all(b"GET / HTTP/1.1\r\n\r\n")?;
        // Hangs unless all calls were in flight.
        for call in calls {
            call.await?;
        }
        last.read_exact(&mut [0])?;
        println!("{}", after.saturating_sub(before) / CALLS);
        Ok(())
    })
}

/// The resident memory of this process, in bytes.
fn resident() -> Result<usize> {
    let pages = fs::read_to_string("/proc/self/statm")?;
    let resident = pages.split(' ').nth(1).ok_or("no statm")?;
    Ok(resident.parse::<usize>()? * rustix::param::page_size())
}
