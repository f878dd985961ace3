//! The traces of the conformance table in simulated time.

use cloudauth_sim::conformance::{cases, simulate};

#[test]
fn traces_match_the_documentation() {
    let shown = |name| {
        let case = cases().into_iter().find(|case| case.name == name);
        format!("{:?}", simulate(&case.unwrap()).unwrap())
    };
    assert_eq!(
        shown("the first region responds 503"),
        "
  Shanghai: response 503, code Some(\"ServiceUnavailable\")
  Beijing: response 200, code Some(\"200\")
success
finished: Ok(())
  Beijing: response 200, code Some(\"200\")
success
passed: true
opened: 1"
    );
    assert_eq!(
        shown("both regions never respond"),
        "
  Shanghai: no complete response, status None
  Beijing: no complete response, status None
  Shanghai: no complete response, status None
  Beijing: no complete response, status None
uncertain
  Shanghai: no complete response, status None
  Beijing: no complete response, status None
  Shanghai: no complete response, status None
  Beijing: no complete response, status None
exhausted
opened: 4"
    );
}
