//! Walks in a real browser. They need Chromium, so they run only when asked for.

#![expect(
    clippy::unwrap_used,
    reason = "a walk that cannot go on should say where"
)]

mod audit;
mod backend;
mod h5_backend;
mod shop;
mod simulated_page;
