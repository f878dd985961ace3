//! Explanations of refused signatures.

use std::sync::LazyLock;

use cloudauth_proto::driver::Method;
use cloudauth_proto::operation::{ParamLocation, Params};
use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::sign::Nonce;
use cloudauth_proto::sign::{Draft, Mismatch, Stamp};
use cloudauth_proto::{Error, Scheme, UnixTime};

use crate::input::{ENDPOINT, KEY, SCHEMES};
use crate::replies::CannedResponse;

/// Personal data in the parameters, which must not be shown.
const PERSON: &str = "3301031990";

/// Parameters in the query and in the form.
static PARAMS: LazyLock<Params> = LazyLock::new(|| {
    let mut params = Params::new();
    params.push("CertNo", PERSON, ParamLocation::Query);
    params.push("SceneId", "1", ParamLocation::Query);
    params.push("Model", "LIVENESS", ParamLocation::Query);
    params.push("CertName", PERSON, ParamLocation::Form);
    params
});

/// Any message of a refused signature, or a correct message with any part replaced, gives an
/// explanation that names a parameter or header of the request and shows no value.
pub fn fault_and_mismatch_parser(bytes: &[u8]) {
    let Some(([kind, how, at, length], rest)) = bytes.split_first_chunk() else {
        return;
    };
    let scheme = SCHEMES[usize::from(*kind) % SCHEMES.len()];
    let text = String::from_utf8_lossy(rest);
    if how % 8 == 0 {
        return refused(scheme, &text);
    }
    let stamp = Stamp {
        at: UnixTime::from_seconds(1_800_000_000),
        nonce: Nonce::new("5f3c").unwrap(),
        retry: None,
    };
    let draft = Draft::new(
        Method::Post,
        "InitFaceVerify",
        "2019-03-07",
        &ENDPOINT,
        &PARAMS,
    );
    let draft = draft.unwrap();
    let ours = scheme.explain(&draft, &KEY, &stamp);
    let (to_sign, canonical) = (ours.string_to_sign, ours.canonical);
    let is_rpc = scheme == Scheme::RpcHmacSha1;
    // The canonical requests are compared only if the strings to sign differ.
    let prefix = if how & 8 == 0 { "" } else { "x" };
    let correct = if is_rpc {
        format!("server string to sign is:{to_sign}")
    } else {
        format!(
            "server StringToSign is [{prefix}{to_sign}] server CanonicalRequest is [{canonical}]"
        )
    };
    let is_correct = how % 8 == 1;
    let message = match how % 8 {
        1 => correct,
        2 => text.into_owned(),
        3 if is_rpc => format!("{correct}%26{text}"),
        3 => correct.replacen("\n/\n", &format!("\n/\n{text}&"), 1),
        _ => {
            // The input replaces `length` bytes from `at` on.
            let start = usize::from(*at) * 4 % (correct.len() + 1);
            let end = (start + usize::from(*length)).min(correct.len());
            format!("{}{text}{}", &correct[..start], &correct[end..])
        }
    };
    let found = scheme.mismatch(&draft, &KEY, &stamp, &message);
    let shown = format!("{found} {found:?}");
    assert!(!shown.contains(PERSON), "{shown}");
    if let Mismatch::Parameter { name } | Mismatch::Header { name } = &found {
        assert!(canonical.contains(name), "{name} is not in the request");
    }
    if is_correct {
        let expected = if is_rpc || prefix.is_empty() {
            Mismatch::Key
        } else {
            Mismatch::Unknown
        };
        assert_eq!(found, expected);
    }
}

/// Checks the error of a whole call whose response has this message.
fn refused(scheme: Scheme, text: &str) {
    let body = serde_json::json!({"Code": "SignatureDoesNotMatch", "Message": text}).to_string();
    let response = CannedResponse {
        status: 400,
        headers: Vec::new(),
        body: body.as_bytes(),
    };
    let init = InitFaceVerify::new(1, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}")
        .cert_no(PERSON);
    let error = response.to(&init, scheme).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(PERSON), "{error}");
    assert!(matches!(error, Error::Service(fault) if fault.mismatch.is_some()));
}
