//! Settings that sources share.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use super::env::{
    Environment, IMDSV1_DISABLED, ROLE_SESSION_NAME, STS_ENDPOINT, STS_REGION, VPC_ENDPOINT_ENABLED,
};
use super::error::SourceError;
use crate::endpoint::Endpoint;

/// Settings that the sources of a [default chain](super::Source::default_chain) and of profiles share.
///
/// The endpoints only need to be set for other networks and for tests.
///
/// ```
/// use cloudauth_proto::Source;
/// use cloudauth_proto::credentials::{Environment, Settings};
///
/// let vars = Environment::read(|name| std::env::var(name).ok());
/// let settings = Settings::new(&vars)
///     .sts("sts-vpc.cn-hangzhou.aliyuncs.com".parse()?)
///     .metadata("http://127.0.0.1:8080".parse()?);
/// let source = Source::default_chain_with(&vars, &settings);
/// # Ok::<(), cloudauth_proto::InvalidEndpoint>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Settings {
    sts: Option<Endpoint>,
    region: Option<String>,
    vpc: bool,
    pub(crate) metadata: Endpoint,
    pub(crate) oauth: Option<Endpoint>,
    pub(crate) session_name: String,
    pub(crate) allows_imds_v1: bool,
}

impl Settings {
    /// Makes settings from these variables:
    ///
    /// | variable | meaning | default |
    /// |---|---|---|
    /// | `ALIBABA_CLOUD_STS_ENDPOINT` | endpoint of STS, for all sources; ignored if it is not a valid one | by region |
    /// | `ALIBABA_CLOUD_STS_REGION` | region of STS, for sources that name none | none: `sts.aliyuncs.com` |
    /// | `ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED` | `true`: STS of that region within the VPC | public network |
    /// | `ALIBABA_CLOUD_ROLE_SESSION_NAME` | name of role sessions, for sources that name none | `cloudauth-rs` |
    /// | `ALIBABA_CLOUD_IMDSV1_DISABLED` | `true`: never use the first version of the metadata service | used if the second does not respond as it should |
    pub fn new(vars: &Environment) -> Self {
        let session_name = vars.get(ROLE_SESSION_NAME).unwrap_or("cloudauth-rs");
        Self {
            sts: vars.get(STS_ENDPOINT).and_then(|text| text.parse().ok()),
            region: vars.get(STS_REGION).map(ToOwned::to_owned),
            vpc: vars.is_true(VPC_ENDPOINT_ENABLED),
            metadata: Endpoint::METADATA,
            oauth: None,
            session_name: session_name.to_owned(),
            allows_imds_v1: !vars.is_true(IMDSV1_DISABLED),
        }
    }

    /// Sets the endpoint of STS. It takes precedence over the variables and over profiles.
    pub fn sts(mut self, endpoint: Endpoint) -> Self {
        self.sts = Some(endpoint);
        self
    }

    /// Sets the endpoint of the metadata service. The default is `http://100.100.100.200`.
    pub fn metadata(mut self, endpoint: Endpoint) -> Self {
        self.metadata = endpoint;
        self
    }

    /// Sets the endpoint that exchanges the tokens of browser logins for credentials. The default depends
    /// on the site of the login: `oauth.aliyun.com` or `oauth.alibabacloud.com` (recorded).
    pub fn oauth(mut self, endpoint: Endpoint) -> Self {
        self.oauth = Some(endpoint);
        self
    }

    pub(crate) fn has_own_sts(&self) -> bool {
        self.sts.is_some()
    }

    /// The endpoint of STS: `sts.<region>.aliyuncs.com`, `sts-vpc.<region>.aliyuncs.com`, or
    /// `sts.aliyuncs.com` if no region is known (recorded).
    pub(crate) fn sts_in(&self, region: Option<&str>, vpc: bool) -> Result<Endpoint, SourceError> {
        if let Some(endpoint) = &self.sts {
            return Ok(endpoint.clone());
        }
        let (region, vpc) = match (region, &self.region) {
            (Some(region), _) => (region, vpc),
            (None, Some(region)) => (region.as_str(), vpc || self.vpc),
            (None, None) => return Ok(Endpoint::STS),
        };
        let network = if vpc { "-vpc" } else { "" };
        let host = format!("https://sts{network}.{region}.aliyuncs.com");
        let name = "the region of STS".into();
        host.parse().map_err(|_| SourceError::Invalid { name })
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        Settings::new(&Environment::read(|name| {
            let found = pairs.iter().find(|(have, _)| *have == name);
            found.map(|(_, value)| (*value).to_owned())
        }))
    }

    #[test]
    fn the_endpoint_of_sts_depends_on_region_and_network() {
        let none = settings(&[]);
        let vpc = settings(&[(STS_REGION, "cn-hangzhou"), (VPC_ENDPOINT_ENABLED, "TRUE")]);
        let alone = settings(&[(VPC_ENDPOINT_ENABLED, "true")]);
        let own = settings(&[(STS_ENDPOINT, "sts.example.com")]);
        let at = |settings: &Settings, region, vpc| {
            settings
                .sts_in(region, vpc)
                .unwrap()
                .authority()
                .to_string()
        };
        assert_eq!(at(&none, None, false), "sts.aliyuncs.com");
        assert_eq!(at(&alone, None, false), "sts.aliyuncs.com");
        assert_eq!(at(&vpc, None, false), "sts-vpc.cn-hangzhou.aliyuncs.com");
        assert_eq!(
            at(&vpc, Some("cn-beijing"), false),
            "sts.cn-beijing.aliyuncs.com"
        );
        assert_eq!(at(&own, Some("cn-beijing"), true), "sts.example.com");
        assert!(none.sts_in(Some("evil.com/"), false).is_err());
    }
}
