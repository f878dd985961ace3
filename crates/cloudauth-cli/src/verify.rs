//! `init`, `describe` and `watch`: the two calls of a verification.

use core::time::Duration;
use std::time::SystemTime;

use cloudauth_ureq::ops::{DescribeFaceVerify, DescribeFaceVerifyResponse, InitFaceVerify};
use cloudauth_ureq::verify::{OuterOrderNo, Watch};
use cloudauth_ureq::{Attempt, Client, Options, Reply, Sensitive, UnixTime, codes};
use serde_json::{Value, json};

use crate::Outcome;
use crate::args::{DescribeArgs, InitArgs, ServiceArgs, WatchArgs};
use crate::person::{Person, text};
use crate::{listen, output};

pub(crate) fn init(args: &InitArgs) -> Outcome {
    let client = client(&args.service)?;
    let meta_info = text(Some(&args.meta_info))?;
    let person = Person::read(args.person.as_deref())?;
    let mut operation = InitFaceVerify::new(args.scene_id, args.outer_order_no.as_str(), "ID_PRO")
        .model(args.model.as_str())
        .cert_type("IDENTITY_CARD")
        .cert_name(person.name)
        .cert_no(person.number)
        .return_url(args.return_url.as_str())
        .meta_info(meta_info.expose().trim());
    if let Some(url) = &args.callback_url {
        operation = operation.callback_url(url.as_str());
    }
    if let Some(key) = &args.callback_key {
        let order = OuterOrderNo::new(args.outer_order_no.as_str())?;
        let expires = UnixTime::from_seconds(now().seconds() + TOKEN_SECONDS);
        let token = listen::key(key)?.token(&order, expires);
        operation = operation.callback_token(token.expose());
    }
    let reply = client.call(&operation)?;
    let url = reply.value.certify_url.as_ref();
    let mut fields = vec![
        ("CertifyId", json!(reply.value.certify_id.as_str())),
        ("CertifyUrl", json!(url.map(Sensitive::expose))),
    ];
    fields.extend(answered(&reply));
    output::fields(&fields, args.service.json);
    Ok(())
}

pub(crate) fn describe(args: &DescribeArgs) -> Outcome {
    let client = client(&args.service)?;
    let reply = client.call(&question(args))?;
    output::fields(&verdict(&reply), args.service.json);
    Ok(())
}

pub(crate) fn watch(args: &WatchArgs) -> Outcome {
    let describe = &args.describe;
    let client = client(&describe.service)?;
    let watch = Watch::new(question(describe)).for_at_most(Duration::from_secs(args.seconds));
    let spinner = output::spinner("waiting for the person");
    let watched = client.run(watch);
    spinner.finish_and_clear();
    let verified = watched?.ok_or("there is no verdict: the person did not finish in time")?;
    output::fields(&verdict(verified.reply()), describe.service.json);
    Ok(())
}

/// Longer than a verification and what may follow it.
const TOKEN_SECONDS: u64 = 3_600;

pub(crate) fn now() -> UnixTime {
    #[expect(clippy::disallowed_methods, reason = "tokens expire in real time")]
    SystemTime::now().into()
}

fn question(args: &DescribeArgs) -> DescribeFaceVerify {
    DescribeFaceVerify::new(args.scene_id, args.certify_id.as_str())
}

fn verdict(reply: &Reply<DescribeFaceVerifyResponse>) -> Vec<(&'static str, Value)> {
    let verdict = &reply.value;
    let reason = verdict.sub_code.as_deref().and_then(codes::sub_code);
    let mut fields = vec![
        ("Passed", json!(verdict.passed)),
        ("SubCode", json!(verdict.sub_code)),
        ("Reason", json!(reason.map(|meaning| meaning.english))),
        ("DeviceRisk", json!(verdict.device_risk)),
    ];
    fields.extend(answered(reply));
    fields
}

fn client(args: &ServiceArgs) -> Result<Client, Box<dyn core::error::Error>> {
    let options = Options::new()
        .endpoints(args.endpoints())
        .scheme(args.scheme.into());
    Ok(Client::new(options)?)
}

/// Who answered, and what the attempts before met.
fn answered<T>(reply: &Reply<T>) -> Vec<(&'static str, Value)> {
    let met = |attempt: &Attempt| {
        let met = format!("{}: {}", attempt.endpoint, attempt.outcome);
        Value::String(output::plain(&met))
    };
    vec![
        ("RequestId", json!(reply.request_id)),
        ("Endpoint", json!(reply.endpoint.to_string())),
        ("Attempts", reply.attempts.iter().map(met).collect()),
    ]
}
