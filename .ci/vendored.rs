//! A module for wasm with the core and nothing else: two operations, whose requests the host sends.
//!
//! The host pushes bytes, polls, and pulls the bytes of a request. `.ci/vendored` builds it.

#![deny(warnings)]

use std::cell::RefCell;
use std::time::Duration;

#[cfg(feature = "refresh")]
use cloudauth_proto::Source;
#[cfg(feature = "refresh")]
use cloudauth_proto::credentials::{ResolvedCredentials, Uri};
#[cfg(feature = "refresh")]
use cloudauth_proto::driver::{Refresh, SupplyError};
use cloudauth_proto::driver::{ExchangeId, MonoTime, Now, ResponseReader};
use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
#[cfg(not(feature = "refresh"))]
use cloudauth_proto::Credentials;
use cloudauth_proto::{Call, CallOptions, Error, Flow, Session, Step, UnixTime};

/// The call in progress.
enum Current {
    Init(Call<InitFaceVerify>),
    Describe(Call<DescribeFaceVerify>),
}

#[derive(Default)]
struct Module {
    session: Option<Session>,
    current: Option<Current>,
    #[cfg(feature = "refresh")]
    refresh: Option<Refresh>,
    sent: Option<(ExchangeId, usize)>,
    /// Bytes from the host, and for the host.
    bytes: Vec<u8>,
}

thread_local! {
    static MODULE: RefCell<Module> = RefCell::default();
}

/// Adds a byte to the argument of the next function.
#[unsafe(no_mangle)]
pub extern "C" fn push(byte: u32) {
    MODULE.with_borrow_mut(|it| it.bytes.push(byte as u8));
}

/// Takes a byte of the result of the last function, from its end; -1 if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn pull() -> i32 {
    MODULE.with_borrow_mut(|it| it.bytes.pop().map_or(-1, i32::from))
}

/// Makes a session. The argument is an ID and a secret, or the URI of credentials.
#[unsafe(no_mangle)]
pub extern "C" fn start() -> i32 {
    MODULE.with_borrow_mut(|it| {
        let text = it.text();
        #[cfg(not(feature = "refresh"))]
        let source = {
            let (id, secret) = text.split_once(' ').unwrap_or_default();
            Credentials::access_key(id, secret)
        };
        #[cfg(feature = "refresh")]
        let source = Uri::new(&text).map(Source::Uri);
        let Ok(source) = source else { return -1 };
        it.session = Some(Session::new(source, [0; 32]));
        0
    })
}

/// Opens a verification. The argument is an order number.
#[unsafe(no_mangle)]
pub extern "C" fn init() -> i32 {
    MODULE.with_borrow_mut(|it| {
        let init = InitFaceVerify::new(1_000_000_006, it.text(), "LR_FR");
        let call = Call::new(&init.user_id("7").meta_info("{}"), CallOptions::new());
        it.begin(call.map(Current::Init))
    })
}

/// Queries a verdict. The argument is the ID of a verification.
#[unsafe(no_mangle)]
pub extern "C" fn describe() -> i32 {
    MODULE.with_borrow_mut(|it| {
        let call = Call::new(&DescribeFaceVerify::new(1_000_000_006, it.text()), CallOptions::new());
        it.begin(call.map(Current::Describe))
    })
}

/// Goes on at this time in milliseconds: 0 to wait, 1 with a request to send, 2 with a result.
#[unsafe(no_mangle)]
pub extern "C" fn poll(millis: u64) -> i32 {
    MODULE.with_borrow_mut(|it| it.poll(now(millis)))
}

/// Reports the response to the request. The argument is all that the connection had.
#[unsafe(no_mangle)]
pub extern "C" fn report(millis: u64) -> i32 {
    MODULE.with_borrow_mut(|it| {
        let (Some((id, limit)), Some(session)) = (it.sent.take(), &mut it.session) else { return -1 };
        let mut reader = ResponseReader::new(limit);
        reader.push(&std::mem::take(&mut it.bytes));
        let result = reader.finish(Ok::<(), &str>(()));
        #[cfg(feature = "refresh")]
        if let Some(refresh) = &mut it.refresh {
            refresh.report(session, id, result, now(millis));
            return 0;
        }
        match &mut it.current {
            Some(Current::Init(call)) => call.report(session, id, result, now(millis)),
            Some(Current::Describe(call)) => call.report(session, id, result, now(millis)),
            None => {}
        }
        0
    })
}

fn now(millis: u64) -> Now {
    Now {
        mono: MonoTime::new(Duration::from_millis(millis)),
        unix: UnixTime::from_seconds(millis / 1_000),
    }
}

impl Module {
    fn text(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.bytes)).into_owned()
    }

    fn begin(&mut self, call: Result<Current, Error>) -> i32 {
        match call {
            Ok(call) => self.current = Some(call),
            Err(error) => self.bytes = error.to_string().into(),
        }
        0
    }

    fn poll(&mut self, now: Now) -> i32 {
        let Some(session) = &mut self.session else { return -1 };
        #[cfg(feature = "refresh")]
        if let Some(refresh) = &mut self.refresh {
            let step = refresh.poll(session, now).map(|_: ResolvedCredentials| String::new());
            if let Step::Done(_) = step {
                self.refresh = None;
                return 0;
            }
            if let Step::Read { .. } | Step::Run { .. } = step {
                refresh.supply(Err(SupplyError::Unsupported));
            }
            return self.step(step, now);
        }
        let step = match &mut self.current {
            Some(Current::Init(call)) => {
                call.poll(session, now).map(|reply| reply.value.certify_id.to_string())
            }
            Some(Current::Describe(call)) => {
                call.poll(session, now).map(|reply| reply.value.has_passed().to_string())
            }
            None => return -1,
        };
        self.step(step, now)
    }

    fn step(
        &mut self,
        step: Step<String>,
        #[cfg_attr(feature = "refresh", expect(unused_variables, reason = "nothing is declined"))] now: Now,
    ) -> i32 {
        match step {
            Step::Send(exchange) => {
                self.sent = Some((exchange.id(), exchange.response_limit()));
                exchange.sign().write_http1(&mut self.bytes);
                return 1;
            }
            Step::Authenticate(ticket) => {
                #[cfg(feature = "refresh")]
                {
                    self.refresh = Some(Refresh::inline(ticket));
                }
                #[cfg(not(feature = "refresh"))]
                if let Some(session) = &mut self.session {
                    session.decline_refresh(&ticket, now);
                }
            }
            Step::Done(Ok(value)) => {
                self.bytes = value.into();
                return 2;
            }
            Step::Done(Err(error)) => {
                self.bytes = error.to_string().into();
                return 2;
            }
            Step::Abandon(_) | Step::Wait(_) | Step::Read { .. } | Step::Run { .. } | Step::Provide { .. } => {}
        }
        0
    }
}
