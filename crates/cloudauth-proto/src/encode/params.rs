//! The parameters of one operation, encoded once for all attempts.

use alloc::borrow::Cow;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use percent_encoding::percent_decode;

use super::pairs::{Entry, Pairs, ParamLocation, PlainName, push_pair, push_plain_pair};
use super::sink::Buffer;
use crate::secret::Secret;

/// The parameters of an operation.
///
/// They are percent-encoded when they are pushed, so that a large value is encoded once for all attempts
/// of a call. An [`Operation`](crate::Operation) pushes its fields in
/// [`encode`](crate::Operation::encode); with a [`Draft`](crate::sign::Draft) they can also be signed
/// without an operation.
///
/// ```
/// use cloudauth_proto::operation::ParamLocation;
/// use cloudauth_proto::operation::Params;
///
/// let mut params = Params::new();
/// params.push("SceneId", "1000000006", ParamLocation::Query);
/// params.push("MetaInfo", r#"{"deviceType":"h5"}"#, ParamLocation::Form);
/// assert_eq!(params.names().collect::<Vec<_>>(), ["MetaInfo", "SceneId"]);
/// ```
///
/// `Debug` shows the names and the total size of the parameters, no values.
#[derive(Clone, Default)]
pub struct Params {
    /// The encoded query parameters, `a=1&b=2&`, in the order of pushing.
    pub(crate) query: Buffer,
    /// The encoded form parameters, likewise. Shared with the bodies of the requests made from them.
    pub(crate) form: Arc<Buffer>,
    /// The entries of both in the order of [`Pairs`]. The tables of operations are in this order but for a
    /// few fields, so that hardly any entry has to be moved.
    entries: Vec<Entry>,
    /// Whether requests have the content type of a form even if it is empty, as those of the vendor's SDKs
    /// have (recorded) for operations with form parameters.
    pub(crate) has_form: bool,
}

impl Params {
    /// Makes an empty list of parameters.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a parameter. An empty value is sent as `name=`. Several parameters of one name are all sent.
    pub fn push(&mut self, name: impl AsRef<str>, value: &str, place: ParamLocation) {
        let (text, entries) = self.parts(place);
        push_pair(text, entries, name.as_ref(), value, place);
        self.put_last_in_order();
    }

    /// Adds a parameter that is wiped from memory on drop, if nothing is pushed after it.
    pub(crate) fn push_secret(&mut self, name: &str, secret: &Secret, place: ParamLocation) {
        let (text, _) = self.parts(place);
        text.expect_secret(name.len() + secret.expose().len());
        self.push(name, secret.expose(), place);
    }

    #[inline]
    pub(crate) fn push_plain(&mut self, name: &PlainName, value: &str, place: ParamLocation) {
        let (text, entries) = self.parts(place);
        push_plain_pair(text, entries, name, value, place);
        if let [.., before, last] = &self.entries[..]
            && !before.is_certainly_before(last)
        {
            self.put_last_in_order();
        }
    }

    #[inline]
    fn parts(&mut self, place: ParamLocation) -> (&mut Buffer, &mut Vec<Entry>) {
        if self.entries.capacity() == 0 {
            self.entries.reserve(EXPECTED);
        }
        let text = match place {
            ParamLocation::Query => &mut self.query,
            ParamLocation::Form => {
                self.has_form = true;
                Arc::make_mut(&mut self.form)
            }
        };
        (text, &mut self.entries)
    }

    /// Takes linear time, which suits the dozens of parameters that a request has, not thousands.
    #[cold]
    fn put_last_in_order(&mut self) {
        let at = self.pairs().place_of_last();
        if let Some(last) = self.entries.pop() {
            self.entries.insert(at, last);
        }
    }

    /// Declares that the operation has form parameters, even if none is set: requests then have the content
    /// type of a form.
    pub fn announce_form(&mut self) {
        self.has_form = true;
    }

    /// The encoded parameters of one location, in the order of pushing.
    pub(crate) fn text(&self, place: ParamLocation) -> &[u8] {
        let text = match place {
            ParamLocation::Query => self.query.as_bytes(),
            ParamLocation::Form => self.form.as_bytes(),
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

    /// The names of all parameters, in the order in which they are signed: sorted by their bytes.
    pub fn names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.pairs()
            .map(|pair| percent_decode(pair.name()).decode_utf8_lossy())
    }
}

/// The initial capacity for parameters. Hardly any operation has more, and these entries take less than
/// 1 kB, up to which allocators are fast.
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

    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::{Index, select};

    use super::*;
    use crate::encode::pairs::{Pair, copy};
    use crate::encode::percent;
    use crate::encode::reference;
    use crate::random::config;

    fn params(pairs: &[(&str, &str, ParamLocation)]) -> Params {
        let mut params = Params::new();
        for (name, value, place) in pairs {
            if percent::is_plain(name.as_bytes()) && name.len() < 32 {
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

    /// Compares in every rotated order, in each location, and as two lists that are merged.
    fn check(pairs: &[(&str, &str)], expected: &str) {
        let placed = |places: [ParamLocation; 2]| {
            let places = places.into_iter().cycle();
            let with_place = pairs.iter().zip(places);
            with_place
                .map(|((name, value), place)| (*name, *value, place))
                .collect::<Vec<_>>()
        };
        for mut pairs in [
            placed([ParamLocation::Query; 2]),
            placed([ParamLocation::Query, ParamLocation::Form]),
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
    fn pairs_are_sorted_by_decoded_name() {
        let pairs = [("b", "2"), ("a", "1"), ("é", "4"), ("a.1", "x"), ("B", "3")];
        check(&pairs, "B=3&a=1&a.1=x&b=2&%C3%A9=4&");
    }

    #[test]
    fn names_with_a_common_prefix_and_equal_names_are_sorted() {
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
    fn parameters_are_sent_in_the_order_of_pushing() {
        let pairs = [("b", "2 +"), ("a", "")];
        for place in [ParamLocation::Query, ParamLocation::Form] {
            let params = params(&pairs.map(|(name, value)| (name, value, place)));
            assert_eq!(params.text(place), b"b=2%20%2B&a=");
            assert_eq!(Params::new().text(place), b"");
        }
    }

    fn encoded(text: &str) -> String {
        reference::encoded(text.as_bytes())
    }

    /// Names with common prefixes around the 16 bytes that are compared first, and any others.
    fn name() -> impl Strategy<Value = String> {
        prop_oneof![
            "a{0,2}",
            "SourceFaceContra(st|s)?[a-c%\u{0}\u{e9}]{0,2}",
            "[a-c]{14,18}",
            "n{28,40}",
            ".{0,20}",
        ]
    }

    fn value() -> impl Strategy<Value = String> {
        prop_oneof!["[ab]?", "[a-z/+=% ]{0,70}", ".{0,20}"]
    }

    fn place() -> impl Strategy<Value = ParamLocation> {
        select(&[ParamLocation::Query, ParamLocation::Form][..])
    }

    /// Encoded pairs, each followed by an `&`.
    fn joined<'p>(pairs: impl IntoIterator<Item = &'p (String, String, ParamLocation)>) -> String {
        let pairs = pairs.into_iter();
        let pairs = pairs.map(|(name, value, _)| format!("{}={}&", encoded(name), encoded(value)));
        pairs.collect::<Vec<_>>().concat()
    }

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn any_pairs_are_sent_in_the_order_of_pushing_and_signed_in_sorted_order(
            pairs in vec((name(), value(), place()), 0..12),
            split in any::<Index>(),
        ) {
            let borrowed: Vec<_> = pairs.iter().map(|(n, v, p)| (&**n, &**v, *p)).collect();
            let all = params(&borrowed);
            let is_in = |place| move |pair: &&(String, String, ParamLocation)| pair.2 == place;
            for place in [ParamLocation::Query, ParamLocation::Form] {
                let sent = joined(pairs.iter().filter(is_in(place)));
                let sent = sent.strip_suffix('&').unwrap_or_default();
                prop_assert_eq!(all.text(place), sent.as_bytes());
            }
            let mut expected = pairs.clone();
            expected.sort_by(|(name, value, _), (other, its_value, _)| {
                let names = name.as_bytes().cmp(other.as_bytes());
                names.then_with(|| encoded(value).cmp(&encoded(its_value)))
            });
            prop_assert_eq!(sorted(all.pairs()), joined(&expected));
            // Equal pairs in different locations may be signed in any order.
            let mut names: Vec<String> = all.names().map(Cow::into_owned).collect();
            names.dedup();
            let mut expected_names: Vec<String> = expected.iter().map(|it| it.0.clone()).collect();
            expected_names.dedup();
            prop_assert_eq!(names, expected_names);
            let in_query = joined(expected.iter().filter(is_in(ParamLocation::Query)));
            prop_assert_eq!(sorted(all.pairs().of_query()), in_query);

            let (some, others) = borrowed.split_at(split.index(pairs.len() + 1));
            let (some, others) = (params(some), params(others));
            let merged = [
                sorted(some.pairs().merged(others.pairs())),
                sorted(others.pairs().merged(some.pairs())),
            ];
            prop_assert_eq!(merged, [joined(&expected), joined(&expected)]);
        }
    }

    #[test]
    fn debug_shows_names_and_size_only() {
        let mut params = Params::new();
        params.push("CertNo", "330103199001011230", ParamLocation::Query);
        params.push("Model", "LIVENESS", ParamLocation::Form);
        assert_eq!(
            format!("{params:?}"),
            r#"Params(39 bytes: ["CertNo", "Model"])"#
        );
    }
}
