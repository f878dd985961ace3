//! The destinations of requests, and which of the vendor's host names leads to which.

use crate::region::Region;

/// The simulated service that a connection or a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// The API of a region, with the platform for files and its buckets.
    Api(Region),
    /// The pages, the admin interface and the credential services.
    Pages,
    /// The destination of the host that each request names.
    ByHost,
}

/// The destination of a host name of the vendor's, with or without a port; `None` for a host that is
/// not simulated.
pub(super) fn destination_of(authority: &str) -> Option<Destination> {
    let host = authority
        .rsplit_once(':')
        .map_or(authority, |(host, _)| host)
        .to_ascii_lowercase();
    if matches!(host.as_str(), "100.100.100.200" | "127.0.0.1" | "localhost") {
        return Some(Destination::Pages);
    }
    let mut labels = host.split('.');
    let first = labels.next().unwrap_or_default();
    let rest = labels.collect::<Vec<_>>().join(".");
    let is =
        |name: &str| first == name || first.strip_prefix(name).is_some_and(|s| s.starts_with('-'));
    match rest.as_str() {
        "aliyun.com" | "alibabacloud.com" if is("oauth") => return Some(Destination::Pages),
        "alibabacloudsso.com" if is("signin") => return Some(Destination::Pages),
        _ => {}
    }
    let inside = rest.strip_suffix("aliyuncs.com")?;
    let destination = match inside.strip_suffix('.').unwrap_or(inside) {
        "cn-beijing" if is("cloudauth") => Destination::Api(Region::Beijing),
        _ if is("cloudauth") || is("openplatform") => Destination::Api(Region::Shanghai),
        _ if is("sts") => Destination::Pages,
        // A bucket.
        store if store.starts_with("oss-") => Destination::Api(Region::Shanghai),
        _ => return None,
    };
    Some(destination)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendors_hosts_have_a_destination_and_other_hosts_have_none() {
        let shanghai = Some(Destination::Api(Region::Shanghai));
        let beijing = Some(Destination::Api(Region::Beijing));
        let pages = Some(Destination::Pages);
        for (host, expected) in [
            ("cloudauth.aliyuncs.com:443", shanghai),
            ("cloudauth-dualstack.aliyuncs.com", shanghai),
            ("CLOUDAUTH-VPC.cn-beijing.aliyuncs.com:443", beijing),
            ("openplatform.aliyuncs.com:443", shanghai),
            ("bucket.oss-cn-shanghai.aliyuncs.com:443", shanghai),
            ("sts.cn-hangzhou.aliyuncs.com:443", pages),
            ("sts-vpc.cn-hangzhou.aliyuncs.com", pages),
            ("100.100.100.200:80", pages),
            ("oauth.aliyun.com:443", pages),
            ("signin-cn-shanghai.alibabacloudsso.com", pages),
            ("pypi.org:443", None),
            ("cloudauth.aliyuncs.com.evil.example", None),
            ("evilaliyuncs.com", None),
            ("ecs.aliyuncs.com", None),
            ("", None),
        ] {
            assert_eq!(destination_of(host), expected, "{host}");
        }
    }
}
