//! Text from people and files, cleaned before it is used.

use core::fmt;

/// Cleans a name, a number or a token that a person typed or that was read from a file: takes off the
/// byte order mark and the white space around it.
///
/// Editors write a mark in front of a file, and copying brings zero-width characters along. Nobody sees
/// them, but a name with one of them is another name: its verification is billed with the verdict 201,
/// and the person is refused with 417 from then on.
///
/// ```
/// use cloudauth_proto::verify::clean_text;
///
/// assert_eq!(clean_text("\u{feff}张三\r\n"), Ok("张三"));
/// let error = clean_text("张\u{200b}三").unwrap_err();
/// assert_eq!(error.to_string(), "contains the invisible character ZERO WIDTH SPACE (U+200B)");
/// ```
///
/// # Errors
///
/// [`InvisibleCharacter`] if there is a zero-width character inside.
pub fn clean_text(text: &str) -> Result<&str, InvisibleCharacter> {
    let text = without_mark(text).trim();
    find_zero_width(text).map_or(Ok(text), Err)
}

/// The text without a byte order mark.
pub(crate) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Characters without a width and without a meaning in a name or a number, with their Unicode names.
/// Variation selectors are not listed: they can tell two forms of a rare character apart.
const ZERO_WIDTH: &[(char, &str)] = &[
    ('\u{ad}', "SOFT HYPHEN"),
    ('\u{34f}', "COMBINING GRAPHEME JOINER"),
    ('\u{61c}', "ARABIC LETTER MARK"),
    ('\u{180e}', "MONGOLIAN VOWEL SEPARATOR"),
    ('\u{200b}', "ZERO WIDTH SPACE"),
    ('\u{200c}', "ZERO WIDTH NON-JOINER"),
    ('\u{200d}', "ZERO WIDTH JOINER"),
    ('\u{200e}', "LEFT-TO-RIGHT MARK"),
    ('\u{200f}', "RIGHT-TO-LEFT MARK"),
    ('\u{202a}', "LEFT-TO-RIGHT EMBEDDING"),
    ('\u{202b}', "RIGHT-TO-LEFT EMBEDDING"),
    ('\u{202c}', "POP DIRECTIONAL FORMATTING"),
    ('\u{202d}', "LEFT-TO-RIGHT OVERRIDE"),
    ('\u{202e}', "RIGHT-TO-LEFT OVERRIDE"),
    ('\u{2060}', "WORD JOINER"),
    ('\u{2061}', "FUNCTION APPLICATION"),
    ('\u{2062}', "INVISIBLE TIMES"),
    ('\u{2063}', "INVISIBLE SEPARATOR"),
    ('\u{2064}', "INVISIBLE PLUS"),
    ('\u{2066}', "LEFT-TO-RIGHT ISOLATE"),
    ('\u{2067}', "RIGHT-TO-LEFT ISOLATE"),
    ('\u{2068}', "FIRST STRONG ISOLATE"),
    ('\u{2069}', "POP DIRECTIONAL ISOLATE"),
    ('\u{feff}', "BYTE ORDER MARK"),
];

/// Finds a zero-width character.
pub(crate) fn find_zero_width(text: &str) -> Option<InvisibleCharacter> {
    let mut found = text
        .chars()
        .filter_map(|c| ZERO_WIDTH.iter().find(|(listed, _)| *listed == c));
    let (character, name) = found.next()?;
    Some(InvisibleCharacter {
        character: *character,
        name,
    })
}

/// Finds a zero-width or a control character, such as a line end.
pub(crate) fn find_invisible(text: &str) -> Option<InvisibleCharacter> {
    let control = || text.chars().find(|c| c.is_control());
    find_zero_width(text).or_else(|| {
        Some(InvisibleCharacter {
            character: control()?,
            name: "CONTROL CHARACTER",
        })
    })
}

/// Error for a string with a character that nobody sees. Names the character and shows nothing else of
/// the string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvisibleCharacter {
    /// The character.
    pub character: char,
    /// Its name in Unicode.
    pub name: &'static str,
}

impl fmt::Display for InvisibleCharacter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { character, name } = self;
        let number = u32::from(*character);
        write!(
            f,
            "contains the invisible character {name} (U+{number:04X})"
        )
    }
}

impl core::error::Error for InvisibleCharacter {}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn a_mark_in_front_and_white_space_around_are_taken_off() {
        for text in [
            "张三",
            "\u{feff}张三",
            "\u{feff} 张三\r\n",
            "\u{3000}张三\t",
        ] {
            assert_eq!(clean_text(text), Ok("张三"));
        }
        assert_eq!(clean_text("\u{feff}"), Ok(""));
        // A space, a dot and a rare character with a variation selector belong to names.
        for text in ["A B", "买买提·阿卜杜拉", "葛\u{e0101}城"] {
            assert_eq!(clean_text(text), Ok(text));
        }
    }

    #[test]
    fn every_zero_width_character_is_refused_by_name_wherever_it_is() {
        for (character, name) in ZERO_WIDTH {
            for text in [
                format!("张{character}三"),
                format!("张三{character}"),
                format!("\u{feff}{character}张三"),
            ] {
                let error = clean_text(&text).unwrap_err();
                assert_eq!(error.character, *character, "{name}");
                assert!(format!("{error}").contains(name));
                assert!(!format!("{error}{error:?}").contains('张'));
            }
        }
    }
}
