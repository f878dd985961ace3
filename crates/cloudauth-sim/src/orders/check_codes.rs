//! The `SubCode`s of checks of data against an authority. The same number means other things in other
//! operations.

/// The documented values of `SubCode`, by operation.
pub(crate) const SUB_CODES: [(&str, &[&str]); 5] = [
    (
        "BankMetaVerify",
        &[
            "101", "201", "202", "203", "204", "205", "206", "207", "208", "209", "210", "211",
            "212", "213", "214", "215", "216", "301", "302", "303", "304", "305", "306",
        ],
    ),
    (
        "Mobile3MetaDetailStandardVerify",
        &["101", "201", "202", "203", "204", "301"],
    ),
    (
        "Mobile3MetaDetailVerify",
        &["101", "201", "202", "203", "204", "301"],
    ),
    ("MobileDetect", &["101", "102", "103", "104", "105", "301"]),
    (
        "MobileOnlineStatus",
        &["101", "201", "202", "203", "204", "301"],
    ),
];

/// The `SubCode`s that some check has.
pub(super) fn sub_codes() -> impl Iterator<Item = &'static str> {
    let mut all: Vec<_> = SUB_CODES
        .iter()
        .flat_map(|(_, codes)| codes.iter().copied())
        .collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter()
}
