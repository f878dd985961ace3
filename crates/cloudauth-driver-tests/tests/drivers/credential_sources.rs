//! All credential sources, connected to a simulator.

use core::sync::atomic::{AtomicU32, Ordering};
use std::fs;
use std::path::PathBuf;

use cloudauth_net::{Options, Proxies};
use cloudauth_proto::credentials::{
    AssumeRole, EcsRole, Environment, External, Oidc, Profile, ProfileFormat, Role, Settings, Uri,
};
use cloudauth_proto::{Credentials, Endpoint, Endpoints, Source};
use cloudauth_sim::{
    ACCESS_KEY_ID, ACCESS_KEY_SECRET, CREDENTIALS_PATH, CredentialService, OAUTH_TOKEN, OIDC_TOKEN,
    Region, SSO_TOKEN, Simulator,
};

/// A temporary folder of its own for each test, removed when dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("cloudauth-driver-tests-{}-{made}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file. Returns its path.
    pub(crate) fn put(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// Number of lines in a file, 0 if it does not exist.
    pub(crate) fn lines_of(&self, name: &str) -> usize {
        fs::read_to_string(self.path(name)).map_or(0, |text| text.lines().count())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Also runs when a test fails, so an error must not panic.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A credential source, and what it takes to get one set of credentials from it.
pub(crate) struct SourceCase {
    pub(crate) name: &'static str,
    pub(crate) made: fn(&Simulator, &Folder) -> Source,
    /// The service that issues the credentials.
    pub(crate) service: Option<CredentialService>,
    /// Number of requests to that service.
    pub(crate) requests: usize,
    /// Whether the source runs a program.
    pub(crate) is_program: bool,
}

/// The file to which a program appends a line for each of its runs.
pub(crate) const RUNS: &str = "runs";

/// Secrets printed by a program.
pub(crate) const PRINTED_SECRET: &str = "printed-s3cret";
pub(crate) const PRINTED_TOKEN: &str = "printed-t0ken";

/// Secrets in code, in a file, and in a URL.
pub(crate) const GIVEN_SECRET: &str = "given-s3cret";
pub(crate) const GIVEN_TOKEN: &str = "given-t0ken";
pub(crate) const KEPT_SECRET: &str = "kept-s3cret";
pub(crate) const KEPT_TOKEN: &str = "kept-t0ken";
pub(crate) const URI_SECRET: &str = "uri-s3cret";

const fn requests(
    name: &'static str,
    service: CredentialService,
    requests: usize,
    made: fn(&Simulator, &Folder) -> Source,
) -> SourceCase {
    SourceCase {
        name,
        made,
        service: Some(service),
        requests,
        is_program: false,
    }
}

const fn holds(name: &'static str, made: fn(&Simulator, &Folder) -> Source) -> SourceCase {
    SourceCase {
        name,
        made,
        service: None,
        requests: 0,
        is_program: false,
    }
}

#[cfg(unix)]
const fn runs(name: &'static str, made: fn(&Simulator, &Folder) -> Source) -> SourceCase {
    SourceCase {
        is_program: true,
        ..holds(name, made)
    }
}

/// All sources. Those of profiles differ from the others only in how they are configured.
pub(crate) const CASES: &[SourceCase] = &[
    holds("static_ak", |_, _| key().into()),
    holds("static_sts", |simulator, _| {
        let id = "STS.given";
        simulator.world().add_sts_key(id, GIVEN_SECRET, GIVEN_TOKEN);
        let given = Credentials::temporary(id, GIVEN_SECRET, GIVEN_TOKEN);
        given.unwrap().into()
    }),
    holds("env", |_, _| {
        Source::default_chain(&vars(&[
            ("ALIBABA_CLOUD_ACCESS_KEY_ID", ACCESS_KEY_ID),
            ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ACCESS_KEY_SECRET),
        ]))
    }),
    requests("ram_role_arn", CredentialService::Sts, 1, |simulator, _| {
        let assumed = AssumeRole::new(key().into(), role(), credential_services(simulator));
        Source::AssumeRole(Box::new(assumed))
    }),
    requests(
        "oidc_role_arn",
        CredentialService::Sts,
        1,
        |simulator, folder| {
            let provider = "acs:ram::1:oidc-provider/p";
            let oidc = Oidc::new(
                token(folder),
                provider,
                role(),
                credential_services(simulator),
            );
            Source::Oidc(Box::new(oidc))
        },
    ),
    requests(
        "ecs_ram_role v2",
        CredentialService::Metadata,
        3,
        |simulator, _| EcsRole::new(None, &settings(simulator)).unwrap().into(),
    ),
    requests(
        "ecs_ram_role v1",
        CredentialService::Metadata,
        3,
        |simulator, _| {
            simulator.world().set_metadata_versions(true, false);
            EcsRole::new(None, &settings(simulator)).unwrap().into()
        },
    ),
    requests(
        "credentials_uri",
        CredentialService::Uri,
        1,
        |simulator, _| {
            let url = format!(
                "{}{CREDENTIALS_PATH}?k={URI_SECRET}",
                simulator.credential_services_url()
            );
            Source::Uri(Uri::new(&url).unwrap())
        },
    ),
    holds("CLI AK", |simulator, folder| {
        cli(simulator, folder, &format!(r#""mode":"AK",{}"#, json_key()))
    }),
    holds("CLI StsToken", |simulator, folder| {
        let mut world = simulator.world();
        world.add_sts_key("STS.kept", KEPT_SECRET, KEPT_TOKEN);
        let kept = format!(
            r#""mode":"StsToken","access_key_id":"STS.kept",
            "access_key_secret":"{KEPT_SECRET}","sts_token":"{KEPT_TOKEN}""#
        );
        cli(simulator, folder, &kept)
    }),
    requests(
        "CLI RamRoleArn",
        CredentialService::Sts,
        1,
        |simulator, folder| {
            let role = format!(r#""mode":"RamRoleArn",{},{JSON_ROLE}"#, json_key());
            cli(simulator, folder, &role)
        },
    ),
    requests(
        "CLI ChainableRamRoleArn",
        CredentialService::Sts,
        1,
        |simulator, folder| {
            let chained = format!(
                r#""mode":"ChainableRamRoleArn","source_profile":"base",{JSON_ROLE}}},
            {{"name":"base","mode":"AK",{}"#,
                json_key()
            );
            cli(simulator, folder, &chained)
        },
    ),
    requests(
        "CLI OIDC",
        CredentialService::Sts,
        1,
        |simulator, folder| {
            let oidc = format!(
                r#""mode":"OIDC",{JSON_ROLE},"oidc_provider_arn":"acs:ram::1:oidc-provider/p",
            "oidc_token_file":{:?}"#,
                token(folder)
            );
            cli(simulator, folder, &oidc)
        },
    ),
    requests(
        "CLI EcsRamRole",
        CredentialService::Metadata,
        3,
        |simulator, folder| cli(simulator, folder, r#""mode":"EcsRamRole""#),
    ),
    requests(
        "CLI CloudSSO",
        CredentialService::CloudSso,
        1,
        |simulator, folder| {
            let login = format!(
                r#""mode":"CloudSSO","cloud_sso_sign_in_url":"{}/login","cloud_sso_account_id":"151",
            "cloud_sso_access_config":"ac-1","access_token":"{SSO_TOKEN}",
            "cloud_sso_access_token_expire":4000000000"#,
                simulator.credential_services_url()
            );
            cli(simulator, folder, &login)
        },
    ),
    requests(
        "CLI OAuth",
        CredentialService::OAuth,
        1,
        |simulator, folder| {
            let login = format!(
                r#""mode":"OAuth","oauth_access_token":"{OAUTH_TOKEN}",
            "oauth_access_token_expire":4000000000"#
            );
            cli(simulator, folder, &login)
        },
    ),
    #[cfg(unix)]
    runs("CLI External", |simulator, folder| {
        let external = format!(
            r#""mode":"External","process_command":{:?}"#,
            program(simulator, folder)
        );
        cli(simulator, folder, &external)
    }),
    #[cfg(unix)]
    runs("external", |simulator, folder| {
        Source::External(External::new(&program(simulator, folder)).unwrap())
    }),
    holds("INI access_key", |simulator, folder| {
        ini(
            simulator,
            folder,
            &format!("type = access_key\n{}", ini_key()),
        )
    }),
    requests(
        "INI ram_role_arn",
        CredentialService::Sts,
        1,
        |simulator, folder| {
            let role = format!("type = ram_role_arn\n{INI_ROLE}{}", ini_key());
            ini(simulator, folder, &role)
        },
    ),
    requests(
        "INI oidc_role_arn",
        CredentialService::Sts,
        1,
        |simulator, folder| {
            let oidc = format!(
                "type = oidc_role_arn\n{INI_ROLE}oidc_provider_arn = acs:ram::1:oidc-provider/p\n\
             oidc_token_file_path = {}\n",
                token(folder)
            );
            ini(simulator, folder, &oidc)
        },
    ),
    requests(
        "INI ecs_ram_role",
        CredentialService::Metadata,
        3,
        |simulator, folder| ini(simulator, folder, "type = ecs_ram_role\n"),
    ),
];

const JSON_ROLE: &str = r#""ram_role_arn":"acs:ram::1:role/r""#;
const INI_ROLE: &str = "role_arn = acs:ram::1:role/r\n";

fn json_key() -> String {
    format!(r#""access_key_id":"{ACCESS_KEY_ID}","access_key_secret":"{ACCESS_KEY_SECRET}""#)
}

fn ini_key() -> String {
    format!("access_key_id = {ACCESS_KEY_ID}\naccess_key_secret = {ACCESS_KEY_SECRET}\n")
}

fn key() -> Credentials {
    Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET).unwrap()
}

fn role() -> Role {
    Role::new("acs:ram::1:role/r", "test")
}

fn vars(pairs: &[(&str, &str)]) -> Environment {
    Environment::read(|name| {
        let found = pairs.iter().find(|(have, _)| *have == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

fn token(folder: &Folder) -> String {
    folder.put("token", &format!("{OIDC_TOKEN}\n"))
}

/// A program that appends a line to [`RUNS`] and prints credentials that the simulator accepts.
#[cfg(unix)]
fn program(simulator: &Simulator, folder: &Folder) -> String {
    let mut world = simulator.world();
    world.add_sts_key("STS.printed", PRINTED_SECRET, PRINTED_TOKEN);
    let printed = format!(
        r#"{{"mode":"StsToken","access_key_id":"STS.printed","access_key_secret":"{PRINTED_SECRET}",
        "sts_token":"{PRINTED_TOKEN}","expiration":"2099-01-01T00:00:00Z"}}"#
    );
    let printed = folder.put("printed", &printed);
    format!(
        "/bin/sh -c 'echo run >> {}; cat {printed}'",
        folder.path(RUNS)
    )
}

fn cli(simulator: &Simulator, folder: &Folder, profile: &str) -> Source {
    let config = format!(r#"{{"current":"p","profiles":[{{"name":"p",{profile}}}]}}"#);
    let path = folder.put("config.json", &config);
    let profile = Profile::new(ProfileFormat::Cli, path, None, settings(simulator));
    Source::Profile(profile)
}

fn ini(simulator: &Simulator, folder: &Folder, section: &str) -> Source {
    let path = folder.put("credentials", &format!("[default]\n{section}"));
    let profile = Profile::new(ProfileFormat::Ini, path, None, settings(simulator));
    Source::Profile(profile)
}

fn credential_services(simulator: &Simulator) -> Endpoint {
    simulator.credential_services_url().parse().unwrap()
}

pub(crate) fn settings(simulator: &Simulator) -> Settings {
    let endpoint = credential_services(simulator);
    Settings::default()
        .sts(endpoint.clone())
        .metadata(endpoint.clone())
        .oauth(endpoint)
}

pub(crate) fn options(simulator: &Simulator, source: Source) -> Options {
    let endpoint = simulator.url(Region::Shanghai).parse().unwrap();
    Options::new()
        .credentials(source)
        .endpoints(Endpoints::only(endpoint))
        .proxies(Proxies::none())
}
