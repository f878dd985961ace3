//! The vendor's published signatures, and signatures of its SDK.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::acs3::{self, Algorithm};
use super::{canonical_query, rpc};
use crate::http::IncomingRequest;

const SIGNATURES: &str = include_str!("../../../tests/vectors/signatures.json");
const PUBLISHED: &str = include_str!("../../../tests/vectors/published.json");

fn string<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

/// An object of strings.
fn map(value: &Value) -> BTreeMap<String, String> {
    let object = value.as_object().unwrap();
    let pairs = object.iter();
    pairs
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect()
}

/// A list of pairs of strings.
fn pairs(value: &Value) -> Vec<(String, String)> {
    let pairs = value.as_array().unwrap().iter();
    pairs
        .map(|pair| {
            let part = |at: usize| pair[at].as_str().unwrap().to_owned();
            (part(0), part(1))
        })
        .collect()
}

#[test]
fn signatures_of_the_vendors_sdk_are_verified() {
    let vectors: Vec<Value> = serde_json::from_str(SIGNATURES).unwrap();
    let mut counts = BTreeMap::new();
    for vector in &vectors {
        let name = string(vector, "name");
        let secret = string(vector, "access_key_secret");
        let to_sign = match string(vector, "algorithm") {
            "ACS3-HMAC-SHA256" => {
                let headers = vector["headers"].as_object().unwrap().iter();
                let headers = headers
                    .map(|(name, values)| (name.clone(), values[0].as_str().unwrap().to_owned()))
                    .collect();
                let body = STANDARD.decode(string(vector, "body_b64")).unwrap();
                let canonical = acs3::canonical_request(
                    string(vector, "method"),
                    string(vector, "path"),
                    &canonical_query(&pairs(&vector["query"]).into_iter().collect()),
                    &headers,
                    &Algorithm::Sha256.hash(&body),
                );
                assert_eq!(canonical, string(vector, "canonical_request"), "{name}");
                let to_sign = acs3::string_to_sign(Algorithm::Sha256, &canonical);
                let signature = string(vector, "signature");
                assert!(
                    acs3::signature_matches(Algorithm::Sha256, secret, &to_sign, signature),
                    "{name}"
                );
                to_sign
            }
            "RPC HMAC-SHA1" => {
                let params = pairs(&vector["params"]).into_iter().collect();
                let query = canonical_query(&params);
                let to_sign = rpc::string_to_sign(string(vector, "method"), &query);
                let signature = string(vector, "signature");
                assert!(
                    rpc::signature_matches(secret, &to_sign, signature),
                    "{name}"
                );
                to_sign
            }
            other => panic!("{name} is signed with {other}"),
        };
        assert_eq!(to_sign, string(vector, "string_to_sign"), "{name}");
        *counts.entry(string(vector, "algorithm")).or_insert(0) += 1;
    }
    assert_eq!(
        counts,
        [("ACS3-HMAC-SHA256", 23), ("RPC HMAC-SHA1", 4)].into()
    );
}

#[test]
fn the_published_rpc_signatures_are_verified() {
    let published: Value = serde_json::from_str(PUBLISHED).unwrap();
    let vectors = published["v1"].as_array().unwrap();
    assert_eq!(vectors.len(), 6);
    for vector in vectors {
        let id = string(vector, "id");
        let query = canonical_query(&map(&vector["params"]));
        let to_sign = rpc::string_to_sign(string(vector, "method"), &query);
        assert_eq!(to_sign, string(vector, "string_to_sign"), "{id}");
        let secret = string(vector, "access_key_secret");
        assert!(
            rpc::signature_matches(secret, &to_sign, string(vector, "signature")),
            "{id}"
        );
    }
}

#[test]
fn the_published_acs3_signatures_are_verified() {
    let published: Value = serde_json::from_str(PUBLISHED).unwrap();
    let vectors = published["v3"].as_array().unwrap();
    assert_eq!(vectors.len(), 8);
    for vector in vectors {
        let id = string(vector, "id");
        let mut headers = pairs(&vector["headers"]);
        let hash = string(vector, "hashed_payload");
        if string(vector, "signed_headers").contains("x-acs-content-sha256") {
            headers.push(("x-acs-content-sha256".to_owned(), hash.to_owned()));
        }
        let request = IncomingRequest::new("POST", "/", headers, *b"");
        let canonical = acs3::canonical_request(
            string(vector, "method"),
            string(vector, "canonical_uri"),
            &canonical_query(&map(&vector["query"])),
            &request.merged_headers(),
            hash,
        );
        assert_eq!(canonical, string(vector, "canonical_request"), "{id}");
        let to_sign = acs3::string_to_sign(Algorithm::Sha256, &canonical);
        let secret = string(vector, "access_key_secret");
        assert!(
            acs3::signature_matches(
                Algorithm::Sha256,
                secret,
                &to_sign,
                string(vector, "signature")
            ),
            "{id}"
        );
    }
}

#[test]
fn a_wrong_secret_matches_nothing() {
    for algorithm in [Algorithm::Sha256, Algorithm::Sm3] {
        for signature in ["", &"0".repeat(64)] {
            let matches = acs3::signature_matches(algorithm, "secret", "text", signature);
            assert!(!matches, "{algorithm:?}");
        }
    }
    assert!(!rpc::signature_matches("secret", "text", ""));
    assert!(!rpc::signature_matches("secret", "text", "not base64"));
}
