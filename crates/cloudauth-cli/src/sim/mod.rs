//! `sim`: runs the simulator, speaks to a running one, or runs calls in simulated time.

mod compare;
mod control;
mod explore;
mod figures;
mod replay;
mod search;
mod serve;

use crate::error::CommandResult;
use crate::exit::Exit;
use crate::output::Output;

use self::compare::CompareArgs;
use self::control::{BreakArgs, ClockArgs, FinishArgs, RestoreArgs, StateArgs};
use self::explore::ExploreArgs;
use self::figures::FiguresArgs;
use self::replay::ReplayArgs;
use self::search::SearchArgs;
use self::serve::ServeArgs;

/// Run the simulator until interrupted, speak to a running one, or run calls in simulated time
///
/// Without a subcommand: serves the simulator, and prints a shell script that makes the other commands
/// use it. Its last line is `# ready`: the simulator accepts requests by then.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Example:
  cloudauth sim > sim.sh &
  until grep -q '^# ready' sim.sh; do sleep 0.1; done
  . ./sim.sh
  cloudauth describe --scene-id 1 --certify-id sha0"
)]
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
    Replay(ReplayArgs),
    Search(SearchArgs),
}

pub(crate) fn run(args: &SimArgs, output: &Output) -> CommandResult {
    match &args.command {
        None => serve::run(&args.serve, output),
        Some(SimCommand::Break(args)) => control::inject(args).map(|()| Exit::Success),
        Some(SimCommand::Restore(args)) => control::restore(args).map(|()| Exit::Success),
        Some(SimCommand::Finish(args)) => control::finish(args).map(|()| Exit::Success),
        Some(SimCommand::Clock(args)) => control::clock(args, output).map(|()| Exit::Success),
        Some(SimCommand::State(args)) => control::state(args, output).map(|()| Exit::Success),
        Some(SimCommand::Compare(args)) => compare::run(args, output),
        Some(SimCommand::Explore(args)) => explore::run(args, output),
        Some(SimCommand::Figures(args)) => figures::run(args, output),
        Some(SimCommand::Replay(args)) => replay::run(args, output),
        Some(SimCommand::Search(args)) => search::run(args, output),
    }
}
