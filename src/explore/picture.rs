use serde_json::Value;

use super::runner::{Case, Runner};
use crate::engine::{Decisions, Invalid};
use crate::model::ProcessId;
use crate::mutex::Mutex;
use crate::trace::{Diagram, Ending, Mark, Recorder};

/// A diagram in which whoever is in a critical section has a thicker line, without its dull stretches.
pub fn diagram<'a>() -> Diagram<'a> {
    Diagram::new().brief(true).marks("in a critical section", |_: ProcessId, indication: &Value| {
        let (name, content) = indication.as_object()?.iter().next()?;
        match (name.as_str(), content) {
            ("entered", Value::Array(parts)) => Some(Mark::Begin(parts.first()?.as_u64()?)),
            ("left" | "lost", data) => Some(Mark::End(data.as_u64()?)),
            _ => None,
        }
    })
}

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
