//! The JavaScript functions and classes that the driver calls, and clocks, randomness and timers made of them.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use cloudauth_proto::UnixTime;
use cloudauth_proto::driver::{MonoTime, Now};
use js_sys::futures::JsFuture;
use js_sys::{Date, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch)]
    pub(crate) fn fetch(url: &str, init: &RequestInit) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Function, milliseconds: f64) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);

    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;

    #[wasm_bindgen(catch, js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(bytes: &Uint8Array) -> Result<JsValue, JsValue>;

    pub(crate) type AbortController;
    #[wasm_bindgen(constructor)]
    pub(crate) fn new() -> AbortController;
    #[wasm_bindgen(method)]
    pub(crate) fn abort(this: &AbortController);
    #[wasm_bindgen(method, getter)]
    pub(crate) fn signal(this: &AbortController) -> JsValue;

    #[wasm_bindgen(js_name = URL)]
    pub(crate) type Url;
    #[wasm_bindgen(catch, constructor, js_class = "URL")]
    pub(crate) fn new(text: &str) -> Result<Url, JsValue>;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn host(this: &Url) -> String;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn href(this: &Url) -> String;

    pub(crate) type Headers;
    #[wasm_bindgen(constructor)]
    pub(crate) fn new() -> Headers;
    #[wasm_bindgen(catch, method)]
    pub(crate) fn set(this: &Headers, name: &str, value: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method)]
    pub(crate) fn get(this: &Headers, name: &str) -> Option<String>;

    #[wasm_bindgen(extends = js_sys::Object)]
    pub(crate) type RequestInit;
    #[wasm_bindgen(method, setter)]
    pub(crate) fn set_method(this: &RequestInit, method: &str);
    #[wasm_bindgen(method, setter)]
    pub(crate) fn set_headers(this: &RequestInit, headers: &Headers);
    #[wasm_bindgen(method, setter)]
    pub(crate) fn set_redirect(this: &RequestInit, mode: &str);
    #[wasm_bindgen(method, setter)]
    pub(crate) fn set_signal(this: &RequestInit, signal: &JsValue);
    #[wasm_bindgen(method, setter)]
    pub(crate) fn set_body(this: &RequestInit, body: &Uint8Array);

    pub(crate) type Response;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn status(this: &Response) -> u16;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn headers(this: &Response) -> Headers;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn body(this: &Response) -> Option<ReadableStream>;

    pub(crate) type ReadableStream;
    #[wasm_bindgen(catch, method, js_name = getReader)]
    pub(crate) fn get_reader(this: &ReadableStream) -> Result<Reader, JsValue>;

    #[wasm_bindgen(js_name = ReadableStreamDefaultReader)]
    pub(crate) type Reader;
    #[wasm_bindgen(method)]
    pub(crate) fn read(this: &Reader) -> Promise;

    #[wasm_bindgen(extends = js_sys::Object)]
    pub(crate) type Chunk;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn value(this: &Chunk) -> Option<Uint8Array>;
}

/// The error of [`seed`]: the runtime has given no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoRandomness;

impl fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the runtime gives no random bytes here; in a Worker, create the client in a handler",
        )
    }
}

impl core::error::Error for NoRandomness {}

/// The seed of a session: 32 bytes of `crypto.getRandomValues`.
///
/// Workers give random bytes in handlers only, not while a module is loaded.
pub fn seed() -> Result<[u8; 32], NoRandomness> {
    let bytes = Uint8Array::new_with_length(32);
    get_random_values(&bytes).map_err(|_| NoRandomness)?;
    let mut seed = [0; 32];
    bytes.copy_to(&mut seed);
    Ok(seed)
}

/// Both clocks. In a Worker they stand still between two events, for both of them.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number that is out of range becomes the nearest one"
)]
pub(crate) fn now() -> Now {
    let microseconds = performance_now() * 1_000.0;
    let seconds = Date::now() / 1_000.0;
    Now {
        mono: MonoTime::new(Duration::from_micros(microseconds as u64)),
        unix: UnixTime::from_seconds(seconds as u64),
    }
}

/// The longest time of a timer; a longer one would fire at once.
const LONGEST_TIMER: u32 = i32::MAX.unsigned_abs();

/// A property; `undefined` if there is none.
pub(crate) fn member(of: &JsValue, name: &str) -> JsValue {
    Reflect::get(of, &name.into()).unwrap_or_default()
}

/// Calls `callback` after a time, unless the timer is cleared.
fn start_timer(callback: &Function, span: Duration) -> JsValue {
    let milliseconds = u32::try_from(span.as_millis()).unwrap_or(LONGEST_TIMER);
    set_timeout(callback, milliseconds.min(LONGEST_TIMER).into())
}

/// Aborts an exchange when it is dropped, or after a time.
pub(crate) struct Abort {
    pub(crate) controller: AbortController,
    timer: JsValue,
}

impl Abort {
    pub(crate) fn after(span: Duration) -> Self {
        let controller = AbortController::new();
        let abort: Function = member(&controller, "abort").unchecked_into();
        let abort = abort.bind0(&controller);
        let timer = start_timer(&abort, span);
        Self { controller, timer }
    }

    /// Why an exchange has failed: its time was over, or else this.
    pub(crate) fn cause(&self, other: &'static str) -> &'static str {
        let is_over = member(&self.controller.signal(), "aborted").is_truthy();
        if is_over { "timed out" } else { other }
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        clear_timeout(&self.timer);
        self.controller.abort();
    }
}

/// A timer. Dropping it clears it: Node does not exit while there is one.
pub(crate) struct Sleep {
    timer: JsValue,
    ended: JsFuture,
}

impl Sleep {
    pub(crate) fn new(span: Duration) -> Self {
        // One more: timers may fire a fraction of a millisecond early, and the poll would be in vain.
        let span = span.saturating_add(Duration::from_millis(1));
        let mut timer = JsValue::UNDEFINED;
        let ended = Promise::new(&mut |resolve, _| timer = start_timer(&resolve, span));
        Self {
            timer,
            ended: ended.into(),
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.ended).poll(context).map(drop)
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        clear_timeout(&self.timer);
    }
}
