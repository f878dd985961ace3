//! The committed corpus, replayed on stable.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::Path;

fn replay(target: &str, body: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    let mut replayed = 0;
    for file in fs::read_dir(folder).unwrap() {
        body(&fs::read(file.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed >= 8, "{replayed} files");
}

#[test]
fn sim_accepts_what_we_sign() {
    replay(
        "sim_accepts_what_we_sign",
        cloudauth_fuzz::sim_accepts_what_we_sign,
    );
}

#[test]
fn profiles_are_read() {
    replay("profiles_are_read", cloudauth_fuzz::profiles_are_read);
}
