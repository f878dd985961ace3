//! Damaged files with profiles, in numbers.

#![expect(clippy::print_stderr, reason = "a long test shows its progress")]

use cloudauth_fuzz::never_another_identity;

/// Checks this many files of each format, each damaged in up to eight places.
fn check(files: u64) {
    // SplitMix64, which is fast and needs nothing.
    let mut state = 1_u64;
    let mut random = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    for n in 0..files {
        if n > 0 && n % 1_000_000 == 0 {
            eprintln!("{n} files of each format");
        }
        for format in 0..2_u8 {
            let mut input = vec![format | (u8::from(n % 2 == 0) << 1)];
            let edits = 1 + random() % 4;
            for _ in 0..edits {
                input.extend_from_slice(&random().to_le_bytes()[..4]);
            }
            never_another_identity(&input);
        }
    }
}

#[test]
fn no_damaged_file_changes_the_identity() {
    check(10_000);
}

/// `cargo test --release -p cloudauth-fuzz --test identity -- --ignored --nocapture`
#[test]
#[ignore = "slow without optimisation"]
fn none_of_ten_million_damaged_files_of_each_format_changes_the_identity() {
    check(10_000_000);
}
