//! What all subcommands that call the service share: endpoints, credentials, connections.

use core::num::NonZeroUsize;
use core::time::Duration;
use std::path::PathBuf;

use clap::ValueEnum;
use cloudauth_proto::Source as CredentialSource;
use cloudauth_proto::credentials::Environment;
use cloudauth_proto::{Endpoint, Endpoints, Network, Region, Scheme};
use cloudauth_ureq::{Client, Options, Proxies};

use crate::arguments::{seconds, short};
use crate::environment;
use crate::error::{CommandError, usage};
use crate::input::{self, Source};

/// Variables set what no option does: `CLOUDAUTH_ENDPOINTS` and others of that prefix, `HTTPS_PROXY`,
/// `NO_PROXY`, `SSL_CERT_FILE`.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Service")]
pub(crate) struct ServiceArgs {
    /// Endpoint; repeat the option to add fallbacks, in order [default: `CLOUDAUTH_ENDPOINTS`, or else
    /// Shanghai, then Beijing]
    #[arg(long = "endpoint", value_name = "URL", value_parser = short)]
    endpoints: Vec<String>,
    /// Host of an --endpoint that is reached over http although it is another machine: names and ID
    /// numbers then cross that network unencrypted
    #[arg(long, value_name = "HOST", value_parser = short, requires = "endpoints")]
    plain_http: Vec<String>,
    /// Region to prefer: global, cn-shanghai, cn-beijing or cn-qingdao
    #[arg(long, conflicts_with = "endpoints")]
    region: Option<Region>,
    /// Network of the endpoints: public, vpc or dualstack
    #[arg(long, conflicts_with = "endpoints")]
    network: Option<Network>,
    /// Signature scheme; acs3 puts parameters such as the name and the ID number into the URL, rpc
    /// into the body [default: `CLOUDAUTH_SCHEME`, or else acs3]
    #[arg(long, value_enum)]
    pub(crate) scheme: Option<SchemeArg>,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
}

/// Credentials and connections.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Service")]
pub(crate) struct ConnectionArgs {
    /// Profile of ~/.aliyun/config.json, or else of ~/.alibabacloud/credentials; other sources of
    /// credentials are then not used
    #[arg(long, value_name = "NAME", value_parser = short)]
    profile: Option<String>,
    /// File with certificates, PEM, to trust besides the usual ones [default: `SSL_CERT_FILE`]
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Proxy, http://, https:// or socks5://HOST:PORT, or `none` [default: `HTTPS_PROXY` or `HTTP_PROXY`,
    /// where a password belongs]
    #[arg(long, value_name = "URL", value_parser = short)]
    proxy: Option<String>,
    /// Longest time to connect, in seconds [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    connect_timeout: Option<Duration>,
    /// Longest time for a response, in seconds [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    read_timeout: Option<Duration>,
    /// Longest time for a call with all its attempts, in seconds [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    total_timeout: Option<Duration>,
    /// Most attempts of a call; 1 to never retry [default: 4]
    #[arg(long, value_name = "NUMBER")]
    max_attempts: Option<NonZeroUsize>,
}

impl ServiceArgs {
    pub(crate) fn client(&self) -> Result<Client, CommandError> {
        Ok(Client::new(self.options()?)?)
    }

    /// The options of the command line, or else of the environment.
    pub(crate) fn options(&self) -> Result<Options, CommandError> {
        let mut options = Options::from_env()?;
        if let Some(endpoints) = self.endpoints()? {
            options = options.endpoints(endpoints);
        }
        if let Some(scheme) = self.scheme {
            options = options.scheme(scheme.into());
        }
        self.connection.apply(options)
    }

    /// The endpoints of the command line.
    fn endpoints(&self) -> Result<Option<Endpoints>, CommandError> {
        let mut given = Vec::new();
        for url in &self.endpoints {
            given.push(self.endpoint(url)?);
        }
        if let Some(host) = self.plain_http.iter().find(|host| !self.is_used(host)) {
            let host = crate::output::one_line(host);
            return Err(usage(format!(
                "--plain-http {host} is the host of no http:// --endpoint"
            )));
        }
        if self.region.is_some() || self.network.is_some() {
            let network = self.network.unwrap_or_default();
            if let Some(region) = self.region {
                let first = Endpoint::of(region, network);
                let first = first.ok_or_else(|| usage("--region has no endpoint on --network"))?;
                given.push(first);
            }
            given.extend(Endpoints::of(network));
        }
        let mut given = given.into_iter();
        let first = given.next();
        Ok(first.map(|first| given.fold(Endpoints::only(first), Endpoints::then)))
    }

    fn endpoint(&self, url: &str) -> Result<Endpoint, CommandError> {
        let plain = url.strip_prefix("http://");
        let endpoint = match plain {
            Some(authority) if self.plain_http.iter().any(|host| is_host(authority, host)) => {
                Endpoint::plain_http(authority)
            }
            Some(_) | None => url.parse(),
        };
        // The URL is not shown: it may contain a password.
        endpoint.map_err(|_| match plain.map(Endpoint::plain_http) {
            Some(Ok(endpoint)) => usage(format!(
                "--endpoint {endpoint} is not encrypted; if the network to it may see names and ID \
                 numbers, add --plain-http {}",
                host_of(endpoint.authority())
            )),
            Some(Err(_)) | None => {
                usage("--endpoint must be https://HOST[:PORT], or http:// with a loopback host")
            }
        })
    }

    fn is_used(&self, host: &str) -> bool {
        let mut plain = self
            .endpoints
            .iter()
            .filter_map(|url| url.strip_prefix("http://"));
        plain.any(|authority| is_host(authority, host))
    }
}

impl ConnectionArgs {
    pub(crate) fn apply(&self, mut options: Options) -> Result<Options, CommandError> {
        if let Some(name) = &self.profile {
            options = options.credentials(profile(name));
        }
        let variable = environment::path("SSL_CERT_FILE");
        for (name, file) in [("--ca", &self.ca), ("SSL_CERT_FILE", &variable)] {
            if let Some(file) = file {
                let pem = input::certificates(Source::file(name, file))?;
                options = options.root_certificates(pem);
            }
        }
        match self.proxy.as_deref() {
            None => {}
            Some("none") => options = options.proxies(Proxies::none()),
            Some(url) if url.contains('@') => {
                return Err(usage(
                    "--proxy must not contain a password, which other users of this machine can see; \
                     set HTTPS_PROXY instead",
                ));
            }
            Some(url) => {
                let direct = environment::var("no_proxy").or_else(|| environment::var("NO_PROXY"));
                options = options.proxies(Proxies::all(url, &direct.unwrap_or_default())?);
            }
        }
        if let Some(limit) = self.connect_timeout {
            options = options.connect_timeout(limit);
        }
        if let Some(limit) = self.read_timeout {
            options = options.read_timeout(limit);
        }
        if let Some(limit) = self.total_timeout {
            options = options.total_timeout(limit);
        }
        if let Some(attempts) = self.max_attempts {
            options = options.max_attempts(attempts.get());
        }
        Ok(options)
    }
}

/// The profile of this name, in the files where profiles are looked up by default. A profile that was named
/// is the only source: if no file has it, there are no credentials.
fn profile(name: &str) -> CredentialSource {
    let vars = Environment::read(|variable| {
        let is_key = ["ACCESS_KEY", "TOKEN", "ROLE_ARN", "OIDC"];
        let is_other = !variable.starts_with("ALIBABA_CLOUD_") && variable.starts_with("ALI");
        if variable == "ALIBABA_CLOUD_PROFILE" {
            Some(name.to_owned())
        } else if is_other || is_key.iter().any(|part| variable.contains(part)) {
            None
        } else {
            environment::var(variable)
        }
    });
    CredentialSource::default_chain(&vars)
}

/// Whether `host` is the authority, or the authority without its port.
fn is_host(authority: &str, host: &str) -> bool {
    let port = authority.strip_prefix(host);
    port.is_some_and(|port| port.is_empty() || port.starts_with(':'))
}

fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) | None => authority,
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SchemeArg {
    /// ACS3-HMAC-SHA256
    Acs3,
    /// RPC 1.0 with HMAC-SHA1
    Rpc,
}

impl From<SchemeArg> for Scheme {
    fn from(scheme: SchemeArg) -> Self {
        match scheme {
            SchemeArg::Acs3 => Self::Acs3HmacSha256,
            SchemeArg::Rpc => Self::RpcHmacSha1,
        }
    }
}
