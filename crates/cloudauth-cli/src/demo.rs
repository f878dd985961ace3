//! `demo`: runs a verification from end to end while the primary region is down.

use cloudauth_proto::operation::Listed;
use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::{Attempt, Credentials, Endpoint, Endpoints, Error, Operation, Reply};
use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Fault, Region, Simulator, Times};
use cloudauth_ureq::Options;

use crate::attempts;
use crate::error::{CommandError, CommandResult, failed};
use crate::exit::Exit;
use crate::output::{self, Output};
use crate::service::SchemeArg;

/// Run two verifications against the built-in simulator while its primary region is down
///
/// Both drivers, blocking and async, each run one verification. Every attempt is printed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cloudauth demo --scheme rpc")]
pub(crate) struct DemoArgs {
    /// Signature scheme
    #[arg(long, value_enum, default_value_t = SchemeArg::Acs3)]
    scheme: SchemeArg,
}

const SCENE_ID: i64 = 1_000_000_006;

pub(crate) fn run(args: &DemoArgs, output: &Output) -> CommandResult {
    let simulator = Simulator::start().map_err(failed)?;
    let shanghai: Endpoint = simulator.url(Region::Shanghai).parse().map_err(failed)?;
    let beijing: Endpoint = simulator.url(Region::Beijing).parse().map_err(failed)?;
    output.line(&format!(
        "The simulator serves Shanghai at {shanghai} and Beijing at {beijing}."
    ));
    simulator.inject(Region::Shanghai, Fault::Refuse, Times::Always);
    output.line("Shanghai is down: it refuses connections. Each driver opens a verification, the");
    output.line("person passes on the simulated page, and the driver queries the verdict.\n");

    let options = Options::new()
        .credentials(Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET).map_err(failed)?)
        .endpoints(Endpoints::only(shanghai).then(beijing))
        .scheme(args.scheme.into());
    let mut rows = Vec::new();
    let mut verdicts = Vec::new();

    let client = cloudauth_ureq::Client::new(options.clone())?;
    let result = client.call(&init("demo1"));
    let opened = record::<InitFaceVerify>(&mut rows, "ureq", result)?;
    pass(&opened)?;
    let result = client.call(&describe(&opened));
    let verdict = record::<DescribeFaceVerify>(&mut rows, "ureq", result)?;
    verdicts.push(("ureq", verdict));

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    let client = cloudauth_hyper::Client::new(options)?;
    let result = runtime.block_on(client.call(&init("demo2")));
    let opened = record::<InitFaceVerify>(&mut rows, "hyper", result)?;
    pass(&opened)?;
    let result = runtime.block_on(client.call(&describe(&opened)));
    let verdict = record::<DescribeFaceVerify>(&mut rows, "hyper", result)?;
    verdicts.push(("hyper", verdict));

    let headings = [
        "driver",
        "operation",
        "attempt",
        "endpoint",
        "time (ms)",
        "outcome",
    ];
    output.table(&headings, &rows);
    output.line("");
    for (driver, verdict) in &verdicts {
        let passed = if verdict.value.has_passed() {
            "passed"
        } else {
            "did not pass"
        };
        let sub_code = verdict.value.sub_code.as_deref().unwrap_or("none");
        output.line(&format!(
            "{driver}: the person {passed} (SubCode {sub_code})"
        ));
    }
    if verdicts
        .iter()
        .all(|(_, verdict)| verdict.value.has_passed())
    {
        Ok(Exit::Success)
    } else {
        Err(failed(
            "a verdict differs from the outcome chosen on the page",
        ))
    }
}

fn init(order_no: &str) -> InitFaceVerify {
    InitFaceVerify::new(SCENE_ID, order_no, "ID_PRO")
        .model("MULTI_ACTION")
        .cert_type("IDENTITY_CARD")
        .cert_name("张三")
        .cert_no("330103199001011230")
        .return_url("https://www.example.com/back")
        .meta_info(r#"{"deviceType":"h5"}"#)
}

type Opened = Reply<<InitFaceVerify as Operation>::Response>;

fn describe(opened: &Opened) -> DescribeFaceVerify {
    DescribeFaceVerify::new(SCENE_ID, opened.value.certify_id.clone())
}

/// Submits the simulated page, as the person's browser does after a passed check.
fn pass(opened: &Opened) -> Result<(), CommandError> {
    let url = opened.value.certify_url.as_ref();
    let url = url
        .ok_or_else(|| failed("the reply has no CertifyUrl"))?
        .expose();
    let browser: ureq::Agent = ureq::Agent::config_builder()
        .proxy(None)
        .max_redirects(0)
        .build()
        .into();
    browser.get(url).call().map_err(failed)?;
    browser
        .post(url)
        .send_form([("outcome", "pass")])
        .map_err(failed)?;
    Ok(())
}

/// Adds a row for each attempt of a call, and returns the call's result.
fn record<O: Listed>(
    rows: &mut Vec<Vec<String>>,
    driver: &str,
    result: Result<Reply<O::Response>, Error>,
) -> Result<Reply<O::Response>, Error> {
    let attempts = match &result {
        Ok(reply) => &reply.attempts,
        Err(error) => error.attempts(),
    };
    for (i, attempt) in attempts.iter().enumerate() {
        rows.push(row(driver, &O::METADATA.action, i + 1, attempt));
    }
    result
}

fn row(driver: &str, action: &str, number: usize, attempt: &Attempt) -> Vec<String> {
    vec![
        driver.into(),
        action.into(),
        number.to_string(),
        attempt.endpoint.to_string(),
        format!("{:.1}", attempts::took(attempt)),
        output::one_line(&attempt.outcome.to_string()),
    ]
}
