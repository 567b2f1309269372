use super::runner::{Case, Runner};
use crate::engine::{Decisions, Invalid};
use crate::mutex::Mutex;
use crate::trace::{Ending, Recorder};
use crate::view::diagram;

/// Draws the run of a schedule, `width` characters wide.
///
/// # Errors
/// What in the setup cannot be.
pub fn draw<P: Mutex>(case: &Case<P>, decisions: &Decisions, width: usize) -> Result<String, Invalid> {
    let mut recorder = Recorder::new();
    let (outcome, _) = Runner::new(case)?.replay(decisions.clone(), &mut recorder);
    let ending = Ending::new(&outcome);
    Ok(diagram().width(width).render(case.setup.processes, &recorder.finish(), Some(&ending)))
}
