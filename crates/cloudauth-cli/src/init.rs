//! `init`: opens a verification.

use std::path::PathBuf;

use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::verify::OuterOrderNo;
use cloudauth_proto::{Sensitive, UnixTime};
use serde_json::json;

use crate::clock::now;
use crate::error::CommandResult;
use crate::input;
use crate::output;
use crate::service::{ServiceArgs, exchange_fields};

/// Open a verification; print its CertifyId and the CertifyUrl for the person's browser
///
/// Reads the person's name and ID number from standard input or from a file, one per line. They are
/// not options, because other users of the machine can see command lines. A number whose check
/// character does not match is refused before anything is sent.
#[derive(Debug, clap::Args)]
pub(crate) struct InitArgs {
    /// ID of the scene, as shown in the service's console
    #[arg(long)]
    scene_id: i64,
    /// Your own order number for this verification: 1 to 32 letters, digits, _ and -
    #[arg(long)]
    outer_order_no: String,
    /// URL to which the browser returns after the verification; not for a verification in an app
    #[arg(long, value_name = "URL")]
    return_url: Option<String>,
    /// File with the JSON that the vendor's script produced in the person's browser, or its SDK in the
    /// app
    #[arg(long, value_name = "FILE")]
    meta_info: PathBuf,
    /// Liveness check [default: the service's, LIVENESS]
    #[arg(long)]
    model: Option<String>,
    /// URL that the service calls after the verification; https only
    #[arg(long, value_name = "URL")]
    callback_url: Option<String>,
    /// File with a key of at least 32 bytes; the callback then carries a token made with it, valid
    /// for this order for 1 hour
    #[arg(long, value_name = "FILE", requires = "callback_url")]
    callback_key: Option<PathBuf>,
    /// File with the name and the ID number, one per line [default: standard input]
    #[arg(long, value_name = "FILE")]
    person: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
}

/// Outlives a verification (30 minutes) and late callbacks.
const TOKEN_SECONDS: u64 = 3_600;

pub(crate) fn run(args: &InitArgs) -> CommandResult {
    let client = args.service.client()?;
    let meta_info = input::string(Some(&args.meta_info))?;
    let card = input::person(args.person.as_deref())?;
    let mut operation = InitFaceVerify::new(args.scene_id, args.outer_order_no.as_str(), "ID_PRO")
        .cert_type("IDENTITY_CARD")
        .cert_name(card.name)
        .cert_no(card.number)
        .meta_info(meta_info.expose().trim());
    if let Some(url) = &args.return_url {
        operation = operation.return_url(url.as_str());
    }
    if let Some(model) = &args.model {
        operation = operation.model(model.as_str());
    }
    if let Some(url) = &args.callback_url {
        operation = operation.callback_url(url.as_str());
    }
    if let Some(file) = &args.callback_key {
        let order = OuterOrderNo::new(args.outer_order_no.as_str())?;
        let expires = UnixTime::from_seconds(now().seconds() + TOKEN_SECONDS);
        let token = input::callback_key(file)?.token(&order, expires);
        operation = operation.callback_token(token.expose());
    }
    let reply = client.call(&operation)?;
    let url = reply.value.certify_url.as_ref();
    let mut fields = vec![
        ("CertifyId", json!(reply.value.certify_id.as_str())),
        ("CertifyUrl", json!(url.map(Sensitive::expose))),
    ];
    fields.extend(exchange_fields(&reply));
    output::fields(&fields, args.service.output);
    Ok(())
}
