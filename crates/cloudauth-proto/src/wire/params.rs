//! The parameters of one operation, encoded once.

use alloc::borrow::Cow;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::out::{Buffer, MOST, Out};
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

    /// Says that the operation has form parameters, though maybe none is set.
    pub fn announce_form(&mut self) {
        self.has_form = true;
    }

    /// The names of all parameters, in the order they were pushed, those of the query first.
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
    /// With an `&` behind each pair, the last one too.
    text: Buffer,
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

impl Encoded {
    /// Memory for so many pairs is taken with the first one.
    pub(crate) fn expecting(expected: usize) -> Self {
        Self {
            expected,
            ..Self::default()
        }
    }

    pub(crate) fn push(&mut self, name: Cow<'static, str>, value: &str) {
        let Self {
            text,
            entries,
            expected,
        } = self;
        if entries.is_empty() {
            entries.reserve(*expected);
            text.reserve(64 * *expected);
        }
        let start = text.len();
        if value.len() > LONG {
            // Base64, of whose characters two in 64 grow threefold, needs a 16th more. With less
            // than that the whole allocation would double.
            text.reserve(3 * name.len() + value.len() + value.len() / 15 + MOST);
        }
        percent::encode(name.as_bytes(), text);
        let equals = text.len();
        text.push(b"=");
        percent::encode(value.as_bytes(), text);
        let end = text.len();
        text.push(b"&");
        entries.push(Entry {
            prefix: prefix(&name),
            has_escape: end - start != name.len() + 1 + value.len(),
            name,
            start,
            equals,
            end,
        });
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
fn prefix(name: &str) -> u64 {
    let name = name.as_bytes();
    let first = name.first_chunk().copied().unwrap_or_else(|| {
        let mut padded = [0; 8];
        for (byte, &of_name) in padded.iter_mut().zip(name) {
            *byte = of_name;
        }
        padded
    });
    u64::from_be_bytes(first)
}

/// An encoded pair.
#[derive(Clone, Copy)]
pub(crate) struct Pair<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) value: &'a [u8],
    /// With an `&` behind it, unless it is the last one.
    pub(crate) text: &'a [u8],
    /// Whether a second encoding finds anything to escape.
    pub(crate) has_escape: bool,
}

/// The encoded pairs of all `parts`, by plain name, as both signatures want them.
pub(crate) fn sorted<'a>(parts: &[&'a Encoded]) -> impl Iterator<Item = Pair<'a>> + use<'a> {
    let count: usize = parts.iter().map(|part| part.entries.len()).sum();
    let mut order: Vec<(u64, &Entry, &[u8])> = Vec::with_capacity(count);
    for part in parts {
        let text = part.text.as_bytes();
        let entries = part.entries.iter();
        order.extend(entries.map(|entry| (entry.prefix, entry, text)));
    }
    let pair = |entry: &Entry, text: &'a [u8]| &text[entry.start..entry.end];
    order.sort_unstable_by(|(prefix, entry, text), (other_prefix, other, other_text)| {
        prefix.cmp(other_prefix).then_with(|| {
            let names = entry.name.cmp(&other.name);
            names.then_with(|| pair(entry, text).cmp(pair(other, other_text)))
        })
    });
    order
        .into_iter()
        .enumerate()
        .map(move |(i, (_, entry, text))| {
            let end = entry.end + usize::from(i + 1 < count);
            Pair {
                name: &text[entry.start..entry.equals],
                value: &text[entry.equals + 1..entry.end],
                text: &text[entry.start..end],
                has_escape: entry.has_escape,
            }
        })
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
            assert_eq!(text_of(&parts), "B=3&a=1&a.1=x&b=2&%C3%A9=4");
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
            assert_eq!(text_of(&parts), sorted);
        }
    }

    fn text_of(parts: &[&Encoded]) -> String {
        let pieces: Vec<&[u8]> = sorted(parts).map(|pair| pair.text).collect();
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
