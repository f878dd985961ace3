//! Prints the table of magic ID numbers:
//! `cargo run -p cloudauth-sim --example magic > crates/cloudauth-sim/MAGIC.md`

#![expect(clippy::print_stdout, reason = "it prints a table")]

fn main() {
    print!("{}", cloudauth_sim::magic_table());
}
