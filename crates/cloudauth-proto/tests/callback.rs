//! Callbacks: which queries are accepted, and which tokens are valid.
#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use core::fmt::Write;
use core::iter::Cycle;
use core::slice::Iter;

use cloudauth_proto::verify::{Callback, CallbackKey, InvalidCallback, OuterOrderNo, TokenError};
use cloudauth_proto::{Secret, UnixTime};
use common::properties;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);
const LATER: UnixTime = UnixTime::from_seconds(1_800_003_600);

fn key() -> CallbackKey {
    CallbackKey::new(&[7; 32]).unwrap()
}

fn order(number: &str) -> OuterOrderNo {
    OuterOrderNo::new(number).unwrap()
}

fn callback(token: &str) -> Callback {
    Callback::parse(&format!("CallbackToken={token}&certifyId=sha1&passed=200")).unwrap()
}

fn checked(token: &str, now: UnixTime) -> Result<OuterOrderNo, TokenError> {
    key().check(&callback(token), now)
}

#[test]
fn keys_match_in_any_letter_case_and_unknown_keys_are_ignored() {
    for query in [
        "callbackToken=1000004826&certifyId=sha1&passed=200",
        "CALLBACKTOKEN=1000004826&CertifyId=sha1&Passed=200",
        "order=7&a&=&&certifyid=sha1&passed=200&callbacktoken=1000004826&b=%zz%ff",
        "certifyId=sha1&certifyId=sha1&passed=2%300&%63allbackToken=%31000004826",
    ] {
        let callback = Callback::parse(query).unwrap();
        assert_eq!(callback.certify_id().as_str(), "sha1", "{query}");
        assert_eq!(callback.passed(), Some("200"), "{query}");
        assert!(callback.has_token(&Secret::new("1000004826")), "{query}");
    }
}

#[test]
fn passed_may_be_a_letter_or_a_sub_code_and_other_values_are_ignored() {
    let parsed = |query: &str| {
        let callback = Callback::parse(&format!("certifyId=sha1&{query}")).unwrap();
        let reason = callback.meaning().map(|meaning| meaning.code);
        (callback.passed().map(ToOwned::to_owned), reason)
    };
    assert_eq!(parsed("passed=T"), (Some("T".into()), None));
    assert_eq!(parsed("passed=N"), (Some("N".into()), None));
    assert_eq!(parsed("passed=204"), (Some("204".into()), Some("204")));
    assert_eq!(parsed("subcode=201"), (Some("201".into()), Some("201")));
    assert_eq!(parsed("passed=Y&subCode=200"), (Some("Y".into()), None));
    assert_eq!(parsed("passed=299"), (Some("299".into()), None));
    for ignored in ["", "passed", "passed=", "passed=%1b[2J", "passed=200%20"] {
        assert_eq!(parsed(ignored), (None, None), "{ignored}");
    }
    assert_eq!(parsed(&format!("passed={}", "2".repeat(17))), (None, None));
}

#[test]
fn keys_without_a_value_count_as_missing_before_anything_else_is_decided() {
    for query in [
        "certifyId=&certifyId=sha1&passed=200&callbackToken=t",
        "certifyId=sha1&CertifyId&passed=&subCode=200&callbackToken=t&CallbackToken=",
        "certifyId=sha1&passed=200&Passed=&subCode=&callbackToken=&callbackToken=t",
        "certifyId=sha1&passed=%1b&subCode=200&callbackToken=t",
    ] {
        let callback = Callback::parse(query).unwrap();
        assert_eq!(callback.certify_id().as_str(), "sha1", "{query}");
        assert_eq!(callback.passed(), Some("200"), "{query}");
        assert!(callback.has_token(&Secret::new("t")), "{query}");
    }
}

#[test]
fn malformed_queries_are_refused_with_the_reason() {
    let error = |query: &str| Callback::parse(query).unwrap_err();
    let long = format!("certifyId=sha1&passed=200&x={}", "x".repeat(1 << 20));
    assert_eq!(error(&long), InvalidCallback::TooLong);
    let longest = format!(
        "certifyId=sha1&x={}",
        "x".repeat(Callback::LONGEST_QUERY - 17)
    );
    assert!(Callback::parse(&longest).is_ok());
    assert_eq!(error(&format!("{longest}x")), InvalidCallback::TooLong);
    for query in [
        "",
        "passed=200",
        "certifyId=",
        "certifyId=a%0ab",
        "certifyId=%e5%bc%a0",
    ] {
        assert_eq!(error(query), InvalidCallback::NoCertifyId, "{query}");
    }
    let long = format!("certifyId={}", "a".repeat(129));
    assert_eq!(error(&long), InvalidCallback::NoCertifyId);
    for (query, key) in [
        ("certifyId=a&certifyID=b", "certifyId"),
        ("certifyId=a&passed=201&passed=200", "passed"),
        (
            "certifyId=a&callbackToken=1&CallbackToken=2",
            "callbackToken",
        ),
    ] {
        assert_eq!(error(query), InvalidCallback::Contradictory(key));
    }
}

#[test]
fn a_token_of_the_caller_s_own_must_be_equal() {
    let has_token = |query: &str, token: &str| {
        let callback = Callback::parse(&format!("certifyId=sha1&{query}")).unwrap();
        callback.has_token(&Secret::new(token))
    };
    assert!(has_token("callbackToken=a+b%2B", "a+b+"));
    for wrong in [
        "",
        "callbackToken",
        "callbackToken=",
        "callbackToken=a+b",
        "callbackToken=a+b%2Bc",
    ] {
        assert!(!has_token(wrong, "a+b+"), "{wrong}");
        assert!(!has_token(wrong, ""), "{wrong}");
    }
}

#[test]
fn a_token_is_valid_for_its_order_until_the_second_before_it_expires() {
    let token = key().token(&order("Order1"), LATER);
    assert_eq!(token.expose().len(), 32 + 10 + 6);
    assert_eq!(checked(token.expose(), NOW), Ok(order("Order1")));
    let last = UnixTime::from_seconds(LATER.seconds() - 1);
    assert_eq!(checked(token.expose(), last), Ok(order("Order1")));
    let expired = Err(TokenError::Expired(order("Order1")));
    assert_eq!(checked(token.expose(), LATER), expired);
}

/// Recomputed with Python's hmac:
/// `k = hmac(bytes([7] * 32), b"cloudauth-rs callback token")`, then `hmac(k, b"006b49e010Order1")`.
#[test]
fn a_token_matches_another_implementation() {
    let token = key().token(&order("Order1"), LATER);
    let expected = "91276ff43625409c4f882c133d0d21e8006b49e010Order1";
    assert_eq!(token.expose(), expected);
}

#[test]
fn tokens_of_other_keys_and_orders_are_forged() {
    let other = CallbackKey::new(&[8; 32]).unwrap();
    let theirs = other.token(&order("Order1"), LATER);
    let (one, two) = (
        key().token(&order("1Order"), LATER),
        key().token(&order("Order"), LATER),
    );
    let (one, two) = (one.expose(), two.expose());
    let crossed = format!("{}{}", &two[..32], &one[32..]);
    // The same digits, divided differently between expiry and order.
    let shifted = format!("{}{}", &two[..32], &format!("0{}", &two[32..]));
    for forged in [
        theirs.expose(),
        &crossed,
        &shifted,
        &one[..41],
        &one[..42],
        "1",
        "张张张张张张张张张张张张张张张",
    ] {
        assert_eq!(checked(forged, NOW), Err(TokenError::Forged), "{forged}");
    }
    assert_eq!(
        checked(&one.to_ascii_uppercase(), NOW),
        Err(TokenError::Forged)
    );
    let none = Callback::parse("certifyId=sha1").unwrap();
    assert_eq!(key().check(&none, NOW), Err(TokenError::Missing));
    assert!(CallbackKey::new(&[7; 31]).is_err());
}

#[test]
fn a_token_with_any_one_character_changed_is_forged() {
    let characters = ('0'..='9').chain('a'..='z').chain('A'..='Z');
    let token = key().token(&order("Order1"), LATER);
    let token = token.expose();
    for (at, character) in (0..token.len()).flat_map(|at| characters.clone().map(move |c| (at, c)))
    {
        let mut changed = token.to_owned();
        changed.replace_range(at..=at, &character.to_string());
        let expected = if changed == token {
            Ok(order("Order1"))
        } else {
            Err(TokenError::Forged)
        };
        assert_eq!(checked(&changed, NOW), expected, "{changed}");
    }
}

/// A way to write a query: what is percent-encoded, and in which letter case.
#[derive(Debug)]
struct Style<'d> {
    decisions: Cycle<Iter<'d, u8>>,
}

impl<'d> Style<'d> {
    /// `decisions` must not be empty.
    fn new(decisions: &'d [u8]) -> Self {
        let decisions = decisions.iter().cycle();
        Self { decisions }
    }

    fn decide(&mut self, one_in: u8) -> bool {
        self.decisions.next().unwrap().is_multiple_of(one_in)
    }

    /// Writes `text`, in which the characters in `reserved` must be encoded.
    fn encode(&mut self, text: &str, reserved: &[char]) -> String {
        let mut encoded = String::new();
        for c in text.chars() {
            if !reserved.contains(&c) && !self.decide(3) {
                encoded.push(c);
                continue;
            }
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                if self.decide(2) {
                    write!(encoded, "%{byte:02x}").unwrap();
                } else {
                    write!(encoded, "%{byte:02X}").unwrap();
                }
            }
        }
        encoded
    }

    fn key(&mut self, name: &str) -> String {
        let changed: String = name
            .chars()
            .map(|c| {
                if self.decide(2) {
                    c.to_ascii_uppercase()
                } else {
                    c.to_ascii_lowercase()
                }
            })
            .collect();
        self.encode(&changed, &['%', '&', '='])
    }

    /// Writes parameters from either end, some of them twice, with parameters of the caller's own
    /// between them.
    fn query(&mut self, parameters: &[(&str, &str)]) -> String {
        let mut pairs = Vec::new();
        for (name, value) in parameters {
            for _ in 0..=u8::from(self.decide(4)) {
                let pair = format!("{}={}", self.key(name), self.encode(value, &['%', '&']));
                if self.decide(2) {
                    pairs.push(pair);
                } else {
                    pairs.insert(0, pair);
                }
            }
            if self.decide(3) {
                pairs.push(["order=7", "", "=", "flag", "x=%zz%ff"][pairs.len() % 5].to_owned());
            }
        }
        pairs.join("&")
    }
}

fn decisions() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 1..64)
}

/// Any string, or a sequence of pieces of a query.
fn queries() -> impl Strategy<Value = String> {
    let pieces: Vec<&str> = "certifyId CERTIFYID passed subCode callbackToken = = = & & % %6 %61 %00 %ff %26 %20 sha1 T 200 + 张 \u{1b}"
        .split(' ')
        .collect();
    let piece = prop_oneof![4 => select(pieces).prop_map(str::to_owned), 1 => any::<String>()];
    let tail = vec(piece, 0..12).prop_map(|pieces| pieces.concat());
    prop_oneof![
        1 => any::<String>(),
        1 => tail.clone(),
        2 => tail.prop_map(|tail| format!("certifyId=a{tail}")),
    ]
}

/// A change to a valid token.
#[derive(Clone, Debug)]
enum Forgery {
    Truncated(Index),
    Inserted(Index, char),
    Replaced(Index, char),
    Swapped(Index, Index),
    Crossed(Index),
    Doubled,
    UpperCase,
    OfAnotherKey,
    Any(String),
}

impl Forgery {
    fn apply(self, token: &str, other: &str) -> String {
        let mut chars: Vec<char> = token.chars().collect();
        match self {
            Self::Truncated(at) => chars.truncate(at.index(token.len())),
            Self::Inserted(at, c) => chars.insert(at.index(token.len() + 1), c),
            Self::Replaced(at, c) => chars[at.index(token.len())] = c,
            Self::Swapped(one, two) => chars.swap(one.index(token.len()), two.index(token.len())),
            Self::Crossed(at) => {
                let at = at.index(token.len().min(other.len()));
                return format!("{}{}", &token[..at], &other[at..]);
            }
            Self::Doubled => return token.repeat(2),
            Self::UpperCase => return token.to_ascii_uppercase(),
            Self::OfAnotherKey => {
                let key = CallbackKey::new(&[8; 32]).unwrap();
                return key.token(&order(&token[42..]), LATER).expose().to_owned();
            }
            Self::Any(text) => return text,
        }
        chars.into_iter().collect()
    }
}

fn forgeries() -> impl Strategy<Value = Forgery> {
    let index = any::<Index>;
    let character = || prop_oneof![4 => "[0-9a-zA-Z]", 1 => any::<char>().prop_map(String::from)];
    let character = move || character().prop_map(|one| one.chars().next().unwrap());
    prop_oneof![
        index().prop_map(Forgery::Truncated),
        (index(), character()).prop_map(|(at, c)| Forgery::Inserted(at, c)),
        (index(), character()).prop_map(|(at, c)| Forgery::Replaced(at, c)),
        (index(), index()).prop_map(|(one, two)| Forgery::Swapped(one, two)),
        index().prop_map(Forgery::Crossed),
        Just(Forgery::Doubled),
        Just(Forgery::UpperCase),
        Just(Forgery::OfAnotherKey),
        "[0-9a-f]{42}[0-9a-zA-Z]{1,32}".prop_map(Forgery::Any),
        any::<String>().prop_map(Forgery::Any),
    ]
}

proptest! {
    #![proptest_config(properties())]

    #[test]
    fn accepted_callbacks_have_the_documented_characters_and_no_query_panics(query in queries()) {
        match Callback::parse(&query) {
            Ok(callback) => {
                let id = callback.certify_id();
                prop_assert!((1..=128).contains(&id.as_str().len()));
                prop_assert!(id.as_str().bytes().all(|b| b.is_ascii_graphic()));
                prop_assert_eq!(id.origin(), None);
                if let Some(passed) = callback.passed() {
                    prop_assert!((1..=16).contains(&passed.len()));
                    prop_assert!(passed.bytes().all(|b| b.is_ascii_alphanumeric()));
                }
                prop_assert!(key().check(&callback, NOW).is_err());
            }
            Err(error) => prop_assert!(query.len() < 40 || !error.to_string().contains(&query)),
        }
    }

    #[test]
    fn an_id_is_1_to_128_visible_ascii_characters(
        id in prop_oneof!["[!-~]{0,128}", "[!-~]{127,130}", "[ -~]{0,20}", ".{0,20}"],
        decisions in decisions(),
    ) {
        let query = Style::new(&decisions).query(&[("certifyId", &id)]);
        let is_valid = (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
        let parsed = Callback::parse(&query).map(|callback| callback.certify_id().as_str().to_owned());
        prop_assert_eq!(parsed, if is_valid { Ok(id) } else { Err(InvalidCallback::NoCertifyId) });
    }

    #[test]
    fn passed_is_1_to_16_ascii_letters_and_digits(
        passed in prop_oneof!["[0-9A-Za-z]{0,17}", "[0-9A-Za-z]{15,18}", "[!-~]{0,17}", ".{0,17}"],
        name in select(&["passed", "subCode"][..]),
        decisions in decisions(),
    ) {
        let parameters = [("certifyId", "sha1"), (name, &passed)];
        let callback = Callback::parse(&Style::new(&decisions).query(&parameters)).unwrap();
        let is_valid = (1..=16).contains(&passed.len())
            && passed.bytes().all(|b| b.is_ascii_alphanumeric());
        prop_assert_eq!(callback.passed(), is_valid.then_some(&*passed));
    }

    #[test]
    fn encoding_order_and_letter_case_do_not_change_a_callback(
        id in "[!-~]{1,128}",
        passed in proptest::option::of("[0-9A-Za-z]{1,16}"),
        token in proptest::option::of(".{1,80}"),
        decisions in decisions(),
    ) {
        let mut parameters = vec![("certifyId", id.as_str())];
        parameters.extend(passed.as_deref().map(|value| ("passed", value)));
        parameters.extend(token.as_deref().map(|value| ("callbackToken", value)));
        let query = Style::new(&decisions).query(&parameters);
        let callback = Callback::parse(&query);
        prop_assert!(callback.is_ok(), "{:?} {}", callback, query);
        let callback = callback.unwrap();
        prop_assert_eq!(callback.certify_id().as_str(), id);
        prop_assert_eq!(callback.passed(), passed.as_deref());
        if let Some(token) = token {
            prop_assert!(callback.has_token(&Secret::new(token)));
        } else {
            prop_assert_eq!(key().check(&callback, NOW), Err(TokenError::Missing));
        }
    }

    #[test]
    fn two_values_for_a_key_are_contradictory(
        key in select(&["certifyId", "passed", "subCode", "callbackToken"][..]),
        one in "[!-~]{1,20}",
        two in "[!-~]{1,20}",
        decisions in decisions(),
    ) {
        prop_assume!(one != two);
        let mut parameters = vec![(key, one.as_str()), (key, two.as_str())];
        if key != "certifyId" {
            parameters.push(("certifyId", "sha1"));
        }
        let query = Style::new(&decisions).query(&parameters);
        let contradiction = InvalidCallback::Contradictory(key);
        prop_assert_eq!(Callback::parse(&query).unwrap_err(), contradiction, "{}", query);
    }

    #[test]
    fn a_token_of_the_caller_s_own_equals_only_itself(one in ".{0,8}", two in ".{0,8}") {
        let query = format!("certifyId=sha1&callbackToken={}", Style::new(&[0]).encode(&one, &[]));
        let callback = Callback::parse(&query).unwrap();
        prop_assert_eq!(callback.has_token(&Secret::new(one.clone())), !one.is_empty());
        prop_assert_eq!(callback.has_token(&Secret::new(two.clone())), one == two && !one.is_empty());
    }

    #[test]
    fn a_token_returns_its_order_until_it_expires(
        number in "[0-9A-Za-z]{1,32}",
        expires in prop_oneof![1_700_000_000..1_900_000_000_u64, any::<u64>()],
        age in prop_oneof![-2..=2_i64, any::<i64>()],
        decisions in decisions(),
    ) {
        let now = expires.saturating_add_signed(age);
        let token = key().token(&order(&number), UnixTime::from_seconds(expires));
        let token = token.expose();
        prop_assert!(token.bytes().all(|b| b.is_ascii_alphanumeric()));
        prop_assert_eq!(token.len(), 42 + number.len());
        let parameters = [("certifyId", "sha1"), ("callbackToken", token)];
        let callback = Callback::parse(&Style::new(&decisions).query(&parameters)).unwrap();
        // Ten hexadecimal digits hold the expiry; later ones are cut to the largest.
        let expected = if now < expires.min((1 << 40) - 1) {
            Ok(order(&number))
        } else {
            Err(TokenError::Expired(order(&number)))
        };
        prop_assert_eq!(key().check(&callback, UnixTime::from_seconds(now)), expected);
    }

    #[test]
    fn changed_and_foreign_tokens_are_never_accepted(
        one in "[0-9A-Za-z]{1,32}",
        two in "[0-9A-Za-z]{1,32}",
        forgery in forgeries(),
        decisions in decisions(),
    ) {
        let (valid, other) = (key().token(&order(&one), LATER), key().token(&order(&two), LATER));
        let forged = forgery.apply(valid.expose(), other.expose());
        prop_assume!(forged != valid.expose() && forged != other.expose());
        let parameters = [("certifyId", "sha1"), ("passed", "T"), ("callbackToken", &*forged)];
        let callback = Callback::parse(&Style::new(&decisions).query(&parameters)).unwrap();
        let error = if forged.is_empty() { TokenError::Missing } else { TokenError::Forged };
        prop_assert_eq!(key().check(&callback, NOW), Err(error));
        prop_assert!(!callback.has_token(&valid));
    }
}
