//! Every option of every command, wrong, absent, empty, huge and not Unicode.

use core::time::Duration;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::process::{ACCESS_KEY, Finished, TempFile, run};

/// A person, a key: what must not be in an error.
const PERSON: &str = "330103199001011230";
const KEY: &str = "LTAI5tSecretSecretSecret";

/// What an option accepts.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// A number, a URL, a choice: wrong text is refused.
    Checked,
    /// Any short text.
    Text,
    /// The path of a file that is read.
    File,
    /// The path of a file that is written.
    Written,
    /// No value.
    Flag,
}
use Kind::{Checked, File, Flag, Text, Written};

/// The options of commands that call the service.
const SERVICE: &[(&str, Kind)] = &[
    ("--endpoint", Checked),
    ("--plain-http", Checked),
    ("--region", Checked),
    ("--network", Checked),
    ("--scheme", Checked),
];

/// The options of commands that need credentials.
const CONNECTION: &[(&str, Kind)] = &[
    ("--profile", Text),
    ("--ca", File),
    ("--proxy", Checked),
    ("--connect-timeout", Checked),
    ("--read-timeout", Checked),
    ("--total-timeout", Checked),
    ("--max-attempts", Checked),
];

/// The options of all commands.
const EVERYWHERE: &[(&str, Kind)] = &[("--json", Flag), ("--show-message", Flag), ("--help", Flag)];

struct Row {
    command: &'static [&'static str],
    /// Arguments with which it works, up to the service.
    works: Vec<&'static str>,
    own: &'static [(&'static str, Kind)],
    shared: &'static [&'static [(&'static str, Kind)]],
    /// Whether there is an argument without a name, and what it accepts.
    positional: Option<Kind>,
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn rows() -> Vec<Row> {
    let verification = &[("--scene-id", Checked), ("--certify-id", Text)][..];
    let ids = ["--scene-id", "1", "--certify-id", "sha0"];
    let row = |command, works: &[&'static str], own, shared, positional| Row {
        command,
        works: works.to_vec(),
        own,
        shared,
        positional,
    };
    let service = &[SERVICE, CONNECTION][..];
    vec![
        row(&["demo"], &[], &[("--scheme", Checked)], &[], None),
        row(
            &["init"],
            &[
                "--scene-id",
                "1",
                "--outer-order-no",
                "order1",
                "--meta-info",
                "META_INFO",
            ],
            &[
                ("--scene-id", Checked),
                ("--outer-order-no", Text),
                ("--product-code", Checked),
                ("--return-url", Text),
                ("--meta-info", File),
                ("--model", Text),
                ("--callback-url", Text),
                ("--callback-key", File),
                ("--person", File),
                ("--picture", File),
                ("--params", File),
                ("--watch", Flag),
            ],
            service,
            None,
        ),
        row(&["describe"], &ids, verification, service, None),
        row(
            &["watch"],
            &ids,
            &[
                ("--scene-id", Checked),
                ("--certify-id", Text),
                ("--for", Checked),
            ],
            service,
            None,
        ),
        row(
            &["listen"],
            &["--token", "META_INFO"],
            &[
                ("--port", Checked),
                ("--key", File),
                ("--token", File),
                ("--forward-to", Checked),
            ],
            &[],
            None,
        ),
        row(
            &["call"],
            &["DescribeOssStatus"],
            &[
                ("--params", File),
                ("--file", Checked),
                ("--all-pages", Flag),
                ("--dry-run", Flag),
                ("--record", Written),
                ("--upload-endpoint", Checked),
            ],
            service,
            Some(Checked),
        ),
        row(&["ops"], &[], &[], &[], Some(Checked)),
        row(
            &["explain"],
            &[],
            &[("--operation", Checked)],
            &[],
            Some(Checked),
        ),
        row(&["doctor"], &[], &[], service, None),
        row(&["whoami"], &[], &[], &[CONNECTION], None),
        row(
            &["sign"],
            &["DescribeFaceVerify"],
            &[
                ("--params", File),
                ("--api-version", Text),
                ("--at", Checked),
                ("--nonce", Text),
                ("--curl", Flag),
            ],
            service,
            Some(Checked),
        ),
        row(
            &["sim"],
            &[],
            &[
                ("--shanghai", Checked),
                ("--beijing", Checked),
                ("--pages", Checked),
                ("--expose", Checked),
                ("--public-url", Text),
                ("--state", Written),
                ("--seed", Checked),
                ("--no-limits", Flag),
                ("--strict", Flag),
                ("--scene", Checked),
                ("--unreachable", Text),
                ("--ca", Written),
                ("--callbacks", Checked),
            ],
            &[],
            None,
        ),
        row(
            &["sim", "break"],
            &[],
            &[
                ("--region", Text),
                ("--action", Text),
                ("--times", Checked),
                ("--status", Checked),
                ("--code", Text),
                ("--bytes", Checked),
                ("--seconds", Checked),
                ("--body", Text),
                ("--admin", Text),
            ],
            &[],
            Some(Text),
        ),
        row(
            &["sim", "heal"],
            &[],
            &[("--region", Text), ("--admin", Text)],
            &[],
            None,
        ),
        row(
            &["sim", "finish"],
            &["sha0"],
            &[("--sub-code", Text), ("--admin", Text)],
            &[],
            Some(Text),
        ),
        row(
            &["sim", "clock"],
            &[],
            &[("--admin", Text)],
            &[],
            Some(Text),
        ),
        row(&["sim", "state"], &[], &[("--admin", Text)], &[], None),
        row(&["sim", "compare"], &["META_INFO"], &[], &[], Some(Text)),
        row(&["sim", "replay"], &["META_INFO"], &[], &[], Some(Text)),
        row(
            &["sim", "explore"],
            &[],
            &[("--seeds", Checked), ("--from", Checked)],
            &[],
            None,
        ),
        row(
            &["sim", "figures"],
            &[],
            &[
                ("--calls", Checked),
                ("--seeds", Checked),
                ("--nonces", Checked),
            ],
            &[],
            None,
        ),
        row(
            &["sim", "search"],
            &[],
            &[("--only", Text), ("--max-states", Checked)],
            &[],
            None,
        ),
        row(&["completions"], &[], &[], &[], Some(Checked)),
    ]
}

impl Row {
    fn options(&self) -> impl Iterator<Item = &(&'static str, Kind)> {
        self.own.iter().chain(self.shared.iter().copied().flatten())
    }

    /// The arguments that work, without an option and its value.
    fn without(&self, option: &str, files: &Files) -> Vec<OsString> {
        let mut args: Vec<OsString> = self.command.iter().map(OsString::from).collect();
        let mut skip = false;
        for arg in &self.works {
            if *arg == option {
                skip = true;
            } else if !core::mem::take(&mut skip) {
                args.push(
                    if *arg == "META_INFO" {
                        files.meta_info.path()
                    } else {
                        arg
                    }
                    .into(),
                );
            }
        }
        args
    }
}

struct Files {
    meta_info: TempFile,
    /// A key and a person, in a file that is none of what is expected.
    person: TempFile,
}

fn run_os(args: &[OsString]) -> Finished {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cloudauth"))
        .args(args)
        .env_clear()
        .envs(ACCESS_KEY.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may have ended already.
    let _ = child
        .stdin
        .take()
        .unwrap()
        .write_all(format!("{PERSON} {KEY}").as_bytes());
    // A value that is accepted by mistake may start a server.
    let pid = child.id();
    let (ended, end) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let output = child.wait_with_output().unwrap();
        // The receiver has given up.
        let _ = ended.send(output);
    });
    let Ok(output) = end.recv_timeout(Duration::from_secs(60)) else {
        let _ = Command::new("kill").arg(pid.to_string()).status();
        panic!("{args:?} does not end");
    };
    Finished::new(args, &output)
}

/// The exit status of wrong use, and one line that contains nothing of a person or a key.
#[track_caller]
fn assert_refused(args: &[OsString]) {
    let result = run_os(args);
    let shown: String = format!("{args:?}").chars().take(300).collect();
    let error = &result.stderr;
    assert_eq!(result.status, 2, "{shown}: {error}{}", result.stdout);
    assert_eq!(result.stdout, "", "{shown}");
    assert_eq!(error.lines().count(), 1, "{shown}: {error}");
    assert!(
        error.starts_with("error: ") && error.len() < 700,
        "{shown}: {error}"
    );
    for part in [PERSON, KEY, "panicked", "xxxxxxxx", "\u{1b}"] {
        assert!(!error.contains(part), "{shown}: {error}");
    }
}

#[cfg(unix)]
fn not_unicode() -> OsString {
    use std::os::unix::ffi::OsStrExt as _;

    OsStr::from_bytes(b"\xff\xfe330103199001011230").to_owned()
}

#[test]
fn every_wrong_option_is_one_clear_line_with_nothing_of_a_person_or_a_key() {
    let files = Files {
        meta_info: TempFile::new("{}"),
        person: TempFile::new(format!("{PERSON}\n{KEY}\n\u{0}\nx")),
    };
    let huge = "x".repeat(100_000);
    for row in rows() {
        for (option, kind) in row.options() {
            let with = |value: &OsStr| {
                let mut args = row.without(option, &files);
                args.extend([option.into(), value.to_owned()]);
                args
            };
            let mut values: Vec<OsString> = vec!["".into()];
            match kind {
                Checked => values.extend([
                    OsString::from(PERSON)
                        .into_string()
                        .unwrap()
                        .repeat(2)
                        .into(),
                    format!("{KEY}\u{1b}[2J").into(),
                    huge.clone().into(),
                ]),
                Text => values.extend([huge.clone().into(), format!("a\u{1b}{KEY}").into()]),
                File => values.extend([
                    OsString::from(PERSON),
                    "/no/such/file".into(),
                    "/".into(),
                    huge.clone().into(),
                    files.person.path().into(),
                ]),
                Written => values.extend([
                    format!("/no/such/folder/{PERSON}").into(),
                    huge.clone().into(),
                ]),
                Flag => {
                    let mut args = row.without(option, &files);
                    args.push(format!("{option}={PERSON}").into());
                    assert_refused(&args);
                    continue;
                }
            }
            // A token may be any file.
            if *option == "--token" {
                values.pop();
            }
            for value in &values {
                assert_refused(&with(value));
            }
            #[cfg(unix)]
            if matches!(kind, Checked | Text | File) {
                assert_refused(&with(&not_unicode()));
            }
            // Absent: the value, and the option if it is required.
            let mut args = row.without(option, &files);
            args.push(option.into());
            assert_refused(&args);
            if row.works.contains(option) {
                assert_refused(&row.without(option, &files));
            }
        }
        // An option that does not exist, and an argument that is not expected.
        for extra in ["--no-such-option", PERSON, KEY, huge.as_str()] {
            let mut args = row.without("", &files);
            args.push(extra.into());
            if row.positional.is_some() {
                args.push(PERSON.into());
            }
            assert_refused(&args);
        }
        if row.positional == Some(Checked) {
            let command = row.command.iter().map(OsString::from);
            let command: Vec<OsString> = command.collect();
            for value in ["nonsense", PERSON, KEY, huge.as_str()] {
                assert_refused(&[&command[..], &[value.into()]].concat());
            }
        }
    }
}

#[test]
fn the_table_has_every_command_and_every_option() {
    let listed = |text: &str, is_option: bool| -> BTreeSet<String> {
        let lines = text.lines().filter_map(|line| {
            let line = line.trim_start();
            let start = line
                .find("--")
                .filter(|_| is_option && line.starts_with('-'))?;
            let name = line[start..].split([' ', '=', '[']).next()?;
            Some(name.trim_end_matches("...").to_owned())
        });
        lines.collect()
    };
    for row in rows() {
        let help = run(&[row.command, &["--help"]].concat(), "").stdout;
        let known = row
            .options()
            .chain(EVERYWHERE)
            .map(|(name, _)| (*name).to_owned());
        assert_eq!(listed(&help, true), known.collect(), "{:?}", row.command);
    }
    let help = run(&["--help"], "").stdout;
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let names = commands.lines().take_while(|line| !line.is_empty());
    let names = names.filter_map(|line| line.split_whitespace().next());
    let known: BTreeSet<&str> = rows()
        .iter()
        .map(|row| row.command[0])
        .chain(["help"])
        .collect();
    assert_eq!(names.collect::<BTreeSet<_>>(), known);
}

#[test]
fn every_command_has_an_example_and_its_help_says_where_persons_and_output_go() {
    for row in rows() {
        let help = run(&[row.command, &["--help"]].concat(), "").stdout;
        assert!(help.contains("Example"), "{:?}: {help}", row.command);
    }
    let help = |command: &str| run(&[command, "--help"], "").stdout.replace('\n', " ");
    assert!(
        help("init").contains("name and ID number from standard input"),
        "{}",
        help("init")
    );
    assert!(
        help("call").contains("where stdout goes"),
        "{}",
        help("call")
    );
    assert!(
        help("listen").contains("calls https URLs only"),
        "{}",
        help("listen")
    );
}

#[test]
fn wrong_arguments_are_json_with_the_option_for_json() {
    for args in [
        &["describe", "--json"][..],
        &["nonsense", "--json"],
        &["--json", "ops", "x"],
    ] {
        assert_eq!(run(args, "").error_json(2)["exit"], "usage");
    }
    let without = run(&[], "");
    assert_eq!((without.status, without.stdout.as_str()), (2, ""));
    assert!(
        without.stderr.contains("Usage: cloudauth"),
        "{}",
        without.stderr
    );
}
