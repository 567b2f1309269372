//! The tests that need more than one module, in one binary.

mod accounting;
#[cfg(feature = "cli")]
mod campaign;
mod classic;
#[cfg(feature = "cli")]
mod command_line;
#[cfg(feature = "cli")]
mod command_line_check;
mod crash_points;
mod exhaustive;
mod fingerprints;
mod hang;
mod laws;
mod messages;
mod minimise;
mod runaway;
mod scale;
mod scenario;
mod schedules;
#[cfg(feature = "cli")]
mod schema;
mod strategies;
mod symmetry;
#[cfg(all(feature = "proptest", feature = "insta"))]
mod testing;
mod tidy;
mod toy;
mod trace;
mod view;
mod viewer;
mod zoo;
