//! The `cloudauth` command.

#![forbid(unsafe_code)]

mod args;
mod demo;
mod explain;
mod explore;
mod figures;
mod listen;
mod output;
mod person;
mod sign;
mod sim;
mod verify;
mod whoami;

use std::process::ExitCode;

use args::{Args, Command, SimCommand};
use clap::Parser;

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match &args.command {
        Command::Demo(demo) => demo::run(demo),
        Command::Init(init) => verify::init(init),
        Command::Describe(describe) => verify::describe(describe),
        Command::Watch(watch) => verify::watch(watch),
        Command::Listen(listen) => listen::run(listen),
        Command::Explain(explain) => explain::run(explain),
        Command::Sign(sign) => sign::run(sign),
        Command::Whoami(args) => whoami::run(args),
        Command::Sim(sim) => match &sim.command {
            None => sim::run(sim),
            Some(SimCommand::Explore(args)) => explore::run(args),
            Some(SimCommand::Figures(args)) => figures::run(args),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&*error, args.command.prints_json());
            ExitCode::FAILURE
        }
    }
}

/// What a subcommand answers: an error is printed as one line, with `--json` as one JSON object.
type Outcome = Result<(), Box<dyn core::error::Error>>;
