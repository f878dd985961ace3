//! `sim` without a subcommand: serves the simulator.

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;
use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::PathBuf;

use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Region, Simulator, SimulatorOptions};
use tokio::time::sleep;

use crate::arguments::short;
use crate::error::{CommandError, CommandResult, failed, usage};
use crate::exit::Exit;
use crate::output::{self, Output};

/// How often failures to write the state file are looked for.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
pub(super) struct ServeArgs {
    /// Port of the Shanghai endpoint; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = 8731)]
    shanghai: u16,
    /// Port of the Beijing endpoint; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = 8732)]
    beijing: u16,
    /// Port of the pages, the live page and the credential services; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = 8733)]
    pages: u16,
    /// Listen on this address, which other machines may be able to reach [default: 127.0.0.1]
    ///
    /// The live page then requires the token in its printed URL, and callbacks go only to hosts of
    /// --callbacks.
    #[arg(long, value_name = "ADDRESS")]
    expose: Option<IpAddr>,
    /// URL under which others reach the pages
    #[arg(
        long,
        value_name = "URL",
        value_parser = short,
        help = "URL under which others reach the pages, for example http://sim:8733; its host is in every \
            printed URL [default: the address of this machine]"
    )]
    public_url: Option<String>,
    /// Keep verifications, IDs and the clock in this file, and continue from it
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Seed of all IDs [default: a random one]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Disable the documented rate limits
    #[arg(long)]
    no_limits: bool,
    /// Refuse also what the service only probably refuses: wrong check digits, order numbers with
    /// other characters than letters and digits, unknown scenes, plans and models
    #[arg(long)]
    strict: bool,
    /// Scene that exists from the start; only with --strict is any other one unknown
    #[arg(long, value_name = "SCENE_ID")]
    scene: Vec<i64>,
    /// Host that callbacks cannot reach: a `CallbackUrl` with it is refused
    #[arg(long, value_name = "HOST", value_parser = short)]
    unreachable: Vec<String>,
    /// Write the CA certificate of the simulator's https endpoints to this file, in PEM
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Send callbacks for this host to this URL, for example shop.example=http://127.0.0.1:3000;
    /// repeat the option for more hosts [default: send only callbacks to this machine]
    #[arg(long, value_name = "HOST=URL", value_parser = route)]
    callbacks: Vec<(String, String)>,
}

pub(super) fn run(args: &ServeArgs, output: &Output) -> CommandResult {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    runtime.block_on(async {
        // Before anything is printed, so that whoever reads it can already stop the simulator.
        let stop = stopped().map_err(failed)?;
        check_state(args)?;
        let simulator = Simulator::start_with(&options(args));
        let simulator = simulator.map_err(|error| cannot_start(args, &error))?;
        prepare(&simulator, args)?;
        output.text(&script(&simulator, args));
        tokio::select! {
            result = stop => result.map(|()| Exit::Success).map_err(failed),
            never = report_failures(&simulator) => match never {},
        }
    })
}

fn options(args: &ServeArgs) -> SimulatorOptions {
    let mut options = SimulatorOptions::new()
        .ports(args.shanghai, args.beijing)
        .page_port(args.pages);
    if let Some(address) = args.expose {
        options = options.expose(address);
    }
    if let Some(url) = &args.public_url {
        options = options.public_url(url);
    }
    if let Some(file) = &args.state {
        options = options.state(file);
    }
    if let Some(seed) = args.seed {
        options = options.seed(seed);
    }
    options
}

fn prepare(simulator: &Simulator, args: &ServeArgs) -> Result<(), CommandError> {
    {
        let mut world = simulator.world();
        world.enforce_rate_limits(!args.no_limits);
        world.set_strict(args.strict);
        for scene_id in &args.scene {
            world.add_scene(*scene_id);
        }
        for host in &args.unreachable {
            world.add_unreachable_host(host);
        }
        for (host, url) in &args.callbacks {
            world.route_callbacks(host, url);
        }
    }
    if let Some(file) = &args.ca {
        fs::write(file, simulator.ca_pem())
            .map_err(|e| usage(format!("--ca: cannot be written: {e}")))?;
    }
    Ok(())
}

/// A future that ends with the first signal to end: SIGINT or, on Unix, SIGTERM. Both have a
/// handler from now on: the first process of a container has none by default.
fn stopped() -> io::Result<impl Future<Output = io::Result<()>>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => Ok(()),
                _ = terminate.recv() => Ok(()),
            }
        })
    }
    #[cfg(not(unix))]
    {
        Ok(tokio::signal::ctrl_c())
    }
}

/// Prints why the state file cannot be written, once for each reason.
async fn report_failures(simulator: &Simulator) -> core::convert::Infallible {
    let mut printed = None;
    loop {
        let failure = simulator.state_error();
        if failure != printed {
            if let Some(failure) = &failure {
                output::to_stderr(&format!("error: {}", output::one_line(failure)));
            }
            printed = failure;
        }
        sleep(CHECK_INTERVAL).await;
    }
}

/// A state file that can be neither read nor made is wrong use.
fn check_state(args: &ServeArgs) -> Result<(), CommandError> {
    let Some(file) = &args.state else {
        return Ok(());
    };
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if file.as_os_str().is_empty() || folder.is_some_and(|folder| !folder.is_dir()) {
        return Err(usage("--state: its folder does not exist"));
    }
    match fs::metadata(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(usage(format!("--state: cannot be read: {error}")))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Names the port that is occupied.
fn cannot_start(args: &ServeArgs, error: &io::Error) -> CommandError {
    let address = args.expose.unwrap_or_else(|| Ipv4Addr::LOCALHOST.into());
    let ports = [
        ("--shanghai", args.shanghai),
        ("--beijing", args.beijing),
        ("--pages", args.pages),
    ];
    for (i, (option, port)) in ports.iter().enumerate() {
        let same = ports[..i]
            .iter()
            .find(|(_, other)| other == port && *port != 0);
        if let Some((other, _)) = same {
            return usage(format!("{other} and {option} must be two ports"));
        }
    }
    let occupied = ports.iter().find(|(_, port)| {
        let bound = TcpListener::bind((address, *port));
        *port != 0 && bound.is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
    });
    match occupied {
        Some((option, port)) => failed(format!(
            "port {port} of {address} is in use; choose another with {option}, or 0 for a free one"
        )),
        None => failed(format!("cannot start the simulator: {error}")),
    }
}

/// A shell script: variables for the other commands, and comments with URLs and commands.
fn script(simulator: &Simulator, args: &ServeArgs) -> String {
    let shanghai = simulator.url(Region::Shanghai);
    let beijing = simulator.url(Region::Beijing);
    let admin = simulator.admin_url();
    let fault = r#"{"region":"cn-shanghai","fault":"refuse","times":"always"}"#;
    let host = shanghai.trim_start_matches("http://");
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let is_near = host == "127.0.0.1" || host == "localhost" || host == "[::1]";
    let is_near = is_near && args.public_url.is_none();
    let plain_http = if is_near {
        String::new()
    } else {
        format!("export CLOUDAUTH_PLAIN_HTTP={host}\n")
    };
    format!(
        "\
# Shanghai {shanghai}
# Beijing  {beijing}
# pages    {}
# proxy    {}
# live     {admin}
# take Shanghai down: cloudauth sim break --region cn-shanghai
# or:                 curl -H 'content-type: application/json' -d '{fault}' {admin}/faults
# remove all faults:  curl -X DELETE {admin}/faults
unset ALIBABA_CLOUD_SECURITY_TOKEN CLOUDAUTH_REGION CLOUDAUTH_NETWORK CLOUDAUTH_PLAIN_HTTP
export ALIBABA_CLOUD_ACCESS_KEY_ID={ACCESS_KEY_ID}
export ALIBABA_CLOUD_ACCESS_KEY_SECRET={ACCESS_KEY_SECRET}
export CLOUDAUTH_SIM_ADMIN={admin}
export CLOUDAUTH_ENDPOINTS={shanghai},{beijing}
{plain_http}# ready
",
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
