//! Credentials: files, programs, concurrent callers, outages of credential services.

use core::fmt::Write as _;
use core::time::Duration;
#[cfg(unix)]
use std::path::Path;
use std::sync::Arc;
use std::thread;

use cloudauth_net::{Options, Proxies};
use cloudauth_proto::WhoAmI;
use cloudauth_proto::credentials::{
    EcsRole, External, Profile, ProfileFormat, ResolvedCredentials, Uri,
};
use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{Error, Source};
use cloudauth_sim::{CREDENTIALS_PATH, CredentialService, Fault, Simulator, Times};
use tokio::runtime::Builder;

use crate::credential_sources::{CASES, Folder, RUNS, SourceCase, options, settings};
use crate::driver::{Async, Blocking, Driver};

fn signs<D: Driver>() {
    let folder = Folder::new();
    for SourceCase { name, made, .. } in CASES {
        let simulator = Simulator::start().unwrap();
        let driver = D::new(options(&simulator, made(&simulator, &folder)));
        for n in 0..3 {
            let open = InitFaceVerify::new(1_000_000_006, format!("order{n}"), "LR_FR")
                .user_id("7")
                .meta_info("{}");
            if let Err(error) = driver.call(&open) {
                panic!("{name}, {}: {error}", D::NAME);
            }
        }
    }
}

#[test]
fn ureq_signs_with_the_credentials_of_every_source() {
    signs::<Blocking>();
}

#[test]
fn hyper_signs_with_the_credentials_of_every_source() {
    signs::<Async>();
}

const CALLERS: usize = 1_000;

/// For each source, all callers of a new client start at once. All succeed, and one set of credentials
/// was requested.
#[expect(clippy::print_stdout, reason = "measurements")]
fn start_at_once(driver: &str, callers: impl Fn(Options) -> usize) {
    let mut table = String::new();
    for case in CASES {
        let folder = Folder::new();
        let simulator = Simulator::start().unwrap();
        let source = (case.made)(&simulator, &folder);
        let served = callers(options(&simulator, source));
        let world = simulator.world();
        let requests = case
            .service
            .map_or(0, |service| world.request_count(service));
        let runs = folder.lines_of(RUNS);
        let issued = world.issued_credentials();
        let SourceCase { name, .. } = case;
        writeln!(
            table,
            "{driver:5} {name:24} {served:5} {issued:6} {requests:8} {runs:4}"
        )
        .unwrap();
        assert_eq!(served, CALLERS, "{name}");
        assert_eq!(issued, u64::from(case.service.is_some()), "{name}");
        assert_eq!(requests, case.requests, "{name}");
        assert_eq!(runs, usize::from(case.is_program), "{name}");
    }
    println!("\n{CALLERS} at once     source     served issued requests runs\n{table}");
}

#[test]
fn a_thousand_threads_request_credentials_once() {
    start_at_once("ureq", |options| {
        let client = cloudauth_ureq::Client::new(options).unwrap();
        thread::scope(|scope| {
            let start = || scope.spawn(|| client.run(WhoAmI::new()));
            let callers: Vec<_> = (0..CALLERS).map(|_| start()).collect();
            let joined = callers.into_iter().map(|it| it.join().unwrap());
            joined.flatten().count()
        })
    });
}

#[test]
fn a_thousand_tasks_request_credentials_once() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    start_at_once("hyper", |options| {
        let client = Arc::new(cloudauth_hyper::Client::new(options).unwrap());
        runtime.block_on(async {
            let start = || {
                let client = Arc::clone(&client);
                tokio::spawn(async move { client.run(WhoAmI::new()).await })
            };
            let callers: Vec<_> = (0..CALLERS).map(|_| start()).collect();
            let mut served = 0;
            for caller in callers {
                served += usize::from(caller.await.unwrap().is_ok());
            }
            served
        })
    });
}

/// A program that prints credentials once the file `go` exists.
#[cfg(unix)]
fn waiting_program(folder: &Folder) -> Source {
    let printed = r#"{"mode":"AK","access_key_id":"id","access_key_secret":"s"}"#;
    let printed = folder.put("printed", printed);
    let (begun, go) = (folder.path("begun"), folder.path("go"));
    let script = format!("touch {begun}; while [ ! -e {go} ]; do sleep 0.02; done; cat {printed}");
    Source::External(External::new(&format!("/bin/sh -c '{script}'")).unwrap())
}

/// Lets the program print, after it has started and further callers wait for its credentials.
#[cfg(unix)]
fn let_program_print(folder: &Folder) {
    while !Path::new(&folder.path("begun")).exists() {
        thread::sleep(Duration::from_millis(10));
    }
    thread::sleep(Duration::from_millis(300));
    folder.put("go", "");
}

/// Without being woken, a waiting caller would time out.
#[cfg(unix)]
#[test]
fn threads_that_wait_for_credentials_are_woken_when_they_arrive() {
    let (folder, simulator) = (Folder::new(), Simulator::start().unwrap());
    let options =
        options(&simulator, waiting_program(&folder)).total_timeout(Duration::from_secs(20));
    let client = cloudauth_ureq::Client::new(options).unwrap();
    thread::scope(|scope| {
        let start = || scope.spawn(|| client.run(WhoAmI::new()));
        let callers: Vec<_> = (0..8).map(|_| start()).collect();
        let_program_print(&folder);
        for caller in callers {
            caller.join().unwrap().unwrap();
        }
    });
}

#[cfg(unix)]
#[test]
fn tasks_that_wait_for_credentials_are_woken_when_they_arrive() {
    let (folder, simulator) = (Folder::new(), Simulator::start().unwrap());
    let options =
        options(&simulator, waiting_program(&folder)).total_timeout(Duration::from_secs(20));
    let client = Arc::new(cloudauth_hyper::Client::new(options).unwrap());
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| let_program_print(&folder));
        runtime.block_on(async {
            let start = || {
                let client = Arc::clone(&client);
                tokio::spawn(async move { client.run(WhoAmI::new()).await })
            };
            let callers: Vec<_> = (0..8).map(|_| start()).collect();
            for caller in callers {
                caller.await.unwrap().unwrap();
            }
        });
    });
}

#[cfg(unix)]
#[test]
fn programs_are_run_and_their_failures_reported() {
    fn who_am_i(source: &Source) -> [Result<ResolvedCredentials, Error>; 2] {
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
    for found in who_am_i(&program(good)) {
        assert_eq!(found.unwrap().source, "external");
    }
    for (command, message) in [
        (
            "/bin/sh -c 'echo s3cret >&2; exit 4'",
            "program: exited with status 4",
        ),
        ("echo s3cret", "program output: not a JSON object"),
        ("/no/such/program", "program: not found"),
    ] {
        for found in who_am_i(&program(command)) {
            let error = found.unwrap_err().to_string();
            assert_eq!(error, format!("no credentials: external: {message}"));
        }
    }
}

#[test]
fn a_missing_file_is_reported_with_its_path() {
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
        "no credentials: profile: /no/such/file: not found"
    );
    assert_eq!(profile("/"), "no credentials: profile: /: cannot be read");
}

#[test]
fn the_metadata_service_is_reached_without_a_proxy() {
    let simulator = Simulator::start().unwrap();
    // Nothing listens on this port.
    let proxies = || {
        Proxies::from_vars(|name| {
            (name == "HTTP_PROXY" || name == "http_proxy").then(|| "http://127.0.0.1:9".to_owned())
        })
    };
    let source = || Source::from(EcsRole::new(None, &settings(&simulator)).unwrap());
    let made = || options(&simulator, source()).proxies(proxies());
    let blocking = cloudauth_ureq::Client::new(made()).unwrap();
    assert!(blocking.run(WhoAmI::new()).is_ok());
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let client = cloudauth_hyper::Client::new(made()).unwrap();
    assert!(runtime.block_on(client.run(WhoAmI::new())).is_ok());
}

/// The credential service fails when new credentials are due: the old ones stay in use, and one caller at
/// a time requests new ones.
fn survives_outage<D: Driver>(fault: Fault) {
    let simulator = Simulator::start().unwrap();
    // New ones are due after three quarters of this lifetime.
    simulator.world().set_credential_lifetime(28);
    let uri = format!("{}{CREDENTIALS_PATH}", simulator.credential_services_url());
    let source = Source::Uri(Uri::new(&uri).unwrap());
    // A call spends at most a quarter of this on new credentials.
    let driver = D::new(options(&simulator, source).total_timeout(Duration::from_secs(4)));
    let open = |n| {
        InitFaceVerify::new(1_000_000_006, format!("order{n}"), "LR_FR")
            .user_id("7")
            .meta_info("{}")
    };
    driver.call(&open(0)).unwrap();
    let name = format!("{fault:?}");
    {
        let mut world = simulator.world();
        world.inject_at_credential_service(CredentialService::Uri, fault, Times::Always);
    }
    driver.idle(Duration::from_secs(22));
    let requests = simulator.world().request_count(CredentialService::Uri);
    let failed = thread::scope(|scope| {
        let (driver, open) = (&driver, &open);
        let call = |n| scope.spawn(move || driver.call(&open(n)).is_err());
        let callers: Vec<_> = (1..=DUE).map(call).collect();
        let failed = callers
            .into_iter()
            .map(|it| usize::from(it.join().unwrap()));
        failed.sum::<usize>()
    });
    // On a busy machine the connection to the service may time out; then a later call makes the request.
    let mut later = DUE + 1..DUE + 100;
    while simulator.world().request_count(CredentialService::Uri) == requests
        && let Some(n) = later.next()
    {
        driver.call(&open(n)).unwrap();
        driver.idle(Duration::from_millis(50));
    }
    let requests = simulator.world().request_count(CredentialService::Uri) - requests;
    println!(
        "{}, credential service: {name}: {DUE} calls with credentials that are due, {failed} failed \
         (goal 0), {requests} requests to the service",
        D::NAME
    );
    assert_eq!(failed, 0, "{name}");
    assert!((1..=8).contains(&requests), "{name}: {requests}");
}

const DUE: usize = 300;

fn survives_all_outages<D: Driver>() {
    thread::scope(|scope| {
        for fault in [Fault::Status(503), Fault::Hang, Fault::Reset] {
            scope.spawn(|| survives_outage::<D>(fault));
        }
    });
}

#[test]
fn ureq_uses_old_credentials_while_new_ones_are_unavailable() {
    survives_all_outages::<Blocking>();
}

#[test]
fn hyper_uses_old_credentials_while_new_ones_are_unavailable() {
    survives_all_outages::<Async>();
}
