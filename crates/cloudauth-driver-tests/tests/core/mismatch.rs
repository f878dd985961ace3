//! The error of a refused signature names its cause, in whole calls against the simulated service.

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

const SCHEMES: [Scheme; 3] = [
    Scheme::Acs3HmacSha256,
    Scheme::RpcHmacSha1,
    Scheme::Acs3HmacSm3,
];

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
    for scheme in SCHEMES {
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
        let fault = refused(SCHEMES[0], key(ACCESS_KEY_SECRET), SERVICE, change, same);
        assert_eq!(cause(&fault), clause);
    }
}

#[test]
fn a_changed_or_removed_parameter_is_named() {
    let clause = "parameter CertNo was changed in transit";
    let in_query = |request: &mut IncomingRequest| {
        request.target = replaced(&request.target, NUMBER, "110101199001011237");
    };
    let fault = refused(SCHEMES[0], key(ACCESS_KEY_SECRET), SERVICE, in_query, same);
    assert_eq!(cause(&fault), clause);
    let in_form = |request: &mut IncomingRequest| {
        let body = String::from_utf8(request.body.clone()).unwrap();
        request.body = replaced(&body, NUMBER, "110101199001011237").into_bytes();
    };
    let fault = refused(SCHEMES[1], key(ACCESS_KEY_SECRET), SERVICE, in_form, same);
    assert_eq!(cause(&fault), clause);
    let lost = |request: &mut IncomingRequest| {
        let pair = format!("CertNo={NUMBER}&");
        request.target = replaced(&request.target, &pair, "");
    };
    let fault = refused(SCHEMES[0], key(ACCESS_KEY_SECRET), SERVICE, lost, same);
    assert_eq!(cause(&fault), clause);
}

#[test]
fn an_added_parameter_is_not_named_since_its_name_may_be_a_value() {
    let add = |request: &mut IncomingRequest| request.target.push_str("&330103199001011230=x");
    let fault = refused(SCHEMES[0], key(ACCESS_KEY_SECRET), SERVICE, add, same);
    assert_eq!(fault.mismatch, Some(Mismatch::Added));
    assert_eq!(
        cause(&fault),
        "a parameter or a header was added in transit"
    );
}

#[test]
fn a_changed_body_or_method_is_recognized() {
    let body = |request: &mut IncomingRequest| request.body.push(b'x');
    let fault = refused(SCHEMES[0], key(ACCESS_KEY_SECRET), SERVICE, body, same);
    assert_eq!(cause(&fault), "the body was changed in transit");
    let hash = |request: &mut IncomingRequest| {
        let names = request.headers.iter_mut();
        let mut hashes = names.filter(|(name, _)| name == "x-acs-content-sha256");
        hashes.next().unwrap().1.replace_range(..1, "g");
    };
    let fault = refused(SCHEMES[0], key(ACCESS_KEY_SECRET), SERVICE, hash, same);
    assert_eq!(cause(&fault), "the body was changed in transit");
    for scheme in SCHEMES {
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
    for scheme in SCHEMES {
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
    for scheme in SCHEMES {
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
    for scheme in SCHEMES {
        let temporary = |secret| Credentials::temporary("temporary", secret, TOKEN).unwrap();
        let fault = refused(scheme, temporary("wrong"), SERVICE, |_| {}, same);
        assert_eq!(fault.mismatch, Some(Mismatch::Key));
        cause(&fault);
    }
}

#[test]
fn the_cause_is_unknown_if_the_message_has_no_string_to_sign() {
    let silent = |_| br#"{"Code":"SignatureDoesNotMatch","Message":"no"}"#.to_vec();
    for scheme in SCHEMES {
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
    let fault = refused(SCHEMES[0], key("another"), SERVICE, |_| {}, short);
    assert_eq!(fault.mismatch, Some(Mismatch::Key));
    let host = |request: &mut IncomingRequest| {
        let host = request.headers.iter_mut().find(|(name, _)| name == "host");
        host.unwrap().1 = "proxy".into();
    };
    let fault = refused(SCHEMES[0], key(ACCESS_KEY_SECRET), SERVICE, host, short);
    assert_eq!(fault.mismatch, Some(Mismatch::Unknown));
}

#[test]
fn another_refusal_has_no_mismatch() {
    let other = |_| br#"{"Code":"Forbidden.RAM","Message":"server StringToSign is [x]"}"#.to_vec();
    let fault = refused(SCHEMES[0], key(ACCESS_KEY_SECRET), SERVICE, |_| {}, other);
    assert_eq!(fault.mismatch, None);
}
