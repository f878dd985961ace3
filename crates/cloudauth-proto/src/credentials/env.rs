//! Environment variables, as a value.

use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt;

use crate::secret::Secret;

macro_rules! vars {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        $($(#[$doc])* pub(crate) const $name: &str = $text;)*

        impl Environment {
            /// The names of all variables that are read. Those that begin with `ALIBABA_CLOUD_` are
            /// variables of the vendor's SDKs with the same meaning.
            pub const NAMES: &[&'static str] = &[$($text,)*];
        }
    };
}

vars! {
    ACCESS_KEY_ID = "ALIBABA_CLOUD_ACCESS_KEY_ID",
    ACCESS_KEY_SECRET = "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    SECURITY_TOKEN = "ALIBABA_CLOUD_SECURITY_TOKEN",
    ROLE_ARN = "ALIBABA_CLOUD_ROLE_ARN",
    ROLE_SESSION_NAME = "ALIBABA_CLOUD_ROLE_SESSION_NAME",
    OIDC_PROVIDER_ARN = "ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
    OIDC_TOKEN_FILE = "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
    STS_ENDPOINT = "ALIBABA_CLOUD_STS_ENDPOINT",
    STS_REGION = "ALIBABA_CLOUD_STS_REGION",
    VPC_ENDPOINT_ENABLED = "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED",
    PROFILE = "ALIBABA_CLOUD_PROFILE",
    CLI_PROFILE_DISABLED = "ALIBABA_CLOUD_CLI_PROFILE_DISABLED",
    CREDENTIALS_FILE = "ALIBABA_CLOUD_CREDENTIALS_FILE",
    ECS_METADATA = "ALIBABA_CLOUD_ECS_METADATA",
    ECS_METADATA_DISABLED = "ALIBABA_CLOUD_ECS_METADATA_DISABLED",
    IMDSV1_DISABLED = "ALIBABA_CLOUD_IMDSV1_DISABLED",
    CREDENTIALS_URI = "ALIBABA_CLOUD_CREDENTIALS_URI",
    HOME = "HOME",
    USERPROFILE = "USERPROFILE",
}

/// A snapshot of the environment variables that determine where credentials are looked up.
///
/// The core does not read the environment: a program takes the snapshot once, for
/// [`Source::default_chain`](super::Source::default_chain) or [`Settings::new`](super::Settings::new).
/// An empty variable counts as unset. The values are wiped from memory on drop.
///
/// ```
/// use cloudauth_proto::credentials::Environment;
///
/// // In a program: Environment::read(|name| std::env::var(name).ok())
/// let vars = Environment::read(|name| match name {
///     "ALIBABA_CLOUD_ACCESS_KEY_ID" => Some("testid".into()),
///     "ALIBABA_CLOUD_ACCESS_KEY_SECRET" => Some("testsecret".into()),
///     _ => None,
/// });
/// let shown = format!("{vars:?}");
/// assert!(shown.contains("ALIBABA_CLOUD_ACCESS_KEY_ID") && !shown.contains("testid"));
/// ```
///
/// `Debug` shows the names of the variables that are set.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<&'static str, Secret>);

impl Environment {
    /// Calls `var` once for each of the [`NAMES`](Self::NAMES).
    pub fn read(var: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &&'static str| {
            let value = var(name).filter(|value| !value.is_empty())?;
            Some((*name, Secret::new(value)))
        };
        Self(Self::NAMES.iter().filter_map(set).collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(Secret::expose)
    }

    /// Whether the value of a variable is `true`, in upper or lower case.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vars")?;
        f.debug_set().entries(self.0.keys()).finish()
    }
}
