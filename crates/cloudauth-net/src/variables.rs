//! Options from environment variables.

use core::str::FromStr;
use core::time::Duration;

use cloudauth_proto::{Endpoint, Endpoints, Network, Region, Scheme};

use crate::error::OptionsError;

const ENDPOINTS: &str = "CLOUDAUTH_ENDPOINTS";
const PLAIN_HTTP: &str = "CLOUDAUTH_PLAIN_HTTP";
const REGION: &str = "CLOUDAUTH_REGION";
const NETWORK: &str = "CLOUDAUTH_NETWORK";
const SCHEME: &str = "CLOUDAUTH_SCHEME";

/// What the variables set.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    pub(crate) endpoints: Option<Endpoints>,
    pub(crate) scheme: Option<Scheme>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) read_timeout: Option<Duration>,
    pub(crate) total_timeout: Option<Duration>,
}

impl Variables {
    pub(crate) fn read(vars: impl Fn(&str) -> Option<String>) -> Result<Self, OptionsError> {
        let set = |name: &str| {
            let value = vars(name).map(|value| value.trim().to_owned());
            value.filter(|value| !value.is_empty())
        };
        let problem =
            "is not the name of a signature scheme, such as ACS3-HMAC-SHA256 or HMAC-SHA1";
        Ok(Self {
            endpoints: read_endpoints(set)?,
            scheme: parsed(set, SCHEME, problem)?,
            connect_timeout: seconds(set, "CLOUDAUTH_CONNECT_TIMEOUT")?,
            read_timeout: seconds(set, "CLOUDAUTH_READ_TIMEOUT")?,
            total_timeout: seconds(set, "CLOUDAUTH_TOTAL_TIMEOUT")?,
        })
    }
}

fn read_endpoints(
    set: impl Fn(&str) -> Option<String> + Copy,
) -> Result<Option<Endpoints>, OptionsError> {
    let network = parsed(set, NETWORK, "must be public, vpc or dualstack")?;
    let problem = "must be global, cn-shanghai, cn-beijing or cn-qingdao";
    let region = parsed(set, REGION, problem)?;
    let plain = set(PLAIN_HTTP);
    match set(ENDPOINTS) {
        Some(_) if network.is_some() || region.is_some() => {
            let problem = "cannot be combined with CLOUDAUTH_REGION or CLOUDAUTH_NETWORK";
            Err(OptionsError::new(ENDPOINTS, problem))
        }
        Some(list) => endpoints(&list, plain.as_deref()).map(Some),
        None if plain.is_some() => {
            let problem = "must be the host of an http:// URL in CLOUDAUTH_ENDPOINTS";
            Err(OptionsError::new(PLAIN_HTTP, problem))
        }
        None if network.is_some() || region.is_some() => {
            of(region, network.unwrap_or_default()).map(Some)
        }
        None => Ok(None),
    }
}

fn parsed<T: FromStr>(
    set: impl Fn(&str) -> Option<String>,
    name: &'static str,
    problem: &'static str,
) -> Result<Option<T>, OptionsError> {
    let value = set(name).map(|value| value.parse());
    value
        .transpose()
        .map_err(|_| OptionsError::new(name, problem))
}

/// Reads a number of seconds, such as `10` or `2.5`.
fn seconds(
    set: impl Fn(&str) -> Option<String>,
    name: &'static str,
) -> Result<Option<Duration>, OptionsError> {
    let bad = || {
        OptionsError::new(
            name,
            "must be a number of seconds above 0, such as 10 or 2.5",
        )
    };
    let Some(seconds) = parsed::<f64>(set, name, "must be a number of seconds, such as 10 or 2.5")?
    else {
        return Ok(None);
    };
    let limit = Duration::try_from_secs_f64(seconds).map_err(|_| bad())?;
    if limit.is_zero() {
        Err(bad())
    } else {
        Ok(Some(limit))
    }
}

/// Reads a list of URLs. `plain` is the one host that may be reached over http although it is not a
/// loopback host.
fn endpoints(list: &str, plain: Option<&str>) -> Result<Endpoints, OptionsError> {
    let mut is_plain_used = false;
    let mut read = Vec::new();
    for url in list.split(',').map(str::trim) {
        let allowed = plain.filter(|host| {
            let authority = url.strip_prefix("http://");
            authority.is_some_and(|it| it == *host || it.strip_prefix(host).is_some_and(is_port))
        });
        let endpoint = match (allowed, url.strip_prefix("http://")) {
            (Some(_), Some(authority)) => {
                is_plain_used = true;
                Endpoint::plain_http(authority)
            }
            _ => url.parse(),
        };
        read.push(endpoint.map_err(|_| {
            OptionsError::new(
                ENDPOINTS,
                "must be URLs separated by commas, https:// or http:// with a loopback host or that of \
                 CLOUDAUTH_PLAIN_HTTP",
            )
        })?);
    }
    if plain.is_some() && !is_plain_used {
        let problem = "must be the host of an http:// URL in CLOUDAUTH_ENDPOINTS";
        return Err(OptionsError::new(PLAIN_HTTP, problem));
    }
    let mut read = read.into_iter();
    let first = read.next().unwrap_or(Endpoint::SHANGHAI);
    Ok(read.fold(Endpoints::only(first), Endpoints::then))
}

fn is_port(rest: &str) -> bool {
    rest.starts_with(':')
}

/// The endpoints of a network, that of `region` first.
fn of(region: Option<Region>, network: Network) -> Result<Endpoints, OptionsError> {
    let Some(region) = region else {
        return Ok(Endpoints::of(network));
    };
    let Some(first) = Endpoint::of(region, network) else {
        let problem = "has no known endpoint on the network of CLOUDAUTH_NETWORK";
        return Err(OptionsError::new(REGION, problem));
    };
    let others = Endpoints::of(network).into_iter();
    Ok(others.fold(Endpoints::only(first), Endpoints::then))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(vars: &[(&str, &str)]) -> Result<Variables, OptionsError> {
        Variables::read(|name| {
            let found = vars.iter().find(|(have, _)| *have == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn endpoints_of(vars: &[(&str, &str)]) -> String {
        let endpoints = read(vars).unwrap().endpoints.unwrap_or_default();
        let urls: Vec<_> = endpoints.into_iter().map(|url| url.to_string()).collect();
        urls.join(" ")
    }

    #[test]
    fn variables_set_the_endpoints() {
        const SHANGHAI: &str = "https://cloudauth.cn-shanghai.aliyuncs.com";
        const BEIJING: &str = "https://cloudauth.cn-beijing.aliyuncs.com";
        for (vars, urls) in [
            (&[][..], format!("{SHANGHAI} {BEIJING}")),
            (
                &[(ENDPOINTS, " "), (REGION, "")],
                format!("{SHANGHAI} {BEIJING}"),
            ),
            (&[(REGION, "cn-beijing")], format!("{BEIJING} {SHANGHAI}")),
            (
                &[(NETWORK, "VPC")],
                "https://cloudauth-vpc.cn-shanghai.aliyuncs.com \
                 https://cloudauth-vpc.cn-beijing.aliyuncs.com"
                    .to_owned(),
            ),
            (
                &[(ENDPOINTS, "gateway.example.com, http://127.0.0.1:8731")],
                "https://gateway.example.com http://127.0.0.1:8731".to_owned(),
            ),
            (
                &[
                    (ENDPOINTS, "http://sim:8731,http://sim:8732"),
                    (PLAIN_HTTP, "sim"),
                ],
                "http://sim:8731 http://sim:8732".to_owned(),
            ),
        ] {
            assert_eq!(endpoints_of(vars), urls, "{vars:?}");
        }
    }

    #[test]
    fn a_variable_that_cannot_be_used_is_named() {
        for (vars, name) in [
            (&[(ENDPOINTS, "http://sim:8731")][..], ENDPOINTS),
            (
                &[(ENDPOINTS, "http://other:1"), (PLAIN_HTTP, "sim")],
                ENDPOINTS,
            ),
            (
                &[(ENDPOINTS, "http://simulator:1"), (PLAIN_HTTP, "sim")],
                ENDPOINTS,
            ),
            (
                &[(ENDPOINTS, "https://sim:1"), (PLAIN_HTTP, "sim")],
                PLAIN_HTTP,
            ),
            (&[(PLAIN_HTTP, "sim")], PLAIN_HTTP),
            (&[(ENDPOINTS, "https://a,,https://b")], ENDPOINTS),
            (&[(ENDPOINTS, "https://user@host")], ENDPOINTS),
            (&[(ENDPOINTS, "a"), (REGION, "cn-beijing")], ENDPOINTS),
            (&[(ENDPOINTS, "\u{fffd}")], ENDPOINTS),
            (&[(REGION, "shanghai")], REGION),
            (&[(REGION, "cn-qingdao"), (NETWORK, "vpc")], REGION),
            (&[(NETWORK, "internal")], NETWORK),
            (&[(SCHEME, "none")], SCHEME),
            (
                &[("CLOUDAUTH_CONNECT_TIMEOUT", "10s")],
                "CLOUDAUTH_CONNECT_TIMEOUT",
            ),
            (
                &[("CLOUDAUTH_READ_TIMEOUT", "-1")],
                "CLOUDAUTH_READ_TIMEOUT",
            ),
            (
                &[("CLOUDAUTH_READ_TIMEOUT", "NaN")],
                "CLOUDAUTH_READ_TIMEOUT",
            ),
            (
                &[("CLOUDAUTH_READ_TIMEOUT", "1e300")],
                "CLOUDAUTH_READ_TIMEOUT",
            ),
            (
                &[("CLOUDAUTH_TOTAL_TIMEOUT", "0")],
                "CLOUDAUTH_TOTAL_TIMEOUT",
            ),
        ] {
            let error = read(vars).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{name} ")), "{vars:?}: {error}");
            assert!(!error.contains("user"), "{error}");
        }
    }

    #[test]
    fn variables_set_the_scheme_and_the_timeouts() {
        let read = read(&[
            (SCHEME, "hmac-sha1"),
            ("CLOUDAUTH_CONNECT_TIMEOUT", "2.5"),
            ("CLOUDAUTH_READ_TIMEOUT", "3"),
        ]);
        let read = read.unwrap();
        assert_eq!(read.scheme, Some(Scheme::RpcHmacSha1));
        assert_eq!(read.connect_timeout, Some(Duration::from_millis(2_500)));
        assert_eq!(read.read_timeout, Some(Duration::from_secs(3)));
        assert_eq!(read.total_timeout, None);
    }
}
