//! `completions`: prints the completion script of a shell.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::Cli;
use crate::output::Output;

/// Print the completion script of a shell: commands, options and operations
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  cloudauth completions bash > ~/.local/share/bash-completion/completions/cloudauth")]
pub(crate) struct CompletionsArgs {
    /// Shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs, output: &Output) {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "cloudauth", &mut script);
    output.text(&String::from_utf8_lossy(&script));
}
