//! The front pages of both drivers name a test for each promise. The tests exist.

use std::fs;
use std::path::Path;

const PAGES: [(&str, &str); 2] = [
    ("hyper", include_str!("../../cloudauth-hyper/src/lib.rs")),
    ("ureq", include_str!("../../cloudauth-ureq/src/lib.rs")),
];

#[test]
fn every_promise_has_a_test() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/drivers");
    let kit = tests.join("../../../cloudauth-sim/src/driver_kit");
    let kit = fs::read_dir(kit).unwrap();
    let kit: String = kit
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    for (driver, page) in PAGES {
        let section = page.split("//! # What it promises").nth(1).unwrap();
        let section = section.split("//! # ").next().unwrap();
        let rows = section
            .lines()
            .filter_map(|line| line.strip_prefix("//! | "));
        let mut promises = 0;
        for row in rows.skip(1) {
            let test = row.rsplit('`').nth(1).unwrap();
            let (file, name) = test.split_once("::").unwrap();
            let code = if file == "kit" {
                kit.clone()
            } else {
                let code = fs::read_to_string(tests.join(file).with_extension("rs"));
                code.unwrap_or_else(|error| panic!("{driver}: {file}: {error}"))
            };
            let is_there = [
                format!("    {name} => "),
                format!("fn {name}()"),
                format!("            \"{name}\",\n"),
            ];
            assert!(
                is_there.iter().any(|it| code.contains(it)),
                "{driver}: {test}"
            );
            promises += 1;
        }
        assert!(promises > 10, "{driver}: {promises}");
    }
}
