use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::explore::shell_word;
use super::hang::{self, Patience};
use super::input::AnySchedule;
use super::layout::WIDTH_MAX;
use super::number::{self, number};
use super::output::{NewFile, Output, complain};
use super::{Fault, Verdict, input, strategy, untimed};
use crate::engine::{Invalid, Outcome};
use crate::explore::{Case, Hang, Part, Runner, Schedule, Strategy, Watchdog};
use crate::mutex::System;
use crate::scenario::{Scenario, Visitor};
use crate::trace::{Ending, Header, Record, Recorder, Trace};
use crate::view::{self, Excerpt, Story, Token};

/// Make a run into a page, a drawing, or the format of another tool
///
/// The input is a trace (`run --trace`), a schedule (`run --keep`, `check --keep`) or a scenario, of which a seed is
/// run. What comes out is told by the name of the output: .html is a page to walk through, offline; .svg a drawing;
/// .txt the diagram of the terminal; .mmd a Mermaid sequence diagram; .shiviz a log with vector clocks; .json opens in
/// Perfetto.
#[derive(Args)]
pub(super) struct View {
    /// A trace, a schedule or a scenario
    #[arg(value_name = "TRACE|SCHEDULE|SCENARIO")]
    input: PathBuf,
    /// Which schedule of a scenario
    #[arg(long, value_name = "N", env = "JETON_SEED")]
    #[arg(value_parser = number::<u64>(number::ANY))]
    seed: Option<u64>,
    #[command(flatten)]
    chosen: strategy::Chosen,
    #[command(flatten)]
    patience: Patience,
    /// Where to; with `--open` it may be left out, for a page among the temporary files
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// The format, if the name of the output does not say it
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Of a drawing (.svg, .mmd): at most so many rows, the last ones
    #[arg(long, value_name = "N", default_value_t = Excerpt::default().rows)]
    #[arg(value_parser = number::<usize>(number::FEW))]
    rows: usize,
    /// Open it in the browser
    #[arg(long)]
    open: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Html,
    Svg,
    Txt,
    Mmd,
    Shiviz,
    Json,
}

impl View {
    pub(super) fn execute(self, output: &mut Output) -> Result<Verdict, Fault> {
        let Some(place) = self.output.clone().or_else(|| self.open.then(temporary)) else {
            return Err(Fault::new("say where to, as in `-o run.html`, or `--open` for the browser"));
        };
        let format = self.format.map_or_else(|| format_of(&place), Ok)?;
        let file = NewFile::create(&place)?;
        let story = self.story()?;
        let excerpt = Excerpt { rows: self.rows, ..Excerpt::default() };
        let text = match format {
            Format::Html => view::html(&story),
            Format::Svg => view::svg(&story, &excerpt),
            Format::Txt => view::text(&story, WIDTH_MAX),
            Format::Mmd => view::mermaid(&story, &excerpt),
            Format::Shiviz => view::shiviz(&story),
            Format::Json => view::chrome(&story),
        };
        file.finish(text.as_bytes())?;
        output.lines(&format!("{}: {}", place.display(), story.ending.text));
        if self.open {
            show(&place);
        }
        Ok(Verdict::Met)
    }

    fn story(&self) -> Result<Story, Fault> {
        let place = self.input.display();
        let bytes = fs::read(&self.input).map_err(|error| Fault::new(format!("{place} cannot be read: {error}")))?;
        let (first, _) = bytes.split_at(bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len()));
        let trace = if first.starts_with(b"{") {
            self.no_seed("a trace")?;
            Trace::read(&bytes[..]).map_err(|error| Fault::new(format!("{place}: {error}")))?
        } else if std::str::from_utf8(&bytes).is_ok_and(input::is_schedule) {
            self.no_seed("a schedule")?;
            match input::schedule(&self.input)? {
                AnySchedule::Timed(schedule) => {
                    let scenario = input::scenario_of(&self.input, schedule.scenario.as_ref())?;
                    replayed(&self.input, &scenario, &schedule, &self.patience)?
                }
                AnySchedule::Untimed(schedule) => {
                    let (scenario, replayed) = untimed::replay(&self.input, &schedule)?;
                    let counterexample = replayed.map_err(|departure| Fault::new(format!("{place}: {departure}")))?;
                    let mut trace = counterexample.trace(scenario.name());
                    trace.header = trace.header.with_source(scenario.source());
                    trace
                }
            }
        } else {
            run(&input::scenario(&self.input)?, self.chosen.strategy, self.seed.unwrap_or(0), &self.patience)?
        };
        Ok(Story::new(trace))
    }

    fn no_seed(&self, what: &str) -> Result<(), Fault> {
        // The environment may say one for other commands.
        let given = self.seed.is_some() && std::env::var_os("JETON_SEED").is_none();
        if given {
            return Err(Fault::new(format!("{}: {what} is one run, and has no other seed", self.input.display())));
        }
        Ok(())
    }
}

fn format_of(place: &Path) -> Result<Format, Fault> {
    let extension = place.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    Format::from_str(extension, true).map_err(|_| {
        let known: Vec<String> = Format::value_variants()
            .iter()
            .filter_map(|format| Some(format!(".{}", format.to_possible_value()?.get_name())))
            .collect();
        Fault::new(format!("{}: its name says no format, expected one of {}", place.display(), known.join(", ")))
    })
}

fn temporary() -> PathBuf {
    std::env::temp_dir().join(format!("jeton-view-{}.html", std::process::id()))
}

/// The trace of a seed, with all that a view wants.
pub(super) fn run(scenario: &Scenario, strategy: Strategy, seed: u64, patience: &Patience) -> Result<Trace, Fault> {
    let bark = |hang: Hang| hang::end(&hang, scenario);
    let watchdog = patience.watchdog(&bark);
    let ran = scenario.visit(OfSeed { strategy, seed, watchdog })?;
    let header = Header::new(scenario.name(), ran.processes).with_source(scenario.source());
    Ok(ran.trace(header.with_seed(seed).with_strategy(strategy.name())))
}

/// The trace of a schedule.
pub(super) fn replayed(
    path: &Path,
    scenario: &Scenario,
    schedule: &Schedule,
    patience: &Patience,
) -> Result<Trace, Fault> {
    // Its schedule is in a file already.
    let bark = |hang: Hang| {
        complain("error", &hang.violation.to_string());
        std::process::exit(1)
    };
    let watchdog = patience.watchdog(&bark);
    let replayed = scenario.visit(OfSchedule { schedule, watchdog }).ok_or_else(|| input::no_such_part(path))?;
    let ran = replayed.map_err(|invalid| Fault::new(format!("{}: {invalid}", path.display())))?;
    let header = Header::new(scenario.name(), ran.processes).with_source(scenario.source());
    Ok(ran.trace(header))
}

/// The page of a schedule that was seen to end.
pub(super) fn page(scenario: &Scenario, schedule: &Schedule) -> Result<String, Fault> {
    let source = || Path::new(scenario.path());
    let replayed = scenario.visit(Known { schedule }).ok_or_else(|| input::no_such_part(source()))?;
    let ran = replayed.map_err(|invalid| Fault::new(format!("{}: {invalid}", scenario.path())))?;
    let header = Header::new(scenario.name(), ran.processes).with_source(scenario.source());
    Ok(view::html(&Story::new(ran.trace(header))))
}

/// What a run is for a view.
struct Ran {
    processes: u32,
    records: Vec<Record>,
    ending: Ending,
}

impl Ran {
    fn of<S: System>(
        case: &Case<S>,
        part: &Part,
        run: impl FnOnce(&mut Runner<S>, &mut Recorder<Vec<Record>, Token>) -> Outcome,
    ) -> Result<Self, Invalid> {
        let mut recorder = Recorder::new().with_states().following(Token);
        let outcome = run(&mut Runner::new(case)?, &mut recorder);
        Ok(Self { processes: case.setup.processes, records: recorder.finish(), ending: part.ending(&outcome) })
    }

    fn trace(self, header: Header) -> Trace {
        Trace { header, records: self.records, ending: self.ending }
    }
}

struct OfSeed<'a> {
    strategy: Strategy,
    seed: u64,
    watchdog: Watchdog<'a>,
}

impl Visitor for OfSeed<'_> {
    type Output = Result<Ran, Invalid>;

    fn visit<S: System>(self, mut case: Case<S>) -> Self::Output {
        let Self { strategy, seed, watchdog } = self;
        case.strategy = strategy;
        Ran::of(&case, &Part::default(), |runner, recorder| watchdog.run(&case, runner, seed, recorder))
    }
}

struct OfSchedule<'a> {
    schedule: &'a Schedule,
    watchdog: Watchdog<'a>,
}

impl Visitor for OfSchedule<'_> {
    /// Nothing, if there is no such part of the scenario.
    type Output = Option<Result<Ran, Invalid>>;

    fn visit<S: System>(self, case: Case<S>) -> Self::Output {
        let Schedule { part, decisions, .. } = self.schedule;
        let (case, decisions) = (case.part(part)?, decisions.clone());
        Some(Ran::of(&case, part, |runner, recorder| self.watchdog.replay(&case, runner, decisions, recorder).0))
    }
}

struct Known<'a> {
    schedule: &'a Schedule,
}

impl Visitor for Known<'_> {
    /// Nothing, if there is no such part of the scenario.
    type Output = Option<Result<Ran, Invalid>>;

    fn visit<S: System>(self, case: Case<S>) -> Self::Output {
        let Schedule { part, decisions, .. } = self.schedule;
        let (case, decisions) = (case.part(part)?, decisions.clone());
        Some(Ran::of(&case, part, |runner, recorder| runner.replay(decisions, recorder).0))
    }
}

/// Makes a page of a run and opens it.
pub(super) fn open(trace: Trace) -> Result<(), Fault> {
    let place = temporary();
    NewFile::create(&place)?.finish(view::html(&Story::new(trace)).as_bytes())?;
    show(&place);
    Ok(())
}

/// Opens a page in the browser; where there is none, says where the page is.
pub(super) fn show(place: &Path) {
    if let Err(error) = open::that_detached(place) {
        complain("note", &format!("no browser could be opened ({error}); the page is {}", place.display()));
    }
}

/// The command that shows a seed of a scenario in the browser.
pub(super) fn command(path: &str, seed: u64, chosen: &strategy::Chosen) -> String {
    format!("cargo jeton view {} --seed {seed}{} --open", shell_word(path), chosen.words())
}
