//! The properties of the fuzz targets on random inputs of a fixed seed.
//!
//! Inputs that are parsed are nearly valid documents, which are damaged in some cases.

use cloudauth_proto::Scheme;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{FileFailurePersistence, RngSeed};
use serde_json::{Map, Value};

/// Failures are recorded next to this file, in `random.regressions`, which is to be committed. They
/// are repeated first.
fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 1_000,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    }
}

/// Strings that are known to break encoders.
const SPECIAL: &[&str] = &[
    "\r\n",
    "&",
    "=",
    "\0",
    "%",
    "%25",
    "+",
    "*",
    "~",
    "😀",
    "é",
    " ",
    "a",
    "\r\nx-acs-action: y",
];

/// Values of profiles, one of which marks a secret.
const PROFILE: &[&str] = &["a", "p", "acs:ram::1:role/r", "/token", "s3cret", ""];

/// Modes and fields of the CLI's profiles.
const CLI_MODES: &[&str] = &[
    "AK",
    "StsToken",
    "RamRoleArn",
    "EcsRamRole",
    "OIDC",
    "External",
];
const CLI_FIELDS: &[&str] = &[
    "access_key_id",
    "access_key_secret",
    "sts_token",
    "ram_role_arn",
    "ram_role_name",
    "ram_session_name",
    "oidc_provider_arn",
    "oidc_token_file",
    "process_command",
];

/// Types and keys of profiles in the INI format.
const INI_TYPES: &[&str] = &[
    "access_key",
    "sts",
    "ram_role_arn",
    "ecs_ram_role",
    "oidc_role_arn",
];
const INI_KEYS: &[&str] = &[
    "access_key_id",
    "access_key_secret",
    "security_token",
    "role_arn",
    "role_name",
    "oidc_provider_arn",
    "oidc_token_file_path",
    "enable",
];

/// Names and strings of callbacks.
const CALLBACK: &[&str] = &[
    "certifyId",
    "callbackToken",
    "passed",
    "subCode",
    "sha1",
    "T",
    "200",
    "%",
    "%3d",
    "+",
    "é",
];

/// Names and strings of redirects.
const REDIRECT: &[&str] = &[
    "code",
    "reason",
    "extInfo",
    "certifyId",
    "1000",
    "sha1",
    "\\",
    "%22",
    "é",
];

/// Names and strings of responses, one of which marks personal data.
const RESPONSE: &[&str] = &[
    "Code",
    "Message",
    "RequestId",
    "ResultObject",
    "CertifyId",
    "Passed",
    "SubCode",
    "MaterialInfo",
    "Credentials",
    "AccessKeyId",
    "AccessKeySecret",
    "SecurityToken",
    "Expiration",
    "200",
    "406",
    "T",
    "Success",
    "2027-01-15T09:00:00Z",
    "3301031990",
    "SignatureDoesNotMatch",
    "server string to sign is:POST&%2F&",
];

/// Pieces of a response over HTTP/1.1.
const HTTP: &[&str] = &[
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.0 503\n",
    "content-length: 3\r\n",
    "Content-Length: 0\r\n",
    "content-length: +1\r\n",
    "transfer-encoding: chunked\r\n",
    "transfer-encoding: gzip, chunked\r\n",
    "date: Fri, 15 Jan 2027 08:00:00 GMT\r\n",
    "\r\n",
    "\n",
    "3\r\n{ }\r\n",
    "1F;a=b\r\n",
    "0\r\n\r\n",
    "{ }",
];

type Words = &'static [&'static str];

/// One of the words, or a short random string.
fn word(words: Words) -> impl Strategy<Value = String> {
    prop_oneof![
        8 => select(words).prop_map(str::to_owned),
        1 => prop::collection::vec(any::<char>(), 0..4).prop_map(String::from_iter),
    ]
}

/// A concatenation of words.
fn text(words: Words) -> impl Strategy<Value = String> {
    prop::collection::vec(word(words), 0..20).prop_map(|words| words.concat())
}

/// A string in which a random part may be replaced by a word.
fn damaged(text: impl Strategy<Value = String>, words: Words) -> impl Strategy<Value = String> {
    let damage = prop::option::of((any::<Index>(), any::<Index>(), word(words)));
    (text, damage).prop_map(|(text, damage)| {
        let Some((from, to, word)) = damage else {
            return text;
        };
        let characters: Vec<char> = text.chars().collect();
        let [from, to] = [from, to].map(|index| index.index(characters.len() + 1));
        let (head, tail) = (&characters[..from.min(to)], &characters[from.max(to)..]);
        let head = head.iter().copied();
        let tail = tail.iter().copied();
        head.chain(word.chars()).chain(tail).collect()
    })
}

/// A JSON object with these words as names and strings.
fn json(words: Words) -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => word(words).prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    let value = leaf.prop_recursive(3, 32, 8, move |inner| {
        let field = (word(words), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..3).prop_map(Value::from),
            prop::collection::vec(field, 0..8).prop_map(object),
        ]
    });
    let fields = prop::collection::vec((word(words), value), 0..8);
    damaged(fields.prop_map(|fields| object(fields).to_string()), words)
}

fn object(fields: Vec<(String, Value)>) -> Value {
    Value::from(Map::from_iter(fields))
}

/// Most of the fields, each with a value.
fn fields(names: Words) -> impl Strategy<Value = Vec<(String, String)>> {
    let value = prop::option::weighted(0.9, word(PROFILE));
    prop::collection::vec(value, names.len()).prop_map(|values| {
        let fields = names.iter().zip(values);
        let fields = fields.filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
        fields.collect()
    })
}

/// A file of the CLI with one profile.
fn cli_profile() -> impl Strategy<Value = String> {
    let profile = (word(CLI_MODES), fields(CLI_FIELDS)).prop_map(|(mode, fields)| {
        let fields = fields.into_iter().map(|(name, value)| (name, value.into()));
        let mut fields: Vec<(String, Value)> = fields.collect();
        fields.push(("name".to_owned(), "p".into()));
        fields.push(("mode".to_owned(), mode.into()));
        serde_json::json!({"current": "p", "profiles": [object(fields)]}).to_string()
    });
    damaged(profile, PROFILE)
}

/// A file in the INI format with one profile.
fn ini_profile() -> impl Strategy<Value = String> {
    let profile = (word(INI_TYPES), fields(INI_KEYS)).prop_map(|(kind, fields)| {
        let lines = fields
            .iter()
            .map(|(name, value)| format!("{name} = {value}\n"));
        format!("[p]\ntype = {kind}\n{}", lines.collect::<String>())
    });
    damaged(profile, PROFILE)
}

/// A query with these words as names and values.
fn query(words: Words) -> impl Strategy<Value = String> {
    let pair = (word(words), word(words)).prop_map(|(name, value)| format!("{name}={value}"));
    prop::collection::vec(pair, 0..6).prop_map(|pairs| pairs.join("&"))
}

/// The bytes of a string after random bytes, which choose the variant of a target.
fn with_header<const N: usize>(
    text: impl Strategy<Value = String>,
) -> impl Strategy<Value = Vec<u8>> {
    (any::<[u8; N]>(), text).prop_map(|(header, text)| [&header, text.as_bytes()].concat())
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..512)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn values_are_signed_and_sent_unchanged(
        scheme in select(&[Scheme::Acs3HmacSha256, Scheme::RpcHmacSha1][..]),
        values in prop::collection::vec(text(SPECIAL), 0..8),
    ) {
        cloudauth_fuzz::check_values(scheme, &values);
    }

    #[test]
    fn sign_matches_reference(bytes in bytes()) {
        cloudauth_fuzz::sign_matches_reference(&bytes);
    }

    #[test]
    fn sim_accepts_what_we_sign(bytes in bytes()) {
        cloudauth_fuzz::sim_accepts_what_we_sign(&bytes);
    }

    #[test]
    fn one_bit_off_is_refused(bytes in bytes()) {
        cloudauth_fuzz::one_bit_off_is_refused(&bytes);
    }

    #[test]
    fn percent_round_trip(bytes in bytes()) {
        cloudauth_fuzz::percent_round_trip(&bytes);
    }

    #[test]
    fn order_does_not_matter(bytes in bytes()) {
        cloudauth_fuzz::order_does_not_matter(&bytes);
    }

    #[test]
    fn decode_never_panics(bytes in with_header::<3>(json(RESPONSE))) {
        cloudauth_fuzz::decode_never_panics(&bytes);
    }

    #[test]
    fn the_verdict_survives(bytes in prop_oneof![bytes(), prop::collection::vec(any::<u8>(), 1..24)]) {
        cloudauth_fuzz::the_verdict_survives(&bytes);
    }

    #[test]
    fn fault_and_mismatch_parser(bytes in with_header::<4>(text(RESPONSE))) {
        cloudauth_fuzz::fault_and_mismatch_parser(&bytes);
    }

    #[test]
    fn flow_any_order(bytes in bytes()) {
        cloudauth_fuzz::flow_any_order(&bytes);
    }

    #[test]
    fn profiles_are_read(file in prop_oneof![cli_profile(), ini_profile()]) {
        cloudauth_fuzz::profiles_are_read(file.as_bytes());
    }

    #[test]
    fn callbacks_are_read(query in query(CALLBACK)) {
        cloudauth_fuzz::callbacks_are_read(query.as_bytes());
    }

    #[test]
    fn redirects_are_read(response in json(REDIRECT)) {
        cloudauth_fuzz::redirects_are_read(response.as_bytes());
    }

    #[test]
    fn responses_are_read(bytes in with_header::<1>(text(HTTP).prop_map(|rest| format!("HTTP/1.1 200 OK\r\n{rest}")))) {
        cloudauth_fuzz::responses_are_read(&bytes);
    }
}
