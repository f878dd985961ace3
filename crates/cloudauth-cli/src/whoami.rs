//! `whoami`: which credentials are found, and where.

use cloudauth_ureq::{Client, Found, Options, PassedOver, WhoAmI};
use serde_json::{Value, json};

use crate::Outcome;
use crate::args::WhoamiArgs;
use crate::output;

pub(crate) fn run(args: &WhoamiArgs) -> Outcome {
    let client = Client::new(Options::new())?;
    let found = client.run(WhoAmI::new())?;
    output::fields(&fields(&found), args.json);
    Ok(())
}

fn fields(found: &Found) -> Vec<(&'static str, Value)> {
    let passed_over = |it: &PassedOver| Value::String(output::plain(&it.to_string()));
    vec![
        ("Source", json!(found.source)),
        ("AccessKeyId", json!(found.credentials.masked_id())),
        ("Expires", json!(found.expires.map(|at| at.to_string()))),
        (
            "PassedOver",
            found.passed_over.iter().map(passed_over).collect(),
        ),
    ]
}
