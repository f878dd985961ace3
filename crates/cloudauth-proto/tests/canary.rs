//! No `Debug` and no `Display` output contains a value of a request or a response, in whatever encoding.
//! Each field of each operation has a canary of its own, in calls that succeed, that are refused, whose
//! response is unreadable, and that get no response. The one exception is the `Debug` of a reply, which
//! shows the fields that are not on the list of what belongs to a person or is a secret.

#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use core::error::Error as _;
use core::fmt::{Debug, Write as _};
use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use cloudauth_proto::credentials::Role;
use cloudauth_proto::driver::{Delivery, Failure, Head, Response};
use cloudauth_proto::operation::{Field, FieldKind, Listed, Params, Shape, is_private};
use cloudauth_proto::ops::{self, BlackListStrategy, MerchantDetail, Visitor};
use cloudauth_proto::verify::{CardPictures, MaterialInfo, UserInfo, VehicleInfo};
use cloudauth_proto::{Call, CallOptions, Error, Flow, Policy, Reply, Scheme, Step};
use common::{is_left_out, now, session};
use serde_json::{Map, Value, json};

fn encoded(text: &str, encode: impl Fn(u8) -> String) -> String {
    let encoded: Vec<String> = text.bytes().map(encode).collect();
    encoded.concat()
}

/// Two strings that occur nowhere else: one that no encoding changes, and one that every encoding changes.
#[derive(Clone, Copy)]
struct Canary(u32);

impl Canary {
    fn plain(self) -> String {
        format!("c4n4ry{:05}x", self.0)
    }

    fn special(self) -> String {
        let high = char::from_u32(0x4e00 + self.0 / 512).unwrap();
        let low = char::from_u32(0x5e00 + self.0 % 512).unwrap();
        format!("{high}{low}é")
    }

    fn number(self) -> String {
        (1_730_000_000 + self.0).to_string()
    }

    fn both(self) -> String {
        format!("{} {}", self.plain(), self.special())
    }

    /// All forms in which it could appear.
    fn forms(self) -> Vec<String> {
        let mut forms = vec![self.number()];
        for text in [self.plain(), self.special()] {
            let hex = encoded(&text, |byte| format!("{byte:02x}"));
            let percent = encoded(&text, |byte| format!("%{byte:02X}"));
            let mut json = String::new();
            for unit in text.encode_utf16() {
                write!(json, "\\u{unit:04x}").unwrap();
            }
            let rust: String = text
                .chars()
                .map(|c| c.escape_unicode().to_string())
                .collect();
            let bytes = format!("{:?}", text.as_bytes());
            forms.push(bytes.trim_matches(['[', ']']).to_owned());
            // Base64 depends on the offset of the string, and its ends on the surrounding bytes.
            for before in 0..3 {
                let padded = [vec![0; before], text.clone().into_bytes()].concat();
                let all = BASE64_STANDARD_NO_PAD.encode(&padded);
                let middle = all.get(before + 2..all.len() - 2).unwrap();
                forms.push(middle.to_owned());
            }
            forms.extend([
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
        forms
    }
}

/// All output, and the canaries that must not appear in it.
#[derive(Default)]
struct Output {
    canaries: Vec<Canary>,
    printed: BTreeSet<String>,
    bytes: usize,
    operations: usize,
    next: u32,
    /// Fields of replies that are shown, and that are hidden.
    shown: usize,
    hidden: usize,
}

impl Output {
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

    fn debug(&mut self, value: &dyn Debug) {
        self.print(format!("{value:?}"));
    }

    fn error(&mut self, error: &Error) {
        self.print(format!("{error:?}\n{error:#?}"));
        self.print(error.to_string());
        let mut source = error.source();
        while let Some(error) = source {
            self.print(format!("{error} {error:?}"));
            source = error.source();
        }
    }

    fn leaks(&self) -> Vec<String> {
        let forms = self.canaries.iter().flat_map(|canary| canary.forms());
        forms
            .filter(|form| self.printed.iter().any(|text| text.contains(form)))
            .collect()
    }

    fn assert_no_leaks(&mut self, action: &str) {
        let leaks = self.leaks();
        assert!(leaks.is_empty(), "{action} shows {leaks:?}");
        self.printed.clear();
        self.canaries.clear();
    }

    /// A response with a canary in everything that can hold one.
    fn response(&mut self, shape: &Shape) -> Value {
        match shape {
            Shape::Integer | Shape::Number => self.canary().number().parse::<u32>().unwrap().into(),
            Shape::Boolean => true.into(),
            Shape::List(item) => json!([self.response(item)]),
            Shape::Object(fields) => {
                let filled = fields
                    .iter()
                    .map(|(name, shape)| ((*name).to_owned(), self.response(shape)));
                let mut object: Map<_, _> = filled.collect();
                // A field that is not in the table.
                object.insert("New".into(), self.canary().both().into());
                Value::Object(object)
            }
            Shape::Map | Shape::Any => json!({ "k": self.canary().both() }),
            Shape::Text | Shape::Sensitive | _ => self.canary().both().into(),
        }
    }

    /// Checks the `Debug` output of a reply against the list: fields on it are hidden, and no others are.
    fn reply(&mut self, reply: &dyn Debug) {
        let mut owners: Vec<String> = Vec::new();
        let mut field = String::new();
        for line in format!("{reply:#?}").lines().map(str::trim) {
            let (name, value) = line.split_once(": ").unwrap_or(("", line));
            if !name.is_empty() {
                name.clone_into(&mut field);
            }
            if let Some(owner) = value.strip_suffix(" {") {
                owners.push(owner.to_owned());
            } else if line.starts_with('}') {
                owners.pop();
            }
            let Some(owner) = owners.last() else {
                continue;
            };
            let mut shown = self.canaries.iter();
            let is_shown =
                shown.any(|it| value.contains(&it.plain()) || value.contains(&it.number()));
            if is_shown {
                assert!(!is_private(owner, &field), "{owner} shows {field}: {value}");
                self.shown += 1;
            } else if value.contains("[redacted") {
                assert!(is_private(owner, &field), "{owner} hides {field}: {value}");
                self.hidden += 1;
            }
        }
    }
}

fn filled<O: Listed>(output: &mut Output) -> O {
    O::from_texts(|field| {
        if is_left_out(&O::METADATA.action, field) {
            return None;
        }
        let canary = output.canary();
        Some(match (field.kind, field.name) {
            (FieldKind::Boolean, _) => "true".into(),
            (FieldKind::Int32 | FieldKind::Int64, _) => canary.number(),
            (FieldKind::Json, "Ids") => format!("[{}]", canary.number()),
            (FieldKind::Json, "MerchantDetail") => {
                json!([{ "Key": "k", "Value": canary.both() }]).to_string()
            }
            (FieldKind::Json, "BlackListStrategy") => {
                json!({ "BizContent": canary.both() }).to_string()
            }
            (FieldKind::Json, _) => json!([{ "ApiName": canary.both() }]).to_string(),
            (_, "OuterOrderNo" | "MerchantBizId") => canary.plain(),
            (_, "CallbackUrl") => format!("https://{}", canary.both()),
            (_, "MetaInfo") => json!({ "k": canary.both() }).to_string(),
            (_, "VoluntaryCustomizedContent") => json!([canary.both()]).to_string(),
            (_, "SourceImageValue" | "TargetImageValue" | "MaterialValue") => {
                format!("base64://{}", canary.both())
            }
            (FieldKind::Base64, _) => BASE64_STANDARD_NO_PAD.encode(canary.both()),
            _ => canary.both(),
        })
    })
    .unwrap()
}

/// Runs a call all of whose attempts end with `result`, and prints everything on the way.
fn run<O: Listed>(
    output: &mut Output,
    operation: &O,
    scheme: Scheme,
    result: impl Fn() -> Result<Response, Failure>,
) -> Result<Reply<O::Response>, Error> {
    let mut limits = Policy::default();
    limits.max_attempts = 2;
    let mut session = session().scheme(scheme).policy(limits);
    let mut call = Call::new(operation, CallOptions::new())?;
    let mut time = now();
    loop {
        output.debug(&call);
        let step = call.poll(&mut session, time);
        if !matches!(step, Step::Done(Ok(_))) {
            output.debug(&step);
        }
        output.debug(&session);
        match step {
            Step::Send(exchange) => {
                let request = exchange.sign();
                output.debug(&request);
                output.debug(&request.body);
                let result = result();
                output.debug(&result);
                call.report(&mut session, exchange.id(), result, time);
            }
            Step::Abandon(_) => {}
            Step::Wait(until) => time.mono = until,
            Step::Authenticate(_) | Step::Read { .. } | Step::Run { .. } | Step::Provide { .. } => {
                panic!("has credentials")
            }
            Step::Done(result) => return result,
        }
    }
}

impl Visitor for Output {
    fn operation<O: Listed + Sync>(&mut self) {
        let operation = filled::<O>(self);
        self.print(format!("{operation:?}\n{operation:#?}"));
        let mut params = Params::new();
        cloudauth_proto::Operation::encode(&operation, &mut params);
        self.debug(&params);
        let quote: Vec<String> = self.canaries.iter().map(|canary| canary.both()).collect();
        let quote = quote.join(" ");
        let respond = |status, body: &Value| {
            let body = body.to_string().into_bytes();
            move || Ok(Response::new(Head::new(status, Vec::new()), body.clone()))
        };
        let response = self.response(&O::METADATA.response);
        let mut good = match O::METADATA.payload {
            Some(payload) => json!({ payload: response }),
            None => response,
        };
        good["Message"] = quote.clone().into();
        let wrong = match O::METADATA.payload {
            Some(payload) => json!({ payload: quote, "Message": quote }),
            None => json!([quote]),
        };
        let refusal = json!({ "Code": "InvalidParameter", "Message": quote });
        let html = format!("<html>{quote}</html>").into_bytes();
        for scheme in [Scheme::Acs3HmacSha256, Scheme::RpcHmacSha1] {
            let reply = run(self, &operation, scheme, respond(200, &good));
            let reply = reply.unwrap();
            self.reply(&reply.value);
            self.print(format!("{:?} {:?}", reply.endpoint, reply.attempts));
            let error = run(self, &operation, scheme, respond(400, &refusal)).unwrap_err();
            assert!(matches!(error, Error::Service(_)), "{error}");
            self.error(&error);
            let error = run(self, &operation, scheme, respond(200, &wrong)).unwrap_err();
            let is_told = matches!(error, Error::Decode(_) | Error::Uncertain(_));
            assert!(is_told, "{error}");
            self.error(&error);
            let page = || Ok(Response::new(Head::new(200, Vec::new()), html.clone()));
            let error = run(self, &operation, scheme, page).unwrap_err();
            self.error(&error);
            let lost = || Err(Failure::new(Delivery::MaybeSent, "connection reset"));
            let error = run(self, &operation, scheme, lost).unwrap_err();
            assert!(
                matches!(error, Error::Uncertain(_) | Error::Exhausted(_)),
                "{error}"
            );
            self.error(&error);
        }
        // The error of an invalid operation does not contain its values.
        let too_long = |field: &Field| Some("1".repeat(field.max.map_or(1, |max| max + 1)));
        if let Ok(bad) = O::from_texts(too_long)
            && let Err(error) = Call::new(&bad, CallOptions::new())
        {
            assert!(error.to_string().len() < 1_000);
        }
        self.operations += 1;
        self.assert_no_leaks(&O::METADATA.action);
    }
}

#[test]
fn no_output_contains_a_value_of_a_request_or_a_response() {
    let mut output = Output::default();
    ops::visit(&mut output);
    println!(
        "{} operations, {} canaries, {} bytes printed: no leak",
        output.operations, output.next, output.bytes
    );
    println!(
        "fields of replies: {} shown, {} hidden",
        output.shown, output.hidden
    );
    assert_eq!(output.operations, 101);
    assert!(output.next > 600 && output.bytes > 1_000_000);
    assert!(output.shown > 500 && output.hidden > 150);
}

#[test]
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the other kinds are no strings"
)]
fn strings_of_requests_are_sensitive_if_and_only_if_they_are_on_the_list() {
    let mut listed = 0;
    for info in ops::ALL {
        for field in info.fields {
            let is_sensitive = match field.kind {
                FieldKind::Sensitive | FieldKind::Base64 => true,
                FieldKind::Text => false,
                _ => continue,
            };
            let is_private = is_private(&info.action, field.name);
            assert_eq!(is_sensitive, is_private, "{} {}", info.action, field.name);
            listed += usize::from(is_private);
        }
    }
    assert!(listed > 150, "{listed}");
}

/// The JSON in strings of replies.
#[test]
fn what_is_in_the_strings_of_replies_is_hidden_by_the_same_list() {
    let mut output = Output::default();
    let mut fill = |names: &str| {
        let filled = names.split_whitespace();
        let filled = filled.map(|name| (name.to_owned(), output.canary().number().into()));
        Value::Object(filled.collect())
    };
    let card = "certName sex nationality birth address certNo authority startDate endDate";
    let mut material = fill("faceAge faceGender guardRiskScore faceAttack");
    material["facialPictureFront"] = fill(
        "faceAttackScore qualityScore verifyScore gender ossBucketName ossObjectName pictureUrl \
         ossVerifyVideoObjectName verifyVideoUrl",
    );
    material["ocrIdCardInfo"] = fill(card);
    material["ocrIdEditInfo"] = fill(card);
    material["ocrPictureFront"] = fill(
        "ossBucketName ossIdFaceObjectName ossIdFaceUrl ossIdNationalEmblemObjectName \
         ossIdNationalEmblemUrl",
    );
    let user = fill("name verifyName number");
    let pictures = fill("certUrl certNationalUrl");
    let vehicle = fill("brand vin engineNo modelNo");
    let material: MaterialInfo = serde_json::from_value(material).unwrap();
    let user: UserInfo = serde_json::from_value(user).unwrap();
    let pictures: CardPictures = serde_json::from_value(pictures).unwrap();
    let vehicle: VehicleInfo = serde_json::from_value(vehicle).unwrap();
    for debug in [&material as &dyn Debug, &user, &pictures, &vehicle] {
        output.reply(debug);
    }
    // Scores, the risk, brand and model; everything of the person, the vehicle's numbers and the links.
    assert_eq!((output.shown, output.hidden), (7, 38));
}

/// What the two generations of card types hide is the same.
#[test]
fn a_retired_type_hides_what_its_successor_hides() {
    for field in [
        "Name",
        "Number",
        "Nationality",
        "Authority",
        "StartDate",
        "EndDate",
        "Birth",
        "Address",
    ] {
        assert!(is_private("IdCardInfo", field), "{field}");
    }
    for field in [
        "certName",
        "certNo",
        "nationality",
        "authority",
        "startDate",
        "endDate",
        "birth",
        "address",
    ] {
        assert!(is_private("OcrIdCard", field), "{field}");
    }
    assert!(!is_private("DescribeVerifyStatistics", "StartDate"));
}

#[test]
fn objects_in_requests_hide_what_is_on_the_list() {
    let canary = Canary(9);
    let rule = BlackListStrategy::new().biz_content(canary.both());
    let words = MerchantDetail {
        key: "MerchantName".into(),
        value: Some(canary.both().into()),
    };
    let mut output = Output::default();
    output.canaries.push(canary);
    output.print(format!("{rule:?} {words:?}"));
    assert_eq!(output.leaks(), Vec::<String>::new());
    assert!(is_private("MerchantDetail", "Value") && is_private("BlackListStrategy", "BizContent"));
}

/// A program's arguments, a role's policy, and the name of a bucket.
#[test]
fn steps_sources_and_requests_show_no_argument_no_policy_and_no_bucket() {
    let canary = Canary(5);
    let step = Step::<()>::Run {
        argv: vec!["/usr/bin/keys".into(), canary.both()],
        timeout: core::time::Duration::from_secs(1),
    };
    let mut role = Role::new("acs:ram::1:role/r", "s");
    role.policy = Some(canary.both());
    role.external_id = Some(canary.both());
    let mut output = Output::default();
    output.canaries.push(canary);
    output.print(format!("{step:?}\n{step:#?}\n{role:?}"));
    assert_eq!(output.leaks(), Vec::<String>::new());
    assert!(format!("{step:?}").contains("arguments: 2"));
}

#[test]
fn a_leak_is_found_in_every_encoding() {
    let canary = Canary(77);
    for text in [canary.plain(), canary.special()] {
        let percent = encoded(&text, |byte| format!("%{byte:02X}"));
        let hex = encoded(&text, |byte| format!("{byte:02x}"));
        let base64 = BASE64_STANDARD_NO_PAD.encode(format!("a{text}b"));
        for leak in [
            text.clone(),
            percent,
            hex,
            base64,
            format!("{:?}", text.as_bytes()),
        ] {
            let mut output = Output::default();
            output.canaries.push(canary);
            output.print(format!("Operation {{ field: {leak} }}"));
            assert!(!output.leaks().is_empty(), "{leak}");
        }
    }
}
