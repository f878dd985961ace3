//! Redirects: the forms in which the browser returns, and what is accepted of them.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test"
)]

mod common;

use std::sync::LazyLock;

use cloudauth_proto::verify::{InvalidRedirect, Redirect};
use common::properties;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// What a browser percent-encodes in the query of a URL (URL Standard, special-query set).
const BROWSER: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\'');

/// What JavaScript's `encodeURI` percent-encodes.
static ENCODE_URI: LazyLock<AsciiSet> = LazyLock::new(|| {
    let kept = b";,/?:@&=+$-_.!~*'()#".iter();
    kept.fold(NON_ALPHANUMERIC.add(b'%'), |set, byte| set.remove(*byte))
});

/// A way in which `response` may be encoded.
#[derive(Clone, Copy, Debug)]
enum Encoding {
    Raw,
    ByBrowser,
    ByEncodeUri,
    Once,
    Twice,
    /// As a form, whose spaces are `+`.
    AsForm,
    /// After a space that became a `+`.
    AfterPlus,
    /// Within a JSON string, of which a browser has encoded the quotes.
    InString,
    InStringOnce,
}

impl Encoding {
    const ALL: [Self; 9] = [
        Self::Raw,
        Self::ByBrowser,
        Self::ByEncodeUri,
        Self::Once,
        Self::Twice,
        Self::AsForm,
        Self::AfterPlus,
        Self::InString,
        Self::InStringOnce,
    ];

    fn apply(self, json: &str) -> String {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        match self {
            Self::Raw => json.to_owned(),
            Self::ByBrowser => utf8_percent_encode(json, BROWSER).to_string(),
            Self::ByEncodeUri => utf8_percent_encode(json, &ENCODE_URI).to_string(),
            Self::Once => encode(json),
            Self::Twice => encode(&encode(json)),
            Self::AsForm => encode(json).replace("%20", "+"),
            Self::AfterPlus => format!("+{}", Self::ByBrowser.apply(json)),
            Self::InString => Self::ByBrowser.apply(&Value::from(json).to_string()),
            Self::InStringOnce => encode(&Value::from(json).to_string()),
        }
    }
}

/// Strings before and after the parameter.
const SURROUNDINGS: [(&str, &str); 10] = [
    ("", ""),
    ("a=1&", "&b=2"),
    ("", "&b=%ff"),
    ("https://shop.example/done?a=1&", "#top"),
    ("https://shop.example/#/done?", ""),
    ("https://shop.example/#", ""),
    ("https://shop.example/done?a=1&amp;", "&amp;b=2"),
    ("https://shop.example/?a=1#/done?b=2&", "#top"),
    ("myresponse=1&response_=2&", ""),
    ("amp;response=1&", ""),
];

#[test]
fn every_encoding_is_read_in_every_surrounding() {
    for json in [
        r#"{"code":1003,"subCode":"Z5055","reason":"a & b # 张+{","extInfo":{"certifyId":"sha1"}}"#,
        r#"{ "code": 1003, "subCode": "Z5055", "extInfo": { "certifyId": "sha1" } }"#,
        r#"{"code":"1003","subCode":"Z5055","extInfo":"{\"certifyId\":\"sha1\"}"}"#,
        r#"{"code":1003,"subCode":"Z5055","reason":"\ud842 \x","extInfo":{"certifyId":"sha1"}}"#,
    ] {
        for encoding in Encoding::ALL {
            for (before, after) in SURROUNDINGS {
                let text = format!("{before}response={}{after}", encoding.apply(json));
                let returned = Redirect::parse(&text).unwrap_or_else(|_| panic!("{text}"));
                assert_eq!(returned.code(), Some("1003"), "{text}");
                assert_eq!(returned.sub_code(), Some("Z5055"), "{text}");
                assert_eq!(returned.certify_id().unwrap().as_str(), "sha1", "{text}");
                assert!(!returned.has_finished());
            }
        }
    }
}

#[test]
fn what_a_server_receives_from_a_browser_is_read() {
    for query in [
        // `{` is kept in a query, and `"` is not (URL Standard).
        "response={%22code%22:1003,%22subCode%22:%22Z5055%22,%22extInfo%22:{%22certifyId%22:%22sha1%22}}",
        "response=%7B%22code%22%3A1003%2C%22subCode%22%3A%22Z5055%22%2C%22extInfo%22%3A%7B%22certifyId%22%3A%22sha1%22%7D%7D",
        "response=+%7B%22code%22%3A+1003%2C+%22subCode%22%3A+%22Z5055%22%2C+%22extInfo%22%3A+%7B%22certifyId%22%3A+%22sha1%22%7D%7D",
        "response=%22{%5C%22code%5C%22:1003,%5C%22subCode%5C%22:%5C%22Z5055%5C%22,%5C%22extInfo%5C%22:{%5C%22certifyId%5C%22:%5C%22sha1%5C%22}}%22",
        "response={%22code%22:1003,%22subCode%22:%22Z5055%22,%22reason%22:%22%B3%C9%22,%22extInfo%22:{%22certifyId%22:%22sha1%22}}",
    ] {
        for query in [
            query.to_owned(),
            format!("/done?a=1&amp;{query}"),
            format!("/#/done?{query}"),
        ] {
            let returned = Redirect::parse(&query).unwrap_or_else(|_| panic!("{query}"));
            assert_eq!(returned.code(), Some("1003"), "{query}");
            assert_eq!(returned.sub_code(), Some("Z5055"), "{query}");
            assert_eq!(returned.certify_id().unwrap().as_str(), "sha1", "{query}");
        }
    }
}

#[test]
fn codes_1000_and_2006_mean_that_the_person_has_finished() {
    for (response, has_finished, meaning) in [
        (r#"{"code":1000,"subCode":"Z5050"}"#, true, Some("Z5050")),
        (r#"{"code":2006}"#, true, Some("2006")),
        (r#"{"code":"1000"}"#, true, Some("1000")),
        (r#"{"code":1003,"subCode":"Z9999"}"#, false, Some("1003")),
        (r#"{"code":true,"subCode":5,"extInfo":"x"}"#, false, None),
        (
            r#"{"subCode":"\u001b[2J","extInfo":{"certifyId":"a b"}}"#,
            false,
            None,
        ),
        ("{}", false, None),
    ] {
        let returned = Redirect::parse(&format!("response={response}")).unwrap();
        assert_eq!(returned.has_finished(), has_finished, "{response}");
        assert_eq!(returned.meaning().map(|it| it.code), meaning, "{response}");
        assert_eq!(returned.certify_id(), None);
    }
}

#[test]
fn malformed_redirects_are_refused_with_the_reason() {
    let error = |text: &str| Redirect::parse(text).unwrap_err();
    for text in ["", "a=1", "response", "Response={}", "xresponse={}"] {
        assert_eq!(error(text), InvalidRedirect::Missing, "{text}");
    }
    let encoded_thrice = "response=%252525257B%252525257D";
    for text in [
        "response=",
        "response={",
        "response=[1]",
        "response=%7b%ff%7d",
        encoded_thrice,
    ] {
        assert_eq!(error(text), InvalidRedirect::NotJson, "{text}");
    }
    let deep = format!("response={}", "{\"a\":".repeat(3_000));
    assert_eq!(error(&deep), InvalidRedirect::NotJson);
    let long = format!("response={{}}{}", " ".repeat(1 << 20));
    assert_eq!(error(&long), InvalidRedirect::TooLong);
    let longest = format!("response={{}}{}", " ".repeat(Redirect::LONGEST_TEXT - 11));
    assert!(Redirect::parse(&longest).is_ok());
    assert_eq!(error(&format!("{longest} ")), InvalidRedirect::TooLong);
}

fn is_identifier(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// A JSON value as `code`, `subCode` or `certifyId` may be, and the identifier that it stands for.
fn identifiers() -> impl Strategy<Value = (Value, Option<String>)> {
    let strings = prop_oneof!["[!-~]{1,128}", "[0-9]{4}", ".{0,140}"];
    prop_oneof![
        4 => strings.prop_map(|text| {
            let identifier = is_identifier(&text).then(|| text.clone());
            (text.into(), identifier)
        }),
        2 => any::<i64>().prop_map(|number| (number.into(), Some(number.to_string()))),
        1 => Just((Value::Null, None)),
        1 => Just((json!([1000]), None)),
        1 => Just((json!({ "code": 1000 }), None)),
        1 => any::<bool>().prop_map(|truth| (truth.into(), None)),
    ]
}

/// Any string, or a sequence of pieces of a redirect.
fn texts() -> impl Strategy<Value = String> {
    let pieces: Vec<&str> = "response= response= ? & # { } %7B %7D %25 %22 \" \"code\": 1000 \"Z5050\" \"extInfo\":{} , %ff 张"
        .split(' ')
        .collect();
    let piece = prop_oneof![4 => select(pieces).prop_map(str::to_owned), 1 => any::<String>()];
    let pieces = vec(piece, 0..16).prop_map(|pieces| pieces.concat());
    let value = ("[!-~]{0,6}", any::<String>()).prop_map(|(code, id)| {
        let json = json!({ "code": code, "subCode": id, "extInfo": { "certifyId": id } });
        format!("response={json}")
    });
    prop_oneof![any::<String>(), pieces, value]
}

proptest! {
    #![proptest_config(properties())]

    #[test]
    fn accepted_redirects_have_the_documented_characters_and_no_text_panics(text in texts()) {
        match Redirect::parse(&text) {
            Ok(returned) => {
                let id = returned.certify_id().map(cloudauth_proto::CertifyId::as_str);
                for identifier in [returned.code(), returned.sub_code(), id].into_iter().flatten() {
                    prop_assert!(is_identifier(identifier), "{:?}", identifier);
                }
                prop_assert_eq!(returned.certify_id().and_then(|id| id.origin()), None);
                let has_finished = matches!(returned.code(), Some("1000" | "2006"));
                prop_assert_eq!(returned.has_finished(), has_finished);
            }
            Err(error) => prop_assert!(text.len() < 40 || !error.to_string().contains(&text)),
        }
    }

    #[test]
    fn the_encoding_does_not_change_a_redirect(
        (code, expected_code) in identifiers(),
        (sub_code, expected_sub_code) in identifiers(),
        (id, expected_id) in identifiers(),
        reason in any::<String>(),
        encoding in select(&Encoding::ALL[..]),
        (before, after) in select(&SURROUNDINGS[..]),
    ) {
        let response = json!({
            "reason": reason,
            "code": code,
            "subCode": sub_code,
            "extInfo": { "certifyId": id },
        });
        let json = response.to_string();
        // A browser does not encode `%`, so that the encoding of a string with one is ambiguous.
        let is_ambiguous = match encoding {
            Encoding::ByBrowser | Encoding::AfterPlus | Encoding::InString => json.contains('%'),
            // The `+` of a string in a form could be itself.
            Encoding::AsForm => json.contains(' '),
            _ => false,
        };
        let encoding = if is_ambiguous { Encoding::Once } else { encoding };
        let text = format!("{before}response={}{after}", encoding.apply(&json));
        prop_assume!(text.len() <= Redirect::LONGEST_TEXT);
        let returned = Redirect::parse(&text);
        prop_assert!(returned.is_ok(), "{:?} {}", returned, text);
        let returned = returned.unwrap();
        prop_assert_eq!(returned.code(), expected_code.as_deref());
        prop_assert_eq!(returned.sub_code(), expected_sub_code.as_deref());
        prop_assert_eq!(returned.certify_id().map(cloudauth_proto::CertifyId::as_str), expected_id.as_deref());
    }

    #[test]
    fn only_a_parameter_of_its_own_is_a_response(
        before in "[ -~]{0,20}[^?&#r]",
        name in select(&["response=", "Response=", "respons=", "esponse=", "response"][..]),
        after in select(&["{}", "{\"code\":1000}", ""][..]),
    ) {
        prop_assume!(!before.contains("response="));
        let text = format!("{before}{name}{after}");
        prop_assert_eq!(Redirect::parse(&text), Err(InvalidRedirect::Missing));
    }
}
