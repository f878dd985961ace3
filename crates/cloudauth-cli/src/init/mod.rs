//! `init`: opens a verification.

mod qr;

use std::path::PathBuf;

use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify, InitFaceVerifyResponse};
use cloudauth_proto::verify::{OuterOrderNo, ProductCode};
use cloudauth_proto::{Reply, Sensitive, UnixTime};
use serde_json::{Map, Value, json};

use crate::arguments::short;
use crate::attempts::exchange_fields;
use crate::clock::now;
use crate::error::{CommandError, CommandResult, usage};
use crate::exit::Exit;
use crate::input::{self, Source};
use crate::output::{self, Output};
use crate::parameters::Parameters;
use crate::service::ServiceArgs;
use crate::verification::{self, LIFETIME_SECONDS};

/// Open a verification; print its CertifyId and the CertifyUrl for the person's browser
///
/// Reads the person's name and ID number from standard input or from a file, one per line, if the plan
/// needs them (`ID_PRO`; other plans with --person). They are not options, because other users of the
/// machine can see command lines. The CertifyUrl is printed, on a terminal also as a QR code: whoever has
/// it can take the check in the person's place.
///
/// A number whose check character does not match is refused before anything is sent.
///
/// For an app, leave out --return-url; --meta-info is what the vendor's SDK returned in the app, and
/// the app continues with the CertifyId.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cloudauth init --scene-id 1000000006 --outer-order-no order1 --return-url https://shop.example/back \\
    --meta-info device.json --person person.txt --watch && ./grant
  cloudauth init --product-code PV_FV --scene-id 1000000006 --outer-order-no order2 \\
    --meta-info device.json --picture face.jpg --params user.json   # {\"UserId\": \"...\"}
  cloudauth init --product-code LR_FR --scene-id 1000000006 --outer-order-no order3 \\
    --meta-info app.json --params user.json")]
pub(crate) struct InitArgs {
    /// ID of the scene, as shown in the service's console
    #[arg(long, value_name = "ID")]
    scene_id: i64,
    /// Your own order number for this verification: 1 to 32 letters, digits, _ and -
    #[arg(long, value_name = "NUMBER", value_parser = short)]
    outer_order_no: String,
    /// Plan: `ID_PRO`, `ID_PLUS`, `PV_FV`, `LR_FR`, `MFVC` or `FACE`
    #[arg(long, value_name = "PLAN", default_value = "ID_PRO", value_parser = plan)]
    product_code: ProductCode,
    /// URL to which the browser returns after the verification; none for an app
    #[arg(long, value_name = "URL", value_parser = short)]
    return_url: Option<String>,
    /// File with the JSON that the vendor's script produced in the person's browser, or its SDK in the app
    #[arg(long, value_name = "FILE")]
    meta_info: PathBuf,
    /// Liveness check [default: the service's, LIVENESS]
    #[arg(long, value_parser = short)]
    model: Option<String>,
    /// URL that the service calls after the verification; https only
    #[arg(long, value_name = "URL", value_parser = short)]
    callback_url: Option<String>,
    /// File with a key of at least 32 bytes; the callback then carries a token made with it, valid
    /// for this order for 1 hour
    #[arg(long, value_name = "FILE", requires = "callback_url")]
    callback_key: Option<PathBuf>,
    /// File with the name and the ID number, one per line [default for `ID_PRO`: standard input]
    #[arg(long, value_name = "FILE")]
    person: Option<PathBuf>,
    /// File with the picture to compare the face with, JPEG or PNG
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// File with more parameters, a JSON object; `cloudauth ops InitFaceVerify` lists them
    #[arg(long, value_name = "FILE")]
    params: Option<PathBuf>,
    /// Wait for the verdict, as `cloudauth watch` does; the exit status is 0 only if the person passed
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    service: ServiceArgs,
}

/// Outlives a verification (30 minutes) and late callbacks.
const TOKEN_SECONDS: u64 = 3_600;

pub(crate) fn run(args: &InitArgs, output: &Output) -> CommandResult {
    let operation = operation(args)?;
    let client = args.service.client()?;
    let reply = client.call(&operation)?;
    print(&reply, output);
    if !args.watch {
        return Ok(Exit::Success);
    }
    let query = DescribeFaceVerify::new(args.scene_id, reply.value.certify_id);
    verification::poll(&client, query, LIFETIME_SECONDS, output)
}

/// Prints the verification that was opened, on stderr if stdout cannot be written.
fn print(reply: &Reply<InitFaceVerifyResponse>, output: &Output) {
    let id = reply.value.certify_id.as_str();
    let url = reply.value.certify_url.as_ref().map(Sensitive::expose);
    let mut fields = vec![("CertifyId", json!(id)), ("CertifyUrl", json!(url))];
    fields.extend(exchange_fields(reply, output));
    output.fields(&fields);
    if let Some(code) = url.filter(|_| !output.is_json()).and_then(qr::code) {
        output.text(&code);
    }
    if output.has_failed() {
        let id = output::one_line(id);
        output::to_stderr(&format!("a verification was opened: CertifyId {id}"));
    }
}

fn operation(args: &InitArgs) -> Result<InitFaceVerify, CommandError> {
    let mut object = match &args.params {
        Some(file) => input::parameters(Source::file("--params", file))?,
        None => Map::new(),
    };
    let mut set = |name: &str, value: Value| match object.insert(name.to_owned(), value) {
        Some(_) => Err(usage(format!(
            "--params: {name} has an option or a file of its own"
        ))),
        None => Ok(()),
    };
    let is_id_pro = args.product_code == ProductCode::IdPro;
    set("SceneId", args.scene_id.into())?;
    set("OuterOrderNo", args.outer_order_no.as_str().into())?;
    set("ProductCode", args.product_code.as_str().into())?;
    if let Some(model) = &args.model {
        set("Model", model.as_str().into())?;
    }
    if let Some(url) = &args.return_url {
        set("ReturnUrl", url.as_str().into())?;
    }
    if let Some(url) = &args.callback_url {
        set("CallbackUrl", url.as_str().into())?;
    }
    if let Some(file) = &args.callback_key {
        let order = OuterOrderNo::new(args.outer_order_no.as_str());
        let order = order.map_err(|error| usage(format!("--outer-order-no: {error}")))?;
        let expires = UnixTime::from_seconds(now().seconds() + TOKEN_SECONDS);
        let token =
            input::callback_key(Source::file("--callback-key", file))?.token(&order, expires);
        set("CallbackToken", token.expose().into())?;
    }
    set(
        "MetaInfo",
        input::meta_info(Source::file("--meta-info", &args.meta_info))?
            .expose()
            .into(),
    )?;
    if is_id_pro || args.person.is_some() {
        let card = input::person(Source::file_or_stdin("--person", args.person.as_deref()))?;
        set("CertType", "IDENTITY_CARD".into())?;
        set("CertName", card.name.expose().into())?;
        set("CertNo", card.number.expose().into())?;
    }
    if let Some(file) = &args.picture {
        let picture = input::picture(Source::file("--picture", file))?;
        set(
            "FaceContrastPicture",
            Sensitive::from(picture).expose().into(),
        )?;
    }
    Parameters::new(const { &InitFaceVerify::METADATA }, object).build(&[])
}

/// Parses a plan that is listed.
fn plan(text: &str) -> Result<ProductCode, String> {
    let listed = ProductCode::LISTED.iter();
    let plan = listed
        .clone()
        .find(|plan| plan.as_str().eq_ignore_ascii_case(text));
    plan.cloned().ok_or_else(|| {
        let names: Vec<&str> = listed.map(ProductCode::as_str).collect();
        format!("must be one of {}", names.join(", "))
    })
}
