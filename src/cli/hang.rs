//! What becomes of a handler that never returns: its schedule is written, and the process ends.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use clap::builder::RangedU64ValueParser;

use super::Fault;
use super::output::{NewFile, complain};
use crate::explore::{Hang, ScenarioText};
use crate::scenario::Scenario;

/// How long a handler may take.
#[derive(Args)]
pub(super) struct Patience {
    /// A handler that takes so many seconds never returns: its schedule is written to a file here, and the exit status
    /// is 1
    #[arg(long = "watchdog", value_name = "SECONDS", default_value_t = 30)]
    #[arg(value_parser = RangedU64ValueParser::<u64>::new().range(1..=86_400))]
    seconds: u64,
}

impl Patience {
    pub(super) fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

/// Says what hangs and ends the process.
pub(super) fn end(hang: &Hang, scenario: &Scenario) -> ! {
    complain("error", &hang.violation.to_string());
    let seed = hang.seed.map(|seed| format!(".seed-{seed}")).unwrap_or_default();
    let place = PathBuf::from(format!("{}{seed}.toml", scenario.name()));
    match write(hang, scenario, &place) {
        Ok(()) => complain("error", &format!("its schedule is in {}", place.display())),
        Err(Fault(problems)) => problems.iter().for_each(|problem| complain("error", problem)),
    }
    std::process::exit(1)
}

fn write(hang: &Hang, scenario: &Scenario, place: &Path) -> Result<(), Fault> {
    let mut schedule = hang.schedule();
    schedule.scenario = Some(ScenarioText { name: scenario.name().to_owned(), source: scenario.source().to_owned() });
    NewFile::create(place)?.finish(schedule.to_string().as_bytes())
}
