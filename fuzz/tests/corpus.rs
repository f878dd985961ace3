//! Replays the committed corpus of each fuzz target.
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
fn sign_matches_reference() {
    replay(
        "sign_matches_reference",
        cloudauth_fuzz::sign_matches_reference,
    );
}

#[test]
fn sim_accepts_what_we_sign() {
    replay(
        "sim_accepts_what_we_sign",
        cloudauth_fuzz::sim_accepts_what_we_sign,
    );
}

#[test]
fn one_bit_off_is_refused() {
    replay(
        "one_bit_off_is_refused",
        cloudauth_fuzz::one_bit_off_is_refused,
    );
}

#[test]
fn percent_round_trip() {
    replay("percent_round_trip", cloudauth_fuzz::percent_round_trip);
}

#[test]
fn order_does_not_matter() {
    replay(
        "order_does_not_matter",
        cloudauth_fuzz::order_does_not_matter,
    );
}

#[test]
fn decode_never_panics() {
    replay("decode_never_panics", cloudauth_fuzz::decode_never_panics);
}

#[test]
fn the_verdict_survives() {
    replay("the_verdict_survives", cloudauth_fuzz::the_verdict_survives);
}

#[test]
fn fault_and_mismatch_parser() {
    replay(
        "fault_and_mismatch_parser",
        cloudauth_fuzz::fault_and_mismatch_parser,
    );
}

#[test]
fn flow_any_order() {
    replay("flow_any_order", cloudauth_fuzz::flow_any_order);
}

#[test]
fn never_another_identity() {
    replay(
        "never_another_identity",
        cloudauth_fuzz::never_another_identity,
    );
}

#[test]
fn profiles_are_read() {
    replay("profiles_are_read", cloudauth_fuzz::profiles_are_read);
}

#[test]
fn callbacks_are_read() {
    replay("callbacks_are_read", cloudauth_fuzz::callbacks_are_read);
}

#[test]
fn responses_are_read() {
    replay("responses_are_read", cloudauth_fuzz::responses_are_read);
}

#[test]
fn redirects_are_read() {
    replay("redirects_are_read", cloudauth_fuzz::redirects_are_read);
}
