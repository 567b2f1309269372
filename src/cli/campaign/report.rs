mod page;
mod plots;

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::super::assumptions::{self, Cell};
use super::super::explore::{AS_EXPECTED, INDENT, shell_word};
use super::super::layout::{WIDTH_MAX, count, grouped, rounded, wrap};
use super::super::tried::{as_f64, tried};
use super::super::view;
use super::super::{Fault, Verdict};
use super::Manifest;
use super::directory::{SCHEDULE, SCHEDULES, VIEW};
use crate::explore::{Campaign, Case, Failing, Form, ScenarioText, Schedule, Shard, Totals};
use crate::mutex::{Property, System};
use crate::scenario::{Expectation, Scenario, Visitor};
pub(in crate::cli) use plots::Plot;

/// What a campaign came to. It has no timings, and is as wide on any terminal, so that it is the same to the byte
/// however often it was interrupted and wherever it was run.
pub(in crate::cli) struct Report<'a> {
    manifest: &'a Manifest,
    lines: Vec<Line<'a>>,
    /// The systems of the scenarios with one assumption after another taken away, if that was asked for.
    without: Vec<Without<'a>>,
    /// What was drawn elsewhere and belongs on the page.
    plots: &'a [Plot],
}

/// A system with one assumption taken away.
struct Without<'a> {
    assumption: &'a str,
    line: Line<'a>,
}

/// A failing schedule that was made small, as files.
pub(super) struct Small {
    /// The file of the schedule, and its text.
    pub(super) schedule: (String, String),
    /// That of its view, and the page; none, if there is too much to see.
    pub(super) view: Option<(String, String)>,
}

/// A run of more events is no page that anybody would open.
const VIEW_EVENTS_MAX: u64 = 100_000;

/// One scenario of it.
struct Line<'a> {
    scenario: &'a Scenario,
    campaign: &'a Campaign,
    forms: Vec<Form>,
}

impl<'a> Report<'a> {
    pub(in crate::cli) fn new(
        manifest: &'a Manifest,
        scenarios: &'a [Scenario],
        campaigns: &'a [Campaign],
        plots: &'a [Plot],
    ) -> Self {
        let (mut lines, mut without) = (Vec::new(), Vec::new());
        for ((scenario, campaign), assumption) in scenarios.iter().zip(campaigns).zip(manifest.assumptions()) {
            let line = Line { scenario, campaign, forms: campaign.forms() };
            match assumption {
                Some(assumption) => without.push(Without { assumption, line }),
                None => lines.push(line),
            }
        }
        Self { manifest, lines, without, plots }
    }

    /// A part does not judge what it cannot know: that nothing violates a property.
    pub(in crate::cli) fn verdict(&self) -> Verdict {
        if self.lines.iter().all(|line| line.is_met() || line.is_open()) { Verdict::Met } else { Verdict::NotMet }
    }

    /// As text or as JSON Lines; it names files as they are found from outside the campaign's directory.
    pub(in crate::cli) fn shown(&self, json: bool, directory: &Path) -> String {
        if json { self.json() } else { self.text(directory) }
    }

    /// The small schedules.
    pub(super) fn small(&self) -> impl Iterator<Item = Result<Small, Fault>> {
        let lines = self.lines.iter().chain(self.without.iter().map(|without| &without.line));
        lines.flat_map(|line| line.forms.iter().map(|form| line.small(form)))
    }

    fn text(&self, directory: &Path) -> String {
        let mut text = format!("strategy {}, seeds from {}", self.manifest.strategy(), self.manifest.first_seed());
        let shard = self.manifest.shard();
        if shard != Shard::WHOLE {
            let _ = write!(text, "; part {shard}: `jeton merge` joins the parts");
        }
        text.push_str("\n\n");
        let columns = Columns::of(&self.lines);
        let _ = writeln!(text, "{}", columns.line(["scenario", "verdict", "schedules", "failing", "events"]));
        for line in &self.lines {
            line.text(&mut text, &columns, directory);
        }
        if self.lines.len() > 1 {
            let _ = writeln!(text, "\n{}", self.sum());
        }
        for without in self.systems() {
            let schedules = grouped(without[0].line.campaign.plan().own_schedules());
            let _ = writeln!(text, "\n{}, {schedules} schedules of each", without[0].system());
            let broad = without.iter().map(|one| one.assumption.chars().count()).max().unwrap_or(0);
            for one in without {
                let _ = writeln!(text, "{}", assumptions::line(one.assumption, broad, &one.cells(), WIDTH_MAX));
            }
        }
        text
    }

    fn sum(&self) -> String {
        let met = self.lines.iter().filter(|line| line.is_met()).count();
        let open = self.lines.iter().filter(|line| line.is_open()).count();
        let not = self.lines.len() - met - open;
        let open = if open > 0 { format!(", {open} open until all parts are joined") } else { String::new() };
        format!("{}: {met} as expected, {not} not{open}", count(self.lines.len() as u64, "scenario"))
    }

    /// What was taken away, the systems apart.
    fn systems(&self) -> impl Iterator<Item = &[Without<'a>]> {
        self.without.chunk_by(|one, next| one.system() == next.system())
    }

    fn json(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            let _ = writeln!(text, "{}", line.json(self.manifest));
        }
        for cell in self.without.iter().flat_map(Without::cells) {
            let _ = writeln!(text, "{}", cell.json());
        }
        text
    }
}

impl Without<'_> {
    fn system(&self) -> &str {
        self.line.scenario.system()
    }

    /// Each property, and the first schedule that violates it.
    fn cells(&self) -> Vec<Cell<'_>> {
        let totals = self.line.totals();
        let cell = |property: Property| Cell {
            system: self.system(),
            property,
            assumption: self.assumption,
            seed: totals.failing.get(property.name()).and_then(|failing| failing.seeds.first()).copied(),
            schedules: totals.schedules,
            cut_off: totals.cut_off,
        };
        self.line.scenario.visit(Claims).into_iter().map(cell).collect()
    }
}

/// What a system claims.
struct Claims;

impl Visitor for Claims {
    type Output = Vec<Property>;

    fn visit<S: System>(self, case: Case<S>) -> Self::Output {
        case.properties
    }
}

impl Line<'_> {
    fn totals(&self) -> &Totals {
        self.campaign.totals()
    }

    fn is_met(&self) -> bool {
        match self.scenario.expect() {
            Expectation::Holds => self.totals().schedules > 0 && self.totals().holds(),
            Expectation::Violates(property) => self.totals().failing.contains_key(property.name()),
        }
    }

    /// Whether another part may show what this one does not.
    fn is_open(&self) -> bool {
        let is_part = self.campaign.plan().shard != Shard::WHOLE;
        let is_empty = self.totals().schedules == 0;
        is_part && !self.is_met() && (is_empty || self.scenario.expect() != Expectation::Holds)
    }

    fn verdict(&self) -> &'static str {
        match (self.scenario.expect(), self.is_met()) {
            _ if self.is_open() => "open",
            (Expectation::Holds, true) => "holds",
            (Expectation::Holds, false) if self.totals().failing.is_empty() => "CUT OFF",
            (Expectation::Holds, false) => "VIOLATED",
            (Expectation::Violates(_), true) => AS_EXPECTED,
            (Expectation::Violates(_), false) => "NOT VIOLATED",
        }
    }

    fn failing(&self) -> u64 {
        self.totals().failing.values().map(|failing| failing.schedules).sum()
    }

    /// In how many schedules each thing happened that the scenario wants to see.
    fn wanted(&self) -> Vec<(&str, u64)> {
        let count = |name: &String| self.totals().sometimes.get(name).copied().unwrap_or(0);
        self.scenario.sometimes().iter().map(|name| (name.as_str(), count(name))).collect()
    }

    fn text(&self, text: &mut String, columns: &Columns, directory: &Path) {
        let Totals { schedules, events, entries, overtakes, .. } = self.totals();
        let _ = writeln!(
            text,
            "{}",
            columns.line([
                self.scenario.name(),
                self.verdict(),
                &grouped(*schedules),
                &grouped(self.failing()),
                &rounded(as_f64(*events)),
            ])
        );
        let add = |text: &mut String, line: &str| {
            let _ = writeln!(text, "{}", wrap(line, INDENT, WIDTH_MAX));
        };
        if self.scenario.expect() == Expectation::Holds {
            for line in tried(&self.wanted(), *entries, *overtakes) {
                add(text, &line);
            }
        }
        if let Some(line) = self.cut_off() {
            add(text, &line);
        }
        for (property, failing) in &self.totals().failing {
            add(text, &self.summary(property, failing));
            for form in self.forms.iter().filter(|form| form.property == *property) {
                // A command is not broken into lines.
                let file = shell_word(directory.join(SCHEDULES).join(self.file(form)));
                let indent = INDENT.repeat(2);
                let _ = writeln!(text, "{}", wrap(&form_in_words(form), &indent, WIDTH_MAX));
                let _ = writeln!(text, "{indent}to see it: cargo jeton view {file} --open");
                let _ = writeln!(text, "{indent}to read it: cargo jeton replay {file} --diagram");
            }
        }
    }

    fn cut_off(&self) -> Option<String> {
        let Totals { cut_off, first_cut_off: Some((seed, limit)), .. } = self.totals() else { return None };
        let (limit, cut_off) = (format!("{limit:?}").to_lowercase(), grouped(*cut_off));
        let advice = format!("cut off and prove nothing, seed {seed} first; raise `limits.{limit}`");
        Some(format!("{cut_off} schedules were {advice}"))
    }

    fn summary(&self, property: &str, failing: &Failing) -> String {
        let minimised = self.campaign.minimised(property) as u64;
        let forms = self.forms.iter().filter(|form| form.property == property).count() as u64;
        let schedules = count(failing.schedules, "failing schedule");
        let which = if minimised == failing.schedules { "all".to_owned() } else { format!("the first {minimised}") };
        let first = failing.seeds.first().copied().unwrap_or_default();
        let forms = count(forms, "distinct form");
        match minimised {
            0 => format!("{property}: {schedules}, the first with seed {first}; none was made small"),
            1 if failing.schedules == 1 => format!("{property}: {schedules}, made small"),
            _ => format!("{property}: {schedules}, {which} made small: {forms}"),
        }
    }

    /// The name of its files, without what they end in.
    fn stem(&self, form: &Form) -> String {
        format!("{}.{}.{}", self.scenario.name(), form.property, form.seed)
    }

    fn file(&self, form: &Form) -> String {
        self.stem(form) + SCHEDULE
    }

    fn small(&self, form: &Form) -> Result<Small, Fault> {
        let schedule = Schedule { scenario: Some(ScenarioText::from(self.scenario)), ..form.schedule.clone() };
        let page = has_view(form).then(|| view::page(self.scenario, &schedule)).transpose()?;
        let view = page.map(|page| (self.stem(form) + VIEW, page));
        Ok(Small { schedule: (self.file(form), schedule.to_string()), view })
    }

    fn json(&self, manifest: &Manifest) -> Value {
        let totals = self.totals();
        let first_seed = manifest.first_seed();
        let seeds = || totals.failing.values().filter_map(|failing| failing.seeds.first());
        // As `explore` has it: the violation that was expected, or else the first.
        let expected = totals.failing.get(self.scenario.expect().name()).and_then(|failing| failing.seeds.first());
        let seed = expected.or(seeds().min()).copied();
        let mut sometimes = serde_json::Map::new();
        for (name, count) in self.wanted() {
            sometimes.insert(name.to_owned(), count.into());
        }
        for (name, count) in &totals.sometimes {
            sometimes.insert(name.clone(), (*count).into());
        }
        let failures = totals.failing.iter().map(|(property, failing)| self.failures(property, failing));
        json!({
            "scenario": self.scenario.name(),
            "system": self.scenario.system(),
            "expected": self.scenario.expect().name(),
            "met": if self.is_open() { Value::Null } else { self.is_met().into() },
            "violated": totals.failing.keys().collect::<Vec<_>>(),
            "strategy": manifest.strategy(),
            "shard": manifest.shard().to_string(),
            "first_seed": first_seed,
            "schedules": totals.schedules,
            "found_within": seed.map(|seed| seed - first_seed + 1),
            "seed": seed,
            "cut_off": totals.cut_off,
            "first_cut_off": totals.first_cut_off.map(|(seed, limit)| json!({ "seed": seed, "limit": limit })),
            "events": totals.events,
            "messages": totals.messages,
            "entries": totals.entries,
            "overtakes": totals.overtakes,
            "sometimes": sometimes,
            "failures": failures.collect::<Vec<_>>(),
        })
    }

    fn failures(&self, property: &str, failing: &Failing) -> Value {
        let forms = self.forms.iter().filter(|form| form.property == property).map(|form| {
            json!({
                "schedules": form.schedules,
                "faults": form.faults,
                "seed": form.seed,
                "decisions": form.schedule.decisions.len(),
                "minimal": form.minimal,
                "violation": form.schedule.violation,
                "file": format!("{SCHEDULES}/{}", self.file(form)),
                "view": has_view(form).then(|| format!("{SCHEDULES}/{}{VIEW}", self.stem(form))),
            })
        });
        json!({
            "property": property,
            "schedules": failing.schedules,
            "first_seed": failing.seeds.first(),
            "minimised": self.campaign.minimised(property),
            "forms": forms.collect::<Vec<_>>(),
        })
    }
}

/// One bug in one line, most often.
fn form_in_words(form: &Form) -> String {
    let (faults, decisions, what) = (faults(form), decisions(form), what(form));
    format!("{}× {faults}, seed {}, {decisions}: {what}", grouped(form.schedules), form.seed)
}

fn faults(form: &Form) -> String {
    let faults: Vec<String> = form.faults.iter().map(|(fault, number)| count(*number, fault)).collect();
    if faults.is_empty() { "without a fault".to_owned() } else { format!("with {}", faults.join(", ")) }
}

fn decisions(form: &Form) -> String {
    let minimal = if form.minimal { "" } else { ", not minimal" };
    format!("{}{minimal}", count(form.schedule.decisions.len() as u64, "decision"))
}

fn what(form: &Form) -> &str {
    form.schedule.violation.as_ref().map_or("not reproduced", |violation| violation.explanation.as_str())
}

fn has_view(form: &Form) -> bool {
    form.schedule.violation.as_ref().is_some_and(|violation| violation.event <= VIEW_EVENTS_MAX)
}

/// The table.
struct Columns {
    name: usize,
    verdict: usize,
}

impl Columns {
    fn of(lines: &[Line<'_>]) -> Self {
        let name = lines.iter().map(|line| line.scenario.name().chars().count()).max().unwrap_or(0);
        let verdict = lines.iter().map(|line| line.verdict().len()).max().unwrap_or(0);
        Self { name: name.max("scenario".len()), verdict: verdict.max("verdict".len()) }
    }

    fn line(&self, [name, verdict, schedules, failing, events]: [&str; 5]) -> String {
        let Self { name: name_width, verdict: verdict_width } = self;
        format!("{name:name_width$}  {verdict:verdict_width$}  {schedules:>11}  {failing:>9}  {events:>6}")
    }
}
