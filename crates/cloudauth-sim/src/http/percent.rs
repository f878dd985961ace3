//! Percent-encoding in both directions, with an implementation that is not the client's.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything except RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Encodes every character that is not unreserved, as the signatures require.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Decodes one name or value of a query or form, where `+` means a space (the vendor's Python SDK
/// encodes it so).
///
/// `None` for a `%` without two hex digits after it and for bytes that are not UTF-8.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut escapes = text.split('%');
    escapes.next();
    let all_complete =
        escapes.all(|rest| rest.len() >= 2 && rest.bytes().take(2).all(|b| b.is_ascii_hexdigit()));
    if !all_complete {
        return None;
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

/// Splits a query or form into decoded pairs, in order. A name without `=` has an empty value.
pub(crate) fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(name)?, decode(value)?))
        })
        .collect()
}

/// Encodes everything that is not allowed in a header or a request line: control characters, spaces
/// and everything beyond ASCII.
pub(crate) fn header_safe(url: &str) -> String {
    url.chars()
        .map(|c| {
            if c.is_ascii_graphic() {
                c.to_string()
            } else {
                encode(c.encode_utf8(&mut [0; 4]))
            }
        })
        .collect()
}

/// The URL up to its fragment, with the separator that one more parameter needs.
pub(crate) fn extensible(url: &str) -> String {
    let (before, _) = url.split_once('#').unwrap_or((url, ""));
    let separator = match before.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{before}{separator}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unreserved_characters_are_not_encoded() {
        assert_eq!(encode(" ~/*-+"), "%20~%2F%2A-%2B");
        assert_eq!(encode("张"), "%E5%BC%A0");
    }

    #[test]
    fn a_plus_is_decoded_to_a_space_and_its_escape_to_a_plus() {
        assert_eq!(decode("a+b%2Bc%20d").as_deref(), Some("a b+c d"));
    }

    #[test]
    fn incomplete_escapes_and_invalid_utf8_are_refused() {
        for text in ["%", "%4", "%zz", "a%", "%%41", "%ff", "%C3%28", "%é"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    #[test]
    fn a_name_without_an_equals_sign_has_an_empty_value() {
        let expected = vec![("a".into(), String::new()), ("b".into(), "1=2".into())];
        assert_eq!(pairs("&a&&b=1=2&"), Some(expected));
    }
}
