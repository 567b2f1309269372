use crate::engine::Invalid;
use crate::explore::{Case, Runner};
use crate::mutex::Mutex;
use crate::trace::{Ending, Recorder};
use crate::view::diagram;

/// Wide enough for five processes and their messages.
const WIDTH: usize = 120;

/// The run of a seed as text: every event, with the notes of the processes, and how it ended.
///
/// # Errors
/// What in the setup cannot be.
pub fn transcript<P: Mutex>(case: &Case<P>, seed: u64) -> Result<String, Invalid> {
    let mut recorder = Recorder::new();
    let outcome = Runner::new(case)?.run_observed(seed, &mut recorder);
    let ending = Ending::new(&outcome);
    Ok(diagram().brief(false).notes(true).width(WIDTH).render(case.setup.processes, &recorder.finish(), Some(&ending)))
}

/// Compares the run of a seed of a [`Setup`](crate::engine::Setup) or a [`Case`](crate::explore::Case) with the one
/// that was reviewed and accepted before, event by event, as [insta] does: whoever changes an algorithm sees in the
/// difference what its runs do otherwise. The feature is `insta`.
///
/// ```no_run
/// # use jeton::algorithms::query_ring::{Parameters, QueryRing};
/// # use jeton::{engine::Setup, mutex::System};
/// #[test]
/// fn two_peers_share_the_token_as_they_always_did() {
///     let config = QueryRing::configure(2, &Parameters::default()).expect("defaults");
///     jeton::assert_transcript!(Setup::<QueryRing>::new(2, config), 7);
/// }
/// ```
///
/// [insta]: https://insta.rs
#[macro_export]
macro_rules! assert_transcript {
    ($case:expr, $seed:expr $(,)?) => {{
        let text = $crate::testing::transcript(&$crate::explore::Case::from($case), $seed).expect("a valid setup");
        $crate::testing::snapshots::assert_snapshot!(text);
    }};
}
