//! One test suite for both drivers, `cloudauth-ureq` and `cloudauth-hyper`.
//!
//! The tests are in `tests/`; this library is empty, because a package needs one. They form a crate of their
//! own so that `cloudauth-net`, which both drivers depend on, does not depend on them.

#![forbid(unsafe_code)]
