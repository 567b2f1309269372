//! The strategy, as each command takes it.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::explore::Strategy;

#[derive(Args)]
pub(super) struct Chosen {
    /// How the schedule of a seed is chosen
    #[arg(long, value_name = "STRATEGY", default_value_t)]
    #[arg(value_parser = names())]
    pub(super) strategy: Strategy,
}

fn names() -> impl TypedValueParser<Value = Strategy> {
    PossibleValuesParser::new(Strategy::ALL.map(Strategy::name)).try_map(|name| name.parse::<Strategy>())
}

impl Chosen {
    /// What a command line needs to run the same schedule, with a space before; nothing, if that is the default.
    pub(super) fn words(&self) -> String {
        if self.strategy == Strategy::default() { String::new() } else { format!(" --strategy {}", self.strategy) }
    }
}
