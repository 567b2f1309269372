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

impl Schema {
    pub(super) fn execute(self, output: &mut Output) -> Result<Verdict, Fault> {
        output.lines(&format!("{:#}", scenario::schema()));
        Ok(Verdict::Met)
    }
}
