//! No `Debug` and no `Display` shows what was asked or answered, however it is written: each field
//! of each operation holds a canary of its own while the operation succeeds, is refused, is not
//! understood, and is not answered at all.

#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use core::error::Error as _;
use core::fmt::{Debug, Write as _};
use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use cloudauth_proto::ops::{self, Visitor};
use cloudauth_proto::{
    Call, CallOptions, Error, Failure, Field, Flow, Head, Kind, Listed, Params, Policy, Reply,
    Response, Scheme, Sent, Shape, Step,
};
use common::{is_left_out, now, session};
use serde_json::{Map, Value, json};

fn written(text: &str, write: impl Fn(u8) -> String) -> String {
    let written: Vec<String> = text.bytes().map(write).collect();
    written.concat()
}

/// Two texts that occur nowhere else: one that every encoding leaves as it is, and one that every
/// encoding changes.
#[derive(Clone, Copy)]
struct Canary(u32);

impl Canary {
    fn plain(self) -> String {
        format!("c4n4ry{:05}x", self.0)
    }

    fn strange(self) -> String {
        let high = char::from_u32(0x4e00 + self.0 / 512).unwrap();
        let low = char::from_u32(0x5e00 + self.0 % 512).unwrap();
        format!("{high}{low}é")
    }

    fn number(self) -> String {
        (1_730_000_000 + self.0).to_string()
    }

    fn both(self) -> String {
        format!("{} {}", self.plain(), self.strange())
    }

    /// All the ways in which it could be written.
    fn shapes(self) -> Vec<String> {
        let mut shapes = vec![self.number()];
        for text in [self.plain(), self.strange()] {
            let hex = written(&text, |byte| format!("{byte:02x}"));
            let percent = written(&text, |byte| format!("%{byte:02X}"));
            let mut json = String::new();
            for unit in text.encode_utf16() {
                write!(json, "\\u{unit:04x}").unwrap();
            }
            let rust: String = text
                .chars()
                .map(|c| c.escape_unicode().to_string())
                .collect();
            let bytes = format!("{:?}", text.as_bytes());
            shapes.push(bytes.trim_matches(['[', ']']).to_owned());
            // Base64 depends on where the text begins; the ends mix with what is around it.
            for before in 0..3 {
                let padded = [vec![0; before], text.clone().into_bytes()].concat();
                let all = BASE64_STANDARD_NO_PAD.encode(&padded);
                let middle = all.get(before + 2..all.len() - 2).unwrap();
                shapes.push(middle.to_owned());
            }
            shapes.extend([
                hex.to_uppercase(),
                hex,
                percent.to_lowercase(),
                percent,
                json.to_uppercase(),
                json,
                rust,
                text,
            ]);
        }
        shapes
    }
}

/// What was printed, and what must not be in it.
#[derive(Default)]
struct Watch {
    canaries: Vec<Canary>,
    printed: BTreeSet<String>,
    bytes: usize,
    operations: usize,
    next: u32,
}

impl Watch {
    fn canary(&mut self) -> Canary {
        self.next += 1;
        let canary = Canary(self.next);
        self.canaries.push(canary);
        canary
    }

    fn print(&mut self, text: String) {
        self.bytes += text.len();
        self.printed.insert(text);
    }

    fn saw(&mut self, shown: &dyn Debug) {
        self.print(format!("{shown:?}"));
    }

    fn saw_error(&mut self, error: &Error) {
        self.print(format!("{error:?}\n{error:#?}"));
        self.print(error.to_string());
        let mut source = error.source();
        while let Some(error) = source {
            self.print(format!("{error} {error:?}"));
            source = error.source();
        }
    }

    fn hits(&self) -> Vec<String> {
        let shapes = self.canaries.iter().flat_map(|canary| canary.shapes());
        shapes
            .filter(|shape| self.printed.iter().any(|text| text.contains(shape)))
            .collect()
    }

    fn judge(&mut self, action: &str) {
        let hits = self.hits();
        assert!(hits.is_empty(), "{action} shows {hits:?}");
        self.printed.clear();
        self.canaries.clear();
    }

    /// A response with a canary in everything that is sensitive.
    fn response(&mut self, shape: &Shape) -> Value {
        match shape {
            Shape::Sensitive => self.canary().both().into(),
            Shape::Integer | Shape::Number => 7.into(),
            Shape::Boolean => true.into(),
            Shape::List(item) => json!([self.response(item)]),
            Shape::Object(fields) => {
                let filled = fields
                    .iter()
                    .map(|(name, shape)| ((*name).to_owned(), self.response(shape)));
                let mut object: Map<_, _> = filled.collect();
                // A field that the table does not know yet.
                object.insert("New".into(), self.canary().both().into());
                Value::Object(object)
            }
            Shape::Map | Shape::Any => json!({}),
            Shape::Text | _ => "plain".into(),
        }
    }
}

fn filled<O: Listed>(watch: &mut Watch) -> O {
    O::from_texts(|field| {
        if is_left_out(O::INFO.action, field) {
            return None;
        }
        let canary = watch.canary();
        Some(match (field.kind, field.name) {
            (Kind::Boolean, _) => "true".into(),
            (Kind::Int32 | Kind::Int64, _) => canary.number(),
            (Kind::Json, "Ids") => format!("[{}]", canary.number()),
            (Kind::Json, "MerchantDetail") => {
                json!([{ "Key": "k", "Value": canary.both() }]).to_string()
            }
            (Kind::Json, "BlackListStrategy") => json!({ "BizContent": canary.both() }).to_string(),
            (Kind::Json, _) => json!([{ "ApiName": canary.both() }]).to_string(),
            (_, "OuterOrderNo" | "MerchantBizId") => canary.plain(),
            (_, "CallbackUrl") => format!("https://{}", canary.both()),
            (_, "MetaInfo" | "VoluntaryCustomizedContent") => json!([canary.both()]).to_string(),
            _ => canary.both(),
        })
    })
    .unwrap()
}

/// Lets every attempt end like `reply`, looks at everything on the way, and gives the end.
fn run<O: Listed>(
    watch: &mut Watch,
    operation: &O,
    scheme: Scheme,
    reply: impl Fn() -> Result<Response, Failure>,
) -> Result<Reply<O::Response>, Error> {
    let mut limits = Policy::default();
    limits.max_attempts = 2;
    let mut session = session().scheme(scheme).policy(limits);
    let mut call = Call::new(operation, CallOptions::new())?;
    let mut time = now();
    loop {
        watch.saw(&call);
        let step = call.poll(&mut session, time);
        watch.saw(&step);
        watch.saw(&session);
        match step {
            Step::Send(exchange) => {
                let request = exchange.sign();
                watch.saw(&request);
                watch.saw(&request.body);
                let reply = reply();
                watch.saw(&reply);
                call.report(&mut session, exchange.id(), reply, time);
            }
            Step::Abandon(_) => {}
            Step::Wait(until) => time.mono = until,
            Step::Authenticate(_) | Step::Read(_) | Step::Run { .. } => {
                panic!("the key was given")
            }
            Step::Done(result) => return result,
        }
    }
}

impl Visitor for Watch {
    fn operation<O: Listed + Sync>(&mut self) {
        let operation = filled::<O>(self);
        self.print(format!("{operation:?}\n{operation:#?}"));
        let mut params = Params::new();
        cloudauth_proto::Operation::encode(&operation, &mut params);
        self.saw(&params);
        let said: Vec<String> = self.canaries.iter().map(|canary| canary.both()).collect();
        let said = said.join(" ");
        let answer = |status, body: &Value| {
            let body = body.to_string().into_bytes();
            move || Ok(Response::new(Head::new(status, Vec::new()), body.clone()))
        };
        let response = self.response(&O::INFO.response);
        let mut good = match O::INFO.payload {
            Some(payload) => json!({ payload: response }),
            None => response,
        };
        good["Message"] = said.clone().into();
        let wrong = match O::INFO.payload {
            Some(payload) => json!({ payload: said, "Message": said }),
            None => json!([said]),
        };
        let refusal = json!({ "Code": "InvalidParameter", "Message": said });
        let html = format!("<html>{said}</html>").into_bytes();
        for scheme in [Scheme::Acs3HmacSha256, Scheme::RpcHmacSha1] {
            let reply = run(self, &operation, scheme, answer(200, &good));
            let reply = reply.unwrap();
            self.print(format!("{reply:?}\n{reply:#?}"));
            let error = run(self, &operation, scheme, answer(400, &refusal)).unwrap_err();
            assert!(matches!(error, Error::Service(_)), "{error}");
            self.saw_error(&error);
            let error = run(self, &operation, scheme, answer(200, &wrong)).unwrap_err();
            assert!(matches!(error, Error::Decode(_)), "{error}");
            self.saw_error(&error);
            let page = || Ok(Response::new(Head::new(200, Vec::new()), html.clone()));
            let error = run(self, &operation, scheme, page).unwrap_err();
            self.saw_error(&error);
            let lost = || Err(Failure::new(Sent::Maybe, "connection reset"));
            let error = run(self, &operation, scheme, lost).unwrap_err();
            assert!(
                matches!(error, Error::Uncertain(_) | Error::Exhausted(_)),
                "{error}"
            );
            self.saw_error(&error);
        }
        // What is wrong with it is told without telling what it is.
        let too_long = |field: &Field| Some("1".repeat(field.max.map_or(1, |max| max + 1)));
        if let Ok(bad) = O::from_texts(too_long)
            && let Err(error) = Call::new(&bad, CallOptions::new())
        {
            assert!(error.to_string().len() < 1_000);
        }
        self.operations += 1;
        self.judge(O::INFO.action);
    }
}

#[test]
fn nothing_that_was_asked_or_answered_is_shown() {
    let mut watch = Watch::default();
    ops::visit(&mut watch);
    println!(
        "{} operations, {} canaries, {} bytes printed: 0 hits",
        watch.operations, watch.next, watch.bytes
    );
    assert_eq!(watch.operations, 101);
    assert!(watch.next > 600 && watch.bytes > 1_000_000);
}

#[test]
fn a_leak_is_found_however_it_is_written() {
    let canary = Canary(77);
    for text in [canary.plain(), canary.strange()] {
        let percent = written(&text, |byte| format!("%{byte:02X}"));
        let hex = written(&text, |byte| format!("{byte:02x}"));
        let base64 = BASE64_STANDARD_NO_PAD.encode(format!("a{text}b"));
        for leak in [
            text.clone(),
            percent,
            hex,
            base64,
            format!("{:?}", text.as_bytes()),
        ] {
            let mut watch = Watch::default();
            watch.canaries.push(canary);
            watch.print(format!("Operation {{ field: {leak} }}"));
            assert!(!watch.hits().is_empty(), "{leak}");
        }
    }
}
