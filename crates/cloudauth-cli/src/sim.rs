//! `sim`: serves the simulator.

use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Region, Simulator};

use crate::Outcome;
use crate::args::SimArgs;
use crate::output;

pub(crate) fn run(args: &SimArgs) -> Outcome {
    let started = match args.expose {
        None => Simulator::start_on(args.shanghai, args.beijing),
        Some(address) => Simulator::start_exposed(address, args.shanghai, args.beijing),
    };
    let simulator = started.map_err(|e| format!("cannot listen: {e}"))?;
    simulator.world().keep_limits(!args.no_limits);
    if let Some(file) = &args.ca {
        std::fs::write(file, simulator.ca_pem())
            .map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    }
    for (host, origin) in &args.callbacks {
        simulator.world().route_callbacks(host, origin);
    }
    output::line(&told(&simulator));
    loop {
        std::thread::park();
    }
}

/// What a shell can read, and what a person wants to know.
fn told(simulator: &Simulator) -> String {
    let shanghai = simulator.url(Region::Shanghai);
    let beijing = simulator.url(Region::Beijing);
    let live = simulator.admin_url();
    let fault = r#"{"region":"cn-shanghai","fault":"refuse","times":"always"}"#;
    format!(
        "\
# Shanghai {shanghai}
# Beijing  {beijing}
# pages    {}
# proxy    {}
# live     {live}
export ALIBABA_CLOUD_ACCESS_KEY_ID={ACCESS_KEY_ID}
export ALIBABA_CLOUD_ACCESS_KEY_SECRET={ACCESS_KEY_SECRET}
# with this command: --endpoint {shanghai} --endpoint {beijing}
# a region down:     curl -H 'content-type: application/json' -d '{fault}' {live}/faults
# and up again:      curl -X DELETE {live}/faults",
        simulator.page_url(),
        simulator.proxy_url(),
    )
}
