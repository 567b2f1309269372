//! A run along known states, told in full.

use std::sync::Arc;

use super::search::Search;
use super::trace::Step;
use crate::engine::interleaving::{Course, Found, Move, Space, Stride, Successor, Successors, Watch};
use crate::engine::{Setup, Stats};
use crate::model::ProcessId;
use crate::mutex::Mutex;
use crate::trace::{Record, Recorder, fingerprint};
use crate::view::Token;

/// A run with the numbers that a run has: states of a search are in canonical form, where counters are not what they
/// were.
#[derive(Clone)]
pub(super) struct Walk<P: Mutex> {
    /// Where it is.
    tuple: Vec<u32>,
    course: Course<P>,
    recorder: Recorder<Vec<Record>, Token>,
    /// Of the starts, those with a crash are among them.
    pub(super) steps: Vec<Step>,
    /// What a schedule file has of each move, the starts included.
    pub(super) moves: Vec<String>,
}

/// One successor of where a walk is, as a schedule file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// What the event comes to, as far as it shows: the beginning of the fingerprint of its records.
    mark: String,
    /// Which it is, from 0, of those that are alike so far: they differ in what the application is going to do.
    nth: usize,
    /// What happens.
    pub(super) text: String,
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { mark, nth, text } = self;
        if *nth > 0 { write!(f, "{mark}~{} {text}", nth + 1) } else { write!(f, "{mark} {text}") }
    }
}

/// Whether a state, or what is found on the way to it, is what is looked for.
type Wanted<'a, P, W> = &'a mut dyn FnMut(&mut Search<P, W>, &[u32], Option<&Found>) -> bool;

/// So many hexadecimal digits.
const MARK: usize = 16;

impl<P: Mutex> Walk<P> {
    /// Before the start. The space must keep a diary.
    pub(super) fn new<W: Watch<P>>(setup: &Arc<Setup<P>>, space: &mut Space<P, W>) -> Self {
        Self {
            tuple: space.before(),
            course: Course::new(setup),
            recorder: Recorder::new().with_states().following(Token),
            steps: Vec::new(),
            moves: Vec::new(),
        }
    }

    /// From the start along a path of canonical states.
    pub(super) fn along<W: Watch<P>>(setup: &Arc<Setup<P>>, search: &mut Search<P, W>, path: &[u32]) -> Self {
        let mut walk = Self::new(setup, &mut search.space);
        let Some((&root, path)) = path.split_first() else { return walk };
        walk.begin(search, &mut |search, tuple, found| found.is_none() && search.number(tuple) == Some(root));
        for &state in path {
            walk.step(search, |search, tuple, successor| {
                successor.found.is_none() && search.number(tuple) == Some(state)
            });
        }
        walk
    }

    /// Has all processes start, so that the state is one that is wanted, or so that something is found that is.
    ///
    /// # Panics
    /// If there is no such state: it was one of a search.
    pub(super) fn begin<W: Watch<P>>(&mut self, search: &mut Search<P, W>, wanted: Wanted<'_, P, W>) {
        let mut ways = vec![(self.tuple.clone(), Vec::new())];
        let mut successors = Successors::default();
        for process in 0..search.space.count() as u16 {
            let mut longer = Vec::new();
            for (tuple, way) in ways {
                search.space.start(process, &tuple, &mut successors);
                for index in 0..successors.len() {
                    let (tuple, successor) = successors.get(index);
                    let mut way: Vec<usize> = way.clone();
                    way.push(index);
                    if successor.found.is_some() && wanted(search, tuple, successor.found.as_deref()) {
                        return self.start(search, &way);
                    }
                    longer.push((tuple.to_vec(), way));
                }
            }
            ways = longer;
        }
        let way = ways.into_iter().find(|(tuple, _)| wanted(search, tuple, None)).expect("a path begins with a root");
        self.start(search, &way.1);
    }

    fn start<W: Watch<P>>(&mut self, search: &mut Search<P, W>, way: &[usize]) {
        let mut successors = Successors::default();
        for (process, &index) in (0..).zip(way) {
            search.space.start(process, &self.tuple, &mut successors);
            self.take(&search.space, &successors, index, Some(process));
        }
    }

    /// Goes on to the first successor that is wanted, and returns what is found there.
    ///
    /// # Panics
    /// If there is none: it was one of a search.
    pub(super) fn step<W: Watch<P>>(
        &mut self,
        search: &mut Search<P, W>,
        wanted: impl Fn(&mut Search<P, W>, &[u32], &Successor) -> bool,
    ) -> Option<Found> {
        let mut successors = Successors::default();
        self.successors(search, &mut successors);
        let is_wanted = |index: &usize| {
            let (tuple, successor) = successors.get(*index);
            wanted(search, tuple, successor)
        };
        let index = (0..successors.len()).find(is_wanted).expect("an edge of the search is one of every run along it");
        self.take(&search.space, &successors, index, None);
        successors.get(index).1.found.as_deref().cloned()
    }

    /// What may come next, as the search has it.
    pub(super) fn successors<W: Watch<P>>(&self, search: &mut Search<P, W>, out: &mut Successors) {
        let here = search.number(&self.tuple);
        let free = here.is_some_and(|here| search.is_free(here));
        search.space.successors(&self.tuple, free, out);
    }

    /// Goes on to a successor, and returns the records of that alone.
    pub(super) fn go<W: Watch<P>>(
        &mut self,
        space: &Space<P, W>,
        successors: &Successors,
        index: usize,
        start: Option<u16>,
    ) -> Vec<Record> {
        let mut recorder = Recorder::new();
        let stride = Stride { successors, index, start };
        self.course.go(space, stride, &mut recorder).expect("a recorder finds nothing");
        self.tuple = successors.get(index).0.to_vec();
        recorder.finish()
    }

    /// The state it is in.
    pub(super) fn tuple(&self) -> &[u32] {
        &self.tuple
    }

    /// The number of the last event.
    pub(super) fn event(&self) -> u64 {
        self.course.event()
    }

    /// The line of each successor that some filter of texts lets through.
    pub(super) fn lines<W: Watch<P>>(
        &self,
        space: &Space<P, W>,
        successors: &Successors,
        start: Option<u16>,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Vec<(usize, Line)> {
        let mut lines: Vec<(usize, Line)> = Vec::new();
        for index in 0..successors.len() {
            let text = self.text(space, successors, index, start).to_string();
            if !is_wanted(&text) {
                continue;
            }
            let mut course = self.course.clone();
            let mut recorder = Recorder::new();
            let stride = Stride { successors, index, start };
            course.go(space, stride, &mut recorder).expect("a recorder finds nothing");
            let mark = fingerprint(&recorder.finish())[..MARK].to_owned();
            let nth = lines.iter().filter(|(_, line)| line.mark == mark && line.text == text).count();
            lines.push((index, Line { mark, nth, text }));
        }
        lines
    }

    /// Goes on to this successor.
    pub(super) fn take<W: Watch<P>>(
        &mut self,
        space: &Space<P, W>,
        successors: &Successors,
        index: usize,
        start: Option<u16>,
    ) {
        let step = self.text(space, successors, index, start);
        let text = step.to_string();
        let lines = self.lines(space, successors, start, |other| other == text);
        let (_, line) = lines.iter().find(|(other, _)| *other == index).expect("it has this text");
        self.moves.push(line.to_string());
        if start.is_none() || successors.get(index).1.is_crash() {
            self.steps.push(step);
        }
        let stride = Stride { successors, index, start };
        self.course.go(space, stride, &mut self.recorder).expect("a recorder finds nothing");
        self.tuple = successors.get(index).0.to_vec();
    }

    fn text<W: Watch<P>>(
        &self,
        space: &Space<P, W>,
        successors: &Successors,
        index: usize,
        start: Option<u16>,
    ) -> Step {
        let (_, successor) = successors.get(index);
        let (process, event) = match (start, successor.event) {
            (Some(process), Move::Request { .. }) => (ProcessId::new(process.into()), "starts".to_owned()),
            (_, event) => describe(space, &self.tuple, event),
        };
        Step { process, event, crashes: successor.crashed }
    }

    /// The run is over.
    pub(super) fn finish(self) -> (Vec<Step>, Vec<String>, Vec<Record>, Stats) {
        let Self { steps, moves, recorder, course, .. } = self;
        let stats = Stats { events: course.event(), ..course.stats };
        (steps, moves, recorder.finish(), stats)
    }
}

/// Whom an event befalls, and what it is.
fn describe<P: Mutex, W: Watch<P>>(space: &Space<P, W>, before: &[u32], event: Move) -> (ProcessId, String) {
    let id = |process: u16| ProcessId::new(process.into());
    match event {
        Move::Deliver { from, to, message } => {
            (id(to), format!("handles {:?} from {}", space.message(message), id(from)))
        }
        Move::Lose { from, to, message } => {
            (id(to), format!("never gets {:?} from {}: it is lost", space.message(message), id(from)))
        }
        Move::Repeat { from, to, message } => {
            (id(to), format!("handles a copy of {:?} from {}", space.message(message), id(from)))
        }
        Move::Miss { from, to, message } => {
            (id(to), format!("is down when {:?} from {} comes", space.message(message), id(from)))
        }
        Move::Report { observer, of } => (id(observer), format!("is told that {} crashed", id(of))),
        Move::Fire { process, timer, early } => {
            // What goes round for ever does not keep a timer from firing.
            let when = match (early, space.hurries(before)) {
                (true, _) => " early",
                (false, true) => " in the end",
                (false, false) => "",
            };
            (id(process), format!("has its timer {:?} fire{when}", space.timer(timer)))
        }
        Move::Request { process, request } => (id(process), format!("is asked to {:?}", space.requested(request))),
        Move::Crash { process } => (id(process), "crashes".to_owned()),
        Move::Restart { process } => (id(process), "comes back".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn of_moves_that_look_the_same_the_later_ones_are_numbered() {
        let line = |nth| Line { mark: "0123".to_owned(), nth, text: "p0 starts".to_owned() }.to_string();
        assert_eq!([line(0), line(1), line(2)], ["0123 p0 starts", "0123~2 p0 starts", "0123~3 p0 starts"]);
    }
}
