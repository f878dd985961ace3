//! Sources of credentials of the caller's own, and credentials of single calls.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::Arc;
use std::thread;

use cloudauth_net::{Options, Proxies};
use cloudauth_proto::credentials::{CustomSource, ProvidedCredentials};
use cloudauth_proto::driver::SupplyError;
use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{CallOptions, Credentials, Endpoints, WhoAmI};
use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Region, Simulator};

use crate::driver::{Async, Blocking, Driver, both};

fn init() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}")
}

fn key() -> Credentials {
    Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET).unwrap()
}

fn options(simulator: &Simulator) -> Options {
    let endpoint = simulator.url(Region::Shanghai).parse().unwrap();
    Options::new()
        .endpoints(Endpoints::only(endpoint))
        .proxies(Proxies::none())
}

both! {
    a_source_of_the_caller_s_own_signs_calls_and_is_run_once => signs;
    a_source_of_the_caller_s_own_that_hangs_or_fails_ends_the_search => fails;
    a_call_with_credentials_of_its_own_leaves_those_of_the_client_alone => per_call;
}

fn signs<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let vault = CustomSource::new("vault");
    let options = options(&simulator)
        .custom_source(&vault, move |left| {
            assert!(left <= Duration::from_secs(10));
            counted.fetch_add(1, Ordering::Relaxed);
            let (credentials, expires) = (key(), None);
            Ok(ProvidedCredentials {
                credentials,
                expires,
            })
        })
        .credentials(vault);
    let driver = D::new(options);
    for _ in 0..3 {
        driver.call(&init()).unwrap();
    }
    assert_eq!(driver.run(WhoAmI::new()).unwrap().source, "vault");
    assert_eq!(runs.load(Ordering::Relaxed), 1);
}

fn fails<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let hangs: fn() -> _ = || {
        thread::sleep(Duration::from_secs(5));
        SupplyError::Failed
    };
    for (problem, expected) in [
        (hangs, "no credentials: vault: timed out"),
        (
            || SupplyError::Denied,
            "no credentials: vault: permission denied",
        ),
    ] {
        let vault = CustomSource::new("vault").timeout(Duration::from_millis(300));
        let options = options(&simulator)
            .total_timeout(Duration::from_millis(600))
            .custom_source(&vault, move |_| Err(problem()))
            .credentials(vault);
        let error = D::new(options).call(&init()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let unknown = options(&simulator).credentials(CustomSource::new("vault"));
    let error = D::new(unknown).call(&init()).unwrap_err().to_string();
    assert!(
        error.starts_with("no credentials: vault: not found"),
        "{error}"
    );
    assert!(simulator.world().requests().is_empty());
}

fn per_call<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let driver = D::new(options(&simulator).credentials(key()));
    let other = Credentials::access_key("LTAIofAnotherAccount", "other-secret").unwrap();
    let with = |credentials: &Credentials| CallOptions::new().credentials(credentials.clone());
    let error = driver.call_with(&init(), with(&other)).unwrap_err();
    assert!(
        error.to_string().contains("InvalidAccessKeyId.NotFound"),
        "{error}"
    );
    driver.call(&init()).unwrap();
    simulator
        .world()
        .add_sts_key("STS.other", "other-secret", "other-token");
    let known = Credentials::temporary("STS.other", "other-secret", "other-token").unwrap();
    driver.call_with(&init(), with(&known)).unwrap();
}
