//! The probable reason for a signature mismatch.
//!
//! The client's canonical request is not sent, but common mistakes can be tried until one of them
//! results in the client's signature.

use std::collections::BTreeMap;

use super::acs3::{self, Authorization};
use super::{canonical_query, form, rpc};
use crate::http::{IncomingRequest, Params, percent};

const UNEXPLAINED: &str =
    "no common mistake explains it: the secret is another one, or a value was changed in transit";

/// Hosts that a client may have signed before an intermediary rewrote them.
const HOSTS: [&str; 3] = [
    "cloudauth.aliyuncs.com",
    "cloudauth.cn-shanghai.aliyuncs.com",
    "cloudauth.cn-beijing.aliyuncs.com",
];

/// Encodings of a query that clients have used, as changes to the right one.
const ENCODINGS: [(&str, &str, &str); 3] = [
    ("%20", "+", "the client encodes a space as +, not as %20"),
    ("%2A", "*", "the client does not encode *"),
    ("~", "%7E", "the client encodes ~"),
];

/// The first line of the canonical request that must be different on the client's side, without any
/// value of a parameter.
pub(crate) fn explain_mismatch(
    request: &IncomingRequest,
    secret_of: impl Fn(&str) -> Option<String>,
) -> String {
    let authorization = request.header_values("authorization").next();
    let found = match authorization.filter(|value| value.starts_with("ACS3-")) {
        Some(authorization) => explain_acs3(request, authorization, secret_of),
        None => explain_rpc(request, secret_of),
    };
    found.unwrap_or_else(|| UNEXPLAINED.to_owned())
}

fn explain_acs3(
    request: &IncomingRequest,
    authorization: &str,
    secret_of: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    let authorization = Authorization::parse(authorization).ok()?;
    let secret = secret_of(authorization.access_key_id)?;
    let headers = request.merged_headers();
    let named = authorization.signed_headers.split(';');
    let signed: BTreeMap<String, String> = named
        .filter_map(|name| Some((name.to_owned(), headers.get(name)?.clone())))
        .collect();
    let params: Params = percent::pairs(request.query())?.into_iter().collect();
    let algorithm = authorization.algorithm;
    let body_hash = algorithm.hash(&request.body);
    let matches_with = |secret: &str, canonical: &str| {
        let to_sign = acs3::string_to_sign(algorithm, canonical);
        acs3::signature_matches(algorithm, secret, &to_sign, authorization.signature)
    };
    let (method, path) = (request.method.as_str(), request.path());
    let query = canonical_query(&params);
    let matches = |method: &str, path: &str, query: &str, headers: &_, hash: &str| {
        let canonical = acs3::canonical_request(method, path, query, headers, hash);
        matches_with(&secret, &canonical)
    };

    for signed_method in ["GET", "POST"] {
        if matches(signed_method, path, &query, &signed, &body_hash) {
            return Some(format!(
                "line 1, the method: signed {signed_method}, received {method}"
            ));
        }
    }
    for signed_path in ["", "/"] {
        if matches(method, signed_path, &query, &signed, &body_hash) {
            return Some(format!(
                "line 2, the path: signed \"{signed_path}\", received \"{path}\""
            ));
        }
    }
    for (from, to, mistake) in ENCODINGS {
        if matches(method, path, &query.replace(from, to), &signed, &body_hash) {
            return Some(format!("line 3, the query: {mistake}"));
        }
    }
    for (mistake, query) in other_queries(request, &params) {
        if matches(method, path, &query, &signed, &body_hash) {
            return Some(format!("line 3, the query: {mistake}"));
        }
    }
    for (at, name) in signed.keys().enumerate() {
        let line = at + 4;
        for value in other_values(name, signed.get(name)?) {
            let mut headers = signed.clone();
            headers.insert(name.clone(), value.clone());
            if matches(method, path, &query, &headers, &body_hash) {
                return Some(format!(
                    "line {line}, the header {name}: signed \"{value}\", received another value"
                ));
            }
        }
    }
    let claimed_hash = signed.get("x-acs-content-sha256")?;
    if *claimed_hash != body_hash && matches(method, path, &query, &signed, claimed_hash) {
        return Some("the last line, the hash of the body: received another body".to_owned());
    }
    let canonical = acs3::canonical_request(method, path, &query, &signed, &body_hash);
    [
        ("with an & at its end", format!("{secret}&")),
        ("without its last character", without_last(&secret)),
    ]
    .iter()
    .find(|(_, secret)| matches_with(secret, &canonical))
    .map(|(mistake, _)| format!("no line: the secret was used {mistake}"))
}

/// Queries that the client may have signed, each with its mistake.
fn other_queries(request: &IncomingRequest, params: &Params) -> Vec<(&'static str, String)> {
    let mut with_form = params.clone();
    with_form.extend(form(request).unwrap_or_default());
    let pairs = params.iter();
    let plain: Vec<String> = pairs
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    vec![
        ("it is not sorted by name", request.query().to_owned()),
        ("it is not encoded", plain.join("&")),
        (
            "the client signs the form as a part of it",
            canonical_query(&with_form),
        ),
        ("the client leaves it out", String::new()),
    ]
}

/// Values that a header may have been signed with. None of them is personal data.
fn other_values(name: &str, value: &str) -> Vec<String> {
    match name {
        "host" => {
            let without_port = value.rsplit_once(':').map(|(host, _)| host.to_owned());
            without_port
                .into_iter()
                .chain(HOSTS.map(str::to_owned))
                .collect()
        }
        "content-type" => [
            "application/x-www-form-urlencoded",
            "application/json",
            "application/json; charset=utf-8",
            "",
        ]
        .map(str::to_owned)
        .into(),
        _ => Vec::new(),
    }
}

fn without_last(secret: &str) -> String {
    let mut shorter = secret.to_owned();
    shorter.pop();
    shorter
}

fn explain_rpc(
    request: &IncomingRequest,
    secret_of: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    let mut query: Params = percent::pairs(request.query())?.into_iter().collect();
    let mut params = query.clone();
    params.extend(form(request).ok()?);
    let signature = params.remove("Signature")?;
    let secret = secret_of(params.get("AccessKeyId")?)?;
    let matches = |to_sign: &str| rpc::signature_matches(&secret, to_sign, &signature);
    let method = request.method.as_str();
    let canonical = canonical_query(&params);
    for signed_method in ["GET", "POST"] {
        if matches(&rpc::string_to_sign(signed_method, &canonical)) {
            return Some(format!(
                "the method: signed {signed_method}, received {method}"
            ));
        }
    }
    for (from, to, mistake) in ENCODINGS {
        if matches(&rpc::string_to_sign(method, &canonical.replace(from, to))) {
            return Some(format!("the parameters: {mistake}"));
        }
    }
    query.remove("Signature");
    if matches(&rpc::string_to_sign(method, &canonical_query(&query))) {
        return Some("the parameters: the client leaves out those of the form".to_owned());
    }
    if matches(&format!("{method}&%2F&{canonical}")) {
        return Some("the parameters: the client encodes them once, not twice".to_owned());
    }
    let to_sign = rpc::string_to_sign(method, &canonical);
    rpc::signature_matches(&without_last(&secret), &to_sign, &signature)
        .then(|| "no parameter: the secret was used without its last character".to_owned())
}
