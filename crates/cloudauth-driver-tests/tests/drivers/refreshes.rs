//! Refreshes of the credentials: what takes longer than a call, what does not end, what is left after a
//! drop.
#![cfg(unix)]

use core::time::Duration;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::thread;

use cloudauth_proto::credentials::{External, Profile, ProfileFormat, Uri};
use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{Endpoints, Error, Policy, Source};
use cloudauth_sim::Simulator;
use cloudauth_sim::conformance::limits;

use crate::credential_sources::{Folder, settings};
use crate::driver::{Async, Blocking, Driver, both, options};
use crate::mock_server::{MockConnection, MockServer, OK, response};
use crate::transport::timed;

both! {
    a_credentials_file_that_is_a_pipe_without_a_writer_ends_with_the_total_timeout => pipe;
    a_program_that_closes_its_output_and_lives_on_ends_with_the_total_timeout => program;
}

fn init() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}")
}

fn short() -> Policy {
    let mut limits = limits();
    limits.total_timeout = Duration::from_millis(500);
    limits
}

/// A server that responds to every request after a delay.
fn issuer(serve: impl Fn(&mut MockConnection) + Clone + Send + 'static) -> (MockServer, Source) {
    let server = MockServer::new(move |mut connection| {
        while connection.read_request() {
            serve(&mut connection);
        }
    });
    let uri = Uri::new(&format!("{}/credentials", server.url)).unwrap();
    (server, Source::Uri(uri))
}

fn endpoint() -> (MockServer, Endpoints) {
    let server = MockServer::new(|mut connection| {
        while connection.read_request() {
            connection.send(&response(OK));
        }
    });
    let endpoints = Endpoints::only(server.url.parse().unwrap());
    (server, endpoints)
}

/// How long after the drop of the client and its clone the issuer sees the end of the connection.
fn ends_with_client<D: Driver + Clone>() {
    let (ended, wait) = mpsc::channel();
    let (issuer, source) = issuer(move |connection| {
        connection.hold_open();
        let _ = ended.send(());
    });
    let (_service, endpoints) = endpoint();
    let mut limits = short();
    limits.read_timeout = Duration::from_secs(60);
    let client = D::new(options(limits, endpoints).credentials(source));
    client.call(&init()).unwrap_err();
    assert_eq!(issuer.requests(), 1);
    let clone = client.clone();
    drop(client);
    wait.recv_timeout(Duration::from_millis(300)).unwrap_err();
    drop(clone);
    let (seen, took) = timed(|| wait.recv_timeout(Duration::from_secs(30)));
    seen.unwrap();
    println!(
        "{}: the refresh ended {took:?} after the drop of the client",
        D::NAME
    );
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[test]
fn a_refresh_of_ureq_ends_when_its_client_is_dropped() {
    ends_with_client::<Blocking>();
}

/// The program of a refresh that outlives its call ends with the client, too.
fn program_ends_with_client<D: Driver>() {
    let folder = Folder::new();
    let pid = folder.path("pid");
    let script = format!("echo $$ > {pid}; exec sleep 100");
    let source = External::new(&format!("/bin/sh -c '{script}'")).unwrap();
    let (_service, endpoints) = endpoint();
    let options = options(short(), endpoints).credentials(Source::External(source));
    let client = D::new(options);
    client.call(&init()).unwrap_err();
    let process = std::fs::read_to_string(&pid).unwrap();
    let process = Path::new("/proc").join(process.trim()).join("stat");
    drop(client);
    let (gone, took) = timed(|| {
        (0..1_000).any(|_| {
            thread::sleep(Duration::from_millis(5));
            !process.exists()
        })
    });
    println!(
        "{}: the program ended {took:?} after the drop of the client",
        D::NAME
    );
    assert!(gone && took < Duration::from_secs(1), "{took:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_program_of_ureq_ends_when_its_client_is_dropped() {
    program_ends_with_client::<Blocking>();
}

#[track_caller]
fn ends_in_time<D: Driver>(source: Source) {
    let (service, endpoints) = endpoint();
    let mut limits = limits();
    limits.total_timeout = Duration::from_secs(1);
    let client = D::new(options(limits, endpoints).credentials(source));
    let (called, took) = timed(|| client.call(&init()));
    let error = called.unwrap_err();
    println!("{}: {took:?} of 1 s", D::NAME);
    assert!(matches!(error, Error::Credentials(_)), "{error}");
    assert!(took < Duration::from_millis(1_500), "{took:?}");
    assert_eq!(service.requests(), 0);
}

fn pipe<D: Driver>() {
    let (folder, simulator) = (Folder::new(), Simulator::start().unwrap());
    let path = folder.path("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    let profile = Profile::new(ProfileFormat::Ini, path, None, settings(&simulator));
    ends_in_time::<D>(Source::Profile(profile));
}

fn program<D: Driver>() {
    let program = External::new("/bin/sh -c 'exec >&-; sleep 100'").unwrap();
    ends_in_time::<D>(Source::External(program));
}
