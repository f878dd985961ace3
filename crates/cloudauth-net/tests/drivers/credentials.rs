//! Credentials through both drivers: files, programs, and a rush of callers.

use core::fmt::Write as _;
use core::time::Duration;
#[cfg(unix)]
use std::path::Path;
use std::sync::Arc;
use std::thread;

use cloudauth_net::{Options, Proxies};
use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{
    EcsRole, Error, External, Found, Profile, ProfileFormat, Source, Uri, WhoAmI,
};
use cloudauth_sim::{CREDENTIALS_PATH, Fault, Office, Simulator, Times};
use tokio::runtime::Builder;

use crate::sources::{CASES, Case, Folder, RUNS, options, settings};
use crate::subjects::{Async, Blocking, Driver};

fn signs<D: Driver>() {
    let folder = Folder::new();
    for Case { name, made, .. } in CASES {
        let simulator = Simulator::start().unwrap();
        let driver = D::new(options(&simulator, made(&simulator, &folder)));
        for n in 0..3 {
            let open = InitFaceVerify::new(1_000_000_006, format!("order{n}"), "LR_FR");
            if let Err(error) = driver.call(&open) {
                panic!("{name}, {}: {error}", D::NAME);
            }
        }
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

/// Lets all callers of a fresh client begin at once, with each source: all are served, and the
/// source was asked for one set, so never twice at the same time.
#[expect(clippy::print_stdout, reason = "a table for people")]
fn rush(driver: &str, callers: impl Fn(Options) -> usize) {
    let mut table = String::new();
    for case in CASES {
        let folder = Folder::new();
        let simulator = Simulator::start().unwrap();
        let source = (case.made)(&simulator, &folder);
        let served = callers(options(&simulator, source));
        let world = simulator.world();
        let questions = case.office.map_or(0, |office| world.asked(office));
        let printed = folder.lines_of(RUNS);
        let issued = world.issued();
        let Case { name, .. } = case;
        writeln!(
            table,
            "{driver:5} {name:24} {served:5} {issued:6} {questions:9} {printed:8}"
        )
        .unwrap();
        assert_eq!(served, CALLERS, "{name}");
        assert_eq!(issued, u64::from(case.office.is_some()), "{name}");
        assert_eq!(questions, case.questions, "{name}");
        assert_eq!(printed, usize::from(case.is_program), "{name}");
    }
    println!("\n{CALLERS} at once     source     served issued questions programs\n{table}");
}

#[test]
fn a_thousand_threads_that_start_cold_ask_once() {
    rush("ureq", |options| {
        let client = cloudauth_ureq::Client::new(options).unwrap();
        thread::scope(|scope| {
            let ask = || scope.spawn(|| client.run(WhoAmI::new()));
            let callers: Vec<_> = (0..CALLERS).map(|_| ask()).collect();
            let joined = callers.into_iter().map(|it| it.join().unwrap());
            joined.flatten().count()
        })
    });
}

#[test]
fn a_thousand_tasks_that_start_cold_ask_once() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    rush("hyper", |options| {
        let client = Arc::new(cloudauth_hyper::Client::new(options).unwrap());
        runtime.block_on(async {
            let ask = || {
                let client = Arc::clone(&client);
                tokio::spawn(async move { client.run(WhoAmI::new()).await })
            };
            let callers: Vec<_> = (0..CALLERS).map(|_| ask()).collect();
            let mut served = 0;
            for caller in callers {
                served += usize::from(caller.await.unwrap().is_ok());
            }
            served
        })
    });
}

/// A program that prints when it is told to, for the one who gets the credentials.
#[cfg(unix)]
fn patient(folder: &Folder) -> Source {
    let printed = r#"{"mode":"AK","access_key_id":"id","access_key_secret":"s"}"#;
    let printed = folder.put("printed", printed);
    let (begun, go) = (folder.path("begun"), folder.path("go"));
    let script = format!("touch {begun}; while [ ! -e {go} ]; do sleep 0.02; done; cat {printed}");
    Source::External(External::new(&format!("/bin/sh -c '{script}'")).unwrap())
}

#[cfg(unix)]
fn pause(folder: &Folder) {
    while !Path::new(&folder.path("begun")).exists() {
        thread::sleep(Duration::from_millis(10));
    }
    // Those who come now wait; those who come later find what they need.
    thread::sleep(Duration::from_millis(300));
    folder.put("go", "");
}

/// Nobody would look again before his time is over, so whoever is not woken fails.
#[cfg(unix)]
#[test]
fn threads_that_wait_for_credentials_are_woken_as_soon_as_they_are_there() {
    let (folder, simulator) = (Folder::new(), Simulator::start().unwrap());
    let options = options(&simulator, patient(&folder)).total_timeout(Duration::from_secs(20));
    let client = cloudauth_ureq::Client::new(options).unwrap();
    thread::scope(|scope| {
        let ask = || scope.spawn(|| client.run(WhoAmI::new()));
        let callers: Vec<_> = (0..8).map(|_| ask()).collect();
        pause(&folder);
        for caller in callers {
            caller.join().unwrap().unwrap();
        }
    });
}

#[cfg(unix)]
#[test]
fn tasks_that_wait_for_credentials_are_woken_as_soon_as_they_are_there() {
    let (folder, simulator) = (Folder::new(), Simulator::start().unwrap());
    let options = options(&simulator, patient(&folder)).total_timeout(Duration::from_secs(20));
    let client = Arc::new(cloudauth_hyper::Client::new(options).unwrap());
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| pause(&folder));
        runtime.block_on(async {
            let ask = || {
                let client = Arc::clone(&client);
                tokio::spawn(async move { client.run(WhoAmI::new()).await })
            };
            let callers: Vec<_> = (0..8).map(|_| ask()).collect();
            for caller in callers {
                caller.await.unwrap().unwrap();
            }
        });
    });
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
    // On a busy machine a connection to the office may not come about; then a later call asks.
    let mut later = DUE + 1..DUE + 100;
    while simulator.world().asked(Office::Uri) == asked
        && let Some(n) = later.next()
    {
        driver.call(&open(n)).unwrap();
        driver.idle(Duration::from_millis(50));
    }
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
