//! `init` and `describe`: the two calls of a verification.

use cloudauth_ureq::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_ureq::{Attempt, Client, Options, Reply, Sensitive, codes};
use serde_json::{Value, json};

use crate::Outcome;
use crate::args::{DescribeArgs, InitArgs, ServiceArgs};
use crate::output;
use crate::person::{Person, text};

pub(crate) fn init(args: &InitArgs) -> Outcome {
    let client = client(&args.service)?;
    let meta_info = text(Some(&args.meta_info))?;
    let person = Person::read(args.person.as_deref())?;
    let operation = InitFaceVerify::new(args.scene_id, args.outer_order_no.as_str(), "ID_PRO")
        .model(args.model.as_str())
        .cert_type("IDENTITY_CARD")
        .cert_name(person.name)
        .cert_no(person.number)
        .return_url(args.return_url.as_str())
        .meta_info(meta_info.expose().trim());
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
    let operation = DescribeFaceVerify::new(args.scene_id, args.certify_id.as_str());
    let reply = client.call(&operation)?;
    let verdict = &reply.value;
    let reason = verdict.sub_code.as_deref().and_then(codes::sub_code);
    let mut fields = vec![
        ("Passed", json!(verdict.passed)),
        ("SubCode", json!(verdict.sub_code)),
        ("Reason", json!(reason.map(|meaning| meaning.english))),
        ("DeviceRisk", json!(verdict.device_risk)),
    ];
    fields.extend(answered(&reply));
    output::fields(&fields, args.service.json);
    Ok(())
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
