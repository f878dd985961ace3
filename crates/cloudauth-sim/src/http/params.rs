//! Decoded parameters by name.

use std::collections::BTreeMap;

pub(crate) type Params = BTreeMap<String, String>;

/// The value of a parameter; empty if it is missing.
pub(crate) fn value<'p>(params: &'p Params, name: &str) -> &'p str {
    params.get(name).map(String::as_str).unwrap_or_default()
}
