use std::num::NonZero;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::layout::width;
use super::number::{self, number};
use super::output::{NewFile, Output};
use super::{Fault, Verdict, progress};
use crate::algorithms::NAMES;
use crate::engine::Distribution;
use crate::measure::{self, CrashKind, Load, Results, Sweep};

/// Compare what entering costs: messages, waiting, synchronisation delay, fairness, and the price of a crash
///
/// Every system is run with every number of processes at every load, without a fault and, if it survives one, with one
/// crash of each kind. The load is the share of a cycle in which the lock is busy if all take turns without pause, a
/// turn being a stay and a message: at 1 everyone always wants to enter. Exit status: 0, or 2 if the input is at fault.
#[derive(Args)]
pub(super) struct Messages {
    /// The systems; by default all
    #[arg(value_name = "SYSTEM", value_parser = PossibleValuesParser::new(NAMES))]
    systems: Vec<String>,
    /// How many processes, servers included: `2..256` (each twice the one before), `3,5,8` or `16`
    #[arg(long, value_name = "N", default_value = "2..256", value_parser = sizes)]
    processes: List<u32>,
    /// How much is asked of the lock: `0.01..1` (ones and threes), `0.2,0.5` or `1`
    #[arg(long, value_name = "LOAD", default_value = "0.01..1", value_parser = loads)]
    load: List<Load>,
    /// How long a message takes, in ticks: `10`, `5..15`, or `exp:10` (exponential, 1 to ten times as much)
    #[arg(long, value_name = "TICKS", default_value = "10", value_parser = delay)]
    delay: Distribution,
    /// How long a stay takes, in ticks, likewise
    #[arg(long, value_name = "TICKS", default_value = "5", value_parser = hold)]
    hold: Distribution,
    /// In how many of 1,000 stays there is a write, which a ring replicates
    #[arg(long, value_name = "N", default_value_t = 0)]
    #[arg(value_parser = number::<u16>(0..=1000))]
    writes: u16,
    /// How many runs of each
    #[arg(long, value_name = "N", default_value_t = 10)]
    #[arg(value_parser = number::<u64>(1..=100_000))]
    seeds: u64,
    /// The seed of the first run
    #[arg(long, value_name = "N", env = "JETON_SEED", default_value_t = 0)]
    #[arg(value_parser = number::<u64>(number::ANY))]
    seed: u64,
    /// How many entries of each run are looked at, at least
    #[arg(long, value_name = "N", default_value_t = 200)]
    #[arg(value_parser = number::<u32>(1..=1_000_000))]
    entries: u32,
    /// What crashes in the second phase: `all`, `none`, or some of idle, waiting, holder, token (who it goes to) and
    /// coordinator (process 0)
    #[arg(long, value_name = "KIND", default_value = "all", value_parser = crashes)]
    crash: List<CrashKind>,
    /// On how many threads; all cores by default. The result is the same
    #[arg(long, value_name = "N", value_parser = number::<usize>(1..=1024))]
    jobs: Option<usize>,
    /// Write everything into this directory: a page, plots (SVG), and CSV and JSON Lines of points, runs and types
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write a row for each point to this file, as CSV
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write the same as JSON Lines
    #[arg(long, value_name = "FILE")]
    jsonl: Option<PathBuf>,
}

/// One argument that is several values.
#[derive(Clone, Debug)]
struct List<T>(Vec<T>);

impl Messages {
    pub(super) fn execute(self, output: &mut Output) -> Result<Verdict, Fault> {
        let csv = self.csv.as_deref().map(NewFile::create).transpose()?;
        let jsonl = self.jsonl.as_deref().map(NewFile::create).transpose()?;
        if let Some(directory) = &self.out {
            prepare(directory)?;
        }
        let command = self.command();
        let bar = progress::points();
        let show = |done: usize, of: usize| {
            bar.set_length(of as u64);
            bar.set_position(done as u64);
        };
        let results = self.sweep().run(self.jobs.and_then(NonZero::new), &show);
        bar.finish_and_clear();
        let results = results.map_err(|failed| Fault::new(failed.to_string()))?;
        output.lines(&measure::table(&results, width()));
        if let Some(csv) = csv {
            csv.finish(results.csv().as_bytes())?;
        }
        if let Some(jsonl) = jsonl {
            jsonl.finish(results.json_lines().as_bytes())?;
        }
        if let Some(directory) = &self.out {
            write_all(directory, &results, &command)?;
            output.lines(&format!("\nto see it: {}", directory.join("index.html").display()));
        }
        Ok(Verdict::Met)
    }

    fn sweep(&self) -> Sweep {
        // In the order in which all are listed, each once.
        let wanted = |name: &&str| self.systems.is_empty() || self.systems.iter().any(|system| system == name);
        Sweep {
            systems: NAMES.iter().copied().filter(wanted).map(str::to_owned).collect(),
            processes: self.processes.0.clone(),
            loads: self.load.0.clone(),
            delay: self.delay,
            hold: self.hold,
            write_per_mille: self.writes,
            seeds: self.seeds,
            first_seed: self.seed,
            entries: self.entries,
            crashes: self.crash.0.clone(),
        }
    }

    /// What makes the same again, but for where it is written.
    fn command(&self) -> String {
        let Self { writes, seeds, seed, entries, .. } = self;
        let list = |texts: Vec<String>| texts.join(",");
        let sizes = list(self.processes.0.iter().map(ToString::to_string).collect());
        let loads = list(self.load.0.iter().map(ToString::to_string).collect());
        let crashes = match self.crash.0[..] {
            [] => "none".to_owned(),
            ref kinds => list(kinds.iter().map(ToString::to_string).collect()),
        };
        let systems = [&["jeton messages".to_owned()], &self.systems[..]].concat().join(" ");
        format!(
            "{systems} --processes {sizes} --load {loads} --delay {} --hold {} --writes {writes} --seeds \
             {seeds} --seed {seed} --entries {entries} --crash {crashes}",
            spread_text(self.delay),
            spread_text(self.hold)
        )
    }
}

fn prepare(directory: &Path) -> Result<(), Fault> {
    let unwritable = |error: std::io::Error| Fault::new(format!("{}: cannot be written: {error}", directory.display()));
    std::fs::create_dir_all(directory).map_err(unwritable)?;
    NewFile::create(&directory.join("index.html")).map(|_| ())
}

fn write_all(directory: &Path, results: &Results, command: &str) -> Result<(), Fault> {
    let write = |name: &str, text: String| NewFile::create(&directory.join(name))?.finish(text.as_bytes());
    write("points.csv", results.csv())?;
    write("points.jsonl", results.json_lines())?;
    write("runs.csv", results.runs_csv())?;
    write("runs.jsonl", results.runs_json_lines())?;
    write("types.csv", results.types_csv())?;
    write("types.jsonl", results.types_json_lines())?;
    for picture in measure::pictures(results) {
        write(&format!("{}.svg", picture.name), picture.plot.svg())?;
    }
    // Last, so that what it shows is there when it is.
    write("index.html", measure::page(results, command))
}

/// Of a range both ends and what is between by `between`; or one by one.
fn list<T: Ord + Copy>(
    text: &str,
    one: impl Fn(&str) -> Result<T, String>,
    between: impl Fn(T, T) -> Vec<T>,
) -> Result<List<T>, String> {
    if let Some((from, to)) = text.split_once("..") {
        let (from, to) = (one(from)?, one(to.trim_start_matches('='))?);
        if from > to {
            return Err("the first is above the last".to_owned());
        }
        return Ok(List(between(from, to)));
    }
    let mut values = text.split(',').map(one).collect::<Result<Vec<T>, String>>()?;
    values.sort_unstable();
    values.dedup();
    Ok(List(values))
}

fn sizes(text: &str) -> Result<List<u32>, String> {
    let most = Sweep::PROCESSES_MAX;
    let one = |text: &str| match text.trim().parse() {
        Ok(size) if (2..=most).contains(&size) => Ok(size),
        _ => Err(format!("`{text}` is no number of processes: expected 2 to {most}")),
    };
    list(text, one, |from, to| {
        let mut sizes: Vec<u32> = std::iter::successors(Some(from), |size| size.checked_mul(2)).collect();
        sizes.retain(|&size| size < to);
        sizes.push(to);
        sizes
    })
}

fn loads(text: &str) -> Result<List<Load>, String> {
    list(text, |text| text.parse().map_err(|bad: measure::BadLoad| bad.to_string()), Load::between)
}

fn crashes(text: &str) -> Result<List<CrashKind>, String> {
    let one = |text: &str| {
        let names = CrashKind::ALL.map(CrashKind::name).join(", ");
        text.parse().map_err(|()| format!("`{text}` is no crash: expected all, none, or some of {names}"))
    };
    match text {
        "all" => Ok(List(CrashKind::ALL.to_vec())),
        "none" => Ok(List(Vec::new())),
        some => list(some, one, |from, to| vec![from, to]),
    }
}

fn delay(text: &str) -> Result<Distribution, String> {
    spread(text, 1)
}

fn hold(text: &str) -> Result<Distribution, String> {
    spread(text, 0)
}

fn spread(text: &str, least: u64) -> Result<Distribution, String> {
    let number = |text: &str| -> Result<u64, String> {
        let expected = format!("expected {least} to 1000000 ticks, as in `10`, `5..15` or `exp:10`");
        let number = text.trim().parse().ok().filter(|ticks| (least..=1_000_000).contains(ticks));
        number.ok_or_else(|| format!("`{text}` is no length: {expected}"))
    };
    if let Some(mean) = text.strip_prefix("exp:") {
        let mean = number(mean)?;
        return Ok(Distribution::Exponential { min: least.min(mean), mean, max: (mean * 10).min(1_000_000) });
    }
    match text.split_once("..") {
        None => Ok(Distribution::Constant(number(text)?)),
        Some((from, to)) => match (number(from)?, number(to.trim_start_matches('='))?) {
            (from, to) if from > to => Err("the shortest is above the longest".to_owned()),
            (from, to) => Ok(Distribution::Uniform(from, to)),
        },
    }
}

fn spread_text(spread: Distribution) -> String {
    match spread {
        Distribution::Constant(ticks) => ticks.to_string(),
        Distribution::Uniform(from, to) => format!("{from}..{to}"),
        Distribution::Exponential { mean, .. } => format!("exp:{mean}"),
    }
}
