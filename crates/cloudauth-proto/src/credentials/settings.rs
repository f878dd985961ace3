//! What sources have in common.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use super::error::Reason;
use super::vars::{
    IMDSV1_DISABLED, ROLE_SESSION_NAME, STS_ENDPOINT, STS_REGION, VPC_ENDPOINT_ENABLED, Vars,
};
use crate::endpoint::Endpoint;

/// What the sources of a [default chain](super::Source::default_chain) and of profiles have in common.
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
    /// As the variables say: `ALIBABA_CLOUD_STS_ENDPOINT`, or `ALIBABA_CLOUD_STS_REGION` with
    /// `ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED`; `ALIBABA_CLOUD_ROLE_SESSION_NAME`;
    /// `ALIBABA_CLOUD_IMDSV1_DISABLED`. An STS endpoint that is none is not used.
    pub fn new(vars: &Vars) -> Self {
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

    /// Asks STS here, whatever a profile or a variable says.
    pub fn sts(mut self, endpoint: Endpoint) -> Self {
        self.sts = Some(endpoint);
        self
    }

    /// Asks the metadata service here.
    pub fn metadata(mut self, endpoint: Endpoint) -> Self {
        self.metadata = endpoint;
        self
    }

    /// Exchanges the tokens of a browser's login here.
    pub fn oauth(mut self, endpoint: Endpoint) -> Self {
        self.oauth = Some(endpoint);
        self
    }

    pub(crate) fn has_own_sts(&self) -> bool {
        self.sts.is_some()
    }

    /// Where STS is asked: `sts.<region>.aliyuncs.com`, `sts-vpc.<region>.aliyuncs.com`, or
    /// `sts.aliyuncs.com` where no region is known (recorded).
    pub(crate) fn sts_in(&self, region: Option<&str>, vpc: bool) -> Result<Endpoint, Reason> {
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
        host.parse().map_err(|_| Reason::Unusable { name })
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        let of = |name: &str| pairs.iter().find(|(have, _)| *have == name);
        Settings::new(&Vars::read(|name| {
            of(name).map(|(_, value)| (*value).to_owned())
        }))
    }

    #[test]
    fn sts_is_asked_where_the_region_and_the_network_say() {
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
