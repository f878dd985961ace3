//! A refused signature is explained: what the error says for each cause, through the call machine,
//! against the simulated service.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::sign::Mismatch;
use cloudauth_proto::{
    Call, CallOptions, Credentials, Error, Fault, Flow, Head, MonoTime, Now, Response, Scheme,
    Session, Step, UnixTime,
};
use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Incoming, Reaction, Region, World};

const SERVICE: u64 = 1_800_000_000;
const NAME: &str = "欧阳小丽";
const NUMBER: &str = "330103199001011234";
const TOKEN: &str = "sts-T0ken+/=";

/// Asks the simulator through something on the way that changes the request, then the reply.
fn refused(
    scheme: Scheme,
    credentials: Credentials,
    our_clock: u64,
    on_the_way: impl Fn(&mut Incoming),
    on_the_way_back: impl Fn(Vec<u8>) -> Vec<u8>,
) -> Fault {
    let mut world = World::new();
    world.add_sts_key("temporary", "secret", TOKEN);
    refused_by(scheme, credentials, our_clock, |mut request| {
        on_the_way(&mut request);
        match world.handle(Region::Shanghai, &request, SERVICE) {
            Reaction::Answer {
                status,
                headers,
                body,
            } => Response::new(Head::new(status, headers), on_the_way_back(body)),
            reaction @ (Reaction::Refuse
            | Reaction::Reset
            | Reaction::Hang
            | Reaction::Truncate { .. }
            | Reaction::Trickle { .. }
            | Reaction::Last { .. }) => panic!("{reaction:?}"),
        }
    })
}

/// Asks whoever answers so.
fn refused_by(
    scheme: Scheme,
    credentials: Credentials,
    our_clock: u64,
    mut answer: impl FnMut(Incoming) -> Response,
) -> Fault {
    let operation = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .cert_name(NAME)
        .cert_no(NUMBER)
        .model("LIVENESS");
    let mut call = Call::new(&operation, CallOptions::new()).unwrap();
    let mut session = Session::new(credentials, [3; 32]).scheme(scheme);
    let now = Now {
        mono: MonoTime::default(),
        unix: UnixTime::from_seconds(our_clock),
    };
    loop {
        match call.poll(&mut session, now) {
            Step::Send(exchange) => {
                let response = answer(Incoming::from(&exchange.sign()));
                call.report(&mut session, exchange.id(), Ok(response), now);
            }
            Step::Authenticate(_) | Step::Read(_) | Step::Run { .. } => panic!("the key was given"),
            Step::Done(Err(Error::Service(fault))) => return *fault,
            other @ (Step::Abandon(_) | Step::Wait(_) | Step::Done(_)) => panic!("{other:?}"),
        }
    }
}

fn key(secret: &str) -> Credentials {
    Credentials::access_key(ACCESS_KEY_ID, secret).unwrap()
}

const BOTH: [Scheme; 2] = [Scheme::Acs3HmacSha256, Scheme::RpcHmacSha1];

/// What the error says of the signature; it must not say more.
#[track_caller]
fn told(fault: &Fault) -> String {
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
fn a_wrong_secret_is_told_from_everything_else() {
    for scheme in BOTH {
        let fault = refused(scheme, key("another"), SERVICE, |_| {}, same);
        assert_eq!(fault.mismatch, Some(Mismatch::Key));
        let clause = "the service signed the same text: the secret is wrong";
        assert_eq!(told(&fault), clause);
    }
}

#[test]
fn a_header_that_a_proxy_changed_is_named() {
    for (name, clause) in [
        ("host", "the header host was changed on the way"),
        (
            "x-acs-version",
            "the header x-acs-version was changed on the way",
        ),
        (
            "content-type",
            "the header content-type was changed on the way",
        ),
    ] {
        let change = |request: &mut Incoming| {
            let header = request.headers.iter_mut().find(|(have, _)| have == name);
            header.unwrap().1.push_str(";proxied=1");
        };
        let fault = refused(BOTH[0], key(ACCESS_KEY_SECRET), SERVICE, change, same);
        assert_eq!(told(&fault), clause);
    }
}

#[test]
fn a_parameter_that_arrived_changed_is_named() {
    let clause = "the parameter CertNo arrived changed";
    let in_query = |request: &mut Incoming| {
        request.target = replaced(&request.target, NUMBER, "110101199001011234");
    };
    let fault = refused(BOTH[0], key(ACCESS_KEY_SECRET), SERVICE, in_query, same);
    assert_eq!(told(&fault), clause);
    let in_form = |request: &mut Incoming| {
        let body = String::from_utf8(request.body.clone()).unwrap();
        request.body = replaced(&body, NUMBER, "110101199001011234").into_bytes();
    };
    let fault = refused(BOTH[1], key(ACCESS_KEY_SECRET), SERVICE, in_form, same);
    assert_eq!(told(&fault), clause);
    let lost = |request: &mut Incoming| {
        let pair = format!("CertNo={NUMBER}&");
        request.target = replaced(&request.target, &pair, "");
    };
    let fault = refused(BOTH[0], key(ACCESS_KEY_SECRET), SERVICE, lost, same);
    assert_eq!(told(&fault), clause);
}

#[test]
fn what_was_added_is_not_named_since_nobody_knows_what_it_is() {
    let add = |request: &mut Incoming| request.target.push_str("&330103199001011234=x");
    let fault = refused(BOTH[0], key(ACCESS_KEY_SECRET), SERVICE, add, same);
    assert_eq!(fault.mismatch, Some(Mismatch::Added));
    assert_eq!(
        told(&fault),
        "something was added to the request on the way"
    );
}

#[test]
fn a_body_or_a_method_that_arrived_changed_is_told() {
    let body = |request: &mut Incoming| request.body.push(b'x');
    let fault = refused(BOTH[0], key(ACCESS_KEY_SECRET), SERVICE, body, same);
    assert_eq!(told(&fault), "the body was changed on the way");
    let hash = |request: &mut Incoming| {
        let names = request.headers.iter_mut();
        let mut hashes = names.filter(|(name, _)| name == "x-acs-content-sha256");
        hashes.next().unwrap().1.replace_range(..1, "g");
    };
    let fault = refused(BOTH[0], key(ACCESS_KEY_SECRET), SERVICE, hash, same);
    assert_eq!(told(&fault), "the body was changed on the way");
    for scheme in BOTH {
        let method = |request: &mut Incoming| request.method = "GET".into();
        let fault = refused(scheme, key(ACCESS_KEY_SECRET), SERVICE, method, same);
        assert_eq!(
            told(&fault),
            "the method or the path was changed on the way"
        );
    }
}

#[test]
fn a_time_stamp_that_arrived_changed_is_told() {
    for scheme in BOTH {
        let change = |request: &mut Incoming| {
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
            told(&fault),
            "the time stamp 2027-01-15T08:00:00Z arrived changed"
        );
    }
}

#[test]
fn a_clock_that_is_too_wrong_to_be_corrected_is_told_with_both_times() {
    for scheme in BOTH {
        let a_month_ahead = SERVICE + 30 * 24 * 3_600;
        let fault = refused(scheme, key(ACCESS_KEY_SECRET), a_month_ahead, |_| {}, same);
        assert_eq!(
            told(&fault),
            "the clock is wrong: it said 2027-02-14T08:00:00Z when the service's said \
             2027-01-15T08:00:00Z"
        );
    }
}

#[test]
fn a_token_is_compared_and_never_shown() {
    for scheme in BOTH {
        let temporary = |secret| Credentials::temporary("temporary", secret, TOKEN).unwrap();
        let fault = refused(scheme, temporary("wrong"), SERVICE, |_| {}, same);
        assert_eq!(fault.mismatch, Some(Mismatch::Key));
        told(&fault);
    }
}

#[test]
fn a_message_that_shows_nothing_explains_nothing() {
    let silent = |_| br#"{"Code":"SignatureDoesNotMatch","Message":"no"}"#.to_vec();
    for scheme in BOTH {
        let fault = refused(scheme, key("another"), SERVICE, |_| {}, silent);
        assert_eq!(fault.mismatch, Some(Mismatch::Unknown));
        assert_eq!(
            told(&fault),
            "the service did not show where its text differs"
        );
    }
}

#[test]
fn the_shape_without_a_canonical_request_still_tells_a_wrong_secret() {
    let short = |body: Vec<u8>| {
        let body = String::from_utf8(body).unwrap();
        let (start, end) = body.split_once(" server CanonicalRequest is [").unwrap();
        let (_, end) = end.rsplit_once(']').unwrap();
        format!("{start}{end}").into_bytes()
    };
    let fault = refused(BOTH[0], key("another"), SERVICE, |_| {}, short);
    assert_eq!(fault.mismatch, Some(Mismatch::Key));
    let host = |request: &mut Incoming| {
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

/// The simulator does not know SM3; this service does nothing but refuse its signatures.
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

    fn header<'r>(request: &'r Incoming, name: &str) -> &'r str {
        let found = request.headers.iter().find(|(have, _)| have == name);
        &found.unwrap().1
    }

    /// The canonical request and the string to sign of what arrived, from the vendor's description.
    fn texts(request: &Incoming) -> (String, String) {
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

    fn is_signed_with(secret: &str, request: &Incoming) -> bool {
        let mut mac = <Hmac<Sm3> as KeyInit>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(texts(request).1.as_bytes());
        let signature = hex(&mac.finalize().into_bytes());
        header(request, "authorization").ends_with(&format!(",Signature={signature}"))
    }

    fn reply(code: &str, message: &str) -> Response {
        let body = serde_json::json!({"Code": code, "Message": message, "RequestId": "R"});
        let date = "Fri, 15 Jan 2027 08:00:00 GMT".to_owned();
        let head = Head::new(400, vec![("date".to_owned(), date)]);
        Response::new(head, body.to_string().into_bytes())
    }

    /// Through something that changes the request.
    fn refused(secret: &str, on_the_way: impl Fn(&mut Incoming)) -> Fault {
        refused_by(SCHEME, key(secret), SERVICE, |mut request| {
            assert!(is_signed_with(secret, &request), "by itself it is right");
            on_the_way(&mut request);
            assert!(!is_signed_with(ACCESS_KEY_SECRET, &request));
            let (canonical, to_sign) = texts(&request);
            let message = format!(
                "server StringToSign is [{to_sign}] server CanonicalRequest is [{canonical}]"
            );
            reply("SignatureDoesNotMatch", &message)
        })
    }

    #[test]
    fn a_wrong_secret_is_told_from_everything_else() {
        let fault = refused("another", |_| {});
        assert_eq!(fault.mismatch, Some(Mismatch::Key));
        let clause = "the service signed the same text: the secret is wrong";
        assert_eq!(told(&fault), clause);
    }

    type Change<'c> = &'c dyn Fn(&mut Incoming);

    #[test]
    fn what_a_proxy_changed_is_named() {
        let header = |request: &mut Incoming| {
            let mut headers = request.headers.iter_mut();
            let version = headers.find(|(name, _)| name == "x-acs-version").unwrap();
            version.1 = "2019-03-08".into();
        };
        let parameter = |request: &mut Incoming| {
            request.target = replaced(&request.target, NUMBER, "110101199001011234");
        };
        let body = |request: &mut Incoming| request.body.push(b'x');
        let date = |request: &mut Incoming| {
            let mut headers = request.headers.iter_mut();
            let date = headers.find(|(name, _)| name == "x-acs-date").unwrap();
            date.1 = "2027-01-15T08:00:01Z".into();
        };
        let changes: [(Change<'_>, &str); 4] = [
            (&header, "the header x-acs-version was changed on the way"),
            (&parameter, "the parameter CertNo arrived changed"),
            (&body, "the body was changed on the way"),
            (&date, "the time stamp 2027-01-15T08:00:00Z arrived changed"),
        ];
        for (change, clause) in changes {
            assert_eq!(told(&refused(ACCESS_KEY_SECRET, change)), clause);
        }
    }

    #[test]
    fn a_clock_that_is_too_wrong_is_told_with_both_times() {
        let ahead = SERVICE + 30 * 24 * 3_600;
        let expired = |_| reply("InvalidTimeStamp.Expired", "no");
        let fault = refused_by(SCHEME, key(ACCESS_KEY_SECRET), ahead, expired);
        assert_eq!(
            told(&fault),
            "the clock is wrong: it said 2027-02-14T08:00:00Z when the service's said \
             2027-01-15T08:00:00Z"
        );
    }
}
