use serde_json::json;

use crate::process::{is_installed, run};

#[test]
fn ops_lists_every_operation() {
    let listed = run(&["ops"], "").json();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), cloudauth_proto::ops::ALL.len());
    for operation in listed {
        let action = operation["action"].as_str().unwrap();
        assert_eq!(run(&["ops", action], "").json()["action"], action);
    }
}

#[test]
fn ops_explains_an_operation() {
    let init = run(&["ops", "initfaceverify"], "").json();
    assert_eq!(init["effect"], "opens_verification");
    assert_eq!(init["confirmed_by"], "DescribeVerifySearchPageList");
    let parameters = init["parameters"].as_array().unwrap();
    let order = parameters
        .iter()
        .find(|it| it["name"] == "OuterOrderNo")
        .unwrap();
    let expected = json!({
        "name": "OuterOrderNo", "type": "string", "required": true, "max_characters": 32,
        "location": "query", "takes_file": false,
    });
    assert_eq!(order, &expected);
    assert_eq!(init["reply"], json!(["CertifyId", "CertifyUrl"]));
    let result = run(&["ops", "InitFaceVerfy"], "");
    assert_eq!(
        result.error(2),
        "unknown operation; did you mean InitFaceVerify?"
    );
}

#[test]
fn completions_contain_the_operations() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let result = run(&["completions", shell], "");
        assert_eq!(result.status, 0, "{}", result.stderr);
        for word in ["all-pages", "doctor"] {
            assert!(result.stdout.contains(word), "{shell}: {word}");
        }
        // The scripts of the others do not complete arguments without a name.
        if ["bash", "zsh"].contains(&shell) {
            assert!(result.stdout.contains("DescribeFaceVerify"), "{shell}");
        }
    }
}

#[test]
fn bash_accepts_its_completions() {
    if !is_installed("bash") {
        return;
    }
    let script = format!(
        "{}\nshopt -s extglob; complete -p cloudauth",
        run(&["completions", "bash"], "").stdout
    );
    let bash = std::process::Command::new("bash")
        .args(["-c", &script])
        .output()
        .unwrap();
    assert!(
        bash.status.success(),
        "{}",
        String::from_utf8_lossy(&bash.stderr)
    );
}
