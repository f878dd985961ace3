//! Downloads of pictures and videos: the allowed hosts, the accepted files, retries and limits.
#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use core::time::Duration;

use cloudauth_proto::driver::{
    Delivery, Exchange, Failure, Head, MonoTime, Now, Response, UriScheme,
};
use cloudauth_proto::error::{EvidenceErrorKind, EvidenceKind};
use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::verify::{Evidence, EvidenceFile, FetchEvidence, PollVerdict};
use cloudauth_proto::{Error, Flow, Policy, Session, Step, UnixTime};
use common::session;
use serde_json::{Value, json};

const JPEG: &[u8] = b"\xff\xd8\xff\xe0 a face\xff\xd9";
const LINK: &str = "https://bucket.oss-cn-shanghai.aliyuncs.com/a/b.jpg?Expires=1&Signature=s%2B";

fn now(millis: u64) -> Now {
    Now {
        mono: MonoTime::new(Duration::from_millis(millis)),
        unix: UnixTime::from_seconds(1_800_000_000 + millis / 1_000),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "as a driver reports it")]
fn response(status: u16, body: &[u8]) -> Result<Response, Failure> {
    Ok(Response::new(Head::new(status, Vec::new()), body.into()))
}

/// The pictures and videos of a verdict with this material, received at time zero.
fn evidence(material: &Value) -> Vec<Evidence> {
    let material = material.to_string();
    let body = json!({"Code": "200", "ResultObject": {"Passed": "T", "MaterialInfo": material}});
    let mut session = session();
    let mut flow = PollVerdict::once(DescribeFaceVerify::new(7, "sha1"));
    let Step::Send(exchange) = flow.poll(&mut session, now(0)) else {
        panic!("the flow does not query");
    };
    let response = response(200, body.to_string().as_bytes());
    flow.report(&mut session, exchange.id(), response, now(0));
    let Step::Done(Ok(Some(verdict))) = flow.poll(&mut session, now(0)) else {
        panic!("the flow is not done");
    };
    verdict.reply().evidence().unwrap()
}

fn face(link: &str) -> Evidence {
    let material = json!({"facialPictureFront": {"pictureUrl": link}});
    evidence(&material).remove(0)
}

fn video() -> Evidence {
    let material = json!({"facialPictureFront": {"verifyVideoUrl": LINK}});
    evidence(&material).remove(0)
}

/// Runs a download with these responses, one after the other. Returns the exchanges and the result.
fn fetch(
    mut flow: FetchEvidence,
    session: &mut Session,
    responses: Vec<Result<Response, Failure>>,
    start: u64,
) -> (Vec<Exchange>, Result<EvidenceFile, Error>) {
    let (mut millis, mut sent) = (start, Vec::new());
    let mut responses = responses.into_iter();
    loop {
        match flow.poll(session, now(millis)) {
            Step::Send(exchange) => {
                let response = responses.next().unwrap();
                flow.report(session, exchange.id(), response, now(millis));
                sent.push(exchange);
            }
            Step::Wait(_) => millis += 50,
            Step::Done(result) => return (sent, result),
            Step::Abandon(_)
            | Step::Authenticate(_)
            | Step::Read { .. }
            | Step::Run { .. }
            | Step::Provide { .. } => {
                panic!("unexpected step");
            }
        }
    }
}

fn fetched(
    flow: FetchEvidence,
    response: Result<Response, Failure>,
) -> Result<EvidenceFile, Error> {
    fetch(flow, &mut session(), vec![response], 0).1
}

#[track_caller]
fn unfetched(result: Result<EvidenceFile, Error>) -> EvidenceErrorKind {
    match result {
        Err(Error::Evidence(error)) => error.kind,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_verdict_lists_the_pictures_and_videos_that_have_links() {
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
fn downloads_use_tls_even_if_the_link_is_http() {
    for link in [
        LINK.to_owned(),
        LINK.replace("https:", "http:"),
        format!("{LINK}#top"),
    ] {
        let flow = FetchEvidence::new(face(&link));
        assert!(!format!("{flow:?}").contains("Signature"));
        let (sent, result) = fetch(flow, &mut session(), vec![response(200, JPEG)], 0);
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
        assert_eq!(format!("{fetched:?}"), "EvidenceFile(image/jpeg, 13 bytes)");
    }
}

#[test]
fn only_hosts_of_the_vendor_are_contacted() {
    for link in [
        "https://aliyuncs.com.evil.example/a",
        "https://evilaliyuncs.com/a",
        "https://oss.aliyuncs.com:8443/a",
        "http://100.100.100.200/latest/meta-data/",
        "https://localhost/a",
    ] {
        let (sent, result) = fetch(
            FetchEvidence::new(face(link)),
            &mut session(),
            Vec::new(),
            0,
        );
        assert_eq!(unfetched(result), EvidenceErrorKind::ForeignHost, "{link}");
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
        let (_, result) = fetch(
            FetchEvidence::new(face(link)),
            &mut session(),
            Vec::new(),
            0,
        );
        assert_eq!(unfetched(result), EvidenceErrorKind::InvalidLink, "{link}");
    }
    let gateway = FetchEvidence::new(face("http://127.0.0.1:9/a?b"))
        .store("http://127.0.0.1:8".parse().unwrap());
    let (sent, result) = fetch(gateway, &mut session(), vec![response(200, JPEG)], 0);
    let request = sent[0].sign();
    assert_eq!(
        (request.authority.as_ref(), request.target.as_str()),
        ("127.0.0.1:8", "/a?b")
    );
    assert!(result.is_ok());
}

#[test]
fn files_of_another_type_are_refused() {
    let mp4 = b"\0\0\0\x10ftypmp42....";
    let of = |evidence: Evidence, body: &[u8]| {
        fetched(FetchEvidence::new(evidence), response(200, body))
    };
    assert_eq!(
        of(face(LINK), b"\x89PNG\r\n\x1a\n\0\0\0\0IEND\xae\x42\x60\x82")
            .unwrap()
            .media_type,
        "image/png"
    );
    assert_eq!(of(video(), mp4).unwrap().media_type, "video/mp4");
    assert_eq!(
        of(video(), b"\x1a\x45\xdf\xa3webm").unwrap().media_type,
        "video/webm"
    );
    for body in [&b""[..], b"<html>", mp4, b"\xff\xd8"] {
        assert_eq!(
            unfetched(of(face(LINK), body)),
            EvidenceErrorKind::UnexpectedType
        );
    }
    for body in [&b""[..], b"<Error>", JPEG, b"\0\0\0\x18fty"] {
        assert_eq!(
            unfetched(of(video(), body)),
            EvidenceErrorKind::UnexpectedType
        );
    }
}

#[test]
fn redirects_are_not_followed_and_refusals_are_not_retried() {
    for (status, expected) in [
        (302, "HTTP 302"),
        (403, "HTTP 403, code AccessDenied"),
        (404, "HTTP 404"),
    ] {
        let body = if status == 403 {
            "<Error><Code>AccessDenied</Code></Error>"
        } else {
            ""
        };
        let flow = FetchEvidence::new(face(LINK));
        let (sent, result) = fetch(
            flow,
            &mut session(),
            vec![response(status, body.as_bytes())],
            0,
        );
        assert_eq!(sent.len(), 1);
        let error = result.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!error.to_string().contains("Signature"));
        assert!(!error.may_have_been_carried_out() && !error.is_retryable());
        // The code of the store is not one of the service.
        assert!(error.code().is_none() || error.meaning().is_none());
        assert_eq!(unfetched(Err(error)), EvidenceErrorKind::NotReturned);
    }
}

#[test]
fn transient_failures_are_retried() {
    let lost = || Err(Failure::new(Delivery::MaybeSent, "lost"));
    let responses = vec![
        lost(),
        response(503, b""),
        response(429, b""),
        response(200, JPEG),
    ];
    let (sent, result) = fetch(FetchEvidence::new(face(LINK)), &mut session(), responses, 0);
    assert_eq!(
        (sent.len(), result.unwrap().contents.len()),
        (4, JPEG.len())
    );
    let cut = || response(200, &JPEG[..9]);
    let responses = vec![cut(), response(200, JPEG)];
    let (sent, result) = fetch(FetchEvidence::new(face(LINK)), &mut session(), responses, 0);
    assert_eq!(
        (sent.len(), result.unwrap().contents.len()),
        (2, JPEG.len())
    );

    let responses = (0..4).map(|_| lost()).collect();
    let (sent, result) = fetch(FetchEvidence::new(face(LINK)), &mut session(), responses, 0);
    assert_eq!(sent.len(), 4);
    let error = result.unwrap_err();
    assert_eq!(error.attempts().len(), 4);
    assert!(error.is_retryable());
    // The name of the bucket is in none of them; the region is.
    let shown = format!("{error:?} {error} {:?} {:?}", sent[0], sent[0].sign());
    assert!(!shown.contains("bucket."), "{shown}");
    assert!(shown.contains("oss-cn-shanghai.aliyuncs.com"), "{shown}");
    assert_eq!(error.to_string().matches("lost").count(), 1, "{error}");
    assert_eq!(unfetched(Err(error)), EvidenceErrorKind::NotReturned);
}

#[test]
fn a_link_expires_after_fifteen_minutes() {
    let responses = || vec![response(200, JPEG)];
    let last = 15 * 60_000 - 1;
    let (sent, result) = fetch(
        FetchEvidence::new(face(LINK)),
        &mut session(),
        responses(),
        last,
    );
    assert!(result.is_ok());
    assert_eq!(sent[0].timeouts().total, Duration::from_secs(1));
    let (sent, result) = fetch(
        FetchEvidence::new(face(LINK)),
        &mut session(),
        responses(),
        last + 1,
    );
    assert!(sent.is_empty());
    assert_eq!(unfetched(result), EvidenceErrorKind::LinkExpired);
}

#[test]
fn files_above_the_limit_are_refused() {
    let limited = || FetchEvidence::new(face(LINK)).limit(JPEG.len());
    let (sent, result) = fetch(limited(), &mut session(), vec![response(200, JPEG)], 0);
    assert_eq!(sent[0].response_limit(), JPEG.len());
    assert!(result.is_ok());
    let larger = [JPEG, b"x"].concat();
    let limit = JPEG.len();
    let result = fetched(limited(), response(200, &larger));
    assert_eq!(unfetched(result), EvidenceErrorKind::TooLarge { limit });

    let mut policy = Policy::default();
    policy.response_limit = 5;
    let mut session = session().policy(policy);
    let (_, result) = fetch(
        FetchEvidence::new(face(LINK)),
        &mut session,
        vec![response(200, JPEG)],
        0,
    );
    assert_eq!(unfetched(result), EvidenceErrorKind::TooLarge { limit: 5 });
}
