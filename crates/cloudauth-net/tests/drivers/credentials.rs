//! Credentials through both drivers: files, programs, and a rush of callers.

use core::time::Duration;
use std::fs;
use std::sync::Arc;
use std::thread;

use cloudauth_net::{Options, Proxies};
use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{
    AssumeRole, Credentials, EcsRole, Endpoint, Endpoints, Error, External, Found, Oidc, Profile,
    ProfileFormat, Role, Settings, Source, Uri, Vars, WhoAmI,
};
use cloudauth_sim::{
    ACCESS_KEY_ID, ACCESS_KEY_SECRET, CREDENTIALS_PATH, Fault, OIDC_TOKEN, Office, Region,
    Simulator, Times,
};
use tokio::runtime::Builder;

use crate::subjects::{Async, Blocking, Driver};

fn offices(simulator: &Simulator) -> Endpoint {
    simulator.offices_url().parse().unwrap()
}

fn settings(simulator: &Simulator) -> Settings {
    let endpoint = offices(simulator);
    Settings::new(&Vars::default())
        .sts(endpoint.clone())
        .metadata(endpoint)
}

fn options(simulator: &Simulator, source: Source) -> Options {
    let endpoint = simulator.url(Region::Shanghai).parse().unwrap();
    Options::new()
        .credentials(source)
        .endpoints(Endpoints::only(endpoint))
        .proxies(Proxies::none())
}

fn file(name: &str, text: &str) -> String {
    let file = format!("cloudauth-{}-{name}", std::process::id());
    let path = std::env::temp_dir().join(file);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn role() -> Role {
    Role::new("acs:ram::1:role/r", "test")
}

fn sources(simulator: &Simulator, driver: &str) -> Vec<(Source, Office)> {
    let sts = offices(simulator);
    let config = format!(
        r#"{{"current":"p","profiles":[{{"name":"p","mode":"RamRoleArn",
        "access_key_id":"{ACCESS_KEY_ID}","access_key_secret":"{ACCESS_KEY_SECRET}",
        "ram_role_arn":"acs:ram::1:role/r"}}]}}"#
    );
    let config = file(&format!("{driver}.json"), &config);
    let token = file(&format!("{driver}.token"), &format!("{OIDC_TOKEN}\n"));
    let key = Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET).unwrap();
    let uri = format!("{}{CREDENTIALS_PATH}", simulator.offices_url());
    let settings = settings(simulator);
    let format = ProfileFormat::Cli;
    let (assumed, oidc) = (
        AssumeRole::new(key.into(), role(), sts.clone()),
        Oidc::new(token, "acs:ram::1:oidc-provider/p", role(), sts),
    );
    vec![
        (Source::AssumeRole(Box::new(assumed)), Office::Sts),
        (Source::Oidc(Box::new(oidc)), Office::Sts),
        (
            Source::EcsRole(EcsRole::new(None, &settings)),
            Office::Metadata,
        ),
        (Source::Uri(Uri::new(&uri).unwrap()), Office::Uri),
        (
            Source::Profile(Profile::new(format, config, None, settings)),
            Office::Sts,
        ),
    ]
}

fn signs<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    for (source, office) in sources(&simulator, D::NAME) {
        let asked = simulator.world().asked(office);
        let issued = simulator.world().issued();
        let driver = D::new(options(&simulator, source));
        for n in 0..3 {
            let order = format!("{office}{n}").replace([' ', '-'], "");
            let open = InitFaceVerify::new(1_000_000_006, order, "LR_FR");
            driver.call(&open).unwrap();
        }
        let world = simulator.world();
        assert!(world.asked(office) > asked, "{office}, {}", D::NAME);
        assert_eq!(world.issued(), issued + 1, "{office}, {}", D::NAME);
    }
}

#[test]
fn ureq_signs_with_what_every_source_gives() {
    signs::<Blocking>();
}

#[test]
fn hyper_signs_with_what_every_source_gives() {
    signs::<Async>();
}

const CALLERS: usize = 1_000;

#[test]
fn a_thousand_threads_that_start_cold_ask_once() {
    let simulator = Simulator::start().unwrap();
    for (n, (source, _)) in (1..).zip(sources(&simulator, "cold-ureq")) {
        let client = cloudauth_ureq::Client::new(options(&simulator, source)).unwrap();
        let found = thread::scope(|scope| {
            let ask = || scope.spawn(|| client.run(WhoAmI::new()));
            let callers: Vec<_> = (0..CALLERS).map(|_| ask()).collect();
            let joined = callers.into_iter().map(|it| it.join().unwrap());
            joined.flatten().count()
        });
        assert_eq!((found, simulator.world().issued()), (CALLERS, n));
    }
}

#[test]
fn a_thousand_tasks_that_start_cold_ask_once() {
    let simulator = Simulator::start().unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    for (n, (source, _)) in (1..).zip(sources(&simulator, "cold-hyper")) {
        let client = cloudauth_hyper::Client::new(options(&simulator, source)).unwrap();
        let client = Arc::new(client);
        let found = runtime.block_on(async {
            let ask = || {
                let client = Arc::clone(&client);
                tokio::spawn(async move { client.run(WhoAmI::new()).await })
            };
            let callers: Vec<_> = (0..CALLERS).map(|_| ask()).collect();
            let mut found = 0;
            for caller in callers {
                found += usize::from(caller.await.unwrap().is_ok());
            }
            found
        });
        assert_eq!((found, simulator.world().issued()), (CALLERS, n));
    }
}

#[cfg(unix)]
#[test]
fn a_program_is_run_by_both_and_what_it_does_wrong_is_told() {
    fn asks(source: &Source) -> [Result<Found, Error>; 2] {
        let simulator = Simulator::start().unwrap();
        let made = || options(&simulator, source.clone());
        let blocking = cloudauth_ureq::Client::new(made()).unwrap();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let client = cloudauth_hyper::Client::new(made()).unwrap();
        [
            blocking.run(WhoAmI::new()),
            runtime.block_on(client.run(WhoAmI::new())),
        ]
    }
    let program = |command: &str| Source::External(External::new(command).unwrap());
    let good = r#"echo '{"mode":"AK","access_key_id":"id","access_key_secret":"s"}'"#;
    for found in asks(&program(good)) {
        assert_eq!(found.unwrap().source, "external");
    }
    for (command, told) in [
        (
            "/bin/sh -c 'echo s3cret >&2; exit 4'",
            "the program ended with status 4",
        ),
        ("echo s3cret", "the program's output: the reply is not JSON"),
        ("/no/such/program", "the program does not exist"),
    ] {
        for found in asks(&program(command)) {
            let error = found.unwrap_err().to_string();
            assert_eq!(error, format!("no credentials: external: {told}"));
        }
    }
}

#[test]
fn a_file_that_is_not_there_is_told_by_its_path() {
    let simulator = Simulator::start().unwrap();
    let profile = |path: &str| {
        let settings = settings(&simulator);
        let profile = Profile::new(ProfileFormat::Ini, path, None, settings);
        let options = options(&simulator, Source::Profile(profile));
        let client = cloudauth_ureq::Client::new(options).unwrap();
        client.run(WhoAmI::new()).unwrap_err().to_string()
    };
    assert_eq!(
        profile("/no/such/file"),
        "no credentials: profile: /no/such/file does not exist"
    );
    assert_eq!(profile("/"), "no credentials: profile: / cannot be read");
}

#[test]
fn the_metadata_service_is_asked_past_every_proxy() {
    let simulator = Simulator::start().unwrap();
    // Nobody listens there.
    let proxies = || {
        Proxies::from_vars(|name| {
            (name == "HTTP_PROXY" || name == "http_proxy").then(|| "http://127.0.0.1:9".to_owned())
        })
        .unwrap()
    };
    let source = || Source::EcsRole(EcsRole::new(None, &settings(&simulator)));
    let made = || options(&simulator, source()).proxies(proxies());
    let blocking = cloudauth_ureq::Client::new(made()).unwrap();
    assert!(blocking.run(WhoAmI::new()).is_ok());
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let client = cloudauth_hyper::Client::new(made()).unwrap();
    assert!(runtime.block_on(client.run(WhoAmI::new())).is_ok());
}

/// The office is down, or hangs, when new credentials are due: the old ones go on, and one caller at a
/// time asks for others.
fn outlives<D: Driver>(fault: Fault) {
    let simulator = Simulator::start().unwrap();
    // New ones are due when three quarters of this are over.
    simulator.world().set_life(28);
    let uri = format!("{}{CREDENTIALS_PATH}", simulator.offices_url());
    let source = Source::Uri(Uri::new(&uri).unwrap());
    // A quarter of it is the most that a call spends on new ones.
    let driver = D::new(options(&simulator, source).total_timeout(Duration::from_secs(4)));
    let open = |n| InitFaceVerify::new(1_000_000_006, format!("order{n}"), "LR_FR");
    driver.call(&open(0)).unwrap();
    let name = format!("{fault:?}");
    {
        let mut world = simulator.world();
        world.inject_at(Office::Uri, fault, Times::Always);
    }
    driver.idle(Duration::from_secs(22));
    let asked = simulator.world().asked(Office::Uri);
    let failed = thread::scope(|scope| {
        let (driver, open) = (&driver, &open);
        let call = |n| scope.spawn(move || driver.call(&open(n)).is_err());
        let callers: Vec<_> = (1..=DUE).map(call).collect();
        let failed = callers
            .into_iter()
            .map(|it| usize::from(it.join().unwrap()));
        failed.sum::<usize>()
    });
    let asked = simulator.world().asked(Office::Uri) - asked;
    println!(
        "{}, office: {name}: {DUE} calls with credentials that are due, {failed} failed (goal 0), the \
         office was asked {asked} times",
        D::NAME
    );
    assert_eq!(failed, 0, "{name}");
    assert!((1..=8).contains(&asked), "{name}: {asked}");
}

const DUE: usize = 300;

fn outlive_all<D: Driver>() {
    thread::scope(|scope| {
        for fault in [Fault::Status(503), Fault::Hang, Fault::Reset] {
            scope.spawn(|| outlives::<D>(fault));
        }
    });
}

#[test]
fn ureq_goes_on_with_old_credentials_while_no_new_ones_can_be_had() {
    outlive_all::<Blocking>();
}

#[test]
fn hyper_goes_on_with_old_credentials_while_no_new_ones_can_be_had() {
    outlive_all::<Async>();
}
