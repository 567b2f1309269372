use super::runner::{Case, Runner};
use super::trial::Trial;
use crate::engine::{Decisions, Invalid};
use crate::model::Process;
use crate::trace::{Ending, Recorder};

/// Draws the run of a schedule, `width` characters wide.
///
/// # Errors
/// What in the setup cannot be.
pub fn draw<P: Process, T: Trial<P>>(
    case: &Case<P, T>,
    decisions: &Decisions,
    width: usize,
) -> Result<String, Invalid> {
    let mut recorder = Recorder::new();
    let (outcome, _) = Runner::new(case)?.replay(decisions.clone(), &mut recorder);
    let ending = Ending::new(&outcome);
    Ok(T::diagram().width(width).render(case.setup.processes, &recorder.finish(), Some(&ending)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Setup;
    use crate::explore::toy::{Reckless, letters};

    #[test]
    fn who_is_in_a_critical_section_is_seen_where_locks_are_tried() {
        let locks = draw(&Case::new(Setup::<Reckless>::new(2, ())), &Decisions::new(), 80).expect("a setup");
        assert!(locks.contains("in a critical section"), "{locks}");
        let letters = draw(&letters(1, |_| false), &Decisions::new(), 80).expect("a setup");
        assert!(!letters.contains("critical section"), "{letters}");
    }
}
