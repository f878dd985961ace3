//! The operating system's root certificates, with the feature `native-roots`.
#![cfg(feature = "native-roots")]
#![expect(clippy::unwrap_used, reason = "a test")]
#![expect(
    clippy::disallowed_methods,
    reason = "the test runs itself again, with another root certificate file"
)]

use std::process::Command;
use std::{env, fs};

use cloudauth_net::{Options, Proxies};
use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{Credentials, Endpoints};
use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Region, Simulator};
use tokio::runtime::Builder;

const URL: &str = "CLOUDAUTH_TEST_URL";

/// Makes a call with each driver, which must succeed exactly if the server is trusted.
fn call(url: &str, is_trusted: bool) {
    let key = Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET).unwrap();
    let options = Options::new()
        .credentials(key)
        .endpoints(Endpoints::only(url.parse().unwrap()))
        .proxies(Proxies::none());
    let open = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}");
    let blocking = cloudauth_ureq::Client::new(options.clone()).unwrap();
    assert_eq!(blocking.call(&open).is_ok(), is_trusted);
    let client = cloudauth_hyper::Client::new(options).unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let called = runtime.block_on(client.call(&open));
    assert_eq!(called.is_ok(), is_trusted);
}

#[test]
fn root_certificates_of_the_system_are_trusted() {
    if let Ok(url) = env::var(URL) {
        return call(&url, true);
    }
    let simulator = Simulator::start().unwrap();
    let url = simulator.tls_url(Region::Shanghai);
    call(&url, false);

    let file = env::temp_dir().join(format!("cloudauth-{}-root.pem", std::process::id()));
    fs::write(&file, simulator.ca_pem()).unwrap();
    let again = Command::new(env::current_exe().unwrap())
        .args(["--exact", "root_certificates_of_the_system_are_trusted"])
        .env("SSL_CERT_FILE", &file)
        .env(URL, url)
        .output();
    fs::remove_file(&file).unwrap();
    let again = again.unwrap();
    let output = String::from_utf8_lossy(&again.stdout);
    assert!(output.contains("1 passed"), "{again:?}");
}
