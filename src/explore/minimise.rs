use super::runner::{Case, Runner};
use crate::engine::{Decisions, End, Invalid, Key, Outcome, Violation};
use crate::mutex::Mutex;

/// A failing schedule, made small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minimised {
    /// The decisions that are left.
    pub decisions: Decisions,
    /// What they violate.
    pub violation: Violation,
    /// The schedules that were tried.
    pub runs: u64,
    /// Whether it is 1-minimal: the same property is no longer violated if any one decision is taken away or its answer
    /// made smaller by one. It is not if the limit on runs was met first.
    pub minimal: bool,
}

/// Makes a failing schedule small: it takes decisions away and makes their answers smaller as long as the same property
/// is violated, until no single step of that kind is left or `max_runs` schedules were tried. It is deterministic.
///
/// `None` if the schedule does not violate the property.
///
/// The method is delta debugging (Zeller and Hildebrandt 2002) over the decisions, whose local keys make it work: what
/// a decision is about does not shift when another one is taken away.
///
/// # Errors
/// What in the setup cannot be.
pub fn minimise<P: Mutex>(
    case: &Case<P>,
    decisions: &Decisions,
    property: &str,
    max_runs: u64,
) -> Result<Option<Minimised>, Invalid> {
    let mut search = Search { runner: Runner::new(case)?, property, runs: 0, max_runs };
    let Some((mut best, mut violation)) = search.fails(decisions) else { return Ok(None) };
    let mut minimal = false;
    while !minimal && !search.is_spent() {
        let before = best.clone();
        search.take_away(&mut best, &mut violation);
        search.make_smaller(&mut best, &mut violation);
        if best == before {
            search.join(&mut best, &mut violation);
        }
        minimal = best == before && !search.is_spent();
    }
    Ok(Some(Minimised { decisions: best, violation, runs: search.runs, minimal }))
}

struct Search<'a, P: Mutex> {
    runner: Runner<P>,
    property: &'a str,
    runs: u64,
    max_runs: u64,
}

impl<P: Mutex> Search<'_, P> {
    fn is_spent(&self) -> bool {
        self.runs >= self.max_runs
    }

    /// Runs a schedule. If it violates the property: the decisions that came up before that, and how.
    fn fails(&mut self, decisions: &Decisions) -> Option<(Decisions, Violation)> {
        self.runs += 1;
        let (Outcome { end, .. }, _) = self.runner.replay(decisions.clone(), &mut ());
        match end {
            End::Violated(violation) if violation.property == self.property => {
                Some((self.runner.decisions(), violation))
            }
            _ => None,
        }
    }

    /// Keeps a candidate if it still fails and is no larger.
    fn try_it(&mut self, candidate: &Decisions, best: &mut Decisions, violation: &mut Violation) -> bool {
        if self.is_spent() {
            return false;
        }
        match self.fails(candidate) {
            Some((decisions, seen)) if size(&decisions) < size(best) => {
                *best = decisions;
                *violation = seen;
                true
            }
            _ => false,
        }
    }

    /// Takes decisions away, many at a time first.
    fn take_away(&mut self, best: &mut Decisions, violation: &mut Violation) {
        let mut chunk = best.len();
        while chunk > 0 {
            let mut start = 0;
            while start < best.len() {
                let keys: Vec<Key> = best.keys().skip(start).take(chunk).cloned().collect();
                let mut candidate = best.clone();
                for key in &keys {
                    candidate.remove(key);
                }
                if !self.try_it(&candidate, best, violation) {
                    start += chunk;
                }
                if self.is_spent() {
                    return;
                }
            }
            chunk /= 2;
        }
    }

    /// Takes one decision away and has another make up for it: of two delays that must differ so much, or last so long
    /// together, one will do.
    fn join(&mut self, best: &mut Decisions, violation: &mut Violation) {
        if best.len() > JOIN_MAX {
            return;
        }
        let pairs: Vec<(Key, Key)> = best
            .keys()
            .flat_map(|a| best.keys().map(move |b| (a.clone(), b.clone())))
            .filter(|(a, b)| a != b)
            .collect();
        for (gone, other) in pairs {
            let (Some(&taken), Some(&answer)) = (best.get(&gone), best.get(&other)) else { continue };
            for made_up in [answer.saturating_add(taken), answer.saturating_sub(taken)] {
                let mut candidate = best.clone();
                candidate.remove(&gone);
                if made_up == 0 {
                    candidate.remove(&other);
                } else {
                    candidate.insert(other.clone(), made_up);
                }
                if self.try_it(&candidate, best, violation) || self.is_spent() {
                    break;
                }
            }
        }
    }

    /// Makes the answers smaller, by halves first.
    fn make_smaller(&mut self, best: &mut Decisions, violation: &mut Violation) {
        for key in best.keys().cloned().collect::<Vec<_>>() {
            // Without it the property is not violated, or it would have been taken away.
            let mut passes = 0;
            while let Some(&answer) = best.get(&key) {
                if answer <= passes + 1 || self.is_spent() {
                    break;
                }
                let middle = passes + (answer - passes) / 2;
                let mut candidate = best.clone();
                candidate.insert(key.clone(), middle);
                if !self.try_it(&candidate, best, violation) {
                    passes = middle;
                }
            }
        }
    }
}

/// Joining looks at every pair, so only at so many decisions.
const JOIN_MAX: usize = 48;

/// Fewer decisions first, then smaller answers.
fn size(decisions: &Decisions) -> (usize, u128) {
    (decisions.len(), decisions.values().map(|&answer| u128::from(answer)).sum())
}
