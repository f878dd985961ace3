//! The `cloudauth` command.

#![forbid(unsafe_code)]

mod arguments;
mod attempts;
mod call;
mod clock;
mod completions;
mod demo;
mod describe;
mod doctor;
mod environment;
mod error;
mod exit;
mod explain;
mod init;
mod input;
mod listen;
mod operation;
mod operations;
mod output;
mod parameters;
mod service;
mod sign;
mod sim;
mod verification;
mod watch;
mod whoami;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::call::CallArgs;
use crate::completions::CompletionsArgs;
use crate::demo::DemoArgs;
use crate::describe::DescribeArgs;
use crate::doctor::DoctorArgs;
use crate::error::{CommandResult, failed, usage};
use crate::exit::Exit;
use crate::explain::ExplainArgs;
use crate::init::InitArgs;
use crate::listen::ListenArgs;
use crate::operations::OpsArgs;
use crate::output::{Output, OutputArgs};
use crate::sign::SignArgs;
use crate::sim::SimArgs;
use crate::watch::WatchArgs;
use crate::whoami::WhoamiArgs;

/// Command-line client for Alibaba Cloud's identity verification service (unofficial)
#[derive(Debug, Parser)]
#[command(name = "cloudauth", version, arg_required_else_help = true, after_help = exit::HELP)]
struct Cli {
    #[command(flatten)]
    output: OutputArgs,
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
    Call(Box<CallArgs>),
    Ops(OpsArgs),
    Explain(ExplainArgs),
    Doctor(DoctorArgs),
    Whoami(WhoamiArgs),
    Sign(SignArgs),
    Sim(Box<SimArgs>),
    Completions(CompletionsArgs),
}

impl Command {
    fn run(&self, output: &Output) -> CommandResult {
        match self {
            Self::Demo(args) => demo::run(args, output),
            Self::Init(args) => init::run(args, output),
            Self::Describe(args) => describe::run(args, output),
            Self::Watch(args) => watch::run(args, output),
            Self::Listen(args) => listen::run(args, output),
            Self::Call(args) => call::run(args, output),
            Self::Ops(args) => operations::run(args, output),
            Self::Explain(args) => explain::run(args, output),
            Self::Doctor(args) => doctor::run(args, output),
            Self::Whoami(args) => whoami::run(args, output),
            Self::Sign(args) => sign::run(args, output),
            Self::Sim(args) => sim::run(args, output),
            Self::Completions(args) => {
                completions::run(args, output);
                Ok(Exit::Success)
            }
        }
    }
}

fn main() -> ExitCode {
    let exit = match Cli::try_parse() {
        Ok(cli) => run(&cli),
        Err(error) => stop(&error),
    };
    ExitCode::from(exit as u8)
}

fn run(cli: &Cli) -> Exit {
    let output = Output::new(cli.output);
    let exit = match cli.command.run(&output) {
        Ok(exit) => exit,
        Err(error) => {
            error.print(&output);
            error.exit()
        }
    };
    output.finish(exit)
}

/// Prints help or the version, or what is wrong with the arguments.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all other kinds are wrong use"
)]
fn stop(error: &clap::Error) -> Exit {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => match error.print() {
            Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
                failed(format!("cannot write to stdout: {e}"))
                    .print(&Output::new(OutputArgs::default()));
                Exit::Failed
            }
            Ok(()) | Err(_) => Exit::Success,
        },
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // To stderr, whoever reads it.
            let _ = error.print();
            Exit::Usage
        }
        _ => {
            let json = std::env::args_os().any(|arg| arg == "--json");
            let args = OutputArgs {
                json,
                ..OutputArgs::default()
            };
            usage(arguments::problem(error)).print(&Output::new(args));
            Exit::Usage
        }
    }
}
