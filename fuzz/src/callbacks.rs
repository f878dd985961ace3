//! What callbacks and browsers bring.

use cloudauth_proto::verify::{CallbackKey, Notice, Returned};
use cloudauth_proto::{Secret, UnixTime};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// A callback is read or refused, whatever it is; what it says is what stands in it; and it is taken
/// for the service's only with a token of the key's, which then stands in it, too.
pub fn callbacks_are_read(bytes: &[u8]) {
    let query = String::from_utf8_lossy(bytes);
    let Ok(notice) = Notice::parse(&query) else {
        return;
    };
    let plain = percent_decode_str(&query).decode_utf8_lossy();
    let id = notice.certify_id().as_str();
    assert!(!id.is_empty() && id.bytes().all(|b| b.is_ascii_graphic()));
    assert!(plain.contains(id));
    assert!(notice.passed().is_none_or(|passed| plain.contains(passed)));
    assert!(!notice.bears(&Secret::new("")));
    let key = CallbackKey::new(&[7; 32]).unwrap();
    if let Ok(order) = key.check(&notice, UnixTime::from_seconds(1_800_000_000)) {
        // Only the end is not known here; it is what stands before the order.
        assert!(plain.contains(order.as_str()));
        let later = UnixTime::from_seconds(u64::MAX);
        assert!(key.check(&notice, later).is_err());
        let other = CallbackKey::new(&[8; 32]).unwrap();
        assert!(other.check(&notice, UnixTime::from_seconds(0)).is_err());
    }
}

/// What a browser brings back is read or refused, whatever it is, and comes to the same raw, encoded
/// once, and encoded twice.
pub fn returns_are_read(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = Returned::parse(&text);
    if !text.starts_with('{') || text.len() > Returned::LONGEST_TEXT / 10 {
        return;
    }
    let once = utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string();
    let twice = utf8_percent_encode(&once, NON_ALPHANUMERIC).to_string();
    let raw = Returned::parse(&format!("response={text}"));
    assert_eq!(Returned::parse(&format!("a=1&response={once}&b=2")), raw);
    assert_eq!(Returned::parse(&format!("response={twice}#top")), raw);
}
