//! Why a signature is refused, as far as can be told: the client's canonical request is not sent, but the usual
//! mistakes can be tried until one of them gives the client's signature.

use std::collections::BTreeMap;

use ring::digest;

use super::acs3::{self, Claim};
use super::{canonical_query, form, rpc};
use crate::ids::hex;
use crate::percent;
use crate::request::Incoming;

/// What to say if nothing explains it.
const UNEXPLAINED: &str =
    "no usual mistake explains it: another secret, or a value that was changed on the way";

/// Hosts that a client may have signed before something on the way rewrote them.
const HOSTS: [&str; 3] = [
    "cloudauth.aliyuncs.com",
    "cloudauth.cn-shanghai.aliyuncs.com",
    "cloudauth.cn-beijing.aliyuncs.com",
];

/// The first line of the canonical request that the client must have had otherwise. It has no value of a parameter.
pub(crate) fn difference(request: &Incoming, secret_of: impl Fn(&str) -> Option<String>) -> String {
    let authorization = request.header_values("authorization").next();
    let found = match authorization.filter(|it| it.starts_with("ACS3-")) {
        Some(authorization) => of_acs3(request, authorization, secret_of),
        None => of_rpc(request, secret_of),
    };
    found.unwrap_or_else(|| UNEXPLAINED.to_owned())
}

/// Ways to encode a query that clients have used, as changes to the right one.
const ENCODINGS: [(&str, &str, &str); 3] = [
    ("%20", "+", "the client writes a space as +, not as %20"),
    ("%2A", "*", "the client leaves * as it is"),
    ("~", "%7E", "the client escapes ~"),
];

fn of_acs3(
    request: &Incoming,
    authorization: &str,
    secret_of: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    let claim = Claim::parse(authorization).ok()?;
    let secret = secret_of(claim.access_key_id)?;
    let headers = request.merged_headers();
    let named = claim.signed_headers.split(';');
    let signed: BTreeMap<String, String> = named
        .filter_map(|name| Some((name.to_owned(), headers.get(name)?.clone())))
        .collect();
    let query: BTreeMap<String, String> = percent::pairs(request.query())?.into_iter().collect();
    let body_hash = hex(digest::digest(&digest::SHA256, &request.body).as_ref());
    let canonical = |method: &str, path: &str, query: &str, headers: &_, hash: &str| {
        acs3::canonical_text(method, path, query, headers, hash)
    };
    let matches_with = |secret: &str, canonical: &str| {
        acs3::signature_matches(secret, &acs3::string_to_sign(canonical), claim.signature)
    };
    let (method, path) = (request.method.as_str(), request.path());
    let right = canonical_query(&query);
    let is_it = |method: &str, path: &str, query: &str, headers: &_, hash: &str| {
        matches_with(&secret, &canonical(method, path, query, headers, hash))
    };

    for other in ["GET", "POST"] {
        if is_it(other, path, &right, &signed, &body_hash) {
            return Some(format!(
                "line 1, the method: {other} was signed, {method} came"
            ));
        }
    }
    for other in ["", "/"] {
        if is_it(method, other, &right, &signed, &body_hash) {
            return Some(format!(
                "line 2, the path: \"{other}\" was signed, \"{path}\" came"
            ));
        }
    }
    for (from, to, what) in ENCODINGS {
        if is_it(method, path, &right.replace(from, to), &signed, &body_hash) {
            return Some(format!("line 3, the query: {what}"));
        }
    }
    for (what, query) in other_queries(request, &query) {
        if is_it(method, path, &query, &signed, &body_hash) {
            return Some(format!("line 3, the query: {what}"));
        }
    }
    for (at, name) in signed.keys().enumerate() {
        let line = at + 4;
        for value in other_values(name, signed.get(name)?) {
            let mut headers = signed.clone();
            headers.insert(name.clone(), value.clone());
            if is_it(method, path, &right, &headers, &body_hash) {
                let what = format!("\"{value}\" was signed, something else came");
                return Some(format!("line {line}, the header {name}: {what}"));
            }
        }
    }
    let claimed = signed.get("x-acs-content-sha256")?;
    if *claimed != body_hash && is_it(method, path, &right, &signed, claimed) {
        return Some("the last line, the hash of the body: another body came".to_owned());
    }
    let plain = canonical(method, path, &right, &signed, &body_hash);
    [
        ("with an & at its end", format!("{secret}&")),
        ("without its last character", shorter(&secret)),
    ]
    .iter()
    .find(|(_, secret)| matches_with(secret, &plain))
    .map(|(what, _)| format!("no line: the secret was used {what}"))
}

/// Other queries than the right one, and what is wrong with them.
fn other_queries(
    request: &Incoming,
    query: &BTreeMap<String, String>,
) -> Vec<(&'static str, String)> {
    let mut with_form = query.clone();
    with_form.extend(form(request).unwrap_or_default());
    let pairs = query.iter();
    let plain: Vec<String> = pairs
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    vec![
        ("it is not sorted by name", request.query().to_owned()),
        ("it is not encoded", plain.join("&")),
        (
            "the client signs the form with it",
            canonical_query(&with_form),
        ),
        ("the client leaves it out", String::new()),
    ]
}

/// Other values that a header may have been signed with. They say nothing about a person.
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

fn shorter(secret: &str) -> String {
    let mut shorter = secret.to_owned();
    shorter.pop();
    shorter
}

fn of_rpc(request: &Incoming, secret_of: impl Fn(&str) -> Option<String>) -> Option<String> {
    let query: BTreeMap<String, String> = percent::pairs(request.query())?.into_iter().collect();
    let mut params = query.clone();
    params.extend(form(request).ok()?);
    let signature = params.remove("Signature")?;
    let secret = secret_of(params.get("AccessKeyId")?)?;
    let matches = |text: &str| rpc::signature_matches(&secret, text, &signature);
    let method = request.method.as_str();
    for other in ["GET", "POST"] {
        if matches(&rpc::string_to_sign(other, &params)) {
            return Some(format!("the method: {other} was signed, {method} came"));
        }
    }
    let right = canonical_query(&params);
    for (from, to, what) in ENCODINGS {
        if matches(&rpc::text_to_sign(method, &right.replace(from, to))) {
            return Some(format!("the parameters: {what}"));
        }
    }
    let mut without_form = query;
    without_form.remove("Signature");
    if matches(&rpc::string_to_sign(method, &without_form)) {
        return Some("the parameters: the client leaves those of the form out".to_owned());
    }
    if matches(&format!("{method}&%2F&{right}")) {
        return Some("the parameters: the client encodes them once, not twice".to_owned());
    }
    let text = rpc::string_to_sign(method, &params);
    let is_bare = rpc::signature_matches(&shorter(&secret), &text, &signature);
    is_bare.then(|| "no parameter: the secret was used without its last character".to_owned())
}
