//! Nothing: the benches stand beside this file. `cargo bench -p cloudauth-benches` runs them.
