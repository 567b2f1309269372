//! How much of what there is random schedules reach.

use super::Exhaustive;
use super::report::Proof;
use super::search::Search;
use super::walk::Walk;
use crate::engine::Invalid;
use crate::engine::interleaving::{Move, Successors};
use crate::explore::{Case, Runner, Strategy};
use crate::model::ProcessId;
use crate::mutex::{Lookout, Mutex};
use crate::trace::{Effect, Kind, Record, Recorder};

/// How many of the states of every interleaving the schedules of a strategy came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Which strategy.
    pub strategy: Strategy,
    /// How many schedules, from seed 0.
    pub schedules: u64,
    /// The states that they came to, each counted once.
    pub states: u64,
    /// How many of them did what is beyond the bounds of the search, by more early timers than it has say, and are
    /// followed up to there only.
    pub left: u64,
}

impl<P: Mutex> Exhaustive<'_, P> {
    /// Runs every interleaving, and if all were looked at, so many schedules in virtual time of each strategy beside:
    /// to how many of the states do they come?
    ///
    /// # Errors
    /// What in the setup cannot be, or has no meaning without a clock.
    pub fn reach(mut self, schedules: u64, strategies: &[Strategy]) -> Result<(Proof, Vec<Reach>), Invalid> {
        if self.bounded_time {
            let problem = "expected none in bounded time: schedules go through states without a clock".to_owned();
            return Err(Invalid { key: "coverage".to_owned(), problem });
        }
        if self.reduction.by_partial_order() {
            return Err(self.reduction.refused("how many of all states are reached is asked"));
        }
        let (proof, mut search) = self.decided()?;
        let mut all = Vec::new();
        if proof.is_verified() {
            for &strategy in strategies {
                let case = Case { strategy, ..self.case.clone() };
                all.push(of_strategy(&case, &mut search, schedules)?);
            }
        }
        Ok((proof, all))
    }
}

fn of_strategy<P: Mutex>(case: &Case<P>, search: &mut Search<P, Lookout<P>>, schedules: u64) -> Result<Reach, Invalid> {
    let mut seen = vec![false; search.tuples.bound()];
    let mut left = 0;
    let mut runner = Runner::new(case)?;
    search.space.keep_diary();
    for seed in 0..schedules {
        let mut recorder = Recorder::new();
        runner.run_observed(seed, &mut recorder);
        let (path, stayed) = follow(case, search, &recorder.finish());
        left += u64::from(!stayed);
        for state in path.into_iter().flatten() {
            seen[state as usize] = true;
        }
    }
    let states = seen.iter().filter(|seen| **seen).count() as u64;
    Ok(Reach { strategy: case.strategy, schedules, states, left })
}

/// A way through the space that a run may have gone.
#[derive(Clone)]
struct Way<P: Mutex> {
    walk: Walk<P>,
    /// None is a state that the search has not found.
    path: Vec<Option<u32>>,
}

/// The states that a run in virtual time came to, and whether it stayed within the space to its end.
///
/// What an application is going to do does not show at once, nor which messages of the dead are lost: all ways that
/// look like the run are kept, and the first that lasts is taken.
fn follow<P: Mutex>(
    case: &Case<P>,
    search: &mut Search<P, Lookout<P>>,
    records: &[Record],
) -> (Vec<Option<u32>>, bool) {
    let walk = Walk::new(&case.setup, &mut search.space);
    let mut ways = vec![Way { walk, path: Vec::new() }];
    for (start, record) in starts_first(records, search.space.count() as u16) {
        if record.kind == Kind::Loss {
            for loss in &record.lost {
                ways = ways.into_iter().flat_map(|way| miss(search, way, loss.from, loss.to)).collect();
                ways.truncate(WAYS);
            }
            continue;
        }
        let mut next = go_on(search, &ways, record, start);
        if next.is_empty() {
            let quiet: Vec<Way<P>> = ways.iter().flat_map(|way| quietly(search, way)).collect();
            next = go_on(search, &quiet, record, start);
        }
        if next.is_empty() {
            return (ways.swap_remove(0).path, false);
        }
        next.truncate(WAYS);
        ways = next;
    }
    (ways.swap_remove(0).path, true)
}

/// The records as a search has their events: first how each process starts, or that it crashed before, then the others.
fn starts_first(records: &[Record], count: u16) -> Vec<(Option<u16>, &Record)> {
    let mut rest: Vec<_> = records.iter().collect();
    let mut ordered = Vec::new();
    for process in 0..count {
        let is_first = |record: &&Record| record.process.get() == u32::from(process) && record.kind != Kind::Loss;
        let first = rest.iter().position(is_first);
        ordered.extend(first.map(|first| (Some(process), rest.remove(first))));
    }
    ordered.extend(rest.into_iter().map(|record| (None, record)));
    ordered
}

/// More ways than these are not told apart.
const WAYS: usize = 64;

/// All ways on that look like this record.
fn go_on<P: Mutex>(
    search: &mut Search<P, Lookout<P>>,
    ways: &[Way<P>],
    record: &Record,
    start: Option<u16>,
) -> Vec<Way<P>> {
    let mut on = Vec::new();
    let mut successors = Successors::default();
    for way in ways {
        match start {
            Some(process) => search.space.start(process, way.walk.tuple(), &mut successors),
            None => way.walk.successors(search, &mut successors),
        }
        for index in 0..successors.len() {
            let event = successors.get(index).1.event;
            if !resembles(event, record) {
                continue;
            }
            let mut way = way.clone();
            let records = way.walk.go(&search.space, &successors, index, start);
            let Some(other) = records.first().filter(|other| is_like(other, record)) else { continue };
            if start.is_none_or(|process| usize::from(process) + 1 == search.space.count()) {
                way.path.push(search.number(successors.get(index).0));
            }
            if record.crashed && !other.crashed && other.kind != Kind::Crash {
                // A crash after all that shows is one after the step.
                on.extend(strike(search, &way, record.process));
            } else {
                on.push(way);
            }
        }
        if record.crashed && start.is_none() && seen(record).next().is_none() {
            // And one before all that shows is one before the step; the message was handled, and so is gone.
            for struck in strike(search, way, record.process) {
                match record.kind {
                    Kind::Message { from, .. } => on.extend(miss(search, struck, from, record.process)),
                    _ => on.push(struck),
                }
            }
        }
    }
    on
}

/// All ways on by such an event, if such records come of it.
fn by<P: Mutex>(
    search: &mut Search<P, Lookout<P>>,
    way: &Way<P>,
    is_meant: impl Fn(Move) -> bool,
    may_show: impl Fn(&[Record]) -> bool,
) -> Vec<Way<P>> {
    let mut on = Vec::new();
    let mut successors = Successors::default();
    way.walk.successors(search, &mut successors);
    for index in (0..successors.len()).filter(|&index| is_meant(successors.get(index).1.event)) {
        let mut way = way.clone();
        if may_show(&way.walk.go(&search.space, &successors, index, None)) {
            way.path.push(search.number(successors.get(index).0));
            on.push(way);
        }
    }
    on
}

/// All ways on by a crash of this process between two steps.
fn strike<P: Mutex>(search: &mut Search<P, Lookout<P>>, way: &Way<P>, process: ProcessId) -> Vec<Way<P>> {
    by(search, way, |event| matches!(event, Move::Crash { process: at } if u32::from(at) == process.get()), |_| true)
}

/// All ways on by a message that comes while its receiver is down; the way itself, if none is on its way any more.
fn miss<P: Mutex>(
    search: &mut Search<P, Lookout<P>>,
    way: Way<P>,
    sender: ProcessId,
    receiver: ProcessId,
) -> Vec<Way<P>> {
    let of = |from: u16, to: u16| u32::from(from) == sender.get() && u32::from(to) == receiver.get();
    let on = by(search, &way, |event| matches!(event, Move::Miss { from, to, .. } if of(from, to)), |_| true);
    if on.is_empty() { vec![way] } else { on }
}

/// All ways on that show nothing: an application does not request what it no longer wants.
fn quietly<P: Mutex>(search: &mut Search<P, Lookout<P>>, way: &Way<P>) -> Vec<Way<P>> {
    by(search, way, |event| matches!(event, Move::Request { .. }), <[Record]>::is_empty)
}

/// Whether an event may be what a record is of; a start comes as a request that nobody makes.
fn resembles(event: Move, record: &Record) -> bool {
    let at = |process: u16| u32::from(process) == record.process.get();
    match (event, &record.kind) {
        (Move::Request { .. }, Kind::Start) => true,
        (Move::Crash { .. }, Kind::Start) => record.crashed,
        (Move::Deliver { from, to, .. }, Kind::Message { from: sender, .. }) => {
            at(to) && u32::from(from) == sender.get()
        }
        (Move::Report { observer, .. }, Kind::Report(_)) => at(observer),
        (Move::Fire { process, .. }, Kind::Timer(_))
        | (Move::Request { process, .. }, Kind::Request(_))
        | (Move::Crash { process }, Kind::Crash)
        | (Move::Restart { process }, Kind::Restart) => at(process),
        _ => false,
    }
}

/// Whether two records are of one event, whenever it was, and one of them perhaps cut short by a crash of which the
/// other knows as an event of its own: so it is with one at the start, before anything shows. What is lost is lost
/// later in virtual time.
fn is_like(one: &Record, other: &Record) -> bool {
    if one.kind == Kind::Crash && other.kind == Kind::Start {
        return seen(other).next().is_none();
    }
    let same_kind = match (&one.kind, &other.kind) {
        // A search does not tell messages of one channel apart that are the same.
        (Kind::Message { from, content, .. }, Kind::Message { from: sender, content: other, .. }) => {
            from == sender && content == other
        }
        (one, other) => one == other,
    };
    let same = one.process == other.process && same_kind && (other.crashed || !one.crashed);
    same && if other.crashed { seen(one).eq(seen(other)) } else { one.effects == other.effects }
}

/// The effects between which it matters where a crash falls.
fn seen(record: &Record) -> impl Iterator<Item = &Effect> {
    let matters = |effect: &&Effect| matches!(effect, Effect::Send { .. } | Effect::Store(_) | Effect::Indicate(_));
    record.effects.iter().filter(matters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::MessageId;
    use crate::model::{Report, Ticks};
    use serde_json::json;

    fn p(index: u32) -> ProcessId {
        ProcessId::new(index)
    }

    fn record(process: u32, kind: Kind) -> Record {
        Record::new(1, Ticks::ZERO, p(process), kind)
    }

    fn message(from: u32, id: u64, content: &str) -> Kind {
        Kind::Message { from: p(from), id: MessageId(id), content: json!(content) }
    }

    fn doing(mut record: Record, effects: &[&Effect], crashed: bool) -> Record {
        (record.effects, record.crashed) = (effects.iter().copied().cloned().collect(), crashed);
        record
    }

    #[test]
    fn how_each_process_starts_comes_first_and_all_else_as_it_was() {
        let kinds = [(1, Kind::Start), (0, Kind::Loss), (1, Kind::Restart), (0, Kind::Crash), (0, Kind::Restart)];
        let records = kinds.map(|(process, kind)| record(process, kind));
        let ordered: Vec<_> = starts_first(&records, 2)
            .into_iter()
            .map(|(start, of)| (start, records.iter().position(|record| std::ptr::eq(record, of)).expect("it is one")))
            .collect();
        assert_eq!(ordered, [(Some(0), 3), (Some(1), 0), (None, 1), (None, 2), (None, 4)]);
    }

    #[test]
    fn an_event_resembles_a_record_of_its_kind_at_its_process() {
        let report = Kind::Report(Report::Crash(p(0)));
        let kinds =
            [message(0, 1, ""), report, Kind::Timer(json!(1)), Kind::Request(json!(1)), Kind::Crash, Kind::Restart];
        let events = |at: u16| {
            [
                Move::Deliver { from: 0, to: at, message: 0 },
                Move::Report { observer: at, of: 0 },
                Move::Fire { process: at, timer: 0, early: false },
                Move::Request { process: at, request: 0 },
                Move::Crash { process: at },
                Move::Restart { process: at },
            ]
        };
        for (number, kind) in kinds.iter().enumerate() {
            let record = record(1, kind.clone());
            for (other, (here, there)) in events(1).into_iter().zip(events(2)).enumerate() {
                assert_eq!(resembles(here, &record), number == other, "{here:?}, {record:?}");
                assert!(!resembles(there, &record), "{there:?}, {record:?}");
            }
        }
        assert!(!resembles(Move::Deliver { from: 2, to: 1, message: 0 }, &record(1, message(0, 1, ""))));
    }

    #[test]
    fn a_start_is_a_request_or_a_crash_before_it() {
        let start = record(1, Kind::Start);
        let crashed = doing(start.clone(), &[], true);
        let (request, crash) = (Move::Request { process: 1, request: 0 }, Move::Crash { process: 1 });
        assert!(resembles(request, &start) && resembles(request, &crashed) && resembles(crash, &crashed));
        assert!(!resembles(crash, &start) && !resembles(Move::Restart { process: 1 }, &crashed));
    }

    #[test]
    fn like_records_are_of_one_event_whenever_it_was() {
        let one = record(1, message(0, 1, "go"));
        assert!(is_like(&one, &record(1, message(0, 2, "go"))), "one message of a channel is like another");
        for other in [record(1, message(0, 1, "stay")), record(1, message(2, 1, "go")), record(2, message(0, 1, "go"))]
        {
            assert!(!is_like(&one, &other), "{other:?}");
        }
        assert!(!is_like(&one, &record(1, Kind::Restart)));
        assert!(is_like(&record(1, Kind::Restart), &record(1, Kind::Restart)));
        let note = Effect::Note("why".to_owned());
        assert!(!is_like(&one, &doing(one.clone(), &[&note], false)), "a step that is done whole has all effects");
    }

    #[test]
    fn what_a_crash_cut_short_is_like_all_that_shows_the_same() {
        let (note, said) = (Effect::Note("why".to_owned()), Effect::Indicate(json!(1)));
        let one = record(1, Kind::Restart);
        let cut = doing(one.clone(), &[&said], true);
        for crashed in [false, true] {
            assert!(is_like(&doing(one.clone(), &[&said, &note], crashed), &cut));
            assert!(!is_like(&doing(one.clone(), &[&note], crashed), &cut));
        }
        assert!(!is_like(&cut, &doing(one.clone(), &[&said], false)), "it came to its end");
        let (crash, start) = (record(1, Kind::Crash), record(1, Kind::Start));
        assert!(is_like(&crash, &doing(start.clone(), &[&note], true)), "before anything shows");
        assert!(!is_like(&crash, &doing(start.clone(), &[&said], true)));
        assert!(!is_like(&record(1, Kind::Restart), &start) && !is_like(&crash, &one));
    }
}
