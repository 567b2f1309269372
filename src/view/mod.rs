//! A run as a picture: what a [`Trace`](crate::trace::Trace) tells, made into pages, drawings and the formats of other
//! tools.
//!
//! A [`Story`] is a trace read once: its messages with both their ends, who is in a critical section and who has the
//! token, who is down, and what is wrong in the end. Everything else here draws one. Nothing runs again: the trace has
//! all of it, so it works for an algorithm of your own as it does for the built-in ones.
//!
//! ```
//! # use jeton::algorithms::query_ring::{Parameters, QueryRing};
//! # use jeton::{engine::Setup, explore::{Case, Runner}, mutex::System};
//! use jeton::trace::{Ending, Header, Recorder, Trace};
//! use jeton::view::{self, Story, Token};
//!
//! # let config = QueryRing::configure(3, &Parameters::default())?;
//! let case = Case::new(Setup::<QueryRing>::new(3, config));
//! let mut recorder = Recorder::new().with_states().following(Token);
//! let outcome = Runner::new(&case)?.run_observed(7, &mut recorder);
//! let header = Header::new("three peers", 3).with_seed(7);
//! let trace = Trace { header, records: recorder.finish(), ending: Ending::new(&outcome) };
//!
//! let story = Story::new(trace);
//! assert!(view::svg(&story, &view::Excerpt::default()).starts_with("<svg"));
//! assert!(view::html(&story).starts_with("<!doctype html>"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This module knows traces and what a lock is; it must never know which algorithm it looks at.

mod chrome;
mod excerpt;
mod html;
mod mermaid;
pub mod plot;
mod shiviz;
mod story;
mod svg;

use serde_json::Value as Json;

use crate::model::ProcessId;
use crate::mutex::Mutex;
use crate::trace::{Diagram, Follow, Mark};

pub use chrome::chrome;
pub use excerpt::Excerpt;
pub use html::html;
#[cfg(feature = "cli")]
pub(crate) use html::{THEME, fill};
pub use mermaid::mermaid;
pub use shiviz::shiviz;
pub use story::{Event, Message, Sentence, Span, SpanKind, Story, What};
#[cfg(feature = "measure")]
pub(crate) use svg::escape;
pub use svg::svg;

/// Follows the token of a ring, so that a trace says where it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Token;

impl<P: Mutex> Follow<P> for Token {
    fn carries(&self, message: &P::Message) -> bool {
        P::token(message).is_some()
    }
    fn has(&self, process: &P) -> u32 {
        process.tokens()
    }
}

/// A diagram in which whoever is in a critical section has a thicker line, without its dull stretches.
pub fn diagram<'a>() -> Diagram<'a> {
    Diagram::new().brief(true).marks("in a critical section", |_: ProcessId, indication: &Json| mark(indication))
}

/// The run as text, `width` characters wide.
pub fn text(story: &Story, width: usize) -> String {
    let trace = story.trace();
    diagram().width(width).render(trace.header.processes, &trace.records, Some(&trace.ending))
}

/// What an indication of a lock changes about who is in a critical section.
fn mark(indication: &Json) -> Option<Mark> {
    let (name, content) = indication.as_object()?.iter().next()?;
    match (name.as_str(), content) {
        ("entered", Json::Array(parts)) => Some(Mark::Begin(parts.first()?.as_u64()?)),
        ("left" | "lost", data) => Some(Mark::End(data.as_u64()?)),
        _ => None,
    }
}
