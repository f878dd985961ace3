//! `sim`: runs the simulator, speaks to a running one, or runs calls in simulated time.

mod compare;
mod control;
mod explore;
mod figures;
mod search;
mod serve;

use crate::error::CommandResult;

use self::compare::CompareArgs;
use self::control::{BreakArgs, ClockArgs, FinishArgs, RestoreArgs, StateArgs};
use self::explore::ExploreArgs;
use self::figures::FiguresArgs;
use self::search::SearchArgs;
use self::serve::ServeArgs;

/// Run the simulator until interrupted, speak to a running one, or run calls in simulated time
///
/// Without a subcommand: serves the simulator, and prints its URLs and the access key to export.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct SimArgs {
    #[command(subcommand)]
    command: Option<SimCommand>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, clap::Subcommand)]
enum SimCommand {
    Break(BreakArgs),
    #[command(name = "heal")]
    Restore(RestoreArgs),
    Finish(FinishArgs),
    Clock(ClockArgs),
    State(StateArgs),
    Compare(CompareArgs),
    Explore(ExploreArgs),
    Figures(FiguresArgs),
    Search(SearchArgs),
}

impl SimArgs {
    pub(crate) fn prints_json(&self) -> bool {
        match &self.command {
            Some(SimCommand::Compare(args)) => args.output.json,
            Some(SimCommand::Explore(args)) => args.output.json,
            Some(SimCommand::Figures(args)) => args.output.json,
            Some(SimCommand::Search(args)) => args.output.json,
            None
            | Some(
                SimCommand::Break(_)
                | SimCommand::Restore(_)
                | SimCommand::Finish(_)
                | SimCommand::Clock(_)
                | SimCommand::State(_),
            ) => false,
        }
    }
}

pub(crate) fn run(args: &SimArgs) -> CommandResult {
    match &args.command {
        None => serve::run(&args.serve),
        Some(SimCommand::Break(args)) => control::inject(args),
        Some(SimCommand::Restore(args)) => control::restore(args),
        Some(SimCommand::Finish(args)) => control::finish(args),
        Some(SimCommand::Clock(args)) => control::clock(args),
        Some(SimCommand::State(args)) => control::state(args),
        Some(SimCommand::Compare(args)) => compare::run(args),
        Some(SimCommand::Explore(args)) => explore::run(args),
        Some(SimCommand::Figures(args)) => figures::run(args),
        Some(SimCommand::Search(args)) => search::run(args),
    }
}
