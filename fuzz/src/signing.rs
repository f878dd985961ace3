//! What is signed is accepted, and nothing else is.

use std::collections::BTreeMap;

use cloudauth_proto::{Request, Scheme};
use cloudauth_sim::{Incoming, verify};

use crate::input::{ENDPOINT, SCHEMES, SCHEMES_OF_SIM, SECRET, TOKEN, ToSign};
use crate::reference::{self, Asked, canonical_query, percent_encode};

/// The signature is the one that a signer written for clarity makes.
pub fn sign_matches_reference(bytes: &[u8]) {
    let Some(mut input) = ToSign::read(bytes, &SCHEMES) else {
        return;
    };
    // The reference knows no headers of retries; the verifier does.
    input.retry = None;
    matches_reference(&input);
}

fn matches_reference(input: &ToSign) {
    let request = input.sign();
    let stamp = input.stamp();
    let (mut query, mut form) = (input.part(false), input.part(true));
    let has_form = !input.is_get && !form.is_empty();
    if input.is_get {
        query.append(&mut form);
    }
    let pushed = input.params().iter().filter(|(_, _, is_form)| *is_form);
    let form = pushed.map(|(name, value, _)| (name.clone(), value.clone()));
    let asked = Asked {
        method: request.method.as_str(),
        host: ENDPOINT.authority(),
        action: "InitFaceVerify",
        version: "2019-03-07",
        timestamp: &stamp.at.to_string(),
        nonce: stamp.nonce.as_str(),
        id: "testid",
        secret: SECRET,
        token: input.has_token.then_some(TOKEN),
        provider: input.credentials().provider(),
        query,
        form: has_form.then(|| form.collect()),
    };
    match input.scheme {
        Scheme::RpcHmacSha1 => {
            let (params, signature) = reference::rpc(&asked);
            let incoming = Incoming::from(&request);
            let sent = if input.is_get {
                incoming.target.trim_start_matches("/?").to_owned()
            } else {
                String::from_utf8(incoming.body).unwrap()
            };
            let mut expected: Vec<String> = canonical_query(&params)
                .split('&')
                .map(Into::into)
                .collect();
            expected.push(format!("Signature={}", percent_encode(&signature)));
            expected.sort();
            let mut sent: Vec<&str> = sent.split('&').collect();
            sent.sort_unstable();
            assert_eq!(sent, expected);
        }
        Scheme::Acs3HmacSm3 => is_acs3(&request, &reference::acs3_sm3(&asked)),
        Scheme::Acs3HmacSha256 | _ => is_acs3(&request, &reference::acs3(&asked)),
    }
}

/// The target, the body and every header that is signed.
fn is_acs3(request: &Request, expected: &(String, String, BTreeMap<String, String>)) {
    let (query, form, headers) = expected;
    let target = if query.is_empty() {
        "/".to_owned()
    } else {
        format!("/?{query}")
    };
    assert_eq!(request.target, target);
    assert_eq!(Incoming::from(request).body, form.as_bytes());
    let sent = request.headers.iter();
    let sent = sent.filter(|(name, _)| !UNSIGNED.contains(name));
    let sent: BTreeMap<&str, &str> = sent.map(|(name, value)| (*name, &**value)).collect();
    let expected = headers.iter();
    let expected = expected.map(|(name, value)| (name.as_str(), value.as_str()));
    assert_eq!(sent, expected.collect());
}

/// Headers that are sent and not signed.
const UNSIGNED: [&str; 3] = ["accept", "user-agent", "content-length"];

/// Whatever stands in names and values, the bytes on the wire are one request, and the independent
/// verifier accepts its signature and reads the same names and values.
pub fn sim_accepts_what_we_sign(bytes: &[u8]) {
    if let Some(input) = ToSign::read(bytes, &SCHEMES_OF_SIM) {
        is_one_request_and_accepted(&input);
    }
}

/// Values of any size, in the form and in the query by turns, are signed as the reference does; they
/// are one request on the wire, and the verifier reads them as they were.
pub fn values_arrive(scheme: Scheme, values: &[String]) {
    let input = ToSign::of(scheme, values);
    matches_reference(&input);
    is_one_request_and_accepted(&input);
}

fn is_one_request_and_accepted(input: &ToSign) {
    let request = input.sign();
    let mut wire = Vec::new();
    request.write_http1(&mut wire);
    let incoming = parsed(&wire);
    assert!(incoming == Incoming::from(&request));
    let verified = verify(&incoming, secret_of, input.at.into()).unwrap();
    let mut pushed = input.part(false);
    pushed.append(&mut input.part(true));
    assert_eq!(verified.params, pushed);
    let nonce = input.stamp().nonce;
    assert_eq!(verified.nonce.as_deref(), Some(nonce.as_str()));
}

/// One request and nothing behind it.
fn parsed(wire: &[u8]) -> Incoming {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut request = httparse::Request::new(&mut headers);
    let length = request.parse(wire).unwrap().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let headers: Vec<(String, String)> = request
        .headers
        .iter()
        .map(|header| (header.name.to_owned(), text(header.value)))
        .collect();
    let mut lengths = headers.iter().filter(|(name, _)| name == "content-length");
    let (_, announced) = lengths.next().unwrap();
    assert!(lengths.next().is_none());
    let body = &wire[length..];
    assert_eq!(announced.parse(), Ok(body.len()));
    Incoming::new(
        request.method.unwrap(),
        request.path.unwrap(),
        headers,
        body,
    )
}

/// Of a signed request nothing can be changed: whatever bit is turned, it is refused or means the
/// same.
pub fn one_bit_off_is_refused(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first_chunk::<4>() else {
        return;
    };
    let which = usize::try_from(u32::from_le_bytes(*which)).unwrap_or_default();
    let Some(input) = ToSign::read(bytes, &SCHEMES_OF_SIM) else {
        return;
    };
    let request = Incoming::from(&input.sign());
    let now = input.at.into();
    let original = verify(&request, secret_of, now).unwrap();
    let mut changed = request.clone();
    if !turn(&mut changed, which) {
        return;
    }
    if let Ok(verified) = verify(&changed, secret_of, now) {
        assert!(verified == original, "accepted another request");
        // RPC 1.0 does not sign the path.
        let same_path = path(&changed) == path(&request);
        assert!(same_path || input.scheme == Scheme::RpcHmacSha1);
    }
}

/// Turns one bit of the target, the body or a signed header.
fn turn(request: &mut Incoming, which: usize) -> bool {
    let mut target = core::mem::take(&mut request.target).into_bytes();
    let mut values: Vec<Vec<u8>> = request
        .headers
        .iter()
        .map(|(_, v)| v.clone().into())
        .collect();
    let mut parts = vec![&mut target, &mut request.body];
    for ((name, _), value) in request.headers.iter().zip(&mut values) {
        if !UNSIGNED.contains(&name.as_str()) {
            parts.push(value);
        }
    }
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut at = which / 8 % length;
    for part in parts {
        if let Some(byte) = part.get_mut(at) {
            *byte ^= 1 << (which % 8);
            break;
        }
        at -= part.len();
    }
    let Ok(target) = String::from_utf8(target) else {
        return false;
    };
    request.target = target;
    for ((_, value), bytes) in request.headers.iter_mut().zip(values) {
        let Ok(bytes) = String::from_utf8(bytes) else {
            return false;
        };
        *value = bytes;
    }
    true
}

fn path(request: &Incoming) -> &str {
    request.target.split('?').next().unwrap_or_default()
}

fn secret_of(id: &str) -> Option<String> {
    (id == "testid").then(|| SECRET.to_owned())
}
