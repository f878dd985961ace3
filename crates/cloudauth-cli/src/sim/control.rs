//! Commands that speak to a running simulator.

use core::time::Duration;

use serde_json::{Map, Value, json};
use ureq::Agent;

use crate::arguments::short;
use crate::environment;
use crate::error::{CommandError, failed};
use crate::output::{Output, json_text, one_line};

/// The environment variable with the URL of the admin interface, which `sim` prints.
const ADMIN_VARIABLE: &str = "CLOUDAUTH_SIM_ADMIN";

const DEFAULT_ADMIN: &str = "http://127.0.0.1:8733/admin";

const TIMEOUT: Duration = Duration::from_secs(10);

/// A running simulator.
#[derive(Debug, clap::Args)]
struct RunningArgs {
    /// URL of its live page, which `sim` prints
    #[arg(
        long,
        value_name = "URL",
        value_parser = short,
        help = "URL of its live page, which `sim` prints [default: $CLOUDAUTH_SIM_ADMIN, else \
            http://127.0.0.1:8733/admin]"
    )]
    admin: Option<String>,
}

/// Inject a fault into a running simulator
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  cloudauth sim break status --status 503 --times 2 --region cn-beijing"
)]
pub(super) struct BreakArgs {
    /// Kind of fault, for example refuse, hang, reset, status, throttle; an unknown one is refused
    /// with a list
    #[arg(default_value = "refuse", value_parser = short)]
    fault: String,
    /// Region, cn-shanghai or cn-beijing [default: both]
    #[arg(long, value_name = "REGION", value_parser = short)]
    region: Option<String>,
    /// Only requests for this operation [default: every one]
    #[arg(long, value_name = "ACTION", value_parser = short)]
    action: Option<String>,
    /// Number of requests, or always
    #[arg(long, value_name = "NUMBER", default_value = "always", value_parser = times)]
    times: Value,
    /// HTTP status of the faults status, gateway and custom
    #[arg(long)]
    status: Option<u16>,
    /// Code of the fault gateway
    #[arg(long, value_parser = short)]
    code: Option<String>,
    /// Size of the fault oversize
    #[arg(long)]
    bytes: Option<u64>,
    /// How many seconds the clock is wrong under the fault skew
    #[arg(long, allow_negative_numbers = true)]
    seconds: Option<i64>,
    /// Body of the fault custom
    #[arg(long, value_parser = short)]
    body: Option<String>,
    #[command(flatten)]
    running: RunningArgs,
}

/// Clear the faults of a running simulator, and open the ports of its regions
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cloudauth sim heal --region cn-shanghai")]
pub(super) struct RestoreArgs {
    /// Region, cn-shanghai or cn-beijing [default: both]
    #[arg(long, value_name = "REGION", value_parser = short)]
    region: Option<String>,
    #[command(flatten)]
    running: RunningArgs,
}

/// Finish a verification of a running simulator, as its page does
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cloudauth sim finish sha2a8... --sub-code 204")]
pub(super) struct FinishArgs {
    /// CertifyId of the verification
    #[arg(value_parser = short)]
    certify_id: String,
    /// Verdict: 200 is passed
    #[arg(long, value_name = "CODE", default_value = "200", value_parser = short)]
    sub_code: String,
    #[command(flatten)]
    running: RunningArgs,
}

/// Move the clock of a running simulator; without SECONDS, print it
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cloudauth sim clock 1800")]
pub(super) struct ClockArgs {
    /// Seconds forward, or back if negative
    #[arg(default_value_t = 0, allow_negative_numbers = true)]
    seconds: i64,
    #[command(flatten)]
    running: RunningArgs,
}

/// Print what happened in a running simulator, as JSON
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cloudauth sim state | jq .orders")]
pub(super) struct StateArgs {
    #[command(flatten)]
    running: RunningArgs,
}

pub(super) fn inject(args: &BreakArgs) -> Result<(), CommandError> {
    let mut body = Map::new();
    let fields = [
        ("fault", Some(json!(args.fault))),
        ("region", args.region.as_ref().map(|it| json!(it))),
        ("action", args.action.as_ref().map(|it| json!(it))),
        ("times", Some(args.times.clone())),
        ("status", args.status.map(|it| json!(it))),
        ("code", args.code.as_ref().map(|it| json!(it))),
        ("bytes", args.bytes.map(|it| json!(it))),
        ("seconds", args.seconds.map(|it| json!(it))),
        ("body", args.body.as_ref().map(|it| json!(it))),
    ];
    for (name, value) in fields {
        body.extend(value.map(|value| (name.to_owned(), value)));
    }
    args.running.post("/faults", &Value::Object(body))?;
    Ok(())
}

pub(super) fn restore(args: &RestoreArgs) -> Result<(), CommandError> {
    let region = args.region.as_ref();
    let query = region.map_or_else(String::new, |region| format!("?region={region}"));
    let url = args.running.url(&format!("/faults{query}"));
    read_response(agent().delete(&url).call(), &url)?;
    Ok(())
}

pub(super) fn finish(args: &FinishArgs) -> Result<(), CommandError> {
    let body = json!({ "certify_id": args.certify_id, "sub_code": args.sub_code });
    args.running.post("/finish", &body)?;
    Ok(())
}

pub(super) fn clock(args: &ClockArgs, output: &Output) -> Result<(), CommandError> {
    let body = json!({ "move_seconds": args.seconds });
    let moved = args.running.post("/clock", &body)?;
    output.line(&moved["now_unix"].to_string());
    Ok(())
}

pub(super) fn state(args: &StateArgs, output: &Output) -> Result<(), CommandError> {
    let url = args.running.url("/state");
    let state = read_response(agent().get(&url).call(), &url)?;
    output.line(&json_text(&state));
    Ok(())
}

impl RunningArgs {
    fn url(&self, path: &str) -> String {
        let variable = || environment::var(ADMIN_VARIABLE).filter(|url| !url.is_empty());
        let base = self.admin.clone().or_else(variable);
        let base = base.unwrap_or_else(|| DEFAULT_ADMIN.to_owned());
        format!("{}{path}", base.trim_end_matches('/'))
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, CommandError> {
        let url = self.url(path);
        let request = agent().post(&url);
        let request = request.header("content-type", "application/json");
        read_response(request.send(body.to_string()), &url)
    }
}

/// A client that sees refusals as responses, and goes through no proxy: the simulator is near.
fn agent() -> Agent {
    Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .timeout_global(Some(TIMEOUT))
        .build()
        .into()
}

/// The JSON of a response; an error with the simulator's reason if it refused.
fn read_response(
    result: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    url: &str,
) -> Result<Value, CommandError> {
    // Without the token that may be in the path.
    let place = url.split("/admin").next().unwrap_or_default();
    let mut response = result.map_err(|error| {
        failed(format!(
            "no simulator at {place}, or it has stopped: {error}"
        ))
    })?;
    let status = response.status();
    let text = response.body_mut().read_to_string();
    let text = text.map_err(|error| failed(format!("the simulator at {place}: {error}")))?;
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    if status.is_success() {
        return Ok(body);
    }
    let reason = body["error"].as_str().unwrap_or("no reason");
    let status = status.as_u16();
    let reason = one_line(reason);
    Err(failed(format!(
        "the simulator at {place} refused ({status}): {reason}"
    )))
}

fn times(arg: &str) -> Result<Value, &'static str> {
    if arg == "always" {
        return Ok(arg.into());
    }
    let number: u32 = arg.parse().map_err(|_| "expected a number or always")?;
    Ok(number.into())
}
