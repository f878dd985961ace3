//! The work whose instructions `benches/instructions` counts, a thousand times. The argument is `acs3` or
//! `rpc`, which build and sign a request, or `call`, a whole [`DescribeFaceVerify`] of the core.

use core::hint::black_box;
use core::time::Duration;

use cloudauth_benches::calls::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Signer, init};
use cloudauth_benches::loopback::BODY;
use cloudauth_proto::driver::{Head, MonoTime, Now, Response};
use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::{Call, CallOptions, Credentials, Flow, Scheme, Session, Step, UnixTime};

const COUNT: usize = 1_000;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("rpc") => sign(Scheme::RpcHmacSha1),
        Some("call") => calls(),
        _ => sign(Scheme::Acs3HmacSha256),
    }
}

fn sign(scheme: Scheme) {
    let (signer, operation) = (Signer::new(), init());
    for _ in 0..COUNT {
        black_box(signer.build(scheme, black_box(&operation)));
    }
}

#[expect(clippy::unwrap_used, reason = "a bench")]
fn calls() {
    let key = Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET).unwrap();
    let mut session = Session::new(key, [1; 32]);
    let operation = DescribeFaceVerify::new(1_000_000_006, "91707dc296d469ad38e4c5efa6a0f24b");
    for _ in 0..COUNT {
        let date = "Fri, 15 Jan 2027 08:00:00 GMT".to_owned();
        let head = Head::new(200, vec![("date".to_owned(), date)]);
        let response = Response::new(head, BODY.into());
        whole_call(&mut session, black_box(&operation), response);
    }
}

/// Only the instructions in this function are counted.
#[inline(never)]
#[expect(clippy::expect_used, reason = "a bench")]
fn whole_call(session: &mut Session, operation: &DescribeFaceVerify, response: Response) {
    let now = Now {
        mono: MonoTime::new(Duration::ZERO),
        unix: UnixTime::from_seconds(1_800_000_000),
    };
    let mut call = Call::new(operation, CallOptions::new()).expect("the operation is valid");
    let Step::Send(exchange) = call.poll(session, now) else {
        panic!("the call sends nothing");
    };
    black_box(exchange.sign());
    call.report(session, exchange.id(), Ok(response), now);
    let Step::Done(reply) = call.poll(session, now) else {
        panic!("the call has no result");
    };
    black_box(reply.expect("the call succeeds"));
}
