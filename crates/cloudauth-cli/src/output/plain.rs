//! Text of a peer, made harmless: it can neither move the cursor of a terminal, nor start a line, nor
//! change the order or the number of the characters that are seen.

use core::fmt::Write as _;

use serde_json::Value;

/// Replaces control characters, and those that have no width or change the direction of text, by
/// spaces.
pub(crate) fn one_line(text: &str) -> String {
    let plain = |c: char| if is_harmful(c) { ' ' } else { c };
    text.chars().map(plain).collect()
}

/// The JSON of a value on one line, with these characters escaped.
pub(crate) fn json_text(value: &Value) -> String {
    escaped(&value.to_string())
}

/// The lines of the indented JSON of a value, with these characters escaped.
pub(super) fn indented(value: &Value) -> Vec<String> {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.lines().map(escaped).collect()
}

/// All characters beyond ASCII are inside strings of the JSON, and so is DEL.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if is_harmful(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        } else {
            text.push(c);
        }
    }
    text
}

/// Control characters, and the format characters of Unicode (category Cf), separators of lines, variation
/// selectors and fillers.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(
            u32::from(c),
            0xad | 0x34f
                | 0x600..=0x605
                | 0x61c
                | 0x6dd
                | 0x70f
                | 0x890..=0x891
                | 0x8e2
                | 0x115f..=0x1160
                | 0x17b4..=0x17b5
                | 0x180b..=0x180f
                | 0x200b..=0x200f
                | 0x2028..=0x202e
                | 0x2060..=0x206f
                | 0x3164
                | 0xfe00..=0xfe0f
                | 0xfeff
                | 0xffa0
                | 0xfff0..=0xfffb
                | 0x110bd
                | 0x110cd
                | 0x13430..=0x1343f
                | 0x1bca0..=0x1bca3
                | 0x1d173..=0x1d17a
                | 0xe0000..=0xe0fff
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// One of each kind: control, C1, DEL, bidirectional, zero-width, separator, tag.
    const HARMFUL: &str = "a\u{1b}b\u{9b}c\u{7f}d\u{202e}e\u{200b}f\u{2028}g\u{e0041}h\n";

    #[test]
    fn characters_that_hide_or_move_text_become_spaces_in_a_line() {
        assert_eq!(one_line(HARMFUL), "a b c d e f g h ");
        assert_eq!(one_line("张三 Zoë 𠮷"), "张三 Zoë 𠮷");
    }

    #[test]
    fn characters_that_hide_or_move_text_are_escaped_in_json_and_read_back() {
        let value = json!({HARMFUL: [HARMFUL]});
        let text = json_text(&value);
        assert!(text.chars().all(|c| !is_harmful(c)), "{text}");
        assert!(
            text.contains("\\u202e") && text.contains("\\udb40\\udc41"),
            "{text}"
        );
        assert_eq!(
            serde_json::from_str::<Value>(&text).ok(),
            Some(value.clone())
        );
        let lines = indented(&value);
        assert!(
            lines
                .iter()
                .all(|line| line.chars().all(|c| !is_harmful(c)))
        );
        assert_eq!(
            serde_json::from_str::<Value>(&lines.join("\n")).ok(),
            Some(value)
        );
    }
}
