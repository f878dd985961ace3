//! The error of a refused signature names its cause, in whole calls against the simulated service.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

use cloudauth_proto::driver::{Head, MonoTime, Now, Response};
use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::sign::Mismatch;
use cloudauth_proto::{
    Call, CallOptions, Credentials, Error, Flow, Scheme, ServiceError, Session, Step, UnixTime,
};
use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, IncomingRequest, Reaction, Region, World};

const SERVICE: u64 = 1_800_000_000;
const NAME: &str = "欧阳小丽";
const NUMBER: &str = "330103199001011230";
const TOKEN: &str = "sts-T0ken+/=";

/// The error of a call of the simulator, where `proxy` changes the requests and `proxy_back` the bodies of
/// the responses.
fn refused(
    scheme: Scheme,
    credentials: Credentials,
    local_clock: u64,
    proxy: impl Fn(&mut IncomingRequest),
    proxy_back: impl Fn(Vec<u8>) -> Vec<u8>,
) -> ServiceError {
    let mut world = World::new();
    world.add_sts_key("temporary", "secret", TOKEN);
    refused_by(scheme, credentials, local_clock, |mut request| {
        proxy(&mut request);
        match world.handle(Region::Shanghai, &request, SERVICE) {
            Reaction::Response {
                status,
                headers,
                body,
            } => Response::new(Head::new(status, headers), proxy_back(body)),
            reaction @ (Reaction::Refuse
            | Reaction::Reset
            | Reaction::Hang
            | Reaction::Truncate { .. }
            | Reaction::Trickle { .. }
            | Reaction::ResponseThenClose { .. }) => panic!("{reaction:?}"),
        }
    })
}

/// The error of a call of a service that responds like this.
fn refused_by(
    scheme: Scheme,
    credentials: Credentials,
    local_clock: u64,
    mut respond: impl FnMut(IncomingRequest) -> Response,
) -> ServiceError {
    let operation = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}")
        .cert_name(NAME)
        .cert_no(NUMBER)
        .model("LIVENESS");
    let mut call = Call::new(&operation, CallOptions::new()).unwrap();
    let mut session = Session::new(credentials, [3; 32]).scheme(scheme);
    let now = Now {
        mono: MonoTime::default(),
        unix: UnixTime::from_seconds(local_clock),
    };
    loop {
        match call.poll(&mut session, now) {
            Step::Send(exchange) => {
                let response = respond(IncomingRequest::from(&exchange.sign()));
                call.report(&mut session, exchange.id(), Ok(response), now);
            }
            Step::Authenticate(_) | Step::Read { .. } | Step::Run { .. } | Step::Provide { .. } => {
                panic!("has credentials")
            }
            Step::Done(Err(Error::Service(fault))) => return *fault,
            other @ (Step::Abandon(_) | Step::Wait(_) | Step::Done(_)) => panic!("{other:?}"),
        }
    }
}

fn key(secret: &str) -> Credentials {
    Credentials::access_key(ACCESS_KEY_ID, secret).unwrap()
}

const BOTH: [Scheme; 2] = [Scheme::Acs3HmacSha256, Scheme::RpcHmacSha1];

/// The part of the error's text about the signature. Checks that the text contains no value.
#[track_caller]
fn cause(fault: &ServiceError) -> String {
    let text = format!("{fault}");
    let shown = format!("{text} {fault:?}");
    for secret in [
        NAME,
        NUMBER,
        "%E6%AC%A7",
        TOKEN,
        "sts-T0ken",
        "LIVENESS",
        "330103",
    ] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    let (_, clause) = text.split_once("); ").unwrap_or_else(|| panic!("{text}"));
    clause.to_owned()
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replace(from, to)
}

fn same(body: Vec<u8>) -> Vec<u8> {
    body
}

#[test]
fn a_wrong_secret_is_recognized() {
    for scheme in BOTH {
        let fault = refused(scheme, key("another"), SERVICE, |_| {}, same);
        assert_eq!(fault.mismatch, Some(Mismatch::Key));
        let clause = "the service signed the same string, so the access key secret is wrong";
        assert_eq!(cause(&fault), clause);
    }
}

#[test]
fn a_changed_header_is_named() {
    for (name, clause) in [
        ("host", "header host was changed in transit"),
        (
            "x-acs-version",
            "header x-acs-version was changed in transit",
        ),
        ("content-type", "header content-type was changed in transit"),
    ] {
        let change = |request: &mut IncomingRequest| {
            let header = request.headers.iter_mut().find(|(have, _)| have == name);
            header.unwrap().1.push_str(";proxied=1");
        };
        let fault = refused(BOTH[0], key(ACCESS_KEY_SECRET), SERVICE, change, same);
        assert_eq!(cause(&fault), clause);
    }
}

#[test]
fn a_changed_or_removed_parameter_is_named() {
    let clause = "parameter CertNo was changed in transit";
    let in_query = |request: &mut IncomingRequest| {
        request.target = replaced(&request.target, NUMBER, "110101199001011237");
    };
    let fault = refused(BOTH[0], key(ACCESS_KEY_SECRET), SERVICE, in_query, same);
    assert_eq!(cause(&fault), clause);
    let in_form = |request: &mut IncomingRequest| {
        let body = String::from_utf8(request.body.clone()).unwrap();
        request.body = replaced(&body, NUMBER, "110101199001011237").into_bytes();
    };
    let fault = refused(BOTH[1], key(ACCESS_KEY_SECRET), SERVICE, in_form, same);
    assert_eq!(cause(&fault), clause);
    let lost = |request: &mut IncomingRequest| {
        let pair = format!("CertNo={NUMBER}&");
        request.target = replaced(&request.target, &pair, "");
    };
    let fault = refused(BOTH[0], key(ACCESS_KEY_SECRET), SERVICE, lost, same);
    assert_eq!(cause(&fault), clause);
}

#[test]
fn an_added_parameter_is_not_named_since_its_name_may_be_a_value() {
    let add = |request: &mut IncomingRequest| request.target.push_str("&330103199001011230=x");
    let fault = refused(BOTH[0], key(ACCESS_KEY_SECRET), SERVICE, add, same);
    assert_eq!(fault.mismatch, Some(Mismatch::Added));
    assert_eq!(
        cause(&fault),
        "a parameter or a header was added in transit"
    );
}

#[test]
fn a_changed_body_or_method_is_recognized() {
    let body = |request: &mut IncomingRequest| request.body.push(b'x');
    let fault = refused(BOTH[0], key(ACCESS_KEY_SECRET), SERVICE, body, same);
    assert_eq!(cause(&fault), "the body was changed in transit");
    let hash = |request: &mut IncomingRequest| {
        let names = request.headers.iter_mut();
        let mut hashes = names.filter(|(name, _)| name == "x-acs-content-sha256");
        hashes.next().unwrap().1.replace_range(..1, "g");
    };
    let fault = refused(BOTH[0], key(ACCESS_KEY_SECRET), SERVICE, hash, same);
    assert_eq!(cause(&fault), "the body was changed in transit");
    for scheme in BOTH {
        let method = |request: &mut IncomingRequest| request.method = "GET".into();
        let fault = refused(scheme, key(ACCESS_KEY_SECRET), SERVICE, method, same);
        assert_eq!(
            cause(&fault),
            "the method or the path was changed in transit"
        );
    }
}

#[test]
fn a_changed_time_stamp_is_recognized() {
    for scheme in BOTH {
        let change = |request: &mut IncomingRequest| {
            let later = |text: &str| text.replace("T08%3A00%3A00Z", "T08%3A00%3A01Z");
            let body = String::from_utf8(request.body.clone()).unwrap();
            request.body = later(&body).into_bytes();
            for (name, value) in &mut request.headers {
                if name == "x-acs-date" {
                    *value = replaced(value, "T08:00:00Z", "T08:00:01Z");
                }
            }
        };
        let fault = refused(scheme, key(ACCESS_KEY_SECRET), SERVICE, change, same);
        assert_eq!(
            cause(&fault),
            "the time stamp 2027-01-15T08:00:00Z was changed in transit"
        );
    }
}

#[test]
fn a_local_clock_that_is_too_wrong_to_be_corrected_is_reported_with_both_times() {
    for scheme in BOTH {
        let a_month_ahead = SERVICE + 30 * 24 * 3_600;
        let fault = refused(scheme, key(ACCESS_KEY_SECRET), a_month_ahead, |_| {}, same);
        assert_eq!(
            cause(&fault),
            "the local clock is wrong: it showed 2027-02-14T08:00:00Z when the service's clock showed \
             2027-01-15T08:00:00Z"
        );
    }
}

#[test]
fn a_security_token_is_compared_and_never_shown() {
    for scheme in BOTH {
        let temporary = |secret| Credentials::temporary("temporary", secret, TOKEN).unwrap();
        let fault = refused(scheme, temporary("wrong"), SERVICE, |_| {}, same);
        assert_eq!(fault.mismatch, Some(Mismatch::Key));
        cause(&fault);
    }
}

#[test]
fn the_cause_is_unknown_if_the_message_has_no_string_to_sign() {
    let silent = |_| br#"{"Code":"SignatureDoesNotMatch","Message":"no"}"#.to_vec();
    for scheme in BOTH {
        let fault = refused(scheme, key("another"), SERVICE, |_| {}, silent);
        assert_eq!(fault.mismatch, Some(Mismatch::Unknown));
        assert_eq!(
            cause(&fault),
            "the service did not report what is different"
        );
    }
}

#[test]
fn without_a_canonical_request_only_a_wrong_secret_is_recognized() {
    let short = |body: Vec<u8>| {
        let body = String::from_utf8(body).unwrap();
        let (start, end) = body.split_once(" server CanonicalRequest is [").unwrap();
        let (_, end) = end.rsplit_once(']').unwrap();
        format!("{start}{end}").into_bytes()
    };
    let fault = refused(BOTH[0], key("another"), SERVICE, |_| {}, short);
    assert_eq!(fault.mismatch, Some(Mismatch::Key));
    let host = |request: &mut IncomingRequest| {
        let host = request.headers.iter_mut().find(|(name, _)| name == "host");
        host.unwrap().1 = "proxy".into();
    };
    let fault = refused(BOTH[0], key(ACCESS_KEY_SECRET), SERVICE, host, short);
    assert_eq!(fault.mismatch, Some(Mismatch::Unknown));
}

#[test]
fn another_refusal_has_no_mismatch() {
    let other = |_| br#"{"Code":"Forbidden.RAM","Message":"server StringToSign is [x]"}"#.to_vec();
    let fault = refused(BOTH[0], key(ACCESS_KEY_SECRET), SERVICE, |_| {}, other);
    assert_eq!(fault.mismatch, None);
}

/// The simulator does not support SM3; this service only refuses its signatures.
#[cfg(feature = "sm3")]
mod sm3 {
    use core::fmt::Write;

    use ::sm3::Sm3;
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::Digest;

    use super::*;

    const SCHEME: Scheme = Scheme::Acs3HmacSm3;

    fn hex(bytes: &[u8]) -> String {
        let mut text = String::new();
        for byte in bytes {
            write!(text, "{byte:02x}").unwrap();
        }
        text
    }

    fn header<'r>(request: &'r IncomingRequest, name: &str) -> &'r str {
        let found = request.headers.iter().find(|(have, _)| have == name);
        &found.unwrap().1
    }

    /// The canonical request and the string to sign of a request, by the vendor's description.
    fn strings(request: &IncomingRequest) -> (String, String) {
        let (path, query) = request.target.split_once('?').unwrap();
        let (_, rest) = header(request, "authorization")
            .split_once(",SignedHeaders=")
            .unwrap();
        let (names, _) = rest.split_once(',').unwrap();
        let lines = names.split(';');
        let lines: Vec<String> = lines
            .map(|name| format!("{name}:{}\n", header(request, name)))
            .collect();
        let lines = lines.concat();
        let method = &request.method;
        let payload = hex(&Sm3::digest(&request.body));
        let canonical = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{payload}");
        let to_sign = format!("ACS3-HMAC-SM3\n{}", hex(&Sm3::digest(&canonical)));
        (canonical, to_sign)
    }

    fn is_signed_with(secret: &str, request: &IncomingRequest) -> bool {
        let mut mac = <Hmac<Sm3> as KeyInit>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(strings(request).1.as_bytes());
        let signature = hex(&mac.finalize().into_bytes());
        header(request, "authorization").ends_with(&format!(",Signature={signature}"))
    }

    fn reply(code: &str, message: &str) -> Response {
        let body = serde_json::json!({"Code": code, "Message": message, "RequestId": "R"});
        let date = "Fri, 15 Jan 2027 08:00:00 GMT".to_owned();
        let head = Head::new(400, vec![("date".to_owned(), date)]);
        Response::new(head, body.to_string().into_bytes())
    }

    fn refused(secret: &str, proxy: impl Fn(&mut IncomingRequest)) -> ServiceError {
        refused_by(SCHEME, key(secret), SERVICE, |mut request| {
            assert!(is_signed_with(secret, &request), "unchanged it is valid");
            proxy(&mut request);
            assert!(!is_signed_with(ACCESS_KEY_SECRET, &request));
            let (canonical, to_sign) = strings(&request);
            let message = format!(
                "server StringToSign is [{to_sign}] server CanonicalRequest is [{canonical}]"
            );
            reply("SignatureDoesNotMatch", &message)
        })
    }

    #[test]
    fn a_wrong_secret_is_recognized() {
        let fault = refused("another", |_| {});
        assert_eq!(fault.mismatch, Some(Mismatch::Key));
        let clause = "the service signed the same string, so the access key secret is wrong";
        assert_eq!(cause(&fault), clause);
    }

    type Change<'c> = &'c dyn Fn(&mut IncomingRequest);

    #[test]
    fn changed_parts_are_named() {
        let header = |request: &mut IncomingRequest| {
            let mut headers = request.headers.iter_mut();
            let version = headers.find(|(name, _)| name == "x-acs-version").unwrap();
            version.1 = "2019-03-08".into();
        };
        let parameter = |request: &mut IncomingRequest| {
            request.target = replaced(&request.target, NUMBER, "110101199001011237");
        };
        let body = |request: &mut IncomingRequest| request.body.push(b'x');
        let date = |request: &mut IncomingRequest| {
            let mut headers = request.headers.iter_mut();
            let date = headers.find(|(name, _)| name == "x-acs-date").unwrap();
            date.1 = "2027-01-15T08:00:01Z".into();
        };
        let changes: [(Change<'_>, &str); 4] = [
            (&header, "header x-acs-version was changed in transit"),
            (&parameter, "parameter CertNo was changed in transit"),
            (&body, "the body was changed in transit"),
            (
                &date,
                "the time stamp 2027-01-15T08:00:00Z was changed in transit",
            ),
        ];
        for (change, clause) in changes {
            assert_eq!(cause(&refused(ACCESS_KEY_SECRET, change)), clause);
        }
    }

    #[test]
    fn a_local_clock_that_is_too_wrong_is_reported_with_both_times() {
        let ahead = SERVICE + 30 * 24 * 3_600;
        let expired = |_| reply("InvalidTimeStamp.Expired", "no");
        let fault = refused_by(SCHEME, key(ACCESS_KEY_SECRET), ahead, expired);
        assert_eq!(
            cause(&fault),
            "the local clock is wrong: it showed 2027-02-14T08:00:00Z when the service's clock showed \
             2027-01-15T08:00:00Z"
        );
    }
}
