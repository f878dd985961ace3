//! Whatever a peer answers, there is a reply or a typed error, and neither prints what it said.

use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::sign::Mismatch;
use cloudauth_proto::{
    Call, CallOptions, Credentials, Error, Flow, Head, MonoTime, Now, Operation, Outcome, Response,
    Scheme, Session, Step, UnixTime,
};

use crate::input::ToSign;

/// Asks, and answers this each time.
#[expect(clippy::unwrap_in_result, reason = "the key is a good one")]
fn answered<O: Operation>(
    operation: &O,
    scheme: Scheme,
    status: u16,
    headers: &[(String, String)],
    body: &[u8],
) -> Result<O::Response, Error> {
    let mut call = Call::new(operation, CallOptions::new())?;
    let credentials = Credentials::access_key("testid", "testsecret").unwrap();
    let mut session = Session::new(credentials, [1; 32]).scheme(scheme);
    let mut now = Now {
        mono: MonoTime::default(),
        unix: UnixTime::from_seconds(1_800_000_000),
    };
    loop {
        match call.poll(&mut session, now) {
            Step::Send(exchange) => {
                let head = Head::new(status, headers.to_vec());
                let response = Response::new(head, body.to_vec());
                call.report(&mut session, exchange.id(), Ok(response), now);
            }
            Step::Wait(until) => now.mono = until,
            Step::Abandon(_) => {}
            Step::Authenticate(_) | Step::Read(_) | Step::Run { .. } => {
                panic!("the key was given")
            }
            Step::Done(result) => return result.map(|reply| reply.value),
        }
    }
}

const STATUSES: [u16; 6] = [200, 400, 403, 404, 429, 503];
/// Stands in the input for something that must not be printed.
const PERSON: &str = "3301031990";

/// Every type of reply.
pub fn decode_never_panics(bytes: &[u8]) {
    let Some(([status, header], body)) = bytes.split_first_chunk() else {
        return;
    };
    let status = STATUSES[usize::from(*status) % STATUSES.len()];
    let names = [
        "date",
        "retry-after",
        "x-acs-retry-after",
        "x-acs-request-id",
    ];
    let name = names[usize::from(*header) % names.len()].to_owned();
    let headers = vec![(
        name,
        String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned(),
    )];
    let scheme = Scheme::Acs3HmacSha256;
    let init = InitFaceVerify::new(1, "order1", "LR_FR");
    quiet(&answered(&init, scheme, status, &headers, body));
    let describe = DescribeFaceVerify::new(1, "sha1");
    quiet(&answered(&describe, scheme, status, &headers, body));
}

/// A code, a request id and the names that ours have may be printed; the rest of a reply may not.
fn quiet<T>(result: &Result<T, Error>) {
    if let Err(error) = result {
        let shown = format!("{error} {error:?}");
        let codes = error.attempts().iter().map(|attempt| &attempt.outcome);
        let mut may = codes.filter_map(|outcome| match outcome {
            Outcome::Answered { code, .. } => code.as_deref(),
            Outcome::NotSent(_) | _ => None,
        });
        let may = may.any(|code| code.contains(PERSON));
        let may = may || error.request_id().is_some_and(|id| id.contains(PERSON));
        assert!(may || !shown.contains(PERSON));
    }
}

/// A refused signature with any message, and with any part of a true one changed.
pub fn fault_and_mismatch_parser(bytes: &[u8]) {
    let Some(([kind, at, length, with], rest)) = bytes.split_first_chunk() else {
        return;
    };
    let text = String::from_utf8_lossy(rest);
    let Some(input) = ToSign::read(&[*with; 200]) else {
        return;
    };
    let params = ToSign::encoded(&[("CertNo".into(), PERSON.into(), kind % 2 == 0)]);
    let (draft, credentials, stamp) = (input.draft(&params), input.credentials(), input.stamp());
    let schemes = [Scheme::Acs3HmacSha256, Scheme::RpcHmacSha1];
    for scheme in schemes {
        let ours = scheme.explain(&draft, &credentials, &stamp);
        let (to_sign, canonical) = (ours.string_to_sign, ours.canonical);
        let truth = if scheme == Scheme::RpcHmacSha1 {
            format!("server string to sign is:{to_sign}")
        } else {
            let hidden = if kind & 4 == 0 { "" } else { "x" };
            format!(
                "server StringToSign is [{hidden}{to_sign}] server CanonicalRequest is [{canonical}]"
            )
        };
        // From a byte on, some are replaced by the input.
        let start = usize::from(*at) * 8 % (truth.len() + 1);
        let end = (start + usize::from(*length)).min(truth.len());
        let changed = format!("{}{text}{}", &truth[..start], &truth[end..]);
        let added = if scheme == Scheme::RpcHmacSha1 {
            format!("{truth}%26{text}")
        } else {
            truth.replacen("\n/\n", &format!("\n/\n{text}&"), 1)
        };
        for message in [&*text, &changed, &added, &truth] {
            let found = scheme.mismatch(&draft, &credentials, &stamp, message);
            let shown = format!("{found} {found:?}");
            assert!(!shown.contains(PERSON), "{shown}");
            if let Mismatch::Parameter { name } | Mismatch::Header { name } = found {
                assert!(canonical.contains(&name), "{name} is not ours");
            }
        }
    }
    let body = serde_json::json!({"Code": "SignatureDoesNotMatch", "Message": text}).to_string();
    let init = InitFaceVerify::new(1, "order1", "LR_FR").cert_no(PERSON);
    let scheme = schemes[usize::from(kind % 2)];
    let error = answered(&init, scheme, 400, &[], body.as_bytes()).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(PERSON), "{error}");
    assert!(matches!(error, Error::Service(fault) if fault.mismatch.is_some()));
}
