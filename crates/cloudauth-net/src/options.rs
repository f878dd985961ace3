//! Options of a client, the same for every driver.

use core::time::Duration;
use std::io::Write;
use std::sync::Arc;

use cloudauth_proto::credentials::{
    CustomSource, Environment, FromEnvironment, ProvidedCredentials,
};
use cloudauth_proto::driver::SupplyError;
use cloudauth_proto::ops;
use cloudauth_proto::{Attempt, Endpoint, Endpoints, Policy, Scheme, Secret, Session, Source};
use rustls::ClientConfig;

use crate::clock::{self, Clock, TestClock};
use crate::custom_sources::CustomSources;
use crate::error::OptionsError;
use crate::observer::Observer;
use crate::proxy::Proxies;
use crate::recording::Recording;
use crate::tls::{Identity, TlsOptions};
use crate::user_agent::UserAgent;
use crate::variables::Variables;

/// HTTP libraries add the idle timeout to the current time, and panic if that cannot be represented.
const MAX_IDLE_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// Options of a client, the same for the blocking and the async driver.
///
/// Every option has a default: credentials and proxies from the environment, Shanghai then Beijing,
/// ACS3-HMAC-SHA256, 10 s to connect, 10 s to read a response, 30 s for a call. An option that cannot
/// be used is an [`OptionsError`] when the client is built.
#[derive(Clone, Debug)]
#[must_use]
pub struct Options {
    credentials: Source,
    custom_sources: CustomSources,
    endpoints: Endpoints,
    scheme: Scheme,
    policy: Policy,
    rate_limits: Vec<(&'static str, u32)>,
    raw_rate_limits: Vec<(&'static str, u32)>,
    max_billed: Option<(u32, Duration)>,
    proxies: Option<Proxies>,
    tls: TlsOptions,
    max_idle_connections: usize,
    idle_timeout: Duration,
    user_agent: Option<String>,
    observer: Observer,
    recording: Option<Recording>,
    test_clock: Option<TestClock>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            credentials: FromEnvironment::default_chain().into(),
            custom_sources: CustomSources::default(),
            endpoints: Endpoints::default(),
            scheme: Scheme::default(),
            policy: Policy::default(),
            rate_limits: Vec::new(),
            raw_rate_limits: Vec::new(),
            max_billed: None,
            proxies: None,
            tls: TlsOptions::default(),
            max_idle_connections: 100,
            // The vendor's servers close idle connections after about ten seconds.
            idle_timeout: Duration::from_secs(5),
            user_agent: None,
            observer: Observer::default(),
            recording: None,
            test_clock: None,
        }
    }
}

impl Options {
    /// Creates options that are all at their defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates options from environment variables; those that are not set, or empty, keep their defaults.
    /// What is set afterwards wins. A client reads none of these variables unless this function is called.
    ///
    /// | variable | value |
    /// |---|---|
    /// | `CLOUDAUTH_ENDPOINTS` | URLs in order of preference, separated by commas; `https://` may be left out |
    /// | `CLOUDAUTH_PLAIN_HTTP` | one host that `CLOUDAUTH_ENDPOINTS` may name with `http://`, besides loopback hosts: a simulator in another container. **Names and ID numbers cross that network unencrypted** |
    /// | `CLOUDAUTH_REGION` | region to prefer: `cn-shanghai`, `cn-beijing`, `cn-qingdao`, `global` |
    /// | `CLOUDAUTH_NETWORK` | `public`, `vpc`, `dualstack` |
    /// | `CLOUDAUTH_SCHEME` | `ACS3-HMAC-SHA256`, `HMAC-SHA1`; `ACS3-HMAC-SM3` with the feature `sm3` |
    /// | `CLOUDAUTH_CONNECT_TIMEOUT`, `CLOUDAUTH_READ_TIMEOUT`, `CLOUDAUTH_TOTAL_TIMEOUT` | seconds, such as `10` or `2.5` |
    ///
    /// A value that cannot be used is an error that names its variable. Credentials and proxies have
    /// variables of their own, which are read by default.
    pub fn from_env() -> Result<Self, OptionsError> {
        Ok(Self::new().with(Variables::read(clock::lossy_var)?))
    }

    fn with(mut self, variables: Variables) -> Self {
        if let Some(endpoints) = variables.endpoints {
            self.endpoints = endpoints;
        }
        if let Some(scheme) = variables.scheme {
            self.scheme = scheme;
        }
        for (limit, set) in [
            (&mut self.policy.connect_timeout, variables.connect_timeout),
            (&mut self.policy.read_timeout, variables.read_timeout),
            (&mut self.policy.total_timeout, variables.total_timeout),
        ] {
            *limit = set.unwrap_or(*limit);
        }
        self
    }

    /// Sets the credentials, or the [`Source`] that they are looked up from when the first call needs
    /// them: an access key, `EcsRole::named("verify")`, `Profile::named("verify")`, `Oidc::from_env()`.
    /// Default: [`Source::default_chain`] with the environment.
    pub fn credentials(mut self, credentials: impl Into<Source>) -> Self {
        self.credentials = credentials.into();
        self
    }

    /// Sets what a source of the caller's own does, such as one that reads a vault. It is used if
    /// [`credentials`](Self::credentials) is set to it, or to a chain or a role with it in it.
    ///
    /// `provide` may block. It is run on a thread of its own when credentials are needed, never twice at the
    /// same time, and given up after the time limit of the source, which is its argument. Async code is run
    /// with a handle of its runtime. [`SupplyError`] is the kind of error that calls then show; a message that
    /// may hold a secret has no place in it.
    ///
    /// ```
    /// use cloudauth_net::Options;
    /// use cloudauth_proto::Credentials;
    /// use cloudauth_proto::credentials::{CustomSource, ProvidedCredentials};
    /// use cloudauth_proto::driver::SupplyError;
    ///
    /// let vault = CustomSource::new("vault");
    /// let options = Options::new()
    ///     .custom_source(&vault, |_time_left| {
    ///         let key = Credentials::access_key("id", "secret"); // from the vault
    ///         let credentials = key.map_err(|_| SupplyError::Failed)?;
    ///         Ok(ProvidedCredentials { credentials, expires: None })
    ///     })
    ///     .credentials(vault);
    /// ```
    pub fn custom_source(
        mut self,
        source: &CustomSource,
        provide: impl Fn(Duration) -> Result<ProvidedCredentials, SupplyError> + Send + Sync + 'static,
    ) -> Self {
        self.custom_sources.add(source.name().to_owned(), provide);
        self
    }

    /// Sets the endpoints, in order of preference. [`Endpoints::of`] returns those of a network,
    /// [`Endpoint::of`] the one of a region. Default: Shanghai, then
    /// Beijing, over the internet.
    pub fn endpoints(mut self, endpoints: Endpoints) -> Self {
        self.endpoints = endpoints;
        self
    }

    /// Returns the endpoints, in order of preference; there is at least one.
    #[must_use]
    pub fn endpoint_list(&self) -> &[Endpoint] {
        self.endpoints.as_slice()
    }

    /// Returns the signature scheme.
    #[must_use]
    pub fn signature_scheme(&self) -> Scheme {
        self.scheme
    }

    /// Sets the signature scheme. It also determines whether parameters are sent in the URL. Default:
    /// [`Scheme::Acs3HmacSha256`].
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = scheme;
        self
    }

    /// Sets the timeouts, the number of attempts and all other limits of calls at once. Several of
    /// them have an option of their own below.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets the connect timeout: name resolution, TCP, proxy and TLS together. Default: 10 s.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.policy.connect_timeout = limit;
        self
    }

    /// Sets the read timeout: from the moment that a request is sent on an open connection until the
    /// whole response has been read. Default: 10 s.
    pub fn read_timeout(mut self, limit: Duration) -> Self {
        self.policy.read_timeout = limit;
        self
    }

    /// Sets the timeout of a call with all its attempts. Default: 30 s.
    pub fn total_timeout(mut self, limit: Duration) -> Self {
        self.policy.total_timeout = limit;
        self
    }

    /// Sets the maximum number of attempts of a call. Default: 4.
    pub fn max_attempts(mut self, attempts: usize) -> Self {
        self.policy.max_attempts = attempts;
        self
    }

    /// Limits how often per second the operation `action` is sent; calls over the limit wait. The
    /// service limits each operation per account (documented: 50 per second for most). Default: no
    /// limit in the client.
    ///
    /// A name that no operation of [`ops`](cloudauth_proto::ops) has is an error, since it would limit
    /// nothing; for others there is [`rate_limit_raw`](Self::rate_limit_raw).
    pub fn rate_limit(mut self, action: &'static str, per_second: u32) -> Self {
        self.rate_limits.push((action, per_second));
        self
    }

    /// Limits how often per second an operation is sent that is not in
    /// [`ops`](cloudauth_proto::ops), as a [`Raw`](cloudauth_proto::ops::Raw).
    pub fn rate_limit_raw(mut self, action: &'static str, per_second: u32) -> Self {
        self.raw_rate_limits.push((action, per_second));
        self
    }

    /// Sends at most `max` calls that are or may be billed within any span `per`; a call beyond that ends with
    /// [`Error::BilledLimit`](cloudauth_proto::Error::BilledLimit), which says when the next is possible, and
    /// nothing of it is sent. With 0, none is sent. Default: no limit; the service has no hard spending cap
    /// (documented).
    ///
    /// A call counts when it is sent, whatever comes of it, unless its operation is free;
    /// [`Session::max_billed`] has the exact rules. Clones of a client share the limit. It is kept in memory:
    /// **each process has its own**, which begins anew when the process starts.
    ///
    /// ```
    /// use std::time::Duration;
    /// # use cloudauth_net::Options;
    ///
    /// let day = Duration::from_secs(86_400);
    /// let options = Options::new().max_billed(10_000, day);
    /// ```
    pub fn max_billed(mut self, max: u32, per: Duration) -> Self {
        self.max_billed = Some((max, per));
        self
    }

    /// Sets the maximum size of a response body in bytes; larger ones are an error. Default: 10 MiB.
    pub fn response_limit(mut self, bytes: usize) -> Self {
        self.policy.response_limit = bytes;
        self
    }

    /// Sets the proxies. Default: those of the environment.
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = Some(proxies);
        self
    }

    /// Adds trusted root certificates: PEM, one or more.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.roots.push(pem.into());
        self
    }

    /// Replaces the whole TLS configuration: for keys in hardware, pinned certificates, a FIPS provider.
    ///
    /// Its crypto provider, its verifier and its client certificate are used as they are; **whether
    /// certificates are verified is then up to it**. Its ALPN protocols are not used: clients speak
    /// HTTP/1.1 only. It cannot be combined with [`root_certificates`](Self::root_certificates) or
    /// [`client_certificate`](Self::client_certificate).
    pub fn tls_config(mut self, config: Arc<ClientConfig>) -> Self {
        self.tls.config = Some(config);
        self
    }

    /// Sets the certificate with which the client authenticates to a server or proxy that requests
    /// one. `certificates` is PEM: the certificate, then its intermediates. `key` is its private key:
    /// PEM, PKCS#8, PKCS#1 or SEC1, not encrypted.
    pub fn client_certificate(
        mut self,
        certificates: impl Into<Vec<u8>>,
        key: impl Into<String>,
    ) -> Self {
        self.tls.identity = Some(Identity {
            certificates: certificates.into(),
            key: Secret::new(key),
        });
        self
    }

    /// Sets the maximum number of idle connections kept per endpoint. With 0, every exchange opens a
    /// connection of its own. The number of connections in use is not limited. Default: 100.
    pub fn max_idle_connections(mut self, connections: usize) -> Self {
        self.max_idle_connections = connections;
        self
    }

    /// Sets how long an idle connection is kept for reuse, at most a day. Default: 5 s, as the vendor's
    /// servers close idle connections after about 10 s.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.idle_timeout = limit.min(MAX_IDLE_TIMEOUT);
        self
    }

    /// Appends a suffix to the `User-Agent` of every request: `cloudauth-rs/0.1.0 shop/2.1`. Printable
    /// ASCII.
    pub fn user_agent(mut self, suffix: impl Into<String>) -> Self {
        self.user_agent = Some(suffix.into());
        self
    }

    /// Sets a hook that is called after each attempt, with the name of the operation, or `credentials`,
    /// `PostObject` (an upload), `GetObject` (a picture or a video). [`Observer`] tells what else is
    /// reported, and where.
    pub fn on_attempt(mut self, hook: impl Fn(&str, &Attempt) + Send + Sync + 'static) -> Self {
        self.observer = Observer::new(hook);
        self
    }

    /// Records what the client decides and why, so that a failure in production becomes a test: the command
    /// `cloudauth sim replay` and [`Trace::replay`](cloudauth_proto::trace::Trace::replay) make the same
    /// decisions again. Default: nothing is recorded.
    ///
    /// A recording has no parameter, no body, no key, no token and no signature; [`trace`](cloudauth_proto::trace)
    /// lists what it has. Each line is written at once and flushed, while the calls of the client wait: a file
    /// will do, a slow network will not. The last line is written when the client and its clones are dropped.
    /// After an error of `to`, nothing more is written.
    ///
    /// One client can be built from these options and their clones; a second one is an [`OptionsError`].
    ///
    /// ```no_run
    /// # use cloudauth_net::Options;
    /// use std::fs::File;
    ///
    /// let options = Options::new().record(File::create("client.trace")?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn record(mut self, to: impl Write + Send + 'static) -> Self {
        self.recording = Some(Recording::to(to));
        self
    }

    /// Replaces the clock in a test of an application, so that waiting takes no time.
    pub fn test_clock(mut self, clock: &TestClock) -> Self {
        self.test_clock = Some(clock.clone());
        self
    }

    /// Checks the options and returns what a driver builds a client from. Applications pass the
    /// options to a driver's `Client::new` instead.
    pub fn build(self) -> Result<ClientParts, OptionsError> {
        let policy = &self.policy;
        let is_listed = |action: &str| ops::ALL.iter().any(|listed| listed.action == action);
        if !self.rate_limits.iter().all(|(action, _)| is_listed(action)) {
            let problem = "names an operation that is unknown; for a raw one use rate_limit_raw";
            return Err(OptionsError::new("rate_limit", problem));
        }
        let mut rate_limits = self.rate_limits;
        rate_limits.extend(self.raw_rate_limits);
        let is_rate_zero = rate_limits.iter().any(|(_, rate)| *rate == 0);
        for (name, is_zero) in [
            ("connect_timeout", policy.connect_timeout.is_zero()),
            ("read_timeout", policy.read_timeout.is_zero()),
            ("total_timeout", policy.total_timeout.is_zero()),
            ("max_attempts", policy.max_attempts == 0),
            ("response_limit", policy.response_limit == 0),
            ("rate_limit", is_rate_zero),
        ] {
            if is_zero {
                return Err(OptionsError::new(name, "must be greater than zero"));
            }
        }
        if self.max_billed.is_some_and(|(_, per)| per.is_zero()) {
            let problem = "must be for a span greater than zero";
            return Err(OptionsError::new("max_billed", problem));
        }
        let user_agent = UserAgent::new(self.user_agent)?;
        let tls = self.tls.build()?;
        let credentials = resolve(self.credentials);
        let proxies = match self.proxies {
            Some(proxies) => proxies,
            None => Proxies::from_vars(clock::lossy_var),
        };
        for endpoint in self.endpoints.as_slice() {
            proxies.proxy_for(endpoint.scheme(), endpoint.authority())?;
        }
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|_| {
            OptionsError::new(
                "seed",
                "cannot be generated: the system's random number generator failed",
            )
        })?;
        let mut session = Session::new(credentials, seed)
            .endpoints(self.endpoints)
            .scheme(self.scheme)
            .policy(self.policy);
        for (action, per_second) in rate_limits {
            session = session.rate_limit(action, per_second);
        }
        if cfg!(feature = "metrics") {
            session = session.report_billed();
        }
        if let Some((max, per)) = self.max_billed {
            session = session.max_billed(max, per);
        }
        if let Some(recording) = self.recording {
            session = session.record_trace(recording.take()?);
        }
        Ok(ClientParts {
            session,
            custom_sources: self.custom_sources,
            clock: match self.test_clock {
                Some(test) => Clock::start().moved_by(test),
                None => Clock::start(),
            },
            tls,
            proxies,
            user_agent,
            observer: self.observer,
            max_idle_connections: self.max_idle_connections,
            idle_timeout: self.idle_timeout,
        })
    }
}

/// The source with what the environment of the process says, such as that of the default chain.
pub fn resolve(credentials: impl Into<Source>) -> Source {
    let credentials = credentials.into();
    let credentials = credentials.resolve(&Environment::read(clock::bytes));
    if credentials.continues_after_failure() {
        tracing::warn!(
            target: "cloudauth",
            "if a source of credentials fails, the next one is used, which may be of another account"
        );
    }
    credentials
}

/// What a driver builds a client from: checked options, with all defaults filled in.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "drivers destructure it, so that none forgets a part"
)]
pub struct ClientParts {
    /// State of the core, shared by all calls of the client.
    pub session: Session,
    /// Sources of credentials of the caller's own.
    pub custom_sources: CustomSources,
    /// Clocks of the client.
    pub clock: Clock,
    /// TLS configuration, for endpoints and proxies.
    pub tls: Arc<ClientConfig>,
    /// Proxies, and the hosts that are reached directly.
    pub proxies: Proxies,
    /// Suffix of the `User-Agent`.
    pub user_agent: UserAgent,
    /// Observer of calls.
    pub observer: Observer,
    /// Maximum number of idle connections kept per endpoint.
    pub max_idle_connections: usize,
    /// How long an idle connection is kept for reuse.
    pub idle_timeout: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_match_the_documentation() {
        let options = Options::new();
        assert_eq!(options.policy, Policy::default());
        assert_eq!(options.policy.connect_timeout, Duration::from_secs(10));
        assert_eq!(options.policy.read_timeout, Duration::from_secs(10));
        assert_eq!(options.policy.total_timeout, Duration::from_secs(30));
        assert_eq!(options.policy.max_attempts, 4);
        assert_eq!(options.policy.response_limit, 10 << 20);
        assert_eq!(options.endpoints, Endpoints::default());
        assert_eq!(options.scheme, Scheme::Acs3HmacSha256);
        assert_eq!(options.idle_timeout, Duration::from_secs(5));
        assert_eq!(options.max_idle_connections, 100);
    }

    #[test]
    fn variables_replace_defaults_and_the_code_replaces_variables() {
        let variables = Variables {
            scheme: Some(Scheme::RpcHmacSha1),
            read_timeout: Some(Duration::from_secs(3)),
            total_timeout: Some(Duration::from_secs(4)),
            ..Variables::default()
        };
        let options = Options::new().with(variables);
        let options = options.total_timeout(Duration::from_secs(9));
        assert_eq!(options.scheme, Scheme::RpcHmacSha1);
        assert_eq!(options.endpoints, Endpoints::default());
        assert_eq!(options.policy.connect_timeout, Duration::from_secs(10));
        assert_eq!(options.policy.read_timeout, Duration::from_secs(3));
        assert_eq!(options.policy.total_timeout, Duration::from_secs(9));
    }

    #[test]
    fn an_idle_timeout_of_more_than_a_day_is_a_day() {
        let set = |limit| Options::new().idle_timeout(limit).idle_timeout;
        let day = Duration::from_secs(86_400);
        assert_eq!(set(Duration::MAX), day);
        assert_eq!(set(day / 2), day / 2);
    }

    #[test]
    fn debug_output_of_options_hides_the_private_key() {
        let options = Options::new().client_certificate("", "K3Y-IN-PEM");
        let printed = format!("{options:?}");
        assert!(!printed.contains("K3Y"), "{printed}");
    }
}
