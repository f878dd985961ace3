//! The options of a client, the same for every driver.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use cloudauth_proto::{Attempt, Endpoints, Policy, Scheme, Secret, Session, Source, Vars};
use rustls::ClientConfig;

use crate::clock::{self, Clock};
use crate::proxy::Proxies;
use crate::tls::{self, Identity};
use crate::user_agent::UserAgent;
use crate::watch::Watch;

/// How a client is to be.
///
/// What is not set has a default: credentials and proxies from the environment, Shanghai then
/// Beijing, ACS3-HMAC-SHA256, 10 s to connect, 10 s to read, 30 s in all. What cannot be used is an
/// error when the client is built, and names the option.
#[derive(Clone, Debug)]
#[must_use]
pub struct Options {
    credentials: Option<Source>,
    endpoints: Endpoints,
    scheme: Scheme,
    policy: Policy,
    rate_limits: Vec<(&'static str, u32)>,
    proxies: Option<Proxies>,
    roots: Vec<Vec<u8>>,
    identity: Option<Identity>,
    max_idle: usize,
    idle: Duration,
    user_agent: Option<String>,
    watch: Watch,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            credentials: None,
            endpoints: Endpoints::default(),
            scheme: Scheme::default(),
            policy: Policy::default(),
            rate_limits: Vec::new(),
            proxies: None,
            roots: Vec::new(),
            identity: None,
            max_idle: 100,
            // The vendor's servers close idle connections after about ten seconds.
            idle: Duration::from_secs(5),
            user_agent: None,
            watch: Watch::default(),
        }
    }
}

impl Options {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Signs with these credentials, or with those that this [`Source`] gives when the first call
    /// needs them. Default: [`Source::default_chain`] over the environment.
    pub fn credentials(mut self, credentials: impl Into<Source>) -> Self {
        self.credentials = Some(credentials.into());
        self
    }

    /// Asks these endpoints, in this order. [`Endpoints::of`] are those of a network,
    /// [`Endpoint::of`](cloudauth_proto::Endpoint::of) is the one of a region.
    pub fn endpoints(mut self, endpoints: Endpoints) -> Self {
        self.endpoints = endpoints;
        self
    }

    /// Signs with this scheme, which also decides whether parameters travel in the URL.
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = scheme;
        self
    }

    /// Keeps to these limits; the options below set one of them each.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Gives up connecting after this time: name, TCP, proxy and TLS together.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.policy.connect_timeout = limit;
        self
    }

    /// Gives up waiting for the whole reply this long after there is a connection.
    pub fn read_timeout(mut self, limit: Duration) -> Self {
        self.policy.read_timeout = limit;
        self
    }

    /// Gives up a call with all its attempts after this time.
    pub fn total_timeout(mut self, limit: Duration) -> Self {
        self.policy.total_timeout = limit;
        self
    }

    /// Sends a call at most this often. Default: 4.
    pub fn max_attempts(mut self, attempts: usize) -> Self {
        self.policy.max_attempts = attempts;
        self
    }

    /// Sends the operation `action` at most this often per second; calls wait for their turn. The
    /// service limits each operation per account (documented: 50 per second for most). Default: no
    /// limit here.
    pub fn rate_limit(mut self, action: &'static str, per_second: u32) -> Self {
        self.rate_limits.push((action, per_second));
        self
    }

    /// Refuses replies with more bytes than this. Default: 10 MiB.
    pub fn reply_limit(mut self, bytes: usize) -> Self {
        self.policy.reply_limit = bytes;
        self
    }

    /// Goes through these proxies. Default: those of the environment.
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = Some(proxies);
        self
    }

    /// Trusts these certificates too (PEM text, one or more). There is no way to trust all.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots.push(pem.into());
        self
    }

    /// Shows this certificate to a server or a proxy that asks for one (PEM text: the certificate,
    /// then those between it and the root), and proves with this key that it is its own (PEM text:
    /// PKCS#8, PKCS#1 or SEC1, not encrypted).
    pub fn client_certificate(
        mut self,
        certificates: impl Into<Vec<u8>>,
        key: impl Into<String>,
    ) -> Self {
        self.identity = Some(Identity {
            certificates: certificates.into(),
            key: Secret::new(key),
        });
        self
    }

    /// Keeps at most this many connections to an endpoint open while they are not used; with 0, each
    /// exchange has a connection of its own. How many are in use has no limit. Default: 100.
    pub fn max_idle_connections(mut self, connections: usize) -> Self {
        self.max_idle = connections;
        self
    }

    /// Does not use a connection again that was idle for this long. Default: 5 s, as the vendor's
    /// servers close it after about 10 s.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.idle = limit;
        self
    }

    /// Adds this to the `User-Agent` of every request: `cloudauth-rs/0.1.0 shop/2.1`. Printable ASCII.
    pub fn user_agent(mut self, suffix: impl Into<String>) -> Self {
        self.user_agent = Some(suffix.into());
        self
    }

    /// Calls this for every attempt of a call, when the call is over, with the operation's name.
    pub fn on_attempt(mut self, hook: impl Fn(&str, &Attempt) + Send + Sync + 'static) -> Self {
        self.watch = Watch::new(hook);
        self
    }

    /// What a driver makes a client of.
    pub fn build(self) -> Result<Parts, OptionsError> {
        let policy = &self.policy;
        let none_sent = self.rate_limits.iter().any(|(_, sends)| *sends == 0);
        for (name, is_zero) in [
            ("connect_timeout", policy.connect_timeout.is_zero()),
            ("read_timeout", policy.read_timeout.is_zero()),
            ("total_timeout", policy.total_timeout.is_zero()),
            ("max_attempts", policy.max_attempts == 0),
            ("reply_limit", policy.reply_limit == 0),
            ("rate_limit", none_sent),
        ] {
            if is_zero {
                return Err(OptionsError::new(name, "is zero: no call could be made"));
            }
        }
        let user_agent = UserAgent::new(self.user_agent)?;
        let tls = tls::config(&self.roots, self.identity.as_ref())?;
        let credentials = match self.credentials {
            Some(credentials) => credentials,
            None => Source::default_chain(&Vars::read(clock::var)),
        };
        let proxies = match self.proxies {
            Some(proxies) => proxies,
            None => Proxies::from_vars(clock::var)?,
        };
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)
            .map_err(|_| OptionsError::new("the seed", "cannot be had: no randomness"))?;
        let mut session = Session::new(credentials, seed)
            .endpoints(self.endpoints)
            .scheme(self.scheme)
            .policy(self.policy);
        for (action, per_second) in self.rate_limits {
            session = session.rate_limit(action, per_second);
        }
        Ok(Parts {
            session,
            clock: Clock::start(),
            tls,
            proxies,
            user_agent,
            watch: self.watch,
            max_idle: self.max_idle,
            idle: self.idle,
        })
    }
}

/// What a driver makes a client of.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "both drivers take it apart")]
pub struct Parts {
    /// The state of the core.
    pub session: Session,
    /// The clocks.
    pub clock: Clock,
    /// How TLS is spoken.
    pub tls: Arc<ClientConfig>,
    /// Which proxy to go through.
    pub proxies: Proxies,
    /// What is added to the `User-Agent`.
    pub user_agent: UserAgent,
    /// Whom to tell of attempts.
    pub watch: Watch,
    /// How many connections to an endpoint may lie idle.
    pub max_idle: usize,
    /// How long a connection may lie idle before it is not used again.
    pub idle: Duration,
}

/// An option that cannot be used, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptionsError {
    /// Which, and why.
    Option {
        /// The option's name, or the variable's that it came from.
        name: &'static str,
        /// What is wrong, to be read after the name; never the value.
        problem: &'static str,
    },
}

impl OptionsError {
    pub(crate) fn new(name: &'static str, problem: &'static str) -> Self {
        Self::Option { name, problem }
    }
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option { name, problem } => write!(f, "{name} {problem}"),
        }
    }
}

impl core::error::Error for OptionsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_what_the_documentation_says() {
        let options = Options::new();
        assert_eq!(options.policy, Policy::default());
        assert_eq!(options.policy.reply_limit, 10 << 20);
        assert_eq!(options.endpoints, Endpoints::default());
        assert_eq!(options.idle, Duration::from_secs(5));
        assert_eq!(options.max_idle, 100);
    }

    #[test]
    fn no_option_prints_a_secret() {
        let options = Options::new().client_certificate("", "K3Y-IN-PEM");
        let printed = format!("{options:?}");
        assert!(!printed.contains("K3Y"), "{printed}");
    }
}
