use crate::process::run;

#[test]
fn demo_ends_with_a_verdict_from_each_driver() {
    for scheme in ["acs3", "rpc"] {
        let result = run(&["demo", "--scheme", scheme], "");
        assert_eq!(result.status, 0, "{}", result.stderr);
        for driver in ["ureq", "hyper"] {
            let verdict = format!("{driver}: the person passed (SubCode 200)");
            assert!(result.stdout.contains(&verdict), "{}", result.stdout);
        }
        // Only InitFaceVerify fails over; the query goes to the endpoint that opened the verification.
        let refused = result.stdout.matches("Connection refused").count();
        assert_eq!(refused, 2, "{}", result.stdout);
    }
}
