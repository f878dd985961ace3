//! The parameters of one operation, encoded once.

use alloc::borrow::Cow;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use percent_encoding::percent_decode;

use super::out::Buffer;
use super::pairs::{Entry, Pairs, PlainName, push_pair, push_plain_pair};

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
#[derive(Clone, Default)]
pub struct Params {
    /// `a=1&b=2&`, in the order of pushing.
    pub(crate) query: Buffer,
    /// Likewise; shared with the bodies of the requests made from it.
    pub(crate) form: Arc<Buffer>,
    /// Those of both in the order of [`Pairs`]. The tables of operations are in this order but for a
    /// few fields, so that hardly any has to be moved.
    entries: Vec<Entry>,
    /// Whether requests announce a form even if it is empty, as the vendor's SDKs do (recorded) for
    /// operations that have form parameters at all.
    pub(crate) has_form: bool,
}

impl Params {
    /// No parameters.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one parameter; an empty value is sent as `name=`.
    pub fn push(&mut self, name: impl AsRef<str>, value: &str, place: Place) {
        let (text, entries) = self.parts(place);
        push_pair(text, entries, name.as_ref(), value, place);
        self.put_last_in_order();
    }

    #[inline]
    pub(crate) fn push_plain(&mut self, name: &PlainName, value: &str, place: Place) {
        let (text, entries) = self.parts(place);
        push_plain_pair(text, entries, name, value, place);
        if let [.., before, last] = &self.entries[..]
            && !before.is_certainly_before(last)
        {
            self.put_last_in_order();
        }
    }

    #[inline]
    fn parts(&mut self, place: Place) -> (&mut Buffer, &mut Vec<Entry>) {
        if self.entries.capacity() == 0 {
            self.entries.reserve(EXPECTED);
        }
        let text = match place {
            Place::Query => &mut self.query,
            Place::Form => {
                self.has_form = true;
                Arc::make_mut(&mut self.form)
            }
        };
        (text, &mut self.entries)
    }

    /// Moves what is behind it: fine for the dozens that a request has, not for thousands.
    #[cold]
    fn put_last_in_order(&mut self) {
        let at = self.pairs().place_of_last();
        if let Some(last) = self.entries.pop() {
            self.entries.insert(at, last);
        }
    }

    /// Says that the operation has form parameters, though maybe none is set.
    pub fn announce_form(&mut self) {
        self.has_form = true;
    }

    /// Those of one place as they are sent, in the order of pushing.
    pub(crate) fn text(&self, place: Place) -> &[u8] {
        let text = match place {
            Place::Query => self.query.as_bytes(),
            Place::Form => self.form.as_bytes(),
        };
        text.strip_suffix(b"&").unwrap_or(text)
    }

    #[inline]
    pub(crate) fn pairs(&self) -> Pairs<'_> {
        Pairs {
            entries: &self.entries,
            query: &self.query,
            form: &self.form,
        }
    }

    /// The names of all parameters in their order.
    pub fn names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.pairs()
            .map(|pair| percent_decode(pair.name()).decode_utf8_lossy())
    }
}

/// Hardly any operation has more parameters, and more would take more than 1 kB, up to which
/// allocators are fast.
const EXPECTED: usize = 21;

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: usize = self.pairs().map(|pair| pair.text().len()).sum();
        write!(f, "Params({bytes} bytes: ")?;
        f.debug_list().entries(self.names()).finish()?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;

    use super::*;
    use crate::wire::pairs::{Pair, copy};
    use crate::wire::percent;

    fn params(pairs: &[(&str, &str, Place)]) -> Params {
        let mut params = Params::new();
        for (name, value, place) in pairs {
            if percent::is_plain(name.as_bytes()) {
                params.push_plain(&PlainName::new(name), value, *place);
            } else {
                params.push(name, value, *place);
            }
        }
        params
    }

    fn sorted<'p>(pairs: impl Iterator<Item = Pair<'p>>) -> String {
        let mut text = Vec::new();
        copy(pairs, &mut text);
        String::from_utf8(text).unwrap()
    }

    /// In any order, in any place, and as two lists that are merged.
    fn check(pairs: &[(&str, &str)], expected: &str) {
        let placed = |places: [Place; 2]| {
            let places = places.into_iter().cycle();
            let with_place = pairs.iter().zip(places);
            with_place
                .map(|((name, value), place)| (*name, *value, place))
                .collect::<Vec<_>>()
        };
        for mut pairs in [
            placed([Place::Query; 2]),
            placed([Place::Query, Place::Form]),
        ] {
            for _ in 0..pairs.len() {
                pairs.rotate_left(1);
                assert_eq!(sorted(params(&pairs).pairs()), expected);
                let (some, others) = pairs.split_at(pairs.len() / 3);
                let (some, others) = (params(some), params(others));
                assert_eq!(sorted(some.pairs().merged(others.pairs())), expected);
                assert_eq!(sorted(others.pairs().merged(some.pairs())), expected);
            }
        }
    }

    #[test]
    fn pairs_are_sorted_by_plain_name_whatever_the_order_of_pushing() {
        let pairs = [("b", "2"), ("a", "1"), ("é", "4"), ("a.1", "x"), ("B", "3")];
        check(&pairs, "B=3&a=1&a.1=x&b=2&%C3%A9=4&");
    }

    #[test]
    fn names_that_begin_alike_and_names_that_are_equal_are_sorted_too() {
        let pairs = [
            ("SourceFaceContrastPictureUrl", "1"),
            ("a", "2"),
            ("SourceFaceContrastPictureTyp", "3"),
            ("a\0", "4"),
            ("SourceFaceContrast", "5"),
            ("a", "1"),
            ("a\0b", "6"),
            ("SourceFaceContrastP\u{e9}", "7"),
            ("SourceFaceContrastPz", "8"),
        ];
        let sorted = "SourceFaceContrast=5&SourceFaceContrastPictureTyp=3&\
            SourceFaceContrastPictureUrl=1&SourceFaceContrastPz=8&SourceFaceContrastP%C3%A9=7&\
            a=1&a=2&a%00=4&a%00b=6&";
        check(&pairs, sorted);
    }

    #[test]
    fn what_is_sent_keeps_the_order_of_pushing() {
        let pairs = [("b", "2 +"), ("a", "")];
        for place in [Place::Query, Place::Form] {
            let params = params(&pairs.map(|(name, value)| (name, value, place)));
            assert_eq!(params.text(place), b"b=2%20%2B&a=");
            assert_eq!(Params::new().text(place), b"");
        }
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
