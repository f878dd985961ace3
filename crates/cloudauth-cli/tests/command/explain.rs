use cloudauth_proto::codes;
use serde_json::Value;

use crate::process::run_with;

fn explain(code: &str) -> Value {
    run_with(&["explain", code, "--json"], "", &[]).json()
}

#[test]
fn explain_prints_every_field_in_which_a_code_occurs() {
    let locked = explain("417");
    assert_eq!(locked.as_array().unwrap().len(), 1);
    assert_eq!(locked[0]["field"], "Code");
    assert_eq!(locked[0]["responsible"], "person");
    assert_eq!(locked[0]["retry"], "no");
    assert_eq!(locked[0]["source"], "documented");
    let meaning = codes::code("417").unwrap();
    assert_eq!(locked[0]["meaning"], Value::from(meaning.english));
    assert_eq!(locked[0]["meaning_zh"], Value::from(meaning.chinese));

    let both = explain("200");
    assert_eq!([&both[0]["field"], &both[1]["field"]], ["Code", "SubCode"]);
    assert_eq!(explain("Z5052")[0]["field"], "page subCode");
    assert_eq!(explain("Throttling.User")[0]["retry"], "soon");
    assert_eq!(explain("MissingSceneId")[0]["code"], "Missing*");
    assert_eq!(explain("ROOT")[0]["field"], "DeviceRisk");
}

#[test]
fn explain_suggests_the_code_in_its_right_case() {
    let error = |code: &str| run_with(&["explain", code], "", &[]).error().to_owned();
    assert_eq!(error("root"), "unknown code `root`; did you mean `ROOT`?");
    assert_eq!(error("99999"), "unknown code `99999`");
    // Control characters are replaced.
    assert_eq!(error("4\u{1b}[31m17"), "unknown code `4 [31m17`");
}
