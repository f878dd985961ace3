//! The one percent encoder.
//!
//! RFC 3986 as both signatures demand it (documented): `A-Z a-z 0-9 - _ . ~` stay, every other byte
//! of the UTF-8 text becomes `%XX` with upper-case digits. A space is `%20`, never `+`.

use alloc::string::String;

/// Appends the encoded form of `text` to `out`.
pub(crate) fn write(out: &mut String, text: &str) {
    chunks(text, |chunk| out.push_str(chunk));
}

/// Hands the encoded form of `text` to `sink`, piece by piece, without building it.
pub(crate) fn chunks(text: &str, mut sink: impl FnMut(&str)) {
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        if STAYS[usize::from(byte)] {
            continue;
        }
        // What stays is ASCII, so a run that is not empty begins and ends between characters.
        if start < at {
            sink(&text[start..at]);
        }
        sink(escape(byte));
        start = at + 1;
    }
    if start < text.len() {
        sink(&text[start..]);
    }
}

fn escape(byte: u8) -> &'static str {
    let at = usize::from(byte) * 3;
    &ESCAPES[at..at + 3]
}

/// Whether a byte stays as it is.
const STAYS: [bool; 256] = {
    let kept = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    let mut stays = [false; 256];
    let mut at = 0;
    while at < kept.len() {
        stays[kept[at] as usize] = true;
        at += 1;
    }
    stays
};

/// `%00%01...%FF`.
const ESCAPES: &str = {
    const BYTES: [u8; 768] = {
        let digits = b"0123456789ABCDEF";
        let mut table = [b'%'; 768];
        let mut byte = 0;
        while byte < 256 {
            table[3 * byte + 1] = digits[byte >> 4];
            table[3 * byte + 2] = digits[byte & 15];
            byte += 1;
        }
        table
    };
    match core::str::from_utf8(&BYTES) {
        Ok(text) => text,
        Err(_) => panic!("hexadecimal digits are ASCII"),
    }
};

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

    use super::*;

    const REFERENCE: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~');

    fn encoded(text: &str) -> String {
        let mut out = String::new();
        write(&mut out, text);
        out
    }

    #[test]
    fn every_character_of_one_byte_is_encoded_as_the_reference_does() {
        for byte in 0..128 {
            let text = char::from(byte).to_string();
            assert_eq!(
                encoded(&text),
                utf8_percent_encode(&text, REFERENCE).to_string()
            );
        }
    }

    #[test]
    fn longer_texts_are_encoded_as_the_reference_does() {
        for text in [
            "",
            "a",
            " ~/*-+",
            "张先生",
            "a张 b😀c",
            "\0\r\n&=%",
            "é",
            "\u{10ffff}",
        ] {
            assert_eq!(
                encoded(text),
                utf8_percent_encode(text, REFERENCE).to_string(),
                "{text:?}"
            );
        }
    }

    #[test]
    fn the_vendor_s_own_examples_come_out() {
        assert_eq!(encoded(" ~/*-+"), "%20~%2F%2A-%2B");
        assert_eq!(encoded("a/b/c/ test"), "a%2Fb%2Fc%2F%20test");
    }
}
