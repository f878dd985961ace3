//! Drivers that poll and report in any order.

use core::time::Duration;

use cloudauth_proto::driver::{Delivery, ExchangeId, Failure, Head, MonoTime, Now, Response};
use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::{Call, CallOptions, Error, Flow, Operation, Session, Step, UnixTime};

use crate::input::KEY;

/// HTTP statuses and bodies of responses.
const BODIES: [(u16, &str); 8] = [
    (
        200,
        r#"{"Code":"200","ResultObject":{"CertifyId":"sha1","Passed":"T"}}"#,
    ),
    (200, r#"{"Code":"500"}"#),
    (200, r#"{"Code":"406"}"#),
    (400, r#"{"Code":"Throttling.User"}"#),
    (400, r#"{"Code":"SignatureNonceUsed"}"#),
    (400, r#"{"Code":"InvalidTimeStamp.Expired"}"#),
    (
        400,
        r#"{"Code":"SignatureDoesNotMatch","Message":"server string to sign is:"}"#,
    ),
    (503, "<html>"),
];

/// The contract of flows holds under any sequence of polls, reports of pending and past exchanges, and
/// clock changes in both directions. The first byte chooses the operation, each following pair of bytes
/// a step.
pub fn flow_any_order(bytes: &[u8]) {
    let Some((first, script)) = bytes.split_first() else {
        return;
    };
    let hedge = CallOptions::new().hedge_after(Duration::from_secs(1));
    if first % 2 == 0 {
        play(
            &InitFaceVerify::new(1, "order1", "LR_FR")
                .user_id("7")
                .meta_info("{}"),
            CallOptions::new(),
            script,
        );
    } else {
        play(&DescribeFaceVerify::new(1, "sha1"), hedge, script);
    }
}

fn play<O: Operation>(operation: &O, options: CallOptions, script: &[u8]) {
    let mut call = Call::new(operation, options).unwrap();
    let mut session = Session::new(KEY.clone(), [1; 32]);
    let mut now = Now {
        mono: MonoTime::new(Duration::from_secs(1_000)),
        unix: UnixTime::from_seconds(1_800_000_000),
    };
    let mut latest = MonoTime::default();
    let (mut sent, mut nonces): (Vec<ExchangeId>, Vec<String>) = (Vec::new(), Vec::new());
    let mut is_done = false;
    for step in script.chunks(2) {
        let (action, arg) = (step[0], step.get(1).copied().unwrap_or_default());
        match action % 4 {
            0 => match poll(&mut call, &mut session, now, &mut latest) {
                Step::Send(exchange) => {
                    assert!(!is_done && !sent.contains(&exchange.id()));
                    let request = exchange.sign();
                    let nonce = request.headers.iter();
                    let mut nonce = nonce.filter(|(name, _)| *name == "x-acs-signature-nonce");
                    let nonce = nonce.next().unwrap().1.to_string();
                    assert!(!nonces.contains(&nonce));
                    nonces.push(nonce);
                    sent.push(exchange.id());
                    let again = call.poll(&mut session, now);
                    // Only a hedge could be a second request, and it is not due yet.
                    assert!(!matches!(again, Step::Send(_)), "sent twice");
                    is_done |= matches!(again, Step::Done(_));
                }
                Step::Wait(until) => {
                    assert!(until > latest && !is_done);
                    if arg % 2 == 0 {
                        now.mono = until;
                    }
                }
                Step::Abandon(id) => assert!(sent.contains(&id)),
                Step::Authenticate(_)
                | Step::Read { .. }
                | Step::Run { .. }
                | Step::Provide { .. } => {
                    panic!("an access key needs no refresh")
                }
                Step::Done(Err(Error::Finished)) => assert!(is_done),
                Step::Done(_) => {
                    assert!(!is_done);
                    is_done = true;
                }
            },
            1 => {
                // The exchange may be pending, ended or abandoned. A report of any but a pending one is
                // ignored.
                let Some(id) = sent.get(usize::from(arg) % sent.len().max(1)) else {
                    continue;
                };
                let (status, body) = BODIES[usize::from(action / 4) % BODIES.len()];
                let result = match arg / 64 {
                    0 => Err(Failure::new(Delivery::NotSent, "refused")),
                    1 => Err(Failure::new(Delivery::MaybeSent, "lost")),
                    _ => {
                        let date = "Fri, 15 Jan 2027 09:00:00 GMT".to_owned();
                        let head = Head::new(status, vec![("date".to_owned(), date)]);
                        Ok(Response::new(head, body.into()))
                    }
                };
                latest = latest.max(now.mono);
                call.report(&mut session, *id, result, now);
            }
            2 => now.mono = now.mono + Duration::from_millis(u64::from(arg) * 100),
            _ => {
                let back = Duration::from_secs(arg.into());
                now.mono = MonoTime::new(now.mono.saturating_since(MonoTime::new(back)));
                now.unix = UnixTime::from_seconds(u64::from(arg) * 20_000_000);
            }
        }
        assert!(sent.len() <= 8, "too many attempts");
    }
}

/// Polls, and updates the latest time that was passed to the call.
fn poll<F: Flow>(
    call: &mut F,
    session: &mut Session,
    now: Now,
    latest: &mut MonoTime,
) -> Step<F::Output> {
    *latest = now.mono.max(*latest);
    call.poll(session, now)
}
