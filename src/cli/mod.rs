//! The command line, `jeton`.
//!
//! Each command is a file: its arguments, and what it does with them. Results go to stdout, and progress, warnings and
//! errors to stderr. The exit status is 0 if every expectation was met, 1 if one was not, and 2 if the input is at
//! fault.

mod assumptions;
mod campaign;
mod check;
mod explore;
mod hang;
mod input;
mod keep;
mod layout;
mod merge;
mod messages;
mod number;
mod output;
mod progress;
mod replay;
mod run;
mod schema;
mod strategy;
mod tried;
mod untimed;
mod view;

use std::process::ExitCode;

use clap::{Arg, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::engine::Invalid;
use output::Output;

/// Runs distributed mutual exclusion under a deterministic simulator: one seed is one schedule, bit for bit.
#[derive(Parser)]
#[command(name = "jeton", version, max_term_width = layout::WIDTH_MAX)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(run::Run),
    Replay(replay::Replay),
    Explore(explore::Explore),
    Merge(merge::Merge),
    Check(check::Check),
    View(view::View),
    Messages(messages::Messages),
    Assumptions(assumptions::Assumptions),
    Schema(schema::Schema),
}

/// Whether what a scenario expects came true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Met,
    NotMet,
}

/// Why a command cannot do what it was asked to: the input is at fault. Each text stands for itself.
#[derive(Debug)]
struct Fault(Vec<String>);

impl Fault {
    fn new(problem: impl Into<String>) -> Self {
        Self(vec![problem.into()])
    }
}

impl From<Invalid> for Fault {
    fn from(invalid: Invalid) -> Self {
        Self::new(invalid.to_string())
    }
}

/// The arguments of the process. `--seed -1` is a number that is out of range, and no option that is not known.
fn arguments() -> Arguments {
    let negative = |argument: Arg| {
        let takes_values = argument.get_action().takes_values();
        argument.allow_negative_numbers(takes_values)
    };
    let mut command = Arguments::command();
    let names: Vec<String> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(name, |command| command.mut_args(negative));
    }
    let matches = command.get_matches_mut();
    Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut command).exit())
}

/// Does what the arguments of the process ask for.
pub fn main() -> ExitCode {
    let mut output = Output::stdout();
    let result = match arguments().command {
        Command::Run(command) => command.execute(&mut output),
        Command::Replay(command) => command.execute(&mut output),
        Command::Explore(command) => command.execute(&mut output),
        Command::Merge(command) => command.execute(&mut output),
        Command::Check(command) => command.execute(&mut output),
        Command::View(command) => command.execute(&mut output),
        Command::Messages(command) => command.execute(&mut output),
        Command::Assumptions(command) => command.execute(&mut output),
        Command::Schema(schema::Schema {}) => schema::execute(&mut output),
    };
    match result {
        Ok(Verdict::Met) => ExitCode::SUCCESS,
        Ok(Verdict::NotMet) => ExitCode::from(1),
        Err(Fault(problems)) => {
            for (index, problem) in problems.iter().enumerate() {
                let apart = if index > 0 { "\n" } else { "" };
                output::complain(&format!("{apart}error"), problem);
            }
            ExitCode::from(2)
        }
    }
}
