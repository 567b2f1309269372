//! Whether what a process shows of its counters is right.

use super::Exhaustive;
use crate::engine::interleaving::{Counted, Successors};
use crate::engine::{Invalid, Violation};
use crate::model::Ticks;
use crate::mutex::Mutex;

/// What is told when [`Process::counters`](crate::Process::counters) is wrong.
const PROPERTY: &str = "counters";

impl<P: Mutex> Exhaustive<'_, P> {
    /// Goes one way through the interleavings, and sees in each state whether its canonical form goes on as it does
    /// itself: to the same canonical states, with the same violations. That is what
    /// [`Process::counters`](crate::Process::counters) promises; a test tries many ways. Each number of `walk` chooses
    /// the next event.
    ///
    /// # Errors
    /// What in the setup cannot be.
    pub fn check_counters(&self, walk: impl IntoIterator<Item = usize>) -> Result<Result<(), Violation>, Invalid> {
        self.case.validate()?;
        super::refuse(&self.case)?;
        let mut space = self.search(&self.case.properties).space;
        let mut tuple = space.roots().swap_remove(0).tuple;
        let mut counted = Counted::default();
        let (mut raw, mut canonical) = (Successors::default(), Successors::default());
        for (step, choice) in (1..).zip(walk) {
            space.successors(&tuple, false, &mut raw);
            let mut form = tuple.clone();
            space.normalise(&mut form, &mut counted);
            space.successors(&form, false, &mut canonical);
            let mut reach = |successors: &Successors| {
                let mut reached = Vec::new();
                for index in 0..successors.len() {
                    let (tuple, successor) = successors.get(index);
                    let mut tuple = tuple.to_vec();
                    space.normalise(&mut tuple, &mut counted);
                    let mut again = tuple.clone();
                    // Afresh, as nothing is remembered of it.
                    space.normalise(&mut again, &mut Counted::default());
                    let is_stable = tuple == again;
                    reached.push((tuple, is_stable, successor.crashed, successor.found.as_ref().map(|f| f.property)));
                }
                reached.sort();
                reached
            };
            let (ways, others) = (reach(&raw), reach(&canonical));
            if ways != others || ways.iter().any(|(_, is_stable, ..)| !is_stable) {
                let explanation = format!("after {step} events a state and its canonical form go different ways");
                let property = PROPERTY.to_owned();
                return Ok(Err(Violation { property, at: Ticks::ZERO, event: step, processes: vec![], explanation }));
            }
            if raw.len() == 0 {
                break;
            }
            tuple = raw.get(choice % raw.len()).0.to_vec();
        }
        Ok(Ok(()))
    }
}
