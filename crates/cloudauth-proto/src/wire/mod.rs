//! What travels: requests, replies, and how text is put into them.

pub(crate) mod code;
#[cfg(feature = "http")]
mod convert;
pub(crate) mod date;
pub(crate) mod envelope;
pub(crate) mod hex;
pub(crate) mod http;
pub(crate) mod lenient;
pub(crate) mod out;
pub(crate) mod pairs;
pub(crate) mod params;
pub(crate) mod percent;
mod sixteen;
