//! Prints the table of magic ID numbers: `cargo run -p cloudauth-sim --example magic > crates/cloudauth-sim/MAGIC.md`

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

fn main() {
    print!("{}", cloudauth_sim::magic_table());
}
