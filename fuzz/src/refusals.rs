//! A refused signature is explained, whatever the service says.

use std::sync::LazyLock;

use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::sign::{Draft, Mismatch, Stamp};
use cloudauth_proto::{Error, Method, Nonce, Params, Place, Scheme, UnixTime};

use crate::input::{ENDPOINT, KEY, SCHEMES};
use crate::replies::Answer;

const PERSON: &str = "3301031990";

/// The name in the query, the number in the form.
static PARAMS: LazyLock<Params> = LazyLock::new(|| {
    let mut params = Params::new();
    params.push("CertNo", PERSON, Place::Query);
    params.push("SceneId", "1", Place::Query);
    params.push("Model", "LIVENESS", Place::Query);
    params.push("CertName", PERSON, Place::Form);
    params
});

/// A refused signature with any message, and with any part of a true one changed.
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
    // The canonical request is looked at only if the other text differs.
    let hidden = if how & 8 == 0 { "" } else { "x" };
    let truth = if is_rpc {
        format!("server string to sign is:{to_sign}")
    } else {
        format!(
            "server StringToSign is [{hidden}{to_sign}] server CanonicalRequest is [{canonical}]"
        )
    };
    let is_true = how % 8 == 1;
    let message = match how % 8 {
        1 => truth,
        2 => text.into_owned(),
        3 if is_rpc => format!("{truth}%26{text}"),
        3 => truth.replacen("\n/\n", &format!("\n/\n{text}&"), 1),
        _ => {
            // From a byte on, some are replaced by the input.
            let start = usize::from(*at) * 4 % (truth.len() + 1);
            let end = (start + usize::from(*length)).min(truth.len());
            format!("{}{text}{}", &truth[..start], &truth[end..])
        }
    };
    let found = scheme.mismatch(&draft, &KEY, &stamp, &message);
    let shown = format!("{found} {found:?}");
    assert!(!shown.contains(PERSON), "{shown}");
    if let Mismatch::Parameter { name } | Mismatch::Header { name } = &found {
        assert!(canonical.contains(name), "{name} is not ours");
    }
    if is_true {
        let expected = if is_rpc || hidden.is_empty() {
            Mismatch::Key
        } else {
            Mismatch::Unknown
        };
        assert_eq!(found, expected);
    }
}

/// Through a whole call.
fn refused(scheme: Scheme, text: &str) {
    let body = serde_json::json!({"Code": "SignatureDoesNotMatch", "Message": text}).to_string();
    let answer = Answer {
        status: 400,
        headers: Vec::new(),
        body: body.as_bytes(),
    };
    let init = InitFaceVerify::new(1, "order1", "LR_FR").cert_no(PERSON);
    let error = answer.to(&init, scheme).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(PERSON), "{error}");
    assert!(matches!(error, Error::Service(fault) if fault.mismatch.is_some()));
}
