//! Callbacks of the service and redirects of the browser.

use cloudauth_proto::verify::{Callback, CallbackKey, Redirect};
use cloudauth_proto::{Secret, UnixTime};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

/// Any callback is parsed or refused, its fields are substrings of the query, and it is authentic only
/// with a token of the key.
pub fn callbacks_are_read(bytes: &[u8]) {
    let query = String::from_utf8_lossy(bytes);
    let Ok(callback) = Callback::parse(&query) else {
        return;
    };
    let plain = percent_decode_str(&query).decode_utf8_lossy();
    let id = callback.certify_id().as_str();
    assert!(!id.is_empty() && id.bytes().all(|b| b.is_ascii_graphic()));
    assert!(plain.contains(id));
    assert!(
        callback
            .passed()
            .is_none_or(|passed| plain.contains(passed))
    );
    assert!(!callback.has_token(&Secret::new("")));
    let key = CallbackKey::new(&[7; 32]).unwrap();
    if let Ok(order) = key.check(&callback, UnixTime::from_seconds(1_800_000_000)) {
        assert!(plain.contains(order.as_str()));
        let later = UnixTime::from_seconds(u64::MAX);
        assert!(key.check(&callback, later).is_err());
        let other = CallbackKey::new(&[8; 32]).unwrap();
        assert!(other.check(&callback, UnixTime::from_seconds(0)).is_err());
    }
}

/// Any redirect is parsed or refused. One that holds a JSON object is parsed with the same result if it is
/// raw, encoded once, or encoded twice.
pub fn redirects_are_read(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = Redirect::parse(&text);
    let mut values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
    let is_object = matches!(values.next(), Some(Ok(Value::Object(_))));
    if !is_object || text.len() > Redirect::LONGEST_TEXT / 10 {
        return;
    }
    let once = utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string();
    let twice = utf8_percent_encode(&once, NON_ALPHANUMERIC).to_string();
    let raw = Redirect::parse(&format!("response={text}"));
    assert_eq!(Redirect::parse(&format!("a=1&response={once}&b=2")), raw);
    assert_eq!(Redirect::parse(&format!("response={twice}#top")), raw);
}
