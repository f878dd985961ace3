//! A table of every provider through its life: first use, refresh, failures near and after expiry,
//! and a rush.

use core::fmt::Write as _;
use core::time::Duration;

use cloudauth_proto::{Credentials, External, Profile, ProfileFormat, Source, Vars};
use cloudauth_sim::simulation::{Simulation, Trouble, Weather};
use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET};

use crate::credentials::{
    CONFIG, HOUR, MINUTE, SECOND, assumed, call_at, config, describe, ecs, is_signed, key,
    oauth_config, oidc, profile, settings, sso_config, uri, with,
};

struct Provider {
    name: &'static str,
    source: fn() -> Source,
    /// What is in its file.
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

/// Those whose credentials expire. The metadata service that speaks only its first version goes by
/// its name.
const REFRESHED: &[Provider] = &[
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

/// Those whose credentials never expire.
const KEPT: &[Provider] = &[
    of("static_ak", || key().into()),
    of("static_sts", || {
        Credentials::temporary("STS.given", "s", "t")
            .unwrap()
            .into()
    }),
    of("env", || {
        Source::default_chain(&Vars::read(|name| match name {
            "ALIBABA_CLOUD_ACCESS_KEY_ID" => Some(ACCESS_KEY_ID.into()),
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET" => Some(ACCESS_KEY_SECRET.into()),
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
        simulation.program_asks();
        simulation.world.add_sts_key("STS.given", "s", "t");
        simulation
            .world
            .set_metadata_versions(true, self.name != V1);
        simulation
    }
}

/// Calls every ten seconds for an hour and a half, while nobody who gives credentials is there from
/// then to then. Which failed, and how many refreshes were under way at most.
fn hours(provider: &Provider, out_from: Duration, out_for: Duration) -> (Vec<Duration>, usize) {
    let mut simulation = provider.start();
    let outage = Weather::calm().always(Trouble::Lost);
    simulation.weather_of_offices(out_from, outage);
    simulation.weather_of_offices(out_from + out_for, Weather::calm());
    let calls: Vec<_> = (0..540)
        .map(|n| simulation.start(10 * SECOND * n, describe()))
        .collect();
    simulation.run();
    assert!(
        simulation.breaches().is_empty(),
        "{:?}",
        simulation.breaches()
    );
    let failed = calls.into_iter().enumerate().filter_map(|(n, handle)| {
        let is_signed = is_signed(handle.take());
        (!is_signed).then(|| 10 * SECOND * u32::try_from(n).unwrap())
    });
    (failed.collect(), simulation.most_refreshes())
}

/// How many of a thousand calls that start at once failed, the credentials given, and the refreshes
/// under way at most.
fn rush(provider: &Provider) -> (usize, u64, usize) {
    let mut simulation = provider.start();
    let calls: Vec<_> = (0..1_000)
        .map(|_| simulation.start(Duration::ZERO, describe()))
        .collect();
    simulation.run();
    assert!(
        simulation.breaches().is_empty(),
        "{:?}",
        simulation.breaches()
    );
    let failed = calls.into_iter().filter(|it| !is_signed(it.take())).count();
    (
        failed,
        simulation.world.issued(),
        simulation.most_refreshes(),
    )
}

#[test]
fn the_table_every_source_through_its_life() {
    let mut table = String::from(
        "\nfailed calls / refreshes in flight\n\
         source                   first use  refresh  out near expiry  out after expiry  1000 at once\n",
    );
    for provider in REFRESHED {
        let name = provider.name;
        let mut simulation = provider.start();
        let is_well = call_at(&mut simulation, Duration::ZERO);
        assert!(is_well, "{name}: first use");
        assert_eq!(simulation.world.issued(), 1, "{name}");
        let first = simulation.most_refreshes();

        // Fresh until a quarter of an hour before the end; then the next call gets new ones.
        assert!(call_at(&mut simulation, 44 * MINUTE));
        assert_eq!(simulation.world.issued(), 1, "{name}: fresh");
        assert!(call_at(&mut simulation, 46 * MINUTE));
        assert_eq!(simulation.world.issued(), 2, "{name}: refreshed");
        let refreshed = simulation.most_refreshes();

        let (near, near_in_flight) = hours(provider, 45 * MINUTE, 14 * MINUTE);
        assert!(near.is_empty(), "{name}: failed at {near:?}");

        let (after, after_in_flight) = hours(provider, 45 * MINUTE, 20 * MINUTE);
        let allowed = HOUR..HOUR + 5 * MINUTE + 40 * SECOND;
        assert!(!after.is_empty(), "{name}: nothing is valid for ever");
        for at in &after {
            assert!(allowed.contains(at), "{name}: failed at {at:?}");
        }

        let (failed, issued, rush_in_flight) = rush(provider);
        assert_eq!((failed, issued), (0, 1), "{name}: a rush");
        let all = [
            first,
            refreshed,
            near_in_flight,
            after_in_flight,
            rush_in_flight,
        ];
        assert_eq!(all, [1; 5], "{name}");
        writeln!(
            table,
            "{name:24} 0 / {first}      0 / {refreshed}    {} / {near_in_flight}            \
             {:3} / {after_in_flight}           {failed} / {rush_in_flight}",
            near.len(),
            after.len(),
        )
        .unwrap();
    }
    // Nothing is ever asked for: a file is read once, if there is one.
    for provider in KEPT {
        let name = provider.name;
        let (failed, reads) = hours(provider, Duration::ZERO, 2 * HOUR);
        assert!(failed.is_empty(), "{name}: failed at {failed:?}");
        let (rush_failed, issued, in_flight) = rush(provider);
        assert_eq!((rush_failed, issued), (0, 0), "{name}: a rush");
        assert!(reads <= 1 && in_flight <= 1, "{name}");
        writeln!(
            table,
            "{name:24} 0 / {reads}      -        never expires    never expires     \
             {rush_failed} / {in_flight}"
        )
        .unwrap();
    }
    println!("{table}");
}

#[test]
fn a_wrong_clock_does_not_make_fresh_credentials_old() {
    // A program does not tell its time.
    let tells = |provider: &&Provider| !provider.name.to_lowercase().contains("external");
    for ahead in [-80_000, -600, 600, 80_000] {
        for provider in REFRESHED.iter().filter(tells) {
            let mut simulation = provider.start();
            simulation.clock_ahead(ahead);
            assert!(
                call_at(&mut simulation, Duration::ZERO),
                "{}",
                provider.name
            );
            assert!(call_at(&mut simulation, 5 * MINUTE));
            assert_eq!(simulation.world.issued(), 1, "{} {ahead}", provider.name);
        }
    }
}
