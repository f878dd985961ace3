//! Signed requests, against the reference signer and the simulator's verifier.

use std::collections::BTreeMap;

use cloudauth_proto::Scheme;
use cloudauth_proto::driver::Request;
use cloudauth_sim::{IncomingRequest, verify};

use crate::input::{ENDPOINT, SCHEMES, SCHEMES_OF_SIM, SECRET, SigningInput, TOKEN};
use crate::reference::{self, UnsignedRequest, canonical_query, percent_encode};

/// A signed request equals that of the reference signer.
pub fn sign_matches_reference(bytes: &[u8]) {
    let Some(mut input) = SigningInput::read(bytes, &SCHEMES) else {
        return;
    };
    // The reference signer does not implement the headers of retries. The verifier does.
    input.retry = None;
    assert_matches_reference(&input);
}

fn assert_matches_reference(input: &SigningInput) {
    let request = input.sign();
    let stamp = input.stamp();
    let (mut query, mut form) = (input.part(false), input.part(true));
    let has_form = !input.is_get && !form.is_empty();
    if input.is_get {
        query.append(&mut form);
    }
    let pushed = input.params().iter().filter(|(_, _, is_form)| *is_form);
    let form = pushed.map(|(name, value, _)| (name.clone(), value.clone()));
    let unsigned = UnsignedRequest {
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
            let (params, signature) = reference::rpc(&unsigned);
            let incoming = IncomingRequest::from(&request);
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
        Scheme::Acs3HmacSm3 => assert_is_acs3(&request, &reference::acs3_sm3(&unsigned)),
        Scheme::Acs3HmacSha256 | _ => assert_is_acs3(&request, &reference::acs3(&unsigned)),
    }
}

/// Asserts that the target, the body and every signed header are as expected.
fn assert_is_acs3(request: &Request, expected: &(String, String, BTreeMap<String, String>)) {
    let (query, form, headers) = expected;
    let target = if query.is_empty() {
        "/".to_owned()
    } else {
        format!("/?{query}")
    };
    assert_eq!(request.target, target);
    assert_eq!(IncomingRequest::from(request).body, form.as_bytes());
    let sent = request.headers.iter();
    let sent = sent.filter(|(name, _)| !UNSIGNED.contains(name));
    let sent: BTreeMap<&str, &str> = sent.map(|(name, value)| (*name, &**value)).collect();
    let expected = headers.iter();
    let expected = expected.map(|(name, value)| (name.as_str(), value.as_str()));
    assert_eq!(sent, expected.collect());
}

/// Headers that are sent but not signed.
const UNSIGNED: [&str; 4] = ["accept", "accept-encoding", "user-agent", "content-length"];

/// With any names and values, the bytes on the wire are exactly one request, and the independent
/// verifier accepts its signature and reads the same names and values.
pub fn sim_accepts_what_we_sign(bytes: &[u8]) {
    if let Some(input) = SigningInput::read(bytes, &SCHEMES_OF_SIM) {
        assert_is_accepted(&input);
    }
}

/// Checks [`sign_matches_reference`] and [`sim_accepts_what_we_sign`] with these values, alternately in
/// the form and in the query.
pub fn check_values(scheme: Scheme, values: &[String]) {
    let input = SigningInput::of(scheme, values);
    assert_matches_reference(&input);
    assert_is_accepted(&input);
}

fn assert_is_accepted(input: &SigningInput) {
    let request = input.sign();
    let mut wire = Vec::new();
    request.write_http1(&mut wire);
    let incoming = parse(&wire);
    assert!(incoming == IncomingRequest::from(&request));
    let verified = verify(&incoming, secret_of, input.at.into()).unwrap();
    let mut pushed = input.part(false);
    pushed.append(&mut input.part(true));
    assert_eq!(verified.params, pushed);
    let nonce = input.stamp().nonce;
    assert_eq!(verified.nonce.as_deref(), Some(nonce.as_str()));
}

/// Parses bytes that are exactly one request.
fn parse(wire: &[u8]) -> IncomingRequest {
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
    let (_, content_length) = lengths.next().unwrap();
    assert!(lengths.next().is_none());
    let body = &wire[length..];
    assert_eq!(content_length.parse(), Ok(body.len()));
    IncomingRequest::new(
        request.method.unwrap(),
        request.path.unwrap(),
        headers,
        body,
    )
}

/// A signed request with one bit flipped is refused, or has the same meaning. The first four bytes choose
/// the bit.
pub fn one_bit_off_is_refused(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first_chunk::<4>() else {
        return;
    };
    let which = usize::try_from(u32::from_le_bytes(*which)).unwrap_or_default();
    let Some(input) = SigningInput::read(bytes, &SCHEMES_OF_SIM) else {
        return;
    };
    let request = IncomingRequest::from(&input.sign());
    let now = input.at.into();
    let original = verify(&request, secret_of, now).unwrap();
    let mut changed = request.clone();
    if !flip(&mut changed, which) {
        return;
    }
    if let Ok(verified) = verify(&changed, secret_of, now) {
        assert!(verified == original, "a different request was accepted");
        // RPC 1.0 does not sign the path.
        let same_path = path(&changed) == path(&request);
        assert!(same_path || input.scheme == Scheme::RpcHmacSha1);
    }
}

/// Flips one bit of the target, the body or a signed header. Returns whether the result is a request.
fn flip(request: &mut IncomingRequest, which: usize) -> bool {
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

fn path(request: &IncomingRequest) -> &str {
    request.target.split('?').next().unwrap_or_default()
}

fn secret_of(id: &str) -> Option<String> {
    (id == "testid").then(|| SECRET.to_owned())
}
