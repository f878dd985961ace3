//! Pictures and videos of a verdict: which hosts are asked, and what is taken for a picture.
#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use core::time::Duration;

use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::verify::{Evidence, EvidenceKind, Fetch, Fetched, Unfetched, Watch};
use cloudauth_proto::{
    Error, Exchange, Failure, Flow, Head, MonoTime, Now, Policy, Response, Sent, Session, Step,
    UnixTime, UriScheme,
};
use common::session;
use serde_json::{Value, json};

const JPEG: &[u8] = b"\xff\xd8\xff\xe0 a face";
const LINK: &str = "https://bucket.oss-cn-shanghai.aliyuncs.com/a/b.jpg?Expires=1&Signature=s%2B";

fn now(millis: u64) -> Now {
    Now {
        mono: MonoTime::new(Duration::from_millis(millis)),
        unix: UnixTime::from_seconds(1_800_000_000 + millis / 1_000),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "as a driver reports it")]
fn answer(status: u16, body: &[u8]) -> Result<Response, Failure> {
    Ok(Response::new(Head::new(status, Vec::new()), body.into()))
}

/// The evidence of a verdict with this material, given at the beginning.
fn evidence(material: &Value) -> Vec<Evidence> {
    let material = material.to_string();
    let body = json!({"Code": "200", "ResultObject": {"Passed": "T", "MaterialInfo": material}});
    let mut session = session();
    let mut watch = Watch::once(DescribeFaceVerify::new(7, "sha1"));
    let Step::Send(exchange) = watch.poll(&mut session, now(0)) else {
        panic!("does not ask");
    };
    let reply = answer(200, body.to_string().as_bytes());
    watch.report(&mut session, exchange.id(), reply, now(0));
    let Step::Done(Ok(Some(verified))) = watch.poll(&mut session, now(0)) else {
        panic!("is not done");
    };
    verified.evidence().unwrap()
}

fn face(link: &str) -> Evidence {
    let material = json!({"facialPictureFront": {"pictureUrl": link}});
    evidence(&material).remove(0)
}

fn video() -> Evidence {
    let material = json!({"facialPictureFront": {"verifyVideoUrl": LINK}});
    evidence(&material).remove(0)
}

/// Fetches with these replies, one after the other; what was sent, and what came of it.
fn fetch(
    mut flow: Fetch,
    session: &mut Session,
    replies: Vec<Result<Response, Failure>>,
    begin: u64,
) -> (Vec<Exchange>, Result<Fetched, Error>) {
    let (mut millis, mut sent) = (begin, Vec::new());
    let mut replies = replies.into_iter();
    loop {
        match flow.poll(session, now(millis)) {
            Step::Send(exchange) => {
                let reply = replies.next().unwrap();
                flow.report(session, exchange.id(), reply, now(millis));
                sent.push(exchange);
            }
            Step::Wait(_) => millis += 50,
            Step::Done(result) => return (sent, result),
            Step::Abandon(_) | Step::Authenticate(_) | Step::Read(_) | Step::Run { .. } => {
                panic!("wants something else");
            }
        }
    }
}

fn fetched(flow: Fetch, reply: Result<Response, Failure>) -> Result<Fetched, Error> {
    fetch(flow, &mut session(), vec![reply], 0).1
}

#[track_caller]
fn unfetched(result: Result<Fetched, Error>) -> Unfetched {
    match result {
        Err(Error::Evidence(error)) => error.reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_verdict_lists_what_there_are_links_to() {
    let all = evidence(&json!({
        "facialPictureFront": {"pictureUrl": LINK, "verifyVideoUrl": LINK, "ossObjectName": "x"},
        "ocrPictureFront": {"ossIdFaceUrl": LINK, "ossIdNationalEmblemUrl": LINK},
    }));
    let kinds: Vec<_> = all.iter().map(Evidence::kind).collect();
    let expected = [
        EvidenceKind::Face,
        EvidenceKind::Video,
        EvidenceKind::CardFace,
        EvidenceKind::CardEmblem,
    ];
    assert_eq!(kinds, expected);
    assert_eq!(all[0].until(), UnixTime::from_seconds(1_800_000_900));
    assert!(evidence(&json!({"facialPictureFront": {"pictureUrl": ""}})).is_empty());
    assert!(evidence(&json!({})).is_empty());
    assert!(!format!("{all:?}").contains("Signature"));
}

#[test]
fn a_picture_is_fetched_over_tls_whatever_the_link_says() {
    for link in [
        LINK.to_owned(),
        LINK.replace("https:", "http:"),
        format!("{LINK}#top"),
    ] {
        let flow = Fetch::new(face(&link));
        assert!(!format!("{flow:?}").contains("Signature"));
        let (sent, result) = fetch(flow, &mut session(), vec![answer(200, JPEG)], 0);
        let request = sent[0].sign();
        assert_eq!(request.scheme, UriScheme::Https);
        assert_eq!(request.authority, "bucket.oss-cn-shanghai.aliyuncs.com");
        assert_eq!(request.target, "/a/b.jpg?Expires=1&Signature=s%2B");
        let is_accept = |(name, _): &&(&str, _)| *name == "accept";
        assert_eq!(request.headers.iter().find(is_accept).unwrap().1, "*/*");
        assert!(!format!("{:?}", sent[0]).contains("Signature"));
        let fetched = result.unwrap();
        assert_eq!(
            (fetched.media_type, fetched.contents.as_slice()),
            ("image/jpeg", JPEG)
        );
        assert_eq!(format!("{fetched:?}"), "Fetched(image/jpeg, 11 bytes)");
    }
}

#[test]
fn only_the_vendor_s_hosts_are_asked() {
    for link in [
        "https://aliyuncs.com.evil.example/a",
        "https://evilaliyuncs.com/a",
        "https://oss.aliyuncs.com:8443/a",
        "http://100.100.100.200/latest/meta-data/",
        "https://localhost/a",
    ] {
        let (sent, result) = fetch(Fetch::new(face(link)), &mut session(), Vec::new(), 0);
        assert_eq!(unfetched(result), Unfetched::ForeignHost, "{link}");
        assert!(sent.is_empty());
    }
    for link in [
        "ftp://oss.aliyuncs.com/a",
        "https://oss.aliyuncs.com",
        "https://user@oss.aliyuncs.com/a",
        "https://oss.aliyuncs.com\\@evil.example/a",
        "https://oss.aliyuncs.com/a b",
        "https://oss.aliyuncs.com/a\r\nx: y",
        "//oss.aliyuncs.com/a",
        "null",
    ] {
        let (_, result) = fetch(Fetch::new(face(link)), &mut session(), Vec::new(), 0);
        assert_eq!(unfetched(result), Unfetched::BadLink, "{link}");
    }
    let gateway =
        Fetch::new(face("http://127.0.0.1:9/a?b")).store("http://127.0.0.1:8".parse().unwrap());
    let (sent, result) = fetch(gateway, &mut session(), vec![answer(200, JPEG)], 0);
    let request = sent[0].sign();
    assert_eq!(
        (request.authority.as_ref(), request.target.as_str()),
        ("127.0.0.1:8", "/a?b")
    );
    assert!(result.is_ok());
}

#[test]
fn what_comes_must_be_what_it_should_be() {
    let mp4 = b"\0\0\0\x18ftypmp42....";
    let of = |evidence: Evidence, body: &[u8]| fetched(Fetch::new(evidence), answer(200, body));
    assert_eq!(
        of(face(LINK), b"\x89PNG\r\n\x1a\n").unwrap().media_type,
        "image/png"
    );
    assert_eq!(of(video(), mp4).unwrap().media_type, "video/mp4");
    assert_eq!(
        of(video(), b"\x1a\x45\xdf\xa3webm").unwrap().media_type,
        "video/webm"
    );
    for body in [&b""[..], b"<html>", mp4, b"\xff\xd8"] {
        assert_eq!(unfetched(of(face(LINK), body)), Unfetched::OtherKind);
    }
    for body in [&b""[..], b"<Error>", JPEG, b"\0\0\0\x18fty"] {
        assert_eq!(unfetched(of(video(), body)), Unfetched::OtherKind);
    }
}

#[test]
fn redirects_and_refusals_are_not_followed_or_repeated() {
    for (status, told) in [
        (302, "HTTP 302"),
        (403, "HTTP 403, code AccessDenied"),
        (404, "HTTP 404"),
    ] {
        let body = if status == 403 {
            "<Error><Code>AccessDenied</Code></Error>"
        } else {
            ""
        };
        let flow = Fetch::new(face(LINK));
        let (sent, result) = fetch(
            flow,
            &mut session(),
            vec![answer(status, body.as_bytes())],
            0,
        );
        assert_eq!(sent.len(), 1);
        let error = result.unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
        assert!(!error.to_string().contains("Signature"));
        assert!(!error.may_have_been_carried_out());
        assert_eq!(unfetched(Err(error)), Unfetched::NoAnswer);
    }
}

#[test]
fn failures_that_may_pass_are_tried_again() {
    let lost = || Err(Failure::new(Sent::Maybe, "lost"));
    let replies = vec![
        lost(),
        answer(503, b""),
        answer(429, b""),
        answer(200, JPEG),
    ];
    let (sent, result) = fetch(Fetch::new(face(LINK)), &mut session(), replies, 0);
    assert_eq!(
        (sent.len(), result.unwrap().contents.len()),
        (4, JPEG.len())
    );

    let replies = (0..4).map(|_| lost()).collect();
    let (sent, result) = fetch(Fetch::new(face(LINK)), &mut session(), replies, 0);
    assert_eq!(sent.len(), 4);
    let error = result.unwrap_err();
    assert_eq!(error.attempts().len(), 4);
    assert_eq!(unfetched(Err(error)), Unfetched::NoAnswer);
}

#[test]
fn a_link_is_over_after_fifteen_minutes() {
    let replies = || vec![answer(200, JPEG)];
    let last = 15 * 60_000 - 1;
    let (sent, result) = fetch(Fetch::new(face(LINK)), &mut session(), replies(), last);
    assert!(result.is_ok());
    assert_eq!(sent[0].timeouts().whole, Duration::from_secs(1));
    let (sent, result) = fetch(Fetch::new(face(LINK)), &mut session(), replies(), last + 1);
    assert!(sent.is_empty());
    assert_eq!(unfetched(result), Unfetched::Late);
}

#[test]
fn what_is_too_large_is_cut_off() {
    let limited = || Fetch::new(face(LINK)).limit(JPEG.len());
    let (sent, result) = fetch(limited(), &mut session(), vec![answer(200, JPEG)], 0);
    assert_eq!(sent[0].reply_limit(), JPEG.len());
    assert!(result.is_ok());
    let larger = [JPEG, b"x"].concat();
    let limit = JPEG.len();
    let result = fetched(limited(), answer(200, &larger));
    assert_eq!(unfetched(result), Unfetched::TooLarge { limit });

    let mut policy = Policy::default();
    policy.reply_limit = 5;
    let mut session = session().policy(policy);
    let (_, result) = fetch(
        Fetch::new(face(LINK)),
        &mut session,
        vec![answer(200, JPEG)],
        0,
    );
    assert_eq!(unfetched(result), Unfetched::TooLarge { limit: 5 });
}
