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
fn explain_never_calls_a_lost_card_passed() {
    let both = explain("210");
    let both = both.as_array().unwrap();
    assert_eq!(both.len(), 2);
    assert!(
        both[0]["operations"]
            .as_array()
            .unwrap()
            .contains(&"DescribeFaceVerify".into())
    );
    assert!(both[0]["meaning"].as_str().unwrap().starts_with("passed"));
    assert_eq!(both[1]["operations"], serde_json::json!(["BankMetaVerify"]));
    assert_eq!(both[1]["meaning"], "the card was reported lost");
    for name in ["BankMetaVerify", "bankmetaverify"] {
        let args = ["explain", "210", "--operation", name, "--json"];
        let lost = run_with(&args, "", &[]).json();
        assert_eq!(lost.as_array().unwrap().len(), 1);
        assert_eq!(lost[0]["meaning"], "the card was reported lost");
    }
    let error = |operation: &str| {
        let args = ["explain", "210", "--operation", operation];
        run_with(&args, "", &[]).error(2).to_owned()
    };
    assert_eq!(
        error("Id2MetaVerify"),
        "the code has no known meaning for Id2MetaVerify, but for other operations"
    );
    assert_eq!(error("NoSuchOperation"), "unknown operation; see --help");
}

#[test]
fn explain_knows_the_codes_of_the_page_and_of_the_gateway() {
    for code in ["1001", "2002", "2003", "Z5114", "Z5128"] {
        assert!(
            explain(code)[0]["field"]
                .as_str()
                .unwrap()
                .starts_with("page"),
            "{code}"
        );
    }
    let missing = explain("InvalidAction.NotFound");
    assert_eq!(missing[0]["meaning"], "this version has no such operation");
    assert_eq!(missing[0]["operations"], "all");
    assert_eq!(explain("DataExpired")[0]["http_status"], 410);
}

#[test]
fn explain_finds_a_code_in_any_case_and_lists_all_without_one() {
    assert_eq!(explain("root")[0]["code"], "ROOT");
    assert_eq!(
        explain("SIGNATUREDOESNOTMATCH")[0]["code"],
        "SignatureDoesNotMatch"
    );
    let all = run_with(&["explain"], "", &[]).json();
    assert_eq!(all.as_array().unwrap().len(), codes::all().count());
    let of_one = run_with(&["explain", "--operation", "BankMetaVerify"], "", &[]).json();
    assert!(of_one.as_array().unwrap().len() < codes::all().count());
}

#[test]
fn explain_suggests_a_similar_code_and_never_shows_what_was_given() {
    let error = |code: &str| run_with(&["explain", code], "", &[]).error(2).to_owned();
    let expected = "unknown code; `cloudauth explain` lists all";
    for code in ["99999", "330103199001011230", "\u{1b}[31m"] {
        assert_eq!(error(code), expected);
    }
    assert_eq!(error("Throtling"), "unknown code; did you mean Throttling?");
}
