use std::collections::BTreeMap;
use std::ops::Range;

use super::reduction::Part;
use super::runner::{Case, Runner};
use super::trial::{Locks, Trial};
use super::watchdog::Watchdog;
use crate::engine::{Decisions, End, Invalid, Key, Outcome, Topic, Violation};
use crate::model::Process;

mod explore_again;
mod shrink;

use explore_again::{FEW, MANY, Reach};

/// A failing schedule, made small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minimised {
    /// What is left of the case; its schedule is one of [`Case::part`].
    pub part: Part,
    /// The decisions that are left.
    pub decisions: Decisions,
    /// What they violate.
    pub violation: Violation,
    /// The schedules that were tried.
    pub runs: u64,
    /// The seed whose schedule it is, if that of another one came to fewer decisions; see [`Minimiser::seeds`].
    pub seed: Option<u64>,
    /// Whether it is 1-minimal: the same property is no longer violated if any one decision is taken away or its answer
    /// made smaller by one. It is not known to be if a limit was met first.
    pub minimal: bool,
}

/// How far a [`Minimiser`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinimiseProgress {
    /// The schedules tried so far.
    pub runs: u64,
    /// The most that will be tried.
    pub max_runs: u64,
    /// The processes that are left.
    pub processes: u32,
    /// The decisions that are left.
    pub decisions: usize,
}

/// Makes a failing schedule small, as long as the same property is violated: fewer processes, fewer requests, fewer
/// faults, then fewer decisions, then smaller answers. It is deterministic, but for [`until`](Self::until).
///
/// Decisions are made fewer by delta debugging (Zeller and Hildebrandt 2002), which their local keys make work: what a
/// decision is about does not shift when another one is taken away. Where fewer processes, or other decisions, need a
/// schedule that is not a part of the one at hand, some are tried: the one at hand with a few random changes, and those
/// of a few seeds. Where more than ten decisions are left, those of one channel become one, if it must be, and
/// [other seeds](Self::seeds) that violate the property are made small as well.
///
/// ```
/// use jeton::explore::{Case, Minimiser, Runner};
/// # use jeton::{Context, Never, Process, ProcessId, engine::Setup, mutex::*};
/// # #[derive(Clone, Debug, PartialEq, Eq, Hash)]
/// # struct Reckless;
/// # impl Process for Reckless {
/// #     type Config = ();
/// #     type Message = ();
/// #     type Timer = Never;
/// #     type Request = Request;
/// #     type Indication = Indication;
/// #     type Stable = ();
/// #     type Record = Never;
/// #     fn new(_me: ProcessId, _config: &()) -> Self { Reckless }
/// #     fn on_request(&mut self, request: Request, ctx: &mut Context<'_, Self>) {
/// #         match request {
/// #             Request::Enter(data) => ctx.indicate(Indication::Entered(data, Fence::default())),
/// #             Request::Leave(data) => ctx.indicate(Indication::Left(data)),
/// #             _ => {}
/// #         }
/// #     }
/// #     fn on_message(&mut self, _: ProcessId, _: (), _: &mut Context<'_, Self>) {}
/// # }
/// impl Mutex for Reckless {
///     // Any process can be taken out.
///     fn without(_: &(), _processes: u32, _: ProcessId) -> Option<()> { Some(()) }
/// }
/// // `Reckless` enters whenever it is asked to.
/// let case = Case::new(Setup::<Reckless>::new(5, ()));
/// let (_, decisions) = Runner::new(&case)?.record(0);
/// let small = Minimiser::new(&case, "single_holder").run(&decisions)?.expect("it fails");
/// // Two of the five are enough, with one request each and nothing left to chance.
/// assert_eq!(small.part.without.len(), 3);
/// assert_eq!(small.part.requests, [1, 1]);
/// assert!(small.minimal && small.decisions.is_empty());
/// # Ok::<(), jeton::engine::Invalid>(())
/// ```
pub struct Minimiser<'a, P: Process, T = Locks> {
    case: &'a Case<P, T>,
    property: String,
    max_runs: u64,
    max_events: u64,
    seeds: Range<u64>,
    whole: bool,
    until: Option<&'a dyn Fn() -> bool>,
    progress: Option<&'a dyn Fn(MinimiseProgress)>,
    watchdog: Option<Watchdog<'a>>,
}

impl<'a, P: Process, T: Trial<P>> Minimiser<'a, P, T> {
    /// So many schedules are tried unless it is said otherwise.
    pub const MAX_RUNS: u64 = 20_000;
    /// With so many events in all.
    pub const MAX_EVENTS: u64 = 10_000_000;
    /// So many seeds are looked at for another schedule.
    const SEEDS: u64 = 10_000;

    /// For schedules of this case that violate this property.
    pub fn new(case: &'a Case<P, T>, property: impl Into<String>) -> Self {
        Self {
            case,
            property: property.into(),
            max_runs: Self::MAX_RUNS,
            max_events: Self::MAX_EVENTS,
            seeds: 0..Self::SEEDS,
            whole: false,
            until: None,
            progress: None,
            watchdog: None,
        }
    }

    /// How many schedules are tried at most.
    #[must_use]
    pub fn max_runs(mut self, runs: u64) -> Self {
        self.max_runs = runs;
        self
    }

    /// How many events the schedules that are tried have at most, in all.
    #[must_use]
    pub fn max_events(mut self, events: u64) -> Self {
        self.max_events = events;
        self
    }

    /// Where to look for other schedules that violate the property, by the strategy of the case, if this one comes to
    /// more than ten decisions: the smallest that a few of them come to is taken. By default they are the seeds from 0
    /// on; with none, only this schedule is looked at.
    #[must_use]
    pub fn seeds(mut self, seeds: Range<u64>) -> Self {
        self.seeds = seeds;
        self
    }

    /// As [`seeds`](Self::seeds), for who found this schedule first with this seed.
    #[must_use]
    pub fn seeds_after(self, seed: u64) -> Self {
        let next = seed.saturating_add(1);
        self.seeds(next..next.saturating_add(Self::SEEDS))
    }

    /// Leaves the case as it is: all processes, requests and faults.
    #[must_use]
    pub fn whole_case(mut self) -> Self {
        self.whole = true;
        self
    }

    /// Ends as soon as this says so; it is asked before each schedule. With a clock in it the result is not the same
    /// every time.
    #[must_use]
    pub fn until(mut self, until: &'a dyn Fn() -> bool) -> Self {
        self.until = Some(until);
        self
    }

    /// Whom to tell how far it is, after each schedule.
    #[must_use]
    pub fn progress(mut self, progress: &'a dyn Fn(MinimiseProgress)) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Who is told of a handler that never returns in one of the schedules that are tried.
    #[must_use]
    pub fn watchdog(mut self, watchdog: impl Into<Option<Watchdog<'a>>>) -> Self {
        self.watchdog = watchdog.into();
        self
    }

    /// Makes this schedule small. `None` if it does not violate the property, or is no schedule of the case, because
    /// more processes crash in it than the case [lets](crate::engine::Faults::random).
    ///
    /// # Errors
    /// What in the setup cannot be.
    pub fn run(&self, decisions: &Decisions) -> Result<Option<Minimised>, Invalid> {
        let mut search = Search { minimiser: self, runs: 0, events: 0, cut_off: false, left: (0, 0) };
        let Some(mut found) = search.begin(decisions)? else { return Ok(None) };
        search.settle(&mut found, Reach::Near);
        if !self.whole {
            search.try_others(&mut found)?;
        }
        if found.best.decisions.len() > FEW {
            search.settle(&mut found, Reach::Far);
        }
        let Found { stage, best: Failing { decisions, violation }, seed, minimal } = found;
        Ok(Some(Minimised { part: stage.part, decisions, violation, runs: search.runs, seed, minimal }))
    }
}

/// Makes a failing schedule small without a change to its case: a [`Minimiser`] of at most so many runs.
///
/// `None` as in [`Minimiser::run`].
///
/// # Errors
/// What in the setup cannot be.
pub fn minimise<P: Process, T: Trial<P>>(
    case: &Case<P, T>,
    decisions: &Decisions,
    property: &str,
    max_runs: u64,
) -> Result<Option<Minimised>, Invalid> {
    Minimiser::new(case, property).max_runs(max_runs).whole_case().run(decisions)
}

/// A part of the case, ready to run.
struct Stage<P: Process, T: Trial<P>> {
    part: Part,
    case: Case<P, T>,
    runner: Runner<P, T>,
}

impl<P: Process, T: Trial<P>> Stage<P, T> {
    fn new(part: Part, case: Case<P, T>) -> Result<Self, Invalid> {
        let runner = Runner::new(&case)?;
        Ok(Self { part, case, runner })
    }

    fn replay(&mut self, decisions: &Decisions, watchdog: Option<Watchdog<'_>>) -> Outcome {
        let Self { part, case, runner } = self;
        let decisions = decisions.clone();
        let Some(watchdog) = watchdog else { return runner.replay(decisions, &mut ()).0 };
        watchdog.of_part(part, |watchdog| watchdog.replay(case, runner, decisions, &mut ()).0)
    }

    fn run(&mut self, seed: u64, watchdog: Option<Watchdog<'_>>) -> Outcome {
        let Self { part, case, runner } = self;
        let Some(watchdog) = watchdog else { return runner.run(seed) };
        watchdog.of_part(part, |watchdog| watchdog.run(case, runner, seed, &mut ()))
    }
}

/// A schedule that violates the property.
#[derive(Clone, Debug)]
struct Failing {
    /// Those that came up before the violation.
    decisions: Decisions,
    violation: Violation,
}

impl Failing {
    /// Fewer decisions first, then smaller answers.
    fn size(&self) -> (usize, u128) {
        (self.decisions.len(), self.decisions.values().map(|&answer| u128::from(answer)).sum())
    }

    /// What it takes to understand it: of schedules with only a few decisions the shortest takes least.
    fn effort(&self) -> (usize, u64) {
        (self.decisions.len().max(FEW), self.violation.event)
    }
}

/// The smallest schedule so far, and the part of the case that it is one of.
struct Found<P: Process, T: Trial<P>> {
    stage: Stage<P, T>,
    best: Failing,
    /// Of which seed it is, if not the one that was given.
    seed: Option<u64>,
    minimal: bool,
}

struct Search<'a, P: Process, T> {
    minimiser: &'a Minimiser<'a, P, T>,
    runs: u64,
    events: u64,
    cut_off: bool,
    /// The processes and decisions of the best so far, to be told.
    left: (u32, usize),
}

/// Joining looks at every pair, so only at so many decisions.
const JOIN_MAX: usize = 48;
/// Fewer decisions about one channel stay what they are.
const GATHERED_MIN: usize = 3;

impl<P: Process, T: Trial<P>> Search<'_, P, T> {
    /// Begins with a schedule of the whole case, if it violates the property.
    fn begin(&mut self, decisions: &Decisions) -> Result<Option<Found<P, T>>, Invalid> {
        let mut stage = Stage::new(Part::default(), self.minimiser.case.clone())?;
        let best = self.fails(&mut stage, decisions);
        Ok(best.map(|best| Found { stage, best, seed: None, minimal: false }))
    }

    /// Makes the case and the schedule smaller in turn, until neither can be.
    fn settle(&mut self, found: &mut Found<P, T>, reach: Reach) {
        let Found { stage, best, minimal, .. } = found;
        if !*minimal {
            *minimal = self.reduce(stage, best);
        }
        while !self.is_spent() {
            let mut smaller = false;
            while !self.minimiser.whole && self.shrink(stage, best) {
                smaller = true;
                *minimal = false;
            }
            if !smaller && !self.vary(stage, best, reach) {
                break;
            }
            *minimal = self.reduce(stage, best);
        }
    }

    /// Whether a limit is met.
    fn is_spent(&mut self) -> bool {
        let Minimiser { max_runs, max_events, until, .. } = *self.minimiser;
        self.cut_off =
            self.cut_off || self.runs >= max_runs || self.events >= max_events || until.is_some_and(|until| until());
        self.cut_off
    }

    /// A schedule was tried.
    fn count(&mut self, outcome: &Outcome) {
        self.runs += 1;
        self.events += outcome.stats.events;
        if let Some(progress) = self.minimiser.progress {
            let (processes, decisions) = self.left;
            progress(MinimiseProgress { runs: self.runs, max_runs: self.minimiser.max_runs, processes, decisions });
        }
    }

    /// Runs a schedule, if it could be one of the case and violates the property.
    fn fails(&mut self, stage: &mut Stage<P, T>, decisions: &Decisions) -> Option<Failing> {
        if !stage.case.may_crash_as(decisions) {
            return None;
        }
        let outcome = stage.replay(decisions, self.minimiser.watchdog);
        self.count(&outcome);
        match outcome.end {
            End::Violated(violation) if violation.property == self.minimiser.property => {
                Some(Failing { decisions: stage.runner.decisions(), violation })
            }
            _ => None,
        }
    }

    /// Keeps a candidate if it still fails and is smaller.
    fn try_it(&mut self, stage: &mut Stage<P, T>, candidate: &Decisions, best: &mut Failing) -> bool {
        if self.is_spent() {
            return false;
        }
        match self.fails(stage, candidate) {
            Some(failing) if failing.size() < best.size() => {
                *best = failing;
                self.left = (stage.case.setup.processes, best.decisions.len());
                true
            }
            _ => false,
        }
    }

    /// Makes a schedule as small as single steps can: then it is 1-minimal. False if a limit was met first.
    fn reduce(&mut self, stage: &mut Stage<P, T>, best: &mut Failing) -> bool {
        self.left = (stage.case.setup.processes, best.decisions.len());
        loop {
            let before = best.size();
            self.take_away(stage, best);
            if best.decisions.len() > MANY {
                self.gather(stage, best);
            }
            self.make_smaller(stage, best);
            if best.size() == before {
                self.join(stage, best);
            }
            if self.cut_off || best.size() == before {
                return !self.cut_off;
            }
        }
    }

    /// Makes one of many decisions: that each message on a channel takes long, rather than this one and that one.
    fn gather(&mut self, stage: &mut Stage<P, T>, best: &mut Failing) -> bool {
        let before = best.size();
        let mut topics: BTreeMap<Topic, (usize, u64)> = BTreeMap::new();
        for (key, &answer) in best.decisions.iter().filter(|(key, _)| !key.is_of_each()) {
            let (number, greatest) = topics.entry(key.topic.clone()).or_default();
            (*number, *greatest) = (*number + 1, answer.max(*greatest));
        }
        for (topic, (_, greatest)) in topics.into_iter().filter(|(_, (number, _))| *number >= GATHERED_MIN) {
            let Some(each) = Key::each(&topic) else { continue };
            let mut candidate = best.decisions.clone();
            candidate.retain(|key, _| key.topic != topic);
            candidate.insert(each, greatest);
            if !self.try_it(stage, &candidate, best) && self.cut_off {
                break;
            }
        }
        best.size() < before
    }

    /// Takes decisions away, many at a time first.
    fn take_away(&mut self, stage: &mut Stage<P, T>, best: &mut Failing) {
        let mut chunk = best.decisions.len();
        while chunk > 0 {
            let mut start = 0;
            while start < best.decisions.len() {
                let keys: Vec<Key> = best.decisions.keys().skip(start).take(chunk).cloned().collect();
                let mut candidate = best.decisions.clone();
                for key in &keys {
                    candidate.remove(key);
                }
                if !self.try_it(stage, &candidate, best) {
                    start += chunk;
                }
                if self.cut_off {
                    return;
                }
            }
            chunk /= 2;
        }
    }

    /// Takes one decision away and has another make up for it: of two delays that must differ so much, or last so long
    /// together, one will do.
    fn join(&mut self, stage: &mut Stage<P, T>, best: &mut Failing) {
        if best.decisions.len() > JOIN_MAX {
            return;
        }
        let keys: Vec<Key> = best.decisions.keys().cloned().collect();
        let pairs = keys.iter().flat_map(|a| keys.iter().map(move |b| (a, b))).filter(|(a, b)| a != b);
        for (gone, other) in pairs {
            let (Some(&taken), Some(&answer)) = (best.decisions.get(gone), best.decisions.get(other)) else { continue };
            // The last takes both away.
            for made_up in [answer.saturating_add(taken), answer.saturating_sub(taken), 0] {
                let mut candidate = best.decisions.clone();
                candidate.remove(gone);
                if made_up == 0 {
                    candidate.remove(other);
                } else {
                    candidate.insert(other.clone(), made_up);
                }
                if self.try_it(stage, &candidate, best) || self.cut_off {
                    break;
                }
                if made_up == 0 {
                    break;
                }
            }
        }
    }

    /// Makes the answers smaller, by halves first.
    fn make_smaller(&mut self, stage: &mut Stage<P, T>, best: &mut Failing) {
        for key in best.decisions.keys().cloned().collect::<Vec<_>>() {
            // Without it the property is not violated, or it would have been taken away.
            let mut passes = 0;
            while let Some(&answer) = best.decisions.get(&key) {
                if answer <= passes + 1 || self.is_spent() {
                    break;
                }
                let middle = passes + (answer - passes) / 2;
                let mut candidate = best.decisions.clone();
                candidate.insert(key.clone(), middle);
                if !self.try_it(stage, &candidate, best) {
                    passes = middle;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
