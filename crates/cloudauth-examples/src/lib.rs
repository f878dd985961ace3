//! Example programs, in `examples/`, and the tests of them and of the README's.
//!
//! The library is empty but for the README, whose examples are compiled here: a package needs a library. The
//! programs form a crate of their own, which is never published, because they need the simulator and more
//! libraries than the clients do.

#![forbid(unsafe_code)]

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// Compiles the examples of the Chinese README.
#[cfg(doctest)]
#[doc = include_str!("../../../README.zh-CN.md")]
struct ReadmeZhCn;
