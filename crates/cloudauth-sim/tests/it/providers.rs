//! Every credentials provider over the lifetime of its credentials: first use, refresh, outages near
//! and after expiration, and concurrent calls.

use core::fmt::Write as _;
use core::time::Duration;

use cloudauth_proto::credentials::{Environment, External, Profile, ProfileFormat};
use cloudauth_proto::{Credentials, Source};
use cloudauth_sim::simulation::{Impairment, Link, Simulation};
use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET};

use crate::credentials::{
    CONFIG, HOUR, MINUTE, SECOND, assumed, call_at, config, describe, ecs, is_signed, key,
    oauth_config, oidc, profile, settings, sso_config, uri, with,
};

struct Provider {
    name: &'static str,
    source: fn() -> Source,
    /// The contents of its file.
    file: fn() -> String,
}

const fn of(name: &'static str, source: fn() -> Source) -> Provider {
    let file = String::new;
    Provider { name, source, file }
}

const fn cli(name: &'static str, file: fn() -> String) -> Provider {
    let source = profile;
    Provider { name, source, file }
}

const fn ini(name: &'static str, file: fn() -> String) -> Provider {
    let source = || {
        let profile = Profile::new(ProfileFormat::Ini, CONFIG, None, settings());
        Source::Profile(profile)
    };
    Provider { name, source, file }
}

/// Providers whose credentials expire. [`V1`] has a metadata service of version 1 only.
const EXPIRING: &[Provider] = &[
    of("ram_role_arn", assumed),
    of("oidc_role_arn", oidc),
    of("ecs_ram_role, v2", ecs),
    of(V1, ecs),
    of("credentials_uri", uri),
    of("external", || {
        Source::External(External::new("/bin/x").unwrap())
    }),
    cli("CLI RamRoleArn", || {
        config(&format!(r#""mode":"RamRoleArn",{ROLE},{}"#, json_key()))
    }),
    cli("CLI ChainableRamRoleArn", || {
        config(&format!(
            r#""mode":"ChainableRamRoleArn","source_profile":"base",{ROLE}}},
            {{"name":"base","mode":"AK",{}"#,
            json_key()
        ))
    }),
    cli("CLI OIDC", || {
        config(&format!(
            r#""mode":"OIDC",{ROLE},"oidc_provider_arn":"acs:ram::1:oidc-provider/p",
            "oidc_token_file":"/token""#
        ))
    }),
    cli("CLI EcsRamRole", || config(r#""mode":"EcsRamRole""#)),
    cli("CLI CloudSSO", sso_config),
    cli("CLI OAuth", oauth_config),
    cli("CLI External", || {
        config(r#""mode":"External","process_command":"/bin/x""#)
    }),
    ini("INI ram_role_arn", || {
        format!(
            "[default]\ntype = ram_role_arn\nrole_arn = acs:ram::1:role/r\n{}",
            ini_key()
        )
    }),
    ini("INI oidc_role_arn", || {
        "[default]\ntype = oidc_role_arn\nrole_arn = acs:ram::1:role/r\n\
         oidc_provider_arn = acs:ram::1:oidc-provider/p\noidc_token_file_path = /token\n"
            .into()
    }),
    ini("INI ecs_ram_role", || {
        "[default]\ntype = ecs_ram_role\n".into()
    }),
];

const V1: &str = "ecs_ram_role, v1";

/// Providers whose credentials never expire.
const PERMANENT: &[Provider] = &[
    of("static_ak", || key().into()),
    of("static_sts", || {
        Credentials::temporary("STS.given", "s", "t")
            .unwrap()
            .into()
    }),
    of("env", || {
        Source::default_chain(&Environment::read(|name| match name {
            "ALIBABA_CLOUD_ACCESS_KEY_ID" => Some(ACCESS_KEY_ID),
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET" => Some(ACCESS_KEY_SECRET),
            _ => None,
        }))
    }),
    cli("CLI AK", || {
        config(&format!(r#""mode":"AK",{}"#, json_key()))
    }),
    cli("CLI StsToken", || {
        config(
            r#""mode":"StsToken","access_key_id":"STS.given","access_key_secret":"s",
            "sts_token":"t""#,
        )
    }),
    ini("INI access_key", || {
        format!("[default]\ntype = access_key\n{}", ini_key())
    }),
];

const ROLE: &str = r#""ram_role_arn":"acs:ram::1:role/r""#;

fn json_key() -> String {
    format!(r#""access_key_id":"{ACCESS_KEY_ID}","access_key_secret":"{ACCESS_KEY_SECRET}""#)
}

fn ini_key() -> String {
    format!("access_key_id = {ACCESS_KEY_ID}\naccess_key_secret = {ACCESS_KEY_SECRET}\n")
}

impl Provider {
    fn start(&self) -> Simulation {
        let mut simulation = with((self.source)());
        simulation.put_file(CONFIG, (self.file)());
        simulation.program_prints_credentials();
        simulation.world.add_sts_key("STS.given", "s", "t");
        simulation
            .world
            .set_metadata_versions(true, self.name != V1);
        simulation
    }
}

/// Runs a call every ten seconds for an hour and a half, with an outage of all credential services
/// from `outage` on for `length`. Returns when the failed calls started, and the highest number of
/// concurrent refreshes.
fn evenly_spaced(
    provider: &Provider,
    outage: Duration,
    length: Duration,
) -> (Vec<Duration>, usize) {
    let mut simulation = provider.start();
    let lost = Link::unimpaired().always(Impairment::Lost);
    simulation.credential_services_link(outage, lost);
    simulation.credential_services_link(outage + length, Link::unimpaired());
    let calls: Vec<_> = (0..540)
        .map(|n| simulation.start(10 * SECOND * n, describe()))
        .collect();
    simulation.run();
    assert!(
        simulation.violations().is_empty(),
        "{:?}",
        simulation.violations()
    );
    let failed = calls.into_iter().enumerate().filter_map(|(n, handle)| {
        let is_signed = is_signed(handle.take());
        (!is_signed).then(|| 10 * SECOND * u32::try_from(n).unwrap())
    });
    (failed.collect(), simulation.max_concurrent_refreshes())
}

/// Starts a thousand calls at once. Returns the number of failed calls, of issued credentials, and
/// of concurrent refreshes at most.
fn concurrent(provider: &Provider) -> (usize, u64, usize) {
    let mut simulation = provider.start();
    let calls: Vec<_> = (0..1_000)
        .map(|_| simulation.start(Duration::ZERO, describe()))
        .collect();
    simulation.run();
    assert!(
        simulation.violations().is_empty(),
        "{:?}",
        simulation.violations()
    );
    let failed = calls.into_iter().filter(|it| !is_signed(it.take())).count();
    (
        failed,
        simulation.world.issued_credentials(),
        simulation.max_concurrent_refreshes(),
    )
}

#[test]
fn every_provider_serves_calls_over_the_lifetime_of_its_credentials() {
    let mut table = "failed calls / concurrent refreshes\n".to_owned();
    let header = [
        "first use",
        "refresh",
        "outage, short",
        "outage, long",
        "1000 at once",
    ];
    add_row(&mut table, "provider", header.map(str::to_owned));
    for provider in EXPIRING {
        let name = provider.name;
        let mut simulation = provider.start();
        let is_accepted = call_at(&mut simulation, Duration::ZERO);
        assert!(is_accepted, "{name}: first use");
        assert_eq!(simulation.world.issued_credentials(), 1, "{name}");
        let first = simulation.max_concurrent_refreshes();

        // From 15 minutes before their expiration the next call refreshes them.
        assert!(call_at(&mut simulation, 44 * MINUTE));
        assert_eq!(simulation.world.issued_credentials(), 1, "{name}: fresh");
        assert!(call_at(&mut simulation, 46 * MINUTE));
        assert_eq!(
            simulation.world.issued_credentials(),
            2,
            "{name}: refreshed"
        );
        let refreshed = simulation.max_concurrent_refreshes();

        let (near, near_in_flight) = evenly_spaced(provider, 45 * MINUTE, 14 * MINUTE);
        assert!(near.is_empty(), "{name}: failed at {near:?}");

        let (after, after_in_flight) = evenly_spaced(provider, 45 * MINUTE, 20 * MINUTE);
        let allowed = HOUR..HOUR + 5 * MINUTE + 40 * SECOND;
        assert!(!after.is_empty(), "{name}: no call fails after expiration");
        for at in &after {
            assert!(allowed.contains(at), "{name}: failed at {at:?}");
        }

        let (failed, issued, concurrent_in_flight) = concurrent(provider);
        assert_eq!((failed, issued), (0, 1), "{name}: concurrent calls");
        let all = [
            first,
            refreshed,
            near_in_flight,
            after_in_flight,
            concurrent_in_flight,
        ];
        assert_eq!(all, [1; 5], "{name}");
        let cells = [
            format!("0 / {first}"),
            format!("0 / {refreshed}"),
            format!("{} / {near_in_flight}", near.len()),
            format!("{} / {after_in_flight}", after.len()),
            format!("{failed} / {concurrent_in_flight}"),
        ];
        add_row(&mut table, name, cells);
    }
    // Nothing is requested: a file, if there is one, is read once.
    for provider in PERMANENT {
        let name = provider.name;
        let (failed, reads) = evenly_spaced(provider, Duration::ZERO, 2 * HOUR);
        assert!(failed.is_empty(), "{name}: failed at {failed:?}");
        let (concurrent_failed, issued, in_flight) = concurrent(provider);
        assert_eq!(
            (concurrent_failed, issued),
            (0, 0),
            "{name}: concurrent calls"
        );
        assert!(reads <= 1 && in_flight <= 1, "{name}");
        let cells = [
            format!("0 / {reads}"),
            "-".to_owned(),
            "never expires".to_owned(),
            "never expires".to_owned(),
            format!("{concurrent_failed} / {in_flight}"),
        ];
        add_row(&mut table, name, cells);
    }
    println!("{table}");
}

fn add_row(table: &mut String, name: &str, cells: [String; 5]) {
    let [first_use, refresh, short, long, at_once] = cells;
    writeln!(
        table,
        "{name:24} {first_use:>9} {refresh:>9} {short:>14} {long:>14} {at_once:>13}"
    )
    .unwrap();
}

#[test]
fn new_credentials_are_valid_under_a_wrong_client_clock() {
    // A program reports no time, so the client cannot correct its clock.
    let reports_time = |provider: &&Provider| !provider.name.to_lowercase().contains("external");
    for ahead in [-80_000, -600, 600, 80_000] {
        for provider in EXPIRING.iter().filter(reports_time) {
            let mut simulation = provider.start();
            simulation.clock_ahead(ahead);
            assert!(
                call_at(&mut simulation, Duration::ZERO),
                "{}",
                provider.name
            );
            assert!(call_at(&mut simulation, 5 * MINUTE));
            assert_eq!(
                simulation.world.issued_credentials(),
                1,
                "{} {ahead}",
                provider.name
            );
        }
    }
}
