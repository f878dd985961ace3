//! The `cloudauth` command.

#![forbid(unsafe_code)]

mod clock;
mod demo;
mod describe;
mod error;
mod explain;
mod init;
mod input;
mod listen;
mod output;
mod service;
mod sign;
mod sim;
mod verification;
mod watch;
mod whoami;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::demo::DemoArgs;
use crate::describe::DescribeArgs;
use crate::error::CommandResult;
use crate::explain::ExplainArgs;
use crate::init::InitArgs;
use crate::listen::ListenArgs;
use crate::sign::SignArgs;
use crate::sim::SimArgs;
use crate::watch::WatchArgs;
use crate::whoami::WhoamiArgs;

/// Command-line client for Alibaba Cloud's identity verification service (unofficial)
#[derive(Debug, Parser)]
#[command(name = "cloudauth", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// The help of each subcommand is the documentation of its arguments.
#[derive(Debug, Subcommand)]
enum Command {
    Demo(DemoArgs),
    Init(InitArgs),
    Describe(DescribeArgs),
    Watch(WatchArgs),
    Listen(ListenArgs),
    Explain(ExplainArgs),
    Sign(SignArgs),
    Whoami(WhoamiArgs),
    Sim(Box<SimArgs>),
}

impl Command {
    fn run(&self) -> CommandResult {
        match self {
            Self::Demo(args) => demo::run(args),
            Self::Init(args) => init::run(args),
            Self::Describe(args) => describe::run(args),
            Self::Watch(args) => watch::run(args),
            Self::Listen(args) => listen::run(args),
            Self::Explain(args) => explain::run(args),
            Self::Sign(args) => sign::run(args),
            Self::Whoami(args) => whoami::run(args),
            Self::Sim(args) => sim::run(args),
        }
    }

    /// Whether `--json` was given.
    fn prints_json(&self) -> bool {
        match self {
            Self::Demo(_) => false,
            Self::Init(args) => args.service.output.json,
            Self::Describe(args) => args.verification.service.output.json,
            Self::Watch(args) => args.verification.service.output.json,
            Self::Listen(args) => args.output.json,
            Self::Explain(args) => args.output.json,
            Self::Sign(args) => args.service.output.json,
            Self::Whoami(args) => args.output.json,
            Self::Sim(args) => args.prints_json(),
        }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error::print(&*error, cli.command.prints_json());
            ExitCode::FAILURE
        }
    }
}
