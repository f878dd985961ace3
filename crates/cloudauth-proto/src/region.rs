//! Regions and networks of the service.

use crate::text_enum::text_enum;

/// A region of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Region {
    /// No particular region: `global`.
    Global,
    /// `cn-shanghai`.
    Shanghai,
    /// `cn-beijing`.
    Beijing,
    /// `cn-qingdao`.
    Qingdao,
}

text_enum!(Region, "region", {
    Global => "global",
    Shanghai => "cn-shanghai",
    Beijing => "cn-beijing",
    Qingdao => "cn-qingdao",
});

/// The network that the client is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Network {
    /// The internet: `public`.
    #[default]
    Public,
    /// A virtual private cloud in the same region: `vpc`.
    Vpc,
    /// The internet, with IPv6 as well as IPv4: `dualstack`.
    DualStack,
}

text_enum!(Network, "network", {
    Public => "public",
    Vpc => "vpc",
    DualStack => "dualstack",
});

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn regions_and_networks_are_parsed_from_their_texts_in_any_letter_case() {
        for region in Region::ALL {
            assert_eq!(region.to_string().parse(), Ok(*region));
            assert_eq!(region.as_str().to_uppercase().parse(), Ok(*region));
        }
        for network in Network::ALL {
            assert_eq!(network.as_str().parse(), Ok(*network));
            let json = serde_json::to_string(network).unwrap();
            assert_eq!(serde_json::from_str::<Network>(&json).unwrap(), *network);
        }
        let error = "shanghai".parse::<Region>().unwrap_err().to_string();
        assert_eq!(
            error,
            "unknown region: expected global, cn-shanghai, cn-beijing or cn-qingdao"
        );
        assert!(serde_json::from_str::<Network>("\"shanghai\"").is_err());
    }
}
