//! The parameters of one operation, encoded once.

use alloc::borrow::Cow;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;

use super::out::{Buffer, MOST, Out, Piece};
use super::percent;

/// Where the ACS3 signature's requests carry a parameter.
///
/// RPC 1.0 requests carry all of them in the form body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a request has no third place")]
pub enum Place {
    /// In the query of the URL.
    Query,
    /// In the form body.
    Form,
}

/// Parameters as an operation pushes them: percent-encoded on the way in, so that a large value is
/// encoded once however often the call is sent.
///
/// `Debug` names the parameters and says how many bytes they take, never what they are.
#[derive(Clone)]
pub struct Params {
    pub(crate) query: Encoded,
    /// Shared with the bodies of the requests made from it.
    pub(crate) form: Arc<Encoded>,
    /// Whether requests announce a form even if it is empty, as the vendor's SDKs do (recorded) for
    /// operations that have form parameters at all.
    pub(crate) has_form: bool,
}

impl Params {
    /// No parameters.
    #[must_use]
    pub fn new() -> Self {
        Self {
            query: Encoded::expecting(32),
            form: Arc::new(Encoded::expecting(8)),
            has_form: false,
        }
    }

    /// Adds one parameter; an empty value is sent as `name=`.
    pub fn push(&mut self, name: impl Into<Cow<'static, str>>, value: &str, place: Place) {
        let name = name.into();
        match place {
            Place::Query => self.query.push(name, value),
            Place::Form => {
                self.has_form = true;
                Arc::make_mut(&mut self.form).push(name, value);
            }
        }
    }

    pub(crate) fn push_plain(&mut self, name: PlainName, value: &str, place: Place) {
        match place {
            Place::Query => self.query.push_plain(name, value),
            Place::Form => {
                self.has_form = true;
                Arc::make_mut(&mut self.form).push_plain(name, value);
            }
        }
    }

    /// Says that the operation has form parameters, though maybe none is set.
    pub fn announce_form(&mut self) {
        self.has_form = true;
    }

    /// The names of all parameters in their order, those of the query first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let entries = self.query.entries.iter().chain(&self.form.entries);
        entries.map(|entry| &*entry.name)
    }
}

impl Default for Params {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.query.text().len() + self.form.text().len();
        write!(f, "Params({bytes} bytes: ")?;
        f.debug_list().entries(self.names()).finish()?;
        f.write_str(")")
    }
}

/// `a=1&b=2`, encoded, with an index of its pairs.
#[derive(Clone, Default)]
pub(crate) struct Encoded {
    /// In the order of pushing, with an `&` behind each pair, the last one too.
    text: Buffer,
    /// By plain name, then by encoded pair, as both signatures want them. The tables of operations
    /// are in this order but for a few fields, so that hardly any has to be moved.
    entries: Vec<Entry>,
    /// How many pairs there will be, about.
    expected: usize,
}

#[derive(Clone)]
struct Entry {
    /// Not encoded: pairs are sorted by their plain names.
    name: Cow<'static, str>,
    /// The first eight bytes of the name, which tell most names apart.
    prefix: u64,
    start: usize,
    /// Where the `=` is.
    equals: usize,
    /// Where the `&` is.
    end: usize,
    has_escape: bool,
}

impl Entry {
    /// Which of two is first; the texts hold their pairs.
    #[inline]
    fn compare(&self, text: &[u8], other: &Self, other_text: &[u8]) -> Ordering {
        self.prefix.cmp(&other.prefix).then_with(|| {
            let pair = &text[self.start..self.end];
            let other_pair = &other_text[other.start..other.end];
            self.name.cmp(&other.name).then(pair.cmp(other_pair))
        })
    }

    #[inline]
    fn pair<'a>(&self, text: &'a Buffer, is_last: bool) -> Pair<'a> {
        let end = self.end + usize::from(!is_last);
        Pair {
            name: text.piece(self.start..self.equals),
            value: text.piece(self.equals + 1..self.end),
            text: &text.as_bytes()[self.start..end],
            has_escape: self.has_escape,
        }
    }
}

impl Encoded {
    /// Memory for so many pairs is taken with the first one.
    pub(crate) fn expecting(expected: usize) -> Self {
        Self {
            expected,
            ..Self::default()
        }
    }

    pub(crate) fn push(&mut self, name: Cow<'static, str>, value: &str) {
        let start = self.start_of_pair(&name, value);
        percent::encode(name.as_bytes(), &mut self.text);
        let prefix = prefix(name.as_bytes());
        self.push_value(name, prefix, start, value);
    }

    pub(crate) fn push_plain(&mut self, name: PlainName, value: &str) {
        let start = self.start_of_pair(name.text, value);
        self.text.push(name.text.as_bytes());
        self.push_value(name.text.into(), name.prefix, start, value);
    }

    /// Takes memory for a pair, and returns where it starts.
    fn start_of_pair(&mut self, name: &str, value: &str) -> usize {
        let Self {
            text,
            entries,
            expected,
        } = self;
        if entries.is_empty() {
            entries.reserve(*expected);
            text.reserve(64 * *expected);
        }
        if value.len() > LONG {
            // Base64, of whose characters two in 64 grow threefold, needs a 16th more. With less
            // than that the whole allocation would double.
            text.reserve(3 * name.len() + value.len() + value.len() / 15 + MOST);
        }
        text.len()
    }

    /// Behind the name.
    fn push_value(&mut self, name: Cow<'static, str>, prefix: u64, start: usize, value: &str) {
        let Self { text, entries, .. } = self;
        let equals = text.len();
        text.push(b"=");
        percent::encode(value.as_bytes(), text);
        let end = text.len();
        text.push(b"&");
        entries.push(Entry {
            prefix,
            has_escape: end - start != name.len() + 1 + value.len(),
            name,
            start,
            equals,
            end,
        });
        if let [.., before, last] = &entries[..]
            && last.prefix <= before.prefix
        {
            self.put_last_in_order();
        }
    }

    /// Moves what is behind it: fine for the dozens that a request has, not for thousands.
    fn put_last_in_order(&mut self) {
        let text = self.text.as_bytes();
        if let Some((last, others)) = self.entries.split_last() {
            let is_before = |other: &Entry| other.compare(text, last, text).is_le();
            if !others.last().is_some_and(is_before) {
                let at = others.partition_point(is_before);
                self.entries[at..].rotate_right(1);
            }
        }
    }

    /// The pairs in the order they were pushed.
    pub(crate) fn text(&self) -> &[u8] {
        let text = self.text.as_bytes();
        text.strip_suffix(b"&").unwrap_or(text)
    }
}

/// From here on memory is reserved for a value as it is, not as for others.
const LONG: usize = 2048;

/// The text as a number that sorts as it does, as far as it goes.
const fn prefix(name: &[u8]) -> u64 {
    if let Some(eight) = name.first_chunk() {
        return u64::from_be_bytes(*eight);
    }
    let mut prefix = 0;
    let mut at = 0;
    while at < name.len() {
        prefix |= (name[at] as u64) << (56 - 8 * at);
        at += 1;
    }
    prefix
}

/// A name that percent encoding leaves as it is, which the compiler finds out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlainName {
    text: &'static str,
    prefix: u64,
}

impl PlainName {
    pub(crate) const fn new(text: &'static str) -> Self {
        assert!(percent::is_plain(text.as_bytes()), "would be encoded");
        Self {
            text,
            prefix: prefix(text.as_bytes()),
        }
    }
}

/// An encoded pair.
#[derive(Clone, Copy)]
pub(crate) struct Pair<'a> {
    pub(crate) name: Piece<'a>,
    pub(crate) value: Piece<'a>,
    /// With an `&` behind it, unless it is the last one.
    pub(crate) text: &'a [u8],
    /// Whether a second encoding finds anything to escape.
    pub(crate) has_escape: bool,
}

/// The encoded pairs of all `parts`, in the order of their names.
pub(crate) fn merged<const N: usize>(parts: [&Encoded; N]) -> impl Iterator<Item = Pair<'_>> {
    let mut left: usize = parts.iter().map(|part| part.entries.len()).sum();
    let mut heads = parts.map(Head::new);
    core::iter::from_fn(move || {
        let mut first = 0;
        for i in 1..N {
            if heads[i].is_before(&heads[first]) {
                first = i;
            }
        }
        left = left.checked_sub(1)?;
        heads.get_mut(first)?.next(left == 0)
    })
}

/// How far a part is merged.
struct Head<'a> {
    /// The prefix of the first entry that is left; all ones, which is no text, if none is.
    prefix: u64,
    entries: &'a [Entry],
    text: &'a Buffer,
}

impl<'a> Head<'a> {
    fn new(part: &'a Encoded) -> Self {
        let entries = &part.entries[..];
        Self {
            prefix: first_prefix(entries),
            entries,
            text: &part.text,
        }
    }

    #[inline]
    fn is_before(&self, other: &Self) -> bool {
        if self.prefix == other.prefix {
            let (Some(entry), Some(other_entry)) = (self.entries.first(), other.entries.first())
            else {
                return false;
            };
            let (text, other_text) = (self.text.as_bytes(), other.text.as_bytes());
            return entry.compare(text, other_entry, other_text).is_lt();
        }
        self.prefix < other.prefix
    }

    #[inline]
    fn next(&mut self, is_last: bool) -> Option<Pair<'a>> {
        let (entry, others) = self.entries.split_first()?;
        self.entries = others;
        self.prefix = first_prefix(others);
        Some(entry.pair(self.text, is_last))
    }
}

fn first_prefix(entries: &[Entry]) -> u64 {
    entries.first().map_or(u64::MAX, |entry| entry.prefix)
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;

    use super::*;

    fn encoded(pairs: &[(&'static str, &str)]) -> Encoded {
        let mut encoded = Encoded::default();
        for (name, value) in pairs {
            encoded.push((*name).into(), value);
        }
        encoded
    }

    #[test]
    fn pairs_are_sorted_by_plain_name_whatever_the_order_of_pushing() {
        let a = encoded(&[("b", "2"), ("a", "1"), ("é", "4")]);
        let b = encoded(&[("a.1", "x"), ("B", "3")]);
        for parts in [[&a, &b], [&b, &a]] {
            assert_eq!(text_of(parts), "B=3&a=1&a.1=x&b=2&%C3%A9=4");
        }
    }

    #[test]
    fn names_that_begin_alike_and_names_that_are_equal_are_sorted_too() {
        let a = encoded(&[
            ("CertifyUrlType", "1"),
            ("a", "2"),
            ("CertifyUrlStyle", "3"),
        ]);
        let b = encoded(&[("a\0", "4"), ("CertifyUrl", "5"), ("a", "1"), ("a\0b", "6")]);
        let sorted = "CertifyUrl=5&CertifyUrlStyle=3&CertifyUrlType=1&a=1&a=2&a%00=4&a%00b=6";
        for parts in [[&a, &b], [&b, &a]] {
            assert_eq!(text_of(parts), sorted);
        }
    }

    fn text_of<const N: usize>(parts: [&Encoded; N]) -> String {
        let pieces: Vec<&[u8]> = merged(parts).map(|pair| pair.text).collect();
        String::from_utf8(pieces.concat()).unwrap()
    }

    #[test]
    fn the_text_keeps_the_order_of_pushing() {
        let a = encoded(&[("b", "2 +"), ("a", "")]);
        assert_eq!(a.text(), b"b=2%20%2B&a=");
    }

    #[test]
    fn debug_shows_names_and_size_only() {
        let mut params = Params::new();
        params.push("CertNo", "330103199001011234", Place::Query);
        params.push("Model", "LIVENESS", Place::Form);
        assert_eq!(
            format!("{params:?}"),
            r#"Params(39 bytes: ["CertNo", "Model"])"#
        );
    }
}
