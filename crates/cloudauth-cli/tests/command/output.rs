//! Output that nobody reads, cannot be written, or contains characters that must not reach a terminal.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use cloudauth_sim::{Region, Simulator};
use serde_json::{Value, json};

use crate::process::{ACCESS_KEY, PERSON, TempFile, run};
#[cfg(target_os = "linux")]
use crate::process::{is_installed, on_terminal};

const COMMAND: &str = env!("CARGO_BIN_EXE_cloudauth");

/// Runs a command whose stdout is closed before it starts; returns its status and stderr.
fn unread(args: &[&str], input: &str) -> (i32, String) {
    let mut child = Command::new(COMMAND)
        .args(args)
        .env_clear()
        .envs(ACCESS_KEY.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    // A command that does not read its input may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    (child.wait().unwrap().code().unwrap(), stderr)
}

/// Runs a command whose stdout cannot be written; returns its status and stderr.
#[cfg(target_os = "linux")]
fn full(args: &[&str], input: &str) -> (i32, String) {
    let mut child = Command::new(COMMAND)
        .args(args)
        .env_clear()
        .envs(ACCESS_KEY.iter().copied())
        .stdin(Stdio::piped())
        .stdout(
            std::fs::OpenOptions::new()
                .write(true)
                .open("/dev/full")
                .unwrap(),
        )
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    (child.wait().unwrap().code().unwrap(), stderr)
}

/// Commands that print and end, with what they read.
fn commands(url: &str) -> Vec<(Vec<&str>, &'static str, i32)> {
    let describe = vec![
        "describe",
        "--endpoint",
        url,
        "--scene-id",
        "1",
        "--certify-id",
        "sha0",
    ];
    let query = "{\"SceneId\": 1, \"CertifyId\": \"sha0\"}";
    vec![
        (vec!["--help"], "", 0),
        (vec!["init", "--help"], "", 0),
        (vec!["--version"], "", 0),
        (vec!["explain", "424"], "", 0),
        (vec!["explain"], "", 0),
        (vec!["ops"], "", 0),
        (vec!["ops", "InitFaceVerify"], "", 0),
        (vec!["completions", "bash"], "", 0),
        (vec!["whoami"], "", 0),
        (vec!["sign", "DescribeFaceVerify"], query, 0),
        (vec!["call", "DescribeOssStatus", "--endpoint", url], "", 0),
        (
            vec!["call", "DescribeFaceVerify", "--endpoint", url],
            query,
            5,
        ),
        (vec!["doctor", "--endpoint", url], "", 0),
        (vec!["demo"], "", 0),
        (
            vec!["sim", "explore", "--seeds", "300", "--from", "5"],
            "",
            0,
        ),
        (describe, "", 5),
    ]
}

#[test]
fn a_command_whose_output_nobody_reads_ends_quietly_with_its_status() {
    let simulator = Simulator::start().unwrap();
    let url = simulator.url(Region::Shanghai);
    for (args, input, expected) in commands(&url) {
        let (status, stderr) = unread(&args, input);
        assert_eq!(status, expected, "{args:?}: {stderr}");
        let is_error = stderr.starts_with("error: ");
        assert_eq!(is_error, expected != 0, "{args:?}: {stderr}");
        assert!(
            !stderr.contains("panicked") && !stderr.contains("pipe"),
            "{stderr}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_whose_output_cannot_be_written_fails_with_one_line() {
    let simulator = Simulator::start().unwrap();
    let url = simulator.url(Region::Shanghai);
    for (args, input, expected) in commands(&url) {
        let (status, stderr) = full(&args, input);
        let expected = if expected == 0 { 1 } else { expected };
        assert_eq!(status, expected, "{args:?}: {stderr}");
        assert!(
            stderr.starts_with("error: ") && !stderr.contains("panicked"),
            "{stderr}"
        );
        if expected == 1 {
            assert!(
                stderr.starts_with("error: cannot write to stdout: "),
                "{args:?}: {stderr}"
            );
            assert_eq!(stderr.lines().count(), 1, "{args:?}: {stderr}");
        }
    }
}

#[test]
fn an_error_that_nobody_reads_has_its_status() {
    let mut child = Command::new(COMMAND)
        .args(["explain", "nonsense"])
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

#[test]
fn a_verification_that_was_opened_is_named_on_stderr_if_stdout_is_closed() {
    let simulator = Simulator::start().unwrap();
    let url = simulator.url(Region::Shanghai);
    let meta_info = TempFile::new("{}");
    let init = [
        "init",
        "--endpoint",
        &url,
        "--scene-id",
        "7",
        "--outer-order-no",
        "order1",
        "--return-url",
        "https://www.example.com/",
        "--meta-info",
        meta_info.path(),
    ];
    let params = json!({
        "SceneId": 7, "OuterOrderNo": "order2", "ProductCode": "LR_FR", "UserId": "7", "MetaInfo": "{}",
    });
    let call = ["call", "InitFaceVerify", "--endpoint", &url];
    for (args, input) in [(&init[..], PERSON), (&call[..], &*params.to_string())] {
        let (status, stderr) = unread(args, input);
        assert_eq!((status, stderr.lines().count()), (0, 1), "{stderr}");
        let (_, id) = stderr.trim_end().split_once("CertifyId ").unwrap();
        let id = id.split(',').next().unwrap();
        let query = json!({"SceneId": 7, "CertifyId": id}).to_string();
        // 424: it exists, and is not finished.
        assert_eq!(
            run(&["call", "DescribeFaceVerify", "--endpoint", &url], &query).status,
            4
        );
    }
}

/// Serves this body to every request; returns the URL.
fn service(body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // The thread ends with the test process.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(&stream);
            let mut line = String::new();
            while reader.read_line(&mut line).unwrap() > 2 {
                line.clear();
            }
            let length = body.len();
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            stream
                .write_all(&[head.as_bytes(), body.as_bytes()].concat())
                .unwrap();
        }
    });
    url
}

#[test]
fn characters_of_a_peer_that_hide_or_move_text_are_never_printed() {
    let is_harmful = |c: char| {
        c.is_control() && c != '\n'
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{feff}')
    };
    let replied = service(
        "{\"Code\": \"200\", \"RequestId\": \"r\\u202er\", \"ResultObject\": {\"Passed\": \"T\u{202e}\", \
         \"SubCode\": \"2\\u001b[31m\u{9b}\u{200b}\u{7f}\", \"DeviceRisk\": \"\u{feff}ROOT\"}}",
    );
    let refused =
        service("{\"Code\": \"40\u{202e}\\u001b[2J6\u{200b}\", \"RequestId\": \"a\u{200f}b\"}");
    let query = "{\"SceneId\": 1, \"CertifyId\": \"sha0\"}";
    for (url, status) in [(&replied, 3), (&refused, 5)] {
        let describe = [
            "describe",
            "--endpoint",
            url,
            "--scene-id",
            "1",
            "--certify-id",
            "sha0",
        ];
        let call = ["call", "DescribeFaceVerify", "--endpoint", url];
        for args in [&describe[..], &call[..]] {
            for json in [&[][..], &["--json"]] {
                let result = run(&[args, json].concat(), query);
                assert_eq!(result.status, status, "{}", result.stderr);
                for text in [&result.stdout, &result.stderr] {
                    assert!(!text.contains(is_harmful), "{text:?}");
                }
            }
        }
    }
    // Escaped, not lost.
    let describe = [
        "describe",
        "--endpoint",
        &replied,
        "--scene-id",
        "1",
        "--certify-id",
        "sha0",
    ];
    let verdict: Value = run(&describe, "").json_with(3);
    assert_eq!(verdict["SubCode"], "2\u{1b}[31m\u{9b}\u{200b}\u{7f}");
}

#[cfg(unix)]
#[test]
fn a_file_that_is_too_large_is_not_read_whole() {
    let zero = "/dev/zero";
    let large = format!("FaceFile={zero}");
    for (args, expected) in [
        (
            &["call", "DescribeFaceVerify", "--params", zero][..],
            "--params: is larger than 32768 KiB",
        ),
        (
            &["call", "Id3MetaVerify", "--file", &large],
            "FaceFile: is larger than 32768 KiB",
        ),
        (
            &["sign", "DescribeFaceVerify", "--params", zero],
            "--params: is larger than 32768 KiB",
        ),
        (&["listen", "--key", zero], "--key: is larger than 64 KiB"),
        (
            &["listen", "--token", zero],
            "--token: is larger than 64 KiB",
        ),
        (&["whoami", "--ca", zero], "--ca: is larger than 4096 KiB"),
    ] {
        assert_eq!(run(args, "").error(2), expected);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_results_are_lines_and_the_services_message_needs_its_option() {
    if !is_installed("script") {
        return;
    }
    let simulator = Simulator::start().unwrap();
    let url = simulator.url(Region::Shanghai);
    let query = TempFile::new("{\"SceneId\": 1, \"CertifyId\": \"sha0\"}");
    let call = format!(
        "{COMMAND} call DescribeFaceVerify --endpoint {url} --params {}",
        query.path()
    );
    let shown = on_terminal(&call, ACCESS_KEY);
    assert!(
        shown.contains("406: the CertifyId is unknown")
            && !shown.contains("message of the service"),
        "{shown}"
    );
    let shown = on_terminal(&format!("{call} --show-message"), ACCESS_KEY);
    assert!(shown.contains("  message of the service: "), "{shown}");
    let shown = on_terminal(&format!("{call} --show-message --json"), ACCESS_KEY);
    let error: Value = serde_json::from_str(shown.trim()).unwrap();
    crate::schema::check("error", &error);
    assert!(error["Message"].is_string(), "{shown}");
    let shown = on_terminal(&format!("{COMMAND} explain 424"), &[]);
    assert!(shown.starts_with("code         424\r\n"), "{shown}");
    let shown = on_terminal(&format!("{COMMAND} explain 424 --json"), &[]);
    assert!(shown.starts_with("[{\"code\":\"424\""), "{shown}");
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_init_shows_a_qr_code_of_the_page() {
    if !is_installed("script") {
        return;
    }
    let simulator = Simulator::start().unwrap();
    let url = simulator.url(Region::Shanghai);
    let (person, meta_info) = (TempFile::new(PERSON), TempFile::new("{}"));
    let init = format!(
        "{COMMAND} init --endpoint {url} --scene-id 7 --outer-order-no order1 --return-url https://a.example/ \
         --meta-info {} --person {}",
        meta_info.path(),
        person.path()
    );
    let shown = on_terminal(&init, ACCESS_KEY);
    // The finder pattern of a corner.
    assert!(
        shown.contains("\nCertifyUrl  http://") && shown.contains("█ ▄▄▄▄▄ █"),
        "{shown}"
    );
}
