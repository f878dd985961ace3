//! Browser tests. They need Chromium, so they are ignored by default.

#![expect(clippy::unwrap_used, reason = "a test")]

mod audit;
mod backend;
mod h5_backend;
mod shop;
mod simulated_page;
