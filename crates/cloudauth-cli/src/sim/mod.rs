//! `sim`: runs the simulator.

mod explore;
mod figures;
mod search;

use core::net::IpAddr;
use std::fs;
use std::path::PathBuf;

use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Region, Simulator};

use crate::error::CommandResult;
use crate::output;

use self::explore::ExploreArgs;
use self::figures::FiguresArgs;
use self::search::SearchArgs;

/// Run the simulator until interrupted, or run calls in simulated time
///
/// Without a subcommand: serves the simulator, and prints its URLs and the access key to export.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct SimArgs {
    #[command(subcommand)]
    command: Option<SimCommand>,
    /// Port of the Shanghai endpoint; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = 8731)]
    shanghai: u16,
    /// Port of the Beijing endpoint; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = 8732)]
    beijing: u16,
    /// Listen on this address, which other machines may be able to reach [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    expose: Option<IpAddr>,
    /// Disable the documented rate limits
    #[arg(long)]
    no_limits: bool,
    /// Write the CA certificate of the simulator's https endpoints to this file, in PEM
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Send callbacks for this host to this URL, for example shop.example=http://127.0.0.1:3000;
    /// repeat the option for more hosts [default: send only callbacks to this machine]
    #[arg(long, value_name = "HOST=URL", value_parser = route)]
    callbacks: Vec<(String, String)>,
}

#[derive(Debug, clap::Subcommand)]
enum SimCommand {
    Explore(ExploreArgs),
    Figures(FiguresArgs),
    Search(SearchArgs),
}

impl SimArgs {
    pub(crate) fn prints_json(&self) -> bool {
        match &self.command {
            None => false,
            Some(SimCommand::Explore(args)) => args.output.json,
            Some(SimCommand::Figures(args)) => args.output.json,
            Some(SimCommand::Search(args)) => args.output.json,
        }
    }
}

pub(crate) fn run(args: &SimArgs) -> CommandResult {
    match &args.command {
        None => serve(args),
        Some(SimCommand::Explore(args)) => explore::run(args),
        Some(SimCommand::Figures(args)) => figures::run(args),
        Some(SimCommand::Search(args)) => search::run(args),
    }
}

fn serve(args: &SimArgs) -> CommandResult {
    let started = match args.expose {
        None => Simulator::start_on(args.shanghai, args.beijing),
        Some(address) => Simulator::start_exposed(address, args.shanghai, args.beijing),
    };
    let simulator = started.map_err(|e| format!("cannot listen: {e}"))?;
    simulator.world().enforce_rate_limits(!args.no_limits);
    if let Some(file) = &args.ca {
        fs::write(file, simulator.ca_pem())
            .map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    }
    for (host, url) in &args.callbacks {
        simulator.world().route_callbacks(host, url);
    }
    output::line(&usage(&simulator));
    loop {
        std::thread::park();
    }
}

/// A shell script: what to export, and comments with URLs and commands.
fn usage(simulator: &Simulator) -> String {
    let shanghai = simulator.url(Region::Shanghai);
    let beijing = simulator.url(Region::Beijing);
    let admin = simulator.admin_url();
    let fault = r#"{"region":"cn-shanghai","fault":"refuse","times":"always"}"#;
    format!(
        "\
# Shanghai {shanghai}
# Beijing  {beijing}
# pages    {}
# proxy    {}
# live     {admin}
export ALIBABA_CLOUD_ACCESS_KEY_ID={ACCESS_KEY_ID}
export ALIBABA_CLOUD_ACCESS_KEY_SECRET={ACCESS_KEY_SECRET}
# options of this command: --endpoint {shanghai} --endpoint {beijing}
# take Shanghai down: curl -H 'content-type: application/json' -d '{fault}' {admin}/faults
# remove all faults:  curl -X DELETE {admin}/faults",
        simulator.page_url(),
        simulator.proxy_url(),
    )
}

fn route(arg: &str) -> Result<(String, String), &'static str> {
    let (host, url) = arg.split_once('=').ok_or("expected HOST=URL")?;
    if host.is_empty() || host.contains(['/', ':']) {
        return Err("HOST must be a host name without a scheme or a port");
    }
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err("URL must start with http:// or https://");
    }
    Ok((host.to_owned(), url.to_owned()))
}
