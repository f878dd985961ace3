//! Settings that sources share.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use super::env::{
    ECS_METADATA, Environment, IMDS_ENDPOINT, IMDSV1_DISABLED, ROLE_SESSION_NAME, STS_ENDPOINT,
    STS_REGION, VPC_ENDPOINT_ENABLED,
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
/// let vars = Environment::default();
/// let settings = Settings::new(&vars)
///     .sts("sts-vpc.cn-hangzhou.aliyuncs.com".parse()?)
///     .metadata("http://127.0.0.1:8080".parse()?);
/// let source = Source::default_chain_with(&vars, &settings);
/// # Ok::<(), cloudauth_proto::InvalidEndpoint>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Settings {
    pub(crate) vars: Environment,
    sts: Option<Endpoint>,
    metadata: Option<Endpoint>,
    pub(crate) oauth: Option<Endpoint>,
    pub(crate) continues_after_failure: bool,
}

impl Settings {
    /// Makes settings from these variables, `..._` being `ALIBABA_CLOUD_`. A variable that no source needs is
    /// not checked.
    ///
    /// | variable | meaning | default |
    /// |---|---|---|
    /// | `..._STS_ENDPOINT` | host of STS, for sources that name neither a host nor a region; a scheme, spaces and a final slash are ignored | by region |
    /// | `..._STS_REGION` | region of STS, for the same sources | none: `sts.aliyuncs.com` |
    /// | `..._VPC_ENDPOINT_ENABLED` | `true`: STS of the region within the VPC, also for the region of a profile | public network |
    /// | `..._ROLE_ARN`, `..._OIDC_PROVIDER_ARN`, `..._OIDC_TOKEN_FILE`, `..._OIDC_TOKEN`, `..._ECS_METADATA` | what a profile that needs it does not have | none |
    /// | `..._ROLE_SESSION_NAME` | name of role sessions, for sources that name none | `cloudauth-rs` |
    /// | `..._ECS_METADATA_DISABLED` | `true`: the metadata service is not used, by profiles either | used |
    /// | `..._IMDS_ENDPOINT` | the metadata service: a host, or a URL | `http://100.100.100.200` |
    /// | `..._IMDSV1_DISABLED` | `true`: never use the first version of the metadata service | used if the second does not respond as it should |
    /// | `..._DISABLE_EXTERNAL_PROCESS` | `1` or `true`: no profile runs a program or uses a URL | both are used |
    pub fn new(vars: &Environment) -> Self {
        Self {
            vars: vars.clone(),
            ..Self::default()
        }
    }

    /// Sets the endpoint of STS. It takes precedence over profiles and variables.
    pub fn sts(mut self, endpoint: Endpoint) -> Self {
        self.sts = Some(endpoint);
        self
    }

    /// Sets the endpoint of the metadata service. It takes precedence over the variable.
    pub fn metadata(mut self, endpoint: Endpoint) -> Self {
        self.metadata = Some(endpoint);
        self
    }

    /// Sets the endpoint that exchanges the tokens of browser logins for credentials. The default depends
    /// on the site of the login: `oauth.aliyun.com` or `oauth.alibabacloud.com` (recorded).
    pub fn oauth(mut self, endpoint: Endpoint) -> Self {
        self.oauth = Some(endpoint);
        self
    }

    /// Makes a default chain go on to the next source when one fails, as the vendor's SDKs do. See
    /// [`Chain::continue_after_failure`](super::Chain::continue_after_failure) for what that risks.
    pub fn continue_after_failure(mut self) -> Self {
        self.continues_after_failure = true;
        self
    }

    pub(crate) fn session_name(&self) -> Result<&str, SourceError> {
        let name = self.vars.get(ROLE_SESSION_NAME)?;
        Ok(name.unwrap_or("cloudauth-rs"))
    }

    /// The name of the instance's role, if the variable has one.
    pub(crate) fn ecs_role(&self) -> Result<Option<String>, SourceError> {
        Ok(self.vars.get(ECS_METADATA)?.map(ToOwned::to_owned))
    }

    pub(crate) fn allows_imds_v1(&self) -> bool {
        !self.vars.is_true(IMDSV1_DISABLED)
    }

    pub(crate) fn metadata_endpoint(&self) -> Result<Endpoint, SourceError> {
        if let Some(endpoint) = &self.metadata {
            return Ok(endpoint.clone());
        }
        let Some(text) = self.vars.get(IMDS_ENDPOINT)? else {
            return Ok(Endpoint::METADATA);
        };
        let text = text.trim();
        let text = text.strip_suffix('/').unwrap_or(text);
        let endpoint = match split_scheme(text) {
            (Some("https"), host) => format!("https://{host}").parse(),
            (_, host) => Endpoint::plain_http(host),
        };
        let name = IMDS_ENDPOINT.into();
        endpoint.map_err(|_| SourceError::Invalid { name })
    }

    /// The endpoint of STS that was set in code, which comes first.
    pub(crate) fn own_sts(&self) -> Option<&Endpoint> {
        self.sts.as_ref()
    }

    /// Whether the endpoint of STS is the one within the VPC.
    pub(crate) fn uses_vpc(&self) -> bool {
        self.vars.is_true(VPC_ENDPOINT_ENABLED)
    }

    /// The endpoint of STS for a source that names neither a host nor a region.
    pub(crate) fn default_sts(&self) -> Result<Endpoint, SourceError> {
        if let Some(endpoint) = &self.sts {
            return Ok(endpoint.clone());
        }
        let invalid = |name: &'static str| SourceError::Invalid { name: name.into() };
        if let Some(text) = self.vars.get(STS_ENDPOINT)? {
            return sts_host(text).ok_or_else(|| invalid(STS_ENDPOINT));
        }
        match self.vars.get(STS_REGION)? {
            Some(region) => sts_in(region, self.uses_vpc()).ok_or_else(|| invalid(STS_REGION)),
            None => Ok(Endpoint::STS),
        }
    }
}

/// The endpoint of STS in a region: `sts.<region>.aliyuncs.com` or `sts-vpc.<region>.aliyuncs.com`
/// (recorded).
pub(crate) fn sts_in(region: &str, vpc: bool) -> Option<Endpoint> {
    let network = if vpc { "-vpc" } else { "" };
    // A region is one label of the host name.
    let region = Some(region.trim()).filter(|region| !region.contains(['.', ':', '[']))?;
    format!("https://sts{network}.{region}.aliyuncs.com")
        .parse()
        .ok()
}

/// The endpoint of a host of STS, from which scheme, spaces and a final slash are cut, as the vendor's CLI
/// does (recorded). It is always reached with TLS, except on a loopback host with `http://`.
pub(crate) fn sts_host(text: &str) -> Option<Endpoint> {
    let text = text.trim();
    let text = text.strip_suffix('/').unwrap_or(text);
    let (scheme, host) = split_scheme(text);
    if scheme == Some("http")
        && let Ok(loopback) = format!("http://{host}").parse()
    {
        return Some(loopback);
    }
    format!("https://{host}").parse().ok()
}

/// The scheme in lower case, if it is `http` or `https` in any case, and what follows it.
fn split_scheme(text: &str) -> (Option<&'static str>, &str) {
    for (scheme, prefix) in [("https", "https://"), ("http", "http://")] {
        if let Some((head, rest)) = text.split_at_checked(prefix.len())
            && head.eq_ignore_ascii_case(prefix)
        {
            return (Some(scheme), rest);
        }
    }
    (None, text)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        Settings::new(&Environment::read(|name| {
            let found = pairs.iter().find(|(have, _)| *have == name);
            found.map(|(_, value)| *value)
        }))
    }

    #[test]
    fn the_endpoint_of_sts_depends_on_region_and_network() {
        let host = |pairs: &[_]| {
            let endpoint = settings(pairs).default_sts();
            endpoint.map(|it| it.authority().to_string())
        };
        let vpc = (VPC_ENDPOINT_ENABLED, "TRUE");
        for (pairs, expected) in [
            (&[][..], "sts.aliyuncs.com"),
            (&[vpc], "sts.aliyuncs.com"),
            (
                &[(STS_REGION, "cn-hangzhou")],
                "sts.cn-hangzhou.aliyuncs.com",
            ),
            (
                &[(STS_REGION, "cn-hangzhou"), vpc],
                "sts-vpc.cn-hangzhou.aliyuncs.com",
            ),
            (
                &[
                    (STS_ENDPOINT, "sts.example.com"),
                    (STS_REGION, "cn-hangzhou"),
                ],
                "sts.example.com",
            ),
        ] {
            assert_eq!(host(pairs).as_deref(), Ok(expected), "{pairs:?}");
        }
        for (pairs, variable) in [
            (&[(STS_REGION, "evil.com/")][..], STS_REGION),
            (&[(STS_REGION, "evil.com:1")], STS_REGION),
            (&[(STS_ENDPOINT, "sts.example.com/path")], STS_ENDPOINT),
            (&[(STS_ENDPOINT, "ftp://sts.example.com")], STS_ENDPOINT),
        ] {
            let name = variable.into();
            assert_eq!(host(pairs), Err(SourceError::Invalid { name }), "{pairs:?}");
        }
    }

    #[test]
    fn scheme_spaces_and_a_final_slash_of_a_host_are_cut() {
        for (text, expected) in [
            ("sts.example.com", Some("https://sts.example.com")),
            (
                " https://sts.example.com/ ",
                Some("https://sts.example.com"),
            ),
            ("HTTPS://sts.example.com", Some("https://sts.example.com")),
            ("http://sts.example.com/", Some("https://sts.example.com")),
            ("http://127.0.0.1:80/", Some("http://127.0.0.1")),
            ("https://sts.example.com//", None),
            ("https://sts.example.com/a", None),
            ("https://u@sts.example.com", None),
            ("", None),
        ] {
            let endpoint = sts_host(text).map(|it| it.to_string());
            assert_eq!(endpoint.as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn the_metadata_service_is_a_host_or_a_url() {
        let at = |text| {
            let settings = settings(&[(IMDS_ENDPOINT, text)]);
            settings.metadata_endpoint().map(|it| it.to_string())
        };
        assert_eq!(at("10.0.0.1:81").as_deref(), Ok("http://10.0.0.1:81"));
        assert_eq!(at("http://10.0.0.1/").as_deref(), Ok("http://10.0.0.1"));
        assert_eq!(
            at("https://imds.example").as_deref(),
            Ok("https://imds.example")
        );
        let name = IMDS_ENDPOINT.into();
        assert_eq!(at("http://10.0.0.1/x"), Err(SourceError::Invalid { name }));
    }
}
