//! Encoding is lossless, and independent of the order of parameters.

use arbitrary::Arbitrary;
use cloudauth_proto::driver::Method;
use cloudauth_proto::operation::{ParamLocation, Params};
use cloudauth_proto::sign::Nonce;
use cloudauth_proto::sign::{Draft, Stamp};
use cloudauth_proto::{Scheme, UnixTime};
use percent_encoding::percent_decode_str;

use crate::input::{self, ENDPOINT, KEY, SCHEMES, SigningInput};
use crate::reference::percent_encode;

#[derive(Arbitrary)]
struct Pair<'b> {
    name: &'b str,
    value: &'b str,
    repeat: u8,
}

/// A pair that is encoded once and twice is decoded to the original, and its encodings consist of
/// unreserved characters and `%`.
pub fn percent_round_trip(bytes: &[u8]) {
    let Some(pair) = input::read::<Pair<'_>>(bytes) else {
        return;
    };
    // The encoder handles long strings by other code.
    let repeat = if input::is_one_of(64, bytes) {
        usize::from(pair.repeat) + 1
    } else {
        1
    };
    let value = pair.value.repeat(repeat);
    let mut params = Params::new();
    params.push(pair.name, &value, ParamLocation::Query);
    let draft = Draft::new(Method::Post, "Any", "2019-03-07", &ENDPOINT, &params).unwrap();
    let stamp = Stamp {
        at: UnixTime::default(),
        nonce: Nonce::new("1").unwrap(),
        retry: None,
    };
    let explained = Scheme::RpcHmacSha1.explain(&draft, &KEY, &stamp);

    let encoded = format!("{}={}", percent_encode(pair.name), percent_encode(&value));
    assert!(explained.canonical.split('&').any(|other| other == encoded));
    let (_, twice) = explained.string_to_sign.split_once("&%2F&").unwrap();
    let decoded = percent_decode_str(twice).decode_utf8().unwrap();
    assert_eq!(decoded, explained.canonical);
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.~%".contains(&b);
    assert!(twice.bytes().all(is_allowed));
    let (name, encoded_value) = encoded.split_once('=').unwrap();
    assert_eq!(percent_decode_str(name).decode_utf8().unwrap(), pair.name);
    let decoded = percent_decode_str(encoded_value).decode_utf8().unwrap();
    assert_eq!(decoded, value);
}

/// The same string is signed in whatever order the parameters are pushed.
pub fn order_does_not_matter(bytes: &[u8]) {
    let Some((turn, bytes)) = bytes.split_first() else {
        return;
    };
    let Some(input) = SigningInput::read(bytes, &SCHEMES) else {
        return;
    };
    let mut params = input.params().to_vec();
    // ACS3 signs the form as it is sent, in the order of the parameters.
    if input.scheme != Scheme::RpcHmacSha1 && !input.is_get {
        params.retain(|(_, _, is_form)| !is_form);
    }
    let stamp = input.stamp();
    let explain = |params: &[(String, String, bool)]| {
        let params = SigningInput::encoded(params);
        let draft = input.draft(&params);
        input.scheme.explain(&draft, input.credentials(), &stamp)
    };
    let before = explain(&params);
    let middle = usize::from(*turn) % (params.len() + 1);
    params.rotate_left(middle);
    if turn % 2 == 1 {
        params.reverse();
    }
    let after = explain(&params);
    assert_eq!(before.canonical, after.canonical);
    assert_eq!(before.string_to_sign, after.string_to_sign);
}
