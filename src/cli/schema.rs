use clap::Args;

use super::output::Output;
use super::{Fault, Verdict};
use crate::scenario;

/// Print the JSON Schema of scenario files
///
/// Editors that know TOML complete and check scenario files with it: put `#:schema scenario.schema.json` at the top of
/// a file.
#[derive(Args)]
pub(super) struct Schema {}

#[allow(clippy::unnecessary_wraps, reason = "a command is a command")]
pub(super) fn execute(output: &mut Output) -> Result<Verdict, Fault> {
    output.lines(&format!("{:#}", scenario::schema()));
    Ok(Verdict::Met)
}
