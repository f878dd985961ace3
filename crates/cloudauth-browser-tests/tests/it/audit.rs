//! The audit of a page finds what it is for.

use cloudauth_browser_tests::{Chromium, Size};

#[test]
#[ignore = "needs Chromium"]
fn a_page_that_is_bad_in_every_way_is_complained_of_in_every_way() {
    let chromium = Chromium::start();
    let tab = chromium.tab(Size::PHONE, "en");
    tab.go(
        "data:text/html,<meta name=viewport content='width=device-width'>\
        <p style='color:%23aaa'>faint</p><input><p style='width:9999px'>wide</p>",
    );
    let complaints = tab.complaints();
    let expected = [
        "contrast 2.32: <p> faint",
        "target of",
        "no name: <input>",
        "wider than the screen",
        "no language",
        "no title",
        "not one heading",
    ];
    assert_eq!(complaints.len(), expected.len(), "{complaints:?}");
    for (complaint, expected) in complaints.iter().zip(expected) {
        assert!(complaint.starts_with(expected), "{complaint}");
    }

    tab.go("data:text/html,<script>throw 'oops'</script>");
    let problems = tab.problems();
    assert!(
        problems.len() == 1 && problems[0].contains("oops"),
        "{problems:?}"
    );
}
