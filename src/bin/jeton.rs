//! The command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    jeton::cli::main()
}
