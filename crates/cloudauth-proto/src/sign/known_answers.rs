//! Every known answer, every intermediate text compared.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::acs3::{self, Algorithm};
use super::rpc;
use crate::crypto::keyed;

use crate::encode::{Buffer, Pair, ParamLocation, Params};
use crate::encode::{hex, percent};

const RECORDED: &str = include_str!("../../tests/vectors/signatures.json");
const PUBLISHED: &str = include_str!("../../tests/vectors/published.json");

fn text<'v>(vector: &'v Value, key: &str) -> &'v str {
    vector[key].as_str().unwrap_or_else(|| panic!("{key}"))
}

/// Pairs from `{"a": "b"}` or `[["a", "b"]]`.
fn encoded_pairs(pairs: &Value) -> Params {
    let mut params = Params::new();
    let mut push = |name: &str, value: &Value| {
        params.push(name, value.as_str().unwrap(), ParamLocation::Query);
    };
    if let Some(map) = pairs.as_object() {
        map.iter().for_each(|(name, value)| push(name, value));
    } else {
        for pair in pairs.as_array().unwrap() {
            push(pair[0].as_str().unwrap(), &pair[1]);
        }
    }
    params
}

/// Headers in lower case, once each. Ours never repeat; the vendor's own tests do, and it joins
/// their sorted values with commas.
fn header_lines(headers: &Value) -> Vec<(String, String)> {
    let mut merged: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut add = |name: &str, value: &Value| {
        let values = merged.entry(name.to_ascii_lowercase()).or_default();
        values.push(value.as_str().unwrap().trim().to_string());
    };
    if let Some(map) = headers.as_object() {
        for (name, values) in map {
            let values = values.as_array().unwrap().iter();
            values.for_each(|value| add(name, value));
        }
    } else {
        for pair in headers.as_array().unwrap() {
            add(pair[0].as_str().unwrap(), &pair[1]);
        }
    }
    let join = |mut values: Vec<String>| {
        values.sort();
        values.join(",")
    };
    let merged = merged.into_iter();
    merged.map(|(name, values)| (name, join(values))).collect()
}

fn check_acs3<A: Algorithm>(vector: &Value, headers: &Value, payload_hash: &str, pathname: &str)
where
    A::Mac: KeyInit,
{
    assert_eq!(pathname, "/");
    let mut lines = header_lines(headers);
    // The published vectors leave out the header that the hash travels in.
    if vector["canonical_headers"]
        .as_str()
        .is_some_and(|lines| lines.contains("x-acs-content-sha256"))
    {
        lines.push(("x-acs-content-sha256".into(), payload_hash.into()));
    }
    lines.sort();
    let lines = lines.iter().map(|(name, value)| (&**name, &**value));
    let id = text(vector, "access_key_id");
    let made = acs3::AuthorizationHeader::new(A::NAME, id, lines.clone());
    let mut canonical = String::new();
    acs3::write_canonical(
        text(vector, "method"),
        &canonical_query(&encoded_pairs(&vector["query"])),
        lines,
        made.names(),
        payload_hash,
        |piece| canonical.push_str(piece),
    );
    assert_eq!(canonical, text(vector, "canonical_request"));
    let string_to_sign = acs3::string_to_sign::<A>(&canonical);
    assert_eq!(string_to_sign, text(vector, "string_to_sign"));
    let keyed: A::Mac = keyed(text(vector, "access_key_secret").as_bytes());
    let hash = acs3::hash::<A>(canonical.as_bytes());
    let signature = acs3::signature::<A>(&keyed, &hash);
    assert_eq!(hex::text(&signature), text(vector, "signature"));
    if let Some(authorization) = vector["authorization"].as_str() {
        assert_eq!(made.with(&signature), authorization);
    }
}

fn check_rpc(vector: &Value) {
    let (method, pairs) = (text(vector, "method"), encoded_pairs(&vector["params"]));
    if let Some(published) = vector["canonical_query"].as_str() {
        assert_eq!(canonical_query(&pairs), published);
    }
    assert_eq!(
        rpc_string_to_sign(method, &pairs),
        text(vector, "string_to_sign")
    );
    let key = alloc::format!("{}&", text(vector, "access_key_secret"));
    let signature = rpc::signature(&keyed(key.as_bytes()), method, pairs.pairs());
    assert_eq!(rpc::digits(&signature), text(vector, "signature"));
}

fn rpc_string_to_sign(method: &str, pairs: &Params) -> String {
    let mut out = Buffer::default();
    rpc::write_string_to_sign(method, pairs.pairs(), &mut out);
    String::from_utf8(out.into_bytes()).unwrap()
}

fn canonical_query(pairs: &Params) -> String {
    let pairs: Vec<&[u8]> = pairs.pairs().map(Pair::text).collect();
    String::from_utf8(pairs.join(&b'&')).unwrap()
}

fn percent_encoded(text: &str) -> String {
    let mut out = Buffer::default();
    percent::encode(text.as_bytes(), &mut out);
    String::from_utf8(out.into_bytes()).unwrap()
}

#[test]
fn every_recorded_signature_is_reproduced() {
    let vectors: Vec<Value> = serde_json::from_str(RECORDED).unwrap();
    let mut checked = [0; 3];
    for vector in &vectors {
        match text(vector, "algorithm") {
            "ACS3-HMAC-SHA256" => {
                let body = STANDARD.decode(text(vector, "body_b64")).unwrap();
                let hash = acs3::hash::<Sha256>(&body);
                let hash = hex::text(&hash);
                check_acs3::<Sha256>(vector, &vector["headers"], hash, text(vector, "path"));
                checked[0] += 1;
            }
            "RPC HMAC-SHA1" => {
                check_rpc(vector);
                checked[1] += 1;
            }
            #[cfg(feature = "sm3")]
            "ACS3-HMAC-SM3" => {
                let body = STANDARD.decode(text(vector, "body_b64")).unwrap();
                let hash = acs3::hash::<sm3::Sm3>(&body);
                let hash = hex::text(&hash);
                check_acs3::<sm3::Sm3>(vector, &vector["headers"], hash, text(vector, "path"));
                checked[2] += 1;
            }
            #[cfg(not(feature = "sm3"))]
            "ACS3-HMAC-SM3" => {}
            other => panic!("{other}"),
        }
    }
    assert_eq!(checked, [23, 4, usize::from(cfg!(feature = "sm3"))]);
}

#[test]
fn every_published_rpc_signature_is_reproduced() {
    let published: Value = serde_json::from_str(PUBLISHED).unwrap();
    let vectors = published["v1"].as_array().unwrap();
    for vector in vectors {
        check_rpc(vector);
        let encoded = percent_encoded(text(vector, "signature"));
        assert_eq!(encoded, text(vector, "signature_url_encoded"));
    }
    assert_eq!(vectors.len(), 6);
}

#[test]
fn every_published_acs3_signature_is_reproduced() {
    let published: Value = serde_json::from_str(PUBLISHED).unwrap();
    let vectors = published["v3"].as_array().unwrap();
    for vector in vectors {
        let hash = text(vector, "hashed_payload");
        // The vendor's unit tests sign a hash that belongs to no body.
        if text(vector, "canonical_request").contains("x-acs-content-sha256") {
            assert_eq!(
                hex::text(&acs3::hash::<Sha256>(text(vector, "body_utf8").as_bytes())),
                hash
            );
        }
        check_acs3::<Sha256>(
            vector,
            &vector["headers"],
            hash,
            text(vector, "canonical_uri"),
        );
    }
    assert_eq!(vectors.len(), 8);
}

fn primitive<A: Algorithm>(vector: &Value) -> String
where
    A::Mac: KeyInit,
{
    let input = text(vector, "input");
    match text(vector, "op") {
        "hash" => hex::text(&acs3::hash::<A>(input.as_bytes())).to_string(),
        "mac" => {
            let mut mac: A::Mac = keyed(text(vector, "key").as_bytes());
            mac.update(input.as_bytes());
            let mac = hex::digits(&mac.finalize().into_bytes().into());
            hex::text(&mac).to_string()
        }
        other => panic!("{other}"),
    }
}

#[test]
fn every_published_primitive_is_reproduced() {
    let published: Value = serde_json::from_str(PUBLISHED).unwrap();
    let mut checked = 0;
    for vector in published["v3_primitives"].as_array().unwrap() {
        let made = match text(vector, "algorithm") {
            "ACS3-HMAC-SHA256" => primitive::<Sha256>(vector),
            #[cfg(feature = "sm3")]
            "ACS3-HMAC-SM3" => primitive::<sm3::Sm3>(vector),
            _ => continue,
        };
        assert_eq!(made, text(vector, "hex"));
        checked += 1;
    }
    for vector in published["encoding"].as_array().unwrap() {
        match text(vector, "fn") {
            "percent_encode" => {
                let encoded = percent_encoded(text(vector, "input"));
                assert_eq!(encoded, text(vector, "output"));
            }
            "v1_string_to_sign" => {
                let pairs = encoded_pairs(&vector["params"]);
                assert_eq!(
                    rpc_string_to_sign(text(vector, "method"), &pairs),
                    text(vector, "output")
                );
            }
            // The path of every operation is `/`, so no path is ever encoded here.
            "encode_path" => continue,
            other => panic!("{other}"),
        }
        checked += 1;
    }
    assert_eq!(checked, if cfg!(feature = "sm3") { 8 } else { 6 });
}
