use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use indicatif::ProgressBar;
use serde_json::json;

use super::layout::{grouped, width, wrap};
use super::number::{self, number};
use super::output::{NewFile, Output};
use super::{Fault, Verdict, progress};
use crate::algorithms::{self, NAMES, with_system};
use crate::engine::Invalid;
use crate::explore::{Case, Exploration, Report};
use crate::mutex::{Property, System};
use crate::scenario::{Assumption, Scenario, Visitor, assumptions};

/// Take from each system one assumption after another, and tell which properties still hold
///
/// Each line is the system's baseline (five processes, the faults it is known to bear) with one thing changed. A
/// property that is not named held in all schedules; one that is was violated, and the seed is that of the schedule
/// that shows it after the fewest events. More schedules find rarer violations: `--schedules 10000`.
#[derive(Args)]
pub(super) struct Assumptions {
    /// The systems; by default all that are made to survive faults
    #[arg(value_name = "SYSTEM", value_parser = PossibleValuesParser::new(NAMES))]
    systems: Vec<String>,
    /// How many schedules of each
    #[arg(long, value_name = "N", default_value_t = SCHEDULES)]
    #[arg(value_parser = number::<u64>(number::SOME))]
    schedules: u64,
    /// On how many threads; all cores by default. The result is the same
    #[arg(long, value_name = "N", value_parser = number::<usize>(1..=1024))]
    jobs: Option<usize>,
    /// Print JSON Lines, one object per system, property and assumption
    #[arg(long)]
    json: bool,
    /// Write the same to a file as CSV
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

/// How many schedules of each if nobody says otherwise: all systems in well under half a minute.
pub(super) const SCHEDULES: u64 = 250;

/// One property under one assumption.
pub(super) struct Cell<'a> {
    pub(super) system: &'a str,
    pub(super) property: Property,
    pub(super) assumption: &'a str,
    /// The seed of a schedule that violates it.
    pub(super) seed: Option<u64>,
    pub(super) schedules: u64,
    pub(super) cut_off: u64,
}

impl Assumptions {
    pub(super) fn execute(self, output: &mut Output) -> Result<Verdict, Fault> {
        let csv = self.csv.as_deref().map(NewFile::create).transpose()?;
        let systems: Vec<&str> = match &self.systems[..] {
            [] => NAMES.iter().copied().filter(|name| tolerates_faults(name)).collect(),
            named => named.iter().map(String::as_str).collect(),
        };
        let mut table = String::from("system,property,assumption,holds,schedules,seed\n");
        for system in systems {
            let assumptions = assumptions(system).unwrap_or_default();
            if !self.json {
                output.lines(&format!("{system}, {} schedules of each", grouped(self.schedules)));
            }
            let broad = assumptions.iter().map(|assumption| assumption.name.chars().count()).max().unwrap_or(0);
            for assumption in &assumptions {
                let cells = self.explore(system, assumption)?;
                for cell in &cells {
                    table.push_str(&cell.csv());
                    if self.json {
                        output.lines(&cell.json());
                    }
                }
                if !self.json {
                    output.lines(&line(assumption.name, broad, &cells, width()));
                }
            }
        }
        if let Some(csv) = csv {
            csv.finish(table.as_bytes())?;
        }
        Ok(Verdict::Met)
    }

    fn explore<'a>(&self, system: &'a str, assumption: &'a Assumption) -> Result<Vec<Cell<'a>>, Fault> {
        let scenario = Scenario::without(system, assumption).map_err(|error| Fault::new(error.to_string()))?;
        let bar = progress::schedules(self.schedules, format!("{system}, {}", assumption.name));
        let work = Work { schedules: self.schedules, jobs: self.jobs, bar: &bar };
        let (properties, report) = scenario.visit(work)?;
        bar.finish_and_clear();
        let cell = |property: Property| Cell {
            system,
            property,
            assumption: assumption.name,
            seed: report.finding(property.name()).map(|finding| finding.seed),
            schedules: report.schedules,
            cut_off: report.cut_off,
        };
        Ok(properties.into_iter().map(cell).collect())
    }
}

fn tolerates_faults(system: &str) -> bool {
    struct Tolerates;
    impl algorithms::Visitor for Tolerates {
        type Output = bool;
        fn visit<S: System>(self) -> bool {
            S::TOLERATES_FAULTS
        }
    }
    with_system(system, Tolerates) == Some(true)
}

struct Work<'a> {
    schedules: u64,
    jobs: Option<usize>,
    bar: &'a ProgressBar,
}

impl Visitor for Work<'_> {
    type Output = Result<(Vec<Property>, Report), Invalid>;

    fn visit<S: System>(self, case: Case<S>) -> Self::Output {
        let properties = case.properties.clone();
        let progress = |progress: crate::explore::Progress| self.bar.set_position(progress.done);
        let exploration = Exploration::of(case).schedules(self.schedules).thorough().progress(&progress);
        let report = match self.jobs {
            Some(jobs) => exploration.jobs(jobs).run(),
            None => exploration.run(),
        };
        report.map(|report| (properties, report))
    }
}

impl Cell<'_> {
    /// Whether it held in every schedule, and every schedule came to its end; not if there was none.
    pub(super) fn holds(&self) -> bool {
        self.seed.is_none() && self.cut_off == 0 && self.schedules > 0
    }

    pub(super) fn json(&self) -> String {
        json!({
            "system": self.system,
            "property": self.property.name(),
            "assumption": self.assumption,
            "holds": self.holds(),
            "schedules": self.schedules,
            "seed": self.seed,
            "cut_off": self.cut_off,
        })
        .to_string()
    }

    fn csv(&self) -> String {
        let seed = self.seed.map(|seed| seed.to_string()).unwrap_or_default();
        let Self { system, property, assumption, schedules, .. } = self;
        format!("{system},{property},{assumption},{},{schedules},{seed}\n", self.holds())
    }
}

/// One assumption for people: what is violated, or that nothing is.
pub(super) fn line(name: &str, broad: usize, cells: &[Cell<'_>], width: usize) -> String {
    let violated: Vec<String> = cells
        .iter()
        .filter_map(|cell| cell.seed.map(|seed| format!("{}\u{a0}(seed\u{a0}{seed})", cell.property)))
        .collect();
    let cut_off = cells.first().map_or(0, |cell| cell.cut_off);
    let mut verdict = match violated.len() {
        0 if cells.iter().all(|cell| cell.schedules == 0) => "not tried".to_owned(),
        0 => format!("all {} hold", cells.len()),
        _ => format!("violated: {}", violated.join(", ")),
    };
    if cut_off > 0 {
        verdict = format!("{verdict}; {} schedules were cut off and prove nothing", grouped(cut_off));
    }
    let indent = " ".repeat(broad + 4);
    let wrapped = wrap(&verdict, &indent, width);
    let pad = broad - name.chars().count();
    format!("  {name}{}  {}", " ".repeat(pad), wrapped.trim_start())
}
