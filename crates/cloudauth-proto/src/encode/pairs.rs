//! Encoded pairs of a name and a value, and their order.

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::ops::Range;

use percent_encoding::percent_decode;

use super::percent::{self, FEW, FEW_ROOM};
use super::sink::{Buffer, Sink};

/// The part of a request that carries a parameter, if it is signed with ACS3 and not a GET request.
///
/// RPC 1.0 requests carry all parameters in the form body, GET requests all in the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a request has no third part for parameters"
)]
pub enum ParamLocation {
    /// In the query of the URL.
    Query,
    /// In the form body.
    Form,
}

/// A name that percent encoding does not change, which is checked at compile time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlainName {
    /// The name, an `=` and zeros. Copying a fixed length is faster than copying the actual one.
    padded: [u8; NAME],
    length: usize,
    prefix: u128,
}

/// The room for a plain name in bytes; the longest has 29.
const NAME: usize = 32;

impl PlainName {
    pub(crate) const fn new(name: &str) -> Self {
        let name = name.as_bytes();
        assert!(percent::is_plain(name), "would be encoded");
        assert!(name.len() < NAME, "is too long");
        let mut padded = [0; NAME];
        let mut at = 0;
        while at < name.len() {
            padded[at] = name[at];
            at += 1;
        }
        padded[at] = b'=';
        Self {
            padded,
            length: name.len(),
            prefix: prefix(name),
        }
    }
}

/// The first 16 bytes of a name as a number with the same order.
const fn prefix(name: &[u8]) -> u128 {
    if let Some(sixteen) = name.first_chunk() {
        return u128::from_be_bytes(*sixteen);
    }
    let mut prefix = 0;
    let mut at = 0;
    while at < name.len() {
        prefix |= (name[at] as u128) << (120 - 8 * at);
        at += 1;
    }
    prefix
}

/// The position of an encoded pair in a buffer, in which every pair is followed by an `&`.
#[derive(Clone)]
pub(crate) struct Entry {
    /// The beginning of the decoded name, which is different for most names.
    prefix: u128,
    start: usize,
    /// The offset of the `=`.
    equals: usize,
    /// The offset of the `&`.
    end: usize,
    /// Whether the second encoding changes the name.
    name_escapes: bool,
    /// Whether the second encoding changes the value.
    value_escapes: bool,
    /// The buffer that it is in.
    place: ParamLocation,
}

impl Entry {
    /// Whether the name is less than the other one by its first bytes alone.
    #[inline]
    pub(crate) fn is_certainly_before(&self, other: &Self) -> bool {
        self.prefix < other.prefix
    }
}

/// Appends a pair to the buffer, and its entry to the entries.
pub(crate) fn push_pair(
    text: &mut Buffer,
    entries: &mut Vec<Entry>,
    name: &str,
    value: &str,
    place: ParamLocation,
) {
    let start = text.len();
    percent::encode(name.as_bytes(), text);
    let equals = text.len();
    text.push(b"=");
    write_value(text, value);
    let end = text.len() - 1;
    entries.push(Entry {
        prefix: prefix(name.as_bytes()),
        start,
        equals,
        end,
        name_escapes: equals - start > name.len(),
        value_escapes: end - equals - 1 > value.len(),
        place,
    });
}

/// Appends a pair whose name is not changed by encoding.
#[inline]
pub(crate) fn push_plain_pair(
    text: &mut Buffer,
    entries: &mut Vec<Entry>,
    name: &PlainName,
    value: &str,
    place: ParamLocation,
) {
    let start = text.len();
    let room = text.room::<{ NAME + FEW_ROOM + 1 }>();
    room[..NAME].copy_from_slice(&name.padded);
    // The mask changes nothing; it removes the bounds check.
    let after = (name.length & (NAME - 1)) + 1;
    if value.len() <= FEW {
        let room = &mut room[after..];
        let length = match room.first_chunk_mut() {
            Some(few) => percent::encode_few(value.as_bytes(), few),
            None => 0,
        };
        room[length] = b'&';
        text.advance(after + length + 1);
    } else {
        text.advance(after);
        write_value(text, value);
    }
    let (equals, end) = (start + name.length, text.len() - 1);
    entries.push(Entry {
        prefix: name.prefix,
        start,
        equals,
        end,
        name_escapes: false,
        value_escapes: end - equals - 1 > value.len(),
        place,
    });
}

/// Appends a value and an `&`.
fn write_value(text: &mut Buffer, value: &str) {
    if value.len() > LONG {
        // Base64, where 2 of the 64 characters triple in length, grows by a 16th. If less were reserved,
        // the whole allocation would double.
        text.reserve(value.len() + value.len() / 15 + 1024);
    }
    percent::encode(value.as_bytes(), text);
    text.push(b"&");
}

/// Memory for values longer than this is reserved by their length.
const LONG: usize = 2048;

/// An encoded pair.
#[derive(Clone, Copy)]
pub(crate) struct Pair<'a> {
    entry: &'a Entry,
    text: &'a Buffer,
}

impl<'a> Pair<'a> {
    /// The encoded name, `=` and the encoded value.
    #[inline]
    pub(crate) fn text(self) -> &'a [u8] {
        &self.text.as_bytes()[self.entry.start..self.entry.end]
    }

    #[inline]
    pub(crate) fn name(self) -> &'a [u8] {
        &self.text.as_bytes()[self.entry.start..self.entry.equals]
    }

    /// Writes the second encoding of the pair.
    #[inline]
    pub(crate) fn encode_again(self, out: &mut impl Sink) {
        let entry = self.entry;
        let text = self.text.from(entry.start);
        let (name, value) = (entry.equals - entry.start, entry.end - entry.equals - 1);
        // Most names and values are so short that copying a fixed length is faster. The mask changes
        // nothing; it removes the bounds check.
        match text.first_chunk::<{ 2 * HALF }>() {
            Some(wide) if name < HALF && !entry.name_escapes => {
                let at = name & (HALF - 1);
                let room = out.room::<{ 2 * HALF + 2 }>();
                room[..HALF].copy_from_slice(&wide[..HALF]);
                room[at..at + 3].copy_from_slice(b"%3D");
                if value <= HALF && !entry.value_escapes {
                    room[at + 3..at + 3 + HALF].copy_from_slice(&wide[at + 1..at + 1 + HALF]);
                    return out.advance(name + 3 + value);
                }
                out.advance(name + 3);
            }
            _ => {
                percent::encode_again(text, name, out);
                out.push(b"%3D");
            }
        }
        let text = &text[name + 1..];
        if entry.value_escapes {
            percent::encode_again(text, value, out);
        } else {
            out.push(&text[..value]);
        }
    }
}

/// The fixed length for copying names and values; most are shorter.
const HALF: usize = 32;

/// Appends pairs, each followed by an `&`. Pairs that are adjacent in the buffer are copied in one piece.
pub(crate) fn copy<'p>(pairs: impl Iterator<Item = Pair<'p>>, out: &mut Vec<u8>) {
    let mut piece: Option<(&Buffer, Range<usize>)> = None;
    for Pair { entry, text } in pairs {
        match &mut piece {
            Some((same, range)) if core::ptr::eq(*same, text) && range.end == entry.start => {
                range.end = entry.end + 1;
            }
            _ => {
                let next = Some((text, entry.start..entry.end + 1));
                if let Some((text, range)) = core::mem::replace(&mut piece, next) {
                    out.extend_from_slice(&text.as_bytes()[range]);
                }
            }
        }
    }
    if let Some((text, range)) = piece {
        out.extend_from_slice(&text.as_bytes()[range]);
    }
}

/// Pairs sorted by decoded name, then by encoded pair, as both signature schemes require.
pub(crate) struct Pairs<'a> {
    pub(crate) entries: &'a [Entry],
    pub(crate) query: &'a Buffer,
    pub(crate) form: &'a Buffer,
}

impl<'a> Pairs<'a> {
    #[inline]
    fn pair(&self, entry: &'a Entry) -> Pair<'a> {
        let text = match entry.place {
            ParamLocation::Query => self.query,
            ParamLocation::Form => self.form,
        };
        Pair { entry, text }
    }

    /// The index at which the last entry must be inserted: after equal ones.
    pub(crate) fn place_of_last(&self) -> usize {
        let Some((last, others)) = self.entries.split_last() else {
            return 0;
        };
        let before = others
            .iter()
            .rposition(|entry| self.compare(entry, self, last).is_le());
        before.map_or(0, |before| before + 1)
    }

    #[inline]
    fn compare(&self, entry: &'a Entry, others: &Self, other: &'a Entry) -> Ordering {
        let by_prefix = entry.prefix.cmp(&other.prefix);
        by_prefix.then_with(|| {
            let (pair, other) = (self.pair(entry), others.pair(other));
            let names = percent_decode(pair.name()).cmp(percent_decode(other.name()));
            names.then_with(|| pair.text().cmp(other.text()))
        })
    }

    /// The pairs of the query.
    pub(crate) fn of_query(self) -> impl Iterator<Item = Pair<'a>> {
        let entries = self.entries.iter();
        let in_query = entries.filter(|entry| entry.place == ParamLocation::Query);
        in_query.map(move |entry| self.pair(entry))
    }

    /// Merges two sorted lists of pairs into one.
    #[inline]
    pub(crate) fn merged(mut self, mut others: Self) -> impl Iterator<Item = Pair<'a>> {
        core::iter::from_fn(move || {
            let others_first = match (self.entries, others.entries) {
                ([first, ..], [other, ..]) if first.prefix == other.prefix => {
                    others.compare(other, &self, first).is_lt()
                }
                ([first, ..], [other, ..]) => other.is_certainly_before(first),
                (entries, _) => entries.is_empty(),
            };
            if others_first {
                others.next()
            } else {
                self.next()
            }
        })
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Pair<'a>;

    #[inline]
    fn next(&mut self) -> Option<Pair<'a>> {
        let (first, others) = self.entries.split_first()?;
        self.entries = others;
        Some(self.pair(first))
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::{String, ToString};

    use proptest::prelude::*;

    use super::*;
    use crate::encode::reference;
    use crate::random::config;

    fn encoded(text: &str) -> String {
        reference::encoded(text.as_bytes())
    }

    /// The first and the second encoding of a pair between two others.
    fn written(name: &str, value: &str) -> [String; 2] {
        let (mut text, mut entries) = (Buffer::default(), Vec::new());
        push_pair(&mut text, &mut entries, "a", "b", ParamLocation::Query);
        if percent::is_plain(name.as_bytes()) && name.len() < NAME {
            let name = PlainName::new(name);
            push_plain_pair(&mut text, &mut entries, &name, value, ParamLocation::Query);
        } else {
            push_pair(&mut text, &mut entries, name, value, ParamLocation::Query);
        }
        // The pair after it must not appear.
        push_pair(
            &mut text,
            &mut entries,
            "%%%%%%%%%%",
            "%%%%%%%%%%",
            ParamLocation::Query,
        );
        let (mut once, mut twice) = (Vec::new(), Buffer::default());
        let pair = Pair {
            entry: &entries[1],
            text: &text,
        };
        for _ in 0..2 {
            copy([pair].into_iter(), &mut once);
            pair.encode_again(&mut twice);
        }
        [once, twice.into_bytes()].map(|out| String::from_utf8(out).unwrap())
    }

    #[test]
    fn pairs_of_all_lengths_are_encoded_once_and_twice() {
        for name in [1, 2, 15, 16, 17, 30, 31, 32, 33, 70] {
            for value in 0..140 {
                for special in ["a", " ", "\u{e9}"] {
                    for (name, value) in [
                        ("n".repeat(name), "v".repeat(value) + special),
                        ("n".repeat(name), special.to_string() + &"v".repeat(value)),
                        ("n".repeat(name - 1) + special, "v".repeat(value)),
                    ] {
                        let [once, twice] = written(&name, &value);
                        let (name, value) = (encoded(&name), encoded(&value));
                        assert_eq!(once, format!("{name}={value}&").repeat(2));
                        let pair = format!("{}%3D{}", encoded(&name), encoded(&value));
                        assert_eq!(twice, pair.repeat(2));
                    }
                }
            }
        }
    }

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn any_pair_is_encoded_once_and_twice(
            name in prop_oneof!["[a-z]{1,40}", ".{0,40}"],
            value in prop_oneof!["[a-z]{0,140}", "[a-z/+=]{0,140}", ".{0,60}"],
        ) {
            let [once, twice] = written(&name, &value);
            let (name, value) = (encoded(&name), encoded(&value));
            prop_assert_eq!(once, format!("{name}={value}&").repeat(2));
            let pair = format!("{}%3D{}", encoded(&name), encoded(&value));
            prop_assert_eq!(twice, pair.repeat(2));
        }
    }
}
