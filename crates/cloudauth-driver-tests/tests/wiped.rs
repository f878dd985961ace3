//! No key is left in the memory of a process that read it from a file or from a program with a driver.
//!
//! What HTTP libraries copy, such as the header with a security token, is not theirs to wipe, so the
//! credentials here are access keys, of which only the ID is sent.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "../../cloudauth-net/src/memory.rs"]
mod memory;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use cloudauth_net::{Options, Proxies};
use cloudauth_proto::credentials::{External, Profile, ProfileFormat, Settings};
use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::{Endpoints, Source};
use tokio::runtime::Builder;

const CHILD: &str = "a_child_process_tells_what_is_left_in_its_memory";
const FOLDER: &str = "CLOUDAUTH_WIPED_FOLDER";
const CASE: &str = "CLOUDAUTH_WIPED_CASE";

const CASES: [&str; 4] = [
    "ureq, profile",
    "ureq, program",
    "hyper, profile",
    "hyper, program",
];

fn folder() -> PathBuf {
    std::env::var_os(FOLDER).unwrap().into()
}

fn source(case: &str) -> Source {
    let path = |name: &str| folder().join(name).to_str().unwrap().to_owned();
    if case.ends_with("program") {
        let command = format!("/bin/cat {}", path("printed.json"));
        return Source::External(External::new(&command).unwrap());
    }
    let settings = Settings::new(&cloudauth_proto::credentials::Environment::default());
    Source::Profile(Profile::new(
        ProfileFormat::Cli,
        path("config.json"),
        None,
        settings,
    ))
}

/// A server that accepts every call. Returns its URL.
fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let _ = connection.read(&mut [0; 16 << 10]);
            let body = r#"{"Code":"200","ResultObject":{"Passed":"T"}}"#;
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            let _ = connection.write_all(format!("{head}{body}").as_bytes());
        }
    });
    url
}

fn call(case: &str) {
    let options = Options::new()
        .endpoints(Endpoints::only(server().parse().unwrap()))
        .credentials(source(case))
        .proxies(Proxies::none());
    let query = DescribeFaceVerify::new(1, "sha1");
    if case.starts_with("ureq") {
        let client = cloudauth_ureq::Client::new(options).unwrap();
        assert!(client.call(&query).unwrap().value.has_passed());
    } else {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let reply = runtime.block_on(async {
            let client = cloudauth_hyper::Client::new(options).unwrap();
            client.call(&query).await
        });
        assert!(reply.unwrap().value.has_passed());
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the case is in the environment")]
fn a_child_process_tells_what_is_left_in_its_memory() {
    let Ok(case) = std::env::var(CASE) else {
        return;
    };
    let needles = memory::read_needles(&folder().join("needles"));
    if case == "control" {
        let planted = fs::read(folder().join("config.json")).unwrap();
        println!("left: {:?}", memory::scan(&needles));
        drop(planted);
    } else {
        call(&case);
        println!("left: {:?}", memory::scan(&needles));
    }
}

#[test]
fn no_key_of_a_file_or_of_a_program_is_left_in_memory() {
    let name = format!("cloudauth-wiped-drivers-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    fs::create_dir_all(&folder).unwrap();
    let key = memory::secret(7);
    let fields = format!(r#""mode":"AK","access_key_id":"id","access_key_secret":"{key}""#);
    let profile = format!(r#"{{"current":"a","profiles":[{{"name":"a",{fields}}}]}}"#);
    // Larger than what is read at once, so that a buffer has to grow behind the key.
    let printed = format!("{{{fields}{}}}", " ".repeat(100_000));
    fs::write(folder.join("config.json"), profile).unwrap();
    fs::write(folder.join("printed.json"), printed).unwrap();
    memory::write_needles(&folder.join("needles"), &[key]);
    let told = |case: &str| {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", CHILD, "--nocapture", "--test-threads=1"])
            .env(FOLDER, &folder)
            .env(CASE, case)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{case}: {errors}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let control = told("control");
    let left: Vec<_> = CASES.iter().map(|case| (case, told(case))).collect();
    fs::remove_dir_all(&folder).unwrap();
    assert!(
        control.contains("part: 0") && control.contains("part: 2"),
        "{control}"
    );
    for (case, told) in left {
        assert!(told.contains("left: []"), "{case}: {told}");
    }
}
