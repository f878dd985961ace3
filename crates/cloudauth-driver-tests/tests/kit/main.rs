//! The driver kit, run on every driver, and on drivers that are broken in one way each.
//!
//! `cargo test -p cloudauth-driver-tests --test kit -- --nocapture` prints the tables; that of the driver over the Fetch
//! API, which needs a module and Node, is printed by `.ci/wasm`.
#![expect(clippy::unwrap_used, reason = "a test")]
#![expect(clippy::print_stdout, reason = "the tables, shown with --nocapture")]

mod broken;
mod drivers;
mod exchanges;
mod fetch;
mod reference;
#[path = "../../examples/smol/driver/mod.rs"]
mod smol_driver;
#[path = "../../../cloudauth-proto/examples/socket_loop/driver/mod.rs"]
mod socket_loop;
