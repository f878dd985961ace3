//! Environment variables, as a value.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::error::SourceError;
use crate::secret::Secret;

macro_rules! vars {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        $($(#[$doc])* pub(crate) const $name: &str = $text;)*

        impl Environment {
            /// The names of all variables that are read. They are variables of the vendor's tools with the
            /// same meaning, but for `HOME` and `USERPROFILE`.
            pub const NAMES: &[&'static str] = &[$($text,)*];
        }
    };
}

vars! {
    ACCESS_KEY_ID = "ALIBABA_CLOUD_ACCESS_KEY_ID",
    ACCESS_KEY_SECRET = "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    SECURITY_TOKEN = "ALIBABA_CLOUD_SECURITY_TOKEN",
    BEARER_TOKEN = "ALIBABA_CLOUD_BEARER_TOKEN",
    ROLE_ARN = "ALIBABA_CLOUD_ROLE_ARN",
    ROLE_SESSION_NAME = "ALIBABA_CLOUD_ROLE_SESSION_NAME",
    OIDC_PROVIDER_ARN = "ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
    OIDC_TOKEN_FILE = "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
    OIDC_TOKEN = "ALIBABA_CLOUD_OIDC_TOKEN",
    STS_ENDPOINT = "ALIBABA_CLOUD_STS_ENDPOINT",
    STS_REGION = "ALIBABA_CLOUD_STS_REGION",
    VPC_ENDPOINT_ENABLED = "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED",
    PROFILE = "ALIBABA_CLOUD_PROFILE",
    CLI_PROFILE_DISABLED = "ALIBABA_CLOUD_CLI_PROFILE_DISABLED",
    IGNORE_PROFILE = "ALIBABA_CLOUD_IGNORE_PROFILE",
    CONFIG_FILE = "ALIBABA_CLOUD_CONFIG_FILE",
    CREDENTIALS_FILE = "ALIBABA_CLOUD_CREDENTIALS_FILE",
    DISABLE_EXTERNAL_PROCESS = "ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS",
    ECS_METADATA = "ALIBABA_CLOUD_ECS_METADATA",
    ECS_METADATA_DISABLED = "ALIBABA_CLOUD_ECS_METADATA_DISABLED",
    IMDS_ENDPOINT = "ALIBABA_CLOUD_IMDS_ENDPOINT",
    IMDSV1_DISABLED = "ALIBABA_CLOUD_IMDSV1_DISABLED",
    CREDENTIALS_URI = "ALIBABA_CLOUD_CREDENTIALS_URI",
    ALIBABACLOUD_ACCESS_KEY_ID = "ALIBABACLOUD_ACCESS_KEY_ID",
    ALIBABACLOUD_ACCESS_KEY_SECRET = "ALIBABACLOUD_ACCESS_KEY_SECRET",
    ALIBABACLOUD_SECURITY_TOKEN = "ALIBABACLOUD_SECURITY_TOKEN",
    ALIBABACLOUD_ROLE_ARN = "ALIBABACLOUD_ROLE_ARN",
    ALIBABACLOUD_OIDC_PROVIDER_ARN = "ALIBABACLOUD_OIDC_PROVIDER_ARN",
    ALIBABACLOUD_OIDC_TOKEN_FILE = "ALIBABACLOUD_OIDC_TOKEN_FILE",
    ALIBABACLOUD_OIDC_TOKEN = "ALIBABACLOUD_OIDC_TOKEN",
    ALIBABACLOUD_PROFILE = "ALIBABACLOUD_PROFILE",
    ALIBABACLOUD_IGNORE_PROFILE = "ALIBABACLOUD_IGNORE_PROFILE",
    ALICLOUD_ACCESS_KEY_ID = "ALICLOUD_ACCESS_KEY_ID",
    ALICLOUD_ACCESS_KEY_SECRET = "ALICLOUD_ACCESS_KEY_SECRET",
    ALICLOUD_SECURITY_TOKEN = "ALICLOUD_SECURITY_TOKEN",
    ALICLOUD_ROLE_ARN = "ALICLOUD_ROLE_ARN",
    ALICLOUD_OIDC_PROVIDER_ARN = "ALICLOUD_OIDC_PROVIDER_ARN",
    ALICLOUD_OIDC_TOKEN_FILE = "ALICLOUD_OIDC_TOKEN_FILE",
    ALICLOUD_OIDC_TOKEN = "ALICLOUD_OIDC_TOKEN",
    ALICLOUD_PROFILE = "ALICLOUD_PROFILE",
    HOME = "HOME",
    USERPROFILE = "USERPROFILE",
}

/// The variables of a key and of an OIDC role that belong together: their names begin alike.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) id: &'static str,
    pub(super) secret: &'static str,
    pub(super) token: &'static str,
    pub(super) role_arn: &'static str,
    pub(super) provider_arn: &'static str,
    pub(super) token_file: &'static str,
    pub(super) oidc_token: &'static str,
}

/// The family of the vendor's SDKs, then those that only the vendor's CLI and its users know.
pub(super) const FAMILIES: [Family; 3] = [
    Family {
        id: ACCESS_KEY_ID,
        secret: ACCESS_KEY_SECRET,
        token: SECURITY_TOKEN,
        role_arn: ROLE_ARN,
        provider_arn: OIDC_PROVIDER_ARN,
        token_file: OIDC_TOKEN_FILE,
        oidc_token: OIDC_TOKEN,
    },
    Family {
        id: ALIBABACLOUD_ACCESS_KEY_ID,
        secret: ALIBABACLOUD_ACCESS_KEY_SECRET,
        token: ALIBABACLOUD_SECURITY_TOKEN,
        role_arn: ALIBABACLOUD_ROLE_ARN,
        provider_arn: ALIBABACLOUD_OIDC_PROVIDER_ARN,
        token_file: ALIBABACLOUD_OIDC_TOKEN_FILE,
        oidc_token: ALIBABACLOUD_OIDC_TOKEN,
    },
    Family {
        id: ALICLOUD_ACCESS_KEY_ID,
        secret: ALICLOUD_ACCESS_KEY_SECRET,
        token: ALICLOUD_SECURITY_TOKEN,
        role_arn: ALICLOUD_ROLE_ARN,
        provider_arn: ALICLOUD_OIDC_PROVIDER_ARN,
        token_file: ALICLOUD_OIDC_TOKEN_FILE,
        oidc_token: ALICLOUD_OIDC_TOKEN,
    },
];

/// A snapshot of the environment variables that determine where credentials are looked up.
///
/// The core does not read the environment: a program takes the snapshot once, for
/// [`Source::default_chain`](super::Source::default_chain) or [`Settings::new`](super::Settings::new).
/// An empty variable counts as unset. One that is not Unicode is set, and an error where it is needed. The
/// values are wiped from memory when the last clone is dropped.
///
/// ```
/// use std::ffi::OsString;
/// use cloudauth_proto::credentials::Environment;
///
/// # #[allow(clippy::disallowed_methods)]
/// let vars = Environment::read(|name| std::env::var_os(name).map(OsString::into_encoded_bytes));
///
/// let vars = Environment::read(|name| match name {
///     "ALIBABA_CLOUD_ACCESS_KEY_ID" => Some("testid"),
///     "ALIBABA_CLOUD_ACCESS_KEY_SECRET" => Some("testsecret"),
///     _ => None,
/// });
/// let shown = format!("{vars:?}");
/// assert!(shown.contains("ALIBABA_CLOUD_ACCESS_KEY_ID") && !shown.contains("testid"));
/// ```
///
/// `Debug` shows the names of the variables that are set.
#[derive(Clone, Default)]
pub struct Environment(Arc<BTreeMap<&'static str, Option<Secret>>>);

impl Environment {
    /// Calls `var` once for each of the [`NAMES`](Self::NAMES). The values are the bytes of the variables.
    pub fn read<V: Into<Vec<u8>>>(var: impl Fn(&str) -> Option<V>) -> Self {
        let set = |name: &&'static str| {
            let value: Vec<u8> = var(name)?.into();
            let text = String::from_utf8(value).map_err(|error| Zeroizing::new(error.into_bytes()));
            match text {
                Ok(text) if text.is_empty() => None,
                Ok(text) => Some((*name, Some(Secret::new(text)))),
                Err(_) => Some((*name, None)),
            }
        };
        Self(Arc::new(Self::NAMES.iter().filter_map(set).collect()))
    }

    /// The value of a variable. An error if it is not Unicode.
    pub(crate) fn get(&self, variable: &'static str) -> Result<Option<&str>, SourceError> {
        match self.0.get(variable) {
            None => Ok(None),
            Some(Some(value)) => Ok(Some(value.expose())),
            Some(None) => Err(SourceError::NotUnicode { variable }),
        }
    }

    /// The value of a variable that is needed.
    pub(crate) fn required(&self, variable: &'static str) -> Result<&str, SourceError> {
        self.get(variable)?.ok_or(SourceError::NotSet { variable })
    }

    /// Whether a variable is set and not empty, also if its value is not Unicode.
    pub(crate) fn is_set(&self, variable: &str) -> bool {
        self.0.contains_key(variable)
    }

    /// Whether the value of a variable is `true`, in upper or lower case.
    pub(crate) fn is_true(&self, variable: &'static str) -> bool {
        let value = self.get(variable).ok().flatten();
        value.is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Whether the value of a variable is exactly this.
    pub(crate) fn is(&self, variable: &'static str, expected: &str) -> bool {
        self.get(variable) == Ok(Some(expected))
    }

    /// Whether programs and URLs must not be used. The value is `1` or `true`, as in the vendor's CLI.
    pub(crate) fn disables_external(&self) -> bool {
        self.is_true(DISABLE_EXTERNAL_PROCESS) || self.is(DISABLE_EXTERNAL_PROCESS, "1")
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")?;
        f.debug_set().entries(self.0.keys()).finish()
    }
}
