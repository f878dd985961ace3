//! The parameters of one operation, encoded once.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

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
#[derive(Clone, Default)]
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
        Self::default()
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

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.query.text.len() + self.form.text.len();
        write!(f, "Params({bytes} bytes: ")?;
        f.debug_list().entries(self.names()).finish()?;
        f.write_str(")")
    }
}

/// `a=1&b=2`, encoded, with an index of its pairs.
#[derive(Clone, Default)]
pub(crate) struct Encoded {
    text: String,
    entries: Vec<Entry>,
}

#[derive(Clone)]
struct Entry {
    /// Not encoded: pairs are sorted by their plain names.
    name: Cow<'static, str>,
    start: usize,
    end: usize,
}

impl Encoded {
    pub(crate) fn push(&mut self, name: Cow<'static, str>, value: &str) {
        if !self.entries.is_empty() {
            self.text.push('&');
        }
        let start = self.text.len();
        // A sixteenth more is enough for base64, whose `+`, `/` and `=` grow threefold.
        self.text
            .reserve(name.len() + 1 + value.len() + value.len() / 16);
        percent::write(&mut self.text, &name);
        self.text.push('=');
        percent::write(&mut self.text, value);
        let end = self.text.len();
        self.entries.push(Entry { name, start, end });
    }

    /// The pairs in the order they were pushed.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The plain name and the encoded pair, in the order they were pushed.
    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let pair = |entry: &Entry| &self.text[entry.start..entry.end];
        self.entries
            .iter()
            .map(move |entry| (&*entry.name, pair(entry)))
    }
}

/// The encoded pairs of all `parts`, by plain name, as both signatures want them.
pub(crate) fn sorted<'a>(parts: &[&'a Encoded]) -> Vec<&'a str> {
    let mut pairs: Vec<(&str, &str)> = parts.iter().flat_map(|part| part.pairs()).collect();
    pairs.sort_unstable();
    pairs.into_iter().map(|(_, pair)| pair).collect()
}

#[cfg(test)]
mod tests {
    use alloc::format;

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
        assert_eq!(
            sorted(&[&a, &b]),
            ["B=3", "a=1", "a.1=x", "b=2", "%C3%A9=4"]
        );
        assert_eq!(sorted(&[&b, &a]), sorted(&[&a, &b]));
    }

    #[test]
    fn the_text_keeps_the_order_of_pushing() {
        let a = encoded(&[("b", "2 +"), ("a", "")]);
        assert_eq!(a.text(), "b=2%20%2B&a=");
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
