use crate::process::run;

#[test]
fn invalid_arguments_exit_with_status_2() {
    for args in [
        &[][..],
        &["nonsense"],
        &["describe", "--scene-id", "x", "--certify-id", "sha1"],
        &[
            "describe",
            "--scene-id",
            "1",
            "--certify-id",
            "s",
            "--endpoint",
            "http://example.com",
        ],
        &["init", "--cert-no", "330103199001011230"],
        &["listen"],
    ] {
        let result = run(args, "");
        assert_eq!(result.status, 2, "{args:?}: {}", result.stderr);
        assert!(
            result.stdout.is_empty() && !result.stderr.contains("panicked"),
            "{}",
            result.stderr
        );
    }
}
