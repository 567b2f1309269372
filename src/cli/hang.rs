//! What becomes of a handler that never returns: its schedule is written, and the process ends.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::Fault;
use super::number::number;
use super::output::{NewFile, complain};
use crate::explore::{Hang, ScenarioText, Watchdog};
use crate::scenario::Scenario;

/// How long a handler may take.
#[derive(Args)]
pub(super) struct Patience {
    /// A handler that takes so many seconds never returns: its schedule is written to a file here, and the exit status
    /// is 1
    #[arg(long = "watchdog", value_name = "SECONDS", default_value_t = 30)]
    #[arg(value_parser = number::<u64>(1..=86_400))]
    seconds: u64,
    /// As if the handler of this event never returned
    #[cfg(debug_assertions)]
    #[arg(long, value_name = "EVENT", default_value_t = 0, hide = true)]
    #[arg(value_parser = number::<u64>(super::number::ANY))]
    stalled_at: u64,
}

impl Patience {
    pub(super) fn watchdog<'a>(&self, bark: &'a (dyn Fn(Hang) + Sync)) -> Watchdog<'a> {
        let watchdog = Watchdog::new(Duration::from_secs(self.seconds), bark);
        #[cfg(debug_assertions)]
        let watchdog = watchdog.stalled_at(self.stalled_at);
        watchdog
    }
}

/// Says what hangs and ends the process.
pub(super) fn end(hang: &Hang, scenario: &Scenario) -> ! {
    complain("error", &hang.violation.to_string());
    // Without one of them it would be the name of the scenario.
    let seed = hang.seed.map_or_else(|| ".hang".to_owned(), |seed| format!(".seed-{seed}"));
    let place = PathBuf::from(format!("{}{seed}.toml", scenario.name()));
    match write(hang, scenario, &place) {
        Ok(()) => complain("error", &format!("its schedule is in {}", place.display())),
        Err(Fault(problems)) => problems.iter().for_each(|problem| complain("error", problem)),
    }
    std::process::exit(1)
}

fn write(hang: &Hang, scenario: &Scenario, place: &Path) -> Result<(), Fault> {
    let mut schedule = hang.schedule();
    schedule.scenario = Some(ScenarioText::from(scenario));
    NewFile::create(place)?.finish(schedule.to_string().as_bytes())
}
