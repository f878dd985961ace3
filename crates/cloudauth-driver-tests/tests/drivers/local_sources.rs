//! Credential files and programs that hang: the deadline holds, and a dropped call leaves none behind.

use core::time::Duration;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Instant;

use cloudauth_hyper::Client;
use cloudauth_net::Options;
use cloudauth_proto::credentials::{External, Profile, ProfileFormat, Settings};
use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{Endpoints, Source};
use cloudauth_sim::conformance::limits;
use tokio::runtime::Builder;
use tokio::time::sleep;

use crate::credential_sources::Folder;
use crate::driver::{Async, Driver, options};
use crate::mock_server::MockServer;

const TOTAL: Duration = Duration::from_secs(1);

fn init() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}")
}

fn options_with(server: &MockServer, source: Source, total: Duration) -> Options {
    let mut limits = limits();
    limits.total_timeout = total;
    options(limits, Endpoints::only(server.url.parse().unwrap())).credentials(source)
}

/// A profile in a pipe that nobody writes to.
fn pipe(folder: &Folder) -> Source {
    let path = folder.path("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    let settings = Settings::default();
    Source::Profile(Profile::new(ProfileFormat::Cli, path, None, settings))
}

fn program(folder: &Folder, script: &str) -> Source {
    let path = folder.put("program.sh", script);
    Source::External(External::new(&format!("/bin/sh '{path}'")).unwrap())
}

#[expect(clippy::disallowed_methods, reason = "a timeout is measured")]
fn deadline_holds<D: Driver>() {
    let server = MockServer::new(|mut connection| connection.hold_open());
    for (name, source) in [
        (
            "a pipe that nobody writes to",
            pipe as fn(&Folder) -> Source,
        ),
        ("a program that hangs", |it| program(it, "sleep 20")),
        ("a program that closes its output and hangs", |it| {
            program(it, "exec >&-; sleep 20")
        }),
    ] {
        let folder = Folder::new();
        let driver = D::new(options_with(&server, source(&folder), TOTAL));
        let started = Instant::now();
        let error = driver.call(&init()).unwrap_err();
        let overrun = started.elapsed().saturating_sub(TOTAL);
        println!(
            "{:<5} {name}: {overrun:?} more than {TOTAL:?} ({error})",
            D::NAME
        );
        assert!(overrun < TOTAL / 2, "{name}: {overrun:?}");
        assert_eq!(server.connections(), 0);
    }
}

#[test]
fn the_total_timeout_holds_while_a_file_or_a_program_hangs_with_hyper() {
    deadline_holds::<Async>();
}

#[test]
#[cfg(target_os = "linux")]
#[expect(
    clippy::disallowed_methods,
    reason = "the drop of a runtime is measured"
)]
fn a_dropped_call_ends_its_program_and_holds_up_no_runtime() {
    let server = MockServer::new(|mut connection| connection.hold_open());
    let folder = Folder::new();
    let id_file = folder.path("id");
    for script in [
        format!("echo $$ > '{id_file}'; sleep 45"),
        format!("echo $$ > '{id_file}'; exec >&-; sleep 45"),
    ] {
        let source = program(&folder, &script);
        let client = Client::new(options_with(&server, source, TOTAL * 60)).unwrap();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let open = init();
        let id = runtime.block_on(async {
            tokio::select! {
                _ = client.call(&open) => panic!("the call ended"),
                id = async {
                    loop {
                        match fs::read_to_string(&id_file) {
                            Ok(id) if id.ends_with('\n') => return id,
                            Ok(_) | Err(_) => sleep(Duration::from_millis(5)).await,
                        }
                    }
                } => id,
            }
        });
        let started = Instant::now();
        drop(runtime);
        let took = started.elapsed();
        let program = Path::new("/proc").join(id.trim_end());
        while program.exists() && started.elapsed() < TOTAL * 10 {
            thread::sleep(Duration::from_millis(5));
        }
        let ended = started.elapsed();
        println!(
            "a program runs: the runtime was dropped in {took:?} (goal 100 ms), the program ended after {ended:?}"
        );
        assert!(took < TOTAL, "{took:?}");
        assert!(!program.exists(), "the program is still running");
        fs::remove_file(&id_file).unwrap();
    }
}

/// Nobody writes to the pipe, so the file cannot be opened for reading.
#[test]
#[cfg(unix)]
#[expect(
    clippy::disallowed_methods,
    reason = "the drop of a runtime is measured"
)]
fn a_file_that_cannot_be_read_holds_up_no_runtime() {
    let server = MockServer::new(|mut connection| connection.hold_open());
    let folder = Folder::new();
    let options = options_with(&server, pipe(&folder), TOTAL * 60);
    let client = Client::new(options).unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let open = init();
    runtime.block_on(async {
        tokio::select! {
            _ = client.call(&open) => panic!("the call ended"),
            () = sleep(Duration::from_millis(100)) => {}
        }
    });
    let started = Instant::now();
    drop(runtime);
    let took = started.elapsed();
    println!("a file hangs: the runtime was dropped in {took:?} (goal 100 ms)");
    assert!(took < TOTAL, "{took:?}");
}
