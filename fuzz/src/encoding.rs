//! Encoding loses nothing, and the order of pushing changes nothing.

use arbitrary::Arbitrary;
use cloudauth_proto::sign::{Draft, Stamp};
use cloudauth_proto::{Method, Nonce, Params, Place, Scheme, UnixTime};
use percent_encoding::percent_decode_str;

use crate::input::{self, ENDPOINT, KEY, SCHEMES, ToSign};
use crate::reference::percent_encode;

#[derive(Arbitrary)]
struct Text<'b> {
    name: &'b str,
    value: &'b str,
    repeat: u8,
}

/// Decoding gives back what was encoded, once and twice, and only unreserved characters and `%`
/// appear.
pub fn percent_round_trip(bytes: &[u8]) {
    let Some(text) = input::read::<Text<'_>>(bytes) else {
        return;
    };
    // Long texts take another way through the encoder.
    let repeat = if input::is_one_of(64, bytes) {
        usize::from(text.repeat) + 1
    } else {
        1
    };
    let value = text.value.repeat(repeat);
    let mut params = Params::new();
    params.push(text.name, &value, Place::Query);
    let draft = Draft::new(Method::Post, "Any", "2019-03-07", &ENDPOINT, &params).unwrap();
    let stamp = Stamp {
        at: UnixTime::default(),
        nonce: Nonce::new("1").unwrap(),
        retry: None,
    };
    let explained = Scheme::RpcHmacSha1.explain(&draft, &KEY, &stamp);

    let pair = format!("{}={}", percent_encode(text.name), percent_encode(&value));
    assert!(explained.canonical.split('&').any(|have| have == pair));
    let (_, once_more) = explained.string_to_sign.split_once("&%2F&").unwrap();
    let decoded = percent_decode_str(once_more).decode_utf8().unwrap();
    assert_eq!(decoded, explained.canonical);
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~%".contains(&b);
    assert!(once_more.bytes().all(is_plain));
    let (name, encoded) = pair.split_once('=').unwrap();
    assert_eq!(percent_decode_str(name).decode_utf8().unwrap(), text.name);
    assert_eq!(percent_decode_str(encoded).decode_utf8().unwrap(), value);
}

/// In whatever order parameters are pushed, the same text is signed.
pub fn order_does_not_matter(bytes: &[u8]) {
    let Some((turn, bytes)) = bytes.split_first() else {
        return;
    };
    let Some(input) = ToSign::read(bytes, &SCHEMES) else {
        return;
    };
    let mut params = input.params().to_vec();
    // The form travels as it was pushed, so under ACS3 its order is signed.
    if input.scheme != Scheme::RpcHmacSha1 && !input.is_get {
        params.retain(|(_, _, is_form)| !is_form);
    }
    let stamp = input.stamp();
    let explain = |params: &[(String, String, bool)]| {
        let params = ToSign::encoded(params);
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
