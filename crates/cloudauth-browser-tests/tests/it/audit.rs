//! The accessibility audit of a page.

use cloudauth_browser_tests::{Chromium, Size};

#[test]
#[ignore = "needs Chromium"]
fn every_kind_of_problem_is_found() {
    let chromium = Chromium::start();
    let tab = chromium.tab(Size::PHONE, "en");
    tab.go(
        "data:text/html,<meta name=viewport content='width=device-width'>\
        <p style='color:%23aaa'>faint</p><input><p style='width:9999px'>wide</p>",
    );
    let problems = tab.audit();
    let expected = [
        "contrast 2.32: <p> faint",
        "target of",
        "no label: <input>",
        "wider than the screen",
        "no language",
        "no title",
        "not exactly one h1",
    ];
    assert_eq!(problems.len(), expected.len(), "{problems:?}");
    for (problem, expected) in problems.iter().zip(expected) {
        assert!(problem.starts_with(expected), "{problem}");
    }

    tab.go("data:text/html,<script>throw 'oops'</script>");
    let errors = tab.errors();
    assert!(
        errors.len() == 1 && errors[0].contains("oops"),
        "{errors:?}"
    );
}
