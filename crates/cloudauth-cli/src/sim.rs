//! `sim`: serves the simulator.

use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Region, Simulator};

use crate::Outcome;
use crate::args::SimArgs;
use crate::output;

pub(crate) fn run(args: &SimArgs) -> Outcome {
    let simulator = Simulator::start_on(args.shanghai, args.beijing)
        .map_err(|e| format!("cannot listen on 127.0.0.1: {e}"))?;
    if let Some(file) = &args.ca {
        std::fs::write(file, simulator.ca_pem())
            .map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    }
    for (host, origin) in &args.callbacks {
        simulator.world().route_callbacks(host, origin);
    }
    output::line(&format!(
        "# Shanghai {}\n# Beijing  {}\n# pages    {}\n# proxy    {}",
        simulator.url(Region::Shanghai),
        simulator.url(Region::Beijing),
        simulator.page_url(),
        simulator.proxy_url(),
    ));
    output::line(&format!(
        "export ALIBABA_CLOUD_ACCESS_KEY_ID={ACCESS_KEY_ID}"
    ));
    output::line(&format!(
        "export ALIBABA_CLOUD_ACCESS_KEY_SECRET={ACCESS_KEY_SECRET}"
    ));
    loop {
        std::thread::park();
    }
}
