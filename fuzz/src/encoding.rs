//! Encoding loses nothing, and the order of pushing changes nothing.

use arbitrary::{Arbitrary, Unstructured};
use cloudauth_proto::{Params, Place, Scheme};
use percent_encoding::percent_decode_str;

use crate::input::ToSign;
use crate::reference::percent_encode;

#[derive(Arbitrary, Debug)]
struct Text {
    name: String,
    value: String,
    repeat: u8,
}

/// Decoding gives back what was encoded, once and twice, and only unreserved characters and `%`
/// appear.
pub fn percent_round_trip(bytes: &[u8]) {
    let Ok(text) = Text::arbitrary_take_rest(Unstructured::new(bytes)) else {
        return;
    };
    // Long texts take another way through the encoder.
    let value = text.value.repeat(usize::from(text.repeat) + 1);
    let mut params = Params::new();
    params.push(text.name.clone(), &value, Place::Query);
    let input = ToSign::read(&[0; 64]).unwrap();
    let scheme = Scheme::RpcHmacSha1;
    let draft = input.draft(&params);
    let explained = scheme.explain(&draft, &input.credentials(), &input.stamp());

    let pair = format!("{}={}", percent_encode(&text.name), percent_encode(&value));
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
    let Some(input) = ToSign::read(bytes) else {
        return;
    };
    let mut params = input.params();
    // The form travels as it was pushed, so under ACS3 its order is signed.
    if !input.is_rpc && !input.is_get {
        params.retain(|(_, _, is_form)| !is_form);
    }
    let explain = |params: &[(String, String, bool)]| {
        let params = ToSign::encoded(params);
        let draft = input.draft(&params);
        let scheme = input.scheme();
        scheme.explain(&draft, &input.credentials(), &input.stamp())
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
