//! An operator's hour, on a terminal: `tests/hour/script.sh`, whose output is `tests/hour/transcript.txt`.
#![cfg(target_os = "linux")]

use std::path::Path;

use cloudauth_sim::{Region, Simulator};
use regex::Regex;

use crate::process::{ACCESS_KEY, PERSON, TempFolder, is_installed, on_terminal};

#[test]
fn an_operators_hour_prints_what_the_transcript_shows() {
    if !is_installed("script") {
        return;
    }
    let simulator = Simulator::start().unwrap();
    let folder = TempFolder::new();
    folder.write("device.json", "{}");
    folder.write("person.txt", PERSON);
    folder.write(
        "search.json",
        r#"{"CurrentPage": 1, "PageSize": 2, "ProductCode": "ID_PRO"}"#,
    );
    let (shanghai, beijing) = (
        simulator.url(Region::Shanghai),
        simulator.url(Region::Beijing),
    );
    let path = Path::new(env!("CARGO_BIN_EXE_cloudauth")).parent().unwrap();
    let path = format!(
        "{}:{}",
        path.display(),
        std::env::var_os("PATH").unwrap().display()
    );
    let endpoints = format!("{shanghai},{beijing}");
    let admin = simulator.admin_url();
    let vars = [
        ("PATH", path.as_str()),
        ("CLOUDAUTH_ENDPOINTS", &endpoints),
        ("SHANGHAI", &shanghai),
        ("CLOUDAUTH_SIM_ADMIN", &admin),
    ];
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hour/script.sh");
    let command = format!("cd {} && sh {script}", folder.path());
    let printed = on_terminal(&command, &[&vars[..], ACCESS_KEY].concat());
    // As long as the URLs, for the tables.
    let printed = printed.replace(&shanghai, "http://shanghai.sim:80");
    let printed = printed.replace(&beijing, "http://beijing.sim:880");
    let printed = without_varying_parts(&printed);
    let transcript = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hour/transcript.txt");
    if std::env::var_os("UPDATE_TRANSCRIPT").is_some() {
        std::fs::write(transcript, &printed).unwrap();
    }
    let expected = std::fs::read_to_string(transcript).unwrap();
    let differs = printed.lines().zip(expected.lines()).find(|(a, b)| a != b);
    assert_eq!(
        differs, None,
        "UPDATE_TRANSCRIPT=1 writes the file anew:\n{printed}"
    );
    assert_eq!(printed.lines().count(), expected.lines().count());
}

/// Replaces IDs, times and ports, which differ each time.
fn without_varying_parts(printed: &str) -> String {
    let mut text = printed.replace("\r\n", "\n");
    for (pattern, shown) in [
        ("(?m)^[█▀▄ ]{20,}\n([█▀▄ ]{20,}\n)*", "[QR code]\n"),
        ("[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", "[request ID]"),
        ("sha[0-9a-f]{20,}", "[certify ID]"),
        (r"127\.0\.0\.1:[0-9]+", "127.0.0.1:[port]"),
        (r"[0-9]+\.[0-9]+ ms", "[time] ms"),
        (r"(_ms.: )[0-9.]+", "$1[time]"),
        ("20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z", "[time]"),
    ] {
        text = Regex::new(pattern)
            .unwrap()
            .replace_all(&text, shown)
            .into_owned();
    }
    text
}
