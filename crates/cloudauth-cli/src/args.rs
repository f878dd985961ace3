//! The command line.

use core::net::IpAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use cloudauth_proto::{Endpoint, Endpoints, Scheme};

/// Client for Alibaba Cloud's identity verification service. Unofficial.
#[derive(Debug, Parser)]
#[command(name = "cloudauth", version, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show a failover, end to end, against the built-in simulator
    Demo(DemoArgs),
    /// Open a verification: print its CertifyId and the CertifyUrl for the browser
    Init(InitArgs),
    /// Ask for the verdict of a verification
    Describe(DescribeArgs),
    /// Ask for the verdict of a verification until there is one, or until it is over
    Watch(WatchArgs),
    /// Receive callbacks, and say of each whether it is genuine
    Listen(ListenArgs),
    /// Say what a code of the service means, whose problem it is, and whether a retry helps
    Explain(ExplainArgs),
    /// Print what a call's signature is made of, without sending it
    Sign(SignArgs),
    /// Tell which credentials are found, where, and which sources were passed over
    Whoami(WhoamiArgs),
    /// Serve the simulator until interrupted, or simulate time
    Sim(SimArgs),
}

impl Command {
    /// Whether `--json` was given.
    pub(crate) fn prints_json(&self) -> bool {
        match self {
            Self::Init(args) => args.service.json,
            Self::Describe(args) => args.service.json,
            Self::Watch(args) => args.describe.service.json,
            Self::Listen(args) => args.json,
            Self::Sign(args) => args.service.json,
            Self::Explain(args) => args.json,
            Self::Whoami(args) => args.json,
            Self::Sim(args) => match &args.command {
                Some(SimCommand::Explore(args)) => args.json,
                Some(SimCommand::Figures(args)) => args.json,
                None => false,
            },
            Self::Demo(_) => false,
        }
    }
}

#[derive(Debug, ClapArgs)]
pub(crate) struct DemoArgs {
    /// The signature to use
    #[arg(long, value_enum, default_value_t = SchemeArg::Acs3)]
    pub(crate) scheme: SchemeArg,
}

/// Whom to ask, and how.
#[derive(Debug, ClapArgs)]
pub(crate) struct ServiceArgs {
    /// An endpoint to ask instead of Shanghai, then Beijing; repeat it for more, in order
    #[arg(long = "endpoint", value_name = "URL")]
    endpoints: Vec<Endpoint>,
    /// The signature: acs3 puts names and numbers into the URL, rpc only into the body
    #[arg(long, value_enum, default_value_t = SchemeArg::Acs3)]
    pub(crate) scheme: SchemeArg,
    /// Print JSON, an error too; without it, JSON is printed where the output is not a terminal
    #[arg(long)]
    pub(crate) json: bool,
}

impl ServiceArgs {
    pub(crate) fn endpoints(&self) -> Endpoints {
        let mut given = self.endpoints.iter().cloned();
        match given.next() {
            Some(first) => given.fold(Endpoints::only(first), Endpoints::then),
            None => Endpoints::default(),
        }
    }
}

/// The name and the number are read from standard input, or from a file: two lines, the name and
/// the number. They are never taken from the command line, which other users of the machine can
/// see.
#[derive(Debug, ClapArgs)]
pub(crate) struct InitArgs {
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
    /// The scene that was created in the console
    #[arg(long)]
    pub(crate) scene_id: i64,
    /// Your own number for this verification, 1 to 32 letters and digits
    #[arg(long)]
    pub(crate) outer_order_no: String,
    /// Where the browser returns to
    #[arg(long)]
    pub(crate) return_url: String,
    /// A file with the JSON text that the vendor's script gave in the person's browser
    #[arg(long, value_name = "FILE")]
    pub(crate) meta_info: PathBuf,
    /// The liveness check
    #[arg(long, default_value = "MULTI_ACTION")]
    pub(crate) model: String,
    /// Where the service calls back; https only
    #[arg(long, value_name = "URL")]
    pub(crate) callback_url: Option<String>,
    /// A file with the key that the callback's token is made with, for this order and an hour
    #[arg(long, value_name = "FILE", requires = "callback_url")]
    pub(crate) callback_key: Option<PathBuf>,
    /// A file with the name and the number, a line each [default: standard input]
    #[arg(long, value_name = "FILE")]
    pub(crate) person: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct DescribeArgs {
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
    /// The scene that the verification was opened with
    #[arg(long)]
    pub(crate) scene_id: i64,
    /// What `init` printed
    #[arg(long)]
    pub(crate) certify_id: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    pub(crate) describe: DescribeArgs,
    /// How many seconds to ask for at most
    #[arg(long = "for", value_name = "SECONDS", default_value_t = 1_800)]
    pub(crate) seconds: u64,
}

/// Listens on this machine only: the service needs an https URL that leads here, for example
/// through a tunnel.
#[derive(Debug, ClapArgs)]
#[command(group = clap::ArgGroup::new("secret").required(true))]
pub(crate) struct ListenArgs {
    /// The port; 0 takes a free one
    #[arg(long, default_value_t = 8733)]
    pub(crate) port: u16,
    /// A file with the key, at least 32 bytes, that tokens are made with: see `init --callback-key`
    #[arg(long, value_name = "FILE", group = "secret")]
    pub(crate) key: Option<PathBuf>,
    /// A file with the one token that all callbacks carry
    #[arg(long, value_name = "FILE", group = "secret")]
    pub(crate) token: Option<PathBuf>,
    /// Print JSON, a line for each callback, as is done when the output is not a terminal
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ExplainArgs {
    /// A code of a reply, of a verdict, of the page or of the gateway, or a label of a device's risk:
    /// for example 417, Z5052, Throttling.User or ROOT
    pub(crate) code: String,
    /// Print JSON, an error too; without it, JSON is printed where the output is not a terminal
    #[arg(long)]
    pub(crate) json: bool,
}

/// Looks where a client without options looks, and nowhere else. Nothing is sent to the service.
#[derive(Debug, ClapArgs)]
pub(crate) struct WhoamiArgs {
    /// Print JSON, an error too; without it, JSON is printed where the output is not a terminal
    #[arg(long)]
    pub(crate) json: bool,
}

/// Prints the parameters, and so the person: mind where the output goes.
#[derive(Debug, ClapArgs)]
pub(crate) struct SignArgs {
    /// The operation, for example DescribeFaceVerify
    pub(crate) action: String,
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
    /// A file with the parameters, a JSON object of texts and numbers [default: standard input]
    #[arg(long, value_name = "FILE")]
    pub(crate) params: Option<PathBuf>,
    /// The API version
    #[arg(long, default_value = "2019-03-07")]
    pub(crate) api_version: String,
    /// Sign for this moment, in seconds since 1970 [default: now]
    #[arg(long)]
    pub(crate) at: Option<u64>,
    /// Sign with this nonce [default: a new one]
    #[arg(long)]
    pub(crate) nonce: Option<String>,
}

#[derive(Debug, ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct SimArgs {
    #[command(subcommand)]
    pub(crate) command: Option<SimCommand>,
    /// The port that plays Shanghai; 0 takes a free one
    #[arg(long, default_value_t = 8731)]
    pub(crate) shanghai: u16,
    /// The port that plays Beijing; 0 takes a free one
    #[arg(long, default_value_t = 8732)]
    pub(crate) beijing: u16,
    /// Listen on this address, which others may be able to reach [default: 127.0.0.1, this machine only]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) expose: Option<IpAddr>,
    /// Answer however many queries a second there are: the documented limits are not kept
    #[arg(long)]
    pub(crate) no_limits: bool,
    /// Write the certificate of the authority behind https to this file, in PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Send the callbacks for a host to this place, such as shop.example=http://127.0.0.1:3000; without, only this
    /// machine is called
    #[arg(long, value_name = "HOST=ORIGIN", value_parser = route)]
    pub(crate) callbacks: Vec<(String, String)>,
}

fn route(text: &str) -> Result<(String, String), &'static str> {
    let (host, origin) = text.split_once('=').ok_or("there is no = in it")?;
    if host.is_empty() || host.contains(['/', ':']) {
        return Err("in front of the = belongs a host alone");
    }
    if !origin.starts_with("http://") && !origin.starts_with("https://") {
        return Err("after the = belongs http:// or https:// with a host");
    }
    Ok((host.to_owned(), origin.to_owned()))
}

#[derive(Debug, Subcommand)]
pub(crate) enum SimCommand {
    /// Run random scenarios in simulated time; on a broken rule, print the shortest trace
    Explore(ExploreArgs),
    /// Measure what the policy promises, in simulated time
    Figures(FiguresArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ExploreArgs {
    /// How many scenarios
    #[arg(long, default_value_t = 100_000)]
    pub(crate) seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    pub(crate) from: u64,
    /// Print JSON, an error too; without it, JSON is printed where the output is not a terminal
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct FiguresArgs {
    /// Calls of each load
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) calls: u32,
    /// Random scenarios
    #[arg(long, default_value_t = 100_000)]
    pub(crate) seeds: u64,
    /// Nonces to draw; each takes eight bytes of memory
    #[arg(long, default_value_t = 10_000_000)]
    pub(crate) nonces: u32,
    /// Print JSON, an error too; without it, JSON is printed where the output is not a terminal
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SchemeArg {
    /// ACS3-HMAC-SHA256
    Acs3,
    /// RPC 1.0 with HMAC-SHA1
    Rpc,
}

impl From<SchemeArg> for Scheme {
    fn from(scheme: SchemeArg) -> Self {
        match scheme {
            SchemeArg::Acs3 => Self::Acs3HmacSha256,
            SchemeArg::Rpc => Self::RpcHmacSha1,
        }
    }
}
