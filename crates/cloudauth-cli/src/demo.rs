//! `demo`: a verification, end to end, while the primary region is down.

use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::{Attempt, Credentials, Endpoint, Endpoints, Error, Listed, Operation, Reply};
use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Fault, Region, Simulator, Times};
use cloudauth_ureq::Options;

use crate::Outcome;
use crate::args::DemoArgs;
use crate::output;

const SCENE_ID: i64 = 1_000_000_006;

pub(crate) fn run(args: &DemoArgs) -> Outcome {
    let simulator = Simulator::start()?;
    let shanghai: Endpoint = simulator.url(Region::Shanghai).parse()?;
    let beijing: Endpoint = simulator.url(Region::Beijing).parse()?;
    output::line(&format!(
        "The simulator plays Shanghai at {shanghai} and Beijing at {beijing}."
    ));
    simulator.inject(Region::Shanghai, Fault::Refuse, Times::Always);
    output::line("Shanghai is down: it refuses connections. Each driver opens a verification, the");
    output::line("person passes on the simulated page, and the driver asks for the verdict.\n");

    let options = Options::new()
        .credentials(Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET)?)
        .endpoints(Endpoints::only(shanghai).then(beijing))
        .scheme(args.scheme.into());
    let mut rows = Vec::new();
    let mut verdicts = Vec::new();

    let blocking = cloudauth_ureq::Client::new(options.clone())?;
    let init = order("demo1");
    let opened = record::<InitFaceVerify>(&mut rows, "ureq", blocking.call(&init))?;
    pass(&opened)?;
    let describe = question(&opened);
    let verdict = record::<DescribeFaceVerify>(&mut rows, "ureq", blocking.call(&describe))?;
    verdicts.push(("ureq", verdict));

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let client = cloudauth_hyper::Client::new(options)?;
    let init = order("demo2");
    let asked = runtime.block_on(client.call(&init));
    let opened = record::<InitFaceVerify>(&mut rows, "hyper", asked)?;
    pass(&opened)?;
    let describe = question(&opened);
    let asked = runtime.block_on(client.call(&describe));
    let verdict = record::<DescribeFaceVerify>(&mut rows, "hyper", asked)?;
    verdicts.push(("hyper", verdict));

    let head = ["driver", "operation", "attempt", "endpoint", "ms", "met"];
    output::table(&head, &rows);
    output::line("");
    for (driver, verdict) in &verdicts {
        let passed = if verdict.value.has_passed() {
            "passed"
        } else {
            "did not pass"
        };
        let sub_code = verdict.value.sub_code.as_deref().unwrap_or("none");
        output::line(&format!(
            "{driver}: the person {passed} (SubCode {sub_code})"
        ));
    }
    if verdicts
        .iter()
        .all(|(_, verdict)| verdict.value.has_passed())
    {
        Ok(())
    } else {
        Err("a verdict is not what the page was told".into())
    }
}

fn order(order_no: &str) -> InitFaceVerify {
    InitFaceVerify::new(SCENE_ID, order_no, "ID_PRO")
        .model("MULTI_ACTION")
        .cert_type("IDENTITY_CARD")
        .cert_name("张三")
        .cert_no("330103199001011234")
        .return_url("https://www.example.com/back")
        .meta_info(r#"{"deviceType":"h5"}"#)
}

type Opened = Reply<<InitFaceVerify as Operation>::Response>;

fn question(opened: &Opened) -> DescribeFaceVerify {
    DescribeFaceVerify::new(SCENE_ID, opened.value.certify_id.clone())
}

/// Does on the simulated page what the person would do in the browser.
fn pass(opened: &Opened) -> Outcome {
    let url = opened.value.certify_url.as_ref();
    let url = url.ok_or("the verification has no page")?.expose();
    let browser: ureq::Agent = ureq::Agent::config_builder()
        .proxy(None)
        .max_redirects(0)
        .build()
        .into();
    browser.get(url).call()?;
    browser.post(url).send_form([("outcome", "pass")])?;
    Ok(())
}

/// Keeps a row for each attempt of a call, and gives the call's result back.
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
        rows.push(row(driver, O::INFO.action, i + 1, attempt));
    }
    result
}

fn row(driver: &str, action: &str, number: usize, attempt: &Attempt) -> Vec<String> {
    let took = attempt.ended.saturating_since(attempt.started);
    vec![
        driver.into(),
        action.into(),
        number.to_string(),
        attempt.endpoint.to_string(),
        format!("{:.1}", took.as_secs_f64() * 1e3),
        output::plain(&attempt.outcome.to_string()),
    ]
}
